package terminal

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// maxLook is the longest time between two looks at other processes.
const maxLook = 200 * time.Millisecond

// PipeError says that a program which the shell writes to has not passed on its input in time.
type PipeError struct{ Program string }

func (e *PipeError) Error() string {
	return fmt.Sprintf("the output goes through `%s`, which has not written all of it", e.Program)
}

// AwaitPipes blocks until the programs between the shell's standard output or error and the
// terminal, such as the tee of exec > >(tee log), have passed on their input. The evidence
// is that the pipe is empty and that a program waits for more. When the context ends first,
// the error is a *PipeError.
func (s *Session) AwaitPipes(ctx context.Context) error {
	for look := settleFirst; ; look = min(2*look, maxLook) {
		busy := s.drainPipes()
		if busy == 0 {
			return nil
		}
		if s.awaitFor(ctx, look, func() bool { return s.prompt.state == ended }) {
			return ErrEnded
		}
		switch {
		case ctx.Err() == nil:
		case len(writesTo(s.shellProcess())) == 0:
			return nil
		default:
			return &PipeError{strings.Join(commandLine(busy), " ")}
		}
	}
}

// drainPipes reads the pending output, unless a process behind the shell is busy: see busyPipe.
func (s *Session) drainPipes() (busy int) {
	if busy = s.busyPipe(); busy == 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.drain()
		s.notify()
	}
	return busy
}

// settlePrompt waits, for a moment, for text that comes to the terminal through a pipe, before
// a line is typed at the prompt: the output of the line before, and a prompt that the mark E
// has overtaken.
func (s *Session) settlePrompt(ctx context.Context) {
	if s.drainPipes() == 0 { // mostly: without a timer, which may wake a thread
		return
	}
	ctx, cancel := context.WithTimeout(ctx, settleKeys)
	defer cancel()
	_ = s.AwaitPipes(ctx)
}

func (s *Session) promptsAway() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prompt.away
}

// shellProcess is the shell that shows the prompt, 0 if it is not known. Its descriptors are
// the destinations of its output, also while another program is in the foreground.
func (s *Session) shellProcess() (pid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.prompt.nested); n > 0 {
		return s.prompt.nested[n-1].group
	}
	_ = s.dev.withFD(func(fd int) {
		if leader, err := unix.IoctlGetInt(fd, unix.TIOCGSID); err == nil {
			pid = leader
		}
	})
	return pid
}

// busyPipe is a process behind the shell that has unread input or may have some; 0 if there
// is none.
func (s *Session) busyPipe() (pid int) {
	shell := s.shellProcess()
	if shell <= 0 {
		return 0
	}
	if s.promptsAway() && !s.readsTerminal() { // the shell redirects for mark E, and may still write its prompt
		return shell
	}
	pipes := writesTo(shell)
	if len(pipes) == 0 {
		return 0
	}
	session, _ := statNumber(shell, statSession)
	terminal := s.dev.front().tty
	var processes []int
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == shell {
			continue
		}
		if of, err := statNumber(pid, statSession); err == nil && of == session {
			processes = append(processes, pid)
		}
	}
	// From the shell on: a program writes its input before it reads again.
	for i := 0; i < len(pipes); i++ {
		readers, shows := 0, false
		idle, busy := false, 0
		for _, pid := range processes {
			for _, fd := range readsFrom(pid, pipes[i]) {
				readers, busy = readers+1, pid
				for _, next := range writesTo(pid) {
					if shows = true; !slices.Contains(pipes, next) {
						pipes = append(pipes, next)
					}
				}
				shows = shows || hasTerminal(pid, terminal)
				idle = idle || waitsFor(pid, fd) && isEmpty(pid, fd)
			}
		}
		if readers > 0 && shows && !idle {
			return busy
		}
	}
	return 0
}

// fdLink is the file of a descriptor of a process (proc(5): fd).
func fdLink(pid, fd int) string {
	name, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd))
	return name
}

// writesTo are the pipes that are a process's standard output and error.
func writesTo(pid int) (pipes []string) {
	for fd := 1; fd <= 2; fd++ {
		if name := fdLink(pid, fd); strings.HasPrefix(name, "pipe:") && !slices.Contains(pipes, name) {
			pipes = append(pipes, name)
		}
	}
	return pipes
}

// readsFrom are the descriptors of a process that are the reading end of a pipe.
func readsFrom(pid int, pipe string) (fds []int) {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fdLink(pid, fd) != pipe {
			continue
		}
		info, _ := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", pid, fd))
		_, flags, _ := strings.Cut(string(info), "flags:")
		if f := strings.Fields(flags); len(f) > 0 {
			if n, err := strconv.ParseInt(f[0], 8, 64); err == nil && n&unix.O_ACCMODE == unix.O_RDONLY {
				fds = append(fds, fd)
			}
		}
	}
	return fds
}

// hasTerminal reports whether a process's standard output or error is the terminal.
func hasTerminal(pid int, terminal string) bool {
	for fd := 1; fd <= 2; fd++ {
		if name := fdLink(pid, fd); name == terminal || name == "/dev/tty" {
			return true
		}
	}
	return false
}

// isEmpty reports whether a process's open pipe is known to be empty.
func isEmpty(pid, fd int) bool {
	f, err := unix.Open(fmt.Sprintf("/proc/%d/fd/%d", pid, fd), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(f)
	n, err := unix.IoctlGetInt(f, unix.TIOCINQ) // FIONREAD
	return err == nil && n == 0
}

// waitsFor reports whether a process sleeps in a read of a descriptor, or in a wait for input
// (proc(5): syscall, wchan).
func waitsFor(pid, fd int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
	if err != nil {
		w, err := os.ReadFile(fmt.Sprintf("/proc/%d/wchan", pid))
		return err == nil && strings.Contains(string(w), "pipe_read")
	}
	var call, first int
	if n, _ := fmt.Sscanf(string(b), "%d 0x%x", &call, &first); n != 2 {
		return false
	}
	switch call {
	case unix.SYS_READ, unix.SYS_READV, unix.SYS_SPLICE:
		return first == fd
	}
	return waitsForInput(call) || call == unix.SYS_EPOLL_PWAIT
}
