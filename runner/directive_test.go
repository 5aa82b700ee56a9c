package runner

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"workshop/runner/sandbox"
)

// steps writes an exercise of `DIRECTIVE DATA`: snippets and data of several lines as
// fences in sight, the rest hidden.
func steps(lines ...string) string {
	var b strings.Builder
	for _, l := range lines {
		if strings.HasPrefix(l, "bash ") || strings.Contains(l, "\n") {
			word, data, _ := strings.Cut(l, " ")
			b.WriteString("```" + word + "\n" + data + "\n```\n")
		} else {
			b.WriteString("<!-- ```" + l + "``` -->\n")
		}
	}
	return b.String()
}

// requires skips a test where a program is missing.
func requires(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("REQUIRE_PROGRAMS") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// verdicts runs a deck of exercises and says how each came out.
func verdicts(t *testing.T, limits Limits, exercises ...string) []string {
	t.Helper()
	result, _ := runDeck(t, context.Background(), chapter("D", exercises...),
		Options{Limits: limits, Sandbox: sandbox.Options{PrivateNetwork: true}})
	var got []string
	for _, e := range result.Sessions[0].Exercises {
		line := string(e.Verdict)
		if e.Failure != nil {
			line += " " + e.Failure.Error()
		}
		got = append(got, line)
	}
	return got
}

// TestVerdicts runs exercises whose verdict is known. Only those that fail at the limit of a
// wait have a short one.
func TestVerdicts(t *testing.T) {
	tests := []struct {
		name      string
		exercises []string
		want      []string
	}{
		{"a status", []string{steps("bash (exit 3)", "status 3")}, []string{"passed"}},
		{"another status", []string{steps("bash (exit 2)", "status 3")}, []string{"failed d.md:4:1: the command ended with status 2, not 3"}},
		{"not 0", []string{steps("bash true", "status 3")}, []string{"failed d.md:4:1: the command ended with status 0, not 3"}},
		{"any status", []string{steps("bash (exit 2)", "status any")}, []string{"passed"}},
		{"a status behind a wait", []string{steps("bash echo re''ady; sleep 0.6; (exit 3)", "wait ready", "status 3")}, []string{"passed"}},
		{
			"a wait behind the end of a command with its status",
			[]string{steps("bash { sleep 0.2; echo la''te; } & (exit 3)", "wait late", "status 3")},
			[]string{"passed"},
		},
		{"the status of an interrupted command", []string{steps("bash sleep 100", "key ^C", "status 130")}, []string{"passed"}},
		{
			"another status of an interrupted command",
			[]string{steps("bash sleep 100", "key ^C", "status 1")},
			[]string{"failed d.md:4:1: the command ended with status 130, not 1"},
		},
		{"of keys at the prompt", []string{steps("bash true", "keys (exit 4)", "key Enter", "status 4")}, []string{"passed"}},
		{
			"of keys in the next exercise",
			[]string{steps("bash true"), steps("keys (exit 4)", "key Enter", "status 4")},
			[]string{"passed", "passed"},
		},
		{
			"of keys, another one",
			[]string{steps("bash true", "keys (exit 5)", "key Enter", "status 4")},
			[]string{"failed d.md:7:6: the command ended with status 5, not 4"},
		},
		{
			"of a line that ^O ends",
			[]string{steps("bash true", "keys (exit 5)", "key ^O"), steps("bash echo a", "output a")},
			[]string{"failed d.md:7:6: the command ended with status 5", "passed"},
		},
		{
			"of a line that ^O ends and another takes up",
			[]string{steps("bash true\necho b", "keys (exit 5)", "key ^O", "status 5", "bash echo a", "output a")},
			[]string{"passed"},
		},
		{
			"of a line from the history",
			[]string{
				steps("bash true", "keys (exit 5); : needle", "key C-a", "key C-k", "key C-y", "key BSpace", "key Enter",
					"check", "bash (exit 0); (: needle; exit 6)", "status 6", "key ^R", "keys needle", "key Enter"),
				steps("bash echo a", "output a"),
			},
			[]string{"failed d.md:18:6: the command ended with status 6", "passed"},
		},
		{
			"a snippet behind the end of a shell inside",
			[]string{steps("bash sh; sleep 0.3", "bash true", "key ^D", "bash (exit 5)")},
			[]string{"failed d.md:11:1: the command ended with status 5"},
		},
		{
			"the output behind the end of a shell inside",
			[]string{steps("bash sh; sleep 0.3; echo la''te", "bash true", "key ^D", "wait late", "bash echo a", "output a")},
			[]string{"passed"},
		},
		{"a shell inside that ends with the status of its last command", []string{
			steps("bash sh", "bash sleep 100", "key ^C", "bash exit", "bash true"),
			steps("bash sh", "bash (exit 4)", "status 4", "key ^D", "bash true"),
			steps("bash sh", "bash (exit 4)", "status 4", "bash exit", "status 4"),
		}, []string{"passed", "passed", "passed"}},
		{
			"a shell inside that ends with a status of its own",
			[]string{steps("bash sh", "bash true", "bash exit 3")},
			[]string{"failed d.md:10:1: the command ended with status 3"},
		},
		{"nothing to judge", []string{steps("bash (exit 1)"), steps("check")}, []string{
			"failed d.md:4:1: the command ended with status 1",
			"blocked d.md:15:6: blocked by d/d-1: it goes on with a command that did not come so far",
		}},

		{"a limit of its own", []string{steps("bash sleep 100", "timeout 300ms")}, []string{
			"failed d.md:4:1: `sleep 100`, started at line 4, has not ended after 300ms (end it with a key step such as ^C, or give it a wait)",
		}},
		{"a longer limit for a wait", []string{steps("bash sleep 1; echo re''ady", "wait ready", "timeout 10s")}, []string{"passed"}},
		{"a limit behind an output", []string{steps("bash sleep 3.5; echo a", "output a", "timeout 20s")}, []string{"passed"}},
		{"a limit of a check", []string{steps("bash echo a; sleep 100", "wait a", "check", "timeout 300ms")}, []string{
			"failed d.md:8:6: `sleep 100`, started at line 4, is still in the foreground after 300ms " +
				"(end it with a key step such as ^C, or give it a wait)",
		}},

		{"until, at once", []string{steps("bash echo re''ady", "until ready")}, []string{"passed"}},
		{
			"until, the third time",
			[]string{steps("bash echo x >>n; (($(wc -l <n) > 2)) && echo re''ady", "until ready", "timeout 20s")},
			[]string{"passed"},
		},
		{
			"until, in the output of a background process",
			[]string{steps("bash { sleep 0.3; echo re''ady; } & true", "until ready", "timeout 20s")},
			[]string{"passed"},
		},
		{"until, while it runs", []string{steps("bash echo re''ady; sleep 100", "until ready", "key ^C")}, []string{"passed"}},
		{"until, a run that does not end", []string{steps("bash sleep 100", "until ready")}, []string{
			`failed d.md:7:6: "ready" did not appear within 400ms; the snippet was typed once`,
		}},
		{
			"until, and then it fails",
			[]string{steps("bash echo re''ady; (exit 5)", "until ready")},
			[]string{"failed d.md:4:1: the command ended with status 5"},
		},
		{"until, with a status", []string{steps("bash echo re''ady; (exit 5)", "until /re[a]dy/", "status 5")}, []string{"passed"}},

		{"nothing rejected", []string{steps("bash echo fine", "reject er''ror")}, []string{"passed"}},
		{"rejected", []string{steps("bash echo er''ror", "reject error")}, []string{`failed d.md:7:6: "error" appeared, which must not`}},
		{
			"rejected, by an expression",
			[]string{steps("bash echo er''ror", "reject /[Ee]rr.r/")},
			[]string{`failed d.md:7:6: "error" appeared, which must not`},
		},
		{"only in the command", []string{steps("bash true error", "reject error")}, []string{"passed"}},
		{
			"rejected later",
			[]string{steps("bash sleep 0.6; echo er''ror", "reject error")},
			[]string{`failed d.md:7:6: "error" appeared, which must not`},
		},
		{
			"rejected before a wait that is met",
			[]string{steps("bash echo er''ror; sleep 0.3; echo re''ady", "wait ready", "reject error")},
			[]string{`failed d.md:8:6: "error" appeared, which must not`},
		},
		{
			"rejected in the same line",
			[]string{steps("bash echo er''ror re''ady", "reject error", "wait ready")},
			[]string{`failed d.md:7:6: "error" appeared, which must not`},
		},
		{
			"rejected behind a wait",
			[]string{steps("bash echo re''ady; sleep 0.3; echo er''ror", "reject error", "wait ready", "check")},
			[]string{`failed d.md:7:6: "error" appeared, which must not`},
		},
		{
			"rejected by the second",
			[]string{steps("bash echo er''ror", "reject foo", "reject error")},
			[]string{`failed d.md:8:6: "error" appeared, which must not`},
		},
		{"on the screen before", []string{steps("bash echo er''ror"), steps("bash echo fine", "reject error")}, []string{"passed", "passed"}},
		{
			"in the next exercise",
			[]string{steps("bash (sleep 0.4; echo er''ror) & true", "reject error"), steps("bash wait; echo fine")},
			[]string{"passed", "passed"},
		},
		{"rejected in a run of several", []string{
			steps("bash echo x >>n; (($(wc -l <n) > 1)) && echo re''ady || echo er''ror", "until ready", "timeout 20s", "reject error"),
		}, []string{`failed d.md:9:6: "error" appeared, which must not`}},

		{"output", []string{steps("bash echo a; printf 'b\\tc  \\n\\n'", "output a\nb       c")}, []string{"passed"}},
		{"output of one line", []string{steps("bash echo a", "output a")}, []string{"passed"}},
		{"no output", []string{steps("bash true", "output \n")}, []string{"passed"}},
		{"output of several lines without line ends", []string{steps("bash printf a\nprintf b", "output a\nb")}, []string{"passed"}},
		{
			"wildcards",
			[]string{steps("bash echo start; seq 100; echo took 5 s; echo end",
				"output start\n1\n...\n100\ntook [..] s\nend")},
			[]string{"passed"},
		},
		{"overwritten", []string{steps("bash printf '10%%\\r50%%\\r100%%\\n'", "output 100%")}, []string{"passed"}},
		{"overwritten in part", []string{steps("bash printf 'abcdef\\rXY\\n'", "output XYcdef")}, []string{"passed"}},
		{
			"two bars redrawn",
			[]string{steps("bash printf 'one 10%%\\ntwo 10%%\\n'; printf '\\033[2Aone 100%%\\033[K\\ntwo 100%%\\033[K\\n'",
				"output one 100%\ntwo 100%")},
			[]string{"passed"},
		},
		{
			"through tee",
			[]string{steps("bash exec > >(tee log) 2>&1", "bash echo hi", "output hi", "bash echo ho; cat log >/dev/null",
				"output ho")},
			[]string{"passed"},
		},
		{
			"through a program that does not pass it on",
			[]string{steps("bash exec > >(sleep 1000; cat)", "bash echo hi", "output hi")},
			[]string{"failed d.md:10:6: the output goes through `sleep 1000`, which has not written all of it after 400ms"},
		},
		{
			"literal wildcards",
			[]string{
				steps("bash printf '%s\\n' ... a '[..]'", "output \\...\na\n\\[..]"),
				steps("bash echo b", "output \\..."),
			},
			[]string{
				"passed",
				"failed d.md:23:6: the output is not as expected (check --update writes it into the deck, if it is right)",
			},
		},
		{
			"a lookalike of the text",
			[]string{steps("bash printf 'a\\302\\240b\\n'", "wait a b")},
			[]string{"failed d.md:7:6: \"a b\" did not appear within 400ms; the command had ended with status 0 " +
				"(the nearest line only looks like it: it has U+00A0 NO-BREAK SPACE at column 2, where U+0020 SPACE is expected)"},
		},
		{
			"too long an output",
			[]string{steps("bash seq 300000", "timeout 60s", "output ...")},
			[]string{"failed d.md:8:6: the output is too long to be compared (print less)"},
		},
		{"colours", []string{steps("bash printf '\\033[31mred\\033[0m\\n'", "output red")}, []string{"passed"}},
		{
			"other output",
			[]string{steps("bash echo b", "output a")},
			[]string{"failed d.md:7:6: the output is not as expected (check --update writes it into the deck, if it is right)"},
		},
		{
			"output and a status",
			[]string{steps("bash echo b; (exit 3)", "output b")},
			[]string{"failed d.md:4:1: the command ended with status 3"},
		},
		{"output and its status", []string{steps("bash echo b; (exit 3)", "output b", "status 3")}, []string{"passed"}},
		{"output of an interrupted command", []string{steps("bash echo b''c; sleep 100", "wait bc", "key ^C", "output bc")}, []string{"passed"}},
		{"output of a wrapped line", []string{steps("bash printf 'x%.0s' {1..200}", "output "+strings.Repeat("x", 200))}, []string{"passed"}},

		{
			"copy and paste",
			[]string{steps("bash echo 'docker swarm join --token abc 1.2.3.4:2377'", "copy docker swarm join .*?:2377",
				"bash PS1='> '; cat >pasted", "paste", "key Enter", "key ^D", "bash cat pasted; cat pasted | cut -c1-12",
				"wait docker swarm join --token abc 1.2.3.4:2377",
				"output docker swarm join --token abc 1.2.3.4:2377\ndocker swarm")},
			[]string{"passed"},
		},
		{
			"copy the last match",
			[]string{steps("bash echo n=1; echo n=2", "copy n=(.)", "keys (exit ", "paste", "keys )", "key Enter",
				"status 2")},
			[]string{"passed"},
		},
		{
			"copypaste",
			[]string{steps("bash printf 'exit\\n 3\\n'", "keys (", "copypaste exit. 3", "keys )", "key Enter", "status 3")},
			[]string{"passed"},
		},
		{
			"copy of later output",
			[]string{
				steps("bash echo n=1"),
				steps("bash sleep 0.2; echo n=4; sleep 100", "copy n=(.)", "key ^C", "keys (exit ", "paste", "keys )", "key Enter",
					"status 4"),
			},
			[]string{"passed", "passed"},
		},
		{"copy in vain", []string{steps("bash echo n=1", "copy m=.")}, []string{"failed d.md:7:6: /m=./ is not on the screen after 400ms"}},
		{
			"copy after a failure",
			[]string{steps("bash echo n=1; (exit 3)", "copy n=.")},
			[]string{"failed d.md:4:1: the command ended with status 3"},
		},
		{
			"a page",
			[]string{steps("bash python3 -m http.server --bind 127.0.0.1 8123", "open http://node1:8123/", "timeout 10s",
				"key ^C")},
			[]string{"passed"},
		},
		{"a page that redirects to itself", []string{steps(
			`bash python3 -c "import http.server as h; `+
				`d = lambda s: (s.send_response(302), s.send_header('Location', s.path), s.end_headers()); `+
				`s = h.HTTPServer(('127.0.0.1', 8126), type('H', (h.BaseHTTPRequestHandler,), {'do_GET': d})); `+
				`print('re' + 'ady', flush=True); s.serve_forever()"`,
			"wait ready", "open http://localhost:8126/", "timeout 2s", "key ^C",
		)}, []string{"failed d.md:8:6: http://localhost:8126/ has not answered with a status below 400 within 2s: it redirects again and again"}},
		{
			"no page",
			[]string{steps("bash true", "open http://localhost:8124/")},
			[]string{"failed d.md:7:6: http://localhost:8124/ has not answered with a status below 400 within 400ms: connection refused"},
		},
		{
			"a page that is missing",
			[]string{steps("bash python3 -m http.server --bind 127.0.0.1 8125", "wait Serving", "timeout 10s",
				"open http://127.0.0.1:8125/nothing", "timeout 2s")},
			[]string{"failed d.md:9:6: http://127.0.0.1:8125/nothing has not answered with a status below 400 within 2s: " +
				"the status is 404 File not found"},
		},

		{
			"two panes",
			[]string{steps("bash echo one; sleep 100", "tmux split-pane -h", "bash echo two", "wait two",
				"tmux select-pane -t 0", "key ^C", "status 130", "bash tput cols", "output 40")},
			[]string{"passed"},
		},
		{
			"the output of a snippet that ends its pane",
			[]string{steps("bash echo other", "tmux split-pane -v", "bash echo h''i; sleep 0.3; exit", "wait hi", "output hi\nexit")},
			[]string{"passed"},
		},
		{
			"a pane of its own",
			[]string{steps("bash x=1", "tmux splitw", "bash echo $x${PWD##*/}; tput lines", "output work\n11", "tmux lastp",
				"bash echo $x", "output 1", "tmux killp -t 1", "bash tput lines", "output 24")},
			[]string{"passed"},
		},
		{
			"panes over exercises",
			[]string{
				steps("bash true", "tmux split-pane -v"), steps("bash tput lines", "output 11"),
				steps("tmux kill-pane", "bash tput lines", "output 24"),
			},
			[]string{"passed", "passed", "passed"},
		},
		{
			"a shell that ends",
			[]string{steps("bash true", "tmux split-pane -v", "key ^D", "bash tput lines", "output 24", "tmux split-pane",
				"bash exit 3", "status 3", "bash tput lines", "output 24", "tmux split-pane", "bash (exit 4)", "status 4",
				"bash exit", "bash tput lines", "output 24", "tmux split-pane", "keys exit", "key Enter", "bash tput lines",
				"output 24")},
			[]string{"passed"},
		},
		{
			"windows",
			[]string{steps("bash true", "tmux new-window", "bash x=2", "tmux last-window", "bash x=1",
				"tmux select-window -t 1", "bash echo $x", "output 2", "tmux kill-pane", "bash echo $x", "output 1")},
			[]string{"passed"},
		},
		{
			"a check of a command that ended its pane",
			[]string{steps("bash true", "tmux split-pane -v", "bash (exit 4)", "status 4", "bash exit", "check")},
			[]string{"failed d.md:12:1: the command ended with status 4"},
		},
		{
			"an exit in a pane",
			[]string{steps("bash true", "tmux split-pane -v", "bash cd /nowhere || exit 1")},
			[]string{"failed d.md:8:1: the command ended with status 1"},
		},
		{
			"a program instead of a pane's shell",
			[]string{steps("bash true", "tmux split-pane -v", "bash exec false", "bash true"), steps("bash true")},
			[]string{"failed d.md:8:1: the command ended with status 1", "passed"},
		},
		{
			"a failure that ends a pane's shell",
			[]string{steps("bash true", "tmux split-pane -v", "bash set -e", "bash false")},
			[]string{"failed d.md:11:1: the command ended with status 1"},
		},
		{
			"a failure in another pane",
			[]string{steps("bash sleep 0.2; (exit 3)", "tmux split-pane -v", "bash true")},
			[]string{"failed d.md:4:1: the command ended with status 3"},
		},
		{
			"rejected in another pane",
			[]string{steps("bash sleep 0.3; echo er''ror", "reject error", "tmux split-pane -v", "bash sleep 0.6")},
			[]string{`failed d.md:7:6: "error" appeared, which must not`},
		},
		{
			"a failure in a pane",
			[]string{steps("bash true", "tmux split-pane -v", "bash (exit 3)"), steps("tmux kill-pane", "bash true")},
			[]string{"failed d.md:8:1: the command ended with status 3", "passed"},
		},
		{
			"no such pane",
			[]string{steps("bash true", "tmux select-pane -t 1")},
			[]string{"failed d.md:7:6: select-pane: there is no pane 1: the window has 1, from 0 on"},
		},
		{
			"the only pane",
			[]string{steps("bash true", "tmux kill-pane")},
			[]string{"failed d.md:7:6: kill-pane: it is the only pane: the deck could not go on"},
		},
		{
			"an editor in a pane",
			[]string{steps("bash true", "tmux split-pane -v", "bash vim -u NONE -n note", "wait /[~]/", "key i", "keys hello",
				"key Escape", "keys :wq", "key Enter", "bash cat note", "output hello")},
			[]string{"passed"},
		},

		{"an expression", []string{steps("bash echo port 80''80", "wait /port [0-9]+0/")}, []string{"passed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, program := range []string{"vim", "python3"} {
				if strings.Contains(strings.Join(tt.exercises, ""), program) {
					requires(t, program)
				}
			}
			limits := Limits{Wait: 20 * time.Second, Step: 20 * time.Second}
			if strings.Contains(strings.Join(tt.want, ""), "400ms") {
				limits.Wait = 400 * time.Millisecond
			}
			if diff := cmp.Diff(tt.want, verdicts(t, limits, tt.exercises...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUntilInVain types a snippet until the limit is over, and says how often. The last time
// may come too late to run.
func TestUntilInVain(t *testing.T) {
	ran := filepath.Join(t.TempDir(), "ran")
	snippet := steps("bash echo x >>"+ran+"; (exit 1)", "until ready", "timeout 2500ms")
	got := verdicts(t, Limits{Step: 20 * time.Second}, snippet)
	runs, err := os.ReadFile(ran)
	if err != nil {
		t.Fatal(err)
	}
	failure := regexp.MustCompile(`^failed d\.md:7:6: "ready" did not appear within 2\.5s` +
		`(?:; the command had ended with status 1)?; the snippet was typed (\d+) times$`)
	said := failure.FindStringSubmatch(got[0])
	if said == nil {
		t.Fatal(got[0])
	}
	n := strings.Count(string(runs), "x")
	if said[1] != strconv.Itoa(n) && said[1] != strconv.Itoa(n+1) {
		t.Errorf("it has run %d times: %s", n, got[0])
	}
}

// Zsh sets the terminal to raw mode before its prompt: a key that comes then is not for the
// command that has just ended.
func TestKeyBehindACommandOfZsh(t *testing.T) {
	requires(t, "zsh")
	ends := steps("bash zsh -f", "bash true", "key ^D", "bash (exit 5)")
	for i, got := range verdicts(t, Limits{Step: 10 * time.Second}, ends, ends, ends, ends) {
		if !strings.HasSuffix(got, ": the command ended with status 5") {
			t.Errorf("exercise %d: %s", i+1, got)
		}
	}
}
