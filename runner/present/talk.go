package present

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"workshop/runner"
	"workshop/runner/ledger"
	"workshop/runner/screen"
	"workshop/runner/terminal"
)

// Source is a deck that was read.
type Source struct {
	Plan  *runner.Plan   // of all that is not excluded, nothing selected away
	Run   runner.Options // of its sessions
	Files []string       // the files that it was read from, whose changes are to be noticed

	Warning  string   // mistakes that prevent nothing
	Remarks  []string // all that reading it has said: these mistakes, and what lint warns of
	Mistakes int      // how many there are: their steps cannot be run
}

// Options of a talk. The zero value remembers nothing and asks before it runs.
type Options struct {
	// Load reads the deck again, when one of its files has changed or somebody wants it.
	Load      func() (*Source, error)
	Ledger    *ledger.Ledger                              // the results of checks; nil: nothing is known
	Memory    *Memory                                     // the place where the talk was left, and consent; nil: none
	Yes       bool                                        // it is allowed to run the deck
	At        string                                      // run the deck up to there: an exercise's id, a slide's number or name
	Link      func(ctx context.Context, url string) error // opens a page
	Pace      time.Duration                               // of simulated typing, a character; 0: 30 ms
	FromStart bool                                        // begin with the first slide, wherever the last talk was
	Hidden    bool                                        // hidden steps are shown from the beginning
	Warning   func(error)                                 // gets errors of the memory; nil: nobody minds
}

// frame is the least time between two pictures of the terminal.
const frame = time.Second / 60

// past is how many lines of the terminal can be scrolled back to.
const past = 5000

// Talk is a deck that is being presented. One goroutine owns it. It shows a [State] and
// takes a [Command].
type Talk struct {
	opts     Options
	commands chan asked
	events   chan func()
	done     chan struct{}
	cancel   context.CancelFunc
	work     sync.WaitGroup // jobs and loads
	loop     sync.WaitGroup
	state    atomic.Pointer[State]
	live     atomic.Pointer[runner.Live]

	watchers watchers

	// Of the owner alone.
	s      State
	source *Source
	permission
	stop     context.CancelFunc
	reloads  reloads
	missing  missing
	cols     int
	rows     int
	pictures pictures
	watch    *deckWatch

	// Of the job alone.
	plan *runner.Plan // that the live session follows
}

// pictures are the pictures of the terminal: at most one in each frame.
type pictures struct {
	last time.Time
	next *time.Timer
}

// permission is the presenter's consent to run steps.
type permission struct {
	allowed   bool
	pending   Command // the command that waits for consent
	asked     int     // how often it was asked for
	confirmed *Step   // a step of an earlier session, for which consent was asked once
}

// Open begins a talk. It ends with Close, or with its context.
func Open(ctx context.Context, src *Source, opts Options) (*Talk, error) {
	if opts.Pace <= 0 {
		opts.Pace = 30 * time.Millisecond
	}
	t := &Talk{
		opts: opts, source: src, commands: make(chan asked), events: make(chan func()), done: make(chan struct{}),
		cols: terminal.DefaultCols, rows: terminal.DefaultRows, pictures: pictures{next: time.NewTimer(0)},
	}
	<-t.pictures.next.C
	t.s = State{Switches: Switches{Verify: true, Hidden: opts.Hidden, Columns: terminal.DefaultCols}, Started: time.Now()}
	t.take(src)
	if opts.Memory != nil && !opts.FromStart {
		opts.Memory.restore(&t.s)
	}
	if n := src.Mistakes; n > 0 && t.s.Message.Text == "" {
		text := "one mistake in a step: m shows it"
		if n > 1 {
			text = fmt.Sprintf("%d mistakes in steps: m shows them", n)
		}
		t.s.Message = Message{Text: text, At: time.Now()}
	}
	if opts.At != "" {
		if t.s.Deck.Find(opts.At) < 0 {
			return nil, fmt.Errorf("there is no slide, chapter or exercise %q", opts.At)
		}
	}
	var err error
	if t.watch, err = newWatch(src.Files); err != nil {
		return nil, fmt.Errorf("watch the deck: %w", err)
	}
	ctx, t.cancel = context.WithCancel(ctx)
	t.publish()
	t.loop.Go(func() { t.run(ctx) })
	if opts.At != "" {
		t.Do(Command{Do: VerbGoto, Text: opts.At})
		t.Do(Command{Do: VerbForward})
	}
	return t, nil
}

// asked is a command that somebody waits for.
type asked struct {
	Command
	taken chan struct{}
}

// Do gives the talk a command. When it returns, the state is the one after the command;
// work that takes time, such as a step, has only begun.
func (t *Talk) Do(c Command) {
	a := asked{c, make(chan struct{})}
	select {
	case t.commands <- a:
	case <-t.done:
		return
	}
	select {
	case <-a.taken:
	case <-t.done:
	}
}

// State is the present state.
func (t *Talk) State() *State { return t.state.Load() }

// Past are up to n lines that have left the terminal, from the one that is top lines
// above it on.
func (t *Talk) Past(top, n int) []screen.Line {
	if live := t.live.Load(); live != nil {
		return live.Past(top, n)
	}
	return nil
}

// Done is closed when the talk has ended.
func (t *Talk) Done() <-chan struct{} { return t.done }

// Close ends the talk, its steps and its shell.
func (t *Talk) Close() error {
	t.cancel()
	t.loop.Wait()
	if live := t.live.Load(); live != nil {
		return live.Close()
	}
	return nil
}

// Watcher is told of new states. However slow its owner is, nobody waits for it: the
// state that it gets next includes the changes that it has missed.
type Watcher struct {
	talk    *Talk
	changed chan struct{}
}

// watchers are the watchers of a talk. The zero value has none.
type watchers struct {
	mu  sync.Mutex
	all map[*Watcher]bool
}

func (ws *watchers) add(w *Watcher) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.all == nil {
		ws.all = map[*Watcher]bool{}
	}
	ws.all[w] = true
}

func (ws *watchers) remove(w *Watcher) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	delete(ws.all, w)
}

// tell tells every watcher of a new state.
func (ws *watchers) tell() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.all {
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
}

// Watch begins to watch. The first state is there at once.
func (t *Talk) Watch() *Watcher {
	w := &Watcher{t, make(chan struct{}, 1)}
	w.changed <- struct{}{}
	t.watchers.add(w)
	return w
}

// Changed delivers something when there is a state that was not delivered: look at
// [Talk.State].
func (w *Watcher) Changed() <-chan struct{} { return w.changed }

// Close ends the watching.
func (w *Watcher) Close() { w.talk.watchers.remove(w) }

// publish shows the state to all.
func (t *Talk) publish() {
	t.s.Gen++
	s := t.s
	t.state.Store(&s)
	t.watchers.tell()
}

// run is the owner.
func (t *Talk) run(ctx context.Context) {
	defer close(t.done)
	defer func() {
		if t.stop != nil {
			t.stop()
		}
		// Jobs and loads that still post an event must not wait for ever.
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			t.work.Wait()
		}()
		for {
			select {
			case f := <-t.events:
				f()
			case <-ended:
				t.watch.Close()
				if t.opts.Memory != nil {
					t.opts.Memory.close()
				}
				return
			}
		}
	}()
	for {
		var changed <-chan struct{}
		if live := t.live.Load(); live != nil {
			changed = live.Changed()
		}
		select {
		case <-ctx.Done():
			return
		case c := <-t.commands:
			t.do(ctx, c.Command)
			t.publish()
			close(c.taken)
			continue
		case f := <-t.events:
			f()
		case <-changed:
			if wait := frame - time.Since(t.pictures.last); wait > 0 {
				t.pictures.next.Reset(wait)
				continue
			}
			t.look(ctx)
		case <-t.pictures.next.C:
			t.look(ctx)
		case <-t.watch.changed:
			t.reload(ctx)
			continue
		}
		t.publish()
	}
}

// look takes a picture of the terminal, and the corrections of its session.
func (t *Talk) look(ctx context.Context) {
	if live := t.live.Load(); live != nil {
		live.Judge(ctx)
		t.takeCorrections(live)
		if v := live.View(); t.s.Recorded == nil {
			t.s.Terminal = &v
		}
		if sampled, running := live.Sampling(), t.s.Running; sampled != nil && running != nil && running.Step.Step == sampled.Step {
			now := *running
			now.sampled = &sampled.Reading
			t.s.Running = &now
			t.note(&now)
		}
		t.pictures.last = time.Now()
	}
}

// do carries a command out.
func (t *Talk) do(ctx context.Context, c Command) {
	if c.If != nil && !c.If(&t.s) {
		t.say("not done: something else has changed meanwhile")
		return
	}
	switch {
	case c.Do == VerbAllow && t.s.Consent != nil:
		t.allowed = true
		if t.opts.Memory != nil {
			t.warn(t.opts.Memory.Allow(t.s.Deck.Plan))
		}
		c, t.pending = t.pending, Command{}
		t.s.Consent = nil
	}
	switch c.Do {
	case VerbRun, VerbAgain, VerbForward, VerbContinue, VerbAllow, VerbResize:
	default:
		t.confirmed = nil // once more, and not after something else
	}
	if t.s.Recorded != nil && t.leaveRecording(ctx, c.Do) {
		return
	}
	var effects []effect
	t.s, effects = t.s.update(c, time.Now())
	for _, e := range effects {
		t.effect(ctx, c, e)
	}
}

func (t *Talk) effect(ctx context.Context, c Command, e effect) {
	live := t.live.Load()
	switch e.kind {
	case runSteps:
		if t.permitted(c) && t.sure(e.steps[0]) {
			deck := t.s.Deck
			t.job(ctx, "a step is about to run", func(ctx context.Context) func() { return t.steps(ctx, deck, e) })
		}
	case playRecording:
		t.play(ctx, e.step)
	case openShell:
		switch {
		case e.step == nil:
			t.say("the deck has no exercises, and so no shell")
		case t.permitted(c):
			t.job(ctx, "the shell starts", func(ctx context.Context) func() {
				_, err := t.shell(ctx, e.step)
				return func() {
					if err != nil {
						t.trouble(e.step, err)
					}
				}
			})
		}
	case freshShell:
		t.job(ctx, "the shell is brought back to its prompt", func(ctx context.Context) func() {
			err := live.Recover(ctx)
			return func() {
				t.abandon()
				t.fail(err)
			}
		})
	case stopJob:
		t.stop()
	case typeText:
		t.fail(byHand(live, c.Do, e.text))
	case resizeShell:
		t.cols, t.rows = e.cols, e.rows
		if live != nil {
			if err := live.Resize(e.cols, e.rows); err != nil {
				t.fail(err)
			}
			t.look(ctx)
		}
	case pace:
		t.pace(live)
	case openLink:
		t.link(ctx, e.text)
	case reload:
		t.reload(ctx)
	case remember:
		t.remember()
	}
}

func (t *Talk) remember() {
	if t.opts.Memory != nil {
		t.opts.Memory.save(&t.s)
	}
}

// byHand types into the shell for a person.
func byHand(live *runner.Live, how Verb, text string) error {
	switch how {
	case VerbKey:
		key, err := terminal.ParseKey(text)
		if err != nil {
			return err
		}
		return live.Press(key)
	case VerbPaste:
		return live.Paste(text)
	}
	_, err := live.Write([]byte(text))
	return err
}

func (t *Talk) pace(live *runner.Live) {
	switch {
	case live == nil:
	case t.s.Typing:
		live.Pace(t.opts.Pace)
	default:
		live.Pace(0)
	}
}

// permitted asks for consent where there is none.
func (t *Talk) permitted(c Command) bool {
	if !t.allowed && t.opts.Memory != nil { // meanwhile somebody may have agreed to this content in another talk
		t.allowed = t.opts.Memory.allowed(t.s.Deck.digest)
	}
	if !t.allowed {
		t.pending = c
		t.asked++
		t.s.Consent = t.question()
		t.s.Consent.Number = t.asked
	}
	return t.allowed
}

// sure asks again before the shell ends because of a step that belongs to an earlier
// session.
func (t *Talk) sure(step *Step) bool {
	if !t.s.over(step.Session) || t.confirmed == step {
		t.confirmed = nil
		return true
	}
	t.confirmed = step
	t.say(fmt.Sprintf("this ends the shell of %q and starts that of %q anew: once more to do so", t.s.Session, step.Session.Name))
	return false
}

func (t *Talk) say(text string) { t.s.Message = Message{Text: text, At: time.Now()} }

func (t *Talk) fail(err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		t.s.Message = Message{Text: err.Error(), Error: true, At: time.Now()}
	}
}

func (t *Talk) warn(err error) {
	if err != nil && t.opts.Warning != nil {
		t.opts.Warning(err)
	}
}

// job runs a function that takes time, and then, as the owner, the function that it
// returns. There is one job at a time.
func (t *Talk) job(ctx context.Context, what string, f func(context.Context) (last func())) {
	if t.stop != nil {
		return
	}
	ctx, t.stop = context.WithCancel(ctx)
	t.s.Busy = what
	t.work.Go(func() {
		last := f(ctx)
		t.post(func() {
			t.stop()
			t.stop = nil
			if !t.s.Message.late {
				t.s.Message = Message{} // said while it ran
			}
			last()
			t.s.Busy, t.s.Running = "", nil
			t.look(ctx)
			t.remember()
		})
	})
}

// post has the owner do something, and waits until it is done.
func (t *Talk) post(f func()) {
	did := make(chan struct{})
	t.events <- func() {
		defer close(did)
		f()
	}
	<-did
}

// steps is the job that runs steps of a deck, until one does not pass.
func (t *Talk) steps(ctx context.Context, deck *Deck, e effect) (last func()) {
	for i, step := range e.steps {
		live, err := t.shell(ctx, step)
		if err == nil && i == 0 && e.again {
			err = live.Retry(ctx, step.Step)
		}
		if err != nil {
			return func() { t.trouble(step, err) }
		}
		var o *Outcome
		if t.post(func() { o = t.begin(deck, step, e.walk) }); o == nil {
			return func() { t.say("the deck was edited: stopped before " + step.Summary()) }
		}
		result := &runner.StepResult{Step: step.Step, Verdict: runner.Skipped}
		if !judges(step) || !o.Unverified {
			if result, err = live.Run(ctx, step.Step); err != nil {
				return func() { t.trouble(step, err) }
			}
		}
		if result.Verdict == runner.Interrupted {
			err = byHand(live, VerbKey, "^C") // as in a shell, it stops the program
		}
		failed := result.Bad() && !o.Unverified
		t.post(func() {
			t.takeCorrections(live)
			failed = failed || t.s.Trouble != nil // of a step that ran before
		})
		if failed || i == len(e.steps)-1 || ctx.Err() != nil {
			return func() {
				t.end(ctx, o, result)
				t.fail(err)
			}
		}
		t.post(func() {
			t.end(ctx, o, result)
			t.s.Busy = "a step is about to run" // nobody else's
		})
	}
	return func() {}
}

// shell is the live session of a step: the present one, or a new one in which the
// exercises have been run that the step's chapter needs.
func (t *Talk) shell(ctx context.Context, step *Step) (*runner.Live, error) {
	var deck *Deck
	var opts runner.Options
	var now string
	t.post(func() {
		deck, opts, now = t.s.Deck, t.source.Run, t.s.Session
		opts.Cols, opts.Rows, opts.Past = t.cols, t.rows, past
	})
	live := t.live.Load()
	if live == nil || now != step.Session.Name {
		return t.open(ctx, deck.Plan, step.Session, opts)
	}
	if t.plan != deck.Plan {
		live.Replace(deck.Plan, step.Session)
		t.plan = deck.Plan
	}
	return live, nil
}

// open starts a session's shell in place of the one before, and runs the steps that it needs.
func (t *Talk) open(ctx context.Context, plan *runner.Plan, session *runner.Session, opts runner.Options) (*runner.Live, error) {
	t.post(func() { t.s.Busy = fmt.Sprintf("the shell of %q starts", session.Name) })
	if live := t.live.Load(); live != nil {
		// One at a time: the next application needs the ports of the one before.
		t.post(func() {
			t.live.Store(nil)
			t.abandon()
		})
		err := live.Close()
		t.post(func() { t.takeCorrections(live) })
		if err != nil {
			return nil, err
		}
	}
	live, err := runner.Open(ctx, plan, session, opts)
	if err != nil {
		t.post(func() { t.s.Session, t.s.Terminal = "", nil })
		return nil, fmt.Errorf("the session cannot be started: %w", err)
	}
	t.plan = plan
	t.post(func() {
		t.live.Store(live)
		t.s.Session, t.s.Notes = session.Name, live.Notes()
		t.s.shell++
		t.pace(live)
		if opts.Cols != t.cols || opts.Rows != t.rows {
			t.fail(live.Resize(t.cols, t.rows))
		}
		t.look(ctx)
	})
	for _, e := range session.Exercises {
		if !e.Setup {
			continue
		}
		t.post(func() { t.s.Busy = "an exercise that the chapter needs is run: " + e.Title })
		for _, s := range e.Steps {
			result, err := live.Run(ctx, s)
			if err != nil {
				return nil, err
			}
			if result.Bad() {
				return nil, result.Failure
			}
		}
	}
	return live, nil
}

// begin notes that a step is about to run; nil if it must not, for it is not of the deck
// any more.
func (t *Talk) begin(deck *Deck, step *Step, walk bool) *Outcome {
	if t.s.Deck != deck {
		return nil
	}
	t.s.Busy = ""
	t.s.Running = &Outcome{Step: step, Started: time.Now(), Unverified: !t.s.Verify, shell: t.s.shell}
	t.note(t.s.Running)
	if slide := deck.Slides[step.Slide]; walk && (t.s.Slide < slide.Index || !slices.Contains(t.s.Current().Steps, step)) {
		t.s.Slide = slide.Index
	}
	t.choose(step, 0)
	return t.s.Running
}

// end notes how a step came out.
func (t *Talk) end(ctx context.Context, o *Outcome, result *runner.StepResult) {
	ended := *o
	ended.Result = result
	t.s.Running, t.s.Busy = nil, ""
	t.s.latest = o.Step.place()
	if live := t.live.Load(); live != nil {
		t.s.Notes = live.Notes()
	}
	t.s.Log = append(t.s.Log, &ended)
	if len(t.s.Log) > maxLog {
		t.s.Log = slices.Clone(t.s.Log[len(t.s.Log)-maxLog/2:])
	}
	step := t.s.Deck.same(o.Step)
	if step != nil {
		ended.Step = step
		t.note(&ended)
	} else {
		t.s.Outcomes = slices.Clone(t.s.Outcomes) // other marks may have changed
	}
	t.look(ctx)
	switch {
	case result.Verdict == runner.Interrupted:
		t.say("stopped by ^C: a program that ignores it still runs")
	case step == nil && result.Bad() && !o.Unverified:
		t.fail(edited(o.Step, result.Failure))
	case result.Bad() && !o.Unverified:
		t.choose(ended.Step, 0)
		t.raise(&Trouble{Step: ended.Step, Failure: result.Failure})
	default:
		t.choose(ended.Step, 1)
	}
}

// maxLog is how many steps that were run are remembered.
const maxLog = 10_000

// choose selects a step of the slide, or the one behind it.
func (t *Talk) choose(step *Step, behind int) {
	if slide := t.s.Current(); slide != nil {
		if i := slices.Index(slide.Steps, step); i >= 0 {
			t.s.Step = i + behind
		}
	}
}

func (t *Talk) note(o *Outcome) {
	t.s.Outcomes = slices.Clone(t.s.Outcomes)
	t.s.Outcomes[o.Step.Index] = o
}

// abandon notes that the command that was run last is no longer in the shell: a wait for it cannot pass any more.
func (t *Talk) abandon() {
	t.s.latest = place{}
	t.s.Outcomes = slices.Clone(t.s.Outcomes) // their marks have changed
}

// trouble says why a step was not run.
func (t *Talk) trouble(step *Step, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	if o := t.s.Running; o != nil { // it never did
		t.s.Running = nil
		if of := t.s.Deck.same(o.Step); of != nil {
			t.s.Outcomes = slices.Clone(t.s.Outcomes)
			t.s.Outcomes[of.Index] = t.before(of)
		}
	}
	of := t.s.Deck.same(step)
	if of == nil {
		t.fail(edited(step, err))
		return
	}
	why := &Trouble{Step: of}
	switch {
	case errors.As(err, &why.Refusal), errors.As(err, &why.Failure):
	default:
		why.Refusal = &runner.Refusal{Reason: err.Error()}
	}
	t.raise(why)
}

// before is how a step came out the last time that it was run; nil if it was not.
func (t *Talk) before(step *Step) *Outcome {
	for _, o := range slices.Backward(t.s.Log) {
		if t.s.Deck.same(o.Step) == step {
			last := *o
			last.Step = step
			return &last
		}
	}
	return nil
}

// edited is the error of a step that is not of the deck any more: nobody can do it again, or skip it.
func edited(step *Step, err error) error {
	return fmt.Errorf("%s, which was edited while it ran: %w", step.Summary(), err)
}

// link opens a page, if it is one of the web.
func (t *Talk) link(ctx context.Context, address string) {
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		t.fail(fmt.Errorf("%q is no page of the web", address))
	case t.opts.Link == nil:
		t.say(address)
	default:
		t.say(address)
		t.work.Go(func() {
			if err := t.opts.Link(ctx, u.String()); err != nil {
				t.post(func() { t.fail(err) })
			}
		})
	}
}
