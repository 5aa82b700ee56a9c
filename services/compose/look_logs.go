package compose

import (
	"fmt"
	"slices"
	"strings"
)

// logsLook prints the output of containers.
type logsLook interface {
	attaching(s *session, containers []*container) string
	lines(s *session, o logOptions) logLook
}

// logLook formats the lines of one command.
type logLook interface {
	// present announces a container. The containers that exist at first are announced in the order
	// of their names.
	present(c *container)
	// prefix returns the text before each line of a container.
	prefix(c *container) string
	exited(c *container, status int) string
}

type (
	v1LogsLook struct{}
	v5LogsLook struct{}
)

// rainbow lists the colours of names, in their order.
var rainbow = []string{"36", "33", "32", "35", "34", "36;1", "33;1", "32;1", "35;1", "34;1"}

func (v1LogsLook) attaching(_ *session, containers []*container) string {
	return "Attaching to " + names(containers)
}

func names(containers []*container) string {
	var out []string
	for _, c := range containers {
		out = append(out, c.name)
	}
	return strings.Join(out, ", ")
}

func (v1LogsLook) lines(s *session, o logOptions) logLook {
	width := 0
	for _, name := range s.project.Order {
		width = max(width, len(name)+len("_99"))
	}
	return &v1Logs{s, o, width, 0, map[string]string{}}
}

// v1Logs colours the names of containers in turn, even without a terminal.
type v1Logs struct {
	*session
	options logOptions
	width   int
	next    int
	colours map[string]string // by container
}

func (l *v1Logs) paint(c *container, text string) string {
	if l.options.noColor {
		return text
	}
	return paint(l.colours[c.id], text)
}

func (l *v1Logs) present(c *container) {
	l.colours[c.id] = rainbow[l.next%len(rainbow)]
	l.next++
}

func (l *v1Logs) prefix(c *container) string {
	if l.options.noPrefix {
		return ""
	}
	return l.paint(c, fmt.Sprintf("%-*s |", l.width, l.shortName(c))) + " "
}

func (l *v1Logs) exited(c *container, status int) string {
	return l.paint(c, fmt.Sprintf("%s exited with code %d\n", c.name, status))
}

func (v5LogsLook) attaching(s *session, containers []*container) string {
	var out []string
	for _, c := range containers {
		out = append(out, s.shortName(c))
	}
	slices.Sort(out)
	return "Attaching to " + strings.Join(out, ", ")
}

func (v5LogsLook) lines(s *session, o logOptions) logLook {
	return &v5Logs{s, o, !o.noColor && isTerminal(s.Stdout), map[string]string{}, 0}
}

// v5Logs colours the names of containers on a terminal. The column of the names is as wide as the
// longest name so far.
type v5Logs struct {
	*session
	options logOptions
	colour  bool
	colours map[string]string // by container
	width   int
}

func (l *v5Logs) present(c *container) {
	if l.colours[c.id] == "" {
		l.colours[c.id] = rainbow[len(l.colours)%len(rainbow)]
	}
	l.width = max(l.width, len(l.shortName(c))+1)
}

func (l *v5Logs) prefix(c *container) string {
	if l.options.noPrefix {
		return ""
	}
	text := fmt.Sprintf("%-*s | ", l.width, l.shortName(c))
	if l.colour {
		return paint(l.colours[c.id], text)
	}
	return text
}

func (l *v5Logs) exited(c *container, status int) string {
	text := fmt.Sprintf("\r\x1b[K%s exited with code %d\n", l.shortName(c), status)
	if l.colour {
		return paint(l.colours[c.id], text)
	}
	return text
}
