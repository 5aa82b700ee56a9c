package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"workshop/runner"
	"workshop/runner/report"
	"workshop/runner/terminal"
)

func newPlan(streams Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan [DECK…]",
		Short: "Show every byte that will be typed and every condition; nothing is executed",
		Long: `Shows what check and run would do, and does nothing: the sessions with their directory
and environment, and of each step the bytes that it types, the condition that must
hold, and its limit. It is made from the plan that check and run carry out.

Control bytes are in caret notation: ^M is Return, ^[ Escape, ^? Backspace. A caret
that is itself typed is \^, and the backslashes right before a caret are doubled. The
lines of a snippet are typed one by one, each when the shell asks for it. Keys are in
quotes, which are not typed. Steps that learners do not see are marked (hidden).

Besides, the runner clears lines that keys left behind (^G, ^E, ^U), repeats a ^C that a
shell has missed, and gives a shell that a snippet starts a prompt that reports.

With --json the document has "format": "workshop-plan" and a "version"; members may be
added without a new one. "sends" holds the bytes as they are.`,
		Example: `  workshop plan slides                what you consent to by running it
  workshop plan --chapter scaling --json | jq -r '.sessions[].exercises[].steps[].sends'`,
		GroupID: "deck",
	}
	var j job
	j.planFlags(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print one JSON document")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		plan, sources, err := j.dialect.load(args, streams.Err)
		if err != nil {
			return err
		}
		sel, err := j.selection()
		if err != nil {
			return err
		}
		sel.FromStart = j.fromStart
		if err := plan.Select(sel); err != nil {
			return err
		}
		doc, err := j.document(plan, sources)
		if err != nil {
			return err
		}
		if *asJSON {
			enc := json.NewEncoder(streams.Out)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			return enc.Encode(doc)
		}
		printPlan(streams.Out, doc, report.Detect(streams.Out, os.Getenv).Color)
		return nil
	}
	return cmd
}

// The document that `plan --json` prints. Its version changes when a member is removed
// or means something else.
type (
	planDoc struct {
		Format   string        `json:"format"`
		Version  int           `json:"version"`
		Limit    float64       `json:"limit_seconds,omitempty"` // of the whole run; 0: none
		Sessions []planSession `json:"sessions"`
	}
	planSession struct {
		Name        string         `json:"name"`
		Deck        string         `json:"deck"`
		Directory   planDirectory  `json:"directory"`
		Terminal    planTerminal   `json:"terminal"`
		Environment []planVariable `json:"environment"`
		Commands    []string       `json:"commands"` // ours, before any other on the shell's PATH
		Exercises   []planExercise `json:"exercises"`
	}
	planDirectory struct {
		Path    string `json:"path"`     // what the session starts in, or a copy of it
		InPlace bool   `json:"in_place"` // the real one, not a copy
		BuiltIn bool   `json:"built_in"` // it is part of the program
	}
	planTerminal struct {
		Cols int `json:"cols"`
		Rows int `json:"rows"`
	}
	planVariable struct {
		Name  string `json:"name"`
		Value string `json:"value,omitempty"`
		// Origin says where the value comes from: "fixed", "inherited" from the
		// environment, "--env", or "session", which makes one up for each.
		Origin string `json:"origin"`
	}
	planExercise struct {
		ID      string     `json:"id"`
		Title   string     `json:"title"`
		Chapter string     `json:"chapter"`
		Slide   int        `json:"slide"`
		File    string     `json:"file"`
		Line    int        `json:"line"`
		Setup   bool       `json:"setup"`  // runs because something selected needs it
		Hidden  bool       `json:"hidden"` // as a whole
		Steps   []planStep `json:"steps"`
	}
	planStep struct {
		File      string      `json:"file"`
		Line      int         `json:"line"`
		Col       int         `json:"col"`
		Directive string      `json:"directive"`
		Hidden    bool        `json:"hidden"`
		Kind      runner.Kind `json:"kind"`
		Sends     string      `json:"sends"`               // the bytes that are typed
		Pastes    bool        `json:"pastes,omitempty"`    // what was copied is typed
		Repeats   bool        `json:"repeats,omitempty"`   // the snippet before it is typed again until the condition holds
		Text      string      `json:"text,omitempty"`      // what the step is about, where it types nothing
		Condition string      `json:"condition,omitempty"` // that must hold
		Output    []string    `json:"output,omitempty"`    // that is expected
		Limit     float64     `json:"limit_seconds"`

		watched bool // a snippet whose end is not waited for
	}
)

// document describes a plan, with what its sessions start from.
func (j *job) document(plan *runner.Plan, sources []*source) (*planDoc, error) {
	doc := &planDoc{Format: "workshop-plan", Version: 1, Limit: j.limits.Run.Seconds()}
	commands, _ := ourCommands()
	for _, s := range plan.Sessions {
		dir, err := j.directory(s, sources)
		if err != nil {
			return nil, err
		}
		session := planSession{
			Name: s.Name, Deck: s.Deck.Name, Directory: dir,
			Terminal:    planTerminal{terminal.DefaultCols, terminal.DefaultRows},
			Environment: planEnvironment(os.Environ(), j.env),
			Commands:    commands,
		}
		for _, e := range s.Exercises {
			x := planExercise{
				ID: e.ID, Title: e.Title, Chapter: e.Chapter.Name, Slide: e.Slide.Number,
				File: e.Pos.File, Line: e.Pos.Line, Setup: e.Setup, Hidden: e.Hidden, Steps: []planStep{},
			}
			for _, step := range e.Steps {
				x.Steps = append(x.Steps, j.step(step))
			}
			session.Exercises = append(session.Exercises, x)
		}
		doc.Sessions = append(doc.Sessions, session)
	}
	return doc, nil
}

func (j *job) step(s *runner.Step) planStep {
	p := planStep{
		File: s.Pos.File, Line: s.Pos.Line, Col: s.Pos.Col, Directive: s.Directive, Hidden: s.Hidden,
		Kind: s.Kind(), Sends: s.Sends(), Pastes: s.Pastes(), Repeats: s.Repeats(),
		Condition: s.Condition().String(), Limit: s.Limit(j.limits).Seconds(),
	}
	p.watched = s.Snippet() && !s.Condition().Ends
	if want := s.Condition().Output; want != nil {
		p.Output = want.Lines()
	}
	switch {
	case s.Arranges() != "":
		p.Text = s.Arranges()
	case p.Sends == "" && p.Condition == "" && !p.Pastes:
		p.Text = s.Text
	}
	return p
}

// directory says what a session starts in.
func (j *job) directory(s *runner.Session, sources []*source) (planDirectory, error) {
	for _, src := range sources {
		if src.deck != s.Deck {
			continue
		}
		w, err := src.workdir(s, j.inPlace)
		if err != nil {
			return planDirectory{}, err
		}
		if w.Place != "" {
			return planDirectory{Path: src.show(w.Place), InPlace: true}, nil
		}
		dir := s.Workdir
		if dir == "" {
			dir = src.composeDir()
		}
		if dir == "" || src.root == "" {
			return planDirectory{Path: path.Join("slides", w.Name), BuiltIn: true}, nil
		}
		return planDirectory{Path: src.show(filepath.Join(src.root, filepath.FromSlash(dir)))}, nil
	}
	return planDirectory{}, fmt.Errorf("the deck of session %s has no source", s.Name)
}

// show is a path relative to the working directory, if it is below it.
func (src *source) show(name string) string {
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, name); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return name
}

// planEnvironment describes what [shellEnv] gives to the shells, and what the session
// adds. Values that --env takes from the environment may be secrets, and are not shown.
func planEnvironment(environ, wanted []string) []planVariable {
	var vars []planVariable
	for _, kv := range shellEnv(environ, wanted) {
		name, value, _ := strings.Cut(kv, "=")
		v := planVariable{Name: name, Value: value, Origin: "fixed"}
		for _, known := range environ {
			if known == kv {
				v.Origin = "inherited"
			}
		}
		for _, w := range wanted {
			if w == name {
				v.Value, v.Origin = "", "--env"
			} else if w == kv {
				v.Origin = "--env"
			}
		}
		vars = append(vars, v)
	}
	for _, name := range []string{"TERM", "HOME", "TMPDIR", "PATH", "PWD", "INPUTRC", "DOCKER_HOST"} {
		vars = append(vars, planVariable{Name: name, Origin: "session"})
	}
	return vars
}

// printPlan writes a plan for a person.
func printPlan(w io.Writer, doc *planDoc, color bool) {
	paint := func(code, s string) string {
		if !color || s == "" {
			return s
		}
		return "\x1b[" + code + "m" + s + "\x1b[0m"
	}
	bold := func(s string) string { return paint("1", s) }
	dim := func(s string) string { return paint("2", s) }
	for i, s := range doc.Sessions {
		if i == 0 { // they are the same everywhere
			printSurroundings(w, s, bold("every session"))
		}
		place := "a fresh copy of " + s.Directory.Path + mark(s.Directory.BuiltIn, " (built in)")
		if s.Directory.InPlace {
			place = s.Directory.Path + " itself, not a copy"
		}
		fmt.Fprintf(w, "\n%s\n  deck         %s\n  directory    %s\n", bold("session "+s.Name), s.Deck, place)
		for _, e := range s.Exercises {
			fmt.Fprintf(w, "\n  %s%s%s  %s\n", bold(e.ID), mark(e.Setup, " (set-up)"), mark(e.Hidden, " (hidden)"),
				dim(fmt.Sprintf("slide %d, %s:%d", e.Slide, e.File, e.Line)))
			for _, step := range e.Steps {
				fmt.Fprintf(w, "  %5d  %-9s %s\n", step.Line, step.Directive, strings.Join(step.lines(dim), "\n"+strings.Repeat(" ", 19)))
			}
		}
	}
	if doc.Limit > 0 {
		fmt.Fprintf(w, "\nThe whole run: within %v.\n", seconds(doc.Limit))
	}
}

// printSurroundings writes what a session's shell finds, but for its directory.
func printSurroundings(w io.Writer, s planSession, heading string) {
	var given, own []string
	for _, v := range s.Environment {
		switch {
		case v.Origin == "session":
			own = append(own, v.Name)
		case v.Origin == "--env" && v.Value == "":
			given = append(given, v.Name+", as it is here")
		default:
			given = append(given, v.Name+"="+shellWord(v.Value))
		}
	}
	fmt.Fprintf(w, "%s\n  terminal     bash, %d×%d; a view of another size with run\n", heading, s.Terminal.Cols, s.Terminal.Rows)
	list(w, "environment", append(given, strings.Join(own, " ")+" of its own"))
	list(w, "commands", []string{strings.Join(s.Commands, " ") + ", before others on PATH"})
}

// list writes a heading and what belongs to it, a line each.
func list(w io.Writer, heading string, lines []string) {
	for _, line := range lines {
		fmt.Fprintf(w, "  %-13s%s\n", heading, line)
		heading = ""
	}
}

// lines are what a step types and wants, for a person. A mark stands on the first.
func (s *planStep) lines(dim func(string) string) []string {
	var lines []string
	switch {
	case s.Kind == runner.Types:
		for line := range strings.SplitAfterSeq(strings.TrimSuffix(s.Sends, "\r"), "\r") {
			lines = append(lines, terminal.Caret(line))
		}
		lines[len(lines)-1] += terminal.Caret("\r")
	case s.Sends != "":
		lines = append(lines, `"`+terminal.Caret(s.Sends)+`"`)
	case s.Text != "":
		for line := range strings.SplitSeq(s.Text, "\n") {
			lines = append(lines, terminal.Caret(line))
		}
	}
	if s.Pastes {
		lines = append(lines, "what was copied is typed")
	}
	if s.Repeats {
		lines = append(lines, "the snippet before is typed again each second until")
	}
	if s.Condition != "" {
		want := s.Condition
		if !s.watched && s.Limit > 0 {
			want += ", within " + seconds(s.Limit)
		}
		if len(lines) == 0 {
			lines = append(lines, want)
		} else {
			lines = append(lines, dim("→ ")+want)
		}
	}
	for _, line := range s.Output {
		lines = append(lines, dim("| ")+terminal.Caret(line))
	}
	if len(lines) == 0 {
		lines = []string{""}
	}
	if s.Hidden {
		lines[0] += dim("  (hidden)")
	}
	return lines
}

func seconds(s float64) string { return time.Duration(s * float64(time.Second)).String() }
