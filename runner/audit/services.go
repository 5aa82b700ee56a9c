package audit

import (
	"cmp"
	"fmt"
	"strings"

	"workshop/markdown/lazy"
)

// Compare orders calls.
func (c Call) Compare(d Call) int { return cmp.Or(c.Port-d.Port, strings.Compare(c.From, d.From)) }

// eachService makes the mutants of a fault in the containers of each service that has run.
func eachService(kind, words string) func(*site) []*Mutant {
	return func(s *site) (all []*Mutant) {
		for _, v := range s.Services {
			all = append(all, s.up().around(World{Fault: kind + ":" + v.Name}, fmt.Sprintf(words, v.Name)))
		}
		return all
	}
}

// eachCall makes the mutants of a fault on each way on which a service was called; of HTTP only, if the fault
// is one of its answers. The words are about the service and its caller.
func eachCall(kind string, http bool, words string) func(*site) []*Mutant {
	return func(s *site) (all []*Mutant) {
		for _, v := range s.Services {
			for _, c := range v.Calls {
				if http && !c.HTTP {
					continue
				}
				fault := fmt.Sprintf("%s:%s:%d:%s", kind, v.Name, c.Port, c.From)
				all = append(all, s.up().around(World{Fault: fault},
					fmt.Sprintf(words, fmt.Sprintf("%s:%d", v.Name, c.Port), cmp.Or(c.From, "callers at its published port"))))
			}
		}
		return all
	}
}

// starts matches a command that starts containers.
var starts = lazy.Regexp(`\bdocker(?:-compose)?\s.*\b(?:up|run|start|create)\b`)

// up is the place of the first snippet that starts containers, else the first one of all.
func (s *site) up() *site {
	for _, e := range s.Session.Exercises {
		for _, step := range e.Steps {
			if !e.Setup && step.Snippet() && !step.LeftOut() && starts().MatchString(step.Text) {
				return &site{Subject: s.Subject, op: s.op, exercise: e, step: step}
			}
		}
	}
	return s
}
