package compose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/docker/go-units"
	"github.com/mattn/go-runewidth"
)

// psLook prints the output of `ps`.
type psLook interface {
	// queries select the containers that are passed to print.
	queries(opts options) ([]query, error)
	print(s *session, opts options, containers []*container) error
}

func ps(ctx context.Context, s *session, opts options) error {
	queries, err := s.style.ps.queries(opts)
	if err != nil {
		return err
	}
	var all []*container
	for _, q := range queries {
		containers, err := s.containers(ctx, q)
		if err != nil {
			return err
		}
		all = append(all, containers...)
	}
	return s.style.ps.print(s, opts, all)
}

type (
	v1Ps struct{}
	v5Ps struct{}
)

func (v1Ps) queries(opts options) ([]query, error) {
	switch filter := opts.value("filter", ""); {
	case opts.has("quiet") && opts.has("services"):
		return nil, errors.New("--quiet and --services cannot be combined")
	case !opts.has("services"):
		return []query{
			{services: opts.args, all: true},
			{services: opts.args, oneOffs: onlyOneOffs, all: opts.has("all")},
		}, nil
	case filter != "" && !strings.Contains(filter, "="):
		return nil, errors.New("Arguments to --filter should be in form KEY=VAL")
	case strings.HasPrefix(filter, "status="):
		return []query{{all: true}}, nil
	}
	return nil, nil
}

func (v1Ps) print(s *session, opts options, containers []*container) error {
	if opts.has("services") {
		list, err := v1Filter(s.project, opts.value("filter", ""), containers)
		if err == nil {
			s.printf("%s\n", strings.Join(list, "\n"))
		}
		return err
	}
	slices.SortFunc(containers, byName)
	if opts.has("quiet") {
		for _, c := range containers {
			s.printf("%s\n", c.id)
		}
		return nil
	}
	var rows [][]string
	for _, c := range containers {
		command := strings.Join(append(slices.Clone(c.Config.Entrypoint), c.Config.Cmd...), " ")
		if len(command) > 30 {
			command = command[:26] + " ..."
		}
		rows = append(rows, []string{c.name, command, v1State(c), v1Ports(c)})
	}
	s.printf("%s", textTable([]string{"Name", "Command", "State", "Ports"}, rows, s.width(unlimited)))
	return nil
}

// v1Filter returns the services with a property, which is given as KEY=VALUE.
func v1Filter(p *Project, filter string, containers []*container) ([]string, error) {
	states := map[string]func(*container) bool{
		"running":    func(c *container) bool { return c.State.Running },
		"stopped":    func(c *container) bool { return !c.State.Running },
		"paused":     func(c *container) bool { return c.State.Paused },
		"restarting": func(c *container) bool { return c.State.Restarting },
	}
	key, value, _ := strings.Cut(filter, "=")
	var out []string
	for _, name := range p.Order {
		svc, _ := p.service(name)
		keep := true
		switch {
		case key == "":
		case key == "source" && value == "build":
			keep = svc.Build != nil
		case key == "source" && value == "image":
			keep = svc.Image != ""
		case key == "status" && states[value] != nil:
			keep = slices.ContainsFunc(containers, func(c *container) bool { return c.service() == name && states[value](c) })
		default:
			return nil, fmt.Errorf("Invalid filter: %s", filter)
		}
		if keep {
			out = append(out, name)
		}
	}
	return out, nil
}

func v1State(c *container) string {
	switch {
	case c.State.Paused:
		return "Paused"
	case c.State.Restarting:
		return "Restarting"
	case !c.State.Running:
		return "Exit " + strconv.Itoa(c.State.ExitCode)
	case c.State.Health != nil && c.State.Health.Status == "starting":
		return "Up (health: starting)"
	case c.State.Health != nil && c.State.Health.Status != "":
		return "Up (" + c.State.Health.Status + ")"
	}
	return "Up"
}

func v1Ports(c *container) string {
	var out []string
	for _, private := range slices.Sorted(maps.Keys(c.NetworkSettings.Ports)) {
		bindings := c.NetworkSettings.Ports[private]
		if len(bindings) == 0 {
			out = append(out, private)
			continue
		}
		var each []string
		for _, b := range bindings {
			each = append(each, b.HostIP+":"+b.HostPort+"->"+private)
		}
		out = append(out, strings.Join(each, ","))
	}
	return strings.Join(out, ", ")
}

func (v5Ps) queries(opts options) ([]query, error) {
	all := opts.has("all")
	q := query{services: opts.args, all: all || opts.has("status"), orphans: true}
	if all {
		q.oneOffs = withOneOffs
	}
	return []query{q}, nil
}

func (v5Ps) print(s *session, opts options, containers []*container) error {
	if wanted := opts.values("status"); len(wanted) > 0 {
		containers = slices.DeleteFunc(containers, func(c *container) bool { return !slices.Contains(wanted, c.State.Status) })
	}
	if opts.has("quiet") {
		for _, c := range containers {
			s.printf("%s\n", c.id)
		}
		return nil
	}
	slices.SortFunc(containers, byName)
	if opts.has("services") {
		var list []string
		for _, c := range containers {
			if !slices.Contains(list, c.service()) {
				list = append(list, c.service())
			}
		}
		s.printf("%s\n", strings.Join(list, "\n"))
		return nil
	}
	switch format := opts.value("format", "table"); format {
	case "json":
		for _, c := range containers {
			s.printf("%s\n", jsonText(v5Container(c)))
		}
		return nil
	case "table":
	default:
		t, err := template.New("").Funcs(templateFunctions).Parse(strings.TrimPrefix(format, "table "))
		if err != nil {
			return fmt.Errorf("template parsing error: %w", err)
		}
		for _, c := range containers {
			if err := t.Execute(s.Stdout, v5Container(c)); err != nil {
				return fmt.Errorf("template parsing error: %w", err)
			}
			s.printf("\n")
		}
		return nil
	}
	var rows [][]string
	for _, c := range containers {
		rows = append(rows, []string{
			c.name, c.summary.Image, strconv.Quote(ellipsis(c.summary.Command, 20)), c.service(),
			ago(time.Since(time.Unix(c.summary.Created, 0))), c.summary.Status, published(c.summary.Ports),
		})
	}
	header := []string{"NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS"}
	s.printf("%s", columns(header, rows, 10, 3))
	return nil
}

// templateFunctions are the functions of the docker command's formats.
var templateFunctions = template.FuncMap{
	"json": jsonText, "join": strings.Join, "lower": strings.ToLower, "upper": strings.ToUpper, "split": strings.Split,
}

// v5Container is the data of a container for a format.
func v5Container(c *container) any {
	type publisher struct {
		URL           string
		TargetPort    int
		PublishedPort int
		Protocol      string
	}
	publishers := []publisher{}
	for _, p := range c.summary.Ports {
		publishers = append(publishers, publisher{p.IP, p.PrivatePort, p.PublicPort, p.Type})
	}
	health := ""
	if c.State.Health != nil {
		health = c.State.Health.Status
	}
	return struct {
		Command, CreatedAt         string
		ExitCode                   int
		Health, ID, Image, Name    string
		Names, Ports, Project      string
		Publishers                 []publisher
		RunningFor, Service, State string
		Status                     string
	}{
		strconv.Quote(ellipsis(c.summary.Command, 20)), time.Unix(c.summary.Created, 0).String(), c.State.ExitCode,
		health, c.id[:12], c.summary.Image, c.name, c.name, published(c.summary.Ports), c.Config.Labels[labelProject],
		publishers, ago(time.Since(time.Unix(c.summary.Created, 0))), c.service(), c.State.Status, c.summary.Status,
	}
}

func ellipsis(text string, width int) string { return runewidth.Truncate(text, width, "…") }

// ago words a duration as the docker command does: in its largest unit.
func ago(d time.Duration) string { return units.HumanDuration(d) + " ago" }

// published lists ports as the docker command does.
func published(ports []portSummary) string {
	ports = slices.Clone(ports)
	slices.SortFunc(ports, func(a, b portSummary) int {
		return cmp.Or(cmp.Compare(a.PrivatePort, b.PrivatePort), cmp.Compare(a.Type, b.Type),
			cmp.Compare(a.PublicPort, b.PublicPort), compareIP(a.IP, b.IP))
	})
	// Ports with the same number on both sides, and those that are not published, are shown as ranges.
	type group struct {
		ip, kind    string
		first, last int
	}
	var open []*group
	var out, others []string
	text := func(g *group) string {
		numbers := strconv.Itoa(g.first)
		if g.last > g.first {
			numbers += "-" + strconv.Itoa(g.last)
		}
		if g.ip != "" {
			numbers = net.JoinHostPort(g.ip, numbers) + "->" + numbers
		}
		return numbers + "/" + g.kind
	}
	for _, p := range ports {
		if p.IP != "" && p.PublicPort != p.PrivatePort {
			others = append(others, fmt.Sprintf("%s->%d/%s", net.JoinHostPort(p.IP, strconv.Itoa(p.PublicPort)), p.PrivatePort, p.Type))
			continue
		}
		i := slices.IndexFunc(open, func(g *group) bool { return g.ip == p.IP && g.kind == p.Type })
		switch {
		case i < 0:
			open = append(open, &group{p.IP, p.Type, p.PrivatePort, p.PrivatePort})
		case open[i].last+1 == p.PrivatePort:
			open[i].last++
		default:
			out = append(out, text(open[i]))
			open[i] = &group{p.IP, p.Type, p.PrivatePort, p.PrivatePort}
		}
	}
	for _, g := range open {
		out = append(out, text(g))
	}
	return strings.Join(append(out, others...), ", ")
}

// compareIP puts IPv4 before IPv6.
func compareIP(a, b string) int {
	return cmp.Or(cmp.Compare(strings.Count(a, ":"), strings.Count(b, ":")), cmp.Compare(a, b))
}
