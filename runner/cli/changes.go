package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"workshop/markdown"
	"workshop/runner"
)

// changes are files that have changed.
type changes struct {
	than  string   // the other state, such as " differs from main"
	files []string // absolute, links resolved, sorted

	unknown func(file string) bool // a file of which nobody can say whether it has changed; nil: none
}

// names are the names under which a file may be among the changes.
func names(file string) []string {
	if direct, err := filepath.EvalSymlinks(file); err == nil && direct != file {
		return []string{file, direct}
	}
	return []string{file}
}

// file says that a file has changed or may have; "" if it has not.
func (c *changes) file(name string) string {
	switch all := names(name); {
	case slices.ContainsFunc(all, c.has):
		return c.than
	case c.unknown != nil && c.unknown(all[len(all)-1]):
		return ", which git ignores, may be another one"
	}
	return ""
}

// has reports whether a file, or a directory above it as a whole, is among the changes. Git names
// other repositories by their directories.
func (c *changes) has(name string) bool {
	for ; ; name = filepath.Dir(name) {
		if _, ok := slices.BinarySearch(c.files, name); ok {
			return true
		}
		if name == filepath.Dir(name) {
			return false
		}
	}
}

// below returns a changed file in a directory, "" if there is none.
func (c *changes) below(dir string) string {
	for _, dir := range names(dir) {
		if c.has(dir) {
			return dir
		}
		dir = strings.TrimSuffix(dir, "/") + "/"
		if i, _ := slices.BinarySearch(c.files, dir); i < len(c.files) && strings.HasPrefix(c.files[i], dir) {
			return c.files[i]
		}
	}
	return ""
}

// touched returns the chapters of a deck that changes concern, each with the reason: those with a
// changed file, include or working directory, and those that build on them in a session. A change
// of the manifest, or of the program, concerns all.
func (src *source) touched(ctx context.Context, j *job, plan *runner.Plan, changed *changes) (map[*markdown.Chapter]string, error) {
	why := map[*markdown.Chapter]string{}
	all := src.settings(changed)
	for _, c := range src.deck.Chapters {
		why[c] = all
		for _, f := range c.Files {
			if says := changed.file(src.abs(f)); why[c] == "" && says != "" {
				why[c] = src.show(src.abs(f)) + says
			}
		}
	}
	for _, s := range plan.Sessions {
		if s.Deck != src.deck {
			continue
		}
		folder, err := src.changedFolder(ctx, j, s, changed)
		if err != nil {
			return nil, err
		}
		cause := ""
		for _, e := range s.Exercises {
			c := e.Chapter
			switch {
			case why[c] != "":
			case folder != "":
				why[c] = folder + ", in its working directory," + changed.than
			case cause != "":
				why[c] = "it builds on " + cause
			}
			if why[c] != "" && cause == "" {
				cause = c.Name + ": " + why[c]
			}
		}
	}
	return why, nil
}

// settings is the reason why the whole deck has changed, "" if it has not.
func (src *source) settings(changed *changes) string {
	if exe, err := os.Executable(); err == nil && changed.file(exe) != "" {
		return "workshop itself" + changed.than
	}
	manifests := src.settingFiles()
	if src.deck.Workdir == "" { // these files decide where sessions start
		for _, dir := range src.composeDirs() {
			for _, f := range composeFiles {
				manifests = append(manifests, path.Join(dir, f))
			}
		}
	}
	for _, f := range manifests {
		if says := changed.file(src.abs(f)); says != "" {
			return src.show(src.abs(f)) + ", which is for the whole deck," + says
		}
	}
	for _, dir := range src.mirrors() {
		if f := changed.below(dir); f != "" {
			return src.show(f) + ", in a mirror," + changed.than
		}
	}
	return ""
}

// settingFiles are the files that hold the settings of the deck, and no slides.
func (src *source) settingFiles() []string {
	all := []string{path.Join(src.deck.Dir, "workshop.yml")} // it may have been removed
	for _, f := range src.deck.Files {
		if !slices.ContainsFunc(src.deck.Chapters, func(c *markdown.Chapter) bool { return slices.Contains(c.Files, f) }) {
			all = append(all, f)
		}
	}
	return all
}

// isManifest reports whether a path of this machine is that of such a file.
func (src *source) isManifest(name string) bool {
	return slices.ContainsFunc(src.settingFiles(), func(f string) bool { return src.abs(f) == name })
}

// mirrors are the folders of the deck's mirrors, as paths of this machine.
func (src *source) mirrors() (dirs []string) {
	for _, m := range src.deck.Mirrors {
		dirs = append(dirs, src.abs(m.Dir))
	}
	return dirs
}

// changedFolder is a changed file in the working directory of a session or a Compose context beside
// it, "" if there is none.
func (src *source) changedFolder(ctx context.Context, j *job, s *runner.Session, changed *changes) (string, error) {
	for _, dir := range src.folders(ctx, j, s) {
		if f := changed.below(dir); f != "" {
			return src.show(f), nil
		}
	}
	return "", ctx.Err()
}

// folders are the working directory of a session and the Compose contexts that are not in it.
func (src *source) folders(ctx context.Context, j *job, s *runner.Session) []string {
	folder := src.folder(s)
	if folder == "" {
		return nil // it is a part of the program, or empty
	}
	dirs := []string{src.abs(folder)}
	w, err := src.workdir(s, j.inPlace)
	if err != nil {
		return dirs
	}
	project, err := loadProject(ctx, w)
	if err != nil || project == nil { // a step of the session reports a mistake
		return dirs
	}
	for _, svc := range project.AllServices() {
		if svc.Build == nil {
			continue
		}
		if rel, err := filepath.Rel(project.WorkingDir, svc.Build.Context); err == nil && !filepath.IsLocal(rel) {
			dirs = append(dirs, filepath.Join(dirs[0], rel))
		}
	}
	return dirs
}

// abs is a name of the deck's file system as a path of this machine.
func (src *source) abs(name string) string { return filepath.Join(src.root, filepath.FromSlash(name)) }

// gitChanges are the files of a deck's repository that differ from a commit: the changed ones, and
// those that git does not track.
func gitChanges(ctx context.Context, src *source, ref string) (*changes, error) {
	if src.root == "" {
		return nil, errors.New("--changed: the deck is built in, and in no git repository (name a deck)")
	}
	dir := src.abs(src.deck.Dir)
	top, err := git(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, notGit(err, src.show(dir)+" is in no git repository (leave --changed out)")
	}
	repo := strings.TrimSuffix(string(top), "\n")
	commit, err := git(ctx, dir, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	if err != nil {
		return nil, notGit(err, "git knows no commit "+ref+" here (fetch it first; in CI check out the history: fetch-depth: 0)")
	}
	c := &changes{than: " differs from " + ref}
	known := map[string]bool{}
	for _, list := range []struct {
		args    []string
		changed bool
	}{
		{[]string{"diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", strings.TrimSpace(string(commit)), "--"}, true},
		{[]string{"ls-files", "-z", "--others", "--exclude-standard"}, true},
		{[]string{"ls-files", "-z"}, false},
	} {
		out, err := git(ctx, repo, list.args...)
		if err != nil {
			return nil, notGit(err, fmt.Sprintf("git cannot compare the files with %s: %v", ref, err))
		}
		for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
			if name == "" {
				continue
			}
			name = filepath.Join(repo, filepath.FromSlash(name))
			known[name] = true
			if list.changed {
				c.files = append(c.files, name)
			}
		}
	}
	slices.Sort(c.files)
	// Git does not compare files that it ignores, or that lie elsewhere: they may have changed.
	read := map[string]bool{}
	for _, f := range src.deck.Files {
		for _, name := range names(src.abs(f)) {
			read[name] = true
		}
	}
	c.unknown = func(file string) bool { return read[file] && !known[file] }
	return c, nil
}

// notGit is the error of a git command, in other words; of the environment if there is no git.
func notGit(err error, words string) error {
	if errors.Is(err, exec.ErrNotFound) {
		return &codeError{exitBroken, fmt.Errorf("--changed needs git: %w", err)}
	}
	return errors.New("--changed: " + words)
}

// git runs a git command in a directory and returns its output.
func git(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir, "--no-optional-locks"}, args...)...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n")
		if first != "" && !errors.Is(err, exec.ErrNotFound) {
			return nil, errors.New(first)
		}
		return nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	return out.Bytes(), nil
}

// gitRefs are the branches and tags of the repository here, for completion.
func gitRefs(ctx context.Context) []string {
	out, err := git(ctx, ".", "for-each-ref", "--format=%(refname:short)")
	if err != nil {
		return nil
	}
	return strings.Fields(string(out))
}
