package lint

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"workshop/markdown/lazy"
)

var backticks = Rule{
	Code: "backticks", Severity: Warning,
	Summary: "backticks that look like a command substitution, or one without another",
	Doc: "In a bash fence backticks highlight, as in kubectl get `pods`: they are removed before typing.\n" +
		"For a command substitution write $( … ).",
	Bad:  ".exercise[\n```bash\necho `date`\n```\n]\n",
	Good: ".exercise[\n```bash\necho $(date)\nkubectl get `pods`\n```\n]\n",
	snippet: func(p *pass, s *snippet) {
		highlights := s.highlights()
		for _, h := range highlights[:min(len(highlights), maxHighlights)] {
			at := s.step.At(h.from, max(h.to, h.from+1))
			switch {
			case !h.closed:
				p.report(at, "highlight text by two of them", "a backtick without another one on its line: it is removed before typing")
			case s.substituted(h):
				p.report(at, "for command substitution write $( … )",
					"backticks only highlight, and are removed before typing: %s is no command here", quote(s.step.Text[h.from:h.to]))
			}
		}
	},
}

// maxHighlights bounds the highlights of a snippet that are looked at: each may cost a walk through
// the snippet.
const maxHighlights = 100

// highlight is a text between backticks, which are removed before typing.
type highlight struct {
	stretch // of the snippet
	closed  bool
}

// highlights are the texts between backticks, two of which stand on one line.
func (s *snippet) highlights() (all []highlight) {
	at, open := 0, -1 // offsets in the text, which lacks the backticks
	end := func(closed bool) {
		if open >= 0 {
			all = append(all, highlight{stretch{open, at}, closed})
			open = -1
		}
	}
	for _, c := range []byte(s.step.Raw) {
		switch {
		case c == '`' && open < 0:
			open = at
		case c == '`':
			end(true)
		default:
			if c == '\n' {
				end(false)
			}
			at++
		}
	}
	end(false)
	return all
}

// queries are programs whose output others get as arguments.
var queries = strings.Fields("date pwd hostname whoami nproc uname id cat seq basename dirname mktemp which pidof pgrep ls head wc " +
	"docker docker-compose kubectl git curl jq")

var (
	printers = []string{"echo", "printf", "cd", "export", "kill", "test", "["} // they take any text
	clients  = []string{"docker", "docker-compose", "kubectl", "git"}          // no subcommand has such a name
)

var assigned = lazy.Regexp(`(?:^|[\s;&|(])[A-Za-z_][A-Za-z0-9_]*=["']?$`)

// substituted reports whether a highlight was probably meant as a command substitution: a program
// where its output has a use.
func (s *snippet) substituted(h highlight) bool {
	inner := strings.Fields(s.step.Text[h.from:h.to])
	if len(inner) == 0 || !slices.Contains(queries, inner[0]) {
		return false
	}
	call := s.callAround(h.stretch)
	switch {
	case assigned().MatchString(s.step.Text[:h.from]):
		return true
	case call == nil || int(call.Args[0].End().Offset()) > h.from: // the command itself
		return false
	}
	outer := text(call.Args[0])
	if slices.Contains(printers, outer) || quoted(call, h.stretch) {
		return true
	}
	return len(inner) > 1 && slices.Contains(clients, inner[0]) && slices.Contains(clients, outer) // docker rm `docker ps -q`
}

// quoted reports whether a part of a command is in double quotes.
func quoted(call *syntax.CallExpr, at stretch) bool {
	found := false
	syntax.Walk(call, func(n syntax.Node) bool {
		if q, ok := n.(*syntax.DblQuoted); ok {
			found = found || int(q.Pos().Offset()) < at.from && at.to < int(q.End().Offset())
		}
		return !found
	})
	return found
}
