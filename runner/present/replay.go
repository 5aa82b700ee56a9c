package present

import (
	"context"
	"strings"
	"time"

	"workshop/runner"
	"workshop/runner/ledger"
	"workshop/runner/screen"
)

// Recording is the output of a command in its last check, which is shown where the command cannot work:
// in a room without a network. It is no outcome: nothing was run, and no mark changes.
type Recording struct {
	Step  *Step
	At    time.Time // of the check
	Ended bool      // all of it was shown
}

// Label says of a recording what it is.
func (r *Recording) Label() string {
	return "Recording of " + r.At.Format("2 January 2006") + ", not live"
}

// The answers where there is nothing to show: no report was given, or it has nothing for the command.
const (
	noReport    = "no recordings: workshop check --report jsonl=FILE makes them, present --verdicts FILE takes them"
	noRecording = "the report of --verdicts has no check of this command that passed"
)

// replay asks for the recording of the command that the step in trouble, or the selected one, belongs to.
func (s State) replay(c Command) (State, []effect) {
	if s.busy() {
		return s.refuse(c, isBusy)
	}
	step := s.replayed()
	if step == nil {
		return s.say(c, "select a command to show its recording")
	}
	return s, []effect{{kind: playRecording, step: step}}
}

// replayed is the command whose recording is asked for; nil if there is none.
func (s *State) replayed() *Step {
	step := s.Selected()
	switch {
	case s.Trouble != nil:
		step = s.Trouble.Step
	case step == nil && s.Current() != nil && len(s.Current().Steps) > 0: // the last one that was run
		step = s.Current().Steps[len(s.Current().Steps)-1]
	}
	if step != nil && !step.Snippet() {
		step = commandOf(s.Deck.Steps[step.Index-step.Number:][:len(step.Exercise.Steps)], step)
	}
	return step
}

// CanReplay reports whether there is a recording for [VerbReplay] to show.
func (s *State) CanReplay() bool {
	step := s.replayed()
	return step != nil && s.Recordings[step.Index]
}

// recordings says of each step of a deck whether it is a command with a recording.
func recordings(deck *Deck, book *ledger.Ledger) []bool {
	all := make([]bool, len(deck.Steps))
	for i, step := range deck.Steps {
		if book != nil && step.Snippet() {
			pieces, _ := recording(book, step)
			all[i] = len(pieces) > 0
		}
	}
	return all
}

// recording are the pieces of a command and of the steps behind it up to the next command, if all of
// them passed.
func recording(book *ledger.Ledger, step *Step) (all []ledger.Piece, at time.Time) {
	var began time.Duration
	for i, o := range step.Exercise.Steps[step.Number:] {
		if i > 0 && o.Snippet() {
			break
		}
		last := book.Last(o)
		if last.Verdict != runner.Passed && last.Verdict != runner.Flaky && last.Verdict != "" || i == 0 && last.Verdict == "" ||
			last.Standing == ledger.Edited {
			return nil, at
		}
		if i == 0 {
			at = last.At
		}
		pieces, took := book.Recording(o)
		for _, p := range pieces {
			all = append(all, ledger.Piece{After: began + p.After, Text: p.Text})
		}
		began += took
	}
	return all, at
}

// prompt is that of the shell.
const prompt = "$ "

// play shows a recording in place of the live session, at its own pace.
func (t *Talk) play(ctx context.Context, step *Step) {
	var pieces []ledger.Piece
	var at time.Time
	if t.opts.Ledger != nil {
		pieces, at = recording(t.opts.Ledger, step)
	}
	if len(pieces) == 0 {
		why := noReport
		if t.opts.Ledger != nil && t.opts.Ledger.Records() {
			why = noRecording
		}
		t.s.Message = Message{Text: why, Error: true, At: time.Now()}
		return
	}
	rec := &Recording{Step: step, At: at}
	s := screen.New(t.cols, t.rows, screen.Hooks{})
	show := func(text string) {
		if t.s.Recorded == nil || t.s.Recorded.Step != step {
			return // somebody has left it
		}
		_, _ = s.Write([]byte(strings.ReplaceAll(text, "\n", "\r\n"))) // never fails
		v := s.View()
		t.s.Terminal = &v
	}
	t.s.Recorded = rec
	pieces[0].Text = strings.TrimPrefix(strings.TrimLeft(pieces[0].Text, "\r\n"), prompt) // it may have come late
	show("\x1b[7m " + rec.Label() + " \x1b[0m\n\n" + prompt)
	t.job(ctx, "a recording is shown", func(ctx context.Context) func() {
		began := time.Now()
		for _, p := range pieces {
			select {
			case <-time.After(time.Until(began.Add(p.After))):
				t.post(func() { show(p.Text) })
			case <-ctx.Done():
				return func() {}
			}
		}
		return func() {
			if t.s.Recorded == rec {
				ended := *rec
				ended.Ended = true
				t.s.Recorded = &ended
				show("\n\x1b[7m End of the recording \x1b[0m\x1b[?25l")
			}
		}
	})
}

// leaving are the commands that end a recording; those of them that mean nothing else do nothing else.
var leaving = map[Verb]bool{
	VerbReplay: true, VerbStop: true, VerbDismiss: true, VerbInput: true, VerbKey: true, VerbPaste: true,
	VerbNext: false, VerbPrev: false, VerbGoto: false, VerbSearch: false, VerbRun: false, VerbForward: false, VerbContinue: false,
	VerbAgain: false, VerbSkip: false, VerbFresh: false, VerbShell: false, VerbAllow: false,
}

// leaveRecording goes back to the live session, if a command does not let the recording be. It reports
// whether that was all that the command is for.
func (t *Talk) leaveRecording(ctx context.Context, verb Verb) bool {
	all, leaves := leaving[verb]
	if !leaves {
		return false
	}
	if !t.s.Recorded.Ended && t.stop != nil {
		t.stop()
	}
	t.s.Recorded, t.s.Terminal = nil, nil
	t.look(ctx)
	return all
}
