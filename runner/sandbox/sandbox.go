// Package sandbox starts processes so that none of them outlives its owner.
//
// A supervisor, this same binary started again, owns the processes of one
// session. Where the system allows it the supervisor is PID 1 of a PID namespace;
// elsewhere it is a guardian: a subreaper in a session of its own. It holds one end
// of a socket; when the other end closes, however the owner died, it kills
// everything that it started, directly or not, and removes the session's folder.
package sandbox

import (
	"context"
	"errors"
	"os"
)

// Isolation says what keeps the processes of a sandbox together.
type Isolation string

// The isolations, strongest first.
const (
	Namespace Isolation = "pid namespace"
	Guardian  Isolation = "guardian"
	Group     Isolation = "process group" // best effort, where neither of the others can be had
)

// Options of a sandbox. The zero value is useful.
type Options struct {
	// PrivateNetwork gives the sandbox a network of its own with a loopback only.
	// Ignored (see [Sandbox.PrivateNetwork]) where there is no namespace.
	PrivateNetwork bool
	// Isolation forces a weaker isolation than the best one; "" means the best.
	Isolation Isolation
	// Remove is a directory that the supervisor removes at its end.
	Remove string
}

// Cmd is a process to start in a sandbox.
type Cmd struct {
	Argv  []string
	Env   []string
	Dir   string
	TTY   *os.File   // the controlling terminal and the three standard streams, if set
	Files []*os.File // else the standard streams and further descriptors from 3 on; nil entries are /dev/null
}

// Status is how a process ended.
type Status struct {
	Code   int    // exit status; -1 if killed by a signal
	Signal string // name of the signal, such as "SIGKILL"; "" if it exited
}

// Sandbox is a running supervisor.
type Sandbox struct{}

// Process is a process started by a supervisor.
type Process struct{}

// Start starts a supervisor.
func Start(ctx context.Context, opts Options) (*Sandbox, error) {
	return nil, errors.New("not written yet")
}

// Isolation is what is in force.
func (s *Sandbox) Isolation() Isolation { return Group }

// PrivateNetwork reports whether the sandbox has a network of its own.
func (s *Sandbox) PrivateNetwork() bool { return false }

// Start starts a process. Signals have their default actions in it, also when
// they are ignored here. The caller may close its copies of the files.
func (s *Sandbox) Start(cmd Cmd) (*Process, error) { return nil, errors.New("not written yet") }

// Done is closed when the supervisor has ended.
func (s *Sandbox) Done() <-chan struct{} { return nil }

// Close kills everything in the sandbox, removes its folder and waits for both.
func (s *Sandbox) Close() error { return nil }

// Wait blocks until the process has ended.
func (p *Process) Wait(ctx context.Context) (Status, error) { return Status{}, nil }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return nil }

// Main is the supervisor's own main function: it returns at once, with ok false,
// unless the process was started as a supervisor. It must be called first thing.
func Main() (code int, ok bool) { return 0, false }
