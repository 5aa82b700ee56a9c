package compose_test

import (
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"workshop/services/compose"

	"github.com/google/go-cmp/cmp"
)

// TestRefusals checks that all settings that the embedded engine does not support are reported at
// once, each with its position and an alternative, and that nothing is created.
func TestRefusals(t *testing.T) {
	for _, tt := range []struct{ name, file, want string }{
		{"foreign image", "services:\n  db:\n    image: postgres:17\n", `
docker-compose.yml:3:5: image postgres:17: the embedded engine has no registry to pull it from: build it FROM workshop
  or FROM scratch, name a process with x-workshop, or use --engine docker`},
		{"mounts and rights", `services:
  web:
    image: workshop
    command: rng
    privileged: true
    read_only: false
    cap_add: [NET_ADMIN]
    volumes: ["./data:/data"]
    user: "1000"
    cpus: 0.5
    extra_hosts: ["a:1.2.3.4"]
    secrets: [s]
secrets: {s: {file: ./s}}
`, `
docker-compose.yml:5:5: privileged is not supported by the embedded engine:
  its containers are ordinary processes of the user: leave it out, or use --engine docker
docker-compose.yml:7:5: cap_add is not supported by the embedded engine:
  its containers are ordinary processes of the user: leave it out, or use --engine docker
docker-compose.yml:8:5: volumes is not supported by the embedded engine:
  its containers see the files of the machine: COPY what the service needs into its image,
  name a process with x-workshop, or use --engine docker
docker-compose.yml:9:5: user is not supported by the embedded engine:
  its containers run as you: leave it out, or use --engine docker
docker-compose.yml:10:5: cpus is not supported by the embedded engine:
  its processes have no such limits: leave it out, or use --engine docker
docker-compose.yml:11:5: extra_hosts is not supported by the embedded engine:
  names are those of the services: leave it out, or use --engine docker
docker-compose.yml:12:5: secrets is not supported by the embedded engine:
  put it into the environment or the image, or use --engine docker`},
		{"ports", `services:
  web:
    image: workshop
    command: rng
    ports:
    - "8000"
    - "53:53/udp"
    - "10.0.0.1:8000:80"
`, `
docker-compose.yml:7:7: a port for udp is not supported by the embedded engine: use TCP, or --engine docker
docker-compose.yml:8:7: publishing on 10.0.0.1 is not supported by the embedded engine:
  it binds loopback addresses only: leave the address out, or use --engine docker`},
		{"networks", `services:
  web:
    image: workshop
    command: rng
    logging: {driver: syslog, options: {max-size: 1m, tag: a}}
    deploy:
      placement: {constraints: [node.role == manager]}
      replicas: 1
      resources: {limits: {cpus: "1"}}
    networks:
      front:
        ipv4_address: 10.1.0.2
  host:
    image: workshop
    network_mode: host
networks:
  front:
    driver: overlay
    internal: true
volumes:
  data:
    driver: nfs
    driver_opts: {a: b}
  plain: {driver: local}
`, `
docker-compose.yml:5:15: the logging driver syslog is not supported by the embedded engine:
  use json-file, or --engine docker
docker-compose.yml:5:55: the log option tag is not supported by the embedded engine:
  use max-size and max-file, or --engine docker
docker-compose.yml:7:7: deploy: placement is not supported by the embedded engine:
  it is one machine: leave it out, or use --engine docker
docker-compose.yml:9:28: deploy: resources.limits.cpus is not supported by the embedded engine:
  its processes have no such limits: leave it out, or use --engine docker
docker-compose.yml:12:9: ipv4_address is not supported by the embedded engine:
  it has networks of its own only: leave it out, or use --engine docker
docker-compose.yml:15:5: network_mode: host is not supported by the embedded engine:
  publish the ports instead, or use --engine docker
docker-compose.yml:18:5: driver of a network is not supported by the embedded engine:
  it has networks of its own only: leave it out, or use --engine docker
docker-compose.yml:19:5: internal of a network is not supported by the embedded engine:
  it has networks of its own only: leave it out, or use --engine docker
docker-compose.yml:22:5: driver of a volume is not supported by the embedded engine:
  its containers see the files of the machine: COPY what the service needs into its image,
  name a process with x-workshop, or use --engine docker
docker-compose.yml:23:5: driver_opts of a volume is not supported by the embedded engine:
  its containers see the files of the machine: COPY what the service needs into its image,
  name a process with x-workshop, or use --engine docker`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// A line that begins with two spaces continues the one before it.
			want := strings.ReplaceAll(tt.want[1:], "\n  ", " ") + "\n"
			s := newStage(t, embeddedHost(t), tt.file)
			s.write("s", "x")
			for _, look := range []compose.Look{compose.V1, compose.V5} {
				r := s.run(look, "up", "-d")
				if diff := cmp.Diff(want, r.err); diff != "" || r.code != 1 || r.out != "" {
					t.Errorf("look %d: exit status %d (-want +got):\n%s", look, r.code, diff)
				}
			}
			if ps := s.ok(compose.V5, "ps", "-aq"); ps.out != "" {
				t.Errorf("there are containers: %s", ps.out)
			}
		})
	}
}

// TestRefusedBuilds checks that what the embedded engine does not build of a Dockerfile is reported
// with the settings of the Compose file, and that nothing is created.
func TestRefusedBuilds(t *testing.T) {
	s := newStage(t, embeddedHost(t), `services:
  web:
    build: {context: web, target: prod}
    read_only: true
  also:
    build: web
  based:
    build: {context: web, dockerfile: based}
  base:
    build: {context: web, dockerfile: fine}
    image: mine
  wrong:
    build: {context: web, dockerfile: wrong}
  inline:
    build:
      dockerfile_inline: |
        FROM workshop
        USER me
`)
	s.write("web/Dockerfile", "FROM node:22 AS build\nRUN npm ci && \\\n  npm run build\nFROM nginx AS prod\nCOPY --from=build /a /a\n")
	s.write("web/based", "FROM mine\nVOLUME /data\n")
	s.write("web/fine", "FROM workshop\n")
	s.write("web/wrong", "  FROM nginx\nRUN\nFROM workshop\n")
	const noRegistry = "the embedded engine has no registry to pull it from: build it FROM workshop or FROM scratch, " +
		"name a process with x-workshop, or use --engine docker"
	const stages = "the embedded engine builds in one stage: COPY files that are ready, build FROM workshop, " +
		"name a process with x-workshop in the Compose file, or use a real engine"
	want := `docker-compose.yml:3:27: build: target is not supported by the embedded engine: it builds in one stage: ` +
		`name a process with x-workshop, or use --engine docker
docker-compose.yml:4:5: read_only is not supported by the embedded engine: its containers see the files of the machine: ` +
		`COPY what the service needs into its image, name a process with x-workshop, or use --engine docker
docker-compose.yml:16:7: dockerfile line 2: USER me: the embedded engine's containers run as the user who runs it: leave it out
web/Dockerfile:1:1: FROM node:22: ` + noRegistry + `
web/Dockerfile:2:1: RUN npm ci && npm run build: the embedded engine runs no build steps: ` +
		`COPY files that are ready, build FROM workshop, name a process with x-workshop in the Compose file, or use a real engine
web/Dockerfile:4:1: FROM nginx: ` + noRegistry + `
web/Dockerfile:4:1: FROM: ` + stages + `
web/Dockerfile:5:1: COPY --from: ` + stages + `
web/based:2:1: VOLUME /data: the embedded engine has no mounts: write to a directory of the machine
web/wrong:1:3: FROM nginx: ` + noRegistry + `
web/wrong:2:1: RUN: it needs an argument
`
	for _, look := range []compose.Look{compose.V1, compose.V5} {
		r := s.run(look, "up", "-d")
		if diff := cmp.Diff(want, strings.TrimPrefix(r.err, "ERROR: ")); diff != "" || r.code != 1 || r.out != "" {
			t.Errorf("look %d: exit status %d (-want +got):\n%s", look, r.code, diff)
		}
	}
	if r := s.ok(compose.V5, "images", "-q"); r.out != "" {
		t.Errorf("there are images: %s", r.out)
	}
}

// greeter is an application from elsewhere: it opens the port in its environment.
const greeter = `services:
  web:
    x-workshop:
      command: ["./dc", plain, "and me"]
      working_dir: src
      ready: {log: "plain on", timeout: 20s}
    environment: {WHO: you}
    ports: ["8080"]
  back:
    x-workshop:
      command: exec ./dc plain
      working_dir: src
      ready: {port: 9090}
    expose: ["9090"]
`

func TestLocalProcesses(t *testing.T) {
	s := newStage(t, embeddedHost(t), greeter)
	if err := os.MkdirAll(s.dir+"/src", 0o755); err != nil {
		t.Fatal(err)
	}
	copyFile(t, app(t), s.dir+"/src/dc")
	for _, look := range []compose.Look{compose.V1, compose.V5} {
		s.ok(look, "up", "-d", "--scale", "back=3")
		address := strings.TrimSpace(s.ok(look, "port", "web", "8080").out)
		if got := fetch(t, address); got != "plain you and me" { // no retry: it is ready
			t.Errorf("it answers %q", got)
		}
		if r := s.ok(look, "logs", "web"); !strings.Contains(r.out, "plain on") {
			t.Errorf("logs: %s", r.out)
		}
		if r := s.ok(look, "up", "-d", "--scale", "back=3"); strings.Contains(r.err, "Recreat") {
			t.Errorf("up again: %s", r.err)
		}
		s.ok(look, "down")
	}
	// Other engines do not support such processes, so there is nothing to run.
	if r := newStage(t, dockerHost(t), greeter).run(compose.V1, "up", "-d"); r.code != 1 || !strings.Contains(r.err,
		"docker-compose.yml:3:5: service web is a local process, and those are run by the embedded engine only: "+
			"give it a build or an image for others") {
		t.Errorf("exit status %d: %s", r.code, r.err)
	}
}

// A service with a process can have what only other engines need.
func TestForOtherEngines(t *testing.T) {
	s := newStage(t, embeddedHost(t), `services:
  web:
    build: {context: nosuch, target: dev}
    user: nosuch
    volumes: [".:/srv:ro", "data:/data", {type: tmpfs, target: /run}]
    cap_add: [NET_ADMIN]
    cpus: 0.5
    ulimits: {nofile: 99, nosuch: 1}
    deploy: {resources: {limits: {cpus: "0.5", memory: 64m}}}
    platform: wasi/wasm
    logging: {options: {tag: a, max-size: 1m}}
    networks: {fixed: {ipv4_address: 10.9.8.7, aliases: [here]}}
    ports: ["53/udp", "80"]
    expose: ["67/udp"]
    x-workshop:
      command: exec sleep 1000
networks:
  fixed: {ipam: {config: [{subnet: 10.9.8.0/24}]}}
volumes:
  data:
`)
	for _, look := range []compose.Look{compose.V1, compose.V5} {
		r := s.ok(look, "up", "-d", "--scale", "web=2")
		for _, want := range []string{
			"web: cap_add, cpus, deploy: resources.limits.cpus, volumes: tmpfs, platform, logging: tag, networks: ipv4_address, ports: 53/udp: " +
				"without effect on the embedded engine, where its x-workshop is a process of this machine",
			"network fixed: ipam: without effect on the embedded engine, where its services are processes of this machine",
			"web: user nosuch has no effect: this machine has no such user",
			"web: ulimit nosuch has no effect: there is no such limit",
		} {
			if strings.Count(r.err, want) != 1 {
				t.Errorf("got %q, want %q", r.err, want)
			}
		}
		if r := s.ok(look, "exec", "-T", "web", "sh", "-c", "ulimit -t"); r.out != "unlimited\n" {
			t.Errorf("the limit without a name is another one: %q", r.out)
		}
		if r := s.ok(look, "up", "-d", "--scale", "web=2"); strings.Contains(r.err, "Recreat") {
			t.Errorf("up again: %s", r.err)
		}
		s.ok(look, "down", "-v")
	}
}

// The directories of volumes are at places that the process learns. Those of named volumes outlive the
// container, and are removed with the volume.
func TestProcessVolumes(t *testing.T) {
	s := newStage(t, embeddedHost(t), `services:
  web:
    image: nosuch
    volumes: [".:/srv/own:ro", "data:/var/lib/data", /scratch]
    environment: {VOLUME_SCRATCH: mine}
    x-workshop:
      command: |
        cat $$VOLUME_SRV_OWN/greeting; ls $$VOLUME_VAR_LIB_DATA; echo x > $$VOLUME_VAR_LIB_DATA/kept; echo "scratch is $$VOLUME_SCRATCH"
        exec sleep 1000
      ready: {log: scratch is}
    stop_signal: SIGKILL
  other:
    x-workshop: {command: exec sleep 1000}
    volumes: ["data:/data"]
    stop_signal: SIGKILL
volumes:
  data:
`)
	s.write("greeting", "hello\n")
	if r := s.ok(compose.V5, "up", "-d"); strings.Contains(r.err, "without effect") {
		t.Errorf("a note: %s", r.err)
	}
	if r := s.ok(compose.V5, "exec", "-T", "other", "sh", "-c", "cat $VOLUME_DATA/kept"); r.out != "x\n" {
		t.Errorf("the volume is not shared: %q", r.out)
	}
	var found struct {
		Mounts []struct {
			Type, Name, Source, Destination string
			RW                              bool
		}
	}
	if err := s.api("GET", "/containers/"+s.name+"-web-1/json", &found); err != nil || len(found.Mounts) != 3 {
		t.Fatalf("%+v %v", found.Mounts, err)
	}
	own, data, scratch := found.Mounts[0], found.Mounts[1], found.Mounts[2]
	if own.Type != "bind" || own.Source != s.dir || own.Destination != "/srv/own" || own.RW || data.Name != s.name+"_data" || !data.RW {
		t.Errorf("%+v", found.Mounts)
	}
	if r := s.run(compose.V5, "down"); r.code != 0 {
		t.Errorf("down: %s", r.err)
	}
	s.ok(compose.V5, "up", "-d")
	if r := s.ok(compose.V5, "logs", "--no-log-prefix", "web"); r.out != "hello\nkept\nscratch is mine\n" {
		t.Errorf("the second time: %q", r.out)
	}
	if err := s.api("DELETE", "/volumes/"+data.Name, nil); err == nil || !strings.Contains(err.Error(), "409") {
		t.Errorf("removal of a volume in use: %v", err)
	}
	s.ok(compose.V5, "down", "-v")
	for _, dir := range []string{data.Source, scratch.Source} {
		if _, err := os.Stat(dir); (dir == data.Source) != os.IsNotExist(err) { // down without -v left the other
			t.Errorf("%s: %v", dir, err)
		}
	}
	if _, err := os.Stat(s.dir + "/greeting"); err != nil {
		t.Error(err)
	}
}

// If the program of a health check is missing, that is said once beside the failure.
func TestMissingChecks(t *testing.T) {
	for test, program := range map[string]string{
		"no-such-check -U me || exit 1":        "no-such-check is missing on this machine",
		"[CMD, no-such-word]":                  "no-such-word is missing on this machine",
		"./check":                              "./check may not be executed",
		"[CMD, ./check]":                       "./check may not be executed",
		"[CMD, ./.]":                           "./. may not be executed",
		"[CMD, ./plain]":                       "./plain is neither a program nor a script that names its interpreter",
		"[CMD, ./foreign]":                     "./foreign names an interpreter that is missing on this machine",
		"\"echo 'host: not found'; exit 127\"": "",
	} {
		s := newStage(t, embeddedHost(t), `services:
  db:
    x-workshop: {command: exec sleep 1000}
    healthcheck: {test: `+test+`, interval: 10ms, retries: 1}
    stop_signal: SIGKILL
  web: {image: workshop, command: [rng], depends_on: {db: {condition: service_healthy}}}
  other: {image: workshop, command: [rng], depends_on: {db: {condition: service_healthy}}}
`)
		s.write("check", "#!/bin/sh\n")
		for name, text := range map[string]string{"plain": "exit 0\n", "foreign": "#!/no/such/shell\n"} {
			s.write(name, text)
			if err := os.Chmod(s.dir+"/"+name, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for _, look := range []compose.Look{compose.V1, compose.V5} {
			r := s.run(look, "up", "-d")
			notes := 1
			if program == "" {
				notes = 0
			}
			if want := "db: its health check cannot run: " + program; strings.Count(r.err, want) != notes || r.code == 0 {
				t.Errorf("%s, look %d: %d %s", test, look, r.code, r.err)
			}
			s.ok(look, "down")
		}
	}
}

// A missing directory is made below the project's, as Compose does, and nowhere else.
func TestMissingSources(t *testing.T) {
	file := func(volume string) string {
		return "services:\n  web:\n    x-workshop: {command: exec sleep 1000}\n    stop_signal: SIGKILL\n    volumes:\n    - " + volume + "\n"
	}
	long := func(more string) string { return file("{type: bind, source: ./data/inner, target: /data" + more + "}") }
	const made, absent = "", `invalid mount config for type "bind": bind source path does not exist: DIR/data/inner`
	for name, test := range map[string]struct{ file, v1, v5 string }{
		"short":     {file("./data/inner:/data"), made, made},
		"long":      {long(""), absent, made},
		"forbidden": {long(", bind: {create_host_path: false}"), absent, absent},
		"outside": {
			file("../not here:/data"),
			"docker-compose.yml:6:7: PARENT/not here does not exist, and the embedded engine makes no directory outside of the project's: " +
				"mkdir -p 'PARENT/not here'",
			"docker-compose.yml:6:7: PARENT/not here does not exist",
		},
		"outside by a link": {file("./link/new:/data"), "DIR/link/new does not exist", "DIR/link/new does not exist"},
	} {
		for look, want := range map[compose.Look]string{compose.V1: test.v1, compose.V5: test.v5} {
			s := newStage(t, embeddedHost(t), test.file)
			elsewhere := t.TempDir()
			if err := os.Symlink(elsewhere, s.dir+"/link"); err != nil {
				t.Fatal(err)
			}
			r := s.run(look, "up", "-d")
			_, err := os.Stat(s.dir + "/data/inner")
			want := strings.NewReplacer("DIR", s.dir, "PARENT", filepath.Dir(s.dir)).Replace(want)
			if (r.code == 0) != (want == made) || !strings.Contains(r.err, want) || (err == nil) != (want == made) {
				t.Errorf("%s, look %d: %d %s, want %q; %v", name, look, r.code, r.err, want, err)
			}
			s.ok(look, "down")
			if left, err := os.ReadDir(elsewhere); err != nil || len(left) > 0 {
				t.Errorf("%s, look %d: made elsewhere: %v %v", name, look, left, err)
			}
			if _, err := os.Stat(filepath.Dir(s.dir) + "/not here"); !os.IsNotExist(err) {
				t.Errorf("%s, look %d: made beside the project: %v", name, look, err)
			}
			// Those of run are no others.
			if r := s.run(look, "run", "--rm", "-v", elsewhere+"/new:/other", "web", "true"); name == "short" && (r.code == 0 ||
				!strings.Contains(r.err, "bind source path does not exist: "+elsewhere+"/new")) {
				t.Errorf("run: %d %s", r.code, r.err)
			}
		}
	}
}

// The volumes of run take the place of the service's, as in the original commands. Which one wins in 1.29.2
// depends on chance; here it is the later one.
func TestRunVolumes(t *testing.T) {
	s := newStage(t, embeddedHost(t), `services:
  web:
    x-workshop: {command: exec sleep 1000}
    volumes: ["./own:/data", "named:/named", "/anonymous"]
volumes: {named: {}}
`)
	const mounts = `env | sed -n 's/^VOLUME_//p' | sort`
	const named = "NAMED=volumes/PROJECTnamed"
	for _, look := range []compose.Look{compose.V1, compose.V5} {
		for args, want := range map[string]string{
			"DIR/new:/data":              "DATA=DIR/new " + named,
			"DIR/new:/named":             "DATA=DIR/own NAMED=DIR/new",
			"DIR/a:/x DIR/b:/x":          "DATA=DIR/own " + named + " X=DIR/b",
			"other:/data":                "DATA=volumes/other " + named,
			"DIR/new:/anonymous":         "ANONYMOUS=DIR/new DATA=DIR/own " + named,
			"/new":                       "DATA=DIR/own " + named,
			"v1: DIR/new:/data/":         "DATA=DIR/new " + named,
			"v1: /data":                  "DATA=DIR/own " + named,
			"v1: named:/x":               "DATA=DIR/own " + named + " X=volumes/named",
			"v1: ./new:/x":               `"./new" includes invalid characters for a local volume name`,
			"v5: DIR/new:/data/":         "Duplicate mount point: /data",
			"v5: /data":                  named,
			"v5: named:/x":               "DATA=DIR/own " + named + " X=volumes/PROJECTnamed",
			"v5: DIR/new:/":              "destination can't be '/'",
			"v5: DIR/new:/x DIR/new::/x": "invalid spec: DIR/new::/x: empty section between colons",
		} {
			project := map[compose.Look]string{compose.V1: "v1: ", compose.V5: "v5: "}[look]
			list, ours := strings.CutPrefix(args, project)
			if !ours && args[0] == 'v' {
				continue
			}
			fill := strings.NewReplacer("DIR", s.dir, "PROJECT", filepath.Base(s.dir)+"_")
			command := []string{"run", "-T", "--rm", "--no-deps"}
			for _, v := range strings.Fields(fill.Replace(list)) {
				command = append(command, "-v", v)
			}
			r := s.run(look, append(command, "web", "sh", "-c", mounts)...)
			var shown []string
			for _, line := range strings.Fields(r.out) {
				name, place, _ := strings.Cut(line, "=")
				if _, inner, ok := strings.Cut(place, "/volumes/"); ok {
					place = "volumes/" + inner
				}
				if len(place) < 64 || !strings.HasPrefix(place, "volumes/") { // not one without a name
					shown = append(shown, name+"="+place)
				}
			}
			if want := fill.Replace(want); strings.Join(shown, " ") != want && (r.code == 0 || !strings.Contains(r.err, want)) {
				t.Errorf("look %d, %s: %d %q %s, want %q", look, args, r.code, shown, r.err, want)
			}
		}
	}
}

// Limits hold for the service's process from its first instruction, and for those of exec.
func TestProcessLimits(t *testing.T) {
	s := newStage(t, embeddedHost(t), `services:
  web:
    ulimits: {nofile: {soft: 55, hard: 66}, core: 0}
    x-workshop:
      command: "ulimit -n; ulimit -Hn; echo started; exec sleep 1000"
      ready: {log: started}
    stop_signal: SIGKILL
`)
	r := s.ok(compose.V5, "up", "-d")
	if strings.Contains(r.err, "effect") {
		t.Errorf("a note: %s", r.err)
	}
	if r := s.ok(compose.V5, "logs", "--no-log-prefix", "web"); r.out != "55\n66\nstarted\n" {
		t.Errorf("limits %q", r.out)
	}
	if r := s.ok(compose.V5, "exec", "-T", "web", "sh", "-c", "ulimit -n"); r.out != "55\n" {
		t.Errorf("limit of exec %q", r.out)
	}
}

// A service whose process uses more than its memory is killed, where the engine may limit it; else that is
// noted once.
func TestProcessMemory(t *testing.T) {
	const greedy = `
    x-workshop:
      command: "exec 2> /dev/null; head -c 200000000 /dev/zero | tail -n 1 > /dev/null; echo status $$?; exec sleep 1000"
      ready: {log: status}
    stop_signal: SIGKILL
`
	s := newStage(t, embeddedHost(t), "services:\n  web:\n    mem_limit: 50m"+greedy+"    scale: 2\n  deployed:\n"+
		"    deploy: {resources: {limits: {memory: 60m}}}"+greedy+"  free:"+greedy)
	r := s.ok(compose.V5, "up", "-d")
	want := "status 137\n"
	if note := "web: the limit of memory has no effect"; strings.Contains(r.err, note) {
		if os.Geteuid() == 0 {
			t.Skip(r.err)
		}
		want = "status 0\n"
		if strings.Count(r.err, note) != 1 {
			t.Errorf("notes: %s", r.err)
		}
	} else if strings.Contains(r.err, "effect") {
		t.Errorf("notes: %s", r.err)
	}
	for service, want := range map[string]string{"web": want + want, "deployed": want, "free": "status 0\n"} {
		got := s.ok(compose.V5, "logs", "--no-log-prefix", service)
		if got.out != want {
			t.Errorf("%s: %q, want %q", service, got.out, want)
		}
	}
}

// Root's engine starts a process as the user of its service, if that one may enter its directories.
func TestProcessUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root starts processes of others")
	}
	s := newStage(t, embeddedHost(t), `services:
  web:
    user: "12345:54321"
    x-workshop:
      command: "id -u; id -g; id -G; echo started; exec sleep 1000"
      working_dir: /
      ready: {log: started}
    stop_signal: SIGKILL
  closed:
    user: "12345"
    x-workshop:
      command: exec sleep 1000
      working_dir: closed
    stop_signal: SIGKILL
  group:
    user: ":54321"
    x-workshop:
      command: "id -g; exec sleep 1000"
      working_dir: closed
    stop_signal: SIGKILL
`)
	s.write("closed/file", "")
	if err := os.Chmod(s.dir+"/closed", 0o700); err != nil {
		t.Fatal(err)
	}
	r := s.ok(compose.V5, "up", "-d")
	if want := "closed: user 12345 has no effect: "; !strings.Contains(r.err, want) || strings.Count(r.err, "has no effect") != 1 {
		t.Errorf("no %q in %s", want, r.err)
	}
	if r := s.ok(compose.V5, "logs", "--no-log-prefix", "web"); r.out != "12345\n54321\n54321\nstarted\n" {
		t.Errorf("user %q", r.out)
	}
	if r := s.ok(compose.V5, "exec", "-T", "web", "id", "-u"); r.out != "12345\n" {
		t.Errorf("user of exec %q", r.out)
	}
	if r := s.ok(compose.V5, "exec", "-T", "closed", "id", "-u"); r.out != "0\n" {
		t.Errorf("user of the other %q", r.out)
	}
	if r := s.run(compose.V5, "exec", "-T", "-u", "0", "web", "id"); r.code == 0 {
		t.Errorf("exec as another user: %q", r.out)
	}
}

// The user who runs the engine is the one of every process: to ask for that one is no mistake, and not noted.
func TestOwnUser(t *testing.T) {
	own, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	group, err := user.LookupGroupId(own.Gid)
	if err != nil {
		t.Skip(err)
	}
	s := newStage(t, embeddedHost(t), `services:
  process:
    user: `+own.Username+`
    x-workshop: {command: exec sleep 1000}
    stop_signal: SIGKILL
  image:
    user: "`+own.Uid+`:`+own.Gid+`"
    image: workshop
    command: [sleep, "1000"]
    stop_signal: SIGKILL
  group:
    user: ":`+group.Name+`"
    image: workshop
    command: [sleep, "1000"]
    stop_signal: SIGKILL
`)
	p, err := compose.Load(t.Context(), compose.LoadOptions{Dir: s.dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Refusals(t.Context(), true); err != nil {
		t.Errorf("beforehand: %v", err)
	}
	if r := s.ok(compose.V5, "up", "-d"); strings.Contains(r.err, "user") {
		t.Errorf("a note: %s", r.err)
	}
	for _, service := range []string{"process", "image", "group"} {
		if r := s.ok(compose.V5, "exec", "-T", "-u", own.Username+":"+group.Name, service, "id", "-u"); r.out != own.Uid+"\n" {
			t.Errorf("%s: user %q", service, r.out)
		}
	}
}

// cp is refused with advice, wherever it is asked for.
func TestNoCopy(t *testing.T) {
	s := newStage(t, embeddedHost(t), "services: {web: {image: workshop}}\n")
	if r := s.run(compose.V5, "cp", "web:/etc/passwd", "."); r.code != 1 || !strings.Contains(r.err,
		"`docker compose exec -T SERVICE cat FILE`") {
		t.Errorf("exit status %d: %s", r.code, r.err)
	}
	if why := compose.CheckDocker([]string{"compose", "cp", "a", "web:/"}, compose.DockerUse{}); !strings.Contains(why,
		"no `docker compose cp`") {
		t.Errorf("beforehand: %q", why)
	}
}

// Before the first container, up says that there are networks.
func TestNetworksAreSaid(t *testing.T) {
	s := newStage(t, startEngine(t, true), "services:\n  web: {stop_signal: SIGKILL, x-workshop: {command: exec sleep 1000}}\n")
	var info struct{ Warnings []string }
	if err := s.api("GET", "/info", &info); err != nil || len(info.Warnings) > 0 {
		t.Skip(info.Warnings, err)
	}
	const said = "Each container has a network of its own"
	if r := s.ok(compose.V1, "up", "-d"); strings.Count(r.err, said) != 1 {
		t.Errorf("the first time: %s", r.err)
	}
	if r := s.ok(compose.V1, "up", "-d"); strings.Contains(r.err, said) {
		t.Errorf("the second time: %s", r.err)
	}
}

func fetch(t *testing.T, address string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.Replace(address, "0.0.0.0", "127.0.0.1", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	n := 0
	for {
		m, err := conn.Read(b[n:])
		n += m
		if err != nil {
			_, body, _ := strings.Cut(string(b[:n]), "\r\n\r\n")
			return body
		}
	}
}

func TestLocalProcessMistakes(t *testing.T) {
	for _, tt := range []struct{ name, file, want string }{
		{"no command", "services:\n  web:\n    x-workshop: {working_dir: .}\n", "docker-compose.yml:3:5: x-workshop needs a command"},
		{"no mapping", "services:\n  web:\n    x-workshop: ./server\n", "docker-compose.yml:3:5: x-workshop must be a mapping with a command"},
		{
			"unknown", "services:\n  web:\n    x-workshop:\n      command: x\n      comand: y\n",
			"docker-compose.yml:5:7: unknown attribute comand of x-workshop: there are command, working_dir and ready",
		},
		{
			"ready", "services:\n  web:\n    x-workshop:\n      command: x\n      ready: {port: many}\n",
			"docker-compose.yml:5:15: port must be a number from 1 to 65535",
		},
		{
			"never ready", "services:\n  web:\n    x-workshop:\n      command: exec sleep 1000\n      ready: {log: up, timeout: 100ms}\n",
			`PROJECT_web_1 is not ready after 100ms: it has not written "up"`,
		},
		{
			"undeclared", "services:\n  web:\n    x-workshop:\n      command: exec sleep 1000\n      ready: {port: 80}\n",
			"PROJECT_web_1 is ready when port 80 answers, which is none of its ports",
		},
		{
			"ends", "services:\n  web:\n    x-workshop:\n      command: exit 7\n      ready: {port: 80}\n    expose: [80]\n",
			`PROJECT_web_1 ended with status 7 before it was ready`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, embeddedHost(t), tt.file)
			r := s.run(compose.V1, "up", "-d")
			if want := strings.ReplaceAll(tt.want, "PROJECT", s.name); r.code != 1 || !strings.Contains(r.err, want) {
				t.Errorf("exit status %d, no %q in %s", r.code, want, r.err)
			}
		})
	}
}

// TestLocalBinary runs a binary that is independent of workshop in an image FROM scratch.
func TestLocalBinary(t *testing.T) {
	onEngines(t, func(t *testing.T, host string) {
		s := newStage(t, host, "services:\n  web:\n    build: web\n    environment: {ROLE: plain}\n    ports: [\"8080\"]\n")
		s.write("web/Dockerfile", "FROM scratch\nCOPY server /server\nENTRYPOINT [\"/server\"]\nCMD [\"plain\", \"\"]\n")
		copyFile(t, app(t), s.dir+"/web/server")
		if err := os.Chmod(s.dir+"/web/server", 0o755); err != nil {
			t.Fatal(err)
		}
		s.ok(compose.V1, "up", "-d")
		ready := newSpy(contains("plain on"))
		s.interrupted(compose.V1, ready.interrupts, ready, "logs", "-f")
		address := strings.TrimSpace(s.ok(compose.V1, "port", "web", "8080").out)
		if got := fetch(t, address); got != "plain  " {
			t.Errorf("it answers %q", got)
		}
	})
}
