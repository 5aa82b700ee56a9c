package runner

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"workshop/runner/sandbox"
	"workshop/runner/screen"
	"workshop/runner/terminal"
)

// session is a session in progress: its sandbox, stack and shell.
type session struct {
	run    *run
	plan   *Session
	limits Limits

	dir     string // as the runner sees it; see [sandbox.Sandbox.Inside] for the paths of the session
	work    string // likewise
	env     []string
	sandbox *sandbox.Sandbox
	stack   Stack
	lost    error          // the reason why the session cannot go on
	held    map[string]int // the statuses of terms
	ready   bool           // its set-up has run
	wants   *wants         // things that its exercises did not leave behind

	reported struct { // the end of the output in step results so far
		shell *terminal.Session
		at    terminal.Position
	}

	clipboard string // of copy and paste
	figures   map[string]measurement
	unsteady  map[*Step]bool // figures without an estimate

	exercise *ExerciseResult // under way
	result   *StepResult     // of the step under way

	terminals
}

// terminals are the panes of a session, and what a person sees of them.
type terminals struct {
	panes    map[int]*pane
	active   *pane     // the one with the keyboard
	gone     *departed // set until the next typing
	windows  *windows
	view     *screen.Composite
	resizing sync.Mutex // excludes a resize during the replacement or division of the terminal
}

// open starts a session, or takes one that waits. A session that has its shell already is ready.
func (r *run) open(ctx context.Context, plan *Session) (*session, error) {
	s := r.opts.Waiting.take(ctx, r, plan)
	if s == nil {
		var err error
		if s, err = r.prepare(ctx, plan); err != nil {
			return nil, err
		}
	}
	if s.active.shell != nil {
		return s, nil
	}
	if err := s.makeReady(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// prepare makes a session without its set-up and its shell: a folder that is removed with it, a
// sandbox, a stack.
func (r *run) prepare(ctx context.Context, plan *Session) (_ *session, err error) {
	s := &session{
		run: r, plan: plan, limits: r.opts.Limits, held: map[string]int{}, figures: map[string]measurement{},
		unsteady: map[*Step]bool{},
	}
	s.windows = newWindows(r.opts.Cols, r.opts.Rows)
	s.active = &pane{session: s}
	s.panes = map[int]*pane{0: s.active}
	s.view = screen.NewComposite(func(b []byte) { r.emit(Event{Kind: EventOutput, Data: b}) })
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	// The supervisor makes the folder, so that it is removed whenever the runner is killed.
	s.dir = newFolder()
	opts := r.opts.Sandbox
	opts.Remove = s.dir
	if s.sandbox, err = sandbox.Start(ctx, opts); err != nil {
		return nil, err
	}
	home, tmp := filepath.Join(s.dir, "home"), filepath.Join(s.dir, "tmp")
	bin, state := filepath.Join(s.dir, "bin"), filepath.Join(s.dir, "shell")
	for _, d := range []string{home, tmp, bin, state} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return nil, err
		}
	}
	if err := s.prepareWork(); err != nil {
		return nil, err
	}
	r.addNote(isolationNote(s.sandbox, opts))
	s.env = mergeEnv(r.opts.Env, plan.Env, r.opts.Override)
	inside := s.sandbox.Inside
	s.env = append(s.env, "HOME="+inside(home), "TMPDIR="+inside(tmp), "PATH="+inside(bin)+string(os.PathListSeparator)+r.opts.Path,
		"PWD="+inside(s.work))
	if r.opts.Stack != nil {
		host := Host{Dir: s.dir, Bin: bin, Work: s.work, Deck: plan.Deck, Session: plan, Sandbox: s.sandbox}
		if s.stack, err = r.opts.Stack(ctx, host); err != nil {
			return nil, err
		}
		s.env = append(s.env, s.stack.Env()...)
		r.stackNotes(s)
	}
	return s, nil
}

// makeReady makes the mirrors, runs the set-up, and starts the shell, unless no exercise can run.
func (s *session) makeReady(ctx context.Context) error {
	if idle, err := s.idle(ctx); idle || err != nil {
		return err
	}
	if err := s.mirror(ctx); err != nil {
		return err
	}
	if err := s.setUp(ctx); err != nil {
		return err
	}
	s.resizing.Lock()
	defer s.resizing.Unlock()
	return s.active.start(ctx)
}

// maxFolder is the greatest length, in bytes, of the path of a session's folder. It leaves room
// for the names of sockets, whose paths have at most 107 bytes on Linux (unix(7)) and 103 on macOS.
const maxFolder = 80

// newFolder is the name of a new session's folder: in TMPDIR, or in /tmp if that path is too long
// for sockets.
func newFolder() string {
	name := "workshop-" + strconv.FormatUint(rand.Uint64(), 10)
	dir := filepath.Join(os.TempDir(), name)
	if len(dir) > maxFolder && writable("/tmp") {
		return filepath.Join("/tmp", name)
	}
	return dir // without sockets a long path suffices
}

// writable reports whether files can be made in a directory.
func writable(dir string) bool { return unix.Access(dir, unix.W_OK|unix.X_OK) == nil }

func isolationNote(sb *sandbox.Sandbox, opts sandbox.Options) string {
	note := "sessions are isolated by a " + string(sb.Isolation())
	switch {
	case sb.Isolation() == sandbox.Group:
		note += ", which what detaches itself can outlive"
	case sb.PrivateNetwork():
		note += " with a network of its own (--network host gives them the machine's)"
	case opts.PrivateNetwork:
		note += "; a network of their own cannot be had here, so they share the machine's"
	}
	if err := sb.Unplaced(); err != nil {
		note += fmt.Sprintf("; their directories have random names, not %s: %v", opts.Place, err)
	}
	return note
}

func (s *session) prepareWork() error {
	w := Workdir{Name: "work"}
	if s.run.opts.Workdir != nil {
		var err error
		if w, err = s.run.opts.Workdir(s.plan); err != nil {
			return err
		}
	}
	if s.work = w.Place; s.work != "" {
		return nil
	}
	s.work = filepath.Join(s.dir, "work", w.Name)
	return copyTree(s.work, w.FS)
}

// end tears the session down and closes it.
func (s *session) end(ctx context.Context) error {
	var torn error
	if s.ready {
		torn = s.tearDown(ctx)
	}
	return errors.Join(torn, s.Close())
}

// Close ends everything that the session started and removes its folder.
func (s *session) Close() error {
	var errs []error
	for _, p := range s.panes {
		if p.shell != nil {
			errs = append(errs, p.shell.Close())
		}
	}
	if s.stack != nil {
		errs = append(errs, s.stack.Close())
	}
	if s.sandbox != nil {
		errs = append(errs, s.sandbox.Close())
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

// firstLine is the first line of a snippet, with an ellipsis if there are more.
func firstLine(s string) string {
	first, rest, more := strings.Cut(strings.TrimSpace(s), "\n")
	if more && strings.TrimSpace(rest) != "" {
		first += " …"
	}
	return first
}

// mergeEnv joins environments. A later variable replaces an earlier one of its name.
func mergeEnv(all ...[]string) []string {
	at := map[string]int{}
	var env []string
	for _, kv := range slices.Concat(all...) {
		name, _, _ := strings.Cut(kv, "=")
		if i, ok := at[name]; ok {
			env[i] = kv
			continue
		}
		at[name] = len(env)
		env = append(env, kv)
	}
	return env
}

func quote(s string) string { return "`" + s + "`" }
