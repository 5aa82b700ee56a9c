package terminal

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"workshop/runner/screen"
)

// Size of a terminal when none is given.
const (
	DefaultCols = 80
	DefaultRows = 24
)

// Process is the shell's process.
type Process interface {
	Done() <-chan struct{} // closed when the process has ended
	Kill() error           // ends it; the starter's sandbox ends the processes that it left behind
}

// Command is the command that starts the shell.
type Command struct {
	Argv []string
	Env  []string
	Dir  string
	TTY  *os.File // its controlling terminal and standard streams
}

// Options of a session. The zero value is a bash of 80×24 in the working directory
// with an empty environment.
type Options struct {
	Cols, Rows int
	Shell      string   // path of a bash ≥ 4.4; "" means the one on PATH
	Pipefail   bool     // a pipeline has the status of the last command in it that failed
	Env        []string // of the shell; TERM is added if it is missing
	Dir        string
	Past       int    // number of lines to keep above the top of the screen, for [Session.Past]
	StateDir   string // existing folder for the start-up files, the caller's to remove; "" means a temporary one
	// StateSeen is the path at which the shell sees StateDir; "" means the same.
	StateSeen string
	// Start starts the shell. Nil: as a plain child process.
	Start func(Command) (Process, error)
	// Output gets every chunk that the terminal shows, in order. It must not block
	// nor call the session, and the bytes are valid during the call only.
	Output func([]byte)
	// Input gets every byte typed into the terminal, in order, except the questions for mark
	// S. It must not block nor call the session, and the bytes are valid during the call only.
	Input func([]byte)
	// Drawn gets the screen after each chunk. It must not block nor call the session.
	Drawn func(*screen.Screen)
}

// Session is an interactive shell on a terminal. Its methods must be called from one
// goroutine at a time, except Screen, View, Past, Type, Pace, Close and Resize.
type Session struct {
	dev     *device
	proc    Process
	hooks   hooks
	tempDir string
	wg      sync.WaitGroup
	closing chan struct{}
	once    sync.Once
	closed  error        // the result of Close
	pace    atomic.Int64 // of typing, in nanoseconds a character

	mu       sync.Mutex // of all below
	prompt   prompt
	buf      []byte // of pump
	received int64  // number of bytes from the terminal
	waiter   *waiter
	queue    queue
	position position // the beginning of the next Expect
	watch    watch
}

// hooks are those of [Options]; each may be nil.
type hooks struct {
	output, input func([]byte)
	drawn         func(*screen.Screen)
}

// waiter is the one awaited condition.
type waiter struct {
	holds func() bool
	done  chan struct{}
}

// Start starts a shell and returns when it shows its first prompt.
func Start(ctx context.Context, opts Options) (*Session, error) {
	if opts.Cols <= 0 || opts.Rows <= 0 {
		opts.Cols, opts.Rows = DefaultCols, DefaultRows
	}
	if opts.Shell == "" {
		path, err := exec.LookPath("bash")
		if err != nil {
			return nil, fmt.Errorf("find a shell: %w", err)
		}
		opts.Shell = path
	}
	if opts.Start == nil {
		opts.Start = startChild
	}
	s := &Session{
		hooks: hooks{opts.Output, opts.Input, opts.Drawn}, closing: make(chan struct{}), buf: make([]byte, 64<<10),
	}
	dir := opts.StateDir
	if dir == "" {
		temp, err := os.MkdirTemp("", "workshop-shell-")
		if err != nil {
			return nil, err
		}
		dir, s.tempDir = temp, temp
	}
	if err := s.start(opts, dir); err != nil {
		s.removeTemp()
		return nil, err
	}
	if err := s.await(ctx, s.prompt.back); err != nil {
		err = fmt.Errorf("the shell shows no prompt: %w%s", err, s.silence())
		return nil, errors.Join(err, s.Close())
	}
	if s.ended() {
		shown := strings.Join(s.Screen(), " ")
		return nil, errors.Join(fmt.Errorf("%w before its first prompt: %s", ErrEnded, shown), s.Close())
	}
	return s, nil
}

// silence says what a shell without a prompt has shown and what it does, to find out why.
func (s *Session) silence() string {
	s.mu.Lock()
	bytes, state, exchange := s.received, s.prompt.state, s.prompt.exchange != nil
	s.mu.Unlock()
	said := fmt.Sprintf("; it has written %d bytes", bytes)
	if screen := strings.TrimSpace(strings.Join(s.Screen(), "\n")); screen != "" {
		said += fmt.Sprintf(", and the screen shows %q", screen)
	}
	if state != starting || exchange {
		said += fmt.Sprintf(" (its prompt is in state %d)", state)
	}
	if group := s.dev.foreground(); group > 0 {
		said += fmt.Sprintf("; in the foreground is %q%s", strings.Join(commandLine(group), " "), doing(group))
	}
	return said
}

func (s *Session) start(opts Options, dir string) error {
	token := strings.ToLower(rand.Text())
	argv, env, err := writeStartup(opts.Shell, dir, cmp.Or(opts.StateSeen, dir), token)
	if err != nil {
		return err
	}
	if opts.Pipefail {
		argv = append(argv, "-o", "pipefail")
	}
	if s.dev, err = openDevice(opts.Cols, opts.Rows); err != nil {
		return err
	}
	s.prompt = prompt{world: s.dev, keyboard: s, token: token, rc: argv[slices.Index(argv, "--rcfile")+1]}
	s.prompt.begin(opts.Cols, opts.Rows)
	if opts.Past > 0 {
		s.prompt.out.screen.Keep(opts.Past)
	}
	env = append(append([]string{"TERM=xterm-256color"}, opts.Env...), env...)
	s.proc, err = opts.Start(Command{Argv: argv, Env: env, Dir: opts.Dir, TTY: s.dev.tty})
	if err != nil {
		return errors.Join(fmt.Errorf("start the shell: %w", err), s.dev.Close())
	}
	s.queue.wake = make(chan struct{}, 1)
	s.wg.Go(func() {
		s.dev.readLoop(func(fd int) bool {
			s.mu.Lock()
			waiter := s.waiter
			drained := s.pump(fd)
			woken := waiter != s.waiter
			s.mu.Unlock()
			if woken {
				runtime.Gosched() // the waiter goes on in this thread, before another one is awake
			}
			return drained
		})
	})
	s.wg.Go(s.writeLoop)
	s.wg.Go(func() {
		select {
		case <-s.proc.Done():
			s.mu.Lock()
			defer s.mu.Unlock()
			s.drain()
			s.prompt.end()
			s.notify()
		case <-s.closing:
		}
	})
	return nil
}

// startChild starts the shell as a plain child, in a session of its own.
func startChild(c Command) (Process, error) {
	cmd := exec.Command(c.Argv[0], c.Argv[1:]...) //nolint:noctx // it lives until Close ends it
	cmd.Env, cmd.Dir = c.Env, c.Dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.TTY, c.TTY, c.TTY
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &child{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait()
	}()
	return p, nil
}

type child struct {
	cmd  *exec.Cmd
	done chan struct{}
}

func (p *child) Done() <-chan struct{} { return p.done }
func (p *child) Kill() error           { return p.cmd.Process.Kill() }

// Close ends the shell, waits for it and hangs up. It may be called twice.
func (s *Session) Close() error {
	s.once.Do(func() { s.closed = s.end() })
	return s.closed
}

func (s *Session) end() error {
	err := s.proc.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-s.proc.Done()
	close(s.closing)
	s.dev.stop()
	s.wg.Wait()
	err = errors.Join(err, s.dev.Close())
	s.removeTemp()
	return err
}

func (s *Session) removeTemp() {
	if s.tempDir != "" {
		_ = os.RemoveAll(s.tempDir)
	}
}

// Resize changes the terminal's size in cells; programs get SIGWINCH.
func (s *Session) Resize(cols, rows int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prompt.out.screen.Resize(cols, rows)
	s.prompt.out.transcript.resize(cols, rows)
	return s.dev.resize(cols, rows)
}

// Screen is the screen as drawn, one string a row, trailing blanks removed, without
// the empty rows at its end.
func (s *Session) Screen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.drawn()
}

// ScreenText is the text of the screen, a line feed behind each line; lines that were
// wrapped for want of room are whole.
func (s *Session) ScreenText() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	var b []byte
	s.prompt.out.eachLine(0, func(l *line) bool {
		b = append(b, strings.TrimRight(l.text(0, l.len()), " ")...)
		b = append(b, '\n')
		return true
	})
	return string(b)
}

func (s *Session) drawn() []string {
	return s.prompt.out.screen.Text()
}

// Draw calls Options.Drawn.
func (s *Session) Draw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hooks.drawn != nil {
		s.hooks.drawn(s.prompt.out.screen)
	}
}

// View is a copy of the terminal's present view.
func (s *Session) View() screen.View {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prompt.out.screen.View()
}

// Past returns up to n of the lines that left the screen at the top, from the one that is
// top lines above it on. [Options.Past] is the number of kept lines.
func (s *Session) Past(top, n int) []screen.Line {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prompt.out.screen.Past(top, n)
}

// pump reads once and processes the bytes. It reports whether there were none.
func (s *Session) pump(fd int) (drained bool) {
	n, drained := s.dev.read(fd, s.buf)
	if n > 0 {
		s.feed(s.buf[:n])
		s.notify()
	}
	return drained
}

// drain reads the pending output, so that it does not count as written after a mark. It stops
// after some megabytes, for a program that never stops writing.
func (s *Session) drain() {
	_ = s.dev.withFD(func(fd int) {
		for range 256 {
			if s.pump(fd) {
				return
			}
		}
	})
}

// feed gives the prompt bytes of the terminal.
func (s *Session) feed(b []byte) {
	s.received += int64(len(b))
	s.show(s.prompt.reveal(b))
	s.deliver()
}

// show shows bytes on the screen, which calls the prompt's hooks.
func (s *Session) show(b []byte) {
	if len(b) == 0 {
		return
	}
	if s.hooks.output != nil {
		s.hooks.output(b)
	}
	s.prompt.out.show(b)
	if s.hooks.drawn != nil {
		s.hooks.drawn(s.prompt.out.screen)
	}
}

// AwaitEnd blocks until the shell has ended.
func (s *Session) AwaitEnd(ctx context.Context) error {
	return s.await(ctx, func() bool { return s.prompt.state == ended })
}

// notify wakes the waiter if its condition holds now.
func (s *Session) notify() {
	s.watch.look(&s.prompt.out)
	if w := s.waiter; w != nil && w.holds() {
		s.waiter = nil
		close(w.done)
	}
}

// await blocks until a condition holds. The condition is evaluated with the lock
// held, at once and then after each chunk that was read.
func (s *Session) await(ctx context.Context, holds func() bool) error {
	s.mu.Lock()
	if holds() {
		s.mu.Unlock()
		return nil
	}
	w := &waiter{holds: holds, done: make(chan struct{})}
	s.waiter = w
	s.mu.Unlock()
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-w.done: // at the last moment
		return nil
	default:
		s.waiter = nil
		return ctx.Err()
	}
}

// awaitFor is await with a limit of its own: it reports whether the condition held in time. Most
// conditions hold at once, and then need no timer, which may wake a thread.
func (s *Session) awaitFor(ctx context.Context, d time.Duration, holds func() bool) bool {
	if s.holds(holds) {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return s.await(ctx, holds) == nil
}

// holds reports whether a condition holds now; it is evaluated with the lock held.
func (s *Session) holds(condition func() bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return condition()
}

// Ended reports whether the shell has ended.
func (s *Session) Ended() bool { return s.ended() }

func (s *Session) ended() bool {
	return s.holds(func() bool { return s.prompt.state == ended })
}

// queue holds the bytes that could not be written at once.
type queue struct {
	pending []byte
	wake    chan struct{}
	byHand  []byte // a person's, which wait for the end of an exchange with a shell
	hold    bool   // they wait also until that shell reads
}

// enqueue writes as many bytes to the terminal as fit, and leaves the rest to writeLoop: the
// reader must never wait for a program that does not read.
func (s *Session) enqueue(b []byte) {
	if s.hooks.input != nil {
		s.hooks.input(b)
	}
	s.send(b)
}

// send is enqueue for bytes that belong to no step: [Options.Input] does not get them.
func (s *Session) send(b []byte) {
	if len(s.queue.pending) == 0 {
		n := 0
		_ = s.dev.withFD(func(fd int) { n = s.dev.write(fd, b) })
		b = b[n:]
	}
	if len(b) == 0 {
		return
	}
	s.queue.pending = append(s.queue.pending, b...)
	select {
	case s.queue.wake <- struct{}{}:
	default:
	}
}

// replies bounds the pending input, in bytes. Beyond it, answers to queries of the terminal
// are dropped: a program can ask without ever reading.
const replies = 64 << 10

// reply types an answer to a query.
func (s *Session) reply(b []byte) {
	if len(s.queue.pending) < replies {
		s.enqueue(b)
	}
}

func (s *Session) writeLoop() {
	for {
		select {
		case <-s.closing:
			return
		case <-s.queue.wake:
		}
		for {
			s.mu.Lock()
			n := min(len(s.queue.pending), 4096)
			b := append([]byte(nil), s.queue.pending[:n]...)
			s.mu.Unlock()
			if n == 0 {
				break
			}
			if !s.dev.writeAll(b) {
				return // stopped
			}
			s.mu.Lock()
			s.queue.pending = s.queue.pending[n:]
			s.mu.Unlock()
		}
	}
}
