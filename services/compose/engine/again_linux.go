package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// againVariable is set for an engine that was started again in a user namespace. Then its listener is
// descriptor 3, and it writes the reason to descriptor 4 if that was in vain.
const againVariable = "WORKSHOP_ENGINE_AGAIN"

// capable reports whether the process may make namespaces, see capabilities(7).
func capable() bool {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&head, &data[0]); err != nil {
		return false
	}
	need := uint32(1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_NET_ADMIN)
	return data[0].Effective&need == need
}

// startAgain runs the engine's command again, in a user namespace, in which an ordinary user may make
// others. It returns when that process has ended, with its status; or an error if it cannot make the
// containers' networks. Then it has not served. The listener stays open.
func startAgain(ctx context.Context, l net.Listener, stdout, stderr io.Writer) (status int, err error) {
	listener, ok := l.(interface{ File() (*os.File, error) })
	if !ok {
		return 0, errors.ErrUnsupported
	}
	socket, err := listener.File()
	if err != nil {
		return 0, err
	}
	defer socket.Close()
	// Handing it over makes it blocking, for this process as well: nothing could end Accept.
	defer func() { _ = unix.SetNonblock(int(socket.Fd()), true) }()
	reason, theirs, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer reason.Close()
	defer theirs.Close()
	uid, gid := os.Geteuid(), os.Getegid()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", os.Args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), againVariable+"=1")
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = stdout, stderr, []*os.File{socket, theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}},
		AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_SYS_CHROOT},
		Pdeathsig:   unix.SIGKILL,
	}
	// The parent-death signal is tied to this thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("user namespace: %w", err)
	}
	theirs.Close()
	text, err := io.ReadAll(reason)
	ended := cmd.Wait()
	if err == nil && len(text) > 0 {
		err = errors.New(string(text))
	}
	if code := cmd.ProcessState.ExitCode(); err != nil || code >= 0 {
		return code, err
	}
	return 0, ended
}

// again returns the listener of an engine that was started again, and a function that tells the
// starter why it is in vain, or with nil that it is not.
func again(getenv func(string) string) (l net.Listener, tell func(error), ok bool, err error) {
	if getenv(againVariable) == "" {
		return nil, nil, false, nil
	}
	unix.CloseOnExec(4)
	reason := os.NewFile(4, "reason")
	f := os.NewFile(3, "listener")
	defer f.Close() // the listener has its own copy
	l, err = net.FileListener(f)
	return l, func(err error) {
		if err != nil {
			_, _ = io.WriteString(reason, err.Error()) // a starter that has gone needs no reason
		}
		reason.Close()
	}, true, err
}
