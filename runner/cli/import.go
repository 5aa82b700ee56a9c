package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"workshop/markdown"
	"workshop/runner/report"
	"workshop/runner/watch"
)

func newImport(streams Streams) *cobra.Command {
	var styles strings.Builder
	for _, st := range markdown.Styles() {
		for i, line := range report.Fold(st.Summary, 66) {
			if i > 0 {
				st.Name = ""
			}
			fmt.Fprintf(&styles, "  %-13s%s\n", st.Name, line)
		}
	}
	cmd := &cobra.Command{
		Use:   "import DECK [DIR]",
		Short: "Write a deck of slides from documents in another style",
		Long: `Reads documents in any style, and writes them to DIR (default: slides) as a deck: a
manifest, and a file for each document, whose sections are slides and whose commands are
exercises. It reports the parts that it cannot carry over. It executes nothing, and
overwrites nothing without --force.

Styles, by --style or by the look of the documents:
` + styles.String(),
		GroupID: "deck",
		Args:    cobra.RangeArgs(1, 2),
	}
	d := dialectFlags(cmd)
	force := cmd.Flags().Bool("force", false, "overwrite the files that exist")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		_, sources, err := d.shown(args[:1], streams.Err)
		if err != nil {
			return err
		}
		deck := sources[0].deck
		dir := "slides"
		if len(args) > 1 {
			dir = args[1]
		}
		workdir, root, err := workdirFrom(sources[0], dir)
		if err != nil {
			return err
		}
		files, left, err := imported(deck, dir, workdir)
		if err != nil {
			return err
		}
		if err := writeNew(files, *force); err != nil {
			return err
		}
		for _, f := range files {
			fmt.Fprintln(streams.Out, f.name)
		}
		for _, e := range left {
			fmt.Fprintf(streams.Out, "not carried: %v\n", e)
		}
		exercises, steps, hidden := 0, 0, 0
		for _, c := range deck.Chapters {
			for _, s := range c.Slides {
				exercises += len(s.Exercises)
				for _, e := range s.Exercises {
					for _, st := range e.Steps {
						if steps++; st.Hidden {
							hidden++
						}
					}
				}
			}
		}
		fmt.Fprintf(streams.Out, "\n%s with %s%s, read as %s; %s not carried\n\nNext:\n  workshop check %s%s\n",
			count(exercises, "exercise"), count(steps-hidden, "step"), andHidden(hidden), deck.Style, count(len(left), "part"), root, shellWord(dir))
		return nil
	}
	return cmd
}

// andHidden tells of hidden steps beside others.
func andHidden(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" and %d hidden", n)
}

// workdirFrom is the deck's working directory as a manifest in dir names it, "" if it has none; and the option
// with which such a manifest can be read, if the directory is not below it.
func workdirFrom(src *source, dir string) (workdir, option string, err error) {
	if src.deck.Workdir == "" {
		return "", "", nil
	}
	from, err := filepath.Abs(dir)
	if err != nil {
		return "", "", err
	}
	to, err := filepath.Abs(filepath.Join(src.root, src.deck.Workdir))
	if err != nil {
		return "", "", err
	}
	if workdir, err = filepath.Rel(from, to); err != nil {
		return "", "", err
	}
	if workdir = filepath.ToSlash(workdir); watch.Inside(from, to) {
		return workdir, "", nil
	}
	above := from // both directories are below it
	for !watch.Inside(above, to) {
		above = filepath.Dir(above)
	}
	here, err := filepath.Abs(".")
	if err == nil {
		above, err = filepath.Rel(here, above)
	}
	return workdir, "--root " + shellWord(above) + " ", err
}

// atOnce names the ^C of clicks that come with no wait behind the command of their terminal. There a scenario gives the
// command some time to end by itself; in a deck of slides the key comes at once.
func atOnce(deck *markdown.Deck) (left markdown.ErrorList) {
	waited, pane := map[string]bool{"0": false}, "0" // by pane
	for _, c := range deck.Chapters {
		for _, s := range c.Slides {
			for _, e := range s.Exercises {
				for _, st := range e.Steps {
					number, selects := strings.CutPrefix(st.Text, "select-pane -t ")
					switch {
					case st.Skip != "":
					case st.Directive == "tmux" && selects:
						pane = number
					case st.Directive == "tmux" && strings.HasPrefix(st.Text, "split-pane"):
						pane = strconv.Itoa(len(waited))
						waited[pane] = false
					case st.Directive == "tmux" && st.Text == "kill-pane":
						delete(waited, pane)
					case st.Directive == "wait", st.Directive == "longwait", st.Directive == "check":
						waited[pane] = true
					case st.Directive == "bash" && !st.Hidden:
						waited[pane] = false
					case st.Rule == markdown.RuleInterrupt && !waited[pane]:
						left.Add(markdown.CodeRewrite, st.Head(), "put a wait or a check before it",
							"this ^C comes at once there, and the command before it may not be judged")
					}
				}
			}
		}
	}
	return left
}

// imported are the files of a deck made of documents, below dir, and the parts that are left out.
func imported(deck *markdown.Deck, dir, workdir string) (files []newFile, left markdown.ErrorList, err error) {
	manifest := struct {
		Title    string            `yaml:"title"`
		Session  string            `yaml:"session"`
		Workdir  string            `yaml:"workdir,omitempty"`
		Engine   string            `yaml:"engine,omitempty"`
		Network  string            `yaml:"network,omitempty"`
		Compose  string            `yaml:"compose,omitempty"`
		Statuses string            `yaml:"statuses,omitempty"`
		Pipefail bool              `yaml:"pipefail,omitempty"`
		Requires []string          `yaml:"requires,omitempty"`
		Skip     string            `yaml:"skip,omitempty"`
		OnlyIf   string            `yaml:"only-if,omitempty"`
		Env      map[string]string `yaml:"env,omitempty"`
		Setup    string            `yaml:"setup,omitempty"`
		Teardown string            `yaml:"teardown,omitempty"`
		Secrets  []string          `yaml:"secrets,omitempty"`
		Content  []string          `yaml:"content"`
	}{
		Title: deck.Title, Session: string(deck.Session), Workdir: workdir, Engine: deck.Engine, Network: deck.Network,
		Compose: deck.Compose, Statuses: deck.Statuses, Pipefail: deck.Pipefail, Secrets: deck.Secrets,
		Requires: deck.Terms.Requires, Skip: deck.Terms.Skip, OnlyIf: deck.Terms.OnlyIf, Setup: deck.Terms.Setup,
		Env: map[string]string{},
	}
	for _, v := range deck.Terms.Env {
		manifest.Env[v.Name] = v.Value
	}
	lost := func(at markdown.Pos, what string) {
		left.Add(markdown.CodeRewrite, at.Point(), "copy it from the manifest", "%s is not carried", what)
	}
	if len(deck.Mirrors) > 0 {
		lost(markdown.Pos{File: deck.File, Line: 1, Col: 1}, "the list of mirrors")
	}
	for _, c := range deck.Chapters {
		t := c.Terms
		if deck.Session == markdown.SessionDeck && t.Teardown != "" { // of a scenario's background script
			manifest.Teardown, t.Teardown = manifest.Teardown+t.Teardown, ""
		}
		if c.Workdir+c.Statuses+t.Skip+t.OnlyIf+t.Setup+t.Teardown != "" || len(t.Requires)+len(t.Env)+len(c.Needs) > 0 || c.Exclusive {
			lost(c.Pos, "what the manifest says about this document")
		}
		if !c.Sections() {
			return nil, nil, errors.New("the documents are a deck of slides already: there is nothing to import")
		}
		text, more := markdown.Export(c)
		left = append(left, more...)
		name := c.Name + ".md"
		manifest.Content = append(manifest.Content, name)
		files = append(files, newFile{filepath.Join(dir, name), []byte(text)})
	}
	manifest.Teardown += deck.Terms.Teardown
	left = append(left, atOnce(deck)...)
	text, err := yaml.Marshal(manifest)
	return append([]newFile{{filepath.Join(dir, "workshop.yml"), text}}, files...), left, err
}
