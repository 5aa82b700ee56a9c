package present

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/ledger"
	"workshop/runner/sandbox"
)

func TestMain(m *testing.M) {
	if code, ok := sandbox.Main(); ok {
		os.Exit(code)
	}
	goleak.VerifyTestMain(m)
}

// hall is a talk about a deck in a folder.
type hall struct {
	*Talk
	t   *testing.T
	dir string
	w   *Watcher
}

// load reads the deck of a folder.
func load(dir string) (*Source, error) {
	deck, err := markdown.Load(os.DirFS(dir), "deck.md", markdown.Options{Directives: runner.DirectiveNames()})
	if err != nil {
		return nil, err
	}
	plan, err := runner.Compile(deck)
	if err != nil {
		return nil, err
	}
	limits := runner.Limits{Wait: 5 * time.Second, Step: 5 * time.Second}
	return &Source{
		Plan: plan, Run: runner.Options{Path: os.Getenv("PATH"), Limits: limits}, Files: []string{filepath.Join(dir, "deck.md")},
	}, nil
}

func openHall(t *testing.T, dir, deck string, opts Options) *hall {
	t.Helper()
	h := &hall{t: t, dir: dir}
	if deck != "" {
		h.write(deck)
	}
	src, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	opts.Load = func() (*Source, error) { return load(dir) }
	if h.Talk, err = Open(t.Context(), src, opts); err != nil {
		t.Fatal(err)
	}
	h.w = h.Watch()
	t.Cleanup(h.close)
	return h
}

func (h *hall) close() {
	if err := h.Close(); err != nil {
		h.t.Error(err)
	}
}

func (h *hall) write(deck string) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(h.dir, "deck.md"), []byte(deck), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// until waits for a state.
func (h *hall) until(what string, holds func(*State) bool) *State {
	h.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		s := h.State()
		if holds(s) {
			return s
		}
		select {
		case <-h.w.Changed():
		case <-limit:
			h.t.Fatalf("never: %s\nslide %d step %d busy %q message %q trouble %+v\n%s",
				what, s.Slide, s.Step, s.Busy, s.Message.Text, s.Trouble, liveScreen(s))
		}
	}
}

func liveScreen(s *State) string {
	if s.Terminal == nil {
		return ""
	}
	var lines []string
	for _, l := range s.Terminal.Lines {
		lines = append(lines, strings.TrimRight(l.String(), " "))
	}
	return strings.Join(lines, "\n")
}

// do sends a command and waits until it was carried out.
func (h *hall) do(c Command) *State {
	h.t.Helper()
	before := h.State().Gen
	h.Do(c)
	if h.State().Gen == before {
		h.t.Fatalf("%+v was not carried out", c)
	}
	return h.State()
}

func idle(s *State) bool { return s.Running == nil && s.Busy == "" }

// run runs the selected step and waits for its end.
func (h *hall) run() *State { return h.runAnd(func() {}) }

// runAnd runs the selected step, calls a function as soon as the step is running, and waits for
// the end of the step.
func (h *hall) runAnd(f func()) *State {
	h.t.Helper()
	n := len(h.State().Log)
	h.Do(Command{Do: VerbRun})
	f()
	return h.until("the step ends", func(s *State) bool { return idle(s) && (len(s.Log) > n || s.Trouble != nil) })
}

const small = "# One\n\nHello\n\n---\n\n" +
	"## Steps\n\n.exercise[\n- x\n```bash\necho a; x=1\n```\n<!-- ```wait a``` -->\n```bash\necho $x\n```\n]\n\n--\n\nmore\n\n---\n\n" +
	"## Wrong\n\n.exercise[\n```bash\ntest -e fixed\n```\n```bash\necho end\n```\n]\n"

func TestTalk(t *testing.T) {
	h := openHall(t, t.TempDir(), small, Options{})
	if s := h.do(Command{Do: VerbNext}); s.Slide != 1 || s.Step != 0 || s.Selected().Text != "echo a; x=1" {
		t.Fatalf("%d %d", s.Slide, s.Step)
	}
	s := h.do(Command{Do: VerbRun})
	if s.Consent == nil || len(s.Consent.Steps) != 5 || s.Terminal != nil {
		t.Fatalf("no question: %+v", s.Consent)
	}
	if s = h.do(Command{Do: VerbNext}); s.Consent != nil || s.Slide != 2 {
		t.Fatal("moving on is no consent")
	}
	h.do(Command{Do: VerbPrev})
	h.do(Command{Do: VerbRun})
	h.Do(Command{Do: VerbAllow})
	s = h.until("the step ends", func(s *State) bool { return idle(s) && len(s.Log) == 2 })
	if s.Step != 2 || s.Slide != 1 || s.Outcomes[0].Verdict() != runner.Passed {
		t.Fatalf("step %d\n%s", s.Step, liveScreen(s))
	}
	h.until("its output", func(s *State) bool { return strings.Contains(liveScreen(s), "$ echo a; x=1\na\n") })
	if s = h.run(); s.Step != 3 || s.Slide != 1 || s.Log[2].Result.Output != "1\n" {
		t.Fatalf("%+v", s.Log)
	}
	if s = h.do(Command{Do: VerbRun}); s.Message.Text != "no step is left on this slide" {
		t.Error(s.Message)
	}
	if s = h.do(Command{Do: VerbPrev}); s.Slide != 0 {
		t.Error(s.Slide)
	}
	if s = h.do(Command{Do: VerbNext}); s.Step != 3 || len(s.Log) != 3 {
		t.Errorf("going back runs nothing: step %d", s.Step)
	}
	h.do(Command{Do: VerbGoto, Text: "4"})
	if s = h.run(); s.Trouble == nil || *s.Trouble.Failure.Status != 1 || s.Slide != 3 || s.Step != 0 {
		t.Fatalf("%+v", s.Trouble)
	}
	h.Do(Command{Do: VerbInput, Text: "touch fixed\r"})
	h.Do(Command{Do: VerbAgain})
	s = h.until("it passes", func(s *State) bool { return idle(s) && s.Outcomes[3].Verdict() == runner.Passed })
	if s.Trouble != nil || s.Step != 1 {
		t.Errorf("%+v", s.Trouble)
	}
}

func TestSkipAndContinue(t *testing.T) {
	h := openHall(t, t.TempDir(), small, Options{Yes: true})
	h.Do(Command{Do: VerbContinue})
	s := h.until("trouble", func(s *State) bool { return idle(s) && s.Trouble != nil })
	if s.Slide != 3 || len(s.Log) != 4 || s.Trouble.Step.Text != "test -e fixed" {
		t.Fatalf("slide %d, %d ran", s.Slide, len(s.Log))
	}
	if s = h.do(Command{Do: VerbSkip}); s.Trouble != nil || s.Step != 1 || s.Outcomes[3].Verdict() != runner.Failed || !s.Outcomes[3].Skipped {
		t.Fatalf("%+v", s)
	}
	if s = h.run(); s.Step != 2 || s.Trouble != nil {
		t.Fatalf("%+v", s.Trouble)
	}
	h.do(Command{Do: VerbToggle, Text: "verify"})
	h.do(Command{Do: VerbSelect, N: 0})
	if s = h.run(); s.Trouble != nil || !s.Outcomes[3].Unverified || s.Outcomes[3].Verdict() != "" {
		t.Fatalf("%+v", s.Outcomes[3])
	}
}

func TestForwardAndReload(t *testing.T) {
	dir := t.TempDir()
	h := openHall(t, dir, strings.Replace(small, "test -e fixed", "echo $x$x", 1), Options{Yes: true, At: "deck/wrong"})
	s := h.until("there", func(s *State) bool { return idle(s) && len(s.Log) == 3 })
	if s.Slide != 3 || s.Step != 0 {
		t.Fatalf("slide %d step %d", s.Slide, s.Step)
	}
	h.write("# Zero\n\n---\n\n" + strings.Replace(small, "test -e fixed", "echo now $x", 1))
	s = h.until("read again", func(s *State) bool { return len(s.Deck.Slides) == 5 })
	if s.Slide != 4 || s.Step != 0 || s.Outcomes[0].Verdict() != runner.Passed || s.Outcomes[3] != nil {
		t.Fatalf("slide %d step %d %+v", s.Slide, s.Step, s.Outcomes)
	}
	if s = h.run(); s.Log[3].Result.Output != "now 1\n" { // the same shell
		t.Fatalf("%q", s.Log[3].Result.Output)
	}
	for _, half := range []string{"", "# Zero\n"} { // as in the middle of a save
		h.write(half)
		h.until("half of it is read", func(s *State) bool { return len(s.Deck.Slides) <= 1 })
		h.write("# Zero\n\n---\n\n" + strings.Replace(small, "test -e fixed", "echo now $x", 1))
		s = h.until("all of it is read", func(s *State) bool { return len(s.Deck.Slides) == 5 })
		if s.Slide != 4 || s.Outcomes[0].Verdict() != runner.Passed || s.Outcomes[3].Verdict() != runner.Passed {
			t.Fatalf("slide %d %+v", s.Slide, s.Outcomes)
		}
	}
	h.write("# Zero\n\n.exercise[\n```bsh\n```\n]\n")
	s = h.until("the mistake", func(s *State) bool { return s.Message.Error })
	if !strings.Contains(s.Message.Text, "deck.md:4:1: ") || len(s.Deck.Slides) != 5 {
		t.Fatal(s.Message.Text)
	}
}

// TestAgain does a wait in vain once more: with its command, which has ended.
func TestAgain(t *testing.T) {
	h := openHall(t, t.TempDir(), "# A\n\n.exercise[\n```bash\ncat missing\n```\n```wait yes```\n]\n", Options{Yes: true})
	h.run()
	if s := h.run(); s.Trouble == nil || s.Trouble.Failure == nil || s.Trouble.Failure.Status == nil {
		t.Fatalf("%+v", s.Trouble)
	}
	h.do(Command{Do: VerbInput, Text: "echo y''es > missing\r"})
	h.until("it is typed", func(s *State) bool { return strings.Contains(liveScreen(s), "missing\n$") })
	h.do(Command{Do: VerbAgain})
	s := h.until("both have run", func(s *State) bool { return idle(s) && len(s.Log) == 4 })
	if s.Trouble != nil || s.Log[2].Step.Text != "cat missing" || s.Log[3].Verdict() != runner.Passed {
		t.Fatalf("%+v", s.Trouble)
	}
}

// TestEditedWhileItRan has a step fail that the deck does not hold any more: nobody can
// do it again.
func TestEditedWhileItRan(t *testing.T) {
	dir := t.TempDir()
	h := openHall(t, dir, "# A\n\n.exercise[\n```bash\ntrue\n```\n```bash\nread x && false\n```\n```bash\ntrue\n```\n]\n", Options{Yes: true})
	h.do(Command{Do: VerbContinue})
	h.until("it reads", func(s *State) bool { return s.Running != nil && s.Running.Step.Index == 1 })
	h.write("# A\n\n.exercise[\n```bash\ntrue\n```\n]\n")
	h.until("read again", func(s *State) bool { return len(s.Deck.Steps) == 1 })
	h.do(Command{Do: VerbInput, Text: "x\r"})
	s := h.until("it fails", idle)
	if s.Trouble != nil || !s.Message.Error || !strings.Contains(s.Message.Text, "read x && false, which was edited while it ran: ") {
		t.Fatalf("%+v %+v", s.Message, s.Trouble)
	}
	for _, verb := range []Verb{VerbAgain, VerbSkip} {
		if s = h.do(Command{Do: verb}); len(s.Outcomes) != 1 {
			t.Fatalf("%s: %d", verb, len(s.Outcomes))
		}
	}
}

// TestEditedBetween has the deck edited between two steps of a walk.
func TestEditedBetween(t *testing.T) {
	dir := t.TempDir()
	h := openHall(t, dir, "# A\n\n.exercise[\n```bash\nread x\n```\n```bash\ntrue\n```\n]\n", Options{Yes: true})
	h.do(Command{Do: VerbContinue})
	h.until("it reads", func(s *State) bool { return s.Running != nil })
	h.write("# B\n\n.exercise[\n```bash\nread x\n```\n```bash\nfalse\n```\n]\n")
	h.until("read again", func(s *State) bool { return s.Current().Title() == "B" })
	h.do(Command{Do: VerbInput, Text: "x\r"})
	h.until("it stops, and says so", func(s *State) bool {
		return idle(s) && s.Message.Text == "the deck was edited: stopped before true"
	})
}

func TestMemory(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	h := openHall(t, dir, small, Options{Memory: NewMemory(state, "x")})
	h.do(Command{Do: VerbGoto, Text: "3"})
	h.do(Command{Do: VerbMove, N: 2})
	h.do(Command{Do: VerbToggle, Text: "hidden"})
	h.do(Command{Do: VerbRun})
	h.Do(Command{Do: VerbAllow})
	h.until("it ran", func(s *State) bool { return idle(s) && len(s.Log) == 1 })
	h.close()
	h = openHall(t, dir, "# New\n\n---\n\n"+small, Options{Memory: NewMemory(state, "x")})
	if s := h.State(); s.Slide != 3 || s.Step != 3 || !s.Hidden ||
		s.Message.Text != "resumed at slide 4 in a new shell: F runs what came before" {
		t.Fatalf("%d %d %+v", s.Slide, s.Step, s.Message)
	}
	h.do(Command{Do: VerbSelect, N: 0})
	h.run() // nothing that runs has changed: no question
	h.write(strings.Replace(small, "echo end", "rm -rf /", 1))
	h.until("read again", func(s *State) bool { return len(s.Deck.Slides) == 4 })
	h.do(Command{Do: VerbSelect, N: 1})
	if s := h.do(Command{Do: VerbRun}); s.Consent == nil {
		t.Error("another content runs without a question")
	}
}

// TestResumedBehindTheSteps runs what came before a slide whose steps were all run when the talk ended, in the new shell.
func TestResumedBehindTheSteps(t *testing.T) {
	state := t.TempDir()
	h := openHall(t, t.TempDir(), small, Options{Memory: NewMemory(state, "x"), Yes: true})
	h.do(Command{Do: VerbGoto, Text: "2"})
	h.run()
	h.run()
	if s := h.State(); s.Selected() != nil {
		t.Fatalf("%d is left", s.Step)
	}
	h.close()
	h = openHall(t, t.TempDir(), small, Options{Memory: NewMemory(state, "x"), Yes: true})
	if s := h.State(); s.Slide != 1 || s.Selected() != nil || s.Message.Text != "resumed at slide 2 in a new shell: F runs what came before" {
		t.Fatalf("%d %d %+v", s.Slide, s.Step, s.Message)
	}
	n := len(h.State().Log)
	h.Do(Command{Do: VerbForward})
	s := h.until("it ran", func(s *State) bool { return idle(s) && len(s.Log) > n+1 })
	if s.Outcomes[0] == nil || s.Outcomes[2] != nil || s.Selected() == nil ||
		s.Selected().Text != "echo $x\n" && s.Selected().Text != "echo $x" {
		t.Errorf("%v, selected %+v", s.Outcomes, s.Selected())
	}
}

// TestResumedWithoutSteps has nothing to run before a slide.
func TestResumedWithoutSteps(t *testing.T) {
	state := t.TempDir()
	h := openHall(t, t.TempDir(), "# A\n\n---\n\n# B\n", Options{Memory: NewMemory(state, "x")})
	h.do(Command{Do: VerbGoto, Text: "2"})
	h.close()
	h = openHall(t, t.TempDir(), "# A\n\n---\n\n# B\n", Options{Memory: NewMemory(state, "x")})
	if got := h.State().Message.Text; got != "resumed at slide 2; the shell is a new one" {
		t.Errorf("%q", got)
	}
	if got := h.do(Command{Do: VerbForward}).Message.Text; got != "there are no steps to run" {
		t.Errorf("%q", got)
	}
}

// TestMark finds each of many slides that are alike: the increments of one.
func TestMark(t *testing.T) {
	s := openHall(t, t.TempDir(), "# A\n\n---\n\n## B\n\n--\n\none\n\n--\n\ntwo\n\n--\n\nthree\n\n---\n\n## C\n", Options{}).State()
	for i := range s.Deck.Slides {
		if got := s.Deck.marked(s.Deck.mark(i), 0); got != i {
			t.Errorf("slide %d: %d (%+v)", i, got, s.Deck.mark(i))
		}
	}
}

// openChapters opens a talk about chapters that have a session each.
func openChapters(t *testing.T, files map[string]string) *hall {
	t.Helper()
	fsys := fstest.MapFS{"workshop.yml": {Data: []byte("session: chapter\ncontent: [a.md, b.md]\n")}}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	deck, err := markdown.Load(fsys, "workshop.yml", markdown.Options{Directives: runner.DirectiveNames()})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := runner.Compile(deck)
	if err != nil {
		t.Fatal(err)
	}
	talk, err := Open(t.Context(), &Source{Plan: plan, Run: runner.Options{Path: os.Getenv("PATH")}}, Options{Yes: true})
	if err != nil {
		t.Fatal(err)
	}
	h := &hall{Talk: talk, t: t, w: talk.Watch()}
	t.Cleanup(h.close)
	return h
}

func TestSessions(t *testing.T) {
	chapter := func(name, body string) string {
		return "# " + name + "\n\n.exercise[\n```bash\n" + body + "\n```\n]\n"
	}
	h := openChapters(t, map[string]string{
		"a.md":         chapter("A", "here=a"),
		"b.md":         chapter("B", "echo from $here; here=b"),
		"c.md":         chapter("C", "echo from $here"),
		"workshop.yml": "session: chapter\ncontent: [a.md, {file: b.md, needs: [a]}, c.md]\n",
	})
	h.do(Command{Do: VerbNext})
	if s := h.run(); s.Session != "b" || s.Log[0].Result.Output != "from a\n" {
		t.Fatalf("%s %+v %+v", s.Session, s.Log, s.Trouble)
	}
	h.do(Command{Do: VerbPrev})
	h.do(Command{Do: VerbSelect, N: 0})
	if s := h.do(Command{Do: VerbRun}); !strings.Contains(s.Message.Text, `this ends the shell of "b"`) || s.Session != "b" {
		t.Fatal(s.Message.Text)
	}
	h.do(Command{Do: VerbNext})
	h.do(Command{Do: VerbPrev})
	if s := h.do(Command{Do: VerbRun}); !strings.Contains(s.Message.Text, "once more") || s.Session != "b" {
		t.Fatal("a question of long ago is asked no more")
	}
	if s := h.run(); s.Session != "a" {
		t.Fatal(s.Session)
	}
	h.do(Command{Do: VerbNext})
	h.do(Command{Do: VerbNext})
	if s := h.run(); s.Session != "c" || s.Log[2].Result.Output != "from\n" {
		t.Fatal(s.Session, s.Log[2].Result.Output)
	}
}

// A wait that was stopped is run again with its command, which ^C has ended.
func TestStoppedWait(t *testing.T) {
	h := openHall(t, t.TempDir(), "# A\n\n.exercise[\n```bash\necho sta''rted; sleep 1000\n```\n<!-- ```wait READY``` -->\n]\n",
		Options{Yes: true})
	for n := range 2 {
		h.Do(Command{Do: VerbRun})
		h.until("the wait runs", func(s *State) bool {
			return s.Running != nil && s.Running.Step.Directive == "wait" && strings.Count(liveScreen(s), "\nstarted") == n+1
		})
		h.Do(Command{Do: VerbStop})
		s := h.until("it was stopped", func(s *State) bool { return s.Running == nil && s.Busy == "" && len(s.Log) == 2*(n+1) })
		if o := s.Outcomes[1]; o.Verdict() != runner.Interrupted || s.Selected().Directive != "wait" {
			t.Fatalf("%v, selected: %s", o.Verdict(), s.Selected().Summary())
		}
	}
}

// Whoever looks back at a chapter whose shell has ended is not offered to run it once more; whoever skips steps is.
func TestBefore(t *testing.T) {
	two := "# %s\n\n.exercise[\n```bash\ntrue\n```\n```bash\ntrue\n```\n]\n"
	h := openChapters(t, map[string]string{
		"a.md": fmt.Sprintf(two, "A"), "b.md": fmt.Sprintf(two, "B"), "workshop.yml": "session: chapter\ncontent: [a.md, b.md]\n",
	})
	offered := func(slide string, step, want int) {
		t.Helper()
		h.Do(Command{Do: VerbGoto, Text: slide})
		if n := len(h.do(Command{Do: VerbSelect, N: step}).Before()); n != want {
			t.Errorf("slide %s, step %d: %d steps, want %d", slide, step, n, want)
		}
	}
	offered("1", 0, 0)
	offered("1", 2, 1)
	offered("2", 1, 1)
	h.run()
	offered("2", 0, 0)
	offered("1", 1, 0)
}

// TestFlood has a program write without end, and a watcher that never looks.
func TestFlood(t *testing.T) {
	deck := "# F\n\n.exercise[\n```bash\nyes 'a line of the flood'\n```\n```wait flood```\n]\n\n---\n\n# End\n"
	h := openHall(t, t.TempDir(), deck, Options{Yes: true})
	slow := h.Watch()
	defer slow.Close()
	h.run()
	h.run()
	for i := range 20 {
		h.do(Command{Do: VerbGoto, Text: fmt.Sprint(1 + i%2)})
	}
	h.Do(Command{Do: VerbInput, Text: "\x03"})
	h.until("it ends", func(s *State) bool { return strings.HasSuffix(strings.TrimSpace(liveScreen(s)), "$") })
}

func TestChecks(t *testing.T) {
	dir, cache := t.TempDir(), t.TempDir()
	h := openHall(t, dir, small, Options{})
	plan := h.State().Deck.Plan
	l, err := ledger.Open(cache, dir)
	if err != nil {
		t.Fatal(err)
	}
	l.Know(plan)
	result, err := runner.Run(t.Context(), plan, runner.Options{Path: os.Getenv("PATH"), Event: func(e runner.Event) { _ = l.Event(e) }})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Finish(result); err != nil {
		t.Fatal(err)
	}
	if l, err = ledger.Open(cache, dir); err != nil {
		t.Fatal(err)
	}
	h = openHall(t, dir, strings.Replace(small, "wait a", "wait  b", 1), Options{Ledger: l})
	var got []string
	for _, c := range h.State().Checks {
		got = append(got, fmt.Sprint(c.Standing, " ", c.Verdict))
	}
	if s := strings.Join(got, ", "); s != "same passed, edited passed, before passed, before failed, never " {
		t.Error(s)
	}
}

// A command that somebody sent with another state in view is not carried out.
func TestCommandThatCameTooLate(t *testing.T) {
	h := openHall(t, t.TempDir(), "# One\n\n---\n\n# Two\n\n---\n\n# Three\n", Options{})
	seen := h.State().Slide
	same := func(s *State) bool { return s.Slide == seen }
	if s := h.do(Command{Do: VerbNext, If: same}); s.Slide != 1 {
		t.Errorf("slide %d", s.Slide)
	}
	if s := h.do(Command{Do: VerbNext, If: same}); s.Slide != 1 || s.Message.Text != "not done: something else has changed meanwhile" {
		t.Errorf("slide %d, message %q", s.Slide, s.Message.Text)
	}
}

// A command that can do nothing says why.
func TestNothingToDo(t *testing.T) {
	h := openHall(t, t.TempDir(), "# A\n\n.exercise[\n```bash\nread x\n```\n]\n\n---\n\n# B\n", Options{Yes: true})
	for _, tt := range []struct {
		c    Command
		want string
	}{
		{Command{Do: VerbPrev}, "this is the first slide"},
		{Command{Do: VerbNext}, ""},
		{Command{Do: VerbNext}, "this is the last slide"},
		{Command{Do: VerbRun}, noneLeft},
		{Command{Do: VerbSkip}, noneLeft},
		{Command{Do: VerbFont, N: 9}, "the letters of the terminal cannot be larger"},
		{Command{Do: VerbFont, N: 1}, "the letters of the terminal cannot be larger"},
		{Command{Do: VerbFont, N: -1}, ""},
		{Command{Do: VerbFont, N: -9}, "the letters of the terminal cannot be smaller"},
		{Command{Do: VerbPrev}, ""},
	} {
		h.Do(tt.c)
		if got := h.State().Message.Text; got != tt.want {
			t.Errorf("%s %d: %q, want %q", tt.c.Do, tt.c.N, got, tt.want)
		}
	}
	h.Do(Command{Do: VerbRun})
	h.until("it runs", func(s *State) bool { return s.Running != nil && s.Terminal != nil })
	for _, verb := range []Verb{VerbRun, VerbAgain, VerbForward, VerbContinue, VerbSkip, VerbFresh, VerbShell} {
		h.Do(Command{Do: verb})
		if got := h.State().Message; got.Text != isBusy || !got.Error {
			t.Errorf("%s while a step runs: %+v", verb, got)
		}
	}
	h.Do(Command{Do: VerbInput, Text: "\r"})
	h.until("it has ended", func(s *State) bool { return s.Running == nil && s.Busy == "" && len(s.Log) == 1 })
}
