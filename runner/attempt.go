package runner

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// MaxFailures is the number of exercises that may fail for anything to be tried again. A flake is
// rare: where more fail, something is wrong.
const MaxFailures = 10

// MaxRetries is the largest number of retries.
const MaxRetries = 10

// keptAttempts is the number of attempts of an exercise whose results are kept when a run is
// repeated: the first that did not pass.
const keptAttempts = 10

// attempts runs the sessions of the plan, then again those that are to be tried again. Each attempt
// takes all of them, in the order of the plan: whether anything is tried again depends on the whole
// first attempt, and is the same however many sessions run side by side.
func (r *run) attempts(ctx context.Context) {
	r.attempt = 1
	r.result.Sessions = r.round(ctx, r.plan.Sessions)
	for again := r.again(ctx); len(again) > 0; again = r.again(ctx) {
		r.attempt++
		r.stopped = false
		r.earlier = map[*Session]*SessionResult{}
		for _, sr := range r.result.Sessions {
			r.earlier[sr.Session] = sr
		}
		for _, sr := range r.round(ctx, again) {
			i := slices.Index(r.plan.Sessions, sr.Session)
			r.result.Sessions[i] = sr
		}
	}
}

// round runs sessions once, side by side if that is wanted.
func (r *run) round(ctx context.Context, sessions []*Session) (results []*SessionResult) {
	if r.jobs(sessions) > 0 {
		return r.parallel(ctx, sessions)
	}
	for _, s := range sessions {
		results = append(results, r.session(ctx, s))
	}
	return results
}

// jobs is the number of sessions that run side by side, 0 if they run one after the other.
func (r *run) jobs(sessions []*Session) int {
	if r.opts.Jobs < 2 || r.opts.Resized != nil || r.opts.Pause != nil || len(sessions) < 2 {
		return 0
	}
	return r.opts.Jobs
}

// again are the sessions of the next attempt.
func (r *run) again(ctx context.Context) []*Session {
	if ctx.Err() != nil {
		return nil
	}
	if r.opts.Repeat > 1 {
		if r.stopped || r.attempt >= r.opts.Repeat {
			return nil
		}
		return slices.DeleteFunc(slices.Clone(r.plan.Sessions), func(s *Session) bool { return !s.runs() })
	}
	if r.attempt > r.opts.Retries {
		return nil
	}
	var again []*Session
	failed := 0
	for _, sr := range r.result.Sessions {
		if !slices.ContainsFunc(sr.Exercises, (*ExerciseResult).failed) {
			if r.stopped && slices.ContainsFunc(sr.Exercises, (*ExerciseResult).stopped) {
				again = append(again, sr.Session)
			}
			continue
		}
		again = append(again, sr.Session)
		for _, er := range sr.Exercises {
			if er.failed() {
				failed++
			}
		}
	}
	switch {
	case failed == 0:
		return nil
	case failed > MaxFailures:
		r.addNote(fmt.Sprintf("nothing is tried again: %d exercises failed, more than %d", failed, MaxFailures))
		return nil
	}
	return again
}

// failed reports whether the last attempt of the exercise shows a fault that another attempt may not
// show.
func (er *ExerciseResult) failed() bool {
	v := er.OfAttempt()
	return (v == Failed || v == Broken) && len(er.Mistakes) == 0
}

// stopped reports whether the exercise did not run because the attempt had ended before it.
func (er *ExerciseResult) stopped() bool {
	return er.OfAttempt() == Skipped && er.Failure == nil && er.last() != nil
}

// OfAttempt is the verdict of the last attempt alone.
func (er *ExerciseResult) OfAttempt() Verdict {
	if er.Own == "" {
		return er.Verdict
	}
	return er.Own
}

// Follow makes the result that of another attempt after an earlier one. Repeated says that only some
// of many attempts are kept.
func (er *ExerciseResult) Follow(earlier *ExerciseResult, repeated bool) {
	er.Own = er.OfAttempt()
	er.Counts = maps.Clone(earlier.Counts)
	if er.Counts == nil {
		er.Counts = map[Verdict]int{earlier.OfAttempt(): 1}
	}
	er.Counts[er.Own]++
	er.Earlier = slices.Clone(earlier.Earlier)
	last := *earlier
	last.Verdict, last.Failure, last.Earlier, last.Counts = earlier.OfAttempt(), earlier.OwnFailure(), nil, nil
	if !repeated || last.Verdict != Passed && len(er.Earlier) < keptAttempts {
		er.Earlier = append(er.Earlier, &last)
	}
}

// OwnFailure is the failure of the last attempt alone.
func (er *ExerciseResult) OwnFailure() *Failure {
	if er.inherited {
		return nil
	}
	return er.Failure
}

// Settle gives the exercise the verdict of all its attempts. If the last one has no failure, it gets
// that of the first attempt that has one.
func (er *ExerciseResult) Settle(v Verdict) {
	er.Verdict = v
	if v == er.OfAttempt() || er.Failure != nil {
		return
	}
	for _, e := range er.Earlier {
		if e.Failure != nil {
			er.Failure, er.inherited = e.Failure, true
			return
		}
	}
}

// Settled is the verdict of all attempts of an exercise. An attempt that passed after one that failed,
// or before it, makes it flaky. A blocked attempt says nothing about the exercise itself.
func (er *ExerciseResult) Settled() Verdict {
	own, fault := er.OfAttempt(), Passed
	for _, v := range []Verdict{Failed, Broken} {
		if er.Counts[v] > 0 {
			fault = v
		}
	}
	switch {
	case own == Interrupted:
		return own
	case fault != Passed && er.Counts[Passed] > 0:
		return Flaky
	case fault != Passed:
		return fault
	case er.Counts[Quarantined] > 0:
		return Quarantined
	}
	return own
}

// Story says what came of each attempt of an exercise; "" if not all of them are kept.
func (er *ExerciseResult) Story() string {
	var all []string
	for _, e := range append(slices.Clone(er.Earlier), er) {
		all = append(all, fmt.Sprintf("attempt %d: %s", e.Attempt, e.OfAttempt()))
	}
	if len(all) != er.Attempt {
		return ""
	}
	return strings.Join(all, ", ")
}

// settle gives the exercises of a session the verdicts of all attempts, and reports those that are not
// the verdicts of this attempt.
func (r *run) settle(sr *SessionResult) {
	earlier := r.earlier[sr.Session]
	if earlier == nil {
		return
	}
	for i, er := range sr.Exercises {
		er.Follow(earlier.Exercises[i], r.opts.Repeat > 1)
		if er.Settle(r.held(er.Exercise, er.Settled())); er.Verdict != er.Own {
			r.emit(Event{
				Kind: ExerciseRetried, Exercise: er.Exercise, Verdict: er.Verdict, Failure: er.Failure, Duration: er.Duration,
				Note: er.Story(),
			})
		}
	}
	if sr.Failure == nil && unowned(earlier) { // what was left behind is still there
		sr.Verdict, sr.Failure = r.worse(sr.Verdict, earlier.Verdict), earlier.Failure
	}
}

// unowned reports whether a session has a failure that is none of its exercises'.
func unowned(sr *SessionResult) bool {
	return sr.Failure != nil &&
		!slices.ContainsFunc(sr.Exercises, func(er *ExerciseResult) bool { return er.OwnFailure() == sr.Failure })
}

// held is the verdict of an exercise that may be in quarantine. A broken environment is not its fault.
func (r *run) held(e *Exercise, v Verdict) Verdict {
	switch v {
	case Failed, Blocked, Flaky, Inconclusive:
		if r.quarantine(e) != "" {
			return Quarantined
		}
	}
	return v
}

// quarantine is the remark on an exercise in quarantine.
func (r *run) quarantine(e *Exercise) string {
	if r.opts.Quarantined == nil {
		return ""
	}
	return r.opts.Quarantined(e)
}

// counted is the verdict of an exercise as it counts in its session's.
func (r *run) counted(er *ExerciseResult, s *Session) Verdict {
	switch {
	case er.agreed(s), r.opts.KeepBroken && len(er.Mistakes) > 0, er.Verdict == Quarantined:
		return Passed
	case er.Verdict == Flaky && er.OfAttempt() != Passed: // nothing excuses an exercise that fails now
		return Failed
	}
	return er.Verdict
}

// accepts reports whether a verdict does not fail the run.
func (o Options) accepts(v Verdict) bool {
	switch v {
	case Passed, Quarantined:
		return true
	case Flaky:
		return o.AllowFlaky
	case Inconclusive:
		return !o.Strict
	}
	return false
}

func (r *run) accepts(v Verdict) bool { return r.opts.accepts(v) }

// Worse is the worse of two verdicts. One that fails the run is worse than one that does not.
func (o Options) Worse(a, b Verdict) Verdict {
	if bad, good := !o.accepts(a), !o.accepts(b); bad != good {
		if bad {
			return a
		}
		return b
	}
	return worse(a, b)
}

func (r *run) worse(a, b Verdict) Verdict { return r.opts.Worse(a, b) }

// Judge gives a run the verdict of its sessions.
func (o Options) Judge(r *Result) {
	r.Verdict = Passed
	for _, sr := range r.Sessions {
		r.Verdict = o.Worse(r.Verdict, sr.Verdict)
	}
	if r.Verdict == Passed && !r.has(Passed) {
		r.Verdict = Skipped
		if r.has(Quarantined) {
			r.Verdict = Quarantined
		}
	}
	r.Accepted = r.Verdict != Passed && o.accepts(r.Verdict)
}

// Bad reports whether the step was carried out and did not come out as it should. A measurement that
// could not decide says nothing.
func (st *StepResult) Bad() bool { return st.Failure != nil && st.Verdict != Inconclusive }

// done reports whether the commands of an exercise did what they should.
func done(v Verdict) bool { return v == Passed || v == Inconclusive }
