package engine

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ids and addresses vary.
var ids = regexp.MustCompile(`[0-9a-f]{64}`)

func TestRefusals(t *testing.T) {
	c := startEngine(t)
	id := c.create("made", []string{"say"})
	c.running("up", "up", []string{"stubborn"})
	c.do("POST /networks/create", object{"Name": "net"})
	workshop := func(more object) object {
		more["Image"] = "workshop"
		more["Cmd"] = []string{"say"}
		return more
	}
	host := func(more object) object { return workshop(object{"HostConfig": more}) }
	tests := map[string]struct {
		request string
		body    any
		status  int
		message string
	}{
		"unknown endpoint": {"POST /swarm/init", nil, 501, "POST /swarm/init is not supported by the embedded engine"},
		"unknown version":  {"GET /v1.99/version", nil, 400, "client version 1.99 is too new. Maximum supported API version is 1.47"},
		"old version": {
			"GET /v1.12/version", nil, 400,
			"client version 1.12 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version",
		},
		"wrong JSON":     {"POST /containers/create", "{", 400, "invalid JSON: unexpected EOF"},
		"unknown filter": {"GET /containers/json?" + query(object{"colour": []string{"red"}}), nil, 400, "Invalid filter 'colour'"},
		"wrong filters": {
			"GET /containers/json?filters=x", nil, 400,
			"invalid filters: invalid character 'x' looking for beginning of value",
		},
		"no container":       {"GET /containers/nosuch/json", nil, 404, "No such container: nosuch"},
		"no network":         {"GET /networks/nosuch", nil, 404, "network nosuch not found"},
		"no volume":          {"GET /volumes/nosuch", nil, 404, "get nosuch: no such volume"},
		"no image":           {"GET /images/nosuch/json", nil, 404, "No such image: nosuch:latest"},
		"no exec":            {"GET /exec/nosuch/json", nil, 404, "No such exec instance: nosuch"},
		"image with path":    {"GET /images/a/b/c:1/json", nil, 404, "No such image: a/b/c:1"},
		"create of no image": {"POST /containers/create", object{"Image": "python:alpine"}, 404, "No such image: python:alpine"},
		"taken name": {
			"POST /containers/create?name=made", workshop(object{}), 409,
			`Conflict. The container name "/made" is already in use by container "ID". ` +
				`You have to remove (or rename) that container to be able to reuse that name.`,
		},
		"wrong name": {
			"POST /containers/create?name=a%20b", workshop(object{}), 400,
			"Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
		},
		"no command":      {"POST /containers/create", object{"Image": "workshop"}, 400, "no command specified"},
		"unknown network": {"POST /containers/create", host(object{"NetworkMode": "nosuch"}), 404, "network nosuch not found"},
		"privileged": {
			"POST /containers/create", host(object{"Privileged": true}), 400,
			"HostConfig.Privileged true is not supported by the embedded engine: its containers are ordinary processes",
		},
		"bind": {
			"POST /containers/create", host(object{"Binds": []string{"/a:/b"}}), 400,
			`HostConfig.Binds ["/a:/b"] is not supported by the embedded engine: ` +
				`its containers see the files of the machine; COPY what a service needs into its image`,
		},
		"bind of nothing": {
			"POST /containers/create", workshop(object{
				"Labels": object{processLabel: "web"}, "Cmd": []string{"say"}, "HostConfig": object{"Binds": []string{"/nosuch/place:/b"}},
			}), 400,
			`invalid mount config for type "bind": bind source path does not exist: /nosuch/place`,
		},
		"memory": {
			"POST /containers/create", host(object{"Memory": 1000}), 400, "Minimum memory limit allowed is 6MB",
		},
		"swap below memory": {
			"POST /containers/create", host(object{"Memory": 9 << 20, "MemorySwap": 8 << 20}), 400,
			"Minimum memoryswap limit should be larger than memory limit, see usage",
		},
		"swap only": {
			"POST /containers/create", host(object{"MemorySwap": 8 << 20}), 400,
			"You should always set the Memory limit when using Memoryswap limit, see usage",
		},
		"processors": {
			"POST /containers/create", host(object{"NanoCpus": 1000}), 400,
			"HostConfig.NanoCpus 1000 is not supported by the embedded engine: its processes have no such limits",
		},
		"a field to come": {
			"POST /containers/create", host(object{"Teleport": true}), 400,
			"HostConfig.Teleport true is not supported by the embedded engine: its containers are ordinary processes",
		},
		"host network": {
			"POST /containers/create", host(object{"NetworkMode": "host"}), 400,
			"network mode host is not supported by the embedded engine: publish the ports instead",
		},
		"other's network": {
			"POST /containers/create", host(object{"NetworkMode": "container:a"}), 400,
			"network mode container:a is not supported by the embedded engine: put both containers on one network",
		},
		"restart policy": {
			"POST /containers/create", host(object{"RestartPolicy": object{"Name": "sometimes"}}), 400,
			"invalid restart policy: unknown policy 'sometimes'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
		},
		"log driver": {
			"POST /containers/create", host(object{"LogConfig": object{"Type": "syslog"}}), 400,
			"logging driver syslog is not supported by the embedded engine: use json-file",
		},
		"log option": {
			"POST /containers/create", host(object{"LogConfig": object{"Config": object{"tag": "x"}}}), 400,
			"log option tag is not supported by the embedded engine: use max-size and max-file",
		},
		"public address": {
			"POST /containers/create", host(object{"PortBindings": object{"80/tcp": []object{{"HostIp": "192.0.2.1"}}}}), 400,
			"publishing on 192.0.2.1 is not supported by the embedded engine: it binds loopback addresses only",
		},
		"wrong port": {
			"POST /containers/create", host(object{"PortBindings": object{"80/tcp": []object{{"HostPort": "x"}}}}), 400,
			"invalid host port x",
		},
		"UDP": {
			"POST /containers/create", workshop(object{"ExposedPorts": object{"53/udp": object{}}}), 400,
			"port 53/udp is not supported by the embedded engine: only TCP ports are",
		},
		"user": {
			"POST /containers/create", workshop(object{"User": "4242"}), 400,
			`User "4242" is not supported by the embedded engine: its containers run as the user who runs it`,
		},
		"volume": {
			"POST /containers/create", workshop(object{"Volumes": object{"/data": object{}}}), 400,
			"a volume at /data is not supported by the embedded engine: its containers see the files of the machine; " +
				"COPY what a service needs into its image",
		},
		"stop signal": {"POST /containers/create", workshop(object{"StopSignal": "SIGNOT"}), 400, "Invalid signal: SIGNOT"},
		"fixed address": {
			"POST /containers/create",
			workshop(object{"NetworkingConfig": object{"EndpointsConfig": object{
				"net": object{"IPAMConfig": object{"IPv4Address": "172.18.0.9"}},
			}}}),
			400, "a fixed address is not supported by the embedded engine: use the container's name",
		},
		"kill of the dead":  {"POST /containers/made/kill", nil, 409, "Cannot kill container: made: Container ID is not running"},
		"unknown signal":    {"POST /containers/up/kill?signal=SIGNOT", nil, 400, "Invalid signal: SIGNOT"},
		"pause of the dead": {"POST /containers/made/pause", nil, 409, "Container ID is not running"},
		"unpause":           {"POST /containers/up/unpause", nil, 500, "Container ID is not paused"},
		"exec in the dead":  {"POST /containers/made/exec", object{"Cmd": []string{"say"}}, 409, "Container ID is not running"},
		"exec of nothing":   {"POST /containers/up/exec", object{}, 400, "No exec command specified"},
		"top of the dead":   {"GET /containers/made/top", nil, 409, "Container ID is not running"},
		"top with arguments": {
			"GET /containers/up/top?ps_args=aux", nil, 501,
			"ps arguments other than -ef are not supported by the embedded engine: aux",
		},
		"no stream":         {"GET /containers/made/logs", nil, 400, "Bad parameters: you must choose at least one stream"},
		"rename to nothing": {"POST /containers/made/rename?name=", nil, 400, "Neither old nor new names may be empty"},
		"removal of running": {
			"DELETE /containers/up", nil, 409,
			"You cannot remove a running container ID. Stop the container before attempting removal or force remove",
		},
		"unknown wait": {"POST /containers/made/wait?condition=rain", nil, 400, `invalid condition: "rain"`},
		"network driver": {
			"POST /networks/create",
			object{"Name": "n", "Driver": "overlay"},
			400,
			"network n: driver overlay is not supported by the embedded engine: its networks are made of loopback connections",
		},
		"network option": {
			"POST /networks/create",
			object{"Name": "n", "Options": object{"mtu": "9000"}},
			400,
			"network n: option mtu is not supported by the embedded engine: its networks are made of loopback connections",
		},
		"taken network":    {"POST /networks/create", object{"Name": "net"}, 409, "network with name net already exists"},
		"built-in network": {"DELETE /networks/bridge", nil, 403, "bridge is a pre-defined network and cannot be removed"},
		"connected twice": {
			"POST /networks/bridge/connect",
			object{"Container": "up"},
			403,
			"endpoint with name up already exists in network bridge",
		},
		"not connected": {
			"POST /networks/net/disconnect",
			object{"Container": "made"},
			500,
			"container ID is not connected to the network net",
		},
		"rename to the same": {
			"POST /containers/made/rename?name=/made", nil, 400,
			"Renaming a container with the same name as its current name",
		},
		"no size":   {"POST /containers/made/resize?h=1", nil, 400, `strconv.Atoi: parsing "": invalid syntax`},
		"huge size": {"POST /containers/made/resize?h=1&w=100000", nil, 400, "invalid size: 1 rows of 100000"},
		"volume driver": {
			"POST /volumes/create",
			object{"Name": "v", "Driver": "nfs"},
			400,
			"create v: volume drivers and their options are not supported by the embedded engine",
		},
		"pull": {
			"POST /images/create?fromImage=python&tag=alpine", nil, 404,
			"pull of python:alpine: the embedded engine has no registry to pull from: build the image FROM workshop or FROM scratch, " +
				"or use a real engine",
		},
		"import":          {"POST /images/create?fromSrc=-", nil, 501, "importing an image is not supported by the embedded engine"},
		"own image":       {"DELETE /images/workshop", nil, 409, "conflict: unable to delete workshop: it is the embedded engine's own image"},
		"own tag":         {"POST /images/workshop/tag?repo=workshop", nil, 409, "workshop:latest is the embedded engine's own image"},
		"tag in capitals": {"POST /images/workshop/tag?repo=Web", nil, 400, "invalid reference format: repository name must be lowercase"},
		"BuildKit":        {"POST /build?version=2", nil, 400, "BuildKit is not supported by the embedded engine: set DOCKER_BUILDKIT=0"},
		"no archive":      {"POST /build", "this is no tar archive", 400, "build context: unexpected EOF"},
		"empty context":   {"POST /build", nil, 400, "Cannot locate specified Dockerfile: Dockerfile"},
		"since when": {
			"GET /events?since=yesterday", nil, 400,
			`since: parsing time "yesterday" as "2006-01-02T15:04:05.999999999Z07:00": cannot parse "yesterday" as "2006"`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status, answer := (&client{t, c.socket, c.http}).try(test.request, test.body)
			got := ids.ReplaceAllString(message(answer), "ID")
			if status != test.status || got != test.message {
				t.Errorf("%s:\n got %d %s\nwant %d %s", test.request, status, got, test.status, test.message)
			}
		})
	}
	if s := c.inspect(id).State.Status; s != "created" {
		t.Errorf("the container is %s", s)
	}
}

func TestLifecycle(t *testing.T) {
	c := startEngine(t)
	next := c.watch("")
	id := c.create("web", []string{"web"}, publish, object{"Labels": object{"a": "b"}, "Env": []string{"X=1"}})
	if ev := next("container create web"); ev.ID != id || ev.From != "workshop" || ev.Actor.Attributes["a"] != "b" {
		t.Errorf("event %+v", ev)
	}
	c.do("POST /containers/web/start", nil)
	next("container start web")
	if status, _ := c.try("POST /containers/web/start", nil); status != http.StatusNotModified {
		t.Errorf("second start: %d", status)
	}
	d := c.inspect(id[:12])
	if d.Name != "/web" || !d.State.Running || d.State.Status != "running" || d.State.Pid == 0 || d.State.StartedAt.IsZero() ||
		!d.State.FinishedAt.IsZero() {
		t.Errorf("inspect: %+v", d)
	}
	if got := fetch(t, c.address(id)); got != id[:12]+"\n" {
		t.Errorf("host name %q, want the short id of %s", got, id)
	}
	for name, want := range map[string]string{"X": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "80", "HOME": filepath.Dir(c.socket)} {
		if got := strings.TrimSpace(fetch(t, c.address(id)+"/env?name="+name)); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	c.do("POST /containers/web/pause", nil)
	next("container pause web")
	if got := get[[]containerSummary](c, "GET /containers/json", nil); len(got) != 1 || !strings.HasSuffix(got[0].Status, "(Paused)") ||
		got[0].State != "paused" {
		t.Errorf("list of paused: %+v", got)
	}
	c.do("POST /containers/web/unpause", nil)
	c.do("POST /containers/web/stop", nil)
	if ev := next("container kill web"); ev.Actor.Attributes["signal"] != "15" {
		t.Errorf("event %+v", ev)
	}
	if ev := next("container die web"); ev.Actor.Attributes["exitCode"] != "0" {
		t.Errorf("event %+v", ev)
	}
	next("container stop web")
	if status, _ := c.try("POST /containers/web/stop", nil); status != http.StatusNotModified {
		t.Errorf("second stop: %d", status)
	}
	if got := c.logs(id, "stderr=1"); got != "2 web is up\n2 web is down\n" {
		t.Errorf("log: %q", got)
	}
	c.do("POST /containers/web/restart?t=0", nil)
	next("container restart web")
	c.follow(id, "stderr=1&tail=1").until("web is up")
	c.do("POST /containers/web/rename?name=other", nil)
	c.do("DELETE /containers/other?force=1", nil)
	next("container die other")
	next("container destroy other")
	if got := get[[]containerSummary](c, "GET /containers/json?all=1", nil); len(got) != 0 {
		t.Errorf("left: %+v", got)
	}
}

func TestExitStatus(t *testing.T) {
	c := startEngine(t)
	for name, test := range map[string]struct {
		argv []string
		stop string
		want int
	}{
		"success":          {[]string{"say"}, "", 0},
		"failure":          {[]string{"say", "exit:3"}, "", 3},
		"SIGKILL":          {[]string{"say", "kill:9"}, "", 137},
		"SIGTERM":          {[]string{"say", "kill:15"}, "", 143},
		"stopped":          {[]string{"say", "out:up\\n", "wait", "exit:4"}, "stop", 4},
		"stopped by force": {[]string{"stubborn"}, "stop?t=0", 137},
		"killed":           {[]string{"say", "out:up\\n", "wait"}, "kill", 137},
		"interrupted":      {[]string{"sh", "-c", "echo up; read x"}, "kill?signal=INT", 130},
	} {
		t.Run(name, func(t *testing.T) {
			c := &client{t, c.socket, c.http}
			id := c.start("status-"+strings.ReplaceAll(name, " ", "-"), test.argv, object{"OpenStdin": true})
			if test.stop != "" {
				c.follow(id, "stdout=1").until("up")
				c.do("POST /containers/"+id+"/"+test.stop, nil)
			}
			if got := c.wait(id); got != test.want {
				t.Errorf("waited: %d, want %d", got, test.want)
			}
			if d := c.inspect(id); d.State.ExitCode != test.want || d.State.Status != "exited" || d.State.FinishedAt.Before(d.State.StartedAt) {
				t.Errorf("inspected: %+v, want %d", d.State, test.want)
			}
		})
	}
}

func TestProgramNotFound(t *testing.T) {
	c := startEngine(t)
	for name, test := range map[string]struct {
		program string
		code    int
		message string
	}{
		"nowhere":        {"nosuch", 127, `OCI runtime create failed: exec: "nosuch": executable file not found in $PATH: unknown`},
		"not executable": {"/etc/passwd", 126, `OCI runtime create failed: exec: "/etc/passwd": permission denied: unknown`},
	} {
		t.Run(name, func(t *testing.T) {
			c := &client{t, c.socket, c.http}
			id := c.create("", []string{test.program})
			status, answer := c.try("POST /containers/"+id+"/start", nil)
			if status != 400 || message(answer) != test.message {
				t.Errorf("got %d %s", status, answer)
			}
			if d := c.inspect(id); d.State.Status != "created" || d.State.ExitCode != test.code || d.State.Error == "" {
				t.Errorf("state %+v", d.State)
			}
		})
	}
	gone := c.create("gone", []string{"nosuch"}, object{"HostConfig": object{"AutoRemove": true}})
	c.try("POST /containers/"+gone+"/start", nil)
	if status, _ := c.try("GET /containers/"+gone+"/json", nil); status != 404 {
		t.Errorf("a container to be removed is still there: %d", status)
	}
}

func TestLogs(t *testing.T) {
	c := startEngine(t)
	argv := []string{"say", `out:one\ntwo\n`, `err:three\n`, `out:half`, `out: a line\n`, `out:no end`}
	// The two streams are two pipes: which is read first is open, so one at a time.
	id := c.start("log", argv)
	c.wait(id)
	terminal := c.start("terminal", []string{"say", `out:one\ntwo`}, object{"Tty": true})
	c.wait(terminal)
	long := c.start("long", []string{"say", "out:" + strings.Repeat("x", maxLine+10) + `\n`})
	c.wait(long)
	silent := c.start("silent", []string{"say", `out:lost\n`}, object{"HostConfig": object{"LogConfig": object{"Type": "none"}}})
	c.wait(silent)

	for query, want := range map[string]string{
		"stdout=1":                  "1 one\n1 two\n1 half a line\n1 no end",
		"stderr=1":                  "2 three\n",
		"stdout=1&tail=1":           "1 no end",
		"stdout=true&tail=0":        "",
		"stdout=1&tail=all":         "1 one\n1 two\n1 half a line\n1 no end",
		"stdout=1&since=4000000000": "",
		"stdout=1&until=1":          "",
		"stdout=1&follow=1&tail=1":  "1 no end",
		"stdout=1&since=1&until=4e9x": `{"message":"until: parsing time \"4e9x\" as \"2006-01-02T15:04:05.999999999Z07:00\": ` +
			`cannot parse \"4e9x\" as \"2006\""}` + "\n",
	} {
		t.Run(query, func(t *testing.T) {
			c := &client{t, c.socket, c.http}
			if strings.HasPrefix(want, "{") {
				if _, got := c.try("GET /containers/log/logs?"+query, nil); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			} else if got := c.logs(id, query); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	if got := c.do("GET /containers/terminal/logs?stdout=1", nil); got != "one\r\ntwo" {
		t.Errorf("terminal: %q", got)
	}
	if got := c.logs(long, "stdout=1"); got != "1 "+strings.Repeat("x", maxLine)+"1 "+strings.Repeat("x", 10)+"\n" {
		t.Errorf("long line: %d bytes", len(got))
	}
	got := c.logs(id, "stderr=1&timestamps=1")
	stamp, line, _ := strings.Cut(strings.TrimPrefix(got, "2 "), " ")
	when, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil || len(stamp) != len("2006-01-02T15:04:05.000000000Z") || line != "three\n" || time.Since(when) > patience {
		t.Errorf("timestamps: %q", got)
	}
	since := strconv.FormatInt(when.Unix(), 10) + "." + fmt.Sprintf("%09d", when.Nanosecond())
	if got := c.logs(id, "stderr=1&since="+since); got != "2 three\n" {
		t.Errorf("since its own time: %q", got)
	}
	if status, answer := c.try("GET /containers/silent/logs?stdout=1", nil); status != 501 ||
		message(answer) != "configured logging driver does not support reading" {
		t.Errorf("no log: %d %s", status, answer)
	}
}

func TestFollow(t *testing.T) {
	c := startEngine(t)
	id := c.create("reader", []string{"reader"}, object{"OpenStdin": true})
	if got := c.logs(id, "stdout=1&follow=1"); got != "" { // as Docker: it does not run
		t.Errorf("before the start: %q", got)
	}
	in := c.hijack("POST /containers/reader/attach?stream=1&stdin=1", "")
	c.do("POST /containers/reader/start", nil)
	f := c.follow(id, "stdout=1")
	for i := range 3 {
		fmt.Fprintf(in, "line %d\n", i)
		f.until(fmt.Sprintf("got line %d", i))
	}
	c.do("POST /containers/reader/stop?t=0", nil)
	if got := frames(t, f.r); got != "" {
		t.Errorf("after the end: %q", got)
	}
}

func TestAttach(t *testing.T) {
	c := startEngine(t)
	t.Run("before the start", func(t *testing.T) {
		c := &client{t, c.socket, c.http}
		id := c.create("early", []string{"reader"}, object{"OpenStdin": true, "StdinOnce": true})
		conn := c.hijack("POST /containers/early/attach?stream=1&stdin=1&stdout=1&stderr=1", "")
		io.WriteString(conn, "a\nb\n")
		conn.Conn.(*net.UnixConn).CloseWrite()
		c.do("POST /containers/early/start", nil)
		var out, err strings.Builder
		for {
			stream, data, e := frame(conn.r)
			if e != nil {
				break
			}
			if stream == stdout {
				out.WriteString(data)
			} else {
				err.WriteString(data)
			}
		}
		if out.String() != "got a\ngot b\n" || err.String() != "end of input\n" {
			t.Errorf("got %q and %q", out.String(), err.String())
		}
		if code := c.wait(id); code != 7 {
			t.Errorf("status %d", code)
		}
	})
	t.Run("terminal", func(t *testing.T) {
		c := &client{t, c.socket, c.http}
		id := c.create("tty", []string{"sh", "-c", "stty size; read x; echo got $x; stty size; tty"},
			object{"OpenStdin": true, "Tty": true, "HostConfig": object{"ConsoleSize": []int{11, 22}}})
		conn := c.hijack("POST /containers/tty/attach?stream=1&stdin=1&stdout=1&stderr=1", "")
		c.do("POST /containers/tty/start", nil)
		if line, err := conn.r.ReadString('\n'); line != "11 22\r\n" {
			t.Fatalf("size: %q %v", line, err)
		}
		c.do("POST /containers/tty/resize?h=33&w=44", nil)
		io.WriteString(conn, "yes\n")
		rest, err := io.ReadAll(conn.r)
		if err != nil || !regexp.MustCompile(`^yes\r\ngot yes\r\n33 44\r\n/dev/(pts/\d+|console)\r\n$`).Match(rest) {
			t.Errorf("rest: %q %v", rest, err)
		}
		c.wait(id)
	})
	t.Run("with the log", func(t *testing.T) {
		c := &client{t, c.socket, c.http}
		id := c.running("late", "up", []string{"say", `out:up\n`, "wait", `out:end\n`})
		conn := c.hijack("POST /containers/late/attach?stream=1&logs=1&stdout=1", "")
		if _, line, err := frame(conn.r); line != "up\n" {
			t.Errorf("replayed %q %v", line, err)
		}
		c.do("POST /containers/"+id+"/stop", nil)
		if got := frames(t, conn.r); got != "1 end\n" {
			t.Errorf("then %q", got)
		}
	})
	t.Run("a client that does not read", func(t *testing.T) {
		c := &client{t, c.socket, c.http}
		id := c.create("much", []string{"say", "lines:40000"})
		conn := c.hijack("POST /containers/much/attach?stream=1&stdout=1", "")
		c.do("POST /containers/much/start", nil)
		_, first, err := frame(conn.r)
		if err != nil || !strings.HasPrefix(first, "line 000") {
			t.Fatalf("it was sent %.40q %v", first, err)
		}
		c.do("POST /containers/much/kill", nil) // the end does not wait for the client
		if got := c.wait(id); got != 137 {
			t.Errorf("status %d: it was not held up by the client", got)
		}
		frames(t, conn.r) // and the client gets to the end of it
	})
	t.Run("a client that reads late", func(t *testing.T) {
		c := &client{t, c.socket, c.http}
		id := c.create("all", []string{"say", "lines:40000"})
		conn := c.hijack("POST /containers/all/attach?stream=1&stdout=1", "")
		c.do("POST /containers/all/start", nil)
		size := 0
		for {
			_, data, err := frame(conn.r)
			if err != nil {
				break
			}
			size += len(data)
		}
		if want := 40000 * len(fmt.Sprintf("line %0100d\n", 0)); size != want {
			t.Errorf("got %d bytes of %d", size, want)
		}
		c.wait(id)
	})
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func childOf(t *testing.T, f *follower) int {
	t.Helper()
	_, text, _ := strings.Cut(f.until("child "), " ")
	pid, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestChildren(t *testing.T) {
	c := startEngine(t)
	t.Run("of the group die with the leader", func(t *testing.T) {
		c := &client{t, c.socket, c.http}
		id := c.start("group", []string{"say", "background", "wait"})
		child := childOf(t, c.follow(id, "stdout=1"))
		c.do("POST /containers/group/stop", nil)
		if got := c.wait(id); got != 0 {
			t.Errorf("status %d", got)
		}
		gone(t, child)
	})
	t.Run("that left it do not hold up the end", func(t *testing.T) {
		c := &client{t, c.socket, c.http}
		id := c.start("escape", []string{"say", "escape", "wait", `out:last words\n`})
		f := c.follow(id, "stdout=1")
		child := childOf(t, f)
		defer func() {
			syscall.Kill(child, syscall.SIGKILL)
			gone(t, child)
		}()
		c.do("POST /containers/escape/stop", nil)
		if !alive(child) {
			t.Error("the child did not survive, so nothing was tested")
		}
		f.until("last words")
		if got := c.wait(id); got != 0 {
			t.Errorf("status %d", got)
		}
	})
}

func TestNetworks(t *testing.T) {
	c := startEngine(t)
	c.do("POST /networks/create", object{"Name": "front", "Labels": object{"a": "b"}})
	c.do("POST /networks/create", object{"Name": "back"})
	on := func(network string, aliases ...string) object {
		return object{
			"ExposedPorts":     object{"80/tcp": object{}},
			"HostConfig":       object{"NetworkMode": network, "PortBindings": object{"80/tcp": []object{{"HostPort": "0"}}}},
			"NetworkingConfig": object{"EndpointsConfig": object{network: object{"Aliases": aliases}}},
		}
	}
	up := map[string]string{}
	for _, service := range []struct{ name, network, alias string }{
		{"front-1", "front", "web"},
		{"front-2", "front", "web"},
		{"back-1", "back", "web"},
		{"back-2", "back", "other"},
		{"alone", "bridge", "web"},
	} {
		up[service.name] = c.running(service.name, "web is up", []string{"web"}, on(service.network, service.alias))
	}
	from := func(t *testing.T, name, address string) string {
		c := &client{t, c.socket, c.http}
		got := strings.TrimSpace(fetch(t, c.address(up[name])+"/get?url="+url.QueryEscape(address)))
		if _, after, ok := strings.Cut(got, "unknown error "); ok { // the words for SOCKS replies
			return after
		}
		for name, id := range up {
			if id[:12] == got {
				return name
			}
		}
		return got
	}
	ip := c.inspect(up["back-2"]).NetworkSettings.Networks["back"].IPAddress
	for name, test := range map[string]struct{ from, address, want string }{
		"alias":             {"back-1", "http://other/", "back-2"},
		"name":              {"back-1", "http://back-2/", "back-2"},
		"capitals":          {"back-1", "http://BACK-2./", "back-2"},
		"id":                {"back-1", "http://" + up["back-2"][:12] + "/", "back-2"},
		"with the network":  {"back-1", "http://other.back/", "back-2"},
		"address":           {"back-1", "http://" + ip + "/", "back-2"},
		"itself":            {"back-1", "http://localhost/", "back-1"},
		"own alias":         {"back-1", "http://web/", "back-1"},
		"unknown":           {"back-1", "http://nosuch/", "host unreachable"},
		"of other networks": {"back-1", "http://front-1/", "host unreachable"},
		"the world":         {"back-1", "http://192.0.2.1/", "host unreachable"},
		"closed port":       {"back-1", "http://other:81/", "connection refused"},
		"default network":   {"alone", "http://web/", "host unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := from(t, test.from, test.address); got != test.want {
				t.Errorf("%s from %s: %q, want %q", test.address, test.from, got, test.want)
			}
		})
	}
	t.Run("in turns", func(t *testing.T) {
		seen := map[string]int{}
		for range 4 {
			seen[from(t, "front-1", "http://web/")]++
		}
		if seen["front-1"] != 2 || seen["front-2"] != 2 {
			t.Errorf("answers: %v", seen)
		}
	})
	t.Run("without those that ended", func(t *testing.T) {
		c.do("POST /containers/front-2/stop", nil)
		for range 3 {
			if got := from(t, "front-1", "http://web/"); got != "front-1" {
				t.Errorf("answer of %q", got)
			}
		}
	})
	t.Run("connected later", func(t *testing.T) {
		c.do("POST /networks/front/connect", object{"Container": "back-2", "EndpointConfig": object{"Aliases": []string{"new"}}})
		if got := from(t, "front-1", "http://new/"); got != "back-2" {
			t.Errorf("answer of %q", got)
		}
		if got := from(t, "back-2", "http://front-1/"); got != "front-1" {
			t.Errorf("answer of %q", got)
		}
		c.do("POST /networks/front/disconnect", object{"Container": "back-2"})
		if got := from(t, "front-1", "http://new/"); got != "host unreachable" {
			t.Errorf("answer of %q", got)
		}
	})
	t.Run("inspect", func(t *testing.T) {
		n := get[networkDetails](c, "GET /networks/back", nil)
		if len(n.Containers) != 2 || n.Containers[up["back-2"]].IPv4Address != ip+"/16" || n.IPAM.Config[0].Gateway != "172.19.0.1" {
			t.Errorf("%+v", n)
		}
		list := get[[]networkDetails](c, "GET /networks?"+query(object{"label": []string{"a=b"}}), nil)
		if len(list) != 1 || list[0].Name != "front" {
			t.Errorf("%+v", list)
		}
	})
	status, answer := c.try("DELETE /networks/back", nil)
	if got := ids.ReplaceAllString(message(answer), "ID"); status != 403 ||
		got != "error while removing network: network back id ID has active endpoints" {
		t.Errorf("%d %s", status, got)
	}
}

func TestPublishedPorts(t *testing.T) {
	c := startEngine(t)
	first := c.running("first", "web is up", []string{"web"}, publish)
	address := c.address(first)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(address, "http://"))
	bindings := c.inspect(first).NetworkSettings.Ports["80/tcp"]
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil {
		l.Close()
		if len(bindings) != 2 || bindings[0].HostIP != "0.0.0.0" || bindings[1].HostIP != "::" || bindings[1].HostPort != port {
			t.Errorf("bindings %+v", bindings)
		}
		if got := fetch(t, "http://[::1]:"+port); got != first[:12]+"\n" {
			t.Errorf("over IPv6: %q", got)
		}
	}
	if l, err := net.Listen("tcp", "127.0.0.2:"+port); err != nil {
		t.Errorf("more than loopback's own address is bound: %v", err)
	} else {
		l.Close()
	}
	bound := func(port string) object {
		return object{"HostConfig": object{"PortBindings": object{"80/tcp": []object{{"HostPort": port}}}}}
	}
	clash := func(name, port, more string) {
		t.Helper()
		id := c.create(name, []string{"web"}, bound(port))
		status, answer := c.try("POST /containers/"+id+"/start", nil)
		want := "driver failed programming external connectivity on endpoint " + name + " (ID): Bind for 0.0.0.0:" + port +
			" failed: port is already allocated" + more
		if got := ids.ReplaceAllString(message(answer), "ID"); status != 500 || got != want {
			t.Errorf("got %d %s\nwant %s", status, got, want)
		}
		if s := c.inspect(id).State; s.Status != "created" || s.ExitCode != 128 || !strings.HasPrefix(s.Error, "driver failed") {
			t.Errorf("state %+v", s)
		}
	}
	clash("second", port, "")
	c.do("POST /containers/first/stop", nil)
	c.do("POST /containers/second/start", nil)
	if got := fetch(t, address); got != c.inspect("second").Config.Hostname+"\n" {
		t.Errorf("answer of %q", got)
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	foreign := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	name, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Skip("who holds a port is not known on this system")
	}
	clash("third", foreign, fmt.Sprintf(" (it is held by process %d, %s)", os.Getpid(), strings.TrimSpace(string(name))))
	next, _ := strconv.Atoi(foreign)
	range_ := fmt.Sprintf("%d-%d", next, next+20)
	id := c.start("fourth", []string{"web"}, bound(range_))
	if got := c.inspect(id).NetworkSettings.Ports["80/tcp"][0].HostPort; got == foreign || got == "" {
		t.Errorf("port %s of %s", got, range_)
	}
}

// A connection that is open when its container ends gets the sent bytes, and the end.
func TestForwardedEnd(t *testing.T) {
	c := startEngine(t)
	id := c.running("web", "web is up", []string{"web"}, publish)
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.address(id), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	answer := make([]byte, len("HTTP/1.1 200 OK"))
	if _, err := io.ReadFull(conn, answer); err != nil {
		t.Fatal(err)
	}
	c.do("POST /containers/web/kill", nil)
	if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the end: %v", err)
	}
	if _, err := net.Dial("tcp", conn.RemoteAddr().String()); err == nil {
		t.Error("the port is still open")
	}
}

func TestRestartPolicies(t *testing.T) {
	c := startEngine(t)
	policy := func(name string, n int) object {
		return object{"HostConfig": object{"RestartPolicy": object{"Name": name, "MaximumRetryCount": n}}}
	}
	t.Run("on failure, twice", func(t *testing.T) {
		c := &client{t, c.socket, c.http}
		next := c.watch(query(object{"container": []string{"twice"}}))
		id := c.start("twice", []string{"say", `out:here\n`, "exit:5"}, policy("on-failure", 2))
		for range 3 {
			next("container die")
		}
		if code := c.wait(id); code != 5 {
			t.Errorf("status %d", code)
		}
		if d := c.inspect(id); d.RestartCount != 2 || d.State.Status != "exited" {
			t.Errorf("%+v", d)
		}
		if got := c.logs(id, "stdout=1"); got != strings.Repeat("1 here\n", 3) {
			t.Errorf("log %q", got)
		}
	})
	t.Run("on failure, but it succeeds", func(t *testing.T) {
		c := &client{t, c.socket, c.http}
		id := c.start("once", []string{"say"}, policy("on-failure", 0))
		c.wait(id)
		if d := c.inspect(id); d.RestartCount != 0 {
			t.Errorf("%+v", d)
		}
	})
	t.Run("always, and waited for", func(t *testing.T) { // Docker tells the end of each run
		c := &client{t, c.socket, c.http}
		id := c.start("waited", []string{"say", "exit:6"}, policy("always", 0))
		for _, condition := range []string{"", "?condition=next-exit"} {
			if got := get[struct{ StatusCode int }](c, "POST /containers/waited/wait"+condition, nil); got.StatusCode != 6 {
				t.Errorf("%q: %+v", condition, got)
			}
		}
		c.do("DELETE /containers/"+id+"?force=1", nil)
	})
	t.Run("always, until it is stopped", func(t *testing.T) {
		c := &client{t, c.socket, c.http}
		next := c.watch(query(object{"container": []string{"always"}}))
		id := c.start("always", []string{"say", "exit:0"}, policy("always", 0))
		for range 3 {
			next("container start")
		}
		next("container die")
		c.do("POST /containers/always/stop", nil)
		if d := c.inspect(id); d.State.Running || d.State.Status != "exited" || d.RestartCount < 2 {
			t.Errorf("%+v", d.State)
		}
	})
	t.Run("killed while it waits", func(t *testing.T) {
		c := &client{t, c.socket, c.http}
		next := c.watch(query(object{"container": []string{"waits"}}))
		c.start("waits", []string{"say", "exit:1"}, policy("unless-stopped", 0))
		for range 3 { // the delays get longer: the third is 400 ms
			next("container die")
		}
		if d := c.inspect("waits"); d.State.Status != "restarting" || !d.State.Running || !d.State.Restarting {
			t.Errorf("%+v", d.State)
		}
		c.do("DELETE /containers/waits?force=1", nil)
		next("container destroy")
	})
	t.Run("killed between two runs", func(t *testing.T) {
		c := &client{t, c.socket, c.http}
		next := c.watch(query(object{"container": []string{"loops"}}))
		c.start("loops", []string{"say", "exit:1"}, policy("always", 0))
		for range 3 { // as above
			next("container die")
		}
		c.do("POST /containers/loops/kill?signal=HUP", nil) // it goes on
		next("container die")
		c.do("POST /containers/loops/kill", nil)
		next("container kill")
		if d := c.inspect("loops"); d.State.Status != "exited" || d.State.ExitCode != 1 {
			t.Errorf("%+v", d.State)
		}
	})
	t.Run("killed for good", func(t *testing.T) {
		c := &client{t, c.socket, c.http}
		id := c.running("killed", "stubborn is up", []string{"stubborn"}, policy("always", 0))
		c.do("POST /containers/killed/kill", nil)
		if d := c.inspect(id); d.State.Status != "exited" || d.State.ExitCode != 137 {
			t.Errorf("%+v", d.State)
		}
	})
}

func TestHealth(t *testing.T) {
	c := startEngine(t)
	probe := func(argv ...string) object {
		return object{"Healthcheck": object{"Test": argv, "Interval": 20 * time.Millisecond, "Timeout": time.Second, "Retries": 2}}
	}
	dir := t.TempDir()
	flag := filepath.Join(dir, "broken")
	next := c.watch(query(object{"event": []string{"health_status"}}))
	id := c.start("healthy", []string{"stubborn"}, probe("CMD-SHELL", "echo probed; test ! -e "+flag))
	next("container health_status: healthy healthy")
	if s := get[[]containerSummary](c, "GET /containers/json?"+query(object{"health": []string{"healthy"}}), nil); len(s) != 1 ||
		!strings.HasSuffix(s[0].Status, " (healthy)") {
		t.Errorf("list: %+v", s)
	}
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	next("container health_status: unhealthy healthy")
	if h := c.inspect(id).State.Health; h == nil || h.Status != "unhealthy" {
		t.Errorf("health %+v", h)
	}
	c.do("POST /containers/healthy/stop?t=0", nil)

	c.start("slow", []string{"stubborn"}, object{"Healthcheck": object{
		"Test": []string{"CMD", "stubborn"}, "Interval": time.Millisecond,
		"Timeout": 20 * time.Millisecond, "Retries": 1,
	}})
	next("container health_status: unhealthy slow")
	c.start("none", []string{"stubborn"}, probe("CMD", "nosuch"))
	next("container health_status: unhealthy none")
}

func TestExec(t *testing.T) {
	c := startEngine(t)
	id := c.running("up", "stubborn is up", []string{"stubborn"}, object{"Env": []string{"COLOUR=red"}})
	run := func(t *testing.T, config object, input string) (string, int) {
		c := &client{t, c.socket, c.http}
		x := get[struct{ ID string }](c, "POST /containers/up/exec", config).ID
		conn := c.hijack("POST /exec/"+x+"/start", `{"Detach":false}`)
		io.WriteString(conn, input)
		conn.Conn.(*net.UnixConn).CloseWrite()
		var out string
		if config["Tty"] == true {
			b, _ := io.ReadAll(conn.r)
			out = string(b)
		} else {
			out = frames(t, conn.r)
		}
		d := get[struct {
			Running  bool
			ExitCode *int
		}](c, "GET /exec/"+x+"/json", nil)
		if d.Running || d.ExitCode == nil {
			t.Fatalf("after the end: %+v", d)
		}
		return out, *d.ExitCode
	}
	all := func(more object) object {
		more["AttachStdin"], more["AttachStdout"], more["AttachStderr"] = true, true, true
		return more
	}
	for name, test := range map[string]struct {
		config object
		input  string
		want   string
		code   int
	}{
		"output": {all(object{"Cmd": []string{"say", `out:hello\n`, "exit:3"}}), "", "1 hello\n", 3},
		"input":  {all(object{"Cmd": []string{"sh", "-c", "cat; exit 4"}}), "a\n", "1 a\n", 4},
		"environment": {
			all(object{"Cmd": []string{"sh", "-c", "echo $COLOUR $SIZE $HOSTNAME"}, "Env": []string{"SIZE=big"}}), "",
			"1 red big " + id[:12] + "\n", 0,
		},
		"directory": {all(object{"Cmd": []string{"pwd"}, "WorkingDir": "/usr"}), "", "1 /usr\n", 0},
		"not found": {
			all(object{"Cmd": []string{"nosuch"}}), "",
			"1 OCI runtime exec failed: exec: \"nosuch\": executable file not found in $PATH: unknown\r\n", 126,
		},
		"not executable": {
			all(object{"Cmd": []string{"/etc/passwd"}}), "",
			"1 OCI runtime exec failed: exec: \"/etc/passwd\": permission denied: unknown\r\n", 126,
		},
		"terminal": {all(object{"Cmd": []string{"sh", "-c", "stty size"}, "Tty": true, "ConsoleSize": []int{12, 34}}), "", "12 34\r\n", 0},
		"a shell to type into": {
			all(object{"Cmd": []string{"/bin/sh"}, "Tty": true, "AttachStdin": true, "Env": []string{"PS1="}, "WorkingDir": "/usr"}), "exit 3\r",
			"This shell runs on the machine itself, as you: the embedded engine's containers are processes in /usr.\r\nexit 3\r\n", 3,
		},
		"only its error": {object{"AttachStderr": true, "Cmd": []string{"say", `out:a\n`, `err:b\n`}}, "", "2 b\n", 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got, code := run(t, test.config, test.input); got != test.want || code != test.code {
				t.Errorf("got %q %d, want %q %d", got, code, test.want, test.code)
			}
		})
	}
	next := c.watch(query(object{"event": []string{"exec_die"}}))
	x := get[struct{ ID string }](c, "POST /containers/up/exec", object{"Cmd": []string{"say", "exit:9"}}).ID
	c.do("POST /exec/"+x+"/start", object{"Detach": true})
	if ev := next("container exec_die"); ev.Actor.Attributes["exitCode"] != "9" || ev.Actor.Attributes["execID"] != x {
		t.Errorf("event %+v", ev)
	}
	if status, answer := c.try("POST /exec/"+x+"/start", object{"Detach": true}); status != 409 {
		t.Errorf("second start: %d %s", status, answer)
	}
	// A process that still runs ends with the container.
	x = get[struct{ ID string }](c, "POST /containers/up/exec", object{"Cmd": []string{"stubborn"}}).ID
	c.do("POST /exec/"+x+"/start", object{"Detach": true})
	c.do("POST /containers/up/kill", nil)
	if ev := next("container exec_die"); ev.Actor.Attributes["exitCode"] != "137" {
		t.Errorf("event %+v", ev)
	}
}

func TestWait(t *testing.T) {
	c := startEngine(t)
	id := c.create("made", []string{"say", "exit:6"})
	if got := c.wait(id); got != 0 {
		t.Errorf("not running: %d", got)
	}
	waiting := func(condition string) chan int {
		resp := c.open("POST /containers/made/wait?condition="+condition, nil) // it has begun when the header is there
		t.Cleanup(func() { resp.Body.Close() })
		ch := make(chan int, 1)
		go func() {
			b, _ := io.ReadAll(resp.Body)
			var code int
			fmt.Sscanf(string(b), `{"StatusCode":%d}`, &code)
			ch <- code
		}()
		return ch
	}
	exit, removal := waiting("next-exit"), waiting("removed")
	c.do("POST /containers/made/start", nil)
	if got := <-exit; got != 6 {
		t.Errorf("next exit: %d", got)
	}
	select {
	case <-removal:
		t.Error("it was not removed yet")
	default:
	}
	c.do("DELETE /containers/made", nil)
	if got := <-removal; got != 6 {
		t.Errorf("removal: %d", got)
	}

	next := c.watch("")
	auto := c.start("auto", []string{"say"}, object{"HostConfig": object{"AutoRemove": true}})
	next("container destroy auto")
	if status, _ := c.try("GET /containers/"+auto+"/json", nil); status != 404 {
		t.Errorf("it is still there: %d", status)
	}
}

func TestList(t *testing.T) {
	c := startEngine(t)
	c.do("POST /networks/create", object{"Name": "net"})
	a := c.create("alpha", []string{"say", "exit:3"}, object{"Labels": object{"kind": "x"}})
	b := c.running("beta", "stubborn is up", []string{"stubborn"},
		object{"Labels": object{"kind": "y"}, "HostConfig": object{"NetworkMode": "net"}})
	c.do("POST /containers/alpha/start", nil)
	c.wait(a)
	for name, test := range map[string]struct{ query, want string }{
		"running":   {"", "beta"},
		"all":       {"all=1", "beta alpha"},
		"limit":     {"limit=1", "beta"},
		"label":     {"all=1&" + query(object{"label": []string{"kind=x"}}), "alpha"},
		"label set": {"all=1&" + query(object{"label": object{"kind": true}}), "beta alpha"},
		"status":    {query(object{"status": []string{"exited"}}), "alpha"},
		"exit code": {query(object{"exited": []string{"3"}}), "alpha"},
		"name":      {"all=1&" + query(object{"name": []string{"^/al"}}), "alpha"},
		"id":        {"all=1&" + query(object{"id": []string{b[:20]}}), "beta"},
		"network":   {"all=1&" + query(object{"network": []string{"net"}}), "beta"},
		"ancestor":  {"all=1&" + query(object{"ancestor": []string{"workshop:latest"}}), "beta alpha"},
		"before":    {"all=1&" + query(object{"before": []string{"beta"}}), "alpha"},
		"since":     {"all=1&" + query(object{"since": []string{"alpha"}}), "beta"},
	} {
		t.Run(name, func(t *testing.T) {
			c := &client{t, c.socket, c.http}
			var names []string
			for _, s := range get[[]containerSummary](c, "GET /containers/json?"+test.query, nil) {
				names = append(names, strings.TrimPrefix(s.Names[0], "/"))
			}
			if got := strings.Join(names, " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	s := get[[]containerSummary](c, "GET /containers/json?all=1", nil)
	if s[0].Command != "stubborn" || s[1].Command != "say exit:3" ||
		!regexp.MustCompile(`^Exited \(3\) (Less than a second|\d+ seconds?) ago$`).MatchString(s[1].Status) {
		t.Errorf("%+v", s)
	}
	p := get[pruned](c, "POST /containers/prune", nil)
	if !slices.Equal(p.ContainersDeleted, []string{a}) {
		t.Errorf("pruned %+v", p)
	}
}

func TestEvents(t *testing.T) {
	c := startEngine(t)
	c.create("one", []string{"say"}, object{"Labels": object{"x": "1"}})
	now := time.Now()
	c.create("two", []string{"say"}, object{"Labels": object{"x": "2"}})
	c.do("POST /networks/create", object{"Name": "net"})
	past := func(more string) string {
		until := fmt.Sprintf("%d.%09d", time.Now().Unix(), time.Now().Nanosecond())
		var names []string
		body := c.do("GET /events?until="+until+"&"+more, nil)
		for _, line := range strings.Split(strings.TrimSpace(body), "\n") {
			if m := regexp.MustCompile(`"Action":"(\w+)".*"name":"([\w:]+)"`).FindStringSubmatch(line); m != nil {
				names = append(names, m[1]+" "+m[2])
			}
		}
		return strings.Join(names, ", ")
	}
	for name, test := range map[string]struct{ query, want string }{
		"since the start": {"since=1&" + query(object{"type": []string{"container", "network"}}), "create one, create two, create net"},
		"since a moment":  {fmt.Sprintf("since=%d.%09d", now.Unix(), now.Nanosecond()), "create two, create net"},
		"type":            {"since=1&" + query(object{"type": []string{"network"}}), "create net"},
		"label":           {"since=1&" + query(object{"label": []string{"x=2"}}), "create two"},
		"container":       {"since=1&" + query(object{"container": []string{"one"}}), "create one"},
		"event":           {"since=1&" + query(object{"event": []string{"destroy"}}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := past(test.query); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestVolumes(t *testing.T) {
	c := startEngine(t)
	c.do("POST /volumes/create", object{"Name": "data", "Labels": object{"a": "b"}})
	c.do("POST /volumes/create", object{"Name": "data"})
	list := get[struct{ Volumes []volumeDetails }](c, "GET /volumes?"+query(object{"label": []string{"a"}}), nil)
	if len(list.Volumes) != 1 || list.Volumes[0].Name != "data" || list.Volumes[0].Driver != "local" {
		t.Errorf("%+v", list)
	}
	c.do("DELETE /volumes/data", nil)
	if status, _ := c.try("DELETE /volumes/data", nil); status != 404 {
		t.Errorf("second removal: %d", status)
	}
}

// Every one of the calls below must be answered while containers come and go.
func TestConcurrency(t *testing.T) {
	c := startEngine(t)
	c.do("POST /networks/create", object{"Name": "net"})
	done := make(chan bool)
	for i := range 8 {
		go func() {
			defer func() { done <- true }()
			for j := range 5 {
				name := fmt.Sprintf("c-%d-%d", i, j)
				id := c.start(name, []string{"web"}, publish, object{"Labels": object{"i": strconv.Itoa(i)}})
				c.do("POST /networks/net/connect", object{"Container": id})
				c.try("GET /containers/json?all=1", nil)
				c.try("GET /containers/"+id+"/top", nil)
				c.do("GET /networks/net", nil)
				c.do("POST /containers/"+id+"/stop?t=0", nil)
				c.do("GET /containers/"+id+"/logs?stderr=1", nil)
				c.do("DELETE /containers/"+id, nil)
			}
		}()
	}
	for range 8 {
		<-done
	}
	if got := get[[]containerSummary](c, "GET /containers/json?all=1", nil); len(got) != 0 {
		t.Errorf("left: %+v", got)
	}
}

func TestTop(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no /proc")
	}
	c := startEngine(t)
	id := c.start("top", []string{"say", "background", "wait"})
	child := childOf(t, c.follow(id, "stdout=1"))
	got := get[struct {
		Titles    []string
		Processes [][]string
	}](c, "GET /containers/top/top", nil)
	if !slices.Equal(got.Titles, []string{"UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"}) || len(got.Processes) != 2 {
		t.Fatalf("%+v", got)
	}
	pid := strconv.Itoa(c.inspect(id).State.Pid)
	var rows []string
	for _, p := range got.Processes {
		rows = append(rows, p[1]+" "+p[2]+" "+p[5]+" "+p[7])
	}
	slices.Sort(rows)
	want := []string{pid + " " + strconv.Itoa(os.Getpid()) + " ? say background wait", strconv.Itoa(child) + " " + pid + " ? stubborn"}
	slices.Sort(want)
	if !slices.Equal(rows, want) {
		t.Errorf("got %q, want %q", rows, want)
	}
}

// startCommand starts an engine as a command.
func startCommand(t *testing.T, socket, state string) *exec.Cmd {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(executable, "--socket", socket, "--state", state)
	cmd.Args[0] = "engine"
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, err := out.Read(line)
	if got := string(line[:n]); got != "DOCKER_HOST=unix://"+socket+"\n" {
		t.Fatalf("it says %q %v", got, err)
	}
	return cmd
}

// A whole engine that is killed takes its processes along.
func TestEngineKilled(t *testing.T) {
	dir, err := os.MkdirTemp("", "engine")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "sock")
	cmd := startCommand(t, socket, dir)
	c := newClient(t, socket)
	id := c.running("up", "stubborn is up", []string{"stubborn"})
	pid := c.inspect(id).State.Pid
	cmd.Process.Kill()
	cmd.Wait()
	gone(t, pid)
	c.http.CloseIdleConnections()

	cmd = startCommand(t, socket, dir) // the old socket does not prevent the start
	id = c.running("up", "stubborn is up", []string{"stubborn"})
	pid = c.inspect(id).State.Pid
	c.http.CloseIdleConnections()
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("asked to end: %v", err)
	}
	if alive(pid) {
		t.Error("its process lives on")
	}
}
