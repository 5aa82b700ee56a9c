package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/ledger"
	"workshop/runner/present"
	"workshop/runner/present/tui"
	"workshop/runner/present/web"
	"workshop/runner/report"
	"workshop/runner/terminal"
)

// show holds the options of a present command.
type show struct {
	*job
	at        string
	yes       bool
	preflight bool
	verdicts  string
	keys      string
	prefix    string
	length    time.Duration
	hidden    bool
	fresh     bool
	web       browsers
}

func newPresent(streams Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "present [DECK]",
		Short: "Give the workshop: step through the slides, with a live shell beside them",
		Long: `Shows the slides of a deck on the terminal, with the shell in which their exercises run.
Enter runs the selected step, hidden ones too; keys that move between slides never run
anything. Press ? for the keys, and Tab to type in the shell.

Each step shows when "workshop check" last passed it on this machine, or that it was
edited since. Nothing runs before you have seen all commands and agreed, once for each
content of a deck. The place in the deck is remembered from one talk to the next, and
while the deck is edited.

--web shows the same talk in browsers, too; it also works without a terminal. There is a
view for the audience, one for the presenter, a remote for the phone, and for latecomers
a page of all commands so far with their output. It prints a link for each. A link works
once; the presenter's opens your shell. Only this machine can reach it, unless ADDR is
another address: then anyone who can listen on that network can take over a seat in use.
If the program is started again within twelve hours, pages that are open go on by themselves.

--room is --web for the people in a room: it asks at which address of this machine, and
shows the audience's address with a short code, and as a QR code for phones.`,
		Example: `  workshop present slides                    on this terminal
  workshop present --web slides              and in browsers on this machine
  workshop present --web-only --web=8080     in browsers alone, at a port of your choice
  workshop present --room slides             for the room: asks at which address
  workshop present --room=192.0.2.7:8080     at this one (nothing is encrypted)`,
		GroupID: "deck",
		Args:    cobra.MaximumNArgs(1),
	}
	s := &show{job: &job{}}
	s.stepFlags(cmd)
	s.sandboxFlags(cmd, "host")
	f := cmd.Flags()
	f.StringVar(&s.at, "at", "", "run the deck up to `ID` first: an exercise, or a slide's number or name")
	f.BoolVar(&s.yes, "yes", false, "run the deck's commands without asking")
	f.BoolVar(&s.preflight, "preflight", false, "first check all visible slides on this machine, and list the risky ones")
	f.StringVar(&s.verdicts, "verdicts", "", "take the verdicts of an earlier check from its report `FILE`, of the format jsonl")
	f.StringVar(&s.keys, "keys", "workshop", "`SET` of keys: "+strings.Join(tui.Presets(), " or "))
	f.StringVar(&s.prefix, "prefix", tui.DefaultPrefix, "`KEY` that leads out of the shell")
	f.DurationVar(&s.length, "length", 0, "the planned length of the talk; the clock shows whether it is late")
	f.BoolVar(&s.hidden, "hidden", false, "show hidden steps from the beginning")
	f.BoolVar(&s.fresh, "from-start", false, "begin with the first slide, not at the place of the last talk")
	s.web.flags(cmd)
	completeWords(cmd, "keys", tui.Presets()...)
	completeNothing(cmd, "prefix", "length")
	completeFiles(cmd, "verdicts", "jsonl")
	completeDeck(cmd, "at", s.dialect, exerciseIDs)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return s.run(cmd.Context(), args, streams) }
	return cmd
}

func (s *show) run(ctx context.Context, args []string, streams Streams) error {
	if !slices.Contains(tui.Presets(), s.keys) {
		return fmt.Errorf("--keys: there is no set of keys %q; there are: %s", s.keys, strings.Join(tui.Presets(), ", "))
	}
	if _, err := tui.Prefix(s.prefix); err != nil {
		return fmt.Errorf("--prefix: %w", err)
	}
	src, deck, err := s.load(ctx, args, streams.Err, streams.Err)
	if err != nil {
		return err
	}
	book, err := s.ledger(src.Plan, deck)
	if err != nil {
		return err
	}
	ctx, force, stop := streams.interruptible(ctx)
	defer stop()
	memory, err := s.memory(deck)
	if err != nil {
		return err
	}
	onTerminal := report.IsTerminal(streams.Out, os.Getenv) && report.IsTerminal(streams.In, os.Getenv)
	if s.preflight {
		if err := s.consent(ctx, src.Plan, memory, onTerminal, streams); err != nil {
			return err
		}
		if err := s.check(ctx, src, book, streams); err != nil || !onTerminal && !s.web.wanted() {
			return err
		}
		if onTerminal {
			fmt.Fprint(streams.Out, "\nEnter presents the deck, ^C does not. ")
			if _, ok := answer(ctx, streams.In); !ok {
				return &codeError{code: exitInterrupted}
			}
		}
	}
	alone := s.web.wanted() && (!onTerminal || s.web.only)
	if !onTerminal && !alone {
		return errors.New("present needs a terminal, or --web; workshop run and workshop check do not")
	}
	if err := s.web.choose(ctx, onTerminal, streams); err != nil {
		return err
	}
	talk, err := present.Open(ctx, src, present.Options{
		Load: func() (*present.Source, error) {
			var said strings.Builder // the talk owns the terminal now
			again, _, err := s.load(ctx, args, &said, io.Discard)
			if again != nil {
				again.Warning = strings.TrimSpace(said.String())
			}
			return again, err
		},
		Ledger: book, Memory: memory, Yes: s.yes, At: s.at, Hidden: s.hidden, FromStart: s.fresh, Link: browse,
	})
	if err != nil {
		return err
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-force:
			os.Exit(exitInterrupted) // the sessions' processes end with this process
		case <-done:
		}
	}()
	server, err := s.web.open(ctx, talk, deck, memory.Seats(), s.length, alone, streams)
	switch {
	case err != nil:
	case alone:
		err = s.web.wait(ctx, talk, server, onTerminal, streams)
	default:
		err = s.face(ctx, talk, deck, server, streams)
	}
	if closed := talk.Close(); closed != nil && err == nil {
		err = &codeError{exitBroken, closed}
	}
	if server != nil {
		_ = server.Close() // it serves no requests any more
	}
	if errors.Is(err, context.Canceled) {
		return &codeError{code: exitInterrupted}
	}
	return err
}

// face shows the talk on the terminal. If links were printed, it waits for Enter first.
func (s *show) face(ctx context.Context, talk *present.Talk, deck *source, server *web.Server, streams Streams) error {
	var invite func() tui.Invitation
	if server != nil {
		invite = func() tui.Invitation { return invitation(server) }
		fmt.Fprint(streams.Out, "Enter begins here, too. ")
		if _, ok := answer(ctx, streams.In); !ok {
			return context.Canceled
		}
	}
	return tui.Run(ctx, talk, tui.Options{
		In: streams.In, Out: streams.Out, Environ: os.Environ(), Keys: s.keys, Prefix: s.prefix, Length: s.length,
		Plain: os.Getenv("NO_COLOR") != "", Images: deck.picture, Invite: invite,
	})
}

// load reads the whole deck, and prints the mistakes that do not prevent a talk, and remarks.
func (s *show) load(ctx context.Context, args []string, warnings, remarks io.Writer) (*present.Source, *source, error) {
	var said strings.Builder // the face of the talk shows it, too
	plan, sources, mistakes, err := s.dialect.presented(args, io.MultiWriter(warnings, &said), remarks, &said)
	if err != nil {
		return nil, nil, err
	}
	for _, session := range plan.Sessions {
		if err := s.describe(ctx, session, sources[0]); err != nil {
			return nil, nil, err
		}
	}
	opts, err := s.options(sources)
	if err != nil {
		return nil, nil, err
	}
	src := &present.Source{Plan: plan, Run: opts, Mistakes: mistakes}
	if text := strings.TrimSpace(said.String()); text != "" {
		src.Remarks = strings.Split(text, "\n")
	}
	if deck := sources[0]; deck.root != "" {
		dir := filepath.Join(deck.root, filepath.FromSlash(deck.deck.Dir))
		src.Files = []string{filepath.Join(dir, "workshop.yml")}
		for _, c := range deck.deck.Chapters {
			if abs, err := filepath.Abs(c.File); err == nil && c.File != "" {
				src.Files = append(src.Files, abs)
			}
		}
	}
	return src, sources[0], nil
}

// maxPicture is the size limit of a deck's picture, in bytes.
const maxPicture = 8 << 20

// picture reads a picture beside the deck, or at the deck's root.
func (src *source) picture(name string) ([]byte, error) {
	for _, dir := range []string{src.deck.Dir, "."} {
		inside := path.Join(dir, path.Clean("/" + name)[1:])
		info, err := fs.Stat(src.fsys, inside)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if info.Size() > maxPicture {
			return nil, fmt.Errorf("%s is larger than %d MiB", name, maxPicture>>20)
		}
		return fs.ReadFile(src.fsys, inside)
	}
	return nil, fmt.Errorf("%s: no such file", name)
}

// identity returns a name that is unique to the deck.
func (src *source) identity() string {
	if src.root == "" {
		return "built in"
	}
	return filepath.Join(src.root, filepath.FromSlash(src.deck.Dir), filepath.Base(src.deck.File))
}

// ledger opens the deck's ledger on this machine, or makes one from a report.
func (s *show) ledger(plan *runner.Plan, deck *source) (*ledger.Ledger, error) {
	if s.verdicts != "" {
		return bookOf("--verdicts", s.verdicts, plan)
	}
	return openLedger(plan, deck)
}

// bookOf makes a ledger from the report that a flag names.
func bookOf(flag, name string, plan *runner.Plan) (*ledger.Ledger, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	defer f.Close()
	book, err := ledger.FromReport(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", flag, name, err)
	}
	book.Know(plan)
	return book, nil
}

func openLedger(plan *runner.Plan, deck *source) (*ledger.Ledger, error) {
	dir, err := ledger.Dir()
	if err != nil {
		return nil, err
	}
	book, err := ledger.Open(dir, deck.identity())
	if err != nil {
		return nil, err
	}
	book.Program = build()
	book.Know(plan)
	return book, nil
}

// ledgers returns the ledgers that record the verdicts of a run for a later talk. Their errors are
// not errors of the run.
func (j *job) ledgers(plan *runner.Plan, sources []*source, warnings io.Writer) []report.Reporter {
	if j.forget {
		return nil
	}
	var all []report.Reporter
	for _, src := range sources {
		if book, err := openLedger(plan, src); err == nil {
			all = append(all, quietly{book, src.deck, warnings})
		}
	}
	return all
}

// quietly records the verdicts of one deck and hides its errors, apart from one that keeps the verdicts
// of an earlier run.
type quietly struct {
	*ledger.Ledger
	deck     *markdown.Deck
	warnings io.Writer
}

func (q quietly) Event(e runner.Event) error {
	if e.Kind == runner.RunStarted {
		own := slices.DeleteFunc(slices.Clone(e.Plan.Sessions), func(s *runner.Session) bool { return s.Deck != q.deck })
		if err := q.Begin(own); err != nil {
			fmt.Fprintf(q.warnings, "warning: this run is not remembered, and --failed knows an earlier one only: %v\n", err)
		}
	}
	if e.Session != nil && e.Session.Deck == q.deck {
		_ = q.Ledger.Event(e)
	}
	return nil
}

func (q quietly) Finish(r *runner.Result) error {
	if r != nil {
		own := *r
		own.Sessions = slices.DeleteFunc(slices.Clone(r.Sessions), func(s *runner.SessionResult) bool { return s.Deck != q.deck })
		r = &own
	}
	_ = q.Ledger.Finish(r)
	return nil
}

func (s *show) memory(deck *source) (*present.Memory, error) {
	dir, err := present.Dir()
	if err != nil {
		return nil, err
	}
	return present.NewMemory(dir, deck.identity()), nil
}

// check runs the preflight: all visible slides as a test suite, then a list of the risks in front
// of an audience.
func (s *show) check(ctx context.Context, src *present.Source, book *ledger.Ledger, streams Streams) error {
	before := map[*runner.Step]ledger.Last{}
	each(src.Plan, func(_ *runner.Exercise, step *runner.Step) { before[step] = book.Last(step) })
	opts := src.Run
	console, err := report.New("console", streams.Out, report.Detect(streams.Out, os.Getenv))
	if err != nil {
		return err
	}
	var failed error
	opts.Event = func(e runner.Event) { failed = errors.Join(failed, console.Event(e), book.Event(e)) }
	result, err := runner.Run(ctx, src.Plan, opts)
	if err != nil {
		_ = console.Finish(nil)
		return err
	}
	if failed = errors.Join(failed, console.Finish(result)); failed != nil {
		return &codeError{exitBroken, fmt.Errorf("write the report: %w", failed)}
	}
	_ = book.Finish(result) // an error does not matter here
	risks(result, present.Checked(src.Plan, result), before, streams)
	code := resultCode(result)
	if code == exitBroken || code == exitInterrupted || code != exitPassed && ctx.Err() != nil {
		return &codeError{code: code}
	}
	if code != exitPassed && !report.IsTerminal(streams.In, os.Getenv) {
		return &codeError{code: code}
	}
	return nil
}

// long is the longest time that a step may take without boring an audience.
const long = 10 * time.Second

// risks lists the exercises that failed, took long, or are new, with the marks of their visible steps.
func risks(result *runner.Result, marks *present.State, before map[*runner.Step]ledger.Last, streams Streams) {
	type risk struct {
		what string
		took time.Duration
		e    *runner.ExerciseResult
	}
	var all []risk
	for _, sr := range result.Sessions {
		for _, er := range sr.Exercises {
			r := risk{e: er, took: er.Duration}
			var why []string
			if er.Verdict != runner.Passed {
				why = append(why, string(er.Verdict))
			}
			for _, st := range er.Steps {
				if st.Duration >= long {
					why = append(why, fmt.Sprintf("%s takes %v", firstLine(st.Text), st.Duration.Round(100*time.Millisecond)))
				}
				switch b := before[st.Step]; {
				case b.Standing == ledger.Edited:
					why = append(why, "edited since the last check: "+firstLine(st.Text))
				case b.Standing == ledger.Same && b.Verdict != runner.Passed:
					why = append(why, "failed the last time: "+firstLine(st.Text))
				}
			}
			if r.what = strings.Join(why, "; "); r.what != "" {
				all = append(all, r)
			}
		}
	}
	if len(all) == 0 {
		fmt.Fprintln(streams.Out, "\nno risks: every step passed, none took long")
		return
	}
	sort.SliceStable(all, func(i, j int) bool {
		bad := func(r risk) bool { return r.e.Verdict != runner.Passed }
		return bad(all[i]) && !bad(all[j]) || bad(all[i]) == bad(all[j]) && all[i].took > all[j].took
	})
	fmt.Fprintln(streams.Out, "\nrisks:")
	for _, r := range all {
		fmt.Fprintf(streams.Out, "  slide %-4d %s  %6.1fs  %s\n", r.e.Slide.Number, r.e.ID, r.took.Seconds(), r.what)
		for _, step := range marks.Deck.Steps {
			if m := marks.Mark(step); step.Exercise.ID == r.e.ID && !step.Hidden {
				fmt.Fprintf(streams.Out, "             %s %-10s %s\n", m.State.Sign(), m, step.Summary())
			}
		}
	}
}

func firstLine(s string) string {
	line, rest, _ := strings.Cut(strings.TrimSpace(s), "\n")
	if rest != "" {
		line += " …"
	}
	return line
}

func each(plan *runner.Plan, f func(*runner.Exercise, *runner.Step)) {
	for _, s := range plan.Sessions {
		for _, e := range s.Exercises {
			for _, step := range e.Steps {
				f(e, step)
			}
		}
	}
}

// consent asks whether this content of the deck may run, unless the answer is remembered.
func (s *show) consent(ctx context.Context, plan *runner.Plan, memory *present.Memory, onTerminal bool, streams Streams) error {
	if s.yes || memory.Allowed(plan) {
		return nil
	}
	if !onTerminal {
		return errors.New("--preflight runs the deck: say --yes")
	}
	fmt.Fprintln(streams.Out, "This deck wants to run on this machine, with your privileges:")
	for _, s := range plan.Sessions {
		for _, script := range slices.Concat(s.Setup, s.Teardown) {
			fmt.Fprintf(streams.Out, "  %-16s %q\n", script.Name, script.Text)
		}
		for _, a := range s.Applications {
			fmt.Fprintf(streams.Out, "  %s\n    %s\n", terminal.Caret(a.Name), strings.ReplaceAll(a.Text, "\n", "\n    "))
		}
	}
	each(plan, func(e *runner.Exercise, step *runner.Step) {
		if e.Setup {
			return
		}
		hidden := ""
		if step.Hidden {
			hidden = " (hidden)"
		}
		for i, l := range strings.Split(step.Text, "\n") {
			label := ""
			if i == 0 {
				label = step.Directive + hidden
			}
			fmt.Fprintf(streams.Out, "  %-16s %q\n", label, l)
		}
	})
	fmt.Fprint(streams.Out, "Run it? [y/N] ")
	line, ok := answer(ctx, streams.In)
	if ctx.Err() != nil {
		fmt.Fprintln(streams.Out)
		return &codeError{code: exitInterrupted}
	}
	if line = strings.ToLower(strings.TrimSpace(line)); !ok || line != "y" && line != "yes" {
		return errors.New("--preflight runs the deck, which was not allowed")
	}
	_ = memory.Allow(plan) // if this fails, the question is asked again next time
	return nil
}

// answer waits for a line. ok is false if the context or the input ended first.
func answer(ctx context.Context, in io.Reader) (line string, ok bool) {
	lines := make(chan string, 1)
	go func() { // a read of a terminal cannot be cancelled; this goroutine ends with the process
		defer close(lines)
		if line, err := bufio.NewReader(in).ReadString('\n'); err == nil {
			lines <- line
		}
	}()
	select {
	case line, ok = <-lines:
		return line, ok
	case <-ctx.Done():
		return "", false
	}
}

// browse opens a page in the browser of the desktop.
func browse(ctx context.Context, url string) error {
	opener := "xdg-open"
	if runtime.GOOS == "darwin" {
		opener = "open"
	}
	path, err := exec.LookPath(opener)
	if err != nil {
		return fmt.Errorf("no browser can be opened here: %s", url)
	}
	// The output goes to a file, not to a pipe: a browser that keeps running keeps its output open,
	// and quitting the talk must not wait for it.
	said, err := os.CreateTemp("", "workshop-open-")
	if err != nil {
		return err
	}
	defer said.Close()
	_ = os.Remove(said.Name())
	cmd := exec.CommandContext(ctx, path, url)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		out := make([]byte, 1<<10)
		n, _ := said.ReadAt(out, 0)
		return fmt.Errorf("%s: %w: %s", opener, err, firstLine(string(out[:n])))
	}
	return nil
}
