package runner

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// runWaiting runs a deck of one snippet.
func runWaiting(t *testing.T, manifest, command string, opts Options) *Plan {
	t.Helper()
	p, err := Compile(load(t, "w.yml", map[string]string{
		"w.yml": manifest + "content: [d.md]\n", "d.md": chapter("D", "```bash\n"+command+"\n```"),
	}))
	if err != nil {
		t.Fatal(err)
	}
	result, err := Run(t.Context(), p, opts)
	if err != nil {
		t.Fatal(err)
	}
	if result.Verdict != Passed {
		t.Fatalf("%s: %v", result.Verdict, result.Sessions[0].Failure)
	}
	return p
}

// only is the only session that waits, when its start is over.
func (w *Waiting) only(t *testing.T) *session {
	t.Helper()
	for _, a := range w.sessions {
		if <-a.done; a.err != nil {
			t.Fatal(a.err)
		}
		return a.session
	}
	t.Fatal("no session waits")
	return nil
}

// TestWaiting takes a session that waits, and starts another one where the waiting one does not fit.
func TestWaiting(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	work := t.TempDir()
	data := filepath.Join(work, "data")
	for _, test := range []struct {
		name          string
		before, after string // of the manifest
		change        func() error
		early, taken  bool
	}{
		{name: "the text of a step", early: true, taken: true},
		{name: "a variable", after: "env: {a: b}\n", early: true},
		{name: "a working file", change: func() error { return os.WriteFile(data, []byte("2."), 0o600) }, early: true},
		{name: "a term", before: "only-if: \"true\"\n", after: "only-if: \"true\"\n", taken: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := os.WriteFile(data, []byte("1"), 0o600); err != nil {
				t.Fatal(err)
			}
			opts := Options{Path: os.Getenv("PATH"), Workdir: func(*Session) (Workdir, error) {
				return Workdir{Name: "app", FS: os.DirFS(work)}, nil
			}}
			var w Waiting
			defer w.Close()
			p := runWaiting(t, test.before, "cat data", opts)
			w.Prepare(context.Background(), opts, p.Sessions...)
			if early := w.only(t).active.shell != nil; early != test.early {
				t.Errorf("the shell was started early: %v, want %v", early, test.early)
			}
			if test.change != nil {
				if err := test.change(); err != nil {
					t.Fatal(err)
				}
			}
			var dirs []string
			opts.Stack = func(_ context.Context, h Host) (Stack, error) {
				dirs = append(dirs, h.Dir)
				return nothing{}, nil
			}
			want := "cat data; [ $(cat data) = 1 ]"
			if test.change != nil {
				want = "cat data; [ $(cat data) = 2. ]"
			}
			opts.Waiting = &w
			runWaiting(t, test.after, want, opts)
			if taken := len(dirs) == 0; taken != test.taken {
				t.Errorf("taken: %v, want %v", taken, test.taken)
			}
		})
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	left = slices.DeleteFunc(left, func(d os.DirEntry) bool { return !strings.HasPrefix(d.Name(), "workshop-") })
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// nothing is a stack without commands.
type nothing struct{}

func (nothing) Env() []string   { return nil }
func (nothing) Notes() []string { return nil }
func (nothing) Close() error    { return nil }

// TestWaitingScreen shows the output of a session's start to the run that takes it, and to no other.
func TestWaitingScreen(t *testing.T) {
	opts := Options{Path: os.Getenv("PATH")}
	var w Waiting
	defer w.Close()
	p := runWaiting(t, "", "true", opts)
	w.Prepare(context.Background(), opts, p.Sessions...)
	w.only(t)
	opts.Waiting = &w
	var shown []byte
	opts.Event = func(e Event) {
		if e.Kind == EventOutput {
			if e.Session == nil {
				t.Error("output of no session")
			}
			shown = append(shown, e.Data...)
		}
	}
	runWaiting(t, "", "echo tr''ue", opts)
	if text := string(shown); !strings.Contains(text, "$ ") || strings.Index(text, "$ ") > strings.Index(text, "echo") {
		t.Errorf("no prompt before the first command:\n%q", text)
	}
}

// BenchmarkStart compares the parts of a session's start: all of it, and the rest of it for a session
// that waits.
func BenchmarkStart(b *testing.B) {
	p, err := Compile(load(b, "d.md", map[string]string{"d.md": chapter("D", snippet)}))
	if err != nil {
		b.Fatal(err)
	}
	opts := Options{Path: os.Getenv("PATH")}
	for _, waits := range []bool{false, true} {
		name := "new"
		if waits {
			name = "waiting"
		}
		b.Run(name, func(b *testing.B) {
			var w Waiting
			defer w.Close()
			var used syscall.Rusage
			cpu := func() int64 {
				if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
					b.Fatal(err)
				}
				return used.Utime.Nano() + used.Stime.Nano()
			}
			var spent int64
			for b.Loop() {
				b.StopTimer()
				o := opts.orDefault()
				if waits {
					w.Prepare(b.Context(), opts, p.Sessions...)
					for _, a := range w.sessions {
						<-a.done
					}
					o.Waiting = &w
				}
				r := &run{opts: o, plan: p, result: &Result{Plan: p}}
				begun := cpu()
				b.StartTimer()
				s, err := r.open(b.Context(), p.Sessions[0])
				b.StopTimer()
				spent += cpu() - begun
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(spent)/float64(b.N), "cpu-ns/op")
		})
	}
}
