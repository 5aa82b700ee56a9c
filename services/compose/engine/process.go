package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// command is a process to start.
type command struct {
	argv   []string
	env    []string // complete
	root   string   // the directory of the image's files; "" for none
	base   bool     // the machine's programs can be run as well
	dir    string   // working directory, absolute, as the container names it
	place  *place   // nil for the engine's own
	files  []*os.File
	tty    bool
	size   windowSize
	stdin  bool // the process has an input
	output *output

	credential *syscall.Credential // nil for the engine's own user
	limits     []ulimit
	group      *group // that bounds the memory; nil for none
}

type windowSize struct{ rows, cols uint16 }

// process is a running process, the leader of its session and process group.
type process struct {
	cmd   *exec.Cmd
	pid   int
	stdin io.WriteCloser // nil unless requested; writing to it may block
	tty   *os.File       // the terminal's other side, if it has one

	done chan struct{} // closed when it has ended and its output has been read
	code int           // exit status, 128+n after signal n; valid when done is closed
}

var errNoProgram = errors.New("executable file not found in $PATH")

// spawn starts a process and reads its output until its end. The caller holds e.mu and then, in a
// task that Close waits for, waits until the process is done.
func (e *Engine) spawn(c command) (*process, error) {
	path, err := c.lookUp(e.path("bin"))
	if err != nil {
		return nil, err
	}
	cmd := &exec.Cmd{Path: path, Args: c.argv, Env: c.env, ExtraFiles: c.files, SysProcAttr: processAttr()}
	cmd.SysProcAttr.Credential = c.credential
	limited := len(c.limits) > 0 || c.group != nil
	cmd.SysProcAttr.Ptrace = limited
	if cmd.Dir, err = c.workingDir(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	var theirs []*os.File // closed here once the process has its copies
	var readers []reader
	closeAll := func() {
		for _, f := range theirs {
			f.Close()
		}
		for _, r := range readers {
			r.f.Close()
		}
		if p.stdin != nil {
			p.stdin.Close()
		}
	}
	if c.tty {
		master, slave, err := openTerminal(c.size)
		if err != nil {
			return nil, err
		}
		p.tty, p.stdin = master, terminalInput{master}
		theirs = append(theirs, slave)
		readers = append(readers, reader{stdout, master})
		cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
		cmd.SysProcAttr.Setctty = true
	} else {
		for _, stream := range []byte{stdout, stderr} {
			r, w, err := os.Pipe()
			if err != nil {
				closeAll()
				return nil, err
			}
			theirs = append(theirs, w)
			readers = append(readers, reader{stream, r})
			if stream == stdout {
				cmd.Stdout = w
			} else {
				cmd.Stderr = w
			}
		}
		if c.stdin {
			r, w, err := os.Pipe()
			if err != nil {
				closeAll()
				return nil, err
			}
			theirs = append(theirs, r)
			cmd.Stdin, p.stdin = r, w
		}
	}
	err = e.start.do(func() error {
		if err := c.place.enter(); err != nil {
			return err
		}
		if err := e.places.within(c.place, cmd.Start); err != nil || !limited {
			return err
		}
		if err := limit(cmd.Process.Pid, c.limits, c.group); err != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait() // its status says the same
			return err
		}
		return nil
	})
	if err != nil {
		closeAll()
		return nil, unwrapPath(err)
	}
	// The slave stays open here until the process has been waited for: when its last copy is
	// closed, Linux drops unread output.
	var slave *os.File
	if c.tty {
		slave, theirs = theirs[0], nil
	}
	for _, f := range theirs {
		f.Close()
	}
	p.pid = cmd.Process.Pid
	go p.watch(e.log.Error, c.output, readers, slave)
	return p, nil
}

// watch reads the output until the end of the process, then the rest of it.
func (p *process) watch(report func(string, ...any), out *output, readers []reader, slave *os.File) {
	finished := make(chan struct{})
	for _, r := range readers {
		go func() {
			r.copy(out)
			finished <- struct{}{}
		}()
	}
	if err := p.reap(); err != nil {
		report("wait for a process", "pid", p.pid, "error", err)
	}
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case ok && status.Signaled():
		p.code = 128 + int(status.Signal())
	default:
		p.code = p.cmd.ProcessState.ExitCode()
	}
	out.release()
	for _, r := range readers {
		r.stop()
	}
	for range readers {
		<-finished
	}
	for _, r := range readers {
		r.f.Close()
	}
	if slave != nil {
		slave.Close()
	}
	if p.stdin != nil {
		p.stdin.Close()
	}
	out.end()
	close(p.done)
}

// reader reads one stream of a process.
type reader struct {
	stream byte
	f      *os.File
}

// pipeSize is the largest buffer of an ordinary user's pipe, or of a terminal.
const pipeSize = 1 << 20

// copy passes the output on until its end. After stop it reads only the buffered output: it does
// not wait for a survivor that holds the pipe.
func (r reader) copy(out *output) {
	for {
		b := make([]byte, 32<<10)
		n, err := r.f.Read(b)
		if n > 0 {
			out.write(r.stream, b[:n])
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			return // the end; from a terminal it is EIO
		}
	}
	if r.f.SetReadDeadline(time.Time{}) != nil {
		return
	}
	raw, err := r.f.SyscallConn()
	if err != nil {
		return
	}
	for left := pipeSize; left > 0; {
		b := make([]byte, 32<<10)
		n := 0
		err := raw.Read(func(fd uintptr) bool {
			n, err = syscall.Read(int(fd), b)
			return true // do not wait, even if there is nothing
		})
		if err != nil || n <= 0 {
			return
		}
		out.write(r.stream, b[:n])
		left -= n
	}
}

// stop makes copy read only the buffered output.
func (r reader) stop() {
	_ = r.f.SetReadDeadline(time.Unix(1, 0)) // it fails only for a closed file
}

// signal sends a signal to the process itself, as to the first process of a container. A process
// that has ended gets none.
func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// signalGroup sends a signal to the group, or to its remaining processes.
func (p *process) signalGroup(s syscall.Signal) { _ = syscall.Kill(-p.pid, s) }

// kill ends the process; reap then kills the rest of its group.
func (p *process) kill() { p.signal(syscall.SIGKILL) }

// lookUp finds the program of a command: among the image's files, then among the engine's own
// programs and the machine's.
func (c *command) lookUp(bin string) (string, error) {
	program := c.argv[0]
	var candidates []string
	if strings.Contains(program, "/") {
		abs := program
		if !filepath.IsAbs(abs) {
			abs = filepath.Join(c.dir, abs)
		}
		if c.root != "" {
			candidates = append(candidates, filepath.Join(c.root, abs))
		}
		if c.base {
			// /rng and /usr/bin/rng mean the engine's rng, unless the image has such a file.
			candidates = append(candidates, abs, filepath.Join(bin, filepath.Base(abs)))
		}
	} else {
		for _, dir := range filepath.SplitList(environ(c.env, "PATH")) {
			if c.root != "" && dir != bin {
				candidates = append(candidates, filepath.Join(c.root, dir, program))
			}
		}
		if c.base {
			for _, dir := range filepath.SplitList(environ(c.env, "PATH")) {
				candidates = append(candidates, filepath.Join(dir, program))
			}
		}
	}
	missing := errNoProgram
	for _, name := range candidates {
		info, err := os.Stat(name)
		switch {
		case err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0:
			return name, nil
		case err == nil && strings.Contains(program, "/"): // on PATH it is passed over
			missing = syscall.EACCES
		}
	}
	return "", missing
}

// workingDir returns a directory of the image, or else of the machine. Docker creates a missing
// one; here it is created among the image's files.
func (c *command) workingDir() (string, error) {
	if c.root != "" {
		dir := filepath.Join(c.root, c.dir)
		return dir, os.MkdirAll(dir, 0o755)
	}
	return c.dir, nil
}

// environ returns the last value of a variable.
func environ(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(env[i], name+"="); ok {
			return value
		}
	}
	return ""
}

// unwrapPath removes the engine's own paths from an error.
func unwrapPath(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// spawner starts processes from one thread that lives as long as the engine. Their parent-death
// signal is tied to the thread that started them.
type spawner struct {
	jobs chan func()
	over chan struct{}
}

func newSpawner() *spawner {
	s := &spawner{jobs: make(chan func()), over: make(chan struct{})}
	onOwnThread(func() {
		defer close(s.over)
		for job := range s.jobs {
			job()
		}
	})
	return s
}

// onOwnThread calls a function on a thread that ends with it: the function may tie processes to the
// thread, or move it to namespaces from which it cannot always return. It never is the main thread,
// which Go does not end, and whose namespaces /proc/self shows as those of the process.
func onOwnThread(f func()) {
	locked := func() {
		runtime.LockOSThread() // never unlocked
		f()
	}
	go func() {
		runtime.LockOSThread()
		if !onMainThread() {
			locked()
			return
		}
		defer runtime.UnlockOSThread()
		done := make(chan struct{})
		go func() {
			defer close(done)
			locked()
		}()
		<-done
	}()
}

func (s *spawner) do(start func() error) error {
	result := make(chan error, 1)
	s.jobs <- func() { result <- start() }
	return <-result
}

// close ends the thread. No process may be started after it.
func (s *spawner) close() {
	close(s.jobs)
	<-s.over
}

// terminalInput is the input of a terminal. Closing it does not end the output.
type terminalInput struct{ master *os.File }

func (t terminalInput) Write(p []byte) (int, error) { return t.master.Write(p) }

// Close does nothing: the reader of the output closes the terminal.
func (terminalInput) Close() error { return nil }

// capture runs a command and returns its status and its output, up to a limit. It kills the command
// when ctx ends.
func (e *Engine) capture(ctx context.Context, c command, limit int) (code int, text string, err error) {
	c.output = &output{}
	s, _ := c.output.attach(true, true)
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return 0, "", errors.New("the engine is closed")
	}
	p, err := e.spawn(c)
	e.mu.Unlock()
	if err != nil {
		return 0, "", err
	}
	stop := context.AfterFunc(ctx, p.kill)
	defer stop()
	var b []byte
	for chunks := s.pop(context.WithoutCancel(ctx)); len(chunks) > 0; chunks = s.pop(context.WithoutCancel(ctx)) {
		for _, ch := range chunks {
			b = append(b, ch.data[:min(len(ch.data), limit-len(b))]...)
		}
	}
	<-p.done
	if ctx.Err() != nil {
		return p.code, string(b), fmt.Errorf("killed: %w", ctx.Err())
	}
	return p.code, string(b), nil
}
