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

// device is the two sides of a pseudo-terminal. Elsewhere than on Linux its master cannot be
// polled: one goroutine reads it, blocking, until the end of the child and the closing of
// the tty side. Output that was written before a mark, but is read after it, counts as
// written after it.
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

// stop ends readLoop and writeAll: hanging up does.
func (d *device) stop() { _ = d.Close() }

// writeAll writes bytes as the terminal takes them, until stop. It reports whether all are written.
func (d *device) writeAll(b []byte) (all bool) {
	_, err := d.master.Write(b)
	return err == nil
}

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

func (d *device) front() front {
	f := front{mode: mode{canonical: true, echo: true, echoControl: true, signals: true}, tty: d.tty.Name()}
	if p, err := unix.IoctlGetInt(int(d.master.Fd()), unix.TIOCGPGRP); err == nil {
		f.group = p
	}
	return f
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

// Foreground is the command line of the program in the foreground: unknown on this system.
func (s *Session) Foreground() string { return "" }

func (s *Session) readsTerminal() bool { return false }

func commandLine(int) []string { return nil }

func doing(int) string { return "" }

// Both are unknown on this system: they cause no repetition of an interrupt.
func isNoProgram(int) bool { return false }

func endedItself(int) bool { return false }

func ignoresInterrupt(int) bool { return false }

// delayOf is unknown on this system.
func delayOf(int) delay { return delay{} }

func selects(int) bool { return false }

func readsCommands(int) bool { return false }

// unread is not known: the system does not tell.
func (f front) unread() (n int, known bool) { return 0, false }

// takesLine is always true: the system does not tell.
func (f front) takesLine() bool { return true }

// empty is always true: the system does not tell.
func (f front) empty() bool { return true }

func (d *device) restart() {}

func (d *device) passed() bool { return false }

func (d *device) endOtherReaders(int) []int { return nil }

// ReadsTerminal is always false: the system does not tell.
func (s *Session) ReadsTerminal() bool { return false }
