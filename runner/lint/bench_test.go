package lint_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"workshop/runner/lint"
)

// course is a deck of n slides like those of a real one, a third of them with
// exercises, most of those as nobody has prepared them for tests.
func course(n int) string {
	snippets := []string{
		"docker-compose up -d", "kubectl get pods -w", "docker run -it ubuntu bash", "exit", "watch kubectl get nodes",
		"kubectl apply -f - <<EOF\n  apiVersion: v1\n  kind: Pod\n  EOF", "for i in $(seq 10); do curl localhost; done",
		"kubectl logs <pod>", "docker ps | grep redis && echo there", "while true; do date; sleep 1; done",
	}
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString("\n---\n\n")
		}
		fmt.Fprintf(&b,
			"## Slide %d about `docker-compose`\n\n- Text with `code`, [a link](https://example.com/) and [a file](notes/%d.md)\n\n",
			i, i%7)
		if i%3 == 0 {
			fmt.Fprintf(&b,
				".exercise[\n\n- Run it:\n  ```bash\n  %s\n  ```\n\n<!--\n```wait done```\n```key ^C```\n-->\n\n]\n",
				snippets[i/3%len(snippets)])
		}
	}
	return b.String()
}

// BenchmarkLint shows the cost of a deck, and that it grows with its size only.
func BenchmarkLint(b *testing.B) {
	for _, slides := range []int{265, 2653, 13265} {
		in := input(b, fstest.MapFS{"deck.md": {Data: []byte(course(slides))}}, "deck.md")
		b.Run(fmt.Sprintf("slides=%d", slides), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				lint.Run(in, lint.Options{})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(slides), "ns/slide")
		})
	}
}

// spent is the processor time of this process, independent of the load of the machine.
func spent(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestLarge shows that no deck makes a linter take long, be it the largest in use or
// one that was made to be slow.
func TestLarge(t *testing.T) {
	many := func(n int, piece string) string { return strings.Repeat(piece, n) }
	step := func(body string) string { return ".exercise[\n```bash\n" + body + "\n```\n]\n" }
	decks := map[string]string{
		"a course":        course(2653),
		"requests":        many(20000, "<!-- lint-ignore never-ends: x -->\n"),
		"requests apart":  many(10000, "<!-- lint-ignore never-ends: x -->\n\ntop\n\n"),
		"one long step":   step(many(40000, "echo a\n")),
		"sleeps":          step(many(20000, "sleep 1; ")),
		"nested commands": step(many(2000, "(") + "ls" + many(2000, ")")),
		"pipelines":       step("ls" + many(10000, " | cat")),
		"backticks":       step(many(100000, "a`")),
		"prompts":         step(many(20000, "$ ls\n")),
		"placeholders":    step(many(20000, "<a> ")),
		"many steps":      ".exercise[\n" + many(10000, "```bash top```\n```wait x```\n") + "]\n",
		"many waits":      ".exercise[\n```bash\n" + many(200, "echo x; ") + "\n```\n" + many(2000, "```wait x```\n") + "]\n",
		"many keys":       ".exercise[\n```bash ls```\n" + many(20000, "```key ^C```\n") + "]\n",
		"same titles":     many(10000, "# A\n.exercise[ ```bash ls``` ]\n\n---\n\n"),
		"same names":      many(10000, "name: a\n\n# A\n\n---\n\n"),
		"links":           many(30000, "[a](b.md) "),
		"html":            many(30000, "<a href="),
		"substitutions":   step("echo " + many(20000, "`date` ")),
		"addresses":       step("ssh " + many(20000, "X.X.X.X `nodeX` ")),
		"typed names":     step("ssh " + many(20000, "@@A@@ ")),
		"editors":         step(many(20000, "git commit; ")),
		"nested loops":    step(many(2000, "for i in a; do echo; ") + "ls" + many(2000, "; done")),
		"masked statuses": step("ls a" + many(10000, " | sort")),
		"end marks":       step("cat <<EOF\n" + many(50000, "  x\n") + "  EOF"),
	}
	for name, text := range decks {
		t.Run(name, func(t *testing.T) {
			in := input(t, fstest.MapFS{"deck.md": {Data: []byte(text)}}, "deck.md")
			began := spent(t)
			r := lint.Run(in, lint.Options{})
			if took := spent(t) - began; took > 2*time.Second*slowdown {
				t.Errorf("it took %v", took)
			} else {
				t.Logf("%v, %d findings", took, len(r.Findings))
			}
		})
	}
}
