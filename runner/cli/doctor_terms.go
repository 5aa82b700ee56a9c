package cli

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"workshop/runner"
)

// maxNamed is the number of exercises that a finding names.
const maxNamed = 3

// terms looks for the requirements of decks, and finds the exercises that are skipped here. Commands
// of a deck are not run.
func (d *doctor) terms(ctx context.Context, docker bool) {
	d.left = map[*runner.Exercise]bool{}
	held := map[string]string{} // why a requirement is not met, "" if it is
	wanted := map[runner.Term][]*runner.Exercise{}
	var order []runner.Term
	total, skipped := 0, 0
	for _, s := range d.plan.Sessions {
		for _, e := range s.Exercises {
			if e.Setup {
				continue
			}
			total++
			for _, t := range e.Terms {
				key := runner.Term{Kind: t.Kind, Text: t.Text}
				if !slices.Contains(order, key) {
					order = append(order, key)
				}
				wanted[key] = append(wanted[key], e)
				if t.Kind == runner.TermSkip {
					d.left[e] = true
					continue
				}
				if _, ok := held[t.Text]; !ok && !t.Asks() {
					held[t.Text] = d.lacks(ctx, t, docker, s.Deck.Network == "host")
				}
				d.left[e] = d.left[e] || !t.Asks() && held[t.Text] != ""
			}
			if d.left[e] {
				skipped++
			}
		}
	}
	for _, t := range order {
		exercises := firstIDs(wanted[t])
		switch why := held[t.Text]; {
		case t.Kind == runner.TermSkip:
			d.add(absent, "skip", "", "%s: skips %s", shortLine(t.Text), exercises)
		case t.Asks():
			d.add(depends, string(t.Kind), "it runs in a session only: workshop check", "%s: decides about %s", shortLine(t.Text), exercises)
		case why == "":
			d.add(found, t.Text, "", "required by %s", exercises)
		default:
			hint := ""
			if i := slices.IndexFunc(programs, func(p program) bool { return p.name == t.Text && p.pack != "" }); i >= 0 {
				hint = install(programs[i].pack)
			}
			d.add(missing, t.Text, hint, "%s: skips %s", why, exercises)
		}
	}
	if total > 0 && skipped == total {
		d.add(problem, "exercises", "", "none is left: %s skipped", count(total, "exercise"))
	}
}

// lacks is the reason why a session on this machine does not have what a deck requires; "" if it has.
func (d *doctor) lacks(ctx context.Context, t runner.Term, docker, shared bool) string {
	switch {
	case t.Text == "network" && d.ownNetwork && !shared:
		return "sessions have a network of their own (--network host)"
	case t.Text == "docker-swarm" && !docker:
		return "the embedded engine has no swarm (--engine docker)"
	case slices.Contains(alwaysOurs, t.Text), slices.Contains(standIns, t.Text):
		return "" // a bundled one is on the PATH of a session
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := exec.CommandContext(ctx, "bash", "-c", t.Test()).Run(); err != nil {
		if strings.HasPrefix(t.Test(), "command -v") {
			return "not installed"
		}
		return "not here"
	}
	return ""
}

// firstIDs are the ids of the first exercises, and the number of the others.
func firstIDs(exercises []*runner.Exercise) string {
	var ids []string
	for _, e := range exercises[:min(len(exercises), maxNamed)] {
		ids = append(ids, e.ID)
	}
	list := strings.Join(ids, ", ")
	if more := len(exercises) - len(ids); more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// shortLine is the first line of a text.
func shortLine(text string) string {
	line, _, more := strings.Cut(text, "\n")
	if more {
		line += " …"
	}
	return line
}
