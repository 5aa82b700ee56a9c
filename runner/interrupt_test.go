package runner

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"workshop/runner/sandbox"
)

// TestClickedInterrupt runs scenarios whose clicks interrupt: a command that ends by itself meanwhile is judged, one
// that goes on is named, and a wait says that the moment has come.
func TestClickedInterrupt(t *testing.T) {
	const hour, short = time.Hour, 300 * time.Millisecond
	for _, c := range []struct {
		name, page string
		wait       time.Duration
		want       []string
	}{
		{"fails", "`ls nothing`{{exec}}\n`true`{{exec interrupt}}\n", hour, []string{"failed d.md:1:1: the command ended with status 2"}},
		{
			"fails later", "`sleep 0.2; exit 3 | false`{{exec}}\n`true`{{exec interrupt}}\n", hour,
			[]string{"failed d.md:1:1: the command ended with status 1"},
		},
		{"passes later", "`sleep 0.2; echo x > made`{{exec}}\n`cat made`{{exec interrupt}}\n", hour, []string{"passed"}},
		{"on the next page", "`sleep 0.2; false`{{exec}}\n# B\n`true`{{exec interrupt}}\n", hour, []string{
			"failed d.md:1:1: the command ended with status 1",
			"blocked d.md:3:1: blocked by d/slide-1: it goes on with a command that did not come so far",
		}},
		{
			"goes on", "`sleep 1000`{{exec}}\n`true`{{exec interrupt}}\n", short,
			[]string{"passed", "d.md:1:1: `sleep 1000` was interrupted after 300ms: its status was not judged " +
				"(a wait behind it says how far it must come)"},
		},
		{
			"has met a wait", "`echo up; sleep 1000`{{exec}}\n<!-- workshop: wait /^up/ -->\n`true`{{exec interrupt}}\n", hour,
			[]string{"passed"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			result, _ := runDeck(t, context.Background(), c.page,
				Options{Limits: Limits{Wait: c.wait}, Sandbox: sandbox.Options{PrivateNetwork: true}})
			var got []string
			for _, e := range result.Sessions[0].Exercises {
				line := string(e.Verdict)
				if e.Failure != nil {
					text, _, _ := strings.Cut(e.Failure.Error(), " (") // the hint
					line += " " + text
				}
				got = append(got, line)
			}
			for _, n := range result.Notes {
				if strings.HasPrefix(n, "d.md:") {
					got = append(got, n)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
