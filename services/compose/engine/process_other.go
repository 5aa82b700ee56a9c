//go:build !linux

package engine

import (
	"errors"
	"os"
	"syscall"
)

// processAttr makes a process the leader of a session.
func processAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// reap waits for the end of the process and kills the rest of its group.
func (p *process) reap() error {
	_ = p.cmd.Wait() // its error is the status
	p.signalGroup(syscall.SIGKILL)
	return nil
}

func openTerminal(windowSize) (master, slave *os.File, err error) {
	return nil, nil, errors.New("terminals for containers are supported on Linux only")
}

func resizeTerminal(*os.File, windowSize) error { return nil }
