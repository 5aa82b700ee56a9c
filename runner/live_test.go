package runner

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// stage is a live session of a deck of one exercise.
type stage struct {
	*Live
	t     *testing.T
	steps []*Step
}

func openStage(t *testing.T, opts Options, fences ...string) *stage {
	t.Helper()
	p, err := Compile(load(t, "d.md", map[string]string{"d.md": chapter("D", strings.Join(fences, "\n"))}))
	if err != nil {
		t.Fatal(err)
	}
	opts.Path = os.Getenv("PATH")
	l, err := Open(t.Context(), p, p.Sessions[0], opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return &stage{l, t, p.Sessions[0].Exercises[0].Steps}
}

// passes runs step i and wants it to pass.
func (s *stage) passes(i int) *StepResult {
	s.t.Helper()
	st, err := s.Run(s.t.Context(), s.steps[i])
	if err != nil {
		s.t.Fatalf("step %d is refused: %v", i, err)
	}
	if st.Verdict != Passed {
		s.t.Fatalf("step %d: %s %v\n%s", i, st.Verdict, st.Failure, strings.Join(s.lines(), "\n"))
	}
	return st
}

// refuses wants step i not to be run.
func (s *stage) refuses(i int, reason string) {
	s.t.Helper()
	st, err := s.Run(s.t.Context(), s.steps[i])
	var r *Refusal
	if !errors.As(err, &r) || !strings.Contains(r.Error(), reason) {
		s.t.Fatalf("step %d: %+v, %v; want a refusal: %s", i, st, err, reason)
	}
}

func (s *stage) types(text string) {
	s.t.Helper()
	if _, err := s.Write([]byte(text)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) lines() []string {
	var lines []string
	for _, l := range s.View().Lines {
		lines = append(lines, l.String())
	}
	return lines
}

var blanks = regexp.MustCompile(`\s*\n`)

// shows waits for a text on the terminal, trailing blanks and blank lines removed; a bar
// is the end of a line.
func (s *stage) shows(text string) {
	s.t.Helper()
	if !s.showsWithin(text, 10*time.Second) {
		s.t.Fatalf("%q does not come:\n%s", text, strings.Join(s.lines(), "\n"))
	}
}

// interrupts types ^C until the prompt is back, as a person does: bash can swallow one
// that comes while it starts a program.
func (s *stage) interrupts() {
	s.t.Helper()
	for range 10 {
		s.types("\x03")
		if s.showsWithin("^C|$|", time.Second) {
			return
		}
	}
	s.shows("^C|$|")
}

func (s *stage) showsWithin(text string, d time.Duration) bool {
	limit := time.After(d)
	text = strings.ReplaceAll(text, "|", "\n")
	for !strings.Contains(blanks.ReplaceAllString(strings.Join(s.lines(), "\n")+"\n", "\n"), text) {
		select {
		case <-s.Changed():
		case <-limit:
			return false
		}
	}
	return true
}

func TestLiveHalfLine(t *testing.T) {
	s := openStage(t, Options{}, "```bash\necho one\n```", "```bash\necho two\n```")
	s.passes(0)
	s.types("rm -rf ")
	s.shows("rm -rf")
	if st := s.passes(1); st.Output != "two\n" || st.ByHand {
		t.Errorf("%+v", st)
	}
	s.types("for x in 1 2\r")
	s.shows("for x in 1 2|>|")
	s.passes(0)
	// Searching backwards, in vi's command mode: the line editor is in no mode to be typed to.
	s.types("\x12ech")
	s.shows("search")
	s.passes(1)
	s.types("set -o vi\r")
	s.shows("set -o vi")
	s.types("whatever\x1b")
	s.shows("whatever")
	s.passes(0)
}

func TestLiveByHand(t *testing.T) {
	s := openStage(t, Options{}, "```bash\ncat\n```", "```key x```", "```key ^C```", "```bash\n(echo up; sleep 100; exit 3)\n```", "```wait never```", "```bash\necho end\n```")
	s.passes(0)
	s.types("typed by hand\r")
	s.shows("typed by hand|typed by hand|")
	s.types("\x04")
	s.shows("typed by hand|$|")
	s.refuses(1, "the program that these keys are for has ended")
	s.passes(2) // nothing to interrupt, nothing to spoil
	s.passes(3)
	s.shows("|up|")
	s.interrupts()
	s.types("cat -u\r")
	s.shows("$ cat -u")
	s.refuses(4, "what was started by hand is still in the foreground")
	s.refuses(5, "what was started by hand is still in the foreground")
	s.types("never\r\x04")
	s.shows("never|$|")
	s.refuses(4, "another command was run by hand")
	s.types("false\r") // whatever its status: no step's
	s.shows("$ false|$|")
	s.passes(5)
}

func TestLiveTypingDuringAStep(t *testing.T) {
	begun := make(chan struct{}, 10)
	s := openStage(t, Options{Event: func(e Event) {
		if e.Kind == StepStarted && e.Step.Kind() == Waits {
			begun <- struct{}{}
		}
	}}, "```bash\nread -r answer; echo \"got $answer\"\n```", "```wait got```")
	s.passes(0)
	done := make(chan *StepResult, 1)
	go func() {
		st, _ := s.Run(context.Background(), s.steps[1])
		done <- st
	}()
	<-begun
	s.types("got")
	s.shows("got|")
	s.types("cha\r")
	if st := <-done; st == nil || st.Verdict != Passed || st.Output != "got gotcha\n" || !st.ByHand {
		t.Errorf("%+v", st)
	}
}

func TestLiveAgain(t *testing.T) {
	s := openStage(t, Options{Limits: Limits{Wait: 100 * time.Millisecond}}, "```bash\nsleep 100\n```", "```wait never```", "```bash\nexit 3\n```")
	s.passes(0)
	st, err := s.Run(t.Context(), s.steps[1])
	if err != nil || st.Verdict != Failed || st.Failure.Want != "never" {
		t.Fatalf("%+v %v", st, err)
	}
	if err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.passes(0)
	if err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if st, err = s.Run(t.Context(), s.steps[2]); err != nil || st.Verdict != Failed {
		t.Fatalf("%+v %v", st, err)
	}
	s.refuses(0, "the shell ended (get a fresh one)")
	if err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.passes(0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if st, err = s.Run(ctx, s.steps[1]); err != nil || st.Verdict != Interrupted {
		t.Fatalf("%+v %v", st, err)
	}
}

func TestLiveScreen(t *testing.T) {
	s := openStage(t, Options{Cols: 60, Rows: 10, Past: 100}, "```bash\nseq 50\n```")
	s.passes(0)
	past := s.Past(5, 2)
	if v := s.View(); v.Past < 40 || len(past) != 2 || past[0].String() == "" || s.Position() != s.steps[0] {
		t.Errorf("%d past, %q", v.Past, past)
	}
	if err := s.Resize(30, 5); err != nil {
		t.Fatal(err)
	}
	if v := s.View(); v.Cols != 30 || len(v.Lines) != 5 {
		t.Errorf("%d %d", v.Cols, len(v.Lines))
	}
}

// TestLiveReplace edits the deck under a session that goes on.
func TestLiveReplace(t *testing.T) {
	s := openStage(t, Options{}, "```bash\nx=1\n```", "```bash\ncat\n```", "```bash\necho $x\n```")
	s.passes(0)
	p, err := Compile(load(t, "d.md", map[string]string{"d.md": chapter("D", "```bash\necho \"now $x\"\n```")}))
	if err != nil {
		t.Fatal(err)
	}
	s.Replace(p, p.Sessions[0])
	s.refuses(1, "another session")
	s.steps = p.Sessions[0].Exercises[0].Steps
	if st := s.passes(0); st.Output != "now 1\n" {
		t.Errorf("%q", st.Output)
	}
}

func TestLivePace(t *testing.T) {
	s := openStage(t, Options{}, "```bash\necho \"a\tb\"; \\\n  echo c\n```")
	s.Pace(time.Millisecond)
	begun := time.Now()
	if st := s.passes(0); st.Output != "a\tb\nc\n" && !strings.Contains(st.Output, "c\n") || time.Since(begun) < 15*time.Millisecond {
		t.Errorf("%q in %v", st.Output, time.Since(begun))
	}
}

// TestLiveFlood looks at the terminal while a program never stops writing.
func TestLiveFlood(t *testing.T) {
	s := openStage(t, Options{Past: 1000}, "```bash\nyes 'a line of a flood'\n```", "```wait flood```")
	s.passes(0)
	s.passes(1)
	for range 100 {
		<-s.Changed()
		if v := s.View(); v.Past > 1000 {
			t.Fatal(v.Past)
		}
	}
	s.types("\x03")
	s.shows("^C")
}

// TestLivePanes divides the terminal: a person sees all panes, and types into the active
// one.
func TestLivePanes(t *testing.T) {
	s := openStage(t, Options{Cols: 60, Rows: 10}, "```bash\necho first\n```", "```tmux split-pane -h```", "```bash\necho second\n```")
	for i := range s.steps {
		s.passes(i)
	}
	s.types("echo by ha''nd\r")
	s.shows("by hand")
	shown := strings.Join(s.lines(), "\n")
	if !strings.Contains(shown, "first") || !strings.Contains(shown, "│second") || !strings.Contains(shown, "│by hand") {
		t.Errorf("%s", shown)
	}
}
