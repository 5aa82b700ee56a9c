package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"workshop/markdown"
	"workshop/markdown/lazy"
	"workshop/runner"
	"workshop/runner/lint"
	"workshop/runner/terminal"
	"workshop/services/compose"
)

// application is a Compose project in the directory of a session. Its commands run on this machine
// when a step of the session brings it up.
type application struct {
	File    string       `json:"file"`
	Problem string       `json:"problem,omitempty"` // because of which it cannot be read
	Effects []planEffect `json:"effects"`
}

type planEffect struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Service string `json:"service,omitempty"`
	Kind    string `json:"kind"`
	Text    string `json:"text"`              // a command line or a path
	Outside bool   `json:"outside,omitempty"` // the path is not below the root of the deck
}

// The limits of the search for Compose files below a session's directory.
const (
	applicationDepth   = 6
	applicationEntries = 20_000
)

// composeFlag matches the file that a command line of Compose names.
var composeFlag = lazy.Regexp(`docker[ -]compose\b[^\n|;&]*?\s(?:-f\s*|--file[= ])([^\s;&|'"]+)`)

// applications returns the Compose projects in the directory of a session, in the folders below
// it, and those that its snippets name.
func (j *job) applications(ctx context.Context, s *runner.Session, src *source, shown string) (all []application, err error) {
	kind, err := engineOf(j.engine, s.Deck)
	if err != nil {
		return nil, err
	}
	w, err := src.workdir(s, j.inPlace)
	if err != nil {
		return nil, err
	}
	dir, remove, err := written(w)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	if dir == "" {
		return nil, nil
	}
	root := cmp.Or(src.root, dir)
	found, err := composeIn(dir, root)
	if err != nil {
		return nil, err
	}
	for _, name := range namedFiles(s) {
		if slices.ContainsFunc(found, func(f []string) bool { return slices.Contains(f, name) }) {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil && compose.Within(root, filepath.Join(dir, name)) {
			found = append(found, []string{"", name})
		}
	}
	for _, f := range found {
		opts := compose.LoadOptions{Dir: filepath.Join(dir, f[0]), Unread: true, Env: slices.Concat(shellEnv(os.Environ(), j.env), s.Env)}
		if f[0] == "" {
			opts.Files = f[1:]
		}
		a := application{File: filepath.Join(shown, f[1]), Effects: []planEffect{}}
		project, err := compose.Load(ctx, opts)
		if err != nil {
			a.Problem = err.Error()
			all = append(all, a)
			continue
		}
		for _, e := range project.Effects(kind.name == "embedded") {
			if e.Kind == "context" && !e.Outside(root) {
				continue // a part of the directory
			}
			p := planEffect{Line: e.Line, Service: e.Service, Kind: e.Kind, Text: e.Text, Outside: e.Outside(root)}
			p.File = e.File
			if !filepath.IsAbs(e.File) {
				p.File = filepath.Join(shown, f[0], e.File)
			}
			switch rel, err := filepath.Rel(dir, e.Text); {
			case !e.Path:
			case err == nil && filepath.IsLocal(rel):
				p.Text = filepath.Join(shown, rel)
			case e.Written != "":
				p.Text = e.Written
			}
			a.Effects = append(a.Effects, p)
		}
		all = append(all, a)
	}
	return all, nil
}

// composeIn returns the folders below a directory that hold a Compose file of the usual names,
// "." for itself, each with the file. A link out of the root is none of them.
func composeIn(dir, root string) (found [][]string, err error) {
	entries := 0
	err = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // a folder that cannot be read holds no file that Compose could read
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		if entries++; entries > applicationEntries {
			return fs.SkipAll
		}
		if e.IsDir() && rel != "." &&
			(strings.HasPrefix(e.Name(), ".") || e.Name() == "node_modules" || strings.Count(rel, "/") >= applicationDepth) {
			return fs.SkipDir
		}
		folder := filepath.Dir(rel)
		if !e.IsDir() && slices.Contains(composeFiles, e.Name()) && compose.Within(root, name) &&
			(len(found) == 0 || found[len(found)-1][0] != folder) {
			found = append(found, []string{folder, rel})
		}
		return nil
	})
	return found, err
}

// namedFiles are the Compose files that the snippets of a session name by -f.
func namedFiles(s *runner.Session) (names []string) {
	for _, e := range s.Exercises {
		for _, step := range e.Steps {
			for _, m := range composeFlag().FindAllStringSubmatch(step.Text, -1) {
				if name := filepath.Clean(m[1]); !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// lines describes the effects for a human reader, a line each.
func (a application) lines() (lines []string) {
	if a.Problem != "" {
		return []string{"cannot be read: " + terminal.Caret(a.Problem)}
	}
	for _, e := range a.Effects {
		where := e.File
		if e.Line > 0 {
			where = fmt.Sprintf("%s:%d", e.File, e.Line)
		}
		outside := ""
		if e.Outside {
			outside = "  (outside of the deck)"
		}
		for i, line := range strings.Split(strings.TrimRight(e.Text, "\n"), "\n") {
			if i > 0 {
				lines = append(lines, strings.Repeat(" ", 23)+terminal.Caret(line))
				continue
			}
			lines = append(lines, fmt.Sprintf("%-10s %-11s %s%s  [%s]", e.Service, e.Kind, terminal.Caret(line), outside, where))
		}
	}
	return lines
}

// describe gives a session the effects of its applications, for those who are asked for consent.
func (j *job) describe(ctx context.Context, s *runner.Session, src *source) error {
	dir, err := j.directory(s, []*source{src})
	if err != nil {
		return err
	}
	all, err := j.applications(ctx, s, src, dir.Path)
	if err != nil {
		return err
	}
	for _, a := range all {
		s.Applications = append(s.Applications, runner.Script{Name: a.File, Text: strings.Join(a.lines(), "\n")})
	}
	return nil
}

// outside returns the paths in the applications of all sessions that leave the roots of their decks.
func (j *job) outside(ctx context.Context, plan *runner.Plan, sources []*source) (found markdown.ErrorList, err error) {
	seen := map[string]bool{}
	for _, s := range plan.Sessions {
		for _, src := range sources {
			if src == nil || src.deck != s.Deck || src.root == "" {
				continue
			}
			all, err := j.applications(ctx, s, src, src.show(src.abs(src.folder(s))))
			if err != nil {
				return nil, err
			}
			for _, a := range all {
				for _, e := range a.Effects {
					at := markdown.Pos{File: e.File, Line: e.Line}
					if message := fmt.Sprintf("%s %s is outside of the deck", e.Kind, terminal.Caret(e.Text)); e.Outside && !seen[at.String()+message] {
						seen[at.String()+message] = true
						found.Add(lint.CodeLeavesDeck, at.Point(), "copy it into the deck", "%s", message)
					}
				}
			}
		}
	}
	return found, nil
}
