package engine

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The labels by which a client marks a container as a process of the machine rather than of an
// image. It opens its ports by itself, and a client can wait until it is ready.
const (
	processLabel = "workshop.process"
	readyLabel   = "workshop.ready"
)

// readyWhen is the value of readyLabel. The start of the container is answered when all given
// conditions hold.
type readyWhen struct {
	Log     string        // a text in its output
	Port    int           // a port that answers
	Timeout time.Duration // 0 means 30 s
}

// readiness is the condition for answering the start of a container. The zero value is no
// condition.
type readiness struct {
	readyWhen
	run    *run
	own    *address // of the port, even if it is not declared; nil if the container has no place
	name   string
	output *output
	sink   *sink
}

// startReady starts a container's process, and returns the condition to wait for after the caller
// has released e.mu.
func (e *Engine) startReady(ctx context.Context, c *container) (*readiness, error) {
	r := &readiness{name: c.name, output: c.output}
	if text := c.config.Labels[readyLabel]; text != "" {
		if err := json.Unmarshal([]byte(text), &r.readyWhen); err != nil {
			return nil, badRequest("invalid label %s: %v", readyLabel, err)
		}
	}
	if port := portName(strconv.Itoa(r.Port)); r.Port != 0 && e.places == nil && !slices.Contains(c.portNames(), port) {
		return nil, badRequest("%s is ready when port %d answers, which is none of its ports: add it to the ports of the service, or to "+
			"those that it exposes", c.name, r.Port)
	}
	if r.Timeout <= 0 {
		r.Timeout = 30 * time.Second
	}
	if r.Log != "" {
		r.sink, _ = c.output.attach(true, true) // before it can write anything
	}
	if err := e.startRun(ctx, c); err != nil {
		if r.sink != nil {
			c.output.remove(r.sink)
		}
		return nil, err
	}
	r.run = c.run
	if r.run.place != nil {
		r.own = r.run.address(c, strconv.Itoa(r.Port))
	}
	return r, nil
}

// done waits until the condition holds. A process that is not ready in time is killed.
func (r *readiness) done(ctx context.Context) error {
	if r.sink != nil {
		defer r.output.remove(r.sink)
	}
	if r.Log == "" && r.Port == 0 {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	over, stop := context.WithCancel(limited)
	defer stop()
	go func() { // the end of the process also ends the wait
		select {
		case <-r.run.process.done:
			stop()
		case <-over.Done():
		}
	}()
	missing := ""
	if r.Log != "" && !r.logged(over) {
		missing = "it has not written " + quote(r.Log)
	} else if r.Port != 0 && !r.answers(over) {
		missing = "its port does not answer"
	}
	switch {
	case missing == "":
		return nil
	case limited.Err() == nil:
		<-r.run.process.done
		return fail(http.StatusInternalServerError, "%s ended with status %d before it was ready", r.name, r.run.process.code)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	r.run.process.kill()
	return fail(http.StatusInternalServerError, "%s is not ready after %v: %s", r.name, r.Timeout, missing)
}

func quote(s string) string { return `"` + s + `"` }

// logged reports whether the text appeared before the context ended.
func (r *readiness) logged(ctx context.Context) bool {
	var seen [3]string // by stream: a possible beginning of the text
	for chunks := r.sink.pop(ctx); len(chunks) > 0; chunks = r.sink.pop(ctx) {
		for _, c := range chunks {
			text := seen[c.stream] + string(c.data)
			if strings.Contains(text, r.Log) {
				return true
			}
			seen[c.stream] = text[max(0, len(text)-len(r.Log)+1):]
		}
	}
	return false
}

// answers reports whether the port could be reached before the context ended. No event reports that
// another process listens, so it tries at growing intervals.
func (r *readiness) answers(ctx context.Context) bool {
	a := r.run.ports[portName(strconv.Itoa(r.Port))]
	if a == nil {
		a = r.own
	}
	for pause := 5 * time.Millisecond; a != nil; pause = min(2*pause, 200*time.Millisecond) {
		conn, err := a.dial(ctx)
		if err == nil {
			conn.Close()
			return true
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
	return false
}
