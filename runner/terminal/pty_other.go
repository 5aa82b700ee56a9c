//go:build !linux

package terminal

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// device is the two sides of a pseudo-terminal. Elsewhere than on Linux its master
// cannot be polled: one goroutine reads it, blocking, and is ended by the end of the
// child and the closing of the tty side. What a program wrote before a mark and was
// not read yet counts as written after it.
type device struct {
	master *os.File
	tty    *os.File
	chunks chan []byte
	close  sync.Once
}

func openDevice(cols, rows int) (*device, error) {
	m, t, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("open a pseudo-terminal: %w", err)
	}
	if err := pty.Setsize(m, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}); err != nil {
		return nil, errors.Join(err, m.Close(), t.Close())
	}
	return &device{master: m, tty: t, chunks: make(chan []byte, 1)}, nil
}

func (d *device) readLoop(read func(fd int) (drained bool)) {
	buf := make([]byte, 64<<10)
	for {
		n, err := d.master.Read(buf)
		if n > 0 {
			d.chunks <- buf[:n]
			read(-1)
		}
		if err != nil {
			return
		}
	}
}

// stop ends readLoop: hanging up does.
func (d *device) stop() { _ = d.Close() }

func (d *device) withFD(f func(fd int)) error {
	f(int(d.master.Fd()))
	return nil
}

func (d *device) read(_ int, buf []byte) (n int, drained bool) {
	select {
	case b := <-d.chunks:
		return copy(buf, b), true
	default:
		return 0, true
	}
}

func (d *device) write(fd int, b []byte) int {
	n, err := unix.Write(fd, b)
	if err != nil {
		return 0
	}
	return n
}

func (d *device) settle() {}

// mode is what the program in the foreground made of the terminal.
type mode struct{ canonical, echo, echoControl bool }

func (d *device) mode() mode { return mode{canonical: true, echo: true, echoControl: true} }

func (d *device) foreground() int {
	p, err := unix.IoctlGetInt(int(d.master.Fd()), unix.TIOCGPGRP)
	if err != nil {
		return 0
	}
	return p
}

func (d *device) resize(cols, rows int) error {
	return pty.Setsize(d.master, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)})
}

// Close hangs up.
func (d *device) Close() (err error) {
	d.close.Do(func() { err = errors.Join(d.tty.Close(), d.master.Close()) })
	return err
}

func killGroup(pgrp int) { _ = unix.Kill(-pgrp, unix.SIGKILL) }

// Foreground is the command line of the program in the foreground: not told here.
func (s *Session) Foreground() string { return "" }

func (s *Session) readsTerminal() bool { return false }

func commandLine(int) []string { return nil }

// Neither is told here: an interrupt is not repeated because of them.
func isNoProgram(int) bool { return false }

func endedItself(int) bool { return false }
