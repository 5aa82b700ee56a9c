//go:build unix

package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// A supervisor is started with this name, the isolation, and "private" or "shared" for its network. No
// path is among its arguments: the processes in the sandbox see them, and a path may be random.
const supervisorName = "workshop sandbox"

func arguments(a attempt) []string {
	network := "shared"
	if a.private {
		network = "private"
	}
	return []string{supervisorName, string(a.isolation), network}
}

// supervises is set by Main and read by Start. Only a program that calls Main becomes a supervisor
// when it is started again. Any other program would run from its beginning, and start itself again
// and again.
var supervises atomic.Bool // a property of the whole program; it never changes back

// Main is the main function of the supervisor. It returns at once, with ok false, unless the
// process was started as a supervisor. A program must call it first.
func Main() (code int, ok bool) {
	supervises.Store(true)
	if len(os.Args) != 3 || os.Args[0] != supervisorName {
		return 0, false
	}
	if err := supervise(Isolation(os.Args[1]), os.Args[2] == "private"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	return 0, true
}

type supervisor struct {
	isolation Isolation
	wire      *wire
	null      int         // descriptor of /dev/null
	ids       map[int]int // of the running processes, by PID
	pids      map[int]int // the reverse map
	orphans   []int       // for a Group: process groups whose leader ended first
}

// supervise carries out the owner's requests until the socket closes, then kills all processes.
func supervise(isolation Isolation, private bool) error {
	children := catchSignals()
	// Signal masks, capabilities and parent death signals belong to a thread. All processes are
	// started from this thread, and it lives as long as the supervisor.
	runtime.LockOSThread()
	if err := unblockSignals(); err != nil {
		return err
	}
	closeOnExec()
	w, err := newWire(3)
	if err != nil {
		return err
	}
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("open "+os.DevNull, err)
	}
	var f folder
	if _, err := w.receive(&f); err != nil {
		return err
	}
	directory, place := string(f.Directory), string(f.Place)
	s := &supervisor{isolation: isolation, wire: w, null: null, ids: map[int]int{}, pids: map[int]int{}}

	r := reply{Kind: ready}
	if op, err := isolate(isolation, private); err != nil {
		r.fail(op, "", err)
		if w.send(r) == nil {
			return nil // the owner still needs the directory
		}
		return remove(directory)
	}
	if directory != "" {
		if err := unix.Mkdir(directory, 0o700); err != nil && err != unix.EEXIST {
			r.fail("mkdir", directory, err)
			s.reply(r)
			return nil
		}
	}
	if place != "" {
		if err := mountAt(directory, place); err != nil {
			r.Unplaced, place = err.Error(), ""
		}
	}
	s.reply(r)

	requests := make(chan received)
	go s.receive(requests)
	for {
		select {
		case <-children:
			for s.reap(unix.WNOHANG) == nil {
			}
		case r, ok := <-requests:
			if !ok {
				s.killAll()
				if place != "" {
					if err := detach(place); err != nil {
						return err
					}
				}
				return remove(directory)
			}
			if r.Start != nil {
				s.start(r.ID, r.Start, r.fds)
			} else {
				s.signal(r.ID, r.Signal)
			}
			closeAll(r.fds)
		}
	}
}

// reply replies to the owner. If that fails, the requests end soon.
func (s *supervisor) reply(r reply, fds ...int) { _ = s.wire.send(r, fds...) }

// catchSignals prevents signals from ending the supervisor, but not from having their default
// actions in its children. exec resets caught signals, but not ignored ones, which the owner may
// have inherited from nohup or a shell's &. The returned channel receives a value when children
// have ended.
//
// The Go runtime catches most signals by itself, but not those of job control, nor SIGHUP and
// SIGINT when they are ignored. Each signal costs 50 µs here.
func catchSignals() <-chan os.Signal {
	others, children := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(children, unix.SIGCHLD)
	// Nobody receives from this channel: the signals are dropped.
	deadly := []os.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM}
	signal.Notify(others, append(deadly, ignoredSignals()...)...)
	return children
}

// received is a request with its descriptors.
type received struct {
	request
	fds []int
}

// receive receives requests until the owner has gone or sends an invalid one.
func (s *supervisor) receive(requests chan<- received) {
	defer close(requests)
	for {
		var r received
		var err error
		if r.fds, err = s.wire.receive(&r.request); err != nil {
			return
		}
		requests <- r
	}
}

// start starts a process and replies with the result.
func (s *supervisor) start(id int, cmd *start, fds []int) {
	r := reply{Kind: started, ID: id}
	files, err := s.files(cmd, fds)
	if err != nil {
		r.fail("receive descriptors", "", err)
		s.reply(r)
		return
	}
	path, dir := string(cmd.Path), string(cmd.Dir)
	pidfd := -1
	attr := processAttr(s.isolation, &pidfd)
	attr.Setsid, attr.Setctty, attr.Setpgid = cmd.TTY, cmd.TTY, !cmd.TTY
	pid, err := syscall.ForkExec(path, toStrings(cmd.Argv), &syscall.ProcAttr{
		Dir: dir, Env: toStrings(cmd.Env), Files: files, Sys: attr,
	})
	if err != nil {
		// The error does not tell which step failed.
		if chdirErr := unix.Access(dir+"/.", unix.X_OK); chdirErr != nil {
			r.fail("chdir", dir, chdirErr)
		} else {
			r.fail("exec", path, err)
		}
		s.reply(r)
		return
	}
	s.ids[pid], s.pids[id] = id, pid
	r.PID = pid
	if pidfd < 0 {
		s.reply(r)
		return
	}
	s.reply(r, pidfd)
	unix.Close(pidfd)
}

// files lists the descriptors of a process, at least the three standard ones.
func (s *supervisor) files(cmd *start, fds []int) ([]uintptr, error) {
	files := make([]uintptr, 0, max(len(cmd.Null), 3))
	for _, null := range cmd.Null {
		if null {
			files = append(files, uintptr(s.null))
			continue
		}
		if len(fds) == 0 {
			return nil, unix.EMFILE // the kernel drops descriptors that do not fit
		}
		// Few programs handle EAGAIN on their standard streams.
		if err := unix.SetNonblock(fds[0], false); err != nil {
			return nil, err
		}
		files = append(files, uintptr(fds[0]))
		fds = fds[1:]
	}
	for len(files) < 3 {
		fd := uintptr(s.null)
		if cmd.TTY {
			fd = files[0]
		}
		files = append(files, fd)
	}
	return files, nil
}

// signal signals the process group of a process. Its number cannot belong to another process,
// because only reap reaps children.
func (s *supervisor) signal(id int, number syscall.Signal) {
	r := reply{Kind: signalled, ID: id}
	pid, ok := s.pids[id]
	if !ok {
		r.fail("kill", "", syscall.ESRCH)
	} else if err := unix.Kill(-pid, number); err != nil {
		r.fail("kill", "", err)
	}
	s.reply(r)
}

// reap takes the status of one child, started or adopted, and reports it.
func (s *supervisor) reap(options int) error {
	var status unix.WaitStatus
	var pid int
	for {
		var err error
		pid, err = unix.Wait4(-1, &status, options, nil)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
	if pid == 0 {
		return unix.EAGAIN
	}
	id, ok := s.ids[pid]
	if !ok {
		return nil
	}
	delete(s.ids, pid)
	delete(s.pids, id)
	if s.isolation == Group && unix.Kill(-pid, 0) == nil {
		s.orphans = append(s.orphans, pid)
	}
	r := reply{Kind: ended, ID: id, Status: Status{Code: status.ExitStatus()}}
	if status.Signaled() {
		r.Status = Status{Code: -1, Signal: unix.SignalName(status.Signal())}
	}
	s.reply(r)
	return nil
}

// killAll kills all remaining processes and returns when the last of them has ended.
//
// Without a namespace it looks again after each end. Children of a killed process become the
// supervisor's own before it can take that process's status. A process that was missed once is
// therefore found later.
func (s *supervisor) killAll() {
	for {
		options := unix.WNOHANG
		killed, denied := s.kill()
		if killed {
			options = 0 // a process will end
		}
		err := s.reap(options)
		for err == nil {
			err = s.reap(unix.WNOHANG)
		}
		if errors.Is(err, unix.ECHILD) {
			return
		}
		if !killed && denied {
			return // the others belong to other users, like sudo and its processes
		}
	}
}

// kill sends SIGKILL to all processes in the sandbox. It reports whether it met running processes,
// and whether it was not allowed to kill some of them.
func (s *supervisor) kill() (killed, denied bool) {
	send := func(pid int) bool {
		err := unix.Kill(pid, unix.SIGKILL)
		denied = denied || errors.Is(err, unix.EPERM)
		return err == nil
	}
	if s.isolation == Namespace {
		killed = send(-1)
		return killed, denied
	}
	all := processes()
	// Parents come first, so that they do not react to the death of a child.
	for _, p := range descendants(all, os.Getpid()) {
		// An apparent zombie may have running threads.
		if send(p.pid) && !p.zombie {
			killed = true
		}
	}
	if s.isolation == Group {
		for _, group := range s.orphans {
			send(-group)
		}
		for pid := range s.ids {
			if send(-pid) {
				killed = true
			}
		}
	}
	return killed, denied || all == nil
}

// process describes one of the system's processes.
type process struct {
	pid, parent int
	zombie      bool
}

// descendants returns the descendants of root, parents before their children.
func descendants(all []process, root int) (found []process) {
	children := map[int][]process{}
	for _, p := range all {
		children[p.parent] = append(children[p.parent], p)
	}
	found = append(found, children[root]...)
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i].pid]...)
	}
	return found
}

// remove removes a directory and its contents, but not the contents of directories mounted there.
func remove(directory string) error {
	if directory == "" {
		return nil
	}
	if err := detach(directory); err != nil {
		return err
	}
	err := os.RemoveAll(directory)
	if err == nil || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	// Some programs write-protect their folders, like Go its module cache.
	_ = filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			_ = os.Chmod(path, 0o700) // the removal reports errors
		}
		return nil
	})
	return os.RemoveAll(directory)
}
