package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"

	"workshop/runner"
	"workshop/runner/sandbox"
	"workshop/services/compose"
)

// abreast prepares the options for sessions that run side by side. Where they share a network
// or a real engine, those with the same ports or the same project wait for each other.
func (j *job) abreast(ctx context.Context, plan *runner.Plan, opts *runner.Options) error {
	jobs := j.jobs
	if jobs == 0 {
		jobs = runtime.NumCPU()
	}
	switch {
	case jobs < 0:
		return fmt.Errorf("--jobs: %d is less than 0", jobs)
	case jobs == 1 || len(plan.Sessions) < 2 || j.update || j.inPlace: // in place they share the directory
		return nil
	}
	opts.Jobs = jobs
	own, err := ownNetworks(ctx, opts.Sandbox)
	if err != nil {
		return err
	}
	needs := map[*runner.Session][]string{}
	for _, s := range plan.Sessions {
		if needs[s], err = j.needs(ctx, s, own, opts); err != nil {
			return err
		}
	}
	opts.Needs = func(s *runner.Session) []string { return needs[s] }
	return nil
}

// ownNetworks reports whether each session gets a network of its own.
func ownNetworks(ctx context.Context, opts sandbox.Options) (bool, error) {
	if !opts.PrivateNetwork {
		return false, nil
	}
	s, err := sandbox.Start(ctx, opts)
	if err != nil {
		return false, &codeError{exitBroken, err}
	}
	own := s.PrivateNetwork()
	return own, s.Close()
}

// needs are the things of this machine that a session needs for itself.
func (j *job) needs(ctx context.Context, s *runner.Session, ownNetwork bool, opts *runner.Options) ([]string, error) {
	kind, err := engineOf(j.engine, s.Deck)
	if err != nil || ownNetwork && kind.ownNetwork {
		return nil, err
	}
	w, err := opts.Workdir(s)
	if err != nil {
		return nil, err
	}
	var needs []string
	if !kind.ownNetwork {
		needs = append(needs, "the project "+w.Name)
	}
	project, err := loadProject(ctx, w)
	switch {
	case errors.As(err, new(*projectError)):
		err = nil // a step of the session reports it
	case err != nil:
		return nil, err
	case project != nil:
		for _, port := range project.Ports() {
			needs = append(needs, "port "+strconv.Itoa(port))
		}
	}
	return needs, err
}

// projectError is a mistake in a Compose file.
type projectError struct{ error }

func (e *projectError) Unwrap() error { return e.error }

// loadProject reads the Compose project of a working directory, nil if there is none. A mistake
// in it is a *projectError. The files of its env_file are not read.
func loadProject(ctx context.Context, w runner.Workdir) (_ *compose.Project, err error) {
	dir, remove, err := written(w)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	if !slices.ContainsFunc(composeFiles, func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	}) {
		return nil, nil //nolint:nilnil // there is none
	}
	project, err := compose.Load(ctx, compose.LoadOptions{Dir: dir, Env: os.Environ(), Name: w.Name, Unread: true})
	if err != nil {
		return nil, &projectError{err}
	}
	return project, nil
}

// written returns the directory of this machine with the files of a session's directory; "" if there
// are none. Files that are part of the program are written to a new one, which remove removes.
func written(w runner.Workdir) (dir string, remove func() error, err error) {
	if dir = cmp.Or(w.Place, w.Origin); dir != "" || w.FS == nil {
		return dir, func() error { return nil }, nil
	}
	if dir, err = os.MkdirTemp("", "workshop-compose-"); err != nil {
		return "", nil, &codeError{exitBroken, err}
	}
	remove = func() error { return os.RemoveAll(dir) }
	if err := os.CopyFS(dir, w.FS); err != nil {
		return "", nil, errors.Join(&codeError{exitBroken, err}, remove())
	}
	return dir, remove, nil
}
