// Package sandbox starts processes so that none of them outlives its owner.
//
// A supervisor, which is this binary started again, owns the processes of one session. If
// the system allows it, the supervisor is PID 1 of a PID namespace. Otherwise it is a
// guardian: a subreaper in a session of its own. It holds one end of a socket. When the
// other end closes, however the owner died, it kills all processes that it started,
// directly or indirectly, and removes the session's folder.
//
// The guarantees of an isolation when a process is killed with SIGKILL:
//
//   - the owner: no process survives in a [Namespace]. Under a [Guardian] only processes
//     survive that the user may not kill, such as those run by sudo. A [Group] loses
//     processes that left both their parents and their process group.
//   - the supervisor: no process survives in a [Namespace]. Under a [Guardian] only the
//     processes that it started itself are certain to end.
//
// A program that uses the package calls [Main] first in its main function, and so does the
// TestMain of a package that starts sandboxes. Otherwise [Start] returns an error.
package sandbox

import (
	"os"
)

// Isolation is the mechanism that keeps the processes of a sandbox together.
type Isolation string

// The isolations, strongest first.
const (
	// Namespace is a PID, mount and IPC namespace with a /proc of its own. An ordinary user gets it
	// through a user namespace that holds only the user and the user's group. Set-user-ID programs
	// such as sudo have no effect in it.
	Namespace Isolation = "pid namespace"
	Guardian  Isolation = "guardian"
	Group     Isolation = "process group" // best effort, if the others are not available
)

// Options of a sandbox. The zero value is useful.
type Options struct {
	// PrivateNetwork gives the sandbox a network of its own with a loopback only. It is ignored
	// (see [Sandbox.PrivateNetwork]) without a namespace.
	PrivateNetwork bool
	// Isolation forces a weaker isolation than the best one; "" means the best.
	Isolation Isolation
	// Remove is a directory that the supervisor makes, if there is none, and removes at its end,
	// after it has unmounted the mounts of the sandbox's processes in it. It is not removed if
	// [Start] fails.
	Remove string
	// Place is a further path of Remove, the same in every sandbox: in a [Namespace] the processes
	// see the directory there as well (see [Sandbox.Inside]). Nothing may be there, and its parent
	// must be a directory, such as /srv. The parent is a file system of the sandbox's own then,
	// with the same entries: new ones in it vanish with the sandbox.
	Place string
}

// Cmd is a process to start in a sandbox.
type Cmd struct {
	Argv  []string   // Argv[0] without a slash is looked up in the PATH of Env, as the owner sees it
	Env   []string   // "name=value"; nil means an empty environment
	Dir   string     // "" means the owner's current one
	TTY   *os.File   // the controlling terminal and the three standard streams, if set
	Files []*os.File // without TTY: the standard streams and further descriptors from 3 on; nil entries are /dev/null
}

// Status is the exit status of a process.
type Status struct {
	Code   int    // exit status; -1 if killed by a signal
	Signal string // name of the signal, such as "SIGKILL"; "" if it exited
}
