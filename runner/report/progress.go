package report

import (
	"fmt"
	"io"
	"strings"

	"workshop/runner"
)

// What a step may say in a log: a number of lines at its beginning and at its end. A
// line of some length ends there, whether the program ends it or not.
const (
	headLines = 200
	tailLines = 20
	longLine  = 4096
)

// progress is a log for a run that is watched without a terminal: what is done and
// what the terminal shows, line by line. A line that the terminal rewrites, such as a
// progress bar, appears once for each of its states.
type progress struct {
	w     io.Writer
	state state
	page  *printer
	text  stripped
	line  []byte   // not yet ended
	lines int      // of the step
	tail  []string // of the step, beyond its head
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
	case runner.Note:
		p.page.line("note: " + clean(e.Note))
	case runner.ExerciseStarted:
		p.page.line("")
		p.page.line(p.page.paint(bold, fmt.Sprintf("[%s] %s", ratio(p.state.begun, p.state.total), clean(e.Exercise.ID))) +
			gap + title(e.Exercise) + gap + p.page.paint(faint, at(e.Exercise)))
	case runner.StepStarted:
		p.page.line(gap + p.page.paint(bold, doing(e.Step)))
	case runner.Opened:
		p.page.line(gap + "page: " + clean(e.Note))
	case runner.StepFinished:
		p.endTail()
	case runner.ExerciseFinished:
		if e.Verdict != runner.Passed {
			p.endLine()
			p.endTail()
		}
		p.page.line(gap + p.page.paint(style(e.Verdict), label(e.Verdict)) + gap + p.page.paint(faint, took(e)))
		p.page.failure(e.Verdict, e.Failure)
	case runner.SessionFinished:
		p.endLine()
		p.endTail()
		p.page.failure(e.Verdict, e.Failure)
	}
	return p.flush()
}

// output gets the text of the terminal.
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

// endLine ends a line of the terminal; blank ones are left out.
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

// endTail writes the end of what a long step has said. A line that goes on, such as
// a prompt behind which the next command is typed, stays open.
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
	text := p.page.take()
	if text == "" {
		return nil
	}
	_, err := io.WriteString(p.w, text)
	return err
}

func (p *progress) Finish(r *runner.Result) error {
	if r != nil {
		// They have been made where they belong.
		r = &runner.Result{Verdict: r.Verdict, Duration: r.Duration, Sessions: r.Sessions}
		p.page.summary(r)
	}
	return p.flush()
}
