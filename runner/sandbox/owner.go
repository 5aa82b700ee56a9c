//go:build unix

package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// attempt is one way to start a supervisor.
type attempt struct {
	isolation Isolation
	private   bool
	attr      *syscall.SysProcAttr
}

// Sandbox is a running supervisor.
type Sandbox struct {
	isolation Isolation
	private   bool
	weaker    error
	given     string // Options.Remove
	place     string // the path at which the processes see it as well; "" for none
	unplaced  error

	supervisor *os.Process
	wire       *wire
	stderr     *os.File      // the supervisor's error messages, at most a Go traceback
	ready      chan reply    // buffered
	done       chan struct{} // closed after err is set
	err        error
	close      sync.Once

	sending sync.Mutex // held while a request is sent, so that pending is in the order of sending

	mu      sync.Mutex // guards the fields below
	remove  string     // "" until the supervisor is set up
	lastID  int
	live    map[int]*Process
	pending []chan answer // requests without a reply, oldest first
	ended   bool          // no reply will arrive any more
}

// answer is a reply, and the process's PID in the owner's namespace.
type answer struct {
	reply
	pid int
}

// Process is a process started by a supervisor.
type Process struct {
	sandbox *Sandbox
	id      int
	pid     int
	done    chan struct{} // closed after status and err are set
	status  Status
	err     error
}

var errNoMain = errors.New("sandbox: Start needs a supervisor: call sandbox.Main first thing in main, or in TestMain")

// Start starts a supervisor. ctx bounds the start, not the sandbox's life. It is an error if
// [Main] was not called before.
func Start(ctx context.Context, opts Options) (*Sandbox, error) {
	if !supervises.Load() {
		return nil, errNoMain
	}
	given := opts.Remove
	if opts.Remove == "" {
		opts.Place = ""
	} else {
		dir, err := filepath.Abs(opts.Remove)
		if err != nil {
			return nil, err
		}
		// The path is compared with the kernel's list of mounts, which has no symbolic links.
		parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
		if err != nil {
			return nil, err
		}
		opts.Remove = filepath.Join(parent, filepath.Base(dir))
	}
	var failed error
	for _, a := range attempts(opts) {
		s, err := launch(ctx, a, opts)
		if err == nil {
			s.given = given
			if a.isolation != cmp.Or(opts.Isolation, Namespace) || a.private != opts.PrivateNetwork {
				s.weaker = failed
			}
			return s, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if made := (*os.PathError)(nil); errors.As(err, &made) && made.Path == opts.Remove {
			return nil, fmt.Errorf("sandbox: %w", err) // it cannot be made in any isolation
		}
		err = fmt.Errorf("%s: %w", a.isolation, err)
		if failed != nil {
			err = fmt.Errorf("%w; %w", failed, err)
		}
		failed = err
	}
	if failed == nil {
		return nil, fmt.Errorf("sandbox: isolation %q: %w", opts.Isolation, errors.ErrUnsupported)
	}
	return nil, fmt.Errorf("sandbox: %w", failed)
}

// launch starts a supervisor in one way and waits until it is set up.
func launch(ctx context.Context, a attempt, opts Options) (*Sandbox, error) {
	ours, theirs, err := socketpair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	wire, err := newWire(ours)
	if err != nil {
		return nil, err
	}
	f := folder{Directory: []byte(opts.Remove)}
	if a.isolation == Namespace {
		f.Place = []byte(opts.Place)
	}
	// It is sent before the supervisor starts, which so has it even if the owner is killed now.
	if err := wire.send(f); err != nil {
		wire.conn.Close()
		return nil, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		wire.conn.Close()
		return nil, err
	}
	defer null.Close()
	stderr, complaints, err := os.Pipe()
	if err != nil {
		wire.conn.Close()
		return nil, err
	}
	defer complaints.Close()

	supervisor, err := os.StartProcess(executable(), arguments(a), &os.ProcAttr{
		Dir:   "/",
		Env:   environ(),
		Files: []*os.File{null, null, complaints, theirs},
		Sys:   a.attr,
	})
	if err != nil {
		wire.conn.Close()
		stderr.Close()
		return nil, err
	}
	s := &Sandbox{
		isolation: a.isolation, private: a.private,
		supervisor: supervisor, wire: wire, stderr: stderr,
		ready: make(chan reply, 1), done: make(chan struct{}),
		live: map[int]*Process{},
	}
	theirs.Close() // otherwise its end would never be noticed
	complaints.Close()
	go s.serve()
	unplaced, err := s.wait(ctx)
	if err != nil {
		s.Close()
		return nil, err
	}
	switch {
	case opts.Place == "":
	case a.isolation != Namespace:
		s.unplaced = errors.New("no mount namespace")
	case unplaced != "":
		s.unplaced = errors.New(unplaced)
	default:
		s.place = opts.Place
	}
	s.mu.Lock()
	s.remove = opts.Remove
	s.mu.Unlock()
	return s, nil
}

// wait waits until the supervisor is set up. unplaced is the reason why the directory is not at its
// place; "" if it is, or has none.
func (s *Sandbox) wait(ctx context.Context) (unplaced string, err error) {
	select {
	case r := <-s.ready:
		return r.Unplaced, r.err()
	case <-s.done:
		select {
		case r := <-s.ready: // it failed and ended at once
			if err := r.err(); err != nil {
				return "", err
			}
		default:
		}
		return "", cmp.Or(s.err, errors.New("the supervisor ended at once"))
	case <-ctx.Done():
		s.supervisor.Kill() // otherwise it would remove the directory
		return "", context.Cause(ctx)
	}
}

// socketpair returns a pair of sockets that close on exec.
func socketpair() (ours int, theirs *os.File, err error) {
	syscall.ForkLock.RLock() // no child may inherit them between the two steps
	defer syscall.ForkLock.RUnlock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, nil, os.NewSyscallError("socketpair", err)
	}
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	return fds[0], os.NewFile(uintptr(fds[1]), "sandbox"), nil
}

// serve receives until the supervisor has ended.
func (s *Sandbox) serve() {
	for {
		var r reply
		fds, err := s.wire.receive(&r)
		if err != nil {
			break
		}
		a := answer{reply: r}
		if r.Kind == started {
			a.pid = ownPID(s.isolation, r.PID, fds)
		}
		closeAll(fds)
		switch r.Kind {
		case ready:
			s.ready <- r
		case ended:
			s.mu.Lock()
			p := s.live[r.ID]
			delete(s.live, r.ID)
			s.mu.Unlock()
			if p != nil {
				p.end(r.Status, nil)
			}
		default:
			s.mu.Lock()
			waiting := s.pending[0]
			s.pending = s.pending[1:]
			s.mu.Unlock()
			waiting <- a
		}
	}

	s.wire.conn.Close()
	state, err := s.supervisor.Wait()
	complaint, _ := io.ReadAll(s.stderr) // no other process has it open any more
	s.stderr.Close()
	if err != nil {
		s.err = fmt.Errorf("sandbox: %w", err)
	} else if !state.Success() {
		s.err = fmt.Errorf("sandbox: supervisor: %v%s", state, indent(complaint))
	}

	s.mu.Lock()
	if s.remove != "" && err == nil && state.Sys().(syscall.WaitStatus).Signaled() {
		// The supervisor did not remove it. Mounts in a namespace have ended with it.
		if err := remove(s.remove); err != nil {
			s.err = fmt.Errorf("%w; %w", s.err, err)
		}
	}
	s.ended = true
	for _, waiting := range s.pending {
		close(waiting)
	}
	live := s.live
	s.pending, s.live = nil, nil
	s.mu.Unlock()
	close(s.done)
	for _, p := range live {
		p.end(Status{Code: -1, Signal: "SIGKILL"}, errEnded)
	}
}

var errEnded = errors.New("sandbox: the supervisor ended before the process")

func indent(complaint []byte) string {
	text := strings.TrimSpace(string(complaint))
	if text == "" {
		return ""
	}
	return ": " + strings.ReplaceAll(text, "\n", "\n\t")
}

// call sends a request and waits for its reply. p, if not nil, is the process to be started.
func (s *Sandbox) call(p *Process, r request, files []*os.File) (answer, error) {
	var fds []int
	for _, f := range files {
		if f != nil {
			fds = append(fds, int(f.Fd()))
		}
	}
	waiting := make(chan answer, 1)
	if err := s.send(p, r, fds, waiting); err != nil {
		if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
			err = os.ErrClosed
		}
		return answer{}, fmt.Errorf("sandbox: %w", err)
	}
	runtime.KeepAlive(files)
	a, ok := <-waiting
	if !ok {
		return answer{}, fmt.Errorf("sandbox: %w", os.ErrClosed)
	}
	return a, a.err()
}

func (s *Sandbox) send(p *Process, r request, fds []int, waiting chan answer) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return os.ErrClosed
	}
	if p != nil {
		s.lastID++
		p.id, r.ID = s.lastID, s.lastID
		s.live[p.id] = p
	}
	s.pending = append(s.pending, waiting)
	s.mu.Unlock()

	err := s.wire.send(r, fds...) // may block; serve needs mu to make it continue
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.ended {
			delete(s.live, r.ID)
			s.pending = s.pending[:len(s.pending)-1]
		}
	}
	return err
}

// Isolation returns the isolation in force.
func (s *Sandbox) Isolation() Isolation { return s.isolation }

// Weaker returns the errors of the failed attempts if a stronger isolation, or the private network,
// was requested and is not available; else nil.
func (s *Sandbox) Weaker() error { return s.weaker }

// Inside returns the path of a file as the processes of the sandbox are to see it: for one in
// [Options.Remove] the path at [Options.Place], if they see it there, and else the same path.
func (s *Sandbox) Inside(path string) string {
	rest, in := strings.CutPrefix(path, s.given)
	if s.place == "" || !in || rest != "" && rest[0] != '/' {
		return path
	}
	return s.place + rest
}

// Unplaced returns the reason why the processes do not see the directory at [Options.Place]; nil if
// they do, or if no place was asked for.
func (s *Sandbox) Unplaced() error { return s.unplaced }

// PrivateNetwork reports whether the sandbox has a network of its own.
func (s *Sandbox) PrivateNetwork() bool { return s.private }

// Start starts a process: the leader of a session if it has a TTY, of a process group otherwise.
// Signals have their default actions in it and none is blocked, even if they are ignored or blocked
// here. The files are made blocking. The caller may close its copies of them afterwards.
func (s *Sandbox) Start(cmd Cmd) (*Process, error) {
	if len(cmd.Argv) == 0 {
		return nil, errors.New("sandbox: no command")
	}
	dir, err := filepath.Abs(cmd.Dir)
	if err != nil {
		return nil, err
	}
	path, err := lookPath(cmd.Argv[0], cmd.Env, dir)
	if err != nil {
		return nil, err
	}
	files := cmd.Files
	if cmd.TTY != nil {
		files = []*os.File{cmd.TTY}
	}
	null := make([]bool, len(files))
	for i, f := range files {
		null[i] = f == nil
	}
	p := &Process{sandbox: s, done: make(chan struct{})}
	a, err := s.call(p, request{Start: &start{
		Path: []byte(path), Dir: []byte(dir),
		Argv: toBytes(cmd.Argv), Env: toBytes(cmd.Env),
		TTY: cmd.TTY != nil, Null: null,
	}}, files)
	if err != nil {
		s.mu.Lock()
		delete(s.live, p.id)
		s.mu.Unlock()
		return nil, err
	}
	p.pid = a.pid
	return p, nil
}

// lookPath finds a program as [exec.LookPath] does, but in the PATH of env.
func lookPath(name string, env []string, dir string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	path := ""
	for _, variable := range env {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			path = value // the last one counts, as in os/exec
		}
	}
	for _, folder := range filepath.SplitList(path) {
		file := filepath.Join(folder, name)
		if !filepath.IsAbs(file) {
			file = filepath.Join(dir, file)
		}
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && unix.Access(file, unix.X_OK) == nil {
			return file, nil
		}
	}
	return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
}

// Done is closed when the supervisor has ended.
func (s *Sandbox) Done() <-chan struct{} { return s.done }

// Close kills all processes in the sandbox, removes its folder and waits for both. It returns an
// error if the supervisor did not end well, the same at each call.
func (s *Sandbox) Close() error {
	s.close.Do(func() { _ = s.wire.conn.CloseWrite() }) // it still sends the statuses of the processes
	<-s.done
	return s.err
}

func (p *Process) end(status Status, err error) {
	p.status, p.err = status, err
	close(p.done)
}

// Pid returns the process's number in the owner's namespace. It is 0 if the number is unknown, as
// for a process that ended at once.
func (p *Process) Pid() int { return p.pid }

// Signal sends a signal to the process group that the process leads. The error is
// [os.ErrProcessDone] once the process has ended.
func (p *Process) Signal(sig os.Signal) error {
	number, ok := sig.(syscall.Signal)
	if !ok {
		return fmt.Errorf("sandbox: signal %v: %w", sig, errors.ErrUnsupported)
	}
	select {
	case <-p.done:
		return os.ErrProcessDone
	default:
	}
	_, err := p.sandbox.call(nil, request{ID: p.id, Signal: number}, nil)
	if errors.Is(err, syscall.ESRCH) || errors.Is(err, os.ErrClosed) {
		return os.ErrProcessDone
	}
	return err
}

// Wait blocks until the process has ended. The error is ctx's, or means that the supervisor was
// killed and the status is a guess.
func (p *Process) Wait(ctx context.Context) (Status, error) {
	select {
	case <-p.done:
		return p.status, p.err
	default:
	}
	select {
	case <-p.done:
		return p.status, p.err
	case <-ctx.Done():
		return Status{}, context.Cause(ctx)
	}
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }
