package terminal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// device is the two sides of a pseudo-terminal. The master does not block: wait waits for it with
// poll(2). Go's own poller takes two more switches between threads for each read. It also wakes a
// thread for each write of the shell, ten times a command, if it knows the tty side alone.
type device struct {
	master *os.File
	tty    *os.File    // kept open until the end of the child, or its last output is lost
	ended  [2]*os.File // a pipe, whose closing ends wait
	end    int32       // the descriptor of its first half: File.Fd takes a call of the system
	close  sync.Once
}

func openDevice(cols, rows int) (*device, error) {
	m, t, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("open a pseudo-terminal: %w", err)
	}
	defer m.Close()
	defer t.Close()
	d := &device{}
	if err := d.prepare(m, t, cols, rows); err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("prepare the pseudo-terminal: %w", err)
	}
	return d, nil
}

func (d *device) prepare(m, t *os.File, cols, rows int) (err error) {
	if err := pty.Setsize(m, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}); err != nil {
		return err
	}
	if d.master, err = unpolled(m); err != nil {
		return err
	}
	if d.tty, err = unpolled(t); err != nil {
		return err
	}
	if d.ended[0], d.ended[1], err = os.Pipe(); err != nil {
		return err
	}
	d.end = int32(d.ended[0].Fd())
	var unblock error
	err = d.withFD(func(fd int) {
		if tio, err := unix.IoctlGetTermios(fd, unix.TCGETS); err == nil {
			tio.Iflag |= unix.IUTF8 // erasing in canonical mode takes whole characters
			_ = unix.IoctlSetTermios(fd, unix.TCSETS, tio)
		}
		unblock = unix.SetNonblock(fd, true)
	})
	return errors.Join(err, unblock)
}

// unpolled is a copy of a file for Go's poller to leave alone. It blocks.
func unpolled(f *os.File) (*os.File, error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd, dupErr := -1, error(nil)
	err = conn.Control(func(f uintptr) { fd, dupErr = unix.FcntlInt(f, unix.F_DUPFD_CLOEXEC, 0) })
	if err = errors.Join(err, dupErr); err != nil {
		return nil, err
	}
	err = unix.SetNonblock(fd, false) // os.NewFile lets the poller watch a file that does not block
	return os.NewFile(uintptr(fd), f.Name()), err
}

// readLoop calls read whenever there is something to read, until stop.
func (d *device) readLoop(read func(fd int) (drained bool)) {
	_ = d.withFD(func(fd int) {
		for d.wait(fd, unix.POLLIN) {
			read(fd)
		}
	})
}

// wait waits until the master can be read or written, as poll(2)'s events say. It reports false
// from stop on.
func (d *device) wait(fd int, events int16) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}, {Fd: d.end}}
	for {
		_, err := unix.Poll(fds, -1)
		if err != unix.EINTR {
			return err == nil && fds[1].Revents == 0
		}
	}
}

// stop ends readLoop and writeAll.
func (d *device) stop() { _ = d.ended[1].Close() }

// withFD calls f with the master's descriptor, unless it is closed.
func (d *device) withFD(f func(fd int)) error {
	conn, err := d.master.SyscallConn()
	if err != nil {
		return err
	}
	return conn.Control(func(fd uintptr) { f(int(fd)) })
}

// read reads the pending output. drained means that there is none now.
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

// write writes as many bytes as fit now.
func (d *device) write(fd int, b []byte) int {
	n, err := unix.Write(fd, b)
	if err != nil {
		return 0
	}
	return n
}

// writeAll writes bytes as the terminal takes them, until stop. It reports whether all are written.
func (d *device) writeAll(b []byte) (all bool) {
	_ = d.withFD(func(fd int) {
		for b = b[d.write(fd, b):]; len(b) > 0 && d.wait(fd, unix.POLLOUT); {
			b = b[d.write(fd, b):]
		}
	})
	return len(b) == 0
}

// settle returns when the terminal has processed its input: it turns an interrupt into a
// signal in a worker of the kernel, some time later. A poll of the other side waits for that
// (n_tty.c: n_tty_poll flushes the buffer's work).
func (d *device) settle() { _ = d.withTTY(settleInput) }

// settleInput returns when a terminal has processed its input.
func settleInput(fd int) { _, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0) }

// restart resumes output that ^S has stopped. A program can undo only a stop by a program
// (tcflow(3)), so that there is one first.
func (d *device) restart() {
	d.settle() // a ^S may still be on its way
	_ = d.withTTY(func(fd int) {
		_ = unix.IoctlSetInt(fd, unix.TCXONC, unix.TCOOFF)
		_ = unix.IoctlSetInt(fd, unix.TCXONC, unix.TCOON)
	})
}

func (d *device) withTTY(f func(fd int)) error {
	conn, err := d.tty.SyscallConn()
	if err != nil {
		return err
	}
	return conn.Control(func(fd uintptr) { f(int(fd)) })
}

func modeOf(fd int) (m mode, ok bool) {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return m, false
	}
	has := func(flag uint32) bool { return t.Lflag&flag != 0 }
	return mode{has(unix.ICANON), has(unix.ECHO), has(unix.ECHOCTL), has(unix.ISIG)}, true
}

// maxRelays bounds the terminals in terminals that are followed.
const maxRelays = 4

// front follows the programs that relay keys to a terminal of their own, such as script. They
// have set theirs to raw mode without signals, and a child of theirs leads the session of the
// other terminal (proc(5): children, stat). Those to another machine, or to another user's
// processes in part, cannot be followed.
func (d *device) front() front {
	f := front{tty: d.tty.Name()}
	_ = d.withFD(func(fd int) {
		f.mode, _ = modeOf(fd)
		if p, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err == nil {
			f.group = p
		}
	})
	for range maxRelays {
		if f.mode.canonical || f.mode.signals || f.group <= 0 || !f.follow() {
			break
		}
	}
	return f
}

// unread is the number of bytes of input that the terminal holds. known is false if it cannot be
// opened here.
func (f front) unread() (n int, known bool) {
	fd, err := unix.Open(f.tty, unix.O_RDONLY|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, false
	}
	defer unix.Close(fd)
	settleInput(fd)
	n, err = unix.IoctlGetInt(fd, unix.TIOCINQ)
	return n, err == nil
}

// empty reports whether the terminal is known to hold no unread input.
func (f front) empty() bool {
	n, known := f.unread()
	return known && n == 0
}

// follow goes on to the terminal that a child of the group's leader reads.
func (f *front) follow() bool {
	own, _ := statNumber(f.group, statTTY)
	for _, pid := range children(f.group) {
		c := stat(pid)
		number, group := statField(c, statTTY), statField(c, statForeground)
		if number == own || number == 0 || statField(c, statSession) != pid || group <= 0 {
			f.halfway = f.halfway || turning(c, pid, f.group)
			continue
		}
		inner := front{group: group, mode: f.mode, tty: ptsName(number), relays: append(f.relays, f.group)}
		if fd, err := unix.Open(inner.tty, unix.O_RDONLY|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err == nil {
			if m, ok := modeOf(fd); ok {
				inner.mode = m
			}
			unix.Close(fd)
		}
		*f = inner
		return true
	}
	return false
}

// children are the children of a process (proc(5): children), each of which a thread has started.
func children(pid int) (pids []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		b, _ := os.ReadFile(file)
		for _, child := range strings.Fields(string(b)) {
			if pid, err := strconv.Atoi(child); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// turning reports whether a child of a relay, with these fields of its stat, is about to get
// another terminal, or has just lost it. It is about to if it is still a copy of the relay, and
// at work: a copy that stays one waits for its next task. It has just lost it if it led a session
// and has ended, and the relay does not know it yet.
func turning(c []string, pid, relay int) bool {
	session := statField(c, statSession)
	if session == pid && len(c) > 0 && c[statState] == "Z" {
		return true
	}
	const copied = 0x40 // PF_FORKNOEXEC: it has not executed a program
	return statField(c, statFlags)&copied != 0 && (session == pid || statField(c, statGroup) == relay) && !sleeps(pid)
}

// ptsName is the file of the slave of a pseudo-terminal with a device number (Linux's
// devices.txt: majors 136 to 143; proc(5): tty_nr).
func ptsName(number int) string {
	dev := uint64(number)
	return fmt.Sprintf("/dev/pts/%d", (unix.Major(dev)-136)<<8|unix.Minor(dev))
}

func (d *device) resize(cols, rows int) error {
	return pty.Setsize(d.master, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)})
}

// Close hangs up.
func (d *device) Close() (err error) {
	d.close.Do(func() { d.stop(); err = errors.Join(d.master.Close(), d.tty.Close(), d.ended[0].Close()) })
	return err
}

var _ io.Closer = (*device)(nil)

// passed reports whether a process of another session than the shell's has the terminal open, and
// not only as one of its standard streams, which a daemon inherits.
func (d *device) passed() bool {
	session := 0
	_ = d.withFD(func(fd int) { session, _ = unix.IoctlGetInt(fd, unix.TIOCGSID) })
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	return slices.ContainsFunc(links, func(link string) bool {
		var pid, fd int
		if _, err := fmt.Sscanf(link, "/proc/%d/fd/%d", &pid, &fd); err != nil || fd <= 2 || pid == os.Getpid() {
			return false
		}
		if !d.is(link) {
			return false
		}
		of, err := statNumber(pid, statSession)
		return err == nil && of != session
	})
}

// endOtherReaders kills the processes of other sessions than the shell's that sleep in a read of the
// terminal, such as a shell that setsid has started: each would take some of the bytes that are typed
// to the shell. busy are those that may still read: killed ones that have not ended, those of the killed
// process group too, and those at work that have the terminal open. A change of its mode, as for a prompt,
// wakes its readers.
func (d *device) endOtherReaders(killed int) (busy []int) {
	session := 0
	_ = d.withFD(func(fd int) { session, _ = unix.IoctlGetInt(fd, unix.TIOCGSID) })
	own, _ := unix.Getsid(0)
	for _, pid := range pids() {
		// A thread of the kernel is in session 0.
		of, err := unix.Getsid(pid)
		if err != nil || of == 0 || of == own {
			continue
		}
		if of == session {
			if group, err := unix.Getpgid(pid); err == nil && group == killed && !exiting(stat(pid)) {
				busy = append(busy, pid)
			}
			continue
		}
		if fd := readsDescriptor(pid); fd >= 0 && d.is(fmt.Sprintf("/proc/%d/fd/%d", pid, fd)) {
			_ = unix.Kill(pid, unix.SIGKILL)
			busy = append(busy, pid)
		} else if fd < 0 && atWork(pid) {
			if links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid)); slices.ContainsFunc(links, d.is) {
				busy = append(busy, pid)
			}
		}
	}
	return busy
}

// is reports whether a descriptor of a process, a link in /proc, is the terminal. Another instance of
// devpts(5), as in a container, has terminals of the same names.
func (d *device) is(link string) bool {
	if name, _ := os.Readlink(link); name != d.tty.Name() {
		return false
	}
	own, err := d.tty.Stat()
	if err != nil {
		return false
	}
	other, err := os.Stat(link)
	return err == nil && os.SameFile(own, other)
}

// atWork reports whether a process runs (proc(5): syscall).
func atWork(pid int) bool {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
	return string(b) == "running\n"
}

// pids are the processes of the machine (proc(5)).
func pids() (all []int) {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1)
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			all = append(all, pid)
		}
	}
	return all
}

// readsDescriptor is the descriptor that a process sleeps in a read of, or the first one if it waits for
// input from that one alone, as readline does, or is a shell that waits for input; -1 if there is none
// (proc(5): syscall).
func readsDescriptor(pid int) int {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
	var call, first int
	n, _ := fmt.Sscanf(string(b), "%d 0x%x", &call, &first)
	switch {
	case n != 2:
	case call == unix.SYS_READ:
		return first
	case call == unix.SYS_PSELECT6 && first == 1, // descriptors below 1
		waitsForInput(call) && isShell(commandLine(pid)):
		return 0
	}
	return -1
}

// killGroup kills a process group.
func killGroup(pgrp int) { _ = unix.Kill(-pgrp, unix.SIGKILL) }

// Foreground is the command line of the program in the foreground, "" at the shell's prompt
// or if it is unknown.
func (s *Session) Foreground() string {
	pgrp := s.dev.foreground()
	s.mu.Lock()
	defer s.mu.Unlock()
	if pgrp <= 0 || pgrp == s.prompt.shell {
		return ""
	}
	return strings.Join(commandLine(pgrp), " ")
}

// commandLine is the command line of a process group's leader (proc(5): cmdline).
func commandLine(pgrp int) []string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pgrp))
	return strings.FieldsFunc(string(b), func(r rune) bool { return r == 0 })
}

// doing says in which state a process is, and in which call of the kernel (proc(5): stat, syscall, wchan).
func doing(pid int) string {
	fields := stat(pid)
	if len(fields) == 0 {
		return ", which has ended"
	}
	call, _ := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
	channel, _ := os.ReadFile(fmt.Sprintf("/proc/%d/wchan", pid))
	number, _, _ := strings.Cut(string(call), " ")
	return fmt.Sprintf(" in state %s, system call %s, wait channel %s", fields[statState], strings.TrimSpace(number), channel)
}

// isNoProgram reports whether a process group's leader is a shell, which may be the
// beginning of a program, or has no command line: its program begins or has ended.
func isNoProgram(pgrp int) bool {
	argv := commandLine(pgrp)
	return len(argv) == 0 || isShell(argv)
}

// Fields of a process's stat (proc(5)), counted behind its name, which may hold any character.
const (
	statState      = 0
	statGroup      = 2
	statSession    = 3
	statTTY        = 4
	statForeground = 5
	statFlags      = 6
	statExitCode   = 49
)

// stat are the fields of a process, nil if it is gone.
func stat(pid int) []string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
}

// statField is a number among the fields of a process, 0 if it is gone.
func statField(fields []string, field int) int {
	if len(fields) <= field {
		return 0
	}
	n, _ := strconv.Atoi(fields[field])
	return n
}

func statNumber(pid, field int) (int, error) {
	fields := stat(pid)
	if len(fields) <= field {
		return 0, os.ErrProcessDone
	}
	return strconv.Atoi(fields[field])
}

// delayOf looks at a process (Documentation/scheduler/sched-stats.rst: /proc/<pid>/schedstat; proc(5): stat;
// status, SigPnd, ShdPnd, SigBlk).
func delayOf(pid int) (d delay) {
	fields := stat(pid)
	d.stopped = len(fields) > 0 && fields[statState] == "T" || owesInterrupt(pid)
	var ran int64
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	_, _ = fmt.Sscan(string(b), &ran, &d.waited) // ns
	return d
}

// endedItself reports whether a process group's leader has ended or is about to, and not by an
// interrupt, as far as is known.
func endedItself(pgrp int) bool {
	fields := stat(pgrp)
	return exiting(fields) && (len(fields) <= statExitCode || fields[statExitCode] != strconv.Itoa(int(unix.SIGINT)))
}

// exiting reports whether a process with these fields of its stat has ended or is about to.
func exiting(fields []string) bool {
	const flag = 0x4 // PF_EXITING: signals no longer reach it
	return len(fields) == 0 || fields[statState] == "Z" || statField(fields, statFlags)&flag != 0
}

// selects reports whether a process sleeps in a wait for input, as readline does.
func selects(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
	if err != nil {
		w, _ := os.ReadFile(fmt.Sprintf("/proc/%d/wchan", pid))
		return string(w) == "do_select" || string(w) == "poll_schedule_timeout"
	}
	var call int
	n, _ := fmt.Sscanf(string(b), "%d", &call)
	return n == 1 && waitsForInput(call)
}

// readsCommands reports whether a bash without a line editor sleeps in the read of its next
// command, of 1,024 bytes (input.c: getc_with_restart). Its builtins read 1, 128 or 4,096.
func readsCommands(pid int) bool {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
	var call, fd, buf, size int
	n, _ := fmt.Sscanf(string(b), "%d 0x%x 0x%x 0x%x", &call, &fd, &buf, &size)
	return n == 4 && call == unix.SYS_READ && fd == 0 && size == 1024
}

// ignoresInterrupt reports whether a process group's leader ignores SIGINT (proc(5):
// status, SigIgn).
func ignoresInterrupt(pgrp int) bool { return interruptIn(processStatus(pgrp), "SigIgn") }

// owesInterrupt reports whether an interrupt is pending at a process that does not block it (proc(5):
// status, SigPnd, ShdPnd, SigBlk).
func owesInterrupt(pid int) bool {
	status := processStatus(pid)
	return !interruptIn(status, "SigBlk") && (interruptIn(status, "SigPnd") || interruptIn(status, "ShdPnd"))
}

// processStatus is a process's status (proc(5)), "" if it is gone.
func processStatus(pid int) string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return string(b)
}

// interruptIn reports whether SIGINT is in a set of signals of a process's status.
func interruptIn(status, set string) bool {
	_, rest, _ := strings.Cut(status, "\n"+set+":")
	line, _, _ := strings.Cut(rest, "\n")
	mask, err := strconv.ParseUint(strings.TrimSpace(line), 16, 64)
	return err == nil && mask&(1<<(unix.SIGINT-1)) != 0
}

// ReadsTerminal reports whether the program in the foreground waits for keys, as far as is
// known. The shell at its prompt is none, also at one without marks.
func (s *Session) ReadsTerminal() bool {
	if !s.readsTerminal() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	lost, _ := s.lostPrompt()
	s.drain()
	return !lost && !s.prompt.back() && !s.prompt.showsPrompt()
}

// readsTerminal reports whether the program in the foreground, or the shell in a
// command of its own such as read, waits for input: it sleeps in a read of a
// terminal, or, in raw mode, in a wait for input. It is secondary evidence (proc(5):
// syscall, wchan), used only for a command with more lines behind it.
func (s *Session) readsTerminal() bool {
	reader := s.dev.front()
	if reader.group <= 0 || !reader.reads() {
		return false
	}
	// A relay that has come to sleep since has started its child before: a second look sees it.
	front := s.dev.front()
	if front.halfway || front.group != reader.group || front.tty != reader.tty {
		return false
	}
	// First the reader, then the relays: when they sleep as well, they have passed on its output.
	return !slices.ContainsFunc(front.relays, func(pid int) bool { return !sleeps(pid) })
}

// sleeps reports whether a process sleeps in a wait for input, as far as is known.
func sleeps(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
	if err != nil {
		return selects(pid)
	}
	var call int
	n, _ := fmt.Sscanf(string(b), "%d", &call)
	return n == 1 && (call == unix.SYS_READ || waitsForInput(call))
}

// takesLine reports whether the program in the foreground has taken all earlier input and interrupts, as
// far as is known: one that is stopped, or not woken yet, still sleeps in the read of that.
func (front front) takesLine() bool {
	n, _ := front.unread()
	return n == 0 && !delayOf(front.group).stopped
}

// reads reports whether the program in the foreground sleeps in a read of its terminal, or, in raw
// mode, in a wait for input, and has taken all earlier input.
func (front front) reads() bool {
	if !front.takesLine() {
		return false
	}
	// The number of the system call, then its arguments.
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", front.group))
	if err != nil {
		w, err := os.ReadFile(fmt.Sprintf("/proc/%d/wchan", front.group))
		return err == nil && (string(w) == "n_tty_read" || string(w) == "wait_woken")
	}
	var call, fd int
	if n, _ := fmt.Sscanf(string(b), "%d 0x%x", &call, &fd); n != 2 {
		return false
	}
	if call == unix.SYS_READ {
		name := fdLink(front.group, fd)
		return name == front.tty || name == "/dev/tty"
	}
	return waitsForInput(call) && !front.mode.canonical
}
