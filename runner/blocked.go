package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"workshop/runner/terminal"
)

// wants holds the things that the exercises of a session did not leave behind, because they did not
// pass. A later exercise that fails for want of one of them is blocked. Where that is not certain,
// it has failed: see ADR 23.
type wants struct {
	missing map[thing]want
	failed  []want          // in order
	last    *ExerciseResult // the last one with a snippet
	root    map[*Exercise]want
}

// want is the first cause of a missing thing.
type want struct {
	exercise *Exercise
	skipped  bool
}

func newWants() *wants { return &wants{missing: map[thing]want{}, root: map[*Exercise]want{}} }

// add takes the result of an exercise into account.
func (w *wants) add(er *ExerciseResult) {
	if slices.ContainsFunc(er.Steps, func(st *StepResult) bool { return st.Snippet() }) {
		w.last = er
	}
	if !done(er.Verdict) {
		w.lose(er)
		return
	}
	for _, st := range er.Steps {
		for _, t := range st.things() {
			delete(w.missing, t)
		}
	}
}

// lose notes the things that an exercise, which did not pass, has not left behind.
func (w *wants) lose(er *ExerciseResult) {
	cause, blocked := w.root[er.Exercise]
	if !blocked {
		cause = want{er.Exercise, er.Verdict == Skipped}
		w.root[er.Exercise] = cause
	}
	if !cause.skipped && !blocked {
		w.failed = append(w.failed, cause)
	}
	for _, t := range er.lost() {
		if _, known := w.missing[t]; !known {
			w.missing[t] = cause
		}
	}
}

// things are those that the step leaves behind.
func (st *StepResult) things() []thing {
	if f := st.op.figure; f != nil {
		return []thing{{aFigure, f.Name}}
	}
	if !st.Snippet() {
		return nil
	}
	return leaves(st.snippet())
}

// lost are the things that the exercise did not leave behind: those of the command that failed and
// of all behind it.
func (er *ExerciseResult) lost() (all []thing) {
	from := slices.IndexFunc(er.Steps, func(st *StepResult) bool { return !done(st.Verdict) })
	if from < 0 || er.Late {
		from = 0
	}
	for from > 0 && !er.Steps[from].Snippet() { // the step is about the snippet before it
		from--
	}
	for i, st := range er.Steps[from:] {
		if i > 0 || er.Failure == nil || !st.Snippet() {
			all = append(all, st.things()...)
			continue
		}
		lines := terminal.Lines(st.snippet())
		at := len(lines) - 1 // of which the status was judged
		if er.Failure.line != "" {
			at = slices.Index(lines, er.Failure.line)
		}
		if st.Verdict == Skipped { // nothing of it was typed
			at = 0
		}
		all = append(all, leaves(strings.Join(lines[max(at, 0):], "\n"))...)
	}
	return all
}

// judge makes an exercise that has failed a blocked one, if it failed for want of a thing that an
// earlier one did not leave behind.
func (w *wants) judge(er *ExerciseResult) {
	if er.Verdict != Failed || er.Failure == nil || er.Late {
		return
	}
	if name := er.Failure.figure; name != "" {
		t := thing{aFigure, name}
		switch cause, missing := w.missing[t]; {
		case !missing:
		case cause.skipped:
			er.Failure.Hint = cause.exercise.ID + ", which measures it, was skipped"
		default:
			w.block(er, cause, "which did not leave "+t.String())
		}
		return
	}
	a := er.attempt()
	var found []thing
	for t := range a.used {
		if _, missing := w.missing[t]; missing && a.lacks(t) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b thing) int { // a place last: it is the least certain
		if place := a.kind == aPlace; place != (b.kind == aPlace) {
			return map[bool]int{true: 1, false: -1}[place]
		}
		return strings.Compare(a.String(), b.String())
	})
	for _, t := range found {
		if cause := w.missing[t]; !cause.skipped {
			w.block(er, cause, "which did not leave "+t.String())
			return
		}
	}
	if cause, ok := w.needed(er, a.said); ok {
		w.block(er, cause, "whose chapter is needed")
		return
	}
	if len(found) > 0 && er.Failure.Hint == "" {
		er.Failure.Hint = fmt.Sprintf("%s, which leaves %s, was skipped", w.missing[found[0]].exercise.ID, found[0])
	}
}

// needed is the first exercise that has failed of a chapter that the exercise's own needs, if
// something is said to be absent.
func (w *wants) needed(er *ExerciseResult, said []string) (want, bool) {
	if !slices.ContainsFunc(said, absent().MatchString) && !slices.ContainsFunc(said, refused().MatchString) {
		return want{}, false
	}
	i := slices.IndexFunc(w.failed, func(f want) bool { return slices.Contains(er.Chapter.Needs, f.exercise.Chapter.Name) })
	if i < 0 {
		return want{}, false
	}
	return w.failed[i], true
}

// attempt is the command that failed, or the page that did not answer.
func (er *ExerciseResult) attempt() *attempt {
	a, text := &attempt{}, ""
	for _, st := range er.Steps {
		if st.Snippet() {
			text, a.said = st.snippet(), nil
		}
		a.said = append(a.said, strings.Split(st.Output, "\n")...)
		if st.Verdict == Passed {
			continue
		}
		if st.Kind() == KindOpens {
			text, a.said = st.op.condition.Page, []string{er.Failure.Message}
		}
		break
	}
	a.use(text)
	return a
}

// block changes the verdict of an exercise, with the reason.
func (w *wants) block(er *ExerciseResult, cause want, why string) {
	f := *er.Failure
	f.Blocker = cause.exercise.ID
	f.Message = fmt.Sprintf("blocked by %s, %s: %s", f.Blocker, why, f.Message)
	er.Verdict, er.Failure = Blocked, &f
	w.root[er.Exercise] = cause
}

// beginning is the first step if it is about a command of an earlier exercise; nil otherwise.
func (e *Exercise) beginning() *Step {
	for _, step := range e.Steps {
		if step.Snippet() {
			return nil
		}
		if step.directive.follows != anything && !step.leftOut() {
			return step
		}
	}
	return nil
}

// typesLine reports whether the exercise begins with keys that type a line, which may be a command.
func (e *Exercise) typesLine() bool {
	for _, step := range e.Steps {
		switch {
		case step.op.kind == KindAlters:
		case step.op.kind != KindPresses:
			return false
		case step.op.keys.Submits():
			return true
		}
	}
	return false
}

// begins looks whether an exercise that goes on with the command of an earlier one can do so. If
// not, it is not run, and has the verdict of the other.
func (w *wants) begins(e *Exercise) (Verdict, *Failure) {
	step := e.beginning()
	if step == nil || w.last == nil || done(w.last.Verdict) || e.typesLine() {
		return Passed, nil
	}
	cause := w.root[w.last.Exercise]
	f := &Failure{Pos: step.Pos}
	if cause.skipped {
		f.Message = "goes on with " + cause.exercise.ID + ", which was skipped"
		return Skipped, f
	}
	f.Blocker = cause.exercise.ID
	f.Message = "blocked by " + f.Blocker + ": it goes on with a command that did not come so far"
	w.root[e] = cause
	return Blocked, f
}

// idleKeys is the failure of an exercise whose only steps are keys while no program reads them; nil
// if one does. Keys that type a line are a command of their own.
func (p *pane) idleKeys(ctx context.Context, e *Exercise) *Failure {
	var first *Step
	for _, step := range e.Steps {
		if step.op.kind == KindAlters {
			continue
		}
		if step.op.kind != KindPresses || step.op.keys.Submits() || step.op.pastes {
			return nil
		}
		if first == nil {
			first = step
		}
	}
	if first == nil || p.command != nil && p.command.typing {
		return nil
	}
	limit, cancel := context.WithTimeout(ctx, p.session.limits.Step)
	defer cancel()
	if p.shell.Settle(limit, first.op.keys.Interrupts()) != nil {
		return nil // the key reports it
	}
	if _, prompting := p.shell.Prompting(); !prompting || p.shell.Nesting() > 0 || p.session.windows.several() {
		return nil
	}
	if p.judgeEnded() != nil {
		return nil
	}
	return p.failf(first, "start one in this exercise, or before it",
		"there is no program to press %s for: the shell is at its prompt", quote(strings.TrimSpace(first.Text)))
}
