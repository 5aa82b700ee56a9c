package terminal

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	expect "github.com/Netflix/go-expect"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// limit bounds the waits of a test; no test should reach it.
const limit = 2 * time.Minute

func limited(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// newSession starts a real bash in an empty directory.
func newSession(t testing.TB) *Session {
	t.Helper()
	// A nested shell that is hung up writes its history to HOME, while the test ends.
	s, err := Start(limited(t), Options{
		Env: []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=/nonexistent"},
		Dir: t.TempDir(), StateDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.silence())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// do runs a snippet to its end.
func do(t testing.TB, s *Session, snippet string) (output string, status int, err error) {
	t.Helper()
	ctx := limited(t)
	from := s.Position()
	if err := s.Submit(ctx, snippet); err != nil {
		return s.Since(from), 0, err
	}
	status, err = s.AwaitPrompt(ctx)
	return s.Since(from), status, err
}

func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("REQUIRE_BASH") != "" {
		t.Fatalf("%s is required and not installed", program)
	}
	t.Skipf("%s is not installed", program)
}

// TestStartWithoutPrompt starts a program that is no shell: the error says what it has shown.
func TestStartWithoutPrompt(t *testing.T) {
	t.Parallel()
	shell := filepath.Join(t.TempDir(), "shell")
	if err := os.WriteFile(shell, []byte("#!/bin/sh\nprintf 'one moment'\nexec sleep 1000\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var shown []byte
	_, err := Start(ctx, Options{Shell: shell, Output: func(b []byte) {
		if shown = append(shown, b...); bytes.Contains(shown, []byte("moment")) {
			cancel()
		}
	}})
	if err == nil || !strings.Contains(err.Error(), `it has written 10 bytes, and the screen shows "one moment"`) {
		t.Error(err)
	}
}

func TestSubmit(t *testing.T) {
	long := strings.Repeat("abcdefghij", 400)
	tests := []struct {
		name    string
		needs   string // a program
		before  string // in the same shell
		snippet string
		output  string // exact, with \n for line ends; "~x": contains x; "*": anything
		status  int
		err     error
	}{
		{name: "simple", snippet: "echo hello", output: "hello\n"},
		{name: "status", snippet: "false", status: 1},
		{name: "status 42", snippet: "(exit 42)", status: 42},
		{name: "no final newline", snippet: "printf abc", output: "abc\r"},
		{name: "compound", snippet: "for i in 1 2 3; do\n  echo $i\ndone", output: "1\n2\n3\n"},
		{name: "here-document", snippet: "cat <<EOF\nline one\n\ttabbed\nEOF", output: "line one\n\ttabbed\n"},
		{name: "here-document, then a command", snippet: "cat <<EOF\nline one\nEOF\necho after", output: "line one\nafter\n"},
		{name: "the last status counts", snippet: "false\necho c", output: "c\n"},
		{name: "last fails", snippet: "echo a\nfalse", output: "a\n", status: 1},
		{name: "comment", snippet: "# only a comment"},
		{name: "comment after a failed snippet", before: "false", snippet: "# a comment"},
		{name: "comment after a failed command", snippet: "false\n# a comment", status: 1},
		{name: "blank lines", snippet: "\n\necho x\n\n", output: "x\n"},
		{name: "backslash", snippet: "echo a \\\n  b", output: "a b\n"},
		{name: "syntax error", snippet: "if then fi", status: 2},
		{name: "syntax error after status 2", before: "(exit 2)", snippet: "if then fi", status: 2},
		{name: "syntax error in a compound", before: "(exit 2)", snippet: "if true\nfi", status: 2},
		{name: "not found", snippet: "nosuchcmd_zz", output: "~command not found", status: 127},
		{name: "directory stays", before: "cd /usr", snippet: "pwd", output: "/usr\n"},
		{name: "variables stay", before: "x=7", snippet: "echo $x", output: "7\n"},
		{name: "tabs", snippet: "printf '%s|' a\tb\tc; echo", output: "a|b|c|\n"},
		{name: "indented by tabs", snippet: "if true; then\n\techo in\nfi", output: "in\n"},
		{name: "exclamation marks", snippet: "echo \"hi!\" !x 'a!b'", output: "hi! !x a!b\n"},
		{name: "clear", snippet: "clear; echo cleared", output: "~cleared\n"},
		{name: "PS1 changed", before: "PS1='custom> '", snippet: "(exit 3)", status: 3},
		{name: "PS1 of two lines", before: "PS1='a\\nb $ '", snippet: "echo x; (exit 3)", output: "x\n", status: 3},
		{name: "PS0 and PS2 changed", before: "PS0=; PS2=", snippet: "cat <<EOF\nx\nEOF", output: "x\n"},
		{name: "PROMPT_COMMAND changed", before: "PROMPT_COMMAND=", snippet: "echo z; (exit 5)", output: "z\n", status: 5},
		{name: "long line", snippet: "echo " + long, output: long + "\n"},
		{name: "100 KB line", snippet: "echo '" + strings.Repeat("0123456789", 10_000) + "' | wc -c", output: "100001\n"},
		{name: "characters of several bytes", snippet: "echo 'héllo 日本 😀'", output: "héllo 日本 😀\n"},
		{name: "colours are stripped", snippet: `printf '\033[31mred\033[0m\n'`, output: "red\n"},
		{name: "forged marks", snippet: `printf '\033]133;D;0;99;deadbeef\007\033]133;B;deadbeef\007'; false`, status: 1},
		{name: "our own marks replayed", snippet: `printf '%s' "${PS0@P}${PS1@P}"; (exit 6)`, output: "*", status: 6},
		{name: "random bytes", snippet: "head -c 3000 /dev/urandom; (exit 4)", output: "*", status: 4},
		{name: "set -x", snippet: "set -x; (exit 3)", output: "*", status: 3},
		{name: "set -u", before: "set -u", snippet: "(exit 3)", status: 3},
		{name: "stty -echo", before: "stty -echo", snippet: "echo hidden; (exit 3)", output: "hidden\n", status: 3},
		{name: "standard error away", before: "exec 2>err.txt", snippet: "echo q; (exit 3)", output: "q\n", status: 3},
		{name: "standard error away and back", before: "exec 2>err.txt\nexec 2>&1", snippet: "echo q; (exit 3)", output: "q\n", status: 3},
		{name: "standard output away", before: "exec >out.txt", snippet: "echo q; (exit 3)", output: "", status: 3},
		{name: "read takes the next line", snippet: "read x\nfrom stdin\necho \"got=$x\"", output: "~got=from stdin\n"},
		{name: "a nested shell takes the next lines", snippet: "dash\necho in-$0\nexit 5", output: "~in-dash\n", status: 5},
		{name: "a nested bash", before: "bash --norc", snippet: "(exit 4)", status: 4},
		{name: "a nested bash's output", before: "bash --norc", snippet: "echo a; (exit 4)", output: "a\n", status: 4},
		{name: "a nested dash", before: "dash", snippet: "echo a; (exit 4)", output: "a\n", status: 4},
		{name: "a nested dash, several lines", before: "dash", snippet: "for i in 1 2; do\n  echo $i\ndone\n(exit 4)", output: "*", status: 4},
		{name: "out of a nested bash", before: "bash --norc\ntrue", snippet: "exit 7", output: "*", status: 7},
		{name: "out of a nested dash", before: "dash\ntrue", snippet: "exit 7", output: "*", status: 7},
		{name: "behind a nested shell", before: "dash\nexit 7", snippet: "echo $?", output: "7\n"},
		{name: "nested twice", before: "bash --norc\ndash", snippet: "(exit 3)", status: 3},
		{name: "nested behind script", before: "script -qc 'bash --norc' /dev/null", snippet: "echo a; (exit 3)", output: "a\n", status: 3},
		{name: "the same status in a nested dash", before: "dash\n(exit 4)", snippet: "(exit 4)", status: 4},
		{name: "a comment in a nested dash", before: "dash\n(exit 4)", snippet: "# nothing"},
		{name: "an open quote in a nested dash", before: "dash", snippet: "echo 'a", output: "*", err: ErrIncomplete},
		{name: "marks lost for good", before: "PROMPT_COMMAND= PS1='$ '", snippet: "echo a; (exit 3)", output: "a\n", status: 3},
		{name: "exec bash", before: "exec bash --norc", snippet: "echo a; (exit 3)", output: "a\n", status: 3},
		{name: "exec sh", before: "exec dash", snippet: "echo a; (exit 3)", output: "a\n", status: 3},
		{name: "a script asks", snippet: "printf 'read -p \"How much in $ \" x; echo got $x' >ask.sh\nbash ask.sh\n12", output: "~got 12"},
		{name: "answers that nobody reads", before: "printf '\\033[c\\033[6n'", snippet: "echo fine", output: "fine\n"},
		{
			name: "a prompt that fills the row", needs: "busybox",
			before: "mkdir -p $(printf '%079d')\ncd 0*\nexport PS1='\\W\\$ '\nbusybox sh", snippet: "(exit 4)", output: "*",
			status: 4,
		},
		{name: "a nested zsh", needs: "zsh", before: "zsh -f", snippet: "echo a; (exit 4)", output: "*", status: 4},
		{name: "a nested busybox", needs: "busybox", before: "busybox sh", snippet: "echo a; (exit 4)", output: "a\n", status: 4},
		{name: "set -e", snippet: "set -e\nfalse", output: "*", err: ErrEnded},
		{name: "exit", snippet: "exit 3", output: "*", err: ErrEnded},
		{name: "exit in the middle", snippet: "exit 3\necho x", output: "*", err: ErrEnded},
		{name: "kill -9 $$", snippet: "kill -9 $$", output: "*", err: ErrEnded},
		{name: "exit with a job that holds the terminal", snippet: "sleep 100 & exit 3", output: "*", err: ErrEnded},
		{name: "open quote", snippet: "echo 'a", output: "*", err: ErrIncomplete},
		{name: "open here-document", snippet: "cat <<EOF\nx", output: "*", err: ErrIncomplete},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.needs != "" {
				needs(t, tt.needs)
			}
			s := newSession(t)
			if tt.before != "" {
				if _, _, err := do(t, s, tt.before); err != nil {
					t.Fatal(err)
				}
			}
			output, status, err := do(t, s, tt.snippet)
			if !errors.Is(err, tt.err) || err != nil && tt.err == nil {
				t.Fatalf("error %v, want %v; screen:\n%s", err, tt.err, strings.Join(s.Screen(), "\n"))
			}
			if status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			if part, ok := strings.CutPrefix(tt.output, "~"); ok && strings.Contains(output, part) || tt.output == "*" {
				return
			}
			if strings.TrimRight(output, "\r\n") != strings.TrimRight(tt.output, "\r\n") {
				t.Errorf("output %q, want %q", output, tt.output)
			}
		})
	}
}

func TestSubmitRefusesControlCharacters(t *testing.T) {
	s := newSession(t)
	for _, snippet := range []string{"a\x1bb", "echo \x1b[201~", "a\x03", "a\u009bb"} {
		if err := s.Submit(limited(t), snippet); err == nil || !strings.Contains(err.Error(), "control character") {
			t.Errorf("%q: %v", snippet, err)
		}
	}
}

// TestExpect checks which texts satisfy a wait.
func TestExpect(t *testing.T) {
	const soon = 400 * time.Millisecond // long enough for a rejected text
	tests := []struct {
		name   string
		before string
		keys   []string // pressed before the snippet's wait, after a wait for the first
		snip   string
		ready  string // waited for before the keys
		want   []string
		never  bool // the last of want must not be met
	}{
		{name: "plain", snip: "echo READY", want: []string{"READY"}},
		{name: "only in the command", snip: "sleep 30; true UNIQUE", want: []string{"UNIQUE"}, never: true},
		{name: "only in the command, ended", snip: "true UNIQUE", want: []string{"UNIQUE"}, never: true},
		{name: "only in a wrapped command", snip: "true " + strings.Repeat("x ", 60) + "UNIQUE; sleep 30", want: []string{"UNIQUE"}, never: true},
		{name: "only in a compound command", snip: "for i in 1; do\ntrue UNIQUE\ndone", want: []string{"UNIQUE"}, never: true},
		{name: "on the screen before", before: "echo OLD", snip: "sleep 30", want: []string{"OLD"}, never: true},
		{name: "across echo and output", snip: "echo b", want: []string{"echo b\nb"}, never: true},
		{name: "split by colours", snip: `printf 'RE\033[31mAD\033[0mY\n'`, want: []string{"READY"}},
		{name: "split by cursor moves", snip: `printf 'RE  Y\r\033[2CAD\n'`, want: []string{"READY"}},
		{
			name: "split by a soft wrap",
			snip: fmt.Sprintf(`printf '%%s' %s; printf '\033[80GREADY\n'`, strings.Repeat("x", 70)), want: []string{"READY"},
		},
		{name: "split between reads", snip: "printf REA; sleep 0.1; printf DY", want: []string{"READY"}},
		{name: "split in a character", snip: `printf 'caf\303'; sleep 0.1; printf '\251s'`, want: []string{"cafés"}},
		{name: "not contiguous", snip: `printf 'RE\033[10GADY'`, want: []string{"READY"}, never: true},
		{name: "scrolled off", snip: "echo READY; seq 2000", want: []string{"READY"}},
		{name: "cleared at once", snip: "echo READY; clear", want: []string{"READY"}},
		{name: "on the alternate screen only", snip: "tput smcup; echo READY; tput rmcup", want: []string{"READY"}},
		{name: "after the command has ended", snip: "(sleep 0.2; echo REA''DY) & true", want: []string{"READY"}},
		{name: "several in order", snip: "echo one; echo two; echo three", want: []string{"one", "two", "three"}},
		{name: "several on one line", snip: "echo one two three", want: []string{"one", "two", "three"}},
		{name: "again only if it comes again", snip: "echo one; echo two", want: []string{"one", "one"}, never: true},
		{name: "again", snip: "echo one; echo one", want: []string{"one", "one"}},
		{name: "not backwards", snip: "echo one; echo two", want: []string{"two", "one"}, never: true},
		{name: "echo of keys, cooked", snip: "cat >/dev/null", keys: []string{"UNIQUE", "\n"}, want: []string{"UNIQUE"}, never: true},
		{name: "echo of keys, partly read", snip: "cat >/dev/null", keys: []string{"UNIQUE and more"}, want: []string{"UNIQUE"}, never: true},
		{name: "answer behind an echo", snip: "cat", keys: []string{"UNIQUE\n"}, want: []string{"UNIQUE"}},
		{
			name: "text before a key", snip: "echo BEFORE; cat >/dev/null", ready: "BEFORE", keys: []string{"x"},
			want: []string{"BEFORE"}, never: true,
		},
		{
			name: "redrawn after a key", snip: "stty -echo; printf SAME; read -n1; printf '\\rSAME'; sleep 30", ready: "SAME",
			keys: []string{"x"}, want: []string{"SAME"},
		},
		{
			name: "partly redrawn after a key", snip: "stty -echo; printf 'count 1'; read -n1; printf '\\b2'; sleep 30",
			ready: "count 1", keys: []string{"x"}, want: []string{"count 2"},
		},
		{
			name: "a line editor's echo", snip: "dash -c 'stty raw echo; exec cat >/dev/null'", keys: []string{"UNIQUE"},
			want: []string{"UNIQUE"}, never: true,
		},
		{name: "a wrapped wide character", snip: "printf '%79s' ''; printf '\\033[1;76Habcd日本\\n'", want: []string{"abcd日本"}},
		{name: "a job's notice", snip: "{ sleep 0.05; false && echo UNIQUE; } & sleep 0.2", want: []string{"UNIQUE"}, never: true},
		{
			name: "a notice, then the text", snip: "{ sleep 0.05; false && echo UNIQUE; } & sleep 0.2; jobs; echo UNI''QUE",
			want: []string{"UNIQUE"},
		},
		{name: "typed ahead", snip: "sleep 0.3", keys: []string{"true UNIQUE", "\n"}, want: []string{"UNIQUE"}, never: true},
		{
			name: "a Return that is not echoed", snip: "read -rsn1 -p 'Press Enter'; echo going on", ready: "Enter",
			keys: []string{"\r"}, want: []string{"going on"},
		},
		{name: "wide characters", snip: "echo '日本語 ok'", want: []string{"本語 ok"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSession(t)
			ctx := limited(t)
			if tt.before != "" {
				if _, _, err := do(t, s, tt.before); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Submit(ctx, tt.snip); err != nil {
				t.Fatal(err)
			}
			if tt.ready != "" {
				if _, err := s.Expect(ctx, expect.String(tt.ready)); err != nil {
					t.Fatal(err)
				}
			}
			for _, k := range tt.keys {
				if err := s.Press(ctx, Text(k)); err != nil {
					t.Fatal(err)
				}
			}
			for i, want := range tt.want {
				never := tt.never && i == len(tt.want)-1
				wait, cancel := context.WithTimeout(ctx, map[bool]time.Duration{true: soon, false: limit}[never])
				m, err := s.Expect(wait, expect.String(want))
				cancel()
				var timeout *TimeoutError
				switch {
				case never && err == nil:
					t.Errorf("%q was matched by %+v", want, m)
				case never && !errors.As(err, &timeout):
					t.Errorf("%q: %v, want a timeout", want, err)
				case !never && err != nil:
					t.Fatalf("%q: %v; screen:\n%s", want, err, strings.Join(s.Screen(), "\n"))
				}
			}
		})
	}
}

func TestExpectRegexp(t *testing.T) {
	s := newSession(t)
	ctx := limited(t)
	if err := s.Submit(ctx, "echo 'listening on port 80''80'"); err != nil {
		t.Fatal(err)
	}
	m, err := s.Expect(ctx, expect.Regexp(regexp.MustCompile(`port \d+0`)))
	if err != nil || m.Text != "port 8080" {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestExpectWhenTheShellEnds(t *testing.T) {
	s := newSession(t)
	ctx := limited(t)
	if err := s.Submit(ctx, "echo bye; exit 1"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Expect(ctx, expect.String("bye")); err != nil {
		t.Error(err)
	}
	if _, err := s.Expect(ctx, expect.String("never")); !errors.Is(err, ErrEnded) {
		t.Errorf("%v, want %v", err, ErrEnded)
	}
}

func TestTimeoutError(t *testing.T) {
	s := newSession(t)
	ctx := limited(t)
	if err := s.Submit(ctx, "echo something else; (exit 3)"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AwaitPrompt(ctx); err != nil {
		t.Fatal(err)
	}
	wait, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	_, err := s.Expect(wait, expect.String("never"))
	var e *TimeoutError
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if !e.Ended || e.Status != 3 || !strings.Contains(e.Tail,
		"something else") || !strings.Contains(strings.Join(e.Screen, "\n"), "something else") {
		t.Errorf("%+v", e)
	}
}

// TestPrograms drives real programs that take over the terminal.
func TestPrograms(t *testing.T) {
	tests := []struct {
		program string
		snippet string
		play    []string // "wait X" or "key X" or "keys X"
		status  int
	}{
		{"top", "top", []string{"wait Tasks", "key ^C"}, 0},
		{"top", "top", []string{"key q"}, 0}, // top drops keys typed before it is ready
		{"vmstat", "vmstat 1", []string{"wait memory", "key ^C"}, 130},
		{"less", "seq 1000 | less", []string{"wait 20", "key G", "wait 1000", "key q"}, 0},
		{"vim", "vim -u NONE -n note.txt", []string{"key i", "keys Hello there", "key Escape", "keys :wq", "key Enter"}, 0},
		{"python3", "python3 -q", []string{"wait >>>", "keys print(6*7)", "key Enter", "wait 42", "key ^D"}, 0},
		{"bash", "cat", []string{"key ^D"}, 0},
		{"bash", "sleep 100", []string{"key ^C"}, 130},
		{"bash", "sleep 100", []string{"key ^Z"}, 148},
		{"top", "sleep 0.4; top", []string{"key q"}, 0},
		{"bash", "true", []string{"key ^R", "keys zzz"}, 0},
		{"bash", "true", []string{"key Escape"}, 0},
		{"bash", "while :; do :; done", []string{"key ^C"}, 130},
	}
	for _, tt := range tests {
		t.Run(tt.snippet+" "+strings.Join(tt.play, ","), func(t *testing.T) {
			needs(t, tt.program)
			s := newSession(t)
			ctx := limited(t)
			if err := s.Submit(ctx, tt.snippet); err != nil {
				t.Fatal(err)
			}
			for _, p := range tt.play {
				word, arg, _ := strings.Cut(p, " ")
				var err error
				switch word {
				case "wait":
					_, err = s.Expect(ctx, expect.String(arg))
				case "keys":
					err = s.Press(ctx, Text(arg))
				case "key":
					var k Key
					if k, err = ParseKey(arg); err == nil {
						err = s.Press(ctx, k)
					}
				}
				if err != nil {
					t.Fatalf("%s: %v; screen:\n%s", p, err, strings.Join(s.Screen(), "\n"))
				}
			}
			status, err := s.AwaitPrompt(ctx)
			if err != nil || status != tt.status {
				t.Errorf("status %d, %v; want %d; screen:\n%s", status, err, tt.status, strings.Join(s.Screen(), "\n"))
			}
			if out, _, err := do(t, s, "echo a''fter"); err != nil || out != "after\n" {
				t.Errorf("afterwards: %q, %v", out, err)
			}
		})
	}
}

func TestRecover(t *testing.T) {
	for _, snippet := range []string{
		"sleep 100", "trap '' INT; sleep 100 & wait", "bash -c 'trap \"\" INT TERM; while :; do sleep 1; done'", "echo 'a",
		"cat <<EOF", "read x", "yes",
	} {
		t.Run(snippet, func(t *testing.T) {
			s := newSession(t)
			ctx := limited(t)
			if err := s.Submit(ctx, snippet); err != nil && !errors.Is(err, ErrIncomplete) {
				t.Fatal(err)
			}
			if err := s.Recover(ctx); err != nil {
				if strings.HasPrefix(snippet, "trap") { // the shell itself ignores the signal: it is lost
					return
				}
				t.Fatal(err)
			}
			if out, _, err := do(t, s, "echo a''fter"); err != nil || out != "after\n" {
				t.Errorf("afterwards: %q, %v", out, err)
			}
		})
	}
}

// TestRecoverSparesOtherTerminals recovers a shell while a program reads a terminal of the same name in
// another instance of devpts(5), as that of a container does.
func TestRecoverSparesOtherTerminals(t *testing.T) {
	needs(t, "python3")
	s := newSession(t)
	number := strings.TrimPrefix(s.dev.tty.Name(), "/dev/pts/")
	other := exec.CommandContext(limited(t), "unshare", "-m", "sh", "-c",
		`mount -t devpts -o newinstance,ptmxmode=666 devpts /dev/pts && exec python3 -c "$1" "$2"`, "sh", `if True:
		import os, sys
		terminals = [os.openpty() for _ in range(int(sys.argv[1]) + 1)]
		master, slave = terminals[-1]
		print(os.ttyname(slave), flush=True)
		pid = os.fork()
		if pid == 0:
		    os.setsid()
		    os.dup2(slave, 0)
		    os.execlp("cat", "cat")
		os.write(master, b"it reads\n")
		sys.stdin.read()
		os.kill(pid, 15)
		print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`, number)
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		in.Close() // it ends then
		_ = other.Wait()
	}()
	said := bufio.NewReader(out)
	if name, _ := said.ReadString('\n'); strings.TrimSpace(name) != s.dev.tty.Name() {
		if os.Getenv("REQUIRE_NAMESPACE") == "1" {
			t.Fatalf("REQUIRE_NAMESPACE=1, but the other terminal is %q", name)
		}
		t.Skip("no other instance of devpts")
	}
	if line, err := said.ReadString('\n'); line != "it reads\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if err := s.Submit(limited(t), "sleep 100"); err != nil {
		t.Fatal(err)
	}
	if err := s.Recover(limited(t)); err != nil {
		t.Fatal(err)
	}
	in.Close()
	if status, _ := said.ReadString('\n'); status != "-15\n" { // SIGTERM, by the program above
		t.Errorf("the other reader ended with %q", status)
	}
}

// TestInterruptAtThePrompt types ^C where the program has just ended by itself: the
// line typed next must not be lost with it.
func TestInterruptAtThePrompt(t *testing.T) {
	s := newSession(t)
	ctx := limited(t)
	interrupt, _ := ParseKey("^C")
	for i := range 30 {
		if err := s.Submit(ctx, "true"); err != nil {
			t.Fatal(err)
		}
		if err := s.Press(ctx, interrupt); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AwaitPrompt(ctx); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("line %d\n", i)
		if out, status, err := do(t, s, fmt.Sprintf("echo li''ne %d", i)); err != nil || out != want || status != 0 {
			t.Fatalf("round %d: %q, status %d, %v", i, out, status, err)
		}
	}
}

func TestFlood(t *testing.T) {
	s := newSession(t)
	out, status, err := do(t, s, "yes | head -c 4000000; echo END")
	if err != nil || status != 0 || !strings.HasSuffix(out, "END\n") {
		t.Errorf("status %d, %v, %q", status, err, out[max(0, len(out)-20):])
	}
	if c := cap(s.prompt.out.text.buf); c > 4*window {
		t.Errorf("the stream holds %d bytes", c)
	}
}

func TestResize(t *testing.T) {
	s := newSession(t)
	if err := s.Resize(100, 30); err != nil {
		t.Fatal(err)
	}
	if out, _, err := do(t, s, "stty size"); err != nil || out != "30 100\n" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestCloseDuringACommand(t *testing.T) {
	s := newSession(t)
	ctx := limited(t)
	if err := s.Submit(ctx, "yes"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AwaitPrompt(ctx); !errors.Is(err, ErrEnded) {
		t.Errorf("%v, want %v", err, ErrEnded)
	}
}

func TestParseKey(t *testing.T) {
	tests := []struct{ in, normal, application string }{
		{"^C", "\x03", ""},
		{"C-c", "\x03", ""},
		{"^J", "\n", ""},
		{"^[", "\x1b", ""},
		{"C-Space", "\x00", ""},
		{"Escape", "\x1b", ""},
		{"escape", "\x1b", ""},
		{"Enter", "\r", ""},
		{"Space", " ", ""},
		{"Tab", "\t", ""},
		{"BSpace", "\x7f", ""},
		{"Up", "\x1b[A", "\x1bOA"},
		{"C-Up", "\x1b[1;5A", ""},
		{"S-Left", "\x1b[1;2D", ""},
		{"F1", "\x1bOP", ""},
		{"F12", "\x1b[24~", ""},
		{"M-x", "\x1bx", ""},
		{"C-M-x", "\x1b\x18", ""},
		{"q", "q", ""},
		{"$", "$", ""},
		{"^", "^", ""},
		{"-", "-", ""},
		{"é", "é", ""},
		{"S-Tab", "\x1b[Z", ""},
	}
	for _, tt := range tests {
		k, err := ParseKey(tt.in)
		if err != nil || k.normal != tt.normal || k.application != tt.application {
			t.Errorf("%s: %+q, %v", tt.in, k, err)
		}
	}
	for _, bad := range []string{"", "Esc", "^é", "C-", "foo", "^Enter"} {
		if k, err := ParseKey(bad); err == nil {
			t.Errorf("%q: %+q, want an error", bad, k)
		}
	}
}

// One ^C ends a loop of short commands, wherever in the loop it comes.
func TestInterruptLoop(t *testing.T) {
	interrupt, _ := ParseKey("^C")
	for name, loop := range map[string]string{
		"short":  "while :; do echo tick; sleep 0.01; done",
		"tight":  "while :; do echo tick; env true; done",
		"varied": "i=0; while :; do echo tick; sleep 0.00$((i = (i + 1) % 9)); done",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t)
			for i := range 25 {
				ctx := limited(t)
				if err := s.Submit(ctx, loop); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Expect(ctx, expect.String("tick")); err != nil {
					t.Fatal(err)
				}
				if err := s.Press(ctx, interrupt); err != nil {
					t.Fatal(err)
				}
				if _, err := s.AwaitPrompt(ctx); err != nil {
					t.Fatalf("round %d: %v\n%s", i, err, strings.Join(s.Screen(), "\n"))
				}
			}
		})
	}
}
