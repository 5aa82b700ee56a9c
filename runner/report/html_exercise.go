package report

import (
	"bytes"
	"encoding/binary"
	"errors"
	"html/template"
	"net/url"
	"strconv"
)

// markup is HTML under construction. A deck may have thousands of exercises: a template for each took
// half of the time for the page.
type markup struct{ bytes.Buffer }

// raw adds HTML.
func (m *markup) raw(parts ...string) {
	for _, s := range parts {
		m.WriteString(s)
	}
}

// text adds a text, which may stand in the value of an attribute.
func (m *markup) text(s string) { m.WriteString(template.HTMLEscapeString(s)) }

// around adds a text with HTML on both sides of it, or nothing if it is empty.
func (m *markup) around(before, s, after string) {
	if s != "" {
		m.raw(before)
		m.text(s)
		m.raw(after)
	}
}

// quiet adds a text in grey.
func (m *markup) quiet(class, s string) {
	m.raw(`<span class="quiet`, class, `">`)
	m.text(s)
	m.raw(`</span>`)
}

// badge adds the badge of a verdict.
func (m *markup) badge(verdict, mark, says string) {
	m.raw(`<span class="badge" data-verdict="`)
	m.text(verdict)
	m.raw(`"><i aria-hidden="true">`)
	m.text(mark)
	m.raw(`</i> `)
	m.text(says)
	m.raw(`</span>`)
}

// exercise adds an exercise.
func (m *markup) exercise(v *htmlExercise) {
	m.raw(`<details class="exercise`)
	if v.Attempt > 0 {
		m.raw(` attempt`)
	}
	m.raw(`" id="`)
	m.text(v.Anchor)
	m.raw(`" data-verdict="`)
	m.text(v.Found)
	m.raw(`" data-search="`)
	m.text(v.Search)
	m.raw(`"`)
	if v.Open {
		m.raw(` open`)
	}
	m.raw(">\n<summary>")
	m.badge(v.Verdict, v.Mark, v.Says)
	if v.Late {
		m.raw(` <span class="badge late">late</span>`)
	}
	if v.Attempt > 0 {
		m.raw(` <span class="badge">attempt `, strconv.Itoa(v.Attempt), `</span>`)
	}
	m.raw("\n", `<span class="name"><b>`)
	m.text(v.ID)
	m.raw(`</b> `)
	m.quiet("", v.Title)
	m.raw("</span>\n")
	m.quiet("", v.Place)
	m.raw(` `)
	m.quiet(" took", v.Took)
	m.raw("</summary>\n", `<p class="tools"><a href="#`, url.QueryEscape(v.Anchor), `">Link to this exercise</a></p>`, "\n")
	m.around(`<p class="attempts">`, v.Story, "</p>\n")
	m.failure(v)
	m.raw(`<div class="beside">`, "\n")
	m.slide(v)
	m.recording(v)
	m.raw("</div>\n")
	if len(v.Steps) > 0 {
		m.raw(`<ol class="steps">`)
		for i := range v.Steps {
			m.step(&v.Steps[i])
		}
		m.raw("</ol>\n")
	}
	m.raw("</details>\n")
}

func (m *markup) failure(v *htmlExercise) {
	if v.Failure == "" {
		return
	}
	m.raw(`<div class="failure"><p><b>`)
	m.text(v.Failure)
	m.raw(`</b>`)
	if v.Late {
		m.raw(` Its command failed when the exercise was over.`)
	}
	m.raw("</p>\n")
	if len(v.Details) > 0 {
		m.raw(`<dl>`)
		for _, d := range v.Details {
			m.raw(`<dt>`)
			m.text(d.Name)
			m.raw(`</dt><dd><pre>`)
			m.text(d.Text)
			m.raw(`</pre></dd>`)
		}
		m.raw(`</dl>`)
	}
	m.raw("\n")
	if v.Picture != "" {
		m.raw(`<p>`)
		m.text(v.PictureName)
		m.raw(`</p><pre>`)
		m.text(v.Picture)
		m.raw(`</pre>`)
	}
	m.raw("</div>\n")
}

func (m *markup) slide(v *htmlExercise) {
	if v.Slide == "" {
		return
	}
	name := "Slide"
	if v.Number != 0 {
		name += " " + strconv.Itoa(v.Number)
	}
	m.raw(`<section class="paper-text" aria-label="`, name, `"><p class="label">`, name, "</p>",
		`<div class="slide">`, v.Slide, "</div></section>\n")
}

func (m *markup) recording(v *htmlExercise) {
	if !v.Recorded {
		return
	}
	m.raw(`<section class="player" data-recording="recording-`, v.Index, `" aria-label="Recording of `)
	m.text(v.ID)
	m.raw(`">`, "\n", `<p class="label">Terminal`)
	if v.Left > 0 {
		m.raw(` <span class="quiet">`, strconv.Itoa(v.Left), ` frames of a long recording are left out</span>`)
	}
	m.raw("</p>\n", `<div class="terminal" role="region" aria-label="Terminal, the screen at the end" tabindex="0">`,
		`<div class="rows" style="--cols:`, strconv.Itoa(v.Cols), `">`)
	for _, line := range v.Screen {
		m.raw(`<div>`, line, `</div>`)
	}
	m.raw("</div></div>\n</section>\n")
}

func (m *markup) step(s *htmlStep) {
	number := strconv.Itoa(s.Number)
	m.raw(`<li data-verdict="`)
	m.text(s.Verdict)
	m.raw(`" data-step="`, number, `"`)
	says := "not run"
	if s.Ran {
		m.raw(` data-ran`)
		says = s.Verdict
	}
	m.raw(">\n<p>")
	m.badge(s.Verdict, s.Mark, says)
	m.raw(` <b>`)
	m.text(s.Directive)
	m.raw(`</b>`)
	if s.Hidden {
		m.raw(` <span class="quiet">hidden</span>`)
	}
	m.raw(` `)
	m.quiet("", s.Place)
	m.raw(` `)
	m.quiet(" took", s.Took)
	m.raw("</p>\n")
	m.around(`<pre tabindex="0" aria-label="Input of step `+number+`">`, s.Input, "</pre>\n")
	m.around(`<p class="expects"><span class="quiet">expected:</span> `, s.Expects, "</p>\n")
	m.around(`<details><summary>Output</summary><pre tabindex="0" aria-label="Output of step `+number+`">`, s.Output, "</pre></details>\n")
	m.raw("</li>\n")
}

// appendTo adds the part to a buffer, for readPart.
func (p *htmlPart) appendTo(b *bytes.Buffer) {
	number := func(n int) { b.Write(binary.AppendVarint(b.AvailableBuffer(), int64(n))) }
	text := func(s string) {
		number(len(s))
		b.WriteString(s)
	}
	number(p.Cols)
	number(p.Left)
	number(p.Slide.Number)
	text(p.Slide.Source)
	for _, list := range [][]string{p.Expects, p.Screen} {
		number(len(list))
		for _, s := range list {
			text(s)
		}
	}
	text(string(p.data))
}

// readPart reads a part back. Its data are valid as long as the bytes.
func readPart(b []byte) (p htmlPart, err error) {
	number := func() int {
		n, size := binary.Varint(b)
		if size <= 0 || n < 0 {
			b, err = nil, errors.New("a part of the page is cut")
			return 0
		}
		b = b[size:]
		return int(n)
	}
	text := func() []byte {
		n := min(number(), len(b))
		s := b[:n]
		b = b[n:]
		return s
	}
	p.Cols, p.Left, p.Slide.Number = number(), number(), number()
	p.Slide.Source = string(text())
	for _, list := range []*[]string{&p.Expects, &p.Screen} {
		for range number() {
			*list = append(*list, string(text()))
		}
	}
	p.data = text()
	return p, err
}
