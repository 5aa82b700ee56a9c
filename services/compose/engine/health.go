package engine

import (
	"context"
	"strings"
	"time"
)

// health is the result of a container's probes for inspect.
type health struct {
	Status        string
	FailingStreak int
	Log           []probe
}

// probe is one result; Docker keeps the last five, with 4,096 bytes of output.
type probe struct {
	Start    time.Time
	End      time.Time
	ExitCode int
	Output   string
}

// prober runs the probes of one life of a container. The engine's mutex guards its
// state.
type prober struct {
	state health
}

// snapshot returns the results so far; nil for a container without probes.
func (p *prober) snapshot() *health {
	if p == nil {
		return nil
	}
	h := p.state
	h.Log = append([]probe{}, h.Log...)
	return &h
}

func (c *container) healthStatus() string {
	if c.run == nil || c.run.health == nil {
		return "none"
	}
	return c.run.health.state.Status
}

// beginProbes starts the probes of a container that has just been started. The
// caller holds e.mu.
func (e *Engine) beginProbes(ctx context.Context, c *container) {
	h := c.config.Healthcheck
	if h == nil || len(h.Test) < 2 {
		return
	}
	r := c.run
	r.health = &prober{state: health{Status: "starting"}}
	check := *h
	for _, d := range []struct {
		value *time.Duration
		usual time.Duration
	}{{&check.Interval, 30 * time.Second}, {&check.Timeout, 30 * time.Second}, {&check.StartInterval, 5 * time.Second}} {
		if *d.value == 0 {
			*d.value = d.usual
		}
	}
	if check.Retries == 0 {
		check.Retries = 3
	}
	cmd := e.command(c)
	cmd.argv = check.Test[1:]
	if check.Test[0] == "CMD-SHELL" {
		cmd.argv = []string{"/bin/sh", "-c", strings.Join(check.Test[1:], " ")}
	}
	e.tasks.Add(1) // the start belongs to a task already
	go func() {
		defer e.tasks.Done()
		e.probe(ctx, c, r, check, cmd)
	}()
}

// probe runs the command at intervals until the run is over.
func (e *Engine) probe(ctx context.Context, c *container, r *run, check healthcheck, cmd command) {
	begin := time.Now()
	for {
		e.mu.Lock()
		early := r.health.state.Status == "starting" && time.Since(begin) < check.StartPeriod
		e.mu.Unlock()
		interval := check.Interval
		if early {
			interval = min(interval, check.StartInterval)
		}
		timer := time.NewTimer(interval)
		select {
		case <-timer.C:
		case <-r.process.done:
			timer.Stop()
			return
		case <-e.closing:
			timer.Stop()
			return
		}
		result := e.probeOnce(ctx, check.Timeout, cmd)
		e.mu.Lock()
		if c.run == r {
			e.record(c, r.health, result, check.Retries, early)
		}
		e.mu.Unlock()
	}
}

func (e *Engine) probeOnce(ctx context.Context, timeout time.Duration, cmd command) probe {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ctx, cancel = e.until(ctx)
	defer cancel()
	result := probe{Start: time.Now()}
	code, text, err := e.capture(ctx, cmd, 4096)
	result.End, result.ExitCode, result.Output = time.Now(), code, text
	switch {
	case ctx.Err() != nil:
		result.ExitCode, result.Output = -1, "Health check exceeded timeout ("+timeout.String()+")"
	case err != nil:
		result.ExitCode, result.Output = -1, startError("OCI runtime exec failed", cmd.argv[0], err).Error()
	}
	return result
}

// record adds a result. Failures in the start period do not count. The caller holds e.mu.
func (e *Engine) record(c *container, p *prober, result probe, retries int, early bool) {
	h := &p.state
	h.Log = append(h.Log, result)
	if len(h.Log) > 5 {
		h.Log = h.Log[1:]
	}
	before := h.Status
	switch {
	case result.ExitCode == 0:
		h.Status, h.FailingStreak = "healthy", 0
	case early:
	default:
		h.FailingStreak++
		if h.FailingStreak >= retries {
			h.Status = "unhealthy"
		}
	}
	if h.Status != before {
		e.events.publish("container", "health_status: "+h.Status, c.id, c.attributes())
	}
}
