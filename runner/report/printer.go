package report

import (
	"fmt"
	"strconv"
	"strings"

	"workshop/markdown"
	"workshop/runner"
)

// printer formats the parts that console, progress and live share.
type printer struct {
	opts     Options
	buf      strings.Builder
	id       int // widths of the columns of exercises, in cells
	title    int
	at       int
	reported map[*runner.Failure]bool
}

// The smallest useful width of a column of titles, and its largest.
const (
	minTitle = 10
	maxTitle = 60
)

// The widths of the columns of verdicts and durations and of the gaps between columns.
const (
	labelCells = 6
	spanCells  = 6
	gap        = "  "
)

// lastOutput is the number of lines that are shown of an output without a screen.
const lastOutput = 20

func newPrinter(opts Options) *printer {
	return &printer{opts: opts, reported: map[*runner.Failure]bool{}}
}

// line writes a line. It has no effect in the log of a CI service.
func (p *printer) line(s string) {
	s = strings.TrimRight(s, " ")
	if !p.opts.TTY {
		s = guard(s)
	}
	p.buf.WriteString(s)
	p.buf.WriteByte('\n')
}

// flush returns the printed text and empties the printer.
func (p *printer) flush() string {
	s := p.buf.String()
	p.buf.Reset()
	return s
}

// SGR parameters, see ECMA-48 8.3.117.
const (
	bold   = "1"
	faint  = "2"
	red    = "31;1"
	green  = "32"
	yellow = "33"
	purple = "35;1"
)

func (p *printer) paint(style, s string) string {
	if !p.opts.Color || style == "" || s == "" {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[m"
}

// columns computes the columns for the exercises of a plan. Ids and positions are never cut; titles
// get the rest.
func (p *printer) columns(plan *runner.Plan) {
	if plan == nil {
		return
	}
	for _, s := range plan.Sessions {
		for _, e := range s.Exercises {
			p.id = max(p.id, widths.StringWidth(clean(e.ID)))
			p.title = max(p.title, widths.StringWidth(title(e)))
			p.at = max(p.at, widths.StringWidth(at(e)))
		}
	}
	cols, _ := p.opts.size()
	room := cols - labelCells - p.id - p.at - spanCells - 4*len(gap)
	if p.title = min(p.title, maxTitle, room); room < minTitle {
		p.title = 0
	}
}

// exercise writes the result of an exercise.
func (p *printer) exercise(e runner.Event) {
	columns := []string{
		p.paint(style(e.Verdict), pad(label(e.Verdict), labelCells)),
		pad(clean(e.Exercise.ID), p.id),
	}
	if p.title > 0 {
		columns = append(columns, pad(cut(title(e.Exercise), p.title), p.title))
	}
	columns = append(columns, p.paint(faint, pad(at(e.Exercise), p.at)), fmt.Sprintf("%*s", spanCells, took(e)))
	if why := p.reason(e); why != "" {
		columns = append(columns, why)
	}
	p.line(strings.Join(columns, gap))
}

// reason is the reason of a brief verdict; it is then reported.
func (p *printer) reason(e runner.Event) string {
	if !brief(e.Verdict) || e.Failure == nil {
		return ""
	}
	p.reported[e.Failure] = true
	why := e.Failure.Message
	if e.Failure.Hint != "" {
		why += " (" + e.Failure.Hint + ")"
	}
	return clean(why)
}

// correction writes the changed result of an exercise that was over.
func (p *printer) correction(e runner.Event) {
	p.exercise(e)
	p.line("    its command failed when the exercise was over")
	p.failure(e.Verdict, e.Failure)
}

// attempt says that a session runs again.
func (p *printer) attempt(e runner.Event) {
	p.line(p.paint(yellow, pad("again", labelCells)) + gap + clean(e.Session.Name) + gap + fmt.Sprintf("attempt %d", e.Attempt))
}

// retried writes the verdict of all attempts of an exercise.
func (p *printer) retried(e runner.Event) {
	p.exercise(e)
	if e.Note != "" {
		p.line("    " + clean(e.Note))
	}
	p.failure(e.Verdict, e.Failure)
}

// took returns the duration of an exercise, if it has begun.
func took(e runner.Event) string {
	if e.Duration <= 0 {
		return ""
	}
	return span(e.Duration)
}

// failure writes all details of a failure, once.
func (p *printer) failure(v runner.Verdict, f *runner.Failure) {
	if f == nil || p.reported[f] {
		return
	}
	p.reported[f] = true
	const indent = "    "
	cols, _ := p.opts.size()
	room := cols - len(indent)
	p.line(indent + p.paint(style(v), says(f)))
	for _, d := range details(f) {
		const name = len("waited for") + len(gap)
		pieces := wrap
		if d.name == "hint" { // a sentence
			pieces = Fold
		}
		for i, text := range d.lines {
			for j, piece := range pieces(text, max(room-name, 20)) {
				left := ""
				if i == 0 && j == 0 {
					left = d.name
				}
				p.line(indent + p.paint(faint, pad(left, name)) + piece)
			}
		}
	}
	p.box(indent, room, f)
}

// says returns a failure with its position, if it has one, on one line.
func says(f *runner.Failure) string {
	if f.Pos == (markdown.Pos{}) {
		return clean(f.Message)
	}
	return clean(f.Pos.String() + ": " + f.Message)
}

// detail is a fact about a failure.
type detail struct {
	name  string
	lines []string
}

func details(f *runner.Failure) []detail {
	var all []detail
	add := func(name, text string) {
		if lines := cleanLines(text); len(lines) > 0 {
			all = append(all, detail{name, lines})
		}
	}
	add("command", f.Command)
	add("waited for", f.Want)
	add("nearest", f.Nearest)
	if f.Status != nil {
		add("status", strconv.Itoa(*f.Status))
	}
	add("hint", f.Hint)
	add("difference", f.Diff)
	return all
}

// picture returns the last state of the terminal: its screen, else its output.
func picture(f *runner.Failure) (name string, lines []string) {
	for _, line := range f.Screen {
		lines = append(lines, strings.TrimRight(clean(expand(line)), " "))
	}
	if lines = trimBlank(lines); len(lines) > 0 {
		return "last screen", lines
	}
	lines = cleanLines(f.Tail)
	return "last output", lines[max(0, len(lines)-lastOutput):]
}

// box draws the last screen. Lines that are too wide are broken.
func (p *printer) box(indent string, room int, f *runner.Failure) {
	name, lines := picture(f)
	if len(lines) == 0 {
		return
	}
	inner, limit := len(name)+2, max(room-4, 20)
	var pieces []string
	for _, line := range lines {
		pieces = append(pieces, wrap(line, limit)...)
	}
	for _, piece := range pieces {
		inner = max(inner, widths.StringWidth(piece))
	}
	p.line(indent + p.paint(faint, "┌ "+name+" "+strings.Repeat("─", inner-len(name))+"┐"))
	for _, piece := range pieces {
		p.line(indent + p.paint(faint, "│") + " " + pad(piece, inner) + " " + p.paint(faint, "│"))
	}
	p.line(indent + p.paint(faint, "└"+strings.Repeat("─", inner+2)+"┘"))
}

// summary writes the result of a run.
func (p *printer) summary(r *runner.Result) {
	told := told(r)
	var failed []*runner.ExerciseResult
	for _, s := range r.Sessions {
		for _, e := range s.Exercises {
			if wanting(e.Verdict) && told(s, e) {
				failed = append(failed, e)
			}
		}
		p.failure(s.Verdict, s.Failure) // failures that no exercise has reported
	}
	if len(r.Problems) > 0 && len(r.Sessions) > 0 {
		p.line("")
		p.line(p.paint(style(r.Verdict), pad(label(r.Verdict), labelCells)) + gap + shardsTitle)
	}
	for _, f := range r.Problems {
		p.failure(r.Verdict, f)
	}
	p.line("")
	if len(failed) > 1 {
		for _, e := range failed {
			why := at(e.Exercise)
			if e.Failure != nil {
				why = says(e.Failure)
			}
			if e.Setup {
				why = "set-up: " + why
			}
			p.line(p.paint(style(e.Verdict), pad(label(e.Verdict), labelCells)) + gap + pad(clean(e.ID), p.id) + gap + why)
		}
		p.line("")
	}
	p.claims(r)
	p.repeats(r)
	for _, n := range r.Notes {
		p.line("note: " + clean(n))
	}
	counts := countsText(r)
	if counts != "" {
		counts = ": " + counts
	}
	p.line(p.paint(style(r.Verdict), pad(label(r.Verdict), labelCells)) + gap + plural(tallyOf(r).total(), "exercise") + counts + " in " +
		span(r.Duration))
}
