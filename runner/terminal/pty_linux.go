package terminal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// device is the two sides of a pseudo-terminal. creack/pty opens its master in
// blocking mode, where deadlines are ignored and Close does not end a read; here
// it is duplicated as a pollable descriptor.
type device struct {
	master *os.File
	tty    *os.File // kept open until the child has been waited for, or its last output is lost
	close  sync.Once
}

func openDevice(cols, rows int) (*device, error) {
	m, t, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("open a pseudo-terminal: %w", err)
	}
	defer m.Close()
	fail := func(err error) (*device, error) {
		t.Close()
		return nil, fmt.Errorf("prepare the pseudo-terminal: %w", err)
	}
	if err := pty.Setsize(m, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}); err != nil {
		return fail(err)
	}
	conn, err := m.SyscallConn()
	if err != nil {
		return fail(err)
	}
	fd, dupErr := -1, error(nil)
	err = conn.Control(func(f uintptr) { fd, dupErr = unix.FcntlInt(f, unix.F_DUPFD_CLOEXEC, 0) })
	if err = errors.Join(err, dupErr); err != nil {
		return fail(err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return fail(err)
	}
	d := &device{master: os.NewFile(uintptr(fd), m.Name()), tty: t}
	if tio, err := unix.IoctlGetTermios(fd, unix.TCGETS); err == nil {
		tio.Iflag |= unix.IUTF8 // erasing in canonical mode takes whole characters
		_ = unix.IoctlSetTermios(fd, unix.TCSETS, tio)
	}
	return d, nil
}

// readLoop calls read whenever there is something to read, until stop.
func (d *device) readLoop(read func(fd int) (drained bool)) {
	conn, err := d.master.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Read(func(fd uintptr) bool {
		for !read(int(fd)) {
		}
		return false
	})
}

// stop ends readLoop.
func (d *device) stop() { _ = d.master.SetReadDeadline(time.Unix(1, 0)) }

// withFD calls f with the master's descriptor, unless it is closed.
func (d *device) withFD(f func(fd int)) error {
	conn, err := d.master.SyscallConn()
	if err != nil {
		return err
	}
	return conn.Control(func(fd uintptr) { f(int(fd)) })
}

// read reads what is there. drained means that there is nothing now.
func (d *device) read(fd int, buf []byte) (n int, drained bool) {
	for {
		n, err := unix.Read(fd, buf)
		switch {
		case err == unix.EINTR:
		case err != nil || n <= 0: // EAGAIN; or EIO, which cannot come while the tty side is open
			return 0, true
		default:
			return n, false
		}
	}
}

// write writes what fits now.
func (d *device) write(fd int, b []byte) int {
	n, err := unix.Write(fd, b)
	if err != nil {
		return 0
	}
	return n
}

// settle returns when the terminal has done with what was written to it: it turns an
// interrupt into a signal in a worker of the kernel, some time later. A poll of the
// other side waits for that (n_tty.c: n_tty_poll flushes the buffer's work).
func (d *device) settle() {
	conn, err := d.tty.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Control(func(fd uintptr) {
		_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	})
}

// mode is what the program in the foreground made of the terminal.
type mode struct{ canonical, echo, echoControl bool }

func (d *device) mode() (m mode) {
	_ = d.withFD(func(fd int) {
		if t, err := unix.IoctlGetTermios(fd, unix.TCGETS); err == nil {
			m = mode{t.Lflag&unix.ICANON != 0, t.Lflag&unix.ECHO != 0, t.Lflag&unix.ECHOCTL != 0}
		}
	})
	return m
}

// foreground is the process group in the foreground, 0 if unknown.
func (d *device) foreground() (pgrp int) {
	_ = d.withFD(func(fd int) {
		if p, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err == nil {
			pgrp = p
		}
	})
	return pgrp
}

func (d *device) resize(cols, rows int) error {
	return pty.Setsize(d.master, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)})
}

// Close hangs up.
func (d *device) Close() (err error) {
	d.close.Do(func() { err = errors.Join(d.master.Close(), d.tty.Close()) })
	return err
}

var _ io.Closer = (*device)(nil)

// killGroup kills a process group.
func killGroup(pgrp int) { _ = unix.Kill(-pgrp, unix.SIGKILL) }

// Foreground is the command line of the program in the foreground, "" at the
// shell's prompt or where it cannot be told.
func (s *Session) Foreground() string {
	pgrp := s.dev.foreground()
	if pgrp <= 0 || pgrp == s.shell {
		return ""
	}
	return strings.Join(commandLine(pgrp), " ")
}

// commandLine is the command line of a process group's leader (proc(5): cmdline).
func commandLine(pgrp int) []string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pgrp))
	return strings.FieldsFunc(string(b), func(r rune) bool { return r == 0 })
}

// isNoProgram reports whether a process group's leader is a shell, which may be the
// beginning of a program, or has no command line: its program begins or has ended.
func isNoProgram(pgrp int) bool {
	argv := commandLine(pgrp)
	return len(argv) == 0 || isShell(argv)
}

// endedItself reports whether a process group's leader has ended or is about to, and
// not by an interrupt, as far as can be told (proc(5): stat).
func endedItself(pgrp int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pgrp))
	if err != nil {
		return true
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])) // behind the name, which may hold anything
	const state, flags, exitCode = 0, 6, 49
	if len(fields) <= exitCode {
		return false
	}
	const exiting = 0x4 // PF_EXITING: signals no longer reach it
	f, _ := strconv.Atoi(fields[flags])
	return (fields[state] == "Z" || f&exiting != 0) && fields[exitCode] != strconv.Itoa(int(unix.SIGINT))
}

// readsTerminal reports whether the program in the foreground, or the shell in a
// command of its own such as read, waits for input: it sleeps in a read of a
// terminal, or, in raw mode, in a wait for input. It is secondary evidence (proc(5):
// syscall, wchan), asked only of a command that more lines follow.
func (s *Session) readsTerminal() bool {
	pgrp := s.dev.foreground()
	if pgrp <= 0 {
		return false
	}
	// The number of the system call, then its arguments.
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pgrp))
	if err != nil {
		w, err := os.ReadFile(fmt.Sprintf("/proc/%d/wchan", pgrp))
		return err == nil && (string(w) == "n_tty_read" || string(w) == "wait_woken")
	}
	var call, fd int
	if n, _ := fmt.Sscanf(string(b), "%d 0x%x", &call, &fd); n != 2 {
		return false
	}
	switch call {
	case unix.SYS_READ:
		name, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pgrp, fd))
		return err == nil && (name == s.dev.tty.Name() || name == "/dev/tty")
	case unix.SYS_PSELECT6, unix.SYS_PPOLL:
		return !s.dev.mode().canonical
	}
	return false
}
