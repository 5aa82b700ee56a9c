package report

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"slices"
	"strings"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/report/github"
)

// maxSummary is the limit of a step's summary, in bytes. GitHub drops a summary of more than 1 MiB
// as a whole, and other commands of the step may write to it as well.
const maxSummary = 900 << 10

// maxStory is the limit of the details of one exercise in it, in bytes.
const maxStory = 16 << 10

// githubReport annotates the slides that failed in GitHub Actions, the worst first, with as many
// annotations as GitHub shows. The summary of the step has all of them.
type githubReport struct {
	w         io.Writer
	summary   string
	workspace string
}

func newGitHub(w io.Writer, opts Options) Reporter {
	return githubReport{w, opts.Summary, opts.Workspace}
}

// Event has nothing to do: the result contains everything.
func (githubReport) Event(runner.Event) error { return nil }

func (g githubReport) Finish(r *runner.Result) error {
	if r == nil {
		return nil
	}
	var b strings.Builder
	for _, a := range annotations(r) {
		a.Workspace = g.workspace
		b.WriteString(a.String())
	}
	_, err := io.WriteString(g.w, b.String())
	if g.summary == "" {
		return err
	}
	f, openErr := os.OpenFile(g.summary, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if openErr != nil {
		return errors.Join(err, openErr)
	}
	_, writeErr := f.Write(summaryOf(r, maxSummary))
	return errors.Join(err, writeErr, f.Close())
}

// fault is something of a run that did not pass.
type fault struct {
	verdict runner.Verdict
	title   string
	pos     markdown.Pos
	failure *runner.Failure // nil: not known
	fails   bool            // see [failsRun]
}

// faults are what did not pass, the worst first, each in order. What was blocked or skipped has its
// cause elsewhere.
func faults(r *runner.Result) []fault {
	var all []fault
	told := told(r)
	title := "the run has not begun"
	if len(r.Sessions) > 0 {
		title = shardsTitle
	}
	for _, f := range r.Problems {
		all = append(all, fault{r.Verdict, title, f.Pos, f, false})
	}
	for _, s := range r.Sessions {
		if unreported(s) {
			all = append(all, fault{s.Verdict, "session " + clean(s.Name), s.Failure.Pos, s.Failure, false})
		}
		for _, e := range s.Exercises {
			switch {
			case !told(s, e), e.Verdict == runner.Passed, e.Verdict == runner.Skipped, e.Verdict == runner.Blocked && !failsRun(r, e):
			case e.Failure != nil:
				all = append(all, fault{e.Verdict, clean(e.ID), e.Failure.Pos, e.Failure, failsRun(r, e)})
			default:
				all = append(all, fault{e.Verdict, clean(e.ID), e.Pos, nil, failsRun(r, e)})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b fault) int { return cmp.Compare(a.rank(), b.rank()) })
	return all
}

// rank orders what did not pass, the worst first.
func (f fault) rank() int {
	return slices.Index([]runner.Verdict{
		runner.Quarantined, runner.Inconclusive, runner.Interrupted, runner.Flaky, runner.Failed, runner.Broken, runner.Invalid,
	}, f.verdict) * -1
}

// severity is that of the annotation. A flaky or an undecided exercise is an error if the run failed
// because of such.
func (f fault) severity() string {
	switch f.verdict {
	case runner.Invalid, runner.Broken, runner.Failed:
		return "error"
	}
	if f.fails {
		return "error"
	}
	return "warning"
}

func (f fault) message() string {
	if f.failure == nil {
		return clean(string(f.verdict))
	}
	message := clean(f.failure.Message)
	switch f.verdict {
	case runner.Flaky, runner.Inconclusive, runner.Quarantined:
		message = string(f.verdict) + ": " + message
	}
	if f.failure.Hint != "" {
		message += " (" + clean(f.failure.Hint) + ")"
	}
	return message
}

// annotations are as many for each severity as GitHub shows. The last one says how many more there
// are.
func annotations(r *runner.Result) []github.Annotation {
	var shown []github.Annotation
	for _, severity := range []string{"error", "warning"} {
		var all []github.Annotation
		for _, f := range faults(r) {
			if f.severity() == severity {
				pos := f.pos
				pos.File = guard(clean(pos.File))
				all = append(all, github.Annotation{Severity: severity, Pos: pos, Title: guard(f.title), Message: guard(f.message())})
			}
		}
		if more := len(all) - (github.Limit - 1); more > 1 {
			all = append(all[:github.Limit-1], github.Annotation{
				Severity: severity, Title: fmt.Sprintf("%d more", more),
				Message: fmt.Sprintf("%d more did not pass: see the summary of the step, or the log", more),
			})
		}
		shown = append(shown, all...)
	}
	return shown
}

// summaryOf is the run as Markdown, of at most some bytes: whole exercises, and the number of those
// that are left out.
func summaryOf(r *runner.Result, limit int) []byte {
	var b bytes.Buffer
	counts := countsText(r)
	if counts == "" {
		counts = "no exercise ran"
	}
	fmt.Fprintf(&b, "## %s %s\n\n%s in %s\n\n", markOf(r.Verdict), html.EscapeString(clean(string(r.Verdict))), counts, span(r.Duration))
	b.WriteString(claimTable(claimsOf(r)))
	const more = "\n%d more are left out here: the summary of a step is limited.\n"
	all := faults(r)
	for i, f := range all {
		text := f.markdown()
		if b.Len()+len(text) > limit-len(more)-20 {
			fmt.Fprintf(&b, more, len(all)-i)
			break
		}
		b.WriteString(text)
	}
	if text := asides(r); b.Len()+len(text) <= limit {
		b.WriteString(text)
	}
	return b.Bytes()
}

// maxClaims is the number of claims in a summary.
const maxClaims = 500

// claimTable is the table of claims in a summary, as HTML, in which Markdown means nothing.
func claimTable(all []claimed) string {
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<details><summary>%s</summary>\n<table>\n<tr><th>claim<th>bound<th>measured<th>verdict\n", claimSummary(all))
	for i, c := range all {
		if i == maxClaims {
			fmt.Fprintf(&b, "<tr><td>… and %d more\n", len(all)-i)
			break
		}
		b.WriteString("<tr>")
		for _, text := range []string{c.sentence, c.text, c.measured, markOf(c.verdict) + " " + c.said()} {
			if len(text) > maxCell {
				text = strings.ToValidUTF8(text[:maxCell], "") + "…"
			}
			b.WriteString("<td><code>" + html.EscapeString(guard(text)) + "</code>")
		}
		b.WriteString("\n")
	}
	b.WriteString("</table>\n</details>\n\n")
	return b.String()
}

// maxCell is the limit of a text in that table, in bytes.
const maxCell = 300

// asides are what was skipped or blocked, and the notes of a run, such as the commands that were
// typed in place of others; "" if there are none.
func asides(r *runner.Result) string {
	var lines []string
	for _, s := range r.Sessions {
		for _, e := range s.Exercises {
			if (e.Verdict == runner.Skipped || e.Verdict == runner.Blocked && !failsRun(r, e)) && e.Failure != nil {
				lines = append(lines, markOf(e.Verdict)+" "+e.ID+": "+e.Failure.Message)
			}
		}
	}
	lines = append(lines, r.Notes...)
	if len(lines) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("<details><summary>skipped, blocked, and notes</summary>\n<pre>\n")
	for i, line := range lines {
		if b.Len() > maxStory {
			fmt.Fprintf(&b, "%d more are left out here\n", len(lines)-i)
			break
		}
		b.WriteString(html.EscapeString(guard(clean(line))) + "\n")
	}
	b.WriteString("</pre>\n</details>\n")
	return b.String()
}

// markdown is the fault in a summary. All texts stand in elements, where Markdown means nothing.
func (f fault) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<details><summary>%s <code>%s</code> %s</summary>\n<pre>\n", markOf(f.verdict), html.EscapeString(f.title),
		html.EscapeString(clean(f.pos.String())))
	body := f.message() + "\n"
	if f.failure != nil {
		body = story(f.failure)
	}
	if len(body) > maxStory {
		body = strings.ToValidUTF8(body[:maxStory], "") + "\n… the rest is left out\n"
	}
	for line := range strings.Lines(body) {
		b.WriteString(html.EscapeString(guard(line)))
	}
	b.WriteString("</pre>\n</details>\n\n")
	return b.String()
}
