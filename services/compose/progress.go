package compose

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// progress reports the steps of a command on stderr at once. Both kinds of reports are made for
// every step; each look shows one of them.
type progress interface {
	// begin announces that verb will be done to each of the names. end reports the result for one
	// of them: "done", "failed" or "error". V1 shows these reports.
	begin(verb string, names []string)
	end(verb, name, outcome string)
	// status reports a new state of a container, network, volume or image. V5 shows these reports.
	status(kind, name, state string)
	// operation names the command that the steps belong to.
	operation(name string)
	// attached reports that the containers' output goes to the same terminal.
	attached()
	info(text string)
	warn(text string)
	fail(text string)
	// flush ends the redrawing of lines.
	flush()
}

// lines draws progress as V1 does: one line for each object, redrawn in place on a terminal,
// written again without one.
type lines struct {
	mu    sync.Mutex
	w     io.Writer
	ansi  bool
	known []string // the text of each line since the first of them
	width int
}

// The Select Graphic Rendition parameters of the colours in use.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
)

func paint(sgr, text string) string { return "\x1b[" + sgr + "m" + text + "\x1b[0m" }

func (l *lines) begin(verb string, names []string) {
	if verb == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range names {
		l.known = append(l.known, verb+" "+name)
		l.width = max(l.width, len(verb+" "+name))
	}
	for _, name := range names {
		fmt.Fprintf(l.w, "%-*s ... \r\n", l.width, verb+" "+name)
	}
}

func (l *lines) end(verb, name, outcome string) {
	if verb == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	line := verb + " " + name
	if !l.ansi {
		fmt.Fprintf(l.w, "%-*s ... %s\r\n", l.width, line, outcome)
		return
	}
	colour := green
	if outcome != "done" {
		colour = red
	}
	up := len(l.known) - slices.Index(l.known, line)
	fmt.Fprintf(l.w, "\x1b[%dA\x1b[2K\r%-*s ... %s\r\x1b[%dB", up, l.width, line, paint(colour, outcome), up)
}

// write writes a text on lines of its own. They move the lines before them up. docker-compose does
// not consider this and redraws the wrong lines.
func (l *lines) write(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	io.WriteString(l.w, text+"\n")
	if len(l.known) > 0 {
		for range strings.Count(text, "\n") + 1 {
			l.known = append(l.known, "")
		}
	}
}

func (l *lines) status(string, string, string) {}

func (l *lines) info(text string) { l.write(text) }

func (l *lines) warn(text string) {
	if l.ansi {
		text = paint(yellow, "WARNING") + ": " + text
	}
	l.write(text)
}

func (l *lines) fail(text string) {
	if l.ansi {
		text = paint(red, "ERROR") + ": " + text
	}
	l.write(text)
}

func (l *lines) operation(string) {}
func (l *lines) attached()        {}
func (l *lines) flush()           {}

// task is an operation in parallel with others of its kind.
type task struct {
	name  string
	after []string // names of the tasks that must be done before
	do    func(ctx context.Context) error
	// failed is another test of a task that returned no error.
	failed func(ctx context.Context) bool
}

// errUpstream is the result of a task that was not done because another failed.
var errUpstream = errors.New("not done: a dependency failed")

// failure is the error of a task.
type failure struct {
	name string
	err  error
}

// parallel does all tasks, each as soon as its predecessors are done, and returns the failures in
// the order in which they occurred. The successors of a failed task are not done.
func (s *session) parallel(ctx context.Context, verb string, tasks []task) []failure {
	names := make([]string, len(tasks))
	done := make(map[string]chan struct{}, len(tasks))
	for i, t := range tasks {
		names[i] = t.name
		done[t.name] = make(chan struct{})
	}
	s.ui.begin(verb, names)

	var mu sync.Mutex
	failed := map[string]bool{}
	var failures []failure
	slots := make(chan struct{}, parallelLimit)
	var wg sync.WaitGroup
	for _, t := range tasks {
		wg.Go(func() {
			defer close(done[t.name])
			upstream := false
			for _, name := range t.after {
				if other, ok := done[name]; ok && name != t.name {
					<-other
					mu.Lock()
					upstream = upstream || failed[name]
					mu.Unlock()
				}
			}
			err, outcome := error(errUpstream), "error"
			if !upstream {
				slots <- struct{}{}
				err = t.do(ctx)
				<-slots
				if err == nil {
					outcome = "done"
					if t.failed != nil && t.failed(ctx) {
						outcome = "failed"
					}
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed[t.name] = true
				if !errors.Is(err, errUpstream) {
					failures = append(failures, failure{t.name, err})
				}
			}
			if context.Cause(ctx) == nil {
				s.ui.end(verb, t.name, outcome)
			}
		})
	}
	wg.Wait()
	if context.Cause(ctx) != nil {
		return failures
	}
	for _, f := range failures {
		s.style.operations.taskFailed(s, f)
	}
	return failures
}

// parallelLimit is the number of tasks of one kind that run at the same time.
const parallelLimit = 64
