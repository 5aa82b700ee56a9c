package runner

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestPlanIsTyped runs decks with a recorder on the input side of the terminal, and
// compares the recorded input with the plan, byte for byte.
func TestPlanIsTyped(t *testing.T) {
	tests := []struct {
		name  string
		steps []string
		again int // how often a snippet is typed once more
	}{
		{"snippets", []string{
			"```bash\necho one; echo 'two  '\nprintf '%s\\n' \\\n  \"a ^b \\^ é😀\"\n\n# a remark\nls -d .\n```",
			"```bash\ncat <<END > here\n  kept\nEND\n```",
			"```hide\nf() {\n  true\n}\nf\n```",
		}, 0},
		{"a program that asks", []string{
			"```bash\nread -r name\n```",
			"```keys  Ada Lovelace ```",
			"```key Enter```",
			"```check```",
		}, 0},
		{"several lines for a program", []string{
			"```bash\ncat > copy\n```",
			"```keys\none\ntwo ^C\n```",
			"```key Enter```",
			"```key ^D```",
			"```check```",
		}, 0},
		{"it runs on", []string{
			"```bash\ntail -f /dev/null\n```",
			"```key ^C```",
			"```bash\ntrue\n```",
		}, 0},
		{"again", []string{
			"```bash\necho x >> n; wc -l < n\n```\n```until 3```",
		}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := chapter("D", tt.steps...)
			p, err := Compile(load(t, "d.md", map[string]string{"d.md": text}))
			if err != nil {
				t.Fatal(err)
			}
			var want strings.Builder
			for _, s := range p.Sessions {
				for _, e := range s.Exercises {
					for i, step := range e.Steps {
						want.WriteString(step.Sends())
						if step.Repeats() {
							want.WriteString(strings.Repeat(e.Steps[i-1].Sends(), tt.again))
						}
					}
				}
			}
			var mu sync.Mutex
			var got bytes.Buffer
			result, _ := runDeck(t, t.Context(), text, Options{Input: func(b []byte) {
				mu.Lock()
				defer mu.Unlock()
				got.Write(b)
			}})
			if result.Verdict != Passed {
				t.Fatalf("%s: %v", result.Verdict, failures(result))
			}
			if got.String() != want.String() {
				t.Errorf("typed  %q\nplanned %q", got.String(), want.String())
			}
		})
	}
}

func failures(r *Result) (all []*Failure) {
	for _, s := range r.Sessions {
		for _, e := range s.Exercises {
			if e.Failure != nil {
				all = append(all, e.Failure)
			}
		}
	}
	return all
}

// TestKeysArrive has a program in the shell write down which bytes it gets.
func TestKeysArrive(t *testing.T) {
	var steps []string
	for _, step := range []string{
		"key Escape", "key ^C", "key C-x", "key M-x", "key Up", "key F1", "key F12", "key BTab", "key BSpace", "key PPage",
		"key S-Left", "key Space", "key $", "key é", "keys a  b\tc", "keys ^M \\^", "key Enter", "key ^@", "key DC",
	} {
		steps = append(steps, "```"+step+"```")
	}
	plan, err := Compile(load(t, "d.md", map[string]string{"d.md": chapter("D", append([]string{snippet}, steps...)...)}))
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, e := range plan.Sessions[0].Exercises {
		for _, step := range e.Steps {
			if step.Kind() == KindPresses {
				want.WriteString(step.Sends())
			}
		}
	}
	record := fmt.Sprintf("```bash\nstty raw -echo; echo reading; head -c %d > typed; stty sane\n```", want.Len())
	steps = append([]string{record, "```wait reading```"}, append(steps, "```check```")...)
	dir := t.TempDir()
	result, _ := runDeck(t, t.Context(), chapter("D", steps...), Options{
		Workdir: func(*Session) (Workdir, error) { return Workdir{Place: dir}, nil },
	})
	if result.Verdict != Passed {
		t.Fatalf("%s: %v", result.Verdict, failures(result))
	}
	got, err := os.ReadFile(filepath.Join(dir, "typed"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want.String() {
		t.Errorf("arrived %q\nplanned %q", got, want.String())
	}
}
