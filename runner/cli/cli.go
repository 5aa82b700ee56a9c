// Package cli is the command line, one file per command. It is the only package that imports all
// the others, and it passes to the runner the values from packages that the runner must not import.
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/report"
	"workshop/services/compose/engine"
)

// Exit codes.
const (
	exitPassed      = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNothing     = 3
	exitBroken      = 4
	exitInterrupted = 130
)

// Streams are the process's own.
type Streams struct {
	In       *os.File
	Out, Err *os.File
	Signals  <-chan os.Signal // signals that end the process; may be nil
}

// interruptible returns a context that the first signal ends; the second signal closes force.
func (s Streams) interruptible(ctx context.Context) (_ context.Context, force <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	second := make(chan struct{})
	go func() {
		select {
		case <-ctx.Done():
			return
		case <-s.Signals:
			cancel()
		}
		<-s.Signals
		close(second)
	}()
	return ctx, second, cancel
}

// Main runs a command line, argv[0] included, and returns the exit code. The first signal asks for
// an orderly end. After the second one Main itself may end the process.
func Main(ctx context.Context, argv []string, streams Streams) int {
	name := strings.TrimSuffix(filepath.Base(argv[0]), ".exe")
	if run, ok := tools[name]; ok {
		if slices.Contains(standIns, name) {
			standInStarted(argv[0])
		}
		return run(ctx, argv[1:], streams)
	}
	root := newRoot(streams) //nolint:contextcheck // cobra hands the context to the commands
	root.SetArgs(argv[1:])
	err := root.ExecuteContext(ctx)
	engine.Sweep() // a session's engine ends with its sandbox, and cannot remove its control groups itself
	if err != nil {
		err = unknownCommand(root, argv[1:], err)
	}
	code := exitCode(err)
	var coded *codeError
	switch {
	case err == nil || errors.As(err, &coded) && coded.err == nil:
	case isInput(err):
		fmt.Fprintln(streams.Err, err)
	default:
		fmt.Fprintf(streams.Err, "workshop: %v\n", err)
	}
	return code
}

// unknownCommand words the error for a command name that does not exist.
func unknownCommand(root *cobra.Command, args []string, err error) error {
	if _, _, notFound := root.Find(args); notFound == nil {
		return err
	}
	i := slices.IndexFunc(args, func(arg string) bool { return !strings.HasPrefix(arg, "-") })
	if i < 0 {
		return err
	}
	hint := ""
	if near := root.SuggestionsFor(args[i]); len(near) > 0 {
		hint = fmt.Sprintf(" (did you mean %q?)", near[0])
	}
	return fmt.Errorf("unknown command %q%s\nSee %q", args[i], hint, root.CommandPath()+" --help")
}

// codeError is an error with its exit code. Without an inner error the message has been printed
// already.
type codeError struct {
	code int
	err  error
}

func (e *codeError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

func (e *codeError) Unwrap() error { return e.err }

func exitCode(err error) int {
	var coded *codeError
	switch {
	case err == nil:
		return exitPassed
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, runner.ErrNothingSelected):
		return exitNothing
	default:
		return exitUsage
	}
}

// isInput reports whether an error is about a deck, and so carries its position.
func isInput(err error) bool {
	var list markdown.ErrorList
	return errors.As(err, &list)
}

// Command is the whole command line, for its man pages and completions.
func Command(streams Streams) *cobra.Command { return newRoot(streams) }

func newRoot(streams Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "workshop",
		Short: "Make a deck of workshop slides an executable test suite",
		Long: `workshop reads Markdown slides, types their exercises into a real shell, and checks
that the expected output appears.

A DECK is a directory (its workshop.yml, else its *.md files in name order), a
manifest, or one document. Without one it is slides/ here, else workshop.yml here, else
the deck that is built in. A deck that you run has your privileges: read it first
(workshop plan).`,
		Example: `  workshop run slides              watch the workshop run
  workshop check --chapter scaling verify a chapter, as in CI
  workshop list --json             the exercises, without running them`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.AddGroup(&cobra.Group{ID: "deck", Title: "Decks:"}, &cobra.Group{ID: "stack", Title: "The sample application:"})
	root.AddCommand(newRun(streams), newCheck(streams), newPresent(streams), newAudit(streams), newLint(streams), newList(streams),
		newPlan(streams), newInit(streams), newImport(streams), newLSP(streams), newDoctor(streams), newReport(streams), newExport(streams))
	root.AddCommand(newTools(streams)...)
	root.AddCommand(directivesTopic())
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w\nSee %q", err, c.CommandPath()+" --help")
	})
	return root
}

// version is the version in the build information: a release, or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && info.Main.Version == "(devel)" {
			return s.Value
		}
	}
	return info.Main.Version
}

// directivesTopic is the help on the dialect, made from the runner's table of directives.
func directivesTopic() *cobra.Command {
	var b strings.Builder
	b.WriteString("The directives of an exercise's fences:\n")
	for _, d := range runner.Directives() {
		fmt.Fprintf(&b, "\n  %s\n", d.Name)
		for line := range strings.Lines(d.Usage) {
			b.WriteString("      " + strings.TrimRight(line, "\n") + "\n")
		}
		for _, line := range report.Fold(d.Summary, 76) {
			fmt.Fprintf(&b, "    %s\n", line)
		}
	}
	return &cobra.Command{Use: "directives", Short: "The directives that a slide may hold", Long: b.String()}
}
