package report

import (
	"bufio"
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"workshop/runner"
	"workshop/runner/page"
	"workshop/runner/screen"
	"workshop/runner/spool"
)

//go:embed page
var htmlFiles embed.FS

var htmlPages = template.Must(template.ParseFS(htmlFiles, "page/*.html"))

// htmlReport is a page for people: one file without a request to any host. What did not pass comes
// first. The recordings wait in a temporary file until the verdicts are known.
type htmlReport struct {
	w      io.Writer
	spool  *os.File
	queue  *bufio.Writer // to the spool
	size   int64
	parts  map[partKey]partExtent        // of the spool
	key    partKey                       // of the exercise under way, or of the next one
	buf    bytes.Buffer                  // of a part
	page   markup                        // of an exercise
	last   struct{ source, html string } // the last slide: most hold several exercises
	screen *screen.Screen
	slide  *slideRecord
	steps  []stepRecord
	data   []byte  // of a recording
	player *player // nil before the first step of an exercise
	spare  *player // for the next one
}

// spoolPiece is the size of a write to the temporary file, in bytes.
const spoolPiece = 32 << 10

// partExtent is the place of a part.
type partExtent struct {
	from int64
	size int32 // bytes
}

// partKey is an attempt of an exercise: the places of the session in the plan and of the exercise in
// it, and the number of the attempt, each from 1.
type partKey struct{ session, exercise, attempt int32 }

func newHTML(w io.Writer, _ Options) Reporter {
	return &htmlReport{w: w, parts: map[partKey]partExtent{}, spare: newPlayer(nil, time.Time{}, &lineCache{})}
}

// htmlPart is the part of an exercise that is known before the end of the run.
type htmlPart struct {
	Slide   slideRecord
	Expects []string // of each step
	Cols    int
	Screen  []string // the final one, as HTML
	Left    int      // frames of the recording that were left out

	data []byte // the recording, as the page holds it; none: nothing was recorded
}

func (h *htmlReport) watch(s *screen.Screen) { h.screen = s }

// Event has nothing to do: see record.
func (h *htmlReport) Event(runner.Event) error { return nil }

func (h *htmlReport) record(r *record) error {
	switch r.Kind {
	case runner.SessionStarted:
		h.key = partKey{int32(r.Number), 0, int32(max(r.Attempt, 1))}
	case runner.ExerciseStarted:
		h.slide, h.steps, h.player = r.Slide, r.Steps, nil
		h.key.exercise++
	case runner.StepStarted:
		if h.player == nil {
			h.player = h.spare.reset(h.screen, r.at)
			h.player.take(r.at)
		}
	case runner.EventOutput:
		if r.Draw != "" && h.player != nil {
			h.player.take(r.at)
		}
	case runner.StepFinished:
		h.player.mark(r.at)
	case runner.ExerciseFinished:
		return h.keep()
	}
	return nil
}

// keep writes the part of an exercise to the temporary file.
func (h *htmlReport) keep() error {
	if h.spool == nil {
		f, err := spool.New()
		if err != nil {
			return err
		}
		h.spool, h.queue = f, bufio.NewWriterSize(f, spoolPiece)
	}
	part := htmlPart{}
	if h.slide != nil {
		part.Slide = *h.slide
	}
	for _, s := range h.steps {
		part.Expects = append(part.Expects, s.Expects)
	}
	if h.player != nil {
		h.data = h.player.appendTo(h.data[:0])
		part.Left, part.Screen, part.data = h.player.left, h.player.last(), harmless(h.data)
		part.Cols, _ = h.screen.Size()
		h.player = nil
	}
	h.buf.Reset()
	part.appendTo(&h.buf)
	e := partExtent{h.size, int32(h.buf.Len())}
	h.parts[h.key], h.size = e, h.size+int64(e.size)
	_, err := h.buf.WriteTo(h.queue)
	return err
}

// part reads a part back. Its data are valid until the next one is read.
func (h *htmlReport) part(key partKey) (p htmlPart, err error) {
	e, ok := h.parts[key]
	if !ok {
		return p, nil
	}
	h.buf.Reset()
	if _, err := h.buf.ReadFrom(io.NewSectionReader(h.spool, e.from, int64(e.size))); err != nil {
		return p, err
	}
	return readPart(h.buf.Bytes())
}

func (h *htmlReport) Finish(r *runner.Result) (err error) {
	if h.spool != nil {
		defer func() { err = errors.Join(err, h.spool.Close()) }()
	}
	if r == nil {
		return nil
	}
	if h.spool != nil {
		if err := h.queue.Flush(); err != nil {
			return err
		}
	}
	w := bufio.NewWriter(h.w)
	all := placesOf(r)
	head, err := headOf(r, all)
	if err != nil {
		return err
	}
	for _, part := range []string{"head", "styles", "top", "", "foot", "script"} {
		if part == "" {
			err = h.exercises(w, all)
		} else {
			err = show(w, part, head)
		}
		if err != nil {
			return err
		}
	}
	return w.Flush()
}

// place is an exercise with its place in the report.
type place struct {
	key     partKey
	anchor  string
	session *runner.SessionResult
	*runner.ExerciseResult
}

// exercises writes the exercises: those that did not pass, then all others by chapter.
func (h *htmlReport) exercises(w io.Writer, all []place) error {
	if len(all) == 0 {
		return nil
	}
	begun := false
	for _, p := range all {
		if !wanting(p.Verdict) {
			continue
		}
		if !begun {
			begun = true
			if err := show(w, "section", map[string]string{"Title": "What did not pass", "Class": "first"}); err != nil {
				return err
			}
		}
		if err := h.exercise(w, p, len(all)); err != nil {
			return err
		}
	}
	chapter := ""
	for i, p := range all {
		if c := chapterOf(p); c != chapter || i == 0 {
			if err := show(w, "section", map[string]string{"Title": c}); err != nil {
				return err
			}
			chapter = c
		}
		if wanting(p.Verdict) {
			if err := show(w, "elsewhere", h.view(p, htmlPart{})); err != nil {
				return err
			}
			continue
		}
		if err := h.exercise(w, p, len(all)); err != nil {
			return err
		}
	}
	return nil
}

// placesOf are the exercises of a run, in order, each with a name for links.
func placesOf(r *runner.Result) []place {
	n := 0
	for _, s := range r.Sessions {
		n += len(s.Exercises)
	}
	all, used := make([]place, 0, n), make(map[string]int, n)
	for i, s := range r.Sessions {
		for j, e := range s.Exercises {
			anchor := page.Printable(strings.Join(strings.FieldsFunc(e.ID, func(r rune) bool { return unicode.IsSpace(r) || hostile(r) }), "-"))
			if e.Setup {
				anchor += "--set-up-of-" + fileName(s.Name)
			}
			if used[anchor]++; used[anchor] > 1 {
				anchor = fmt.Sprintf("%s--%d", anchor, used[anchor])
			}
			all = append(all, place{partKey{int32(i + 1), int32(j + 1), int32(max(e.Attempt, 1))}, anchor, s, e})
		}
	}
	return all
}

func chapterOf(p place) string {
	name := p.session.Name
	if p.Chapter != nil {
		name = p.Chapter.Name
		if p.Chapter.Title != "" {
			name = p.Chapter.Title
		}
	}
	if d := p.session.Deck; d != nil && d.Title != "" && d.Title != name {
		name = d.Title + " · " + name
	}
	if p.Setup {
		name += " (set-up of " + p.session.Name + ")"
	}
	return clean(name)
}

// exercise writes an exercise and its earlier attempts.
func (h *htmlReport) exercise(w io.Writer, p place, total int) error {
	if err := h.attempt(w, p, p.Verdict, wanting(p.Verdict) || total == 1); err != nil {
		return err
	}
	for _, e := range p.Earlier {
		earlier := p
		earlier.key.attempt, earlier.anchor, earlier.ExerciseResult = int32(e.Attempt), fmt.Sprintf("%s--attempt-%d", p.anchor, e.Attempt), e
		if err := h.attempt(w, earlier, p.Verdict, wanting(p.Verdict)); err != nil {
			return err
		}
	}
	return nil
}

// attempt writes one attempt of an exercise, and its recording behind it. The page finds it by the
// verdict of the exercise.
func (h *htmlReport) attempt(w io.Writer, p place, verdict runner.Verdict, open bool) error {
	part, err := h.part(p.key)
	if err != nil {
		return fmt.Errorf("read the recording of %s back: %w", p.ID, err)
	}
	v := h.view(p, part)
	v.Open, v.Found = open, string(verdict)
	h.page.Reset()
	h.page.exercise(&v)
	if _, err := w.Write(referenced(powerless(h.page.Bytes()))); err != nil || len(part.data) == 0 {
		return err
	}
	_, err = fmt.Fprintf(w, "<script type=\"application/json\" id=\"recording-%s\">%s</script>\n", v.Index, part.data)
	return err
}

// show writes a template. Characters with an effect on readers of a log are written as references.
func show(w io.Writer, name string, data any) error {
	var b bytes.Buffer
	if err := htmlPages.ExecuteTemplate(&b, name, data); err != nil {
		return err
	}
	text := b.Bytes()
	if name != "styles" && name != "script" && name != "handout-head" {
		text = referenced(powerless(text))
	}
	_, err := w.Write(text)
	return err
}

// referenced writes tabs, line separators, and characters that change the direction of text as
// references.
func referenced(b []byte) []byte {
	var out []byte
	kept := 0 // the bytes before are in out
	for i := 0; i < len(b); {
		r, size := rune(b[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(b[i:])
		}
		if (r == '\t' || r >= utf8.RuneSelf) && steering(r) {
			out = fmt.Appendf(append(out, b[kept:i]...), "&#%d;", r)
			kept = i + size
		}
		i += size
	}
	if kept == 0 {
		return b
	}
	return append(out, b[kept:]...)
}

func steering(r rune) bool {
	switch {
	case r == '\t', r == 0x61c, r == 0x2028, r == 0x2029, r == 0x200e, r == 0x200f:
		return true
	}
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
