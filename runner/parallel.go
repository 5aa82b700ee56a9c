package runner

import (
	"context"
	"fmt"
	"slices"
)

// abreast is a session that runs beside others.
type abreast struct {
	*Session
	needs  []string // for itself
	run    *run
	lane   lane
	ctx    context.Context //nolint:containedctx // each of them can be canceled
	cancel context.CancelFunc
	result *SessionResult
	done   chan struct{}
}

// parallel runs sessions side by side, and reports them in the order of the plan. After a
// failure that ends the run, the sessions behind it count as skipped, however far they have
// come: the result is that of one session after the other.
func (r *run) parallel(ctx context.Context, sessions []*Session) []*SessionResult {
	all := make([]*abreast, len(sessions))
	for i, s := range sessions {
		a := &abreast{Session: s, done: make(chan struct{})}
		if r.opts.Needs != nil {
			a.needs = r.opts.Needs(s)
		}
		a.run = r.beside(a.lane.add)
		a.ctx, a.cancel = context.WithCancel(ctx)
		defer a.cancel()
		all[i] = a
	}
	if need := shared(all); need != "" {
		r.addNote(fmt.Sprintf("sessions that use %s run one after the other", need))
	}
	scheduled := make(chan struct{})
	go func() {
		defer close(scheduled)
		schedule(all, r.opts.Jobs)
	}()
	defer func() { <-scheduled }()
	results := make([]*SessionResult, len(all))
	for i, a := range all {
		if r.stopped {
			a.cancel()
			<-a.done
			a.lane.discard()
			a.run = r.beside(r.forward)
			a.run.stopped = true
			results[i] = a.run.session(ctx, a.Session)
			continue
		}
		a.lane.open(r.forward)
		<-a.done
		results[i], r.stopped = a.result, a.run.stopped
	}
	return results
}

// beside is a run whose events go elsewhere.
func (r *run) beside(report func(Event)) *run {
	opts := r.opts
	opts.Event = report
	return &run{
		opts: opts, plan: r.plan, result: &Result{Plan: r.plan, Notes: slices.Clone(opts.Notes)}, attempt: r.attempt, earlier: r.earlier,
	}
}

// forward reports an event of a session. A remark is reported once in a run.
func (r *run) forward(e Event) {
	if e.Kind == EventNote {
		if slices.Contains(r.result.Notes, e.Note) {
			return
		}
		r.result.Notes = append(r.result.Notes, e.Note)
	}
	if r.opts.Event != nil {
		r.opts.Event(e)
	}
}

// schedule runs all sessions, each when there is room for it. A session that waits for
// another's port lets later ones pass; an exclusive session does not, and runs alone.
func schedule(waiting []*abreast, jobs int) {
	waiting = slices.Clone(waiting)
	var running []*abreast
	ended := make(chan *abreast)
	for len(waiting)+len(running) > 0 {
		i := startable(waiting, running, jobs)
		if i < 0 {
			a := <-ended
			running = slices.DeleteFunc(running, func(b *abreast) bool { return a == b })
			continue
		}
		a := waiting[i]
		waiting = slices.Delete(waiting, i, i+1)
		running = append(running, a)
		go func() {
			a.result = a.run.session(a.ctx, a.Session)
			close(a.done)
			ended <- a
		}()
	}
}

// startable is the index of the first waiting session that may start now, -1 if there is none.
func startable(waiting, running []*abreast, jobs int) int {
	if len(running) >= jobs || len(running) > 0 && running[0].Exclusive {
		return -1
	}
	for i, a := range waiting {
		if a.Exclusive {
			if len(running) == 0 {
				return i
			}
			return -1
		}
		if !slices.ContainsFunc(running, func(b *abreast) bool { return common(a.needs, b.needs) != "" }) {
			return i
		}
	}
	return -1
}

// common is a need in both lists, "" if there is none.
func common(a, b []string) string {
	for _, need := range a {
		if slices.Contains(b, need) {
			return need
		}
	}
	return ""
}

// shared is a need of two of the sessions, "" if there is none.
func shared(all []*abreast) string {
	for i, a := range all {
		for _, b := range all[:i] {
			if need := common(a.needs, b.needs); need != "" {
				return need
			}
		}
	}
	return ""
}
