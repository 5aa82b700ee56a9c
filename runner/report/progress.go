package report

import (
	"fmt"
	"io"
	"strings"

	"workshop/runner"
)

// The limits of a step's output in a log: a number of lines at its beginning and at its end, and
// the length at which a line ends.
const (
	headLines = 200
	tailLines = 20
	longLine  = 4096
)

// progress is a log for a run that is watched without a terminal: the steps and the output of the
// terminal, line by line. A line that the terminal rewrites, such as a progress bar, appears once
// for each of its states.
type progress struct {
	w     io.Writer
	state state
	page  *printer
	text  stripped
	line  []byte   // the unfinished line
	lines int      // of the step
	tail  []string // lines of the step after its head
}

func newProgress(w io.Writer, opts Options) Reporter {
	p := &progress{w: w, page: newPrinter(opts)}
	p.text.text = p.output
	return p
}

func (p *progress) Event(e runner.Event) error {
	p.state.observe(e)
	if err := p.text.observe(e); err != nil {
		return err
	}
	switch e.Kind {
	case runner.RunStarted:
		p.page.columns(e.Plan)
	case runner.EventNote:
		p.page.line("note: " + clean(e.Note))
	case runner.SessionStarted:
		if e.Attempt > 1 {
			p.page.line("")
			p.page.attempt(e)
		}
	case runner.ExerciseRetried:
		p.page.retried(e)
	case runner.ExerciseStarted:
		p.page.line("")
		p.page.line(p.page.paint(bold, fmt.Sprintf("[%s] %s", ratio(p.state.begun, p.state.total), clean(e.Exercise.ID))) +
			gap + title(e.Exercise) + gap + p.page.paint(faint, at(e.Exercise)))
		return nil // it is written with the first step, which follows
	case runner.StepStarted:
		p.page.line(gap + p.page.paint(bold, doing(e.Step)))
	case runner.EventOpened:
		p.page.line(gap + "page: " + clean(e.Note))
	case runner.StepFinished:
		p.endTail()
	case runner.ExerciseFinished:
		if e.Verdict != runner.Passed {
			p.endLine()
			p.endTail()
		}
		p.page.line(gap + p.page.paint(style(e.Verdict), label(e.Verdict)) + gap + p.page.paint(faint, took(e)) + gap + p.page.reason(e))
		p.page.failure(e.Verdict, e.Failure)
	case runner.ExerciseCorrected:
		p.endLine()
		p.endTail()
		p.page.correction(e)
	case runner.SessionFinished:
		p.endLine()
		p.endTail()
		p.page.failure(e.Verdict, e.Failure)
	}
	return p.flush()
}

// output receives the text of the terminal.
func (p *progress) output(b []byte) {
	for _, c := range b {
		if c == '\n' || c == '\r' {
			p.endLine()
			continue
		}
		if p.line = append(p.line, c); len(p.line) >= longLine && c < 0x80 {
			p.endLine()
		}
	}
}

// endLine ends a line of the terminal; blank ones are omitted.
func (p *progress) endLine() {
	text := strings.TrimRight(clean(expand(string(p.line))), " ")
	p.line = p.line[:0]
	if text == "" {
		return
	}
	if p.lines++; p.lines <= headLines {
		p.quote(text)
		return
	}
	if p.tail = append(p.tail, text); len(p.tail) >= 2*tailLines {
		p.tail = append(p.tail[:0], p.tail[len(p.tail)-tailLines:]...)
	}
}

// endTail writes the last lines of a long step. An unfinished line, such as a prompt after which
// the next command is typed, stays open.
func (p *progress) endTail() {
	tail := p.tail[max(0, len(p.tail)-tailLines):]
	if left := p.lines - headLines - len(tail); left > 0 {
		p.quote(fmt.Sprintf("… %s left out …", plural(left, "line")))
	}
	for _, text := range tail {
		p.quote(text)
	}
	p.lines, p.tail = 0, p.tail[:0]
}

func (p *progress) quote(text string) { p.page.line(gap + p.page.paint(faint, "│") + " " + text) }

func (p *progress) flush() error {
	text := p.page.flush()
	if text == "" {
		return nil
	}
	_, err := io.WriteString(p.w, text)
	return err
}

func (p *progress) Finish(r *runner.Result) error {
	if r != nil {
		// The corrections are in the log already.
		r = &runner.Result{Verdict: r.Verdict, Duration: r.Duration, Sessions: r.Sessions}
		p.page.summary(r)
	}
	return p.flush()
}
