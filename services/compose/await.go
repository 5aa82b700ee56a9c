package compose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"golang.org/x/sync/errgroup"
)

// settling is how long a container without a health check must run to count as up, as in Docker
// Compose v5.
const settling = 500 * time.Millisecond

// runningOrHealthy is the condition of `up --wait`, beside those of the file.
const runningOrHealthy = "running_or_healthy"

// unmet says why a container will not meet a condition.
type unmet struct {
	c         *container
	condition string
	reason    reason
}

type reason int

const (
	exited    reason = iota // with a status that State.ExitCode says
	unhealthy               // its checks failed
	unchecked               // it has no health check
)

// Error is the text of docker-compose 1.29.2.
func (e *unmet) Error() string {
	short := e.c.id[:min(12, len(e.c.id))]
	switch e.reason {
	case unhealthy:
		return fmt.Sprintf("Container %q is unhealthy.", short)
	case unchecked:
		return fmt.Sprintf("Service %q is missing a healthcheck configuration", e.c.service())
	}
	return fmt.Sprintf("Container for service %q exited with code %d.", short, e.c.State.ExitCode)
}

// text is the text of Docker Compose v5, without the service.
func (e *unmet) text() string {
	switch e.reason {
	case unhealthy:
		return fmt.Sprintf("container %s is unhealthy", e.c.name)
	case unchecked:
		return fmt.Sprintf("container %s has no healthcheck configured", e.c.name)
	}
	return fmt.Sprintf("container %s exited (%d)", e.c.name, e.c.State.ExitCode)
}

// conditions waits until the dependencies of a service meet the service's conditions.
func (s *session) conditions(ctx context.Context, svc types.ServiceConfig, up []types.ServiceConfig) error {
	enabled := map[string]bool{}
	for _, u := range up {
		enabled[u.Name] = true
	}
	all, ctx := errgroup.WithContext(ctx)
	for _, name := range dependencies(svc) {
		d := svc.DependsOn[name]
		if d.Condition == types.ServiceConditionStarted || !enabled[name] {
			continue
		}
		if err := s.begins(ctx, name); err != nil {
			return errors.Join(err, all.Wait())
		}
		all.Go(func() error {
			err := s.await(ctx, name, d.Condition)
			if why := (*unmet)(nil); errors.As(err, &why) {
				return s.style.up.unmet(s, name, why, !d.Required)
			}
			return err
		})
	}
	return all.Wait()
}

// awaitAll waits until services are healthy, run if they have no health check, or have completed if
// another one waits for that.
func (s *session) awaitAll(ctx context.Context, services []types.ServiceConfig, patience time.Duration) error {
	limited, cancel := ctx, context.CancelFunc(func() {})
	if patience > 0 {
		limited, cancel = context.WithTimeout(ctx, patience)
	}
	defer cancel()
	all, waiting := errgroup.WithContext(limited)
	for _, svc := range services {
		condition := runningOrHealthy
		for _, other := range services {
			if other.DependsOn[svc.Name].Condition == types.ServiceConditionCompletedSuccessfully {
				condition = types.ServiceConditionCompletedSuccessfully
			}
		}
		if err := s.begins(limited, svc.Name); err != nil {
			return errors.Join(err, all.Wait())
		}
		all.Go(func() error {
			err := s.await(waiting, svc.Name, condition)
			why := (*unmet)(nil)
			switch {
			case errors.As(err, &why) && condition == runningOrHealthy:
				return errors.New(why.text())
			case errors.As(err, &why):
				return s.style.up.unmet(s, svc.Name, why, false)
			}
			return err
		})
	}
	err := all.Wait()
	if errors.Is(limited.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Errorf("application not healthy after %v", patience)
	}
	return err
}

// notRun matches the output of a health check that did not run: the engine's words, and those of shells.
var notRun = expression(`^OCI runtime exec failed: exec: "(.+)": (executable file not found|permission denied|no such file|exec format)|` +
	`(?m)^(?:\S*/)?(?:ba|da|a)?sh: (?:line )?(?:\d+: )?(.+?): (?:command )?(not found|Permission denied)$`)

// noteCheck notes once why an unhealthy container of the embedded engine is so, if the program of its health
// check is missing.
func (s *session) noteCheck(ctx context.Context, c *container) {
	embedded, err := s.embedded(ctx)
	if err != nil || !embedded || c.State.Health == nil || len(c.State.Health.Log) == 0 {
		return
	}
	m := notRun().FindStringSubmatch(c.State.Health.Log[len(c.State.Health.Log)-1].Output)
	if m == nil {
		return
	}
	if _, again := s.noted.LoadOrStore(c.service(), true); again {
		return
	}
	why := "is missing on this machine"
	switch cmp.Or(m[2], m[4]) {
	case "permission denied", "Permission denied":
		why = "may not be executed"
	case "no such file": // it is there
		why = "names an interpreter that is missing on this machine"
	case "exec format":
		why = "is neither a program nor a script that names its interpreter"
	}
	s.ui.warn(fmt.Sprintf("%s: its health check cannot run: %s %s", c.service(), cmp.Or(m[1], m[3]), why))
}

// begins reports that the containers of a service are waited for.
func (s *session) begins(ctx context.Context, name string) error {
	containers, err := s.containers(ctx, query{services: []string{name}, all: true})
	s.report(containers, "Waiting")
	return err
}

// await waits until all containers of a service meet a condition. It checks again at each of their
// events. The error is an *unmet if one of them will not.
func (s *session) await(ctx context.Context, name, condition string) error {
	events, stop, err := s.events(ctx, time.Now(), []string{name})
	if err != nil {
		return err
	}
	defer stop()
	var settled <-chan time.Time
	if condition == runningOrHealthy {
		timer := time.NewTimer(settling)
		defer timer.Stop()
		settled = timer.C
	}
	for {
		containers, err := s.containers(ctx, query{services: []string{name}, all: true})
		if err != nil {
			return err
		}
		met := true
		for _, c := range containers {
			ok, err := meets(c, condition)
			if err != nil {
				s.noteCheck(ctx, c)
				return err
			}
			met = met && ok && (settled == nil || c.State.Health != nil)
		}
		if met && condition == types.ServiceConditionCompletedSuccessfully {
			s.report(containers, "Exited")
			return nil
		}
		if met {
			s.report(containers, "Healthy")
			return nil
		}
		select {
		case <-settled:
			settled = nil
		case _, ok := <-events:
			if !ok {
				return cmp.Or(context.Cause(ctx), errors.New("the engine ended the stream of events"))
			}
		}
	}
}

// report reports a state of containers.
func (s *session) report(containers []*container, state string) {
	for _, c := range containers {
		s.ui.status("Container", c.name, state)
	}
}

// meets reports whether a container meets a condition; an error is an *unmet.
func meets(c *container, condition string) (bool, error) {
	ended := c.State.Status == "exited"
	switch {
	case condition == types.ServiceConditionCompletedSuccessfully && ended && c.State.ExitCode != 0,
		condition != types.ServiceConditionCompletedSuccessfully && ended:
		return false, &unmet{c, condition, exited}
	case condition == types.ServiceConditionCompletedSuccessfully:
		return ended, nil
	case c.State.Health == nil && condition == runningOrHealthy:
		return c.State.Running, nil
	case c.State.Health == nil:
		return false, &unmet{c, condition, unchecked}
	case c.State.Health.Status == "unhealthy":
		return false, &unmet{c, condition, unhealthy}
	}
	return c.State.Health.Status == "healthy", nil
}
