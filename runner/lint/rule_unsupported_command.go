package lint

import (
	"path"

	"mvdan.cc/sh/v3/syntax"

	"workshop/markdown"
	"workshop/markdown/lazy"
	"workshop/runner"
)

var unsupportedCommand = Rule{
	Code: "unsupported-command", Severity: Warning,
	Summary: "a docker command that the embedded engine cannot carry out",
	Doc: `The embedded engine runs processes of this machine as containers. It has no registry to push
to, no root filesystem to copy from or to commit, and no swarm. Such a command fails there,
whatever docker client the machine has: set engine: docker in the manifest, for a deck that
needs a real engine, or let the exercise require what it needs (requires docker-swarm). Snippets
that may fail are not reported, and so are exercises with conditions, such as requires, and
documents that are no decks. doctor says what a machine without a docker client cannot run.`,
	Bad:  ".exercise[\n```bash\ndocker push me/web\n```\n]\n",
	Good: ".exercise[\n```bash\ndocker ps\n```\n]\n",
	visit: func(p *pass, v *visit) {
		if v.snippet == nil || v.snippet.foreign || p.in.Docker == nil || len(v.exercise.Terms) > 0 || MayFail(v.step) {
			return
		}
		if p.unclear(v.exercise) {
			return
		}
		for _, call := range calls(v.snippet, "docker") {
			if why := p.in.Docker(call.Args[1:], v.builds); why != "" {
				p.report(call.Span, "set engine: docker in the manifest, or leave it out", "%s", why)
			}
		}
	},
}

// unclear reports whether an exercise is not surely one of a deck with the embedded engine.
func (p *pass) unclear(e *runner.Exercise) bool {
	for _, d := range p.in.Decks {
		for _, c := range d.Chapters {
			if c == e.Chapter {
				return d.Engine == "docker" || !d.Marked()
			}
		}
	}
	return true
}

// MayFail reports whether the command of a step need not succeed.
func MayFail(step *runner.Step) bool {
	status := step.Condition().Status
	return status != nil && (status.Any || status.Nonzero || status.Code != 0)
}

// Call is a command of a snippet.
type Call struct {
	markdown.Span
	Args []string // its words, the program's name first
}

// Calls returns the commands of a step's snippet that call a program by a name, wherever they stand in it.
func Calls(step *runner.Step, name string) []Call { return calls(parse(newParser(), step), name) }

// Builds reports whether a session may make images: by building, loading or naming them.
func Builds(s *runner.Session) bool {
	for _, e := range s.Exercises {
		for _, step := range e.Steps {
			if step.Snippet() && makesImages().MatchString(step.Text) {
				return true
			}
		}
	}
	return false
}

// makesImages finds commands that make images, and those that may run them.
var makesImages = lazy.Regexp(`\b(?:docker-compose|compose|build|tag|load|import|commit|make|sh|bash|source)\b|\./`)

func calls(s *snippet, name string) (list []Call) {
	for _, stmt := range s.stmts {
		syntax.Walk(stmt, func(n syntax.Node) bool {
			if call, ok := n.(*syntax.CallExpr); ok {
				if args := unwrap(words(call)); len(args) > 0 && path.Base(args[0]) == name {
					list = append(list, Call{s.span(call), args})
				}
			}
			return true
		})
	}
	return list
}
