package web

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/present"
	"workshop/runner/sandbox"
)

func TestMain(m *testing.M) {
	if code, ok := sandbox.Main(); ok {
		os.Exit(code)
	}
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/dlclark/regexp2/v2.runClock"), // ends by itself
		goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"),     // as well, within half a second
	)
}

// room is a talk that is served.
type room struct {
	*present.Talk
	t      *testing.T
	dir    string
	server *Server
	w      *present.Watcher
}

func load(dir string) (*present.Source, error) {
	deck, err := markdown.Load(os.DirFS(dir), "deck.md", markdown.Options{Directives: runner.DirectiveNames()})
	if err != nil {
		return nil, err
	}
	plan, err := runner.Compile(deck)
	if err != nil {
		return nil, err
	}
	return &present.Source{Plan: plan, Run: runner.Options{
		Path: os.Getenv("PATH"), Env: []string{"LANG=C.UTF-8"}, Limits: runner.Limits{Wait: 5 * time.Second, Step: 5 * time.Second},
	}}, nil
}

func openRoom(t *testing.T, deck string, opts present.Options, web Options) *room {
	t.Helper()
	r := &room{t: t, dir: t.TempDir()}
	r.write("deck.md", deck)
	src, err := load(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	opts.Load = func() (*present.Source, error) { return load(r.dir) }
	if r.Talk, err = present.Open(t.Context(), src, opts); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	web.Images = root.ReadFile
	if r.server, err = Open(t.Context(), r.Talk, web); err != nil {
		t.Fatal(err)
	}
	r.w = r.Watch()
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if err := r.server.Close(); err != nil {
			t.Error(err)
		}
		root.Close()
	})
	return r
}

func (r *room) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// until waits for a state.
func (r *room) until(what string, holds func(*present.State) bool) {
	r.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case <-r.w.Changed():
			if holds(r.State()) {
				return
			}
		case <-limit:
			s := r.State()
			r.t.Fatalf("never: %s\nslide %d step %d busy %q message %q trouble %+v\n%s", what, s.Slide, s.Step, s.Busy, s.Message.Text,
				s.Trouble, screenOf(s))
		}
	}
}

func screenOf(s *present.State) string {
	if s.Terminal == nil {
		return ""
	}
	var lines []string
	for _, l := range s.Terminal.Lines {
		lines = append(lines, strings.TrimRight(l.String(), " "))
	}
	return fmt.Sprint(strings.Join(lines, "\n"))
}
