package report

import (
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"

	"workshop/runner"
	"workshop/runner/screen"
	"workshop/runner/secret"
)

// Masked gives the events of a run to reports without its secrets. The events and the result of
// the run itself keep them until Finish: the verdicts are decided on the real output.
func Masked(secrets *secret.Masker, to ...Reporter) Reporter {
	return &maskedReports{secrets: secrets, to: to, failures: map[*runner.Failure]*runner.Failure{}}
}

type maskedReports struct {
	secrets  *secret.Masker
	to       []Reporter
	stream   *secret.Stream // of the session's terminal
	last     runner.Event   // with output
	failures map[*runner.Failure]*runner.Failure
}

func (m *maskedReports) Event(e runner.Event) error {
	if m.secrets == nil {
		return m.deliver(e)
	}
	switch {
	case e.Kind == runner.SessionStarted:
		m.stream = m.secrets.Stream()
	case m.stream == nil:
	case e.Kind == runner.EventOutput:
		m.last = e
		if e.Data = m.stream.Write(e.Data); len(e.Data) == 0 {
			return nil
		}
	default:
		if rest := m.stream.Flush(); len(rest) > 0 {
			held := m.last
			held.Data = rest
			if err := m.deliver(held); err != nil {
				return err
			}
		}
	}
	e.Note, e.Output = m.secrets.Text(e.Note), m.secrets.Tail(e.Output)
	e.Failure = m.failure(e.Failure)
	if e.Result != nil { // the run is over
		m.result(e.Result)
	}
	return m.deliver(e)
}

func (m *maskedReports) deliver(e runner.Event) error {
	var errs []error
	for _, r := range m.to {
		errs = append(errs, r.Event(e))
	}
	return errors.Join(errs...)
}

func (m *maskedReports) Finish(r *runner.Result) error {
	if r != nil && m.secrets != nil {
		m.result(r)
	}
	var errs []error
	for _, to := range m.to {
		errs = append(errs, to.Finish(r))
	}
	return errors.Join(errs...)
}

// result masks a result.
func (m *maskedReports) result(r *runner.Result) {
	r.Notes = slices.Clone(r.Notes)
	for i, n := range r.Notes {
		r.Notes[i] = m.secrets.Text(n)
	}
	for i, f := range r.Problems {
		r.Problems[i] = m.failure(f)
	}
	for _, s := range r.Sessions {
		s.Failure = m.failure(s.Failure)
		for _, e := range s.Exercises {
			m.exercise(e)
		}
	}
}

// exercise masks the result of an exercise, with its earlier attempts.
func (m *maskedReports) exercise(e *runner.ExerciseResult) {
	e.Failure = m.failure(e.Failure)
	for _, st := range e.Steps {
		st.Failure, st.Output = m.failure(st.Failure), m.secrets.Tail(st.Output)
	}
	for _, earlier := range e.Earlier {
		m.exercise(earlier)
	}
}

// failure is a failure without secrets, the same one each time.
func (m *maskedReports) failure(f *runner.Failure) *runner.Failure {
	if f == nil {
		return nil
	}
	if known, ok := m.failures[f]; ok {
		return known
	}
	c := *f
	maskStrings(reflect.ValueOf(&c).Elem(), m.secrets)
	c.Tail = m.secrets.Tail(f.Tail)
	c.Screen = maskRows(f.Screen, m.secrets)
	m.failures[f], m.failures[&c] = &c, &c
	return &c
}

// maskRows masks rows of a screen. A secret may be wrapped.
func maskRows(rows []string, secrets *secret.Masker) []string {
	if secrets == nil || len(rows) == 0 {
		return rows
	}
	masked := strings.Split(secrets.Cells(strings.Join(rows, "\n")), "\n")
	return masked
}

// maskView masks a screen. Rows without secrets stay as they are.
func maskView(v screen.View, secrets *secret.Masker) screen.View {
	if secrets == nil {
		return v
	}
	rows := make([]string, len(v.Lines))
	for y, line := range v.Lines {
		var b strings.Builder
		for _, run := range line {
			b.WriteString(run.Text)
		}
		rows[y] = strings.TrimRight(b.String(), " ")
	}
	masked := maskRows(rows, secrets)
	if slices.Equal(rows, masked) {
		return v
	}
	v.Lines = slices.Clone(v.Lines)
	for y := range rows {
		if masked[y] != rows[y] {
			v.Lines[y] = relettered(v.Lines[y], []rune(masked[y]))
		}
	}
	return v
}

// relettered is a line with other characters, one for each of its own; blanks at its end stay.
func relettered(line screen.Line, text []rune) screen.Line {
	all := make(screen.Line, len(line))
	for i, run := range line {
		old := []rune(run.Text)
		n := min(len(old), len(text))
		now := screen.NewRun(string(text[:n])+string(old[n:]), run.Style)
		if narrower := run.Width - now.Width; narrower > 0 { // "*" for a wide character
			now = screen.NewRun(now.Text+strings.Repeat(" ", narrower), run.Style)
		}
		all[i], text = now, text[n:]
	}
	return all
}

// maskStrings masks all texts in a value, such as a record.
func maskStrings(v reflect.Value, secrets *secret.Masker) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() && v.Len() > 0 {
			v.SetString(secrets.Text(v.String()))
		}
	case reflect.Pointer:
		if !v.IsNil() && v.CanSet() { // a copy: the pointer may lead into the plan
			c := reflect.New(v.Type().Elem())
			c.Elem().Set(v.Elem())
			maskStrings(c.Elem(), secrets)
			v.Set(c)
		}
	case reflect.Slice:
		if v.IsNil() || !v.CanSet() {
			return
		}
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(c, v)
		for i := range c.Len() {
			maskStrings(c.Index(i), secrets)
		}
		v.Set(c)
	case reflect.Struct:
		for i := range v.NumField() {
			maskStrings(v.Field(i), secrets)
		}
	}
}

// MaskWriter masks each text that is written, for texts of a deck and messages.
func MaskWriter(w io.Writer, secrets *secret.Masker) io.Writer {
	if secrets == nil {
		return w
	}
	return maskWriter{w, secrets}
}

type maskWriter struct {
	io.Writer
	secrets *secret.Masker
}

func (w maskWriter) Write(b []byte) (int, error) {
	if _, err := io.WriteString(w.Writer, w.secrets.Cells(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}
