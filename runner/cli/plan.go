package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/report"
	"workshop/runner/terminal"
)

func newPlan(streams Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan [DECK…]",
		Short: "Show every byte that will be typed and every condition; nothing is executed",
		Long: `Shows the plan that check and run carry out, and executes nothing: the sessions with
their directory and environment, and for each step the bytes that it types, the
condition that must hold, and its limit.

Control bytes are in caret notation: ^M is Return, ^[ Escape, ^? Backspace. A caret
that is itself typed is \^, and the backslashes right before a caret are doubled. The
lines of a snippet are typed one by one, each when the shell asks for it. Keys are in
quotes, which are not typed. Steps that learners do not see are marked (hidden).

The runner types more than the steps. It clears lines that keys left behind (^G, ^E, ^U),
repeats a ^C that a shell has missed, and sends ^^ to ask the shell whether it has noticed
a ^C, or for a prompt that a snippet has changed. If a snippet starts a shell, as marked
here, one more line is typed at its prompt: it makes the prompt report statuses. After a
^C such a shell is asked by a line, __s, if its line editor does not know ^^.

It also shows the commands of the Compose files in the sessions' directories, and of those
that snippets name by -f, with the directories and files that they use. It cannot show what
a Compose file runs that a command fetches or writes.

With --json the document has "format": "workshop-plan" and a "version"; members may be
added without a new one. "sends" holds the bytes as they are.`,
		Example: `  workshop plan slides                everything that a run would type
  workshop plan --chapter scaling --json | jq -r '.sessions[].exercises[].steps[].sends'`,
		GroupID: "deck",
	}
	var j job
	j.planFlags(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print one JSON document")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		plan, sources, err := j.dialect.shown(args, streams.Err)
		if err != nil {
			return err
		}
		sel, err := j.selection()
		if err != nil {
			return err
		}
		sel.FromStart = j.fromStart
		if err := plan.Select(sel); err != nil {
			return emptiness(err, sel, sources)
		}
		doc, err := j.document(cmd.Context(), plan, sources)
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

// The document that `plan --json` prints. Its version changes when a member is removed or changes
// its meaning.
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
		Pipefail    bool           `json:"pipefail,omitempty"` // the shell begins with set -o pipefail
		Environment []planVariable `json:"environment"`
		Mirrors     []planMirror   `json:"mirrors,omitempty"`
		Setup       []planScript   `json:"setup,omitempty"` // run by bash before the shell starts
		Teardown    []planScript   `json:"teardown,omitempty"`
		// Applications are the Compose projects in the directory; the commands of one run when a step
		// brings it up.
		Applications []application  `json:"applications,omitempty"`
		Commands     []string       `json:"commands"` // bundled ones, before any other on the shell's PATH
		Exercises    []planExercise `json:"exercises"`
	}
	planDirectory struct {
		Path    string `json:"path"`     // the session starts in this directory, or in a copy of it
		InPlace bool   `json:"in_place"` // the real one, not a copy
		BuiltIn bool   `json:"built_in"` // it is part of the program
		Empty   bool   `json:"empty"`    // an empty one, made for the session
	}
	planMirror struct {
		URL    string `json:"url"`
		Folder string `json:"folder"` // a repository of it is what git finds at the URL
	}
	planScript struct {
		Name string `json:"name"`
		Text string `json:"text"`
	}
	planTerminal struct {
		Cols int `json:"cols"`
		Rows int `json:"rows"`
	}
	planVariable struct {
		Name  string `json:"name"`
		Value string `json:"value,omitempty"`
		// Origin is the source of the value: "fixed", "inherited" from the environment, the "deck",
		// "--env", or "session" for a value that each session chooses.
		Origin string `json:"origin"`
	}
	planExercise struct {
		ID      string     `json:"id"`
		Title   string     `json:"title"`
		Chapter string     `json:"chapter"`
		Slide   int        `json:"slide"`
		File    string     `json:"file"`
		Line    int        `json:"line"`
		Setup   bool       `json:"setup"`            // runs because something selected needs it
		Hidden  bool       `json:"hidden"`           // as a whole
		Broken  []string   `json:"broken,omitempty"` // its mistakes, because of which it does not run
		Terms   []string   `json:"terms,omitempty"`  // of the deck and the chapter: skip, only-if, requires
		Steps   []planStep `json:"steps"`
	}
	planStep struct {
		File      string      `json:"file"`
		Line      int         `json:"line"`
		Col       int         `json:"col"`
		Directive string      `json:"directive"`
		Hidden    bool        `json:"hidden"`
		Kind      runner.Kind `json:"kind"`
		Sends     string      `json:"sends"`                // the typed bytes
		Pastes    bool        `json:"pastes,omitempty"`     // the copied text is typed
		Instead   string      `json:"instead_of,omitempty"` // the text of the slide, which is not typed
		Repeats   bool        `json:"repeats,omitempty"`    // the snippet before it is typed again until the condition holds
		Text      string      `json:"text,omitempty"`       // the argument of a step that types nothing
		Condition string      `json:"condition,omitempty"`  // the condition that must hold
		Output    []string    `json:"output,omitempty"`     // the expected output
		Shells    []string    `json:"shells,omitempty"`     // lines that start a shell; one more line is typed at its prompt
		Rule      string      `json:"rule,omitempty"`       // of the style that made the step
		Skip      string      `json:"skip,omitempty"`       // the author's reason not to run it
		Limit     float64     `json:"limit_seconds"`

		watched bool // a snippet that is still running when the next step begins
	}
)

// document describes a plan and the environment of its sessions.
func (j *job) document(ctx context.Context, plan *runner.Plan, sources []*source) (*planDoc, error) {
	doc := &planDoc{Format: "workshop-plan", Version: 1, Limit: j.limits.Run.Seconds()}
	commands := ourCommands()
	for _, s := range plan.Sessions {
		dir, err := j.directory(s, sources)
		if err != nil {
			return nil, err
		}
		session := planSession{
			Name: s.Name, Deck: s.Deck.Name, Directory: dir,
			Terminal:    planTerminal{terminal.DefaultCols, terminal.DefaultRows},
			Pipefail:    s.Deck.Pipefail,
			Environment: planEnvironment(os.Environ(), j.env, s.Env),
			Commands:    commands,
			Setup:       planScripts(s.Setup),
			Teardown:    planScripts(s.Teardown),
		}
		for _, src := range sources {
			if src.deck == s.Deck {
				if session.Applications, err = j.applications(ctx, s, src, dir.Path); err != nil {
					return nil, err
				}
			}
		}
		for _, m := range s.Deck.Mirrors {
			session.Mirrors = append(session.Mirrors, planMirror{m.URL, folder(s.Deck, m.Dir, sources)})
		}
		for _, e := range s.Exercises {
			x := planExercise{
				ID: e.ID, Title: e.Title, Chapter: e.Chapter.Name, Slide: e.Slide.Number,
				File: e.Pos.File, Line: e.Pos.Line, Setup: e.Setup, Hidden: e.Hidden, Steps: []planStep{},
			}
			for _, t := range e.Terms {
				if !t.Own { // else it is one of the steps
					x.Terms = append(x.Terms, t.String())
				}
			}
			for _, m := range e.Mistakes {
				x.Broken = append(x.Broken, m.Error())
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
		Condition: s.Condition().String(), Rule: s.Rule, Skip: s.Skip, Limit: s.Limit(j.limits).Seconds(),
	}
	p.watched = s.Snippet() && !s.Condition().Ends
	if s.Snippet() {
		if s.Instead() != nil {
			p.Instead = s.Text
		}
		for _, line := range strings.Split(strings.TrimSuffix(p.Sends, "\r"), "\r") {
			if terminal.StartsShell(line) {
				p.Shells = append(p.Shells, line)
			}
		}
	}
	if want := s.Condition().Output; want != nil {
		p.Output = want.Lines()
	}
	switch {
	case s.Arranges() != "":
		p.Text = s.Arranges()
	case p.Sends == "" && p.Condition == "" && !p.Pastes:
		p.Text = s.Text
	}
	if s.Template() {
		p.Text += " (a placeholder: skipped)"
	}
	return p
}

// folder is the name of a folder of a deck for the user.
func folder(d *markdown.Deck, dir string, sources []*source) string {
	for _, src := range sources {
		if src.deck == d && src.root != "" {
			return src.show(filepath.Join(src.root, filepath.FromSlash(dir)))
		}
	}
	return dir
}

// directory describes the directory in which a session starts.
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
		if w.FS == nil {
			return planDirectory{Empty: true}, nil
		}
		if dir == "" || src.root == "" {
			return planDirectory{Path: path.Join("slides", w.Name), BuiltIn: true}, nil
		}
		return planDirectory{Path: src.show(filepath.Join(src.root, filepath.FromSlash(dir)))}, nil
	}
	return planDirectory{}, fmt.Errorf("the deck of session %s has no source", s.Name)
}

// show returns a path relative to the working directory if it is below it.
func (src *source) show(name string) string {
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, name); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return name
}

// planEnvironment describes the variables that [shellEnv] gives to the shells and those that the
// session adds. Values that --env takes from the environment may be secrets; they are not shown.
func planEnvironment(environ, wanted, deck []string) []planVariable {
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
	vars = withDeck(vars, deck)
	for _, name := range []string{"TERM", "HOME", "TMPDIR", "PATH", "PWD", "INPUTRC", "DOCKER_HOST"} {
		vars = append(vars, planVariable{Name: name, Origin: "session"})
	}
	return vars
}

// withDeck gives the variables of a deck to those of a session. --env comes before them.
func withDeck(vars []planVariable, deck []string) []planVariable {
	for _, kv := range deck {
		name, value, _ := strings.Cut(kv, "=")
		v := planVariable{Name: name, Value: value, Origin: "deck"}
		switch i := slices.IndexFunc(vars, func(o planVariable) bool { return o.Name == name }); {
		case i < 0:
			vars = append(vars, v)
		case vars[i].Origin != "--env":
			vars[i] = v
		}
	}
	return vars
}

func planScripts(scripts []runner.Script) (all []planScript) {
	for _, s := range scripts {
		all = append(all, planScript{s.Name, s.Text})
	}
	return all
}

// printPlan writes a plan for a human reader.
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
		if i == 0 { // the commands are the same in all sessions
			printSurroundings(w, s, bold("every session"))
		}
		place := "a fresh copy of " + s.Directory.Path + mark(s.Directory.BuiltIn, " (built in)")
		if s.Directory.Empty {
			place = "an empty one"
		}
		if s.Directory.InPlace {
			place = s.Directory.Path + " itself, not a copy"
		}
		fmt.Fprintf(w, "\n%s\n  deck         %s\n  directory    %s\n", bold("session "+s.Name), s.Deck, place)
		if s.Pipefail {
			list(w, "shell", []string{"bash -o pipefail"})
		}
		printAround(w, s)
		for _, e := range s.Exercises {
			fmt.Fprintf(w, "\n  %s%s%s  %s\n", bold(e.ID), mark(e.Setup, " (set-up)"), mark(e.Hidden, " (hidden)"),
				dim(fmt.Sprintf("slide %d, %s:%d", e.Slide, e.File, e.Line)))
			for _, t := range e.Terms {
				fmt.Fprintf(w, "         %s\n", t)
			}
			for _, m := range e.Broken {
				fmt.Fprintf(w, "         broken    %s\n", m)
			}
			for _, step := range e.Steps {
				fmt.Fprintf(w, "  %5d  %-9s %s\n", step.Line, step.Directive, strings.Join(step.lines(dim), "\n"+strings.Repeat(" ", 19)))
			}
		}
	}
	if doc.Limit > 0 {
		fmt.Fprintf(w, "\nThe whole run: within %v.\n", seconds(doc.Limit))
	}
}

// printSurroundings writes the environment of a session's shell, without its directory.
func printSurroundings(w io.Writer, s planSession, heading string) {
	var given, own []string
	for _, v := range s.Environment {
		switch {
		case v.Origin == "deck": // they may differ from session to session
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

// printAround writes what a deck asks for around a session.
func printAround(w io.Writer, s planSession) {
	var deck, mirrors []string
	for _, v := range s.Environment {
		if v.Origin == "deck" {
			deck = append(deck, v.Name+"="+shellWord(v.Value))
		}
	}
	for _, m := range s.Mirrors {
		mirrors = append(mirrors, m.URL+" is the folder "+m.Folder)
	}
	list(w, "environment", deck)
	list(w, "mirrors", mirrors)
	for _, a := range s.Applications {
		list(w, "application", append([]string{a.File}, a.lines()...))
	}
	for _, script := range slices.Concat(s.Setup, s.Teardown) {
		lines := strings.Split(script.Text, "\n")
		for i, line := range lines {
			lines[i] = terminal.Caret(line)
		}
		list(w, script.Name, lines)
	}
}

// list writes a heading and its items, one per line.
func list(w io.Writer, heading string, lines []string) {
	for _, line := range lines {
		fmt.Fprintf(w, "  %-12s %s\n", heading, line)
		heading = ""
	}
}

// lines describes the typed text and the conditions of a step for a human reader. The mark is on
// the first line.
func (s *planStep) lines(dim func(string) string) []string {
	var lines []string
	switch {
	case s.Kind == runner.KindTypes:
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
	if s.Instead != "" {
		lines = append(lines, dim("  instead of the slide's "+terminal.Caret(firstLine(s.Instead))))
	}
	if len(s.Shells) > 0 {
		lines = append(lines, dim("  a shell starts: one more line makes its prompt report statuses"))
	}
	if s.Pastes {
		lines = append(lines, "the copied text is typed")
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
	if s.Skip != "" {
		lines[0] += dim("  (skipped: " + s.Skip + ")")
	}
	if s.Hidden {
		lines[0] += dim("  (hidden)")
	}
	return lines
}

func seconds(s float64) string { return time.Duration(s * float64(time.Second)).String() }
