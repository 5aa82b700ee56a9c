package lint

import (
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"workshop/runner"
)

var fixedSleep = Rule{
	Code: "fixed-sleep", Severity: Warning,
	Summary: "a sleep of a second or more that waits for something",
	Doc: `A fixed sleep is too long on a fast machine and too short on a slow one; a course may
spend hours a year in them. Wait for the event itself: by a hidden wait step for a text, or
by a loop that asks until there is an answer. A sleep within such a loop is allowed, and
so are one in the background and one that a key interrupts.`,
	Bad:  ".exercise[\n```bash\ndocker-compose up -d\nsleep 10\ncurl localhost:8000\n```\n]\n",
	Good: ".exercise[\n```bash\ndocker-compose up -d\nuntil curl -s localhost:8000; do sleep 1; done\n```\n]\n",
	snippet: func(p *pass, s *snippet) {
		if s.foreign {
			return
		}
		pressed := slices.ContainsFunc(s.looks, func(step *runner.Step) bool {
			return step.Kind() == runner.KindPresses
		})
		for i, stmt := range s.stmts {
			interrupted := pressed && i == len(s.stmts)-1
			syntax.Walk(stmt, func(n syntax.Node) bool {
				switch n := n.(type) {
				case *syntax.WhileClause, *syntax.FuncDecl:
					return false
				case *syntax.ForClause:
					return !breaks(n) // else it asks until there is an answer
				case *syntax.Stmt:
					return !n.Background
				case *syntax.CallExpr:
					if seconds := sleeps(n); seconds >= 1 && !interrupted {
						p.report(s.span(n), "wait for what it is meant to wait for", "a fixed sleep of %s",
							strings.TrimSpace(strings.Join(words(n)[1:], " ")))
					}
				}
				return true
			})
		}
	},
}

// breaks reports whether a loop may end before its time.
func breaks(loop *syntax.ForClause) (found bool) {
	for _, s := range loop.Do {
		syntax.Walk(s, func(n syntax.Node) bool {
			call, ok := n.(*syntax.CallExpr)
			found = found || ok && len(call.Args) > 0 && text(call.Args[0]) == "break"
			return !found
		})
	}
	return found
}

// sleeps is the number of seconds that a command sleeps, as far as it is known.
func sleeps(call *syntax.CallExpr) (total float64) {
	args := unwrap(words(call))
	if len(args) < 2 || args[0] != "sleep" {
		return 0
	}
	units := map[byte]float64{'s': 1, 'm': 60, 'h': 3600, 'd': 86400}
	for _, a := range args[1:] {
		unit := 1.0
		if n := len(a); n > 0 && units[a[n-1]] > 0 {
			a, unit = a[:n-1], units[a[n-1]]
		}
		seconds, err := strconv.ParseFloat(a, 64)
		if err != nil || seconds > 1e9 {
			return 0
		}
		total += seconds * unit
	}
	return total
}
