package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/secret"
)

// updateRuns is the number of runs that must have the same output before it is written.
const updateRuns = 3

// outputs are the observed outputs of a plan's output steps, by run.
type outputs struct {
	steps []*observed
}

// observed is the output of one step of a file: one text per run, and per inclusion of the file.
type observed struct {
	step    *runner.Step
	updates [][]runner.Line
	varies  bool // an output to fill in that differs between runs
}

func (o *outputs) observe(step *runner.Step, output []string) {
	i := slices.IndexFunc(o.steps, func(s *observed) bool { return s.step.Pos == step.Pos })
	if i < 0 {
		i = len(o.steps)
		o.steps = append(o.steps, &observed{step: step})
	}
	o.steps[i].updates = append(o.steps[i].updates, step.Condition().Output.Update(output))
}

// secret is an error if an output holds a secret: it must not get into a deck.
func (o *outputs) secret(secrets *secret.Masker) error {
	var errs markdown.ErrorList
	for _, s := range o.changed() {
		for _, u := range s.updates {
			var text strings.Builder
			for _, l := range u {
				text.WriteString(l.Text + "\n")
			}
			if secrets.Holds(text.String()) {
				errs.Add(markdown.CodeRewrite, s.step.Head(), "write [..] for it, or let the snippet not print it",
					"nothing is written: the output holds a secret")
				break
			}
		}
	}
	return errs.Err()
}

// changed returns the steps whose expectation does not hold.
func (o *outputs) changed() (steps []*observed) {
	for _, s := range o.steps {
		if s.varies {
			continue
		}
		old := s.step.Condition().Output.Lines()
		for _, u := range s.updates {
			if !slices.EqualFunc(u, old, func(l runner.Line, old string) bool { return l.Text == old }) {
				steps = append(steps, s)
				break
			}
		}
	}
	return steps
}

// write repeats the plan, which has run once and passed, and writes the output into the files of
// the decks.
func (o *outputs) write(ctx context.Context, plan *runner.Plan, opts runner.Options, sources []*source, streams Streams) error {
	if len(o.steps) == 0 {
		fmt.Fprintln(streams.Out, "there is no output step to update")
		return nil
	}
	changed := o.changed()
	if len(changed) == 0 {
		fmt.Fprintln(streams.Out, "every output is as expected: nothing is written")
		return nil
	}
	opts.Event, opts.Notes, opts.Resized = nil, nil, nil
	for n := 2; n <= updateRuns; n++ {
		fmt.Fprintf(streams.Err, "run %d of %d, to find the lines that vary\n", n, updateRuns)
		result, err := runner.Run(ctx, plan, opts)
		if err != nil {
			return err
		}
		if result.Verdict != runner.Passed {
			return &codeError{
				verdictCode(result.Verdict),
				fmt.Errorf("nothing is written: run %d of %d has %s%s", n, updateRuns, result.Verdict, firstFailure(result)),
			}
		}
	}
	var varying markdown.ErrorList
	for _, s := range o.changed() {
		switch what := s.differs(); {
		case what == "":
		case s.step.Fills(): // a reader does not expect it there
			s.varies = true
			fmt.Fprintf(streams.Err, "%v: not filled in, as it differs from run to run: %s\n", s.step.Pos, what)
		default:
			varying.Add(markdown.CodeRewrite, s.step.Head(), "write [..] for the part of a line that varies, ... for lines",
				"nothing is written: the output differs from run to run: %s", what)
		}
	}
	if len(varying) > 0 {
		varying.Sort()
		return &codeError{exitFailed, varying}
	}
	files, err := o.rewrite(sources)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := replaceFile(f.name, f.text); err != nil {
			return &codeError{exitBroken, fmt.Errorf("write %s: %w", f.name, err)}
		}
		for _, pos := range f.at {
			fmt.Fprintf(streams.Out, "updated  %v\n", pos)
		}
	}
	return nil
}

func firstFailure(r *runner.Result) string {
	for _, s := range r.Sessions {
		for _, e := range s.Exercises {
			if e.Failure != nil {
				return ": " + e.Failure.Error()
			}
		}
		if s.Failure != nil {
			return ": " + s.Failure.Error()
		}
	}
	return ""
}

// differs lists the lines that differ between runs; "" if none do.
func (s *observed) differs() string {
	const most = 3
	first := s.updates[0]
	var lines []string
	for _, u := range s.updates[1:] {
		for i := range max(len(first), len(u)) {
			a, b := "missing", "missing"
			if i < len(first) {
				a = strconv.Quote(first[i].Text)
			}
			if i < len(u) {
				b = strconv.Quote(u[i].Text)
			}
			said := fmt.Sprintf("line %d was %s", i+1, a)
			if a == b || slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, said) }) {
				continue
			}
			if len(lines) == most {
				return strings.Join(lines, ", ") + " …"
			}
			lines = append(lines, said+", then "+b)
		}
	}
	return strings.Join(lines, ", ")
}

// rewritten is a file with its new text, and the steps whose output changed.
type rewritten struct {
	name  string
	text  []byte
	at    []markdown.Pos
	sizes []int // the number of lines of their outputs
}

// rewrite returns the new texts of the files whose steps have changed.
func (o *outputs) rewrite(sources []*source) (files []*rewritten, err error) {
	bodies := map[string][]markdown.Body{}
	var errs markdown.ErrorList
	for _, s := range o.changed() {
		pos := s.step.Pos
		switch {
		case sources[0].root == "":
			errs.Add(markdown.CodeRewrite, pos.Point(), "", "the deck is built in, and cannot be rewritten")
			continue
		case slices.Contains([]string{".yml", ".yaml"}, filepath.Ext(pos.File)):
			errs.Add(markdown.CodeRewrite, pos.Point(), "move the slide to a file of its own", "a fragment of a manifest cannot be rewritten")
			continue
		}
		body := markdown.Body{Step: s.step.Step}
		for _, l := range s.updates[0] {
			body.Lines = append(body.Lines, markdown.BodyLine{Text: l.Text, Kept: l.Kept})
		}
		if bodies[pos.File] == nil {
			files = append(files, &rewritten{name: pos.File})
		}
		bodies[pos.File] = append(bodies[pos.File], body)
	}
	for _, f := range files {
		old, err := os.ReadFile(f.name)
		if err != nil {
			return nil, err
		}
		var list markdown.ErrorList
		f.text, err = markdown.Rewrite(old, bodies[f.name])
		if errors.As(err, &list) {
			errs = append(errs, list...)
			continue
		}
		for _, b := range bodies[f.name] {
			n := len(b.Lines)
			for n > 0 && strings.TrimSpace(b.Lines[n-1].Text) == "" {
				n--
			}
			f.at, f.sizes = append(f.at, b.Step.Pos), append(f.sizes, n)
		}
		if err := f.sameSteps(sources, old); err != nil {
			return nil, err
		}
	}
	errs.Sort()
	return files, errs.Err()
}

// sameSteps checks that the edits changed only the output of the given steps, and that they are read back
// with as many lines.
func (f *rewritten) sameSteps(sources []*source, before []byte) error {
	opts := markdown.Options{Style: styleOf(sources, f.name), Fill: true}
	was, is := stepsIn(f.name, before, opts), stepsIn(f.name, f.text, opts)
	same := slices.EqualFunc(was, is, func(a, b *markdown.Step) bool {
		i := slices.Index(f.at, a.Pos)
		changed := i >= 0
		if changed && a.Directive == "output" {
			text := strings.TrimRight(b.Text, " \t\n")
			changed = text == "" && f.sizes[i] == 0 || strings.Count(text, "\n")+1 == f.sizes[i]
		}
		return a.Directive == b.Directive && a.Hidden == b.Hidden && a.Skip == b.Skip && (a.Text == b.Text || changed)
	})
	if !same {
		return fmt.Errorf("%s: nothing is written: the outputs would change how the file is read", f.name)
	}
	return nil
}

// stepsIn are the steps of a file.
func stepsIn(name string, src []byte, opts markdown.Options) (all []*markdown.Step) {
	d, _ := markdown.ParseStyle(name, src, opts) // a mistake in the file was there before, or is reported at the next reading
	for _, c := range d.Chapters {
		for _, s := range c.Slides {
			for _, e := range s.Exercises {
				all = append(all, e.Steps...)
			}
		}
	}
	return all
}

// styleOf is the style that a file was read by; that of the first deck for an include.
func styleOf(sources []*source, name string) string {
	for _, src := range sources {
		for _, c := range src.deck.Chapters {
			if c.File == name {
				return c.Style
			}
		}
	}
	return sources[0].deck.Style
}

// replaceFile replaces the content of a file as a whole, or leaves it unchanged.
func replaceFile(name string, content []byte) (err error) {
	if name, err = filepath.EvalSymlinks(name); err != nil {
		return err
	}
	// Renaming would circumvent the permission to write.
	old, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := old.Stat()
	if err = errors.Join(err, old.Close()); err != nil {
		return err
	}
	if info.Mode().Perm()&0o200 == 0 { // root may write it all the same
		return errors.New("it is read-only")
	}
	temp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp.Name()))
		}
	}()
	_, err = temp.Write(content)
	if err = errors.Join(err, temp.Chmod(info.Mode().Perm()), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), name)
}
