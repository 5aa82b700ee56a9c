package present

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const lateFailure = "the command ended with status 1"

// lateDeck is a deck whose first exercise fails when it is over: as soon as something is written
// to the pipe. The second one does what is given.
func lateDeck(t *testing.T, second string) (deck string, fail func()) {
	t.Helper()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	deck = "# Late\n\n.exercise[\n```bash\necho re''ady; read x < " + pipe + "; false\n```\n" +
		"<!-- ```wait ready``` -->\n]\n\n---\n\n" +
		"# Next\n\n.exercise[\n```bash\n" + second + "\n```\n]\n\n---\n\n# Last\n\n.exercise[\n```bash\ntrue\n```\n]\n"
	return deck, func() {
		t.Helper()
		if err := os.WriteFile(pipe, []byte("\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLateFailure takes back the mark of an exercise whose command fails when it is over.
func TestLateFailure(t *testing.T) {
	deck, fail := lateDeck(t, "read -p 'o''pen ' y")
	h := openHall(t, t.TempDir(), deck, Options{Yes: true})
	h.run()
	before := h.State()
	h.expect("it is over", "passed, passed, -, -, log: passed")
	h.do(Command{Do: VerbNext})
	h.do(Command{Do: VerbRun})
	fail()
	s := h.until("it has failed", func(s *State) bool { return s.Running != nil && s.Trouble != nil })
	h.expect("while the next one runs", "failed, passed, running, -, log: failed")
	if got := s.Trouble; !got.Late || got.Step.Index != 0 || got.Failure.Message != lateFailure || s.Revision != 1 {
		t.Errorf("%+v", got)
	}
	h.until("it reads", func(s *State) bool { return strings.Contains(liveScreen(s), "\nopen") })
	h.do(Command{Do: VerbInput, Text: "x\r"})
	h.until("the next one ends", func(s *State) bool { return idle(s) && len(s.Log) == 3 })
	h.expect("afterwards", "failed, passed, passed, -, log: passed")
	if got := marked(before); got != "passed, passed, -, -, log: passed" {
		t.Errorf("an earlier state has changed: %s", got)
	}
	if entries, _ := h.State().Entries(before.Started, 10); len(entries) != 2 || entries[0].Mark.State != MarkFailed {
		t.Errorf("%+v", entries)
	}
	s = h.do(Command{Do: VerbSkip})
	h.expect("skipped", "failed skipped, passed, passed, -, log: passed")
	if s.Step != 1 || s.Slide != 1 || s.Revision != 2 {
		t.Errorf("step %d, slide %d, revision %d", s.Step, s.Slide, s.Revision)
	}
}

// TestLateFailureByItself has a command fail while nobody does anything.
func TestLateFailureByItself(t *testing.T) {
	deck, fail := lateDeck(t, "true")
	h := openHall(t, t.TempDir(), deck, Options{Yes: true})
	h.run()
	h.expect("it is over", "passed, passed, -, -, log: passed")
	fail()
	s := h.until("it has failed", func(s *State) bool { return s.Trouble != nil })
	h.expect("by itself", "failed, passed, -, -, log: failed")
	if got := s.Trouble; !got.Late || got.Step.Index != 0 || got.Failure.Message != lateFailure {
		t.Errorf("%+v", got)
	}
}

// TestLateFailureBesideAnother has the next step fail as well: both failures are told.
func TestLateFailureBesideAnother(t *testing.T) {
	deck, fail := lateDeck(t, "exit_code() { return 3; }; exit_code")
	h := openHall(t, t.TempDir(), deck, Options{Yes: true})
	h.run()
	h.do(Command{Do: VerbNext})
	s := h.runAnd(fail)
	h.expect("both have failed", "failed, passed, failed, -, log: failed")
	if s.Trouble.Late || s.Trouble.Step.Index != 2 {
		t.Errorf("%+v", s.Trouble)
	}
	if !s.Message.Error || !strings.Contains(s.Message.Text, "has failed late: deck.md:4:1: "+lateFailure) {
		t.Errorf("%+v", s.Message)
	}
}

// TestLateFailureStopsAWalk ends a walk behind the step that found the failure, and runs the
// whole exercise again.
func TestLateFailureStopsAWalk(t *testing.T) {
	deck, fail := lateDeck(t, "true")
	h := openHall(t, t.TempDir(), deck, Options{Yes: true})
	h.run()
	h.do(Command{Do: VerbNext})
	h.do(Command{Do: VerbContinue})
	fail()
	s := h.until("it stops", func(s *State) bool { return idle(s) && len(s.Log) > 2 })
	h.expect("it has stopped", "failed, passed, passed, -, log: passed")
	if s.Trouble == nil || !s.Trouble.Late {
		t.Fatalf("%+v", s.Trouble)
	}
	h.do(Command{Do: VerbAgain})
	h.until("it is over again", func(s *State) bool { return idle(s) && len(s.Log) == 5 })
	h.expect("once more", "passed, passed, passed, -, log: passed")
	fail()
	h.until("the failure is found", func(s *State) bool { return idle(s) && s.Trouble != nil })
	h.expect("found again", "failed, passed, passed, -, log: failed")
}

// TestLateFailureOfAnEditedStep tells of a failure that no step of the deck has any more, and
// leaves alone what is not verified.
func TestLateFailureOfAnEditedStep(t *testing.T) {
	dir := t.TempDir()
	deck, fail := lateDeck(t, "true")
	h := openHall(t, dir, deck, Options{Yes: true})
	h.run()
	h.write(strings.Replace(deck, "; false", "; true", 1))
	h.until("read again", func(s *State) bool { return s.Outcomes[0] == nil })
	h.do(Command{Do: VerbNext})
	s := h.runAnd(fail)
	h.expect("it is told", "-, passed, passed, -, log: passed")
	if s.Trouble != nil || s.Log[0].Result.Failure == nil {
		t.Errorf("%+v %+v", s.Trouble, s.Log[0].Result)
	}
	if !s.Message.Error || !strings.Contains(s.Message.Text, "which was edited") {
		t.Errorf("%+v", s.Message)
	}
}

// TestLateFailureUnverified corrects no mark while outcomes are not judged.
func TestLateFailureUnverified(t *testing.T) {
	deck, fail := lateDeck(t, "true")
	h := openHall(t, t.TempDir(), deck, Options{Yes: true})
	h.do(Command{Do: VerbToggle, Text: "verify"})
	h.run()
	h.do(Command{Do: VerbNext})
	if s := h.runAnd(fail); s.Trouble != nil || s.Message.Error {
		t.Errorf("%+v %+v", s.Trouble, s.Message)
	}
	h.expect("nothing is judged", "unchecked, unchecked, unchecked, -, log: unchecked")
}

// TestLateFailureAtTheEndOfASession finds the failure when another session takes the place.
func TestLateFailureAtTheEndOfASession(t *testing.T) {
	deck, fail := lateDeck(t, "true")
	a, b, _ := strings.Cut(deck, "\n---\n\n")
	h := openChapters(t, map[string]string{"a.md": a, "b.md": b})
	h.run()
	fail()
	h.until("it ends", func(s *State) bool { return strings.Contains(liveScreen(s), "\nready\n$") })
	h.do(Command{Do: VerbNext})
	h.run()
	h.expect("another shell", "failed, passed, passed, -, log: passed")
}
