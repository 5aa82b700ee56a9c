package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"workshop/runner"
	"workshop/runner/page"
)

// handout is a deck with every visible command and its real output, for learners: as Markdown, or as
// a page, which also has the text of the slides.
type handout struct {
	w       io.Writer
	page    bool
	sources map[int]string // of slides, by the number of the exercise
	count   int
}

// Handout adds a handout to the reports of a run: a page if the name of the file ends in .html,
// else Markdown.
func (f *Files) Handout(file string) error {
	w, err := create(file, true)
	if err != nil {
		return err
	}
	f.made = append(f.made, &once{
		to: &handout{w: w, page: strings.HasSuffix(file, ".html"), sources: map[int]string{}}, file: w,
	})
	return nil
}

// Event has nothing to do: see record.
func (h *handout) Event(runner.Event) error { return nil }

func (h *handout) record(r *record) error { //nolint:unparam // other reports fail
	if r.Kind == runner.ExerciseStarted {
		if r.Slide != nil && h.page {
			h.sources[h.count] = r.Slide.Source
		}
		h.count++
	}
	return nil
}

func (h *handout) Finish(r *runner.Result) error {
	if r == nil {
		return nil
	}
	w := bufio.NewWriter(h.w)
	write := func(source string) {
		if h.page {
			source = strings.Map(func(r rune) rune {
				if steering(r) {
					return ' '
				}
				return r
			}, page.Alone(source))
		}
		_, _ = w.WriteString(source + "\n") // a failure stays until Flush
	}
	title := reportTitle(r.Plan.Decks)
	if h.page {
		head := htmlHead{Title: title}
		if err := head.assets(); err != nil {
			return err
		}
		if err := show(w, "handout-head", head); err != nil {
			return err
		}
	} else {
		write("# " + plainMarkdown(title) + "\n")
	}
	chapter := ""
	for i, p := range placesOf(r) {
		if p.Setup {
			continue
		}
		if c := chapterOf(p); c != chapter {
			chapter = c
			if c != title {
				write("## " + plainMarkdown(c) + "\n")
			}
		}
		for _, text := range h.exercise(i, p) {
			write(text)
		}
	}
	if h.page {
		if err := show(w, "handout-foot", nil); err != nil {
			return err
		}
	}
	return w.Flush()
}

// exercise are the parts of an exercise, as Markdown.
func (h *handout) exercise(i int, p place) []string {
	var all []string
	if source := h.sources[i]; source != "" {
		all = append(all, source)
	} else {
		all = append(all, "### "+plainMarkdown(headingOf(p))+"\n")
	}
	all = append(all, transcripts(p.ExerciseResult)...)
	if claims := claimsIn(p.ExerciseResult); len(claims) > 0 {
		all = append(all, measuredClaims(claims))
	}
	switch { // without a verdict a reader would take it for one that passed
	case p.Verdict == runner.Passed:
	case p.Failure != nil:
		all = append(all, fmt.Sprintf("**%s:** %s\n", clean(string(p.Verdict)), plainMarkdown(says(p.Failure))))
	case p.Verdict == runner.Skipped:
		all = append(all, "**skipped:** it has not run\n")
	default:
		all = append(all, fmt.Sprintf("**%s:** %s\n", clean(string(p.Verdict)), formOf(p.Verdict).meaning))
	}
	return all
}

// measuredClaims are claims as a list, with what was measured.
func measuredClaims(claims []claimed) string {
	var b strings.Builder
	for _, c := range claims {
		fmt.Fprintf(&b, "- %s: **%s** (%s, %s)\n", plainMarkdown(c.sentence), plainMarkdown(c.measured), plainMarkdown(c.text), c.said())
	}
	return b.String()
}

func headingOf(p place) string {
	if p.Title != "" {
		return clean(p.Title)
	}
	return clean(p.ID)
}

// transcripts are the visible commands of an exercise, each with the output until the next command,
// as blocks of code.
func transcripts(e *runner.ExerciseResult) []string {
	var all []string
	text, visible := "", false
	end := func() {
		if visible {
			all = append(all, codeBlock(text))
		}
		text = ""
	}
	for _, s := range e.Steps {
		if s.Verdict == runner.Skipped {
			continue
		}
		if s.Snippet() {
			end()
			visible = !s.Hidden && s.Directive != "hide"
			text = "$ " + strings.ReplaceAll(block(s.Text), "\n", "\n> ") + "\n"
		}
		if out := block(s.Output); out != "" {
			text += out + "\n"
		}
	}
	end()
	return all
}

// codeBlock is a text as a block of code that it cannot end.
func codeBlock(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	var b strings.Builder
	b.WriteString(fence + "console\n")
	for line := range strings.Lines(text) {
		b.WriteString(guard(line))
	}
	b.WriteString(fence + "\n")
	return b.String()
}

// plainMarkdown is a text without a meaning in Markdown.
func plainMarkdown(s string) string { return markdownMarks.Replace(s) }

var markdownMarks = strings.NewReplacer("\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "<", "\\<", "&", "\\&",
	"#", "\\#", "~", "\\~", "|", "\\|")
