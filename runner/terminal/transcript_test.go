package terminal

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	expect "github.com/Netflix/go-expect"
)

// outputOf is the session's output of a snippet.
func outputOf(t *testing.T, s *Session, snippet string) string {
	t.Helper()
	s.Capture(true)
	if _, _, err := do(t, s, snippet); err != nil {
		t.Fatal(err)
	}
	if err := s.AwaitPipes(limited(t)); err != nil {
		t.Fatal(err)
	}
	text, whole := s.Output()
	if !whole {
		t.Fatal("it is too long")
	}
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "|")
}

func TestOutput(t *testing.T) {
	xs := strings.Repeat("x", 79)
	for _, tt := range []struct{ name, snippet, want string }{
		{"nothing", "true", ""},
		{"a comment", "# READY", ""},
		{"blank lines", `echo; echo; echo a; echo; echo b; echo; echo`, "||a||b"},
		{"a carriage return", `printf 'abcdef\rXY\n'`, "XYcdef"},
		{"backspaces", `for i in / - x; do printf "%s\b" "$i"; done; printf 'done\n'`, "done"},
		{"redrawn", `printf '1\n2\n\e[1A\e[2Kdone\n'`, "1|done"},
		{
			"more bars than rows", `seq 100; printf '\e[100A'; for i in {1..100}; do printf '\e[2Kbar %d\n' $i; done; echo end`,
			"bar " + strings.Join(numbers(100), "|bar ") + "|end",
		},
		{"a program that leaves the cursor above", `printf '1\n2\n3\n\e[3A'`, "1|2|3"},
		{"and the next one", "printf '1\\n2\\n3\\n\\e[2A'\necho 4", "1|2|3|4"},
		{"a progress without line end", `printf '50%%\r100%%\r'`, "100%"},
		{"lines without ends", "printf a\nprintf b\necho c", "a|b|c"},
		{"wide characters that wrap", "echo " + xs + "日本", xs + "日本"},
		{"combining marks", `printf 'e\u0301 n\u0303\n'`, "e\u0301 n\u0303"},
		{"tabs", `printf 'a\tb\t\n'`, "a       b"},
		{"a long line typed", "echo " + strings.Repeat("y", 500), strings.Repeat("y", 500)},
		{"a line typed up to the last column", ": " + strings.Repeat("y", 76) + "\necho a", "a"},
		{"a here-document", "cat <<E\na\n\nb\nE", "a||b"},
		{"input that is echoed", "read -p 'Name: ' x; echo \"$x\"\nbob", "Name:|bob"},
		{"the alternate page", `echo a; printf '\e[?1049h\e[Hgone\n\e[?1049l'; echo b`, "a|b"},
		{"cleared", `seq 100; printf '\e[H\e[2J\e[3J'; echo a`, "a"},
		{"erased below", `echo a; echo b; printf '\e[1A\e[J'`, "a"},
		{"a gap", `printf 'a\e[3B\rb\n'`, "a|||b"},
		{"a status line", `printf '\e[1;23r\e[24;1Hbar\e[22;1H'; seq 40; printf '\e[r\e[24;1H\e[K'`, strings.Join(numbers(40), "|")},
		{"absolute positions", `printf '\e[H\e[2J\e[3;5Hx\e[1;1Hy\n'`, "y||    x"},
		{"many lines", "seq 20000", strings.Join(numbers(20000), "|")},
		{"a nested shell", "sh\necho a\nexit\necho b", "#|a|b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSession(t)
			_, _, _ = do(t, s, "PS1='$ '; echo before")
			got := outputOf(t, s, tt.snippet)
			if tt.name == "a nested shell" {
				got = strings.Replace(got, "$|a", "#|a", 1) // its prompt, before it is integrated, is root's or not
			}
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func numbers(n int) (all []string) {
	for i := range n {
		all = append(all, strconv.Itoa(i+1))
	}
	return all
}

// The output of one snippet is not that of the next, and is not kept where nobody wants it.
func TestOutputOfEach(t *testing.T) {
	s := newSession(t)
	for _, text := range []string{"a", "b"} {
		if got := outputOf(t, s, "echo "+text); got != text {
			t.Errorf("%q, want %q", got, text)
		}
	}
	s.Capture(false)
	if _, _, err := do(t, s, "echo c"); err != nil {
		t.Fatal(err)
	}
	if text, whole := s.Output(); whole {
		t.Errorf("%q was kept", text)
	}
}

// An output that is too long is said to be so, and costs no memory.
func TestOutputTooLong(t *testing.T) {
	s := newSession(t)
	s.Capture(true)
	if _, _, err := do(t, s, "seq 300000"); err != nil {
		t.Fatal(err)
	}
	if _, whole := s.Output(); whole || s.prompt.out.transcript != nil {
		t.Error("two megabytes are kept")
	}
	if got := outputOf(t, s, "echo a"); got != "a" {
		t.Errorf("then %q", got)
	}
}

// Another size of the terminal meanwhile does not lose the output.
func TestOutputResized(t *testing.T) {
	s := newSession(t)
	s.Capture(true)
	ctx := limited(t)
	if err := s.Submit(ctx, "seq 50; read x; seq 51 60"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Expect(ctx, expect.String("50")); err != nil {
		t.Fatal(err)
	}
	if err := s.Resize(40, 10); err != nil {
		t.Fatal(err)
	}
	if err := s.Press(ctx, Text("\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AwaitPrompt(ctx); err != nil {
		t.Fatal(err)
	}
	text, _ := s.Output()
	if got := strings.ReplaceAll(strings.TrimSpace(text), "\n", "|"); got != strings.Join(numbers(60), "|") {
		t.Errorf("%q", got)
	}
}

// What goes through a program behind the shell is waited for, however late it is, and each
// prompt that comes the same way is none of the output.
func TestOutputThroughPipe(t *testing.T) {
	for _, tt := range []struct{ name, exec string }{
		{"tee", "exec > >(tee log) 2>&1"},
		{"two programs", "exec > >(sed -u s/x/y/ | tee log)"},
		{"standard output alone", "exec > >(tee log)"},
		{"a shell", "exec > >(while IFS= read -r x; do sleep 0.02; printf '%s\\n' \"$x\"; done)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSession(t)
			if got := outputOf(t, s, tt.exec); got != "" {
				t.Errorf("exec: %q", got)
			}
			for range 5 {
				if got := outputOf(t, s, "seq 3"); got != "1|2|3" {
					t.Errorf("%q", got)
				}
			}
			if got := outputOf(t, s, "echo a\n(exit 3)\necho b"); got != "a|b" {
				t.Errorf("several lines: %q", got)
			}
			var line *StatusError
			if err := s.SubmitSnippet(limited(t), Snippet{Text: "echo a\n(exit 3)\necho b"}); !errors.As(err, &line) || line.Status != 3 {
				t.Errorf("%v, want status 3 of the line in the middle", err)
			}
		})
	}
}

// What cannot be known is said.
func TestAwaitPipesLimit(t *testing.T) {
	s := newSession(t)
	if _, _, err := do(t, s, "exec > >(sleep 1000; cat)"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := do(t, s, "echo a"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(limited(t), 200*time.Millisecond)
	defer cancel()
	var e *PipeError
	if err := s.AwaitPipes(ctx); !errors.As(err, &e) {
		t.Errorf("error %v", err)
	}
}

// A program that shows nothing is not waited for.
func TestAwaitPipesElsewhere(t *testing.T) {
	s := newSession(t)
	if _, _, err := do(t, s, "exec 3> >(sleep 1000 >/dev/null); exec > >(exec sleep 1000 >log 2>&1); echo a"); err != nil {
		t.Fatal(err)
	}
	if err := s.AwaitPipes(limited(t)); err != nil {
		t.Error(err)
	}
}
