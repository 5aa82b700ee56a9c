package compose

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"text/template"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
)

// dockerList is a kind of list, such as that of `ps`.
type dockerList struct {
	kind    string // the type that the docker command names in errors of templates
	table   string // the template of the table
	headers map[string]string
}

// dockerRow is an element of a list: the fields of a template. Those whose names begin with a small
// letter are not shown in JSON.
type dockerRow map[string]any

// Label returns the value of a label, as templates ask for it.
func (r dockerRow) Label(name string) string {
	if labels, ok := r["labels"].(map[string]string); ok {
		return labels[name]
	}
	parts := strings.Split(name, ".") // the header
	return strings.NewReplacer("-", " ", "_", " ").Replace(parts[len(parts)-1])
}

// headerFunctions are those of templates for the line of headers, which no function alters.
var headerFunctions = template.FuncMap{
	"json":     func(s string) string { return s },
	"title":    func(s string) string { return s },
	"lower":    func(s string) string { return s },
	"upper":    func(s string) string { return s },
	"join":     func(s string, _ string) string { return s },
	"split":    func(s string, _ string) []string { return []string{s} },
	"truncate": func(s string, _ int) string { return s },
	"pad":      func(s string, _, _ int) string { return s },
}

// rowFunctions are those for the other lines.
func rowFunctions() template.FuncMap {
	f := maps.Clone(templateFunctions)
	f["title"] = func(s string) string { return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):] }
	f["truncate"] = func(s string, n int) string { return string([]rune(s)[:min(n, len([]rune(s)))]) }
	f["pad"] = func(s string, before, after int) string {
		if s == "" {
			return s
		}
		return strings.Repeat(" ", before) + s + strings.Repeat(" ", after)
	}
	return f
}

var noSuchField = expression(`map has no entry for key "(\w+)"`)

// print prints the rows in the format of --format.
func (l dockerList) print(d *docker, format string, rows []dockerRow) error {
	if format == "json" {
		for _, row := range rows {
			shown := dockerRow{}
			for name, value := range row {
				if name[0] < 'a' {
					shown[name] = value
				}
			}
			d.printf("%s\n", jsonText(map[string]any(shown)))
		}
		return nil
	}
	table := format == "table" || strings.HasPrefix(format, "table ")
	if format == "table" {
		format = l.table
	}
	format = strings.NewReplacer(`\t`, "\t", `\n`, "\n").Replace(strings.TrimSpace(strings.TrimPrefix(format, "table ")))
	var b strings.Builder
	execute := func(functions template.FuncMap, row dockerRow) error {
		t, err := template.New("").Funcs(functions).Option("missingkey=error").Parse(format)
		if err != nil {
			return errors.New("failed to parse template: " + err.Error())
		}
		if err := t.Execute(&b, row); err != nil {
			text := noSuchField().ReplaceAllString(err.Error(), "can't evaluate field $1 in type *formatter."+l.kind)
			return errors.New("failed to execute template: " + text)
		}
		b.WriteByte('\n')
		return nil
	}
	if table {
		headers := dockerRow{}
		for name, text := range l.headers {
			headers[name] = text
		}
		if err := execute(headerFunctions, headers); err != nil {
			return err
		}
	}
	for _, row := range rows {
		if err := execute(rowFunctions(), row); err != nil {
			return err
		}
	}
	if len(rows) == 0 && !table {
		if _, err := template.New("").Funcs(rowFunctions()).Parse(format); err != nil {
			return errors.New("failed to parse template: " + err.Error())
		}
	}
	if !table {
		d.printf("%s", b.String())
		return nil
	}
	w := tabwriter.NewWriter(d.Stdout, 10, 1, 3, ' ', 0)
	fmt.Fprint(w, b.String())
	return w.Flush()
}

// headersOf returns the headers of fields whose names say them, and the given others.
func headersOf(others map[string]string, names string) map[string]string {
	out := map[string]string{}
	for _, name := range strings.Fields(names) {
		out[name] = strings.ToUpper(name)
	}
	maps.Copy(out, others)
	return out
}

// dockerListCommands are the commands that print a list.
func dockerListCommands() []dockerCommand {
	formats := func(f *pflag.FlagSet) { f.String("format", "", tableHelp) }
	return []dockerCommand{
		{
			name: "ps", aliases: []string{"container ls", "container list", "container ps"}, usage: "[OPTIONS]", summary: "List containers",
			flags: func(f *pflag.FlagSet) {
				f.BoolP("all", "a", false, "Show all containers (default shows just running)")
				filterFlag(f, "Filter output based on conditions provided")
				formats(f)
				f.IntP("last", "n", -1, "Show n last created containers (includes all states)")
				f.BoolP("latest", "l", false, "Show the latest created container (includes all states)")
				f.Bool("no-trunc", false, "Don't truncate output")
				f.BoolP("quiet", "q", false, "Only display container IDs")
				f.BoolP("size", "s", false, "Display total file sizes")
			},
			run: dockerPs,
		},
		{
			name: "images", aliases: []string{"image ls", "image list"}, usage: "[OPTIONS] [REPOSITORY[:TAG]]", summary: "List images", max: 1,
			flags: func(f *pflag.FlagSet) {
				f.BoolP("all", "a", false, "Show all images (default hides intermediate images)")
				f.Bool("digests", false, "Show digests")
				filterFlag(f, "Filter output based on conditions provided")
				formats(f)
				f.Bool("no-trunc", false, "Don't truncate output")
				f.BoolP("quiet", "q", false, "Only show image IDs")
			},
			run: dockerImages,
		},
		{
			name: "network ls", aliases: []string{"network list"}, usage: "[OPTIONS]", summary: "List networks",
			flags: func(f *pflag.FlagSet) {
				filterFlag(f, "Provide filter values (e.g. \"driver=bridge\")")
				formats(f)
				f.Bool("no-trunc", false, "Do not truncate the output")
				f.BoolP("quiet", "q", false, "Only display network IDs")
			},
			run: dockerNetworks,
		},
		{
			name: "volume ls", aliases: []string{"volume list"}, usage: "[OPTIONS]", summary: "List volumes",
			flags: func(f *pflag.FlagSet) {
				filterFlag(f, "Provide filter values (e.g. \"dangling=true\")")
				formats(f)
				f.BoolP("quiet", "q", false, "Only display volume names")
			},
			run: dockerVolumes,
		},
		{
			name: "stats", aliases: []string{"container stats"}, usage: "[OPTIONS] [CONTAINER...]", max: -1,
			summary: "Display a live stream of container(s) resource usage statistics",
			flags: func(f *pflag.FlagSet) {
				f.BoolP("all", "a", false, "Show all containers (default shows just running)")
				formats(f)
				f.Bool("no-stream", false, "Disable streaming stats and only pull the first result")
				f.Bool("no-trunc", false, "Do not truncate output")
			},
			run: dockerStats,
		},
	}
}

// format is the value of --format, or what stands for it.
func (d *docker) format() string {
	switch format := d.text("format"); {
	case format != "" && format != "table":
		return format
	case d.flags.Lookup("quiet") != nil && d.on("quiet"):
		return "quiet"
	}
	return "table"
}

// short is an ID as lists show it.
func (d *docker) short(id string) string {
	if d.on("no-trunc") {
		return id
	}
	_, hex, ok := strings.Cut(id, ":")
	if !ok {
		hex = id
	}
	return hex[:min(12, len(hex))]
}

func dockerPs(ctx context.Context, d *docker) error {
	values := url.Values{}
	last, _ := d.flags.GetInt("last")
	if d.on("latest") && !d.flags.Changed("last") {
		last = 1
	}
	if last > 0 {
		values.Set("limit", strconv.Itoa(last))
	}
	if d.on("all") {
		values.Set("all", "1")
	}
	if d.on("size") || strings.Contains(d.text("format"), ".Size") {
		values.Set("size", "1")
	}
	if f := d.filters(); len(f) > 0 {
		values.Set("filters", filters(f))
	}
	var found []struct {
		summary
		SizeRw, SizeRootFs int64
		Mounts             []struct{ Type, Name, Source string }
		NetworkSettings    struct{ Networks map[string]struct{} }
	}
	if err := d.client.get(ctx, "/containers/json", values, &found); err != nil {
		return err
	}
	var rows []dockerRow
	for _, c := range found {
		if d.format() == "quiet" {
			d.printf("%s\n", d.short(c.ID))
			continue
		}
		command, image := c.Command, c.Image
		if !d.on("no-trunc") {
			command = ellipsis(command, 20)
			if strings.HasPrefix(image, "sha256:") {
				image = d.short(image)
			}
		}
		var names, mounts []string
		volumes := 0
		for _, name := range c.Names {
			if name = strings.TrimPrefix(name, "/"); !strings.Contains(name, "/") || d.on("no-trunc") {
				names = append(names, name)
			}
		}
		for _, m := range c.Mounts {
			name := m.Source
			if m.Name != "" {
				name = m.Name
			}
			if m.Type == "volume" {
				volumes++
			}
			if !d.on("no-trunc") {
				name = ellipsis(name, 15)
			}
			mounts = append(mounts, name)
		}
		size := units.HumanSizeWithPrecision(float64(c.SizeRw), 3)
		if c.SizeRootFs > 0 {
			size += " (virtual " + units.HumanSizeWithPrecision(float64(c.SizeRootFs), 3) + ")"
		}
		made := time.Unix(c.Created, 0)
		rows = append(rows, dockerRow{
			"ID": d.short(c.ID), "Names": strings.Join(names, ","), "Image": image, "Command": strconv.Quote(command),
			"CreatedAt": made.String(), "RunningFor": ago(time.Since(made)), "Ports": published(c.Ports), "State": c.State, "Status": c.Status,
			"Size": size, "Labels": joinLabels(c.Labels), "labels": c.Labels, "Mounts": strings.Join(mounts, ","),
			"LocalVolumes": strconv.Itoa(volumes), "Networks": strings.Join(slices.Sorted(maps.Keys(c.NetworkSettings.Networks)), ","),
			"Platform": nil,
		})
	}
	table := "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"
	if d.on("size") {
		table += "\t{{.Size}}"
	}
	if d.format() == "quiet" {
		return nil
	}
	return dockerList{"ContainerContext", table, headersOf(map[string]string{
		"ID": "CONTAINER ID", "RunningFor": "CREATED", "CreatedAt": "CREATED AT", "LocalVolumes": "LOCAL VOLUMES",
	}, "Names Image Command Ports State Status Size Labels Mounts Networks Platform")}.print(d, d.format(), rows)
}

func joinLabels(labels map[string]string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		pairs = append(pairs, name+"="+labels[name])
	}
	return strings.Join(pairs, ",")
}

func dockerImages(ctx context.Context, d *docker) error {
	f := d.filters()
	if len(d.args) > 0 {
		f["reference"] = append(f["reference"], d.args[0])
	}
	values := url.Values{}
	if len(f) > 0 {
		values.Set("filters", filters(f))
	}
	if d.on("all") {
		values.Set("all", "1")
	}
	var found []struct {
		ID                    string `json:"Id"`
		RepoTags, RepoDigests []string
		Created, Size         int64
		Containers            int64
	}
	if err := d.client.get(ctx, "/images/json", values, &found); err != nil {
		return err
	}
	const none = "<none>"
	var rows []dockerRow
	for _, img := range found {
		digest := none
		for _, name := range img.RepoDigests {
			if _, d, ok := strings.Cut(name, "@"); ok && !strings.HasPrefix(name, none) {
				digest = d
			}
		}
		tags := slices.DeleteFunc(slices.Clone(img.RepoTags), func(tag string) bool { return tag == none+":"+none })
		if len(tags) == 0 {
			tags = []string{none + ":" + none}
		}
		containers := "N/A"
		if img.Containers >= 0 {
			containers = strconv.FormatInt(img.Containers, 10)
		}
		for _, name := range tags {
			repository, tag := splitTag(name)
			if d.format() == "quiet" {
				d.printf("%s\n", d.short(img.ID))
				continue
			}
			made := time.Unix(img.Created, 0)
			rows = append(rows, dockerRow{
				"ID": d.short(img.ID), "Repository": repository, "Tag": tag, "Digest": digest, "CreatedSince": ago(time.Since(made)),
				"CreatedAt": made.String(), "Size": units.HumanSizeWithPrecision(float64(img.Size), 3), "Containers": containers,
				"VirtualSize": units.HumanSize(float64(img.Size)), "SharedSize": "N/A", "UniqueSize": "N/A",
			})
		}
	}
	if d.format() == "quiet" {
		return nil
	}
	table := "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
	if d.on("digests") {
		table = "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
	}
	return dockerList{"ImageContext", table, headersOf(map[string]string{
		"ID": "IMAGE ID", "CreatedSince": "CREATED", "CreatedAt": "CREATED AT", "VirtualSize": "SIZE", "SharedSize": "SHARED SIZE",
		"UniqueSize": "UNIQUE SIZE",
	}, "Repository Tag Digest Size Containers")}.print(d, d.format(), rows)
}

func dockerNetworks(ctx context.Context, d *docker) error {
	values := url.Values{}
	if f := d.filters(); len(f) > 0 {
		values.Set("filters", filters(f))
	}
	type network struct {
		Name, ID, Driver, Scope string
		Created                 time.Time
		Labels                  map[string]string
		Internal, EnableIPv6    bool
		EnableIPv4              *bool
	}
	var found []network
	if err := d.client.get(ctx, "/networks", values, &found); err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b network) int { return strings.Compare(a.Name, b.Name) })
	var rows []dockerRow
	for _, n := range found {
		if d.format() == "quiet" {
			d.printf("%s\n", d.short(n.ID))
			continue
		}
		rows = append(rows, dockerRow{
			"ID": d.short(n.ID), "Name": n.Name, "Driver": n.Driver, "Scope": n.Scope, "CreatedAt": n.Created.String(),
			"Labels": joinLabels(n.Labels), "labels": n.Labels, "Internal": strconv.FormatBool(n.Internal),
			"IPv4": strconv.FormatBool(n.EnableIPv4 == nil || *n.EnableIPv4), "IPv6": strconv.FormatBool(n.EnableIPv6),
		})
	}
	if d.format() == "quiet" {
		return nil
	}
	return dockerList{"networkContext", "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}", headersOf(map[string]string{
		"ID": "NETWORK ID", "CreatedAt": "CREATED AT",
	}, "Name Driver Scope Labels Internal IPv4 IPv6")}.print(d, d.format(), rows)
}

func dockerVolumes(ctx context.Context, d *docker) error {
	values := url.Values{}
	if f := d.filters(); len(f) > 0 {
		values.Set("filters", filters(f))
	}
	var found struct {
		Volumes []struct {
			Name, Driver, Mountpoint, Scope string
			Labels                          map[string]string
		}
	}
	if err := d.client.get(ctx, "/volumes", values, &found); err != nil {
		return err
	}
	var rows []dockerRow
	for _, v := range found.Volumes {
		rows = append(rows, dockerRow{
			"Name": v.Name, "Driver": v.Driver, "Mountpoint": v.Mountpoint, "Scope": v.Scope, "Labels": joinLabels(v.Labels), "labels": v.Labels,
			"Availability": "N/A", "Group": "N/A", "Links": "N/A", "Size": "N/A", "Status": "N/A",
		})
	}
	slices.SortFunc(rows, func(a, b dockerRow) int { return strings.Compare(a["Name"].(string), b["Name"].(string)) })
	if d.format() == "quiet" {
		for _, row := range rows {
			d.printf("%s\n", row["Name"])
		}
		return nil
	}
	return dockerList{"volumeContext", "{{.Driver}}\t{{.Name}}", headersOf(map[string]string{"Name": "VOLUME NAME"},
		"Driver Mountpoint Scope Labels Availability Group Links Size Status")}.print(d, d.format(), rows)
}

// usage is an answer of GET /containers/{id}/stats.
type usage struct {
	ID, Name string
	CPU      cpuTime `json:"cpu_stats"`
	PreCPU   cpuTime `json:"precpu_stats"`
	Memory   struct {
		Usage, Limit float64
		Stats        map[string]float64
	} `json:"memory_stats"`
	Pids     struct{ Current int } `json:"pids_stats"`
	Networks map[string]struct {
		Received float64 `json:"rx_bytes"`
		Sent     float64 `json:"tx_bytes"`
	}
	Block struct {
		Bytes []struct {
			Op    string
			Value float64
		} `json:"io_service_bytes_recursive"`
	} `json:"blkio_stats"`
}

type cpuTime struct {
	Usage struct {
		Total float64 `json:"total_usage"`
	} `json:"cpu_usage"`
	System float64 `json:"system_cpu_usage"`
	Online float64 `json:"online_cpus"`
}

// row returns the fields of `stats` for a container that was asked for by a name.
func (u *usage) row(d *docker, name string) dockerRow {
	percent := 0.0
	if used, passed := u.CPU.Usage.Total-u.PreCPU.Usage.Total, u.CPU.System-u.PreCPU.System; used > 0 && passed > 0 {
		percent = used / passed * u.CPU.Online * 100
	}
	memory := u.Memory.Usage
	for _, cache := range []string{"total_inactive_file", "inactive_file"} { // cgroup v1 and v2
		if n, ok := u.Memory.Stats[cache]; ok && n < memory {
			memory -= n
			break
		}
	}
	share := 0.0
	if u.Memory.Limit > 0 {
		share = memory / u.Memory.Limit * 100
	}
	var received, sent, read, written float64
	for _, n := range u.Networks {
		received, sent = received+n.Received, sent+n.Sent
	}
	for _, b := range u.Block.Bytes {
		switch strings.ToLower(b.Op) {
		case "read":
			read += b.Value
		case "write":
			written += b.Value
		}
	}
	pair := func(a, b float64) string {
		return units.HumanSizeWithPrecision(a, 3) + " / " + units.HumanSizeWithPrecision(b, 3)
	}
	return dockerRow{
		"Container": name, "ID": d.short(u.ID), "Name": strings.TrimPrefix(u.Name, "/"), "CPUPerc": fmt.Sprintf("%.2f%%", percent),
		"MemUsage": units.BytesSize(memory) + " / " + units.BytesSize(u.Memory.Limit), "MemPerc": fmt.Sprintf("%.2f%%", share),
		"NetIO": pair(received, sent), "BlockIO": pair(read, written), "PIDs": strconv.Itoa(u.Pids.Current),
	}
}

// dockerStats is `stats`. The engine measures over about a second, so that each round takes as long.
func dockerStats(ctx context.Context, d *docker) error {
	table := "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}"
	view := dockerList{"statsContext", table, headersOf(map[string]string{
		"ID": "CONTAINER ID", "CPUPerc": "CPU %", "MemUsage": "MEM USAGE / LIMIT", "MemPerc": "MEM %", "NetIO": "NET I/O", "BlockIO": "BLOCK I/O",
	}, "Container Name PIDs")}
	rounds := time.NewTicker(time.Second)
	defer rounds.Stop()
	for first := true; ; first = false {
		rows, err := d.usages(ctx, first && !d.on("no-stream"))
		if err != nil {
			return err
		}
		if d.on("no-stream") {
			return view.print(d, d.format(), rows)
		}
		var b strings.Builder
		if err := view.print(&docker{session: &session{Streams: Streams{Stdout: &b}}}, d.format(), rows); err != nil {
			return err
		}
		d.printf("\x1b[H%s\x1b[J", strings.ReplaceAll(b.String(), "\n", "\x1b[K\n"))
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-rounds.C:
		}
	}
}

// usages asks for the figures of the named containers, or of all that run. Without waiting for them,
// they are unknown.
func (d *docker) usages(ctx context.Context, unknown bool) ([]dockerRow, error) {
	names := slices.Clone(d.args)
	if len(names) == 0 {
		values := url.Values{}
		if d.on("all") {
			values.Set("all", "1")
		}
		var found []summary
		if err := d.client.get(ctx, "/containers/json", values, &found); err != nil {
			return nil, err
		}
		for _, c := range found {
			names = append(names, c.ID)
		}
	}
	rows := make([]dockerRow, len(names))
	all, limited := errgroup.WithContext(ctx)
	for i, name := range names {
		all.Go(func() error {
			values := url.Values{"stream": {"0"}}
			if unknown {
				values.Set("one-shot", "1")
			}
			var u usage
			err := d.client.get(limited, "/containers/"+name+"/stats", values, &u)
			if notFound(err) && len(d.args) == 0 {
				return nil // it has been removed meanwhile
			}
			rows[i] = u.row(d, name)
			if unknown {
				maps.Copy(rows[i], dockerRow{
					"CPUPerc": "--", "MemPerc": "--", "PIDs": "--", "MemUsage": "-- / --", "NetIO": "-- / --", "BlockIO": "-- / --",
				})
			}
			return err
		})
	}
	err := all.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	return slices.DeleteFunc(rows, func(r dockerRow) bool { return r == nil }), err
}
