package lint

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"weak"

	"mvdan.cc/sh/v3/syntax"

	"workshop/markdown"
	"workshop/runner"
)

// TestTreesReleased shows that the syntax trees of a long session do not pile up: a rule sees each
// of them, and few of those behind it are left.
func TestTreesReleased(t *testing.T) {
	const steps, most = 1000, 50
	var b strings.Builder
	b.WriteString(".exercise[\n")
	for i := range steps {
		fmt.Fprintf(&b, "```bash\necho %d | sort\n```\n", i)
	}
	b.WriteString("]\n")
	deck, err := markdown.Load(fstest.MapFS{"deck.md": {Data: []byte(b.String())}}, "deck.md", markdown.Options{})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := runner.Compile(deck)
	if err != nil {
		t.Fatal(err)
	}
	var trees []weak.Pointer[syntax.Stmt]
	p := &pass{catalogue: newCatalogue(), parser: newParser()}
	p.walk(plan.Sessions[0], append(Rules(), &Rule{visit: func(_ *pass, v *visit) {
		trees = append(trees, weak.Make(v.snippet.stmts[0]))
		if len(trees)%(steps/4) != 0 {
			return
		}
		runtime.GC()
		alive := 0
		for _, tree := range trees {
			if tree.Value() != nil {
				alive++
			}
		}
		if alive > most {
			t.Errorf("%d of %d trees are alive", alive, len(trees))
		}
	}}))
	if len(trees) != steps {
		t.Errorf("%d steps were visited", len(trees))
	}
}
