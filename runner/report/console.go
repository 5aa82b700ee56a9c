package report

import (
	"io"
	"sync"
	"time"

	"workshop/runner"
)

// console is the report of a test suite: a line for each exercise at its end. On a terminal a last
// line shows the current step and its time.
type console struct {
	w    io.Writer
	stop chan struct{}
	done sync.WaitGroup

	mu     sync.Mutex
	err    error
	state  state
	page   *printer
	status bool          // the last line is on the screen
	repeat bool          // of an attempt after the first one only what did not pass is shown
	again  *runner.Event // the beginning of this attempt, not shown yet
	still  bool          // somebody else writes
}

func newConsole(w io.Writer, opts Options) Reporter {
	return &console{w: w, page: newPrinter(opts), stop: make(chan struct{})}
}

func (c *console) Event(e runner.Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || e.Kind == runner.EventOutput {
		return c.err
	}
	c.state.observe(e)
	switch e.Kind {
	case runner.RunStarted:
		c.page.columns(e.Plan)
		c.repeat = e.Repeat > 1
		if c.page.opts.TTY {
			c.done.Go(c.tick)
		}
	case runner.SessionStarted:
		c.again = nil
		if e.Attempt > 1 {
			again := e // the other events stay off the heap
			c.again = &again
		}
	case runner.ExerciseFinished:
		if c.repeat && c.again != nil && e.Verdict == runner.Passed {
			break
		}
		c.sayAgain()
		c.page.exercise(e)
		c.page.failure(e.Verdict, e.Failure)
	case runner.ExerciseCorrected:
		c.sayAgain()
		c.page.correction(e)
	case runner.ExerciseRetried:
		if !c.repeat { // the table at the end says it
			c.page.retried(e)
		}
	case runner.SessionFinished:
		c.page.failure(e.Verdict, e.Failure)
	}
	return c.draw(e.Kind != runner.RunFinished)
}

// sayAgain says that the session runs again, once.
func (c *console) sayAgain() {
	if c.again != nil && c.again.Session != nil {
		c.page.attempt(*c.again)
		c.again.Session = nil
	}
}

// tick updates the time on the last line.
func (c *console) tick() {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-second.C:
			c.mu.Lock()
			_ = c.draw(true) // kept in c.err
			c.mu.Unlock()
		}
	}
}

// draw writes the printed lines and the new last line in one piece.
func (c *console) draw(status bool) error {
	text := c.page.flush()
	if c.status {
		text = "\r\x1b[K" + text
		c.status = false
	}
	if status && c.page.opts.TTY && !c.still {
		if line := c.underway(); line != "" {
			text += line
			c.status = true
		}
	}
	if text != "" && c.err == nil {
		_, c.err = io.WriteString(c.w, text)
	}
	return c.err
}

// be sets whether the report leaves the terminal to somebody else.
func (c *console) be(still bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.still = still
	_ = c.draw(!still) // kept in c.err
}

// underway returns the last line. The last column stays free: some terminals would move to the next
// line after it.
func (c *console) underway() string {
	s := &c.state
	var what string
	switch {
	case s.exercise != nil && s.step != nil:
		what = clean(s.exercise.ID) + gap + doing(s.step)
	case s.exercise != nil:
		what = clean(s.exercise.ID)
	case s.session != nil:
		what = clean(s.session.Name)
	default:
		return ""
	}
	cols, _ := c.page.opts.size()
	elapsed := ""
	if !s.since.IsZero() {
		elapsed = clock(time.Since(s.since))
	}
	return c.page.paint(faint, ends(ratio(s.begun, s.total)+gap+what, gap+elapsed, cols-1))
}

func (c *console) Finish(r *runner.Result) error {
	close(c.stop)
	c.done.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if r != nil {
		c.page.summary(r)
	}
	return c.draw(false)
}
