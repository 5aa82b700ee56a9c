package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"workshop/markdown"
	"workshop/runner/sandbox"
	"workshop/runner/terminal"
)

// TermKind is the kind of a [Term].
type TermKind string

// The kinds of terms.
const (
	TermSkip     TermKind = "skip"     // it does not run, for the reason in the text
	TermOnlyIf   TermKind = "only-if"  // it runs if the command in the text ends with status 0
	TermRequires TermKind = "requires" // it runs if the program, or the like, in the text is there
)

// Term is a term under which an exercise runs.
type Term struct {
	Kind TermKind
	Text string
	Pos  markdown.Pos // of the step or the chapter that gives it
	Own  bool         // a step of the exercise gives it
}

func (t Term) String() string { return string(t.Kind) + " " + t.Text }

// Script is a script of bash around a session.
type Script struct {
	Name string // setup or teardown, and of which chapter
	Text string
	Pos  markdown.Pos
}

// termsOf are the terms that a deck or a chapter gives to its exercises.
func termsOf(t *markdown.Terms, pos markdown.Pos) (all []Term) {
	if t.Skip != "" {
		all = append(all, Term{Kind: TermSkip, Text: t.Skip, Pos: pos})
	}
	for _, r := range t.Requires {
		all = append(all, Term{Kind: TermRequires, Text: r, Pos: pos})
	}
	if t.OnlyIf != "" {
		all = append(all, Term{Kind: TermOnlyIf, Text: t.OnlyIf, Pos: pos})
	}
	return all
}

// terms are all terms of an exercise.
func (e *Exercise) terms(d *markdown.Deck) []Term {
	all := append(termsOf(&d.Terms, markdown.Pos{File: d.File}), termsOf(&e.Chapter.Terms, e.Chapter.Pos)...)
	for _, s := range e.Steps {
		all = append(all, s.op.terms...)
	}
	return all
}

// prepare gives the session the scripts and variables of its deck and of its chapters.
func (s *Session) prepare() {
	add := func(what string, t *markdown.Terms, pos markdown.Pos) {
		if t.Setup != "" {
			s.Setup = append(s.Setup, Script{"setup" + what, t.Setup, pos})
		}
		if t.Teardown != "" {
			s.Teardown = slices.Insert(s.Teardown, 0, Script{"teardown" + what, t.Teardown, pos})
		}
		for _, v := range t.Env {
			s.Env = append(s.Env, v.Name+"="+v.Value)
		}
	}
	add("", &s.Deck.Terms, markdown.Pos{File: s.Deck.File})
	var seen []*markdown.Chapter
	for _, e := range s.Exercises {
		if !slices.Contains(seen, e.Chapter) {
			seen = append(seen, e.Chapter)
			add(" of "+e.Chapter.Name, &e.Chapter.Terms, e.Chapter.Pos)
		}
	}
}

// skipped is the reason why the exercise never runs; nil if it may.
func (e *Exercise) skipped() *Failure {
	i := slices.IndexFunc(e.Terms, func(t Term) bool { return t.Kind == TermSkip })
	if i < 0 {
		return nil
	}
	return &Failure{Pos: e.Terms[i].Pos, Message: e.Terms[i].Text}
}

// unmet is the first term of an exercise that does not hold; nil if all do. Those of the deck and
// of chapters are looked at once in a session, before its set-up.
func (s *session) unmet(ctx context.Context, e *Exercise) (Verdict, *Failure, error) {
	if why := e.skipped(); why != nil {
		return Skipped, why, nil
	}
	for _, t := range e.Terms {
		v, f, err := s.holds(ctx, t)
		if f != nil || err != nil {
			return v, f, err
		}
	}
	return Passed, nil, nil
}

// holds looks whether a term holds.
func (s *session) holds(ctx context.Context, t Term) (Verdict, *Failure, error) {
	key := t.String()
	status, known := s.held[key]
	if !known || t.Own {
		var err error
		if status, _, err = s.script(ctx, "bash", "-c", t.Test()); err != nil {
			return "", nil, fmt.Errorf("%v: %s: %w", t.Pos, key, err)
		}
		s.held[key] = status
	}
	switch {
	case status == 0:
		return Passed, nil, nil
	case t.Kind == TermOnlyIf:
		message := fmt.Sprintf("only if %s, which ended with status %d", quote(firstLine(t.Text)), status)
		return Skipped, &Failure{Pos: t.Pos, Message: message}, nil
	}
	f := &Failure{Pos: t.Pos, Message: "requires " + t.Text + ", which is not here"}
	if strings.Contains(t.Text, " ") {
		f.Message = fmt.Sprintf("requires %s, which ended with status %d", quote(firstLine(t.Text)), status)
	}
	if t.Text == "network" && s.sandbox.PrivateNetwork() {
		f.Hint = "sessions have a network of their own: --network host lets them reach others"
	}
	if s.run.opts.RequireAll {
		return Broken, f, nil
	}
	return Skipped, f, nil
}

// abilities are the requirements that are no programs, with the commands that look for them. That
// of the network sends nothing: it looks for a route to other machines.
var abilities = map[string]string{
	"docker-swarm": "docker node ls",
	"sudo":         "sudo -n true",
	"network": `if [ -r /proc/net/route ]; then
	awk '$2 == "00000000" && $8 == "00000000" { found = 1 } END { exit !found }' /proc/net/route ||
	awk '$1 ~ /^0+$/ && $2 == "00" && $10 != "lo" { found = 1 } END { exit !found }' /proc/net/ipv6_route
else route -n get default; fi`,
}

// Asks reports whether a command of the deck decides whether the term holds.
func (t Term) Asks() bool { return t.Kind == TermOnlyIf || strings.Contains(t.Text, " ") }

// Test is the command that looks whether the term holds.
func (t Term) Test() string {
	switch script, ok := abilities[t.Text]; {
	case t.Asks():
		return t.Text
	case ok:
		return script
	}
	return "command -v -- " + t.Text
}

// idle reports whether no exercise of the session can run, by the terms of the deck, its chapters
// and its own `skip`.
func (s *session) idle(ctx context.Context) (bool, error) {
	if s.run.live { // a presenter decides
		return false, nil
	}
	for _, e := range s.plan.Exercises {
		outer := &Exercise{Terms: slices.DeleteFunc(slices.Clone(e.Terms), func(t Term) bool { return t.Own && t.Kind != TermSkip })}
		if len(e.Mistakes) > 0 {
			continue
		}
		if _, why, err := s.unmet(ctx, outer); why == nil || err != nil {
			return false, err
		}
	}
	return true, nil
}

// setUp runs the scripts before the session.
func (s *session) setUp(ctx context.Context) error {
	for _, script := range s.plan.Setup {
		if err := s.around(ctx, script); err != nil {
			return errors.Join(err, s.tearDown(ctx))
		}
	}
	s.ready = true
	return nil
}

// tearDown runs the scripts behind the session, all of them, also after its context has ended.
func (s *session) tearDown(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	var errs []error
	for _, script := range s.plan.Teardown {
		errs = append(errs, s.around(ctx, script))
	}
	return errors.Join(errs...)
}

// around runs a script before or behind the session.
func (s *session) around(ctx context.Context, script Script) error {
	status, said, err := s.script(ctx, "bash", "-e", "-c", script.Text)
	if err == nil && status != 0 {
		err = fmt.Errorf("it ended with status %d", status)
	}
	if err != nil {
		err = fmt.Errorf("%v: %s: %w", script.Pos, script.Name, err)
		if said != "" {
			err = fmt.Errorf("%w: %s", err, said)
		}
	}
	return err
}

// script runs a program of the session that types nothing, in its first directory, within the
// limit of a step. It returns the status and the last line of the output.
func (s *session) script(ctx context.Context, argv ...string) (status int, said string, err error) {
	out, err := os.CreateTemp(s.dir, "script-") // not a pipe: a program that goes on running would keep it open
	if err != nil {
		return 0, "", err
	}
	defer out.Close()
	ctx, cancel := context.WithTimeout(ctx, s.limits.Step)
	defer cancel()
	p, err := s.sandbox.Start(sandbox.Cmd{Argv: argv, Env: s.env, Dir: s.sandbox.Inside(s.work), Files: []*os.File{nil, out, out}})
	if err != nil {
		return 0, "", err
	}
	ended, err := p.Wait(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("it has not ended after %v", s.limits.Step)
	}
	if err != nil {
		return 0, "", errors.Join(err, p.Signal(os.Kill))
	}
	if ended.Signal != "" {
		return 0, "", fmt.Errorf("it was ended by %s", ended.Signal)
	}
	return ended.Code, lastLine(out), nil
}

// maxSaid is the longest end of a script's output that is read, in bytes.
const maxSaid = 4 << 10

func lastLine(f *os.File) string {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return ""
	}
	text := make([]byte, min(size, maxSaid))
	if _, err := f.ReadAt(text, size-int64(len(text))); err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return terminal.Caret(strings.TrimSpace(lines[len(lines)-1]))
}

// mirror gives the session's git the folders that stand for repositories elsewhere: each becomes a
// repository of one commit, unless it is one.
func (s *session) mirror(ctx context.Context) error {
	mirrors := s.plan.Deck.Mirrors
	if len(mirrors) == 0 || s.run.opts.Folder == nil {
		return nil
	}
	env := []string{fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(mirrors))}
	for i, m := range mirrors {
		w, err := s.run.opts.Folder(s.plan, m.Dir)
		if err != nil {
			return fmt.Errorf("mirrors: %s: %w", m.URL, err)
		}
		place := filepath.Join(s.dir, "mirrors", fmt.Sprint(i))
		if err := copyTree(place, w.FS); err != nil {
			return fmt.Errorf("mirrors: %s: %w", m.URL, err)
		}
		seen := s.sandbox.Inside(place)
		status, said, err := s.script(ctx, "bash", "-e", "-c", makeRepository, "bash", seen)
		if err != nil || status != 0 {
			return fmt.Errorf("mirrors: %s: git cannot make a repository of the folder: %w", m.URL, cmp.Or(err, errors.New(said)))
		}
		// git appends .git to some URLs by itself
		if err := os.Symlink(filepath.Base(place), place+".git"); err != nil {
			return err
		}
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=url.file://%s.insteadOf", i, seen), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, m.URL))
	}
	s.env = append(s.env, env...)
	return nil
}

// makeRepository makes a repository of the folder in $1, with the same commit on each machine.
const makeRepository = `cd "$1"
[ -e .git ] && exit
export GIT_AUTHOR_NAME=workshop GIT_AUTHOR_EMAIL=workshop@localhost GIT_AUTHOR_DATE=2000-01-01T00:00:00Z
export GIT_COMMITTER_NAME=workshop GIT_COMMITTER_EMAIL=workshop@localhost GIT_COMMITTER_DATE=2000-01-01T00:00:00Z
git init -q -b main
git add -A -f
git -c commit.gpgsign=false commit -q --allow-empty -m "The folder of the deck"`
