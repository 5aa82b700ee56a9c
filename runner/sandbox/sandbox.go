// Package sandbox starts processes so that none of them outlives its owner.
//
// A supervisor, this same binary started again, owns the processes of one
// session. Where the system allows it the supervisor is PID 1 of a PID namespace;
// elsewhere it is a guardian: a subreaper in a session of its own. It holds one end
// of a socket; when the other end closes, however the owner died, it kills
// everything that it started, directly or not, and removes the session's folder.
//
// What an isolation promises when a process is killed with SIGKILL:
//
//   - the owner: nothing survives in a [Namespace], and under a [Guardian] only what
//     the user may not kill, such as what sudo runs. A [Group] loses sight of
//     processes that left both their parents and their process group.
//   - the supervisor: nothing survives in a [Namespace]. Under a [Guardian] only the
//     processes that it started itself are certain to end.
//
// A binary that uses the package calls [Main] first thing, so does the TestMain of a
// package that starts sandboxes.
package sandbox

import (
	"os"
)

// Isolation says what keeps the processes of a sandbox together.
type Isolation string

// The isolations, strongest first.
const (
	// Namespace is a PID, mount and IPC namespace with a /proc of its own. An
	// ordinary user gets it by a user namespace that holds its own user and group
	// only: in it set-user-ID programs such as sudo have no effect.
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
	// Remove is a directory that the supervisor removes at its end, after it has
	// detached what processes of the sandbox have mounted in it. It stays where it
	// is if [Start] fails.
	Remove string
}

// Cmd is a process to start in a sandbox.
type Cmd struct {
	Argv  []string   // Argv[0] without a slash is looked up in the PATH of Env
	Env   []string   // "name=value"; nil means an empty environment
	Dir   string     // "" means the owner's current one
	TTY   *os.File   // the controlling terminal and the three standard streams, if set
	Files []*os.File // else the standard streams and further descriptors from 3 on; nil entries are /dev/null
}

// Status is how a process ended.
type Status struct {
	Code   int    // exit status; -1 if killed by a signal
	Signal string // name of the signal, such as "SIGKILL"; "" if it exited
}
