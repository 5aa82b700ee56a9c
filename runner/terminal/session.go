package terminal

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Size of a terminal when none is given.
const (
	DefaultCols = 80
	DefaultRows = 24
)

// Process is the shell as its starter knows it.
type Process interface {
	Done() <-chan struct{} // closed when the process has ended
	Kill() error           // ends it; the starter's sandbox ends what it left behind
}

// Command is how the shell is to be started.
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
	Env        []string // of the shell; TERM is added where it is missing
	Dir        string
	Past       int    // lines that left the screen at the top to be kept, for [Session.Past]
	StateDir   string // existing folder for the start-up files, the caller's to remove; "" means a temporary one
	// Start starts the shell. Nil: as a plain child process.
	Start func(Command) (Process, error)
	// Output gets every chunk that the terminal shows, in order. It must not block
	// nor call the session, and the bytes are valid during the call only.
	Output func([]byte)
	// Input gets everything that is typed into the terminal, in order, on the same terms.
	Input func([]byte)
	// Drawn gets the screen after each chunk. The same goes for it.
	Drawn func(*Screen)
}

// state is what the shell does, as its marks say.
type state int

const (
	starting  state = iota
	ready           // at its prompt
	sent            // a line was typed, nothing came of it yet
	continued       // at a continuation prompt
	running         // a command runs
	prompting       // it is about to show its prompt
	ended           // the shell is gone
)

// Session is an interactive shell on a terminal. Its methods are to be called from
// one goroutine at a time, but for Screen, View, Past, Type, Pace, Close and Resize.
type Session struct {
	token   string
	nested  []shell // inside the session's own
	probe   *probe  // a shell that is being integrated
	refused int     // the process group that was last asked to be
	dev     *device
	proc    Process
	output  func([]byte)
	input   func([]byte)
	show    func(*Screen)
	tempDir string
	wg      sync.WaitGroup
	closing chan struct{}
	once    sync.Once
	closed  error // what Close returns

	mu      sync.Mutex
	buf     []byte // of pump
	screen  *Screen
	classes []class // by epoch
	echo    echo
	text    stream
	state   state
	waiter  *waiter
	scratch line
	out     queue
	hand    Hand
	pace    atomic.Int64 // of typing, in nanoseconds a character

	shell      int  // the shell's process group
	status     int  // of the last command since the last Submit; 0 if none ran
	lastStatus int  // what the last D mark said
	number     int  // bash's command number in the last D mark
	ran        bool // a command has begun since the last Submit
	failures   []LineStatus
	line       bool     // the line that was typed has been echoed
	complaint  bool     // the shell said something of it instead of running a command
	heard      []byte   // what came behind it, in case a command runs after all
	received   int64    // bytes, from the terminal
	redrawn    bool     // the prompt that is being shown is the same as before
	away       bool     // its prompts are: standard error was redirected
	prompt     position // where the shell's prompt ended
	dirty      bool     // keys or answers may stand behind the prompt
	control    bool     // and have begun a command of the line editor
	typed      bool     // keys stand behind the prompt, as far as is known
	leaving    bool     // ^D was typed at an empty line: the shell is about to end
	inherited  bool     // the last command was a shell that ended with its last command's status
	saidSince  bool     // output since the last C mark
	awake      bool     // the program in the foreground is known to read keys
	interrupt  bool     // an interrupt key was typed; its effect may still come
	missed     bool     // and no program need have got it
	position   position
	submitted  int64    // where the stream ended at the last Submit
	watches    []search // for what must not appear since the last Submit
	watched    position // from where they look
	rejected   *RejectedError
}

// class says what the cells and the text of an epoch are.
type class uint8

const (
	classPrompt class = iota // never matched
	classEcho                // never matched
	classOutput
)

// waiter is the one condition that somebody waits for.
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
	s := &Session{token: strings.ToLower(rand.Text()), output: opts.Output, input: opts.Input, show: opts.Drawn, closing: make(chan struct{}), buf: make([]byte, 64<<10)}
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
	if err := s.await(ctx, func() bool { return s.state == ready || s.state == ended }); err != nil {
		err = fmt.Errorf("the shell shows no prompt: %w", err)
		return nil, errors.Join(err, s.Close())
	}
	if s.ended() {
		screen := strings.Join(s.Screen(), " ")
		return nil, errors.Join(fmt.Errorf("%w before its first prompt: %s", ErrEnded, screen), s.Close())
	}
	return s, nil
}

func (s *Session) start(opts Options, dir string) error {
	argv, env, err := writeStartup(opts.Shell, dir, s.token)
	if err != nil {
		return err
	}
	if s.dev, err = openDevice(opts.Cols, opts.Rows); err != nil {
		return err
	}
	s.screen = NewScreen(opts.Cols, opts.Rows, Hooks{OSC: s.osc, Text: s.printed, Reply: s.reply})
	if opts.Past > 0 {
		s.screen.past = &past{limit: opts.Past}
	}
	s.text.init()
	s.begin(classPrompt)
	env = append(append([]string{"TERM=xterm-256color"}, opts.Env...), env...)
	s.proc, err = opts.Start(Command{Argv: argv, Env: env, Dir: opts.Dir, TTY: s.dev.tty})
	if err != nil {
		return errors.Join(fmt.Errorf("start the shell: %w", err), s.dev.Close())
	}
	s.out.wake = make(chan struct{}, 1)
	s.wg.Go(func() {
		s.dev.readLoop(func(fd int) bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.pump(fd)
		})
	})
	s.wg.Go(s.writeLoop)
	s.wg.Go(func() {
		select {
		case <-s.proc.Done():
			s.mu.Lock()
			defer s.mu.Unlock()
			s.drain()
			s.state = ended
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
	s.unblock()
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
	s.screen.Resize(cols, rows)
	return s.dev.resize(cols, rows)
}

// Screen is the screen as drawn, one string a row, trailing blanks removed, without
// the empty rows at its end.
func (s *Session) Screen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.drawn()
}

// ScreenText is what the screen shows, a line feed behind each line; lines that were
// wrapped for want of room are whole.
func (s *Session) ScreenText() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	var b []byte
	s.eachLine(0, func(l *line) bool {
		b = append(b, strings.TrimRight(l.text(0, l.len()), " ")...)
		b = append(b, '\n')
		return true
	})
	return string(b)
}

func (s *Session) drawn() []string {
	return withoutEmpty(s.screen.Lines())
}

// Draw calls Options.Drawn.
func (s *Session) Draw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.show != nil {
		s.show(s.screen)
	}
}

// withoutEmpty removes the empty rows at the end.
func withoutEmpty(lines []string) []string {
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// pump reads once and follows what came. It reports whether there was nothing.
func (s *Session) pump(fd int) (drained bool) {
	n, drained := s.dev.read(fd, s.buf)
	if n > 0 {
		s.feed(s.buf[:n])
		s.notify()
	}
	return drained
}

// drain reads what is there now, so that it does not count as written after a mark.
// A program that never stops writing is left after some megabytes.
func (s *Session) drain() {
	_ = s.dev.withFD(func(fd int) {
		for range 256 {
			if s.pump(fd) {
				return
			}
		}
	})
}

// feed shows bytes on the screen; the hooks osc and printed are called from it.
func (s *Session) feed(b []byte) {
	s.received += int64(len(b))
	if s.probe != nil {
		if b = s.probe.take(b, s); len(b) == 0 {
			return
		}
	}
	if s.output != nil {
		s.output(b)
	}
	for len(b) > 0 {
		n := s.echo.next(b, s)
		_, _ = s.screen.Write(b[:n])
		b = b[n:]
	}
	if s.show != nil {
		s.show(s.screen)
	}
}

// AwaitEnd blocks until the shell has ended.
func (s *Session) AwaitEnd(ctx context.Context) error {
	return s.await(ctx, func() bool { return s.state == ended })
}

// begin opens a new epoch: what is shown from here on is of class c.
func (s *Session) begin(c class) {
	s.classes = append(s.classes, c)
	s.screen.SetEpoch(uint32(len(s.classes) - 1))
}

// printed is the screen's hook for text, escape sequences stripped.
func (s *Session) printed(b []byte) {
	switch {
	case s.echo.holding():
		s.echo.held = append(s.echo.held, b...)
	case s.classes[len(s.classes)-1] == classOutput:
		s.text.append(b)
		s.saidSince = true
	case s.state == sent:
		s.hear(b)
	}
}

// hear tells a complaint of the shell, such as a syntax error, from a line that has
// nothing to run: it comes behind the echo, and no command begins.
func (s *Session) hear(b []byte) {
	if !s.line {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return
		}
		s.line, b = true, b[i+1:]
	}
	s.complaint = s.complaint || len(bytes.TrimSpace(b)) > 0
	s.heard = append(s.heard, b[:min(len(b), window-len(s.heard))]...)
}

// missMark makes up for a mark C that never comes: a program such as tmux discards
// what it finds unread in the terminal when it begins (tcflush(3)). The evidence that
// one runs is that the shell is no longer in the foreground, or no shell any more; all
// that it wrote before that is read first.
func (s *Session) missMark() {
	s.mu.Lock()
	defer s.mu.Unlock()
	group := s.dev.foreground()
	if s.state != sent || len(s.nested) > 0 || group <= 0 {
		return
	}
	if argv := commandLine(group); group == s.shell && (len(argv) == 0 || isShell(argv)) {
		return
	}
	s.drain()
	if s.state != sent {
		return
	}
	heard := s.heard
	s.state, s.ran, s.saidSince, s.awake, s.interrupt = running, true, len(heard) > 0, false, false
	if s.screen.AltScreen() { // where the echo does not stand
		s.classes[len(s.classes)-1] = classOutput
	}
	s.begin(classOutput)
	s.text.append(heard)
	s.notify()
}

// osc is the screen's hook for operating system commands: our marks.
func (s *Session) osc(data []byte) {
	m, level, ok := s.parse(string(data))
	if !ok || s.state == ended {
		return
	}
	left := level < len(s.nested) && (m.kind == 'D' || m.kind == 'E')
	inherited := left && m.status == s.lastStatus
	if left {
		s.leave(level)
	}
	switch m.kind {
	case 'C':
		switch {
		case s.state == sent || s.state == continued:
		case s.state == ready && m.number >= s.number:
			s.typedAhead()
		default:
			return // replayed: nothing was typed
		}
		s.state, s.ran, s.saidSince, s.awake, s.interrupt = running, true, false, false, false
		s.hand.begins()
		s.begin(classOutput)
	case 'D':
		// A line that was typed to a shell that has ended meanwhile is the next one's to take.
		s.redrawn = s.state == ready || s.state == sent && (left || !s.line)
		switch {
		case s.redrawn: // by the line editor, for a new size: nothing has ended
			s.begin(classPrompt)
		case s.command(m):
			s.state, s.inherited = prompting, inherited
			s.echo.reset(s)
			s.text.cut()
			s.begin(classPrompt)
		}
	case 'E':
		if s.command(m) {
			s.away, s.inherited = true, inherited
			s.ready()
		}
	case 'B':
		s.away = false
		switch {
		case s.redrawn && s.state == sent:
			s.begin(classEcho)
		case s.redrawn:
			s.begin(classOutput)
		case s.state == prompting:
			s.ready()
		}
	case '2':
		if s.state == sent || s.state == running && !s.marksBegin() {
			s.echo.reset(s)
			s.state, s.line = continued, false
		}
	}
}

// command notes that the shell is back from a command, or that nothing ran. The
// number rises with each command: a mark that somebody replays while a command runs
// has an old one, and is no mark.
func (s *Session) command(m mark) bool {
	switch {
	case s.state == running && m.number <= s.number && !s.away && !s.leaving && s.marksBegin():
		return false
	case m.number > s.number, m.status != s.lastStatus, s.complaint, !s.marksBegin() && s.ran:
		s.status = m.status
	}
	s.lastStatus, s.number, s.complaint = m.status, m.number, false
	return true
}

// typedAhead makes an echo of what has come since the prompt: a line that was typed
// while the command before it ran has just begun.
func (s *Session) typedAhead() {
	for i := s.prompt.epoch; int(i) < len(s.classes); i++ {
		s.classes[i] = classEcho
	}
	s.text.forget(s.prompt.offset)
}

// ready notes that the shell reads a line. What comes now, until something is
// typed, is the output of background jobs.
func (s *Session) ready() {
	s.echo.reset(s)
	s.state, s.typed, s.leaving = ready, false, false
	s.begin(classOutput)
	s.prompt = position{offset: s.text.end(), epoch: uint32(len(s.classes) - 1)}
	if group := s.dev.foreground(); len(s.nested) == 0 {
		s.shell = group
	} else if inner := &s.nested[len(s.nested)-1]; inner.group == 0 && isShell(commandLine(group)) {
		inner.group = group
	}
}

// notify follows what came: it wakes the waiter if its condition holds now.
func (s *Session) notify() {
	s.watch()
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

// awaitFor is await with a limit of its own: it reports whether the condition came to hold.
func (s *Session) awaitFor(ctx context.Context, d time.Duration, holds func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return s.await(ctx, holds) == nil
}

// Ended reports whether the shell has ended.
func (s *Session) Ended() bool { return s.ended() }

func (s *Session) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == ended
}

// queue holds what could not be written at once.
type queue struct {
	pending []byte
	wake    chan struct{}
}

// enqueue writes to the terminal what fits and leaves the rest to writeLoop: the
// reader must never wait for a program that does not read.
func (s *Session) enqueue(b []byte) {
	if s.input != nil {
		s.input(b)
	}
	if len(s.out.pending) == 0 {
		n := 0
		_ = s.dev.withFD(func(fd int) { n = s.dev.write(fd, b) })
		b = b[n:]
	}
	if len(b) == 0 {
		return
	}
	s.out.pending = append(s.out.pending, b...)
	select {
	case s.out.wake <- struct{}{}:
	default:
	}
}

// unblock ends a write that a program which does not read holds up.
func (s *Session) unblock() { _ = s.dev.master.SetWriteDeadline(time.Unix(1, 0)) }

// replies is how much may wait to be written before answers to the terminal's own
// queries are dropped, in bytes: a program can ask without ever reading.
const replies = 64 << 10

// reply is the screen's hook for answers to queries.
func (s *Session) reply(b []byte) {
	s.dirty = true
	if len(s.out.pending) < replies {
		s.enqueue(b)
	}
}

func (s *Session) writeLoop() {
	for {
		select {
		case <-s.closing:
			return
		case <-s.out.wake:
		}
		for {
			s.mu.Lock()
			n := min(len(s.out.pending), 4096)
			b := append([]byte(nil), s.out.pending[:n]...)
			s.mu.Unlock()
			if n == 0 {
				break
			}
			if _, err := s.dev.master.Write(b); err != nil {
				return // closed
			}
			s.mu.Lock()
			s.out.pending = s.out.pending[n:]
			s.mu.Unlock()
		}
	}
}
