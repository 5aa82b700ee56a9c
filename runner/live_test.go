package runner

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"workshop/markdown"
)

// stage is a live session of a deck, with the steps of all its exercises.
type stage struct {
	*Live
	t     *testing.T
	steps []*Step
}

// openStage opens a deck of one exercise.
func openStage(t *testing.T, opts Options, fences ...string) *stage {
	t.Helper()
	return openDeck(t, opts, chapter("D", strings.Join(fences, "\n")))
}

func openDeck(t *testing.T, opts Options, text string) *stage {
	t.Helper()
	p, err := Compile(load(t, "d.md", map[string]string{"d.md": text}))
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
	s := &stage{Live: l, t: t}
	for _, e := range p.Sessions[0].Exercises {
		s.steps = append(s.steps, e.Steps...)
	}
	return s
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
	s := openStage(t, Options{}, "```bash\ncat\n```", "```key x```", "```key ^C```",
		"```bash\n(echo up; sleep 100; exit 3)\n```", "```wait never```", "```bash\necho end\n```")
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
	s.refuses(4, "a program that was started by hand is still in the foreground")
	s.refuses(5, "a program that was started by hand is still in the foreground")
	s.types("never\r\x04")
	s.shows("never|$|")
	s.refuses(4, "another command was run by hand")
	s.types("false\r") // its status is no step's
	s.shows("$ false|$|")
	s.passes(5)
}

func TestLiveTypingDuringAStep(t *testing.T) {
	begun := make(chan struct{}, 10)
	s := openStage(t, Options{Event: func(e Event) {
		if e.Kind == StepStarted && e.Step.Kind() == KindWaits {
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
	s := openStage(t, Options{Limits: Limits{Wait: 100 * time.Millisecond}}, "```bash\nsleep 100\n```",
		"```wait never```", "```bash\nexit 3\n```")
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

// TestLiveLate has the command of an exercise fail after the end of the exercise, as a named pipe
// reports it. The next call of any kind finds that, once.
func TestLiveLate(t *testing.T) {
	next := func(s *stage) { s.passes(2) }
	prompts := func(s *stage) { s.shows("|ready|$|") }
	for _, tt := range []struct {
		name, ends string
		then       func(*stage)
		want       string
	}{
		{"the next exercise", "(exit 3)", next, "the command ended with status 3"},
		{"it passes", "true", next, ""},
		{"the shell ends", "exit 5", func(s *stage) {
			_, _ = s.Run(s.t.Context(), s.steps[2]) // refused, if the shell has ended by now
		}, "the shell ended: the snippet ended or replaced it, with status 5"},
		{"a fresh prompt", "false", func(s *stage) {
			prompts(s)
			if err := s.Recover(s.t.Context()); err != nil {
				s.t.Error(err)
			}
		}, "the command ended with status 1"},
		{"the end of the session", "false", func(s *stage) {
			prompts(s)
			if err := s.Close(); err != nil {
				s.t.Error(err)
			}
		}, "the command ended with status 1"},
		{"a command by hand", "false", func(s *stage) {
			prompts(s)
			s.types("echo by ha''nd\r")
			s.shows("|by hand|$|")
			next(s)
		}, ""},
		{"a text that must not appear", "echo er''ror; cat", func(s *stage) {
			s.shows("|error|")
			s.passes(3)
			next(s)
		}, `"error" appeared, which must not`},
		{"such a text by hand", "cat", func(s *stage) {
			s.types("\x04")
			s.shows("|ready|$|")
			s.types("echo error\r")
			s.shows("|error|$|")
			next(s)
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pipe := filepath.Join(t.TempDir(), "pipe")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			events := 0
			s := openDeck(t, Options{Event: func(e Event) {
				if e.Kind == ExerciseCorrected && e.Exercise.ID == "d/d-1" && e.Verdict == Failed {
					events++
				}
			}}, chapter("D",
				steps("bash echo re''ady; read x < "+pipe+"; "+tt.ends, "wait ready", "reject error"),
				steps("bash true", "key ^C")))
			s.steps = append(s.steps[:2], s.steps[3:]...) // a reject is not run
			typed := s.passes(0)
			s.passes(1)
			if err := os.WriteFile(pipe, []byte("\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			tt.then(s)
			var got []string
			for _, e := range append(s.Corrected(), s.Corrected()...) {
				if e.Step != s.steps[0] {
					t.Errorf("it is of %v", e.Step.Pos)
				}
				got = append(got, e.Failure.Message)
			}
			if strings.Join(got, "\n") != tt.want || events != len(got) {
				t.Errorf("%q in %d events, want %q", got, events, tt.want)
			}
			if typed.Verdict != Passed {
				t.Error("a result that was handed out has changed")
			}
		})
	}
}

// TestLiveTerms runs steps for a presenter: the slide's own text, whatever a check does instead.
func TestLiveTerms(t *testing.T) {
	s := openStage(t, Options{RequireAll: true}, "```skip not today```", "```requires no-such-program```", "```bash\necho slide\n```",
		"```instead echo check```", "```open http://nodeX/```", "```bash\necho broken\n```")
	s.passes(0)
	s.passes(1)
	if st := s.passes(2); st.Output != "slide\n" {
		t.Errorf("%q", st.Output)
	}
	s.passes(3)
	s.passes(4)
	s.steps[5].mistake = &markdown.Error{Message: "it is wrong", Hint: "write it right"}
	s.refuses(5, "it cannot be read: it is wrong (write it right)")
}
