package compose

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

// projectRow is a project in `ls`.
type projectRow struct {
	Name        string
	Status      string
	ConfigFiles string
}

// listProjects is `ls`.
func listProjects(ctx context.Context, s *session, opts options) error {
	var pattern *regexp.Regexp
	for _, f := range opts.values("filter") {
		key, value, ok := strings.Cut(f, "=")
		if !ok || key != "name" {
			return fmt.Errorf("invalid filter '%s'", key)
		}
		var err error
		if pattern, err = regexp.Compile(value); err != nil {
			return fmt.Errorf("invalid filter %q: %w", f, err)
		}
	}
	var err error
	if s.client, err = newClient(s.host()); err != nil {
		return err
	}
	values := url.Values{"filters": {filters(map[string][]string{"label": {labelProject, labelConfigFiles}})}}
	if opts.has("all") {
		values.Set("all", "1")
	}
	var list []summary
	if err := s.client.get(ctx, "/containers/json", values, &list); err != nil {
		return err
	}
	rows := projects(list)
	if pattern != nil {
		rows = slices.DeleteFunc(rows, func(r projectRow) bool { return !pattern.MatchString(r.Name) })
	}
	switch format := opts.value("format", "table"); {
	case opts.has("quiet"):
		for _, r := range rows {
			s.printf("%s\n", r.Name)
		}
	case format == "json":
		if rows == nil {
			rows = []projectRow{}
		}
		s.printf("%s\n", jsonText(rows))
	case format == "table":
		cells := make([][]string, len(rows))
		for i, r := range rows {
			cells[i] = []string{r.Name, r.Status, r.ConfigFiles}
		}
		s.printf("%s", columns([]string{"NAME", "STATUS", "CONFIG FILES"}, cells, 20, 3))
	default:
		return fmt.Errorf("format value %q could not be parsed: parsing failed", format)
	}
	return nil
}

// projects gathers containers by their project, in the order of the names.
func projects(list []summary) (rows []projectRow) {
	byProject := map[string][]summary{}
	for _, c := range list {
		name := c.Labels[labelProject]
		byProject[name] = append(byProject[name], c)
	}
	for name, containers := range byProject {
		states, files := map[string]int{}, ""
		for _, c := range containers {
			states[c.State]++
			files = c.Labels[labelConfigFiles]
		}
		var parts []string
		for state, n := range states {
			parts = append(parts, fmt.Sprintf("%s(%d)", state, n))
		}
		slices.Sort(parts)
		rows = append(rows, projectRow{name, strings.Join(parts, ", "), files})
	}
	slices.SortFunc(rows, func(a, b projectRow) int { return strings.Compare(a.Name, b.Name) })
	return rows
}

// errOneEnded ends the waiting for the other containers.
var errOneEnded = errors.New("a container has ended")

// waitCommand is `wait`.
func waitCommand(ctx context.Context, s *session, opts options) error {
	containers, err := s.containers(ctx, query{services: opts.args, all: true, unknown: true})
	if err != nil {
		return err
	}
	if len(containers) == 0 {
		return fmt.Errorf("no containers for project %q", s.project.Name)
	}
	var mu sync.Mutex
	status := 0
	all, waiting := errgroup.WithContext(ctx)
	for _, c := range containers {
		all.Go(func() error {
			var ended struct{ StatusCode int }
			if err := s.client.post(waiting, "/containers/"+c.id+"/wait", nil, nil, &ended); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			status = ended.StatusCode
			s.printf("container %q exited with status code %d\n", c.id, status)
			if opts.has("down-project") {
				return errOneEnded
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil && !errors.Is(err, errOneEnded) {
		return err
	}
	if opts.has("down-project") {
		if err := down(ctx, s, options{flags: map[string][]string{}}); err != nil {
			return err
		}
	}
	if status != 0 {
		return exitError(status)
	}
	return nil
}
