package compose_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"workshop/services/compose"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
)

// rich uses many attributes of Compose files.
const rich = `version: "3"
x-common: &common {GREETING: "hällo $$you"}
services:
  web:
    build: {context: web, args: {A: 1, B: }, labels: [x=y]}
    image: PROJECTweb
    command: echo hi "there $$x"
    depends_on: [db]
    environment: {<<: *common, ONE: "1", TWO: two, C: , HOME: }
    ports: ["8001:80", "127.0.0.1:90:91/udp", "33", "9000-9001:9000-9001", {target: 7, published: 8, protocol: udp}]
    volumes: ["./x:/y:ro", "data:/z", "/anon", {type: bind, source: /tmp, target: /t}]
    restart: always
    labels: [a=b]
    networks: {default: {aliases: [x]}, other: }
    stop_grace_period: 3s
    expose: [1, "2"]
    cpus: 0.5
    mem_limit: 10m
    healthcheck: {test: ["CMD", "x"], interval: 1m30s, retries: 3}
    logging: {driver: json-file, options: {max-size: 1m}}
    tmpfs: /tmp
    ulimits: {nofile: 10, nproc: {soft: 1, hard: 2}}
    extra_hosts: ["a:1.2.3.4"]
    entrypoint: ["/a", "b c"]
    dns: 1.1.1.1
  db:
    image: PROJECTdb
    init: true
    user: "1"
    sysctls: {a: 1}
    environment: [X=1, Y, Z=]
    cap_add: [NET_ADMIN]
    restart: on-failure:3
    hostname: h
    privileged: true
    security_opt: ["no-new-privileges:true"]
    devices: ["/dev/null:/dev/nothing"]
    env_file: some.env
  plain: {build: ./plain, container_name: own, tty: true, stdin_open: true}
  linked: {image: busybox, links: ["db:database", plain], network_mode: bridge}
  after: {image: "busybox:1", depends_on: {web: {condition: service_started}}, scale: 2}
volumes:
  data: {}
  named: {driver: local, labels: {k: v}}
networks:
  other: {driver: bridge}
`

func TestHashAsDockerCompose(t *testing.T) {
	s := newStage(t, dockerHost(t), rich, "web", "plain")
	s.write("some.env", "X=from file\nFROM_FILE=1\n")
	want := s.real("config", "--hash=*")
	if want.code != 0 {
		t.Fatal(want.err)
	}
	got := s.ok(compose.V1, "config", "--hash=*")
	if diff := cmp.Diff(inOrder(want.out), inOrder(got.out)); diff != "" {
		t.Errorf("-real +ours:\n%s", diff)
	}
}

func TestConfigAsDockerCompose(t *testing.T) {
	s := newStage(t, dockerHost(t), rich, "web", "plain")
	s.write("some.env", "X=from file\nFROM_FILE=1\n")
	for _, args := range [][]string{{"config"}, {"config", "--services"}, {"config", "-q"}, {"ps", "--services"}} {
		want, got := s.real(args...), s.run(compose.V1, args...)
		if diff := cmp.Diff(want.out, got.out); diff != "" {
			t.Errorf("%v (-real +ours):\n%s", args, diff)
		}
		if want.code != got.code || want.err != got.err {
			t.Errorf("%v: got %d %q, want %d %q", args, got.code, got.err, want.code, want.err)
		}
	}
}

// TestLongConfigAsDockerCompose prints texts that need several lines, and what services refer to. `config`
// needs no engine.
func TestLongConfigAsDockerCompose(t *testing.T) {
	s := newStage(t, embeddedHost(t), `version: "3.9"
services:
  a:
    image: busybox
    command: sh -c "echo this line of many words goes on until it needs a second one" && echo 'and then  it needs' another one $$HOME
    entrypoint: ["/bin/a-word-that-is-longer-than-the-eighty-columns-which-a-line-of-this-output-has/and-more", "short one"]
    environment:
      BREAKS: "first\nsecond\n\nlast\n"
      BESIDE: "first \n second"
      TAB: "with a tab\there, and so many words behind it that they do not have enough place on one line"
      QUOTED: "key: it's what needs single quotes, and it is long enough to be continued after it's full"
      BLANKS: " before and after "
      MARK: "--- not a mark"
      DATES: "2020-01-01 or 2020-01-02"
      DATE: "2020-01-01"
      WIDE: "ü 😀 \u2028 \ufeff"
    secrets: [key, {source: other, target: t, mode: 256}]
    configs: [c]
    volumes: ["./y/:/y/", {type: bind, source: ./x, target: /x, read_only: true}, {type: volume, source: v, target: /v}]
networks:
  default: {external: {name: elsewhere}}
  named: {external: true}
  plain: {labels: [n=1]}
secrets:
  key: {file: ./sub/../key.txt}
  other: {external: true, name: there}
configs:
  c: {file: c.conf}
volumes:
  v: {labels: [a=1], driver_opts: {x: 1}}
`)
	want, got := s.real("config"), s.run(compose.V1, "config")
	if diff := cmp.Diff(want.out, got.out); diff != "" || want.code != got.code || want.code != 0 {
		t.Errorf("%d and %d (-real +ours):\n%s%s%s", want.code, got.code, diff, want.err, got.err)
	}
}

// TestExtendsAsDockerCompose prints, and hashes, services that inherit from others, in this file and in
// one of another directory.
func TestExtendsAsDockerCompose(t *testing.T) {
	s := newStage(t, dockerHost(t), `version: "3.9"
services:
  a:
    extends: {file: sub/base.yml, service: base}
    environment: [Z=9]
    ports: ["8080:80"]
    command: [x, y]
  b:
    extends: a
    command: z
    labels: {m: "3"}
  c:
    image: busybox
    deploy: {resources: {limits: {cpus: '0.5', memory: 64M}, reservations: {cpus: '0.25'}}}
volumes: {v: {}}
`)
	s.write("sub/base.yml", `services:
  zero: {image: busybox, environment: {Z: "0", PASSED: null}, labels: [l=1]}
  base:
    extends: zero
    env_file: e.env
    volumes: [./data:/data, v:/x]
    labels: {m: "2"}
    healthcheck: {test: [CMD, "true"], interval: 3s}
`)
	s.write("sub/e.env", "E=1\n")
	for _, args := range [][]string{{"config"}, {"config", "--hash=a,b"}} {
		want, got := s.real(args...), s.run(compose.V1, args...)
		if diff := cmp.Diff(inOrder(want.out), inOrder(got.out)); diff != "" || want.code != got.code || want.code != 0 {
			t.Errorf("%v: %d and %d (-real +ours):\n%s%s", args, want.code, got.code, diff, want.err)
		}
	}
}

// runnable uses the attributes of containers that the test engine supports.
const runnable = `services:
  web:
    build: web
    command: ["worker"]
    depends_on: [db]
    environment: {GREETING: hello, UNSET: }
    ports: ["127.0.0.1::80", "81"]
    volumes: ["./web:/y:ro", "data:/z", "/anon", {type: bind, source: ./db, target: /long, read_only: true}]
    restart: unless-stopped
    labels: {a: b, c: ""}
    networks: {default: {aliases: [x]}, other: {}}
    stop_grace_period: 3s
    expose: [1]
    cpus: 0.5
    mem_limit: 30m
    healthcheck: {test: ["CMD", "/dc", "redis"], interval: 1h, retries: 3}
    logging: {driver: json-file, options: {max-size: 1m}}
    tmpfs: [/tmp, "/run:size=1m"]
    ulimits: {nofile: 100, nproc: {soft: 100, hard: 200}}
    extra_hosts: ["a:1.2.3.4", "b:1.2.3.5"]
    dns: 1.1.1.1
    cap_add: [NET_ADMIN]
    cap_drop: [MKNOD]
    read_only: true
    init: true
    hostname: h
    working_dir: /
    user: "0"
    stop_signal: SIGTERM
    shm_size: 1m
    sysctls: {net.core.somaxconn: 1024}
    security_opt: ["no-new-privileges:true"]
    devices: ["/dev/null:/dev/nothing"]
    group_add: ["1"]
    pids_limit: 50
  db: {build: db, tty: true, stdin_open: true, network_mode: none}
volumes: {data: {labels: {l: m}}}
networks: {other: {}}
`

// TestContainersAsDockerCompose compares the engine's descriptions of the containers, networks and
// volumes that each of the two commands created.
func TestContainersAsDockerCompose(t *testing.T) {
	s := newStage(t, dockerHost(t), runnable, "web", "db")
	realCompose(t)
	s.ok(compose.V1, "build", "-q")
	look := func() map[string]any {
		out := map[string]any{}
		for _, path := range []string{
			"/containers/" + s.name + "_web_1/json", "/containers/" + s.name + "_db_1/json",
			"/networks/" + s.name + "_default", "/networks/" + s.name + "_other", "/volumes/" + s.name + "_data",
		} {
			var object map[string]any
			if err := s.api("GET", path, &object); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			out[path] = stable(object)
		}
		return out
	}
	if r := s.real("up", "-d"); r.code != 0 {
		t.Fatal(r.err)
	}
	want := look()
	if r := s.real("down", "-v"); r.code != 0 {
		t.Fatal(r.err)
	}
	s.ok(compose.V1, "up", "-d")
	got := look()
	s.ok(compose.V1, "down", "-v", "-t", "0")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-docker-compose +ours:\n%s", diff)
	}
}

// stable keeps the data that two containers of the same configuration share.
func stable(object map[string]any) map[string]any {
	out := map[string]any{}
	for _, key := range []string{
		"Config", "Driver", "Labels", "Options", "Internal", "Attachable", "EnableIPv6", "Name", "Args", "Path",
		"Image",
	} {
		if value, ok := object[key]; ok {
			out[key] = value
		}
	}
	if config, ok := out["Config"].(map[string]any); ok {
		if name, _ := config["Hostname"].(string); len(name) == 12 {
			delete(config, "Hostname")
		}
	}
	if host, ok := object["HostConfig"].(map[string]any); ok {
		for key, value := range host { // the engine treats a missing value like an empty one
			switch v := value.(type) {
			case []any:
				slices.SortFunc(v, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
				if len(v) == 0 {
					host[key] = nil
				}
			case map[string]any:
				if len(v) == 0 {
					host[key] = nil
				}
			}
		}
		out["HostConfig"] = host
	}
	if settings, ok := object["NetworkSettings"].(map[string]any); ok {
		networks := map[string]any{}
		for name, n := range settings["Networks"].(map[string]any) {
			aliases, _ := n.(map[string]any)["Aliases"].([]any)
			kept := map[any]bool{}
			for _, a := range aliases {
				if text, _ := a.(string); text != object["Id"].(string)[:12] {
					kept[a] = true
				}
			}
			networks[name] = kept
		}
		out["Networks"] = networks
	}
	return out
}

// TestMountErrorsAsDockerCompose compares the errors of volumes at one place, and of a missing source.
func TestMountErrorsAsDockerCompose(t *testing.T) {
	realCompose(t)
	for name, volumes := range map[string]string{
		"twice":      "[./a:/srv, v:/v, ../b:/srv/:ro, /c:/d, ./e:/d]",
		"long twice": "[/srv, {type: bind, source: ./b, target: /srv, read_only: true}]",
		"missing":    "[{type: bind, source: ./none, target: /srv}]",
	} {
		s := newStage(t, dockerHost(t), "version: \"3.7\"\nservices:\n  redis:\n    build: redis\n    volumes: "+
			""+volumes+"\nvolumes: {v: {}}\n", "redis")
		for _, args := range [][]string{{"config", "-q"}, {"build", "-q"}, {"up", "-d"}, {"ps", "-q"}} {
			want, got := s.real(args...), s.run(compose.V1, args...)
			_, made := os.Stat(s.dir + "/none")
			if last := lastLine(want.err); want.code != got.code || !strings.HasSuffix(lastLine(got.err), last) || !os.IsNotExist(made) {
				t.Errorf("%s: %v: got %d %q, want %d %q; %v", name, args, got.code, got.err, want.code, want.err, made)
			}
		}
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// TestTakingTurns alternates the two commands on the same project.
func TestTakingTurns(t *testing.T) {
	s := newStage(t, dockerHost(t), "services:\n  worker:\n    build: worker\n  redis:\n    build: redis\n", "worker", "redis")
	realCompose(t)
	s.ok(compose.V1, "build", "-q")
	ours := func(args ...string) result { return s.run(compose.V1, args...) }
	for i, step := range []struct {
		name string
		run  func(args ...string) result
		args string
		want string // in stderr
	}{
		{"create", ours, "up -d", "Creating PROJECT_redis_1 ... done"},
		{"theirs finds ours", s.real, "up -d", "PROJECT_worker_1 is up-to-date"},
		{"theirs adds", s.real, "up -d --scale worker=3", "Creating PROJECT_worker_3 ... done"},
		{"ours finds theirs", ours, "up -d --scale worker=3", "PROJECT_worker_3 is up-to-date"},
		{"ours removes theirs", ours, "up -d", "Stopping and removing PROJECT_worker_3 ... done"},
		{"ours stops", ours, "stop worker", "Stopping PROJECT_worker_1 ... done"},
		{"theirs starts", s.real, "up -d", "Starting PROJECT_worker_1 ... done"},
		{"ours changes", ours, "-f changed.yml up -d", "Recreating PROJECT_worker_1 ... done"},
		{"theirs sees the change", s.real, "-f changed.yml up -d", "PROJECT_worker_1 is up-to-date"},
		{"theirs changes back", s.real, "up -d", "Recreating PROJECT_worker_1 ... done"},
		{"ours sees that", ours, "up -d", "PROJECT_worker_1 is up-to-date"},
		{"ours forces", ours, "up -d --force-recreate redis", "Recreating PROJECT_redis_1 ... done"},
		{"theirs finds that", s.real, "up -d", "PROJECT_redis_1 is up-to-date"},
		{
			"ours warns of an orphan", ours, "-f less.yml up -d",
			"Found orphan containers (PROJECT_worker_1) for this project. If you removed or renamed this service in your compose file, " +
				"you can run this command with the --remove-orphans flag to clean it up.",
		},
		{"ours removes the orphan", ours, "-f less.yml up -d --remove-orphans", `Removing orphan container "PROJECT_worker_1"`},
		{"theirs takes down", s.real, "down", "Removing network PROJECT_default"},
	} {
		if i == 0 {
			s.write("changed.yml", "services:\n  worker:\n    build: worker\n    environment: {A: b}\n  redis:\n    build: redis\n")
			s.write("less.yml", "services:\n  redis:\n    build: redis\n")
		}
		r := step.run(strings.Fields(step.args)...)
		want := strings.ReplaceAll(step.want, "PROJECT", s.name)
		text := rules(` +\.\.\.`, " ...", "\r", "").apply(r.err)
		if r.code != 0 || !strings.Contains(text, want+"\n") {
			t.Fatalf("%s: %q: exit status %d, no %q in\n%s", step.name, step.args, r.code, want, text)
		}
	}
}

// TestTexts compares both commands in cases outside the golden files.
func TestTexts(t *testing.T) {
	if os.Getenv("REQUIRE_DOCKER_COMPOSE") == "" {
		t.Skip("takes a minute: REQUIRE_DOCKER_COMPOSE=1 runs it")
	}
	realCompose(t)
	build := func(command string) string {
		return "services:\n  redis:\n    build: redis\n    " + command + "\n  other:\n    build: redis\n    image: PROJECTother\n    scale: 0\n"
	}
	for _, tt := range []struct {
		name     string
		file     string
		commands []string
		dir      string // to work in
		docker   bool   // it needs features that the embedded engine refuses
	}{
		{name: "no file", commands: []string{"ps", "up -d", "config"}},
		{name: "no such file", commands: []string{"-f nosuch.yml ps"}},
		{name: "unknown command", file: build(""), commands: []string{"nosuch"}},
		{name: "unset variables", file: build("command: \"$UNSETVARIABLE ${ALSOUNSET:-x} ${UNSETTOO}\""), commands: []string{"config", "ps"}},
		{name: "nothing there", file: build(""), commands: []string{
			"ps", "ps -q", "logs", "start", "stop", "restart", "kill", "rm", "rm -f", "pause", "unpause", "top", "images", "images -q", "down",
			"port redis 80", "exec redis ls",
		}},
		{name: "no such service", file: build(""), commands: []string{
			"start nosuch", "stop nosuch", "restart nosuch", "kill nosuch", "rm nosuch", "pause nosuch", "top nosuch", "images nosuch",
			"port nosuch 80", "up -d nosuch", "build nosuch", "pull nosuch", "run nosuch", "exec nosuch ls", "logs -f nosuch",
		}},
		{name: "wrong options", file: build(""), commands: []string{
			"up -d --scale nosuch", "up -d --scale redis=x", "logs --tail x", "ps -q --services", "up --force-recreate --no-recreate",
			"down --rmi some", "up --build --no-build",
		}},
		{name: "life", file: build(""), commands: []string{
			"build", "up -d --no-build", "up -d --scale nosuch=2", "ps", "images", "pause", "ps", "unpause", "top", "restart -t 0",
			"kill -s SIGKILL", "stop", "start redis",
			"up -d --scale redis=3", "stop -t 0", "ps", "start", "up -d --no-recreate", "up -d --force-recreate --scale redis=1",
			"port --protocol udp redis 1", "port redis 6379",
			"rm -f", "rm -sf", "run --rm redis exit 3", "down -t 0 --rmi all",
		}},
		{name: "below", file: build(""), dir: "redis", commands: []string{"ps", "config --services"}},
		{
			name: "order", file: "services:\n  c: {image: x, depends_on: [a]}\n  b: {image: x, links: [c]}\n  a: {image: x}\n  d: {image: x}\n",
			commands: []string{"ps --services", "config --services"},
		},
		{name: "project name", file: build(""), commands: []string{"-p A.B_c up -d --no-start", "-p A.B_c ps", "-p A.B_c down"}},
		{name: "container name", file: build("container_name: PROJECTown"), commands: []string{"up -d", "ps", "logs", "down -t 0"}},
		{
			name: "volumes", docker: true, file: build("volumes: [\"vol:/v\", /anon]") + "volumes:\n  vol: {}\n",
			commands: []string{"up -d", "up -d --force-recreate", "config --volumes", "down -v -t 0", "down -v"},
		},
		{name: "external", file: build("networks: [n]") + "networks:\n  n: {external: true}\n", commands: []string{"up -d", "down"}},
		{
			name: "exits", file: build("command: [exit, \"3\"]"),
			commands: []string{"up --no-color", "up --abort-on-container-exit", "up --exit-code-from redis", "ps", "down"},
		},
		{name: "failing build", file: "services:\n  bad:\n    build: .\n", commands: []string{"up -d", "build", "down"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := tt.file
			if file == "" {
				file = "services: {}"
			}
			host := dockerHost
			if !tt.docker {
				host = embeddedHost
			}
			s := newStage(t, host(t), file, "redis")
			if tt.file == "" {
				os.Remove(s.dir + "/docker-compose.yml")
			}
			s.write("Dockerfile", "FROM scratch\nCOPY nosuch /\n")
			s.ok(compose.V1, "-f", s.dir+"/docker-compose.yml", "--project-directory", s.dir, "version")
			top := s.dir
			if tt.dir != "" {
				s.dir += "/" + tt.dir
			}
			var real []result
			// A container that was started a moment ago may not have logged its output yet.
			ready := func(command string) {
				if tt.name == "container name" && command == "logs" {
					s.logged(compose.V1)
				}
			}
			for _, command := range tt.commands {
				ready(command)
				real = append(real, s.real(strings.Fields(command)...))
			}
			s.clean()
			for i, command := range tt.commands {
				ready(command)
				got := s.run(compose.V1, strings.Fields(command)...)
				same := func(text string) string {
					text = normalize(0, "", strings.ReplaceAll(strings.ReplaceAll(text, top, "/PROJECT"), s.name, "PROJECT"))
					text = rules(
						`(?s)^(No such command: \w+\n\n).*`, "$1", // we word the list differently
						`\d+ +\d+ +\d+ +\d\d:\d\d`, "PID PPID C TIME",
						`Exit (0|137|143) +`, "Exit N ", // containers that ended by themselves before they were killed
						`^\d+\n`, "", // docker-compose logs its own exit status
						`_run_[0-9a-f]{12}`, "_run_SLUG", `\b[0-9a-f]{12}\b`, "ID12",
						`Removing intermediate container ID12\n`, "", ` ---> (Running in ID12|ID12|Using cache)\n`, "",
					).apply(text)
					if command == "top" { // the width of a column depends on its numbers
						text = rules(` +`, " ", `-+`, "-").apply(text)
					}
					return sortedNames(inOrder(text))
				}
				want := real[i]
				switch {
				case strings.HasPrefix(command, "exec"):
					want.err = got.err // docker-compose says nothing here
				case command == "up -d nosuch":
					_, want.err, _ = strings.Cut(want.err, "\n") // docker-compose creates the network nevertheless
				}
				if diff := cmp.Diff(same(want.out), same(got.out)); diff != "" {
					t.Errorf("%s: stdout (-real +ours):\n%s", command, diff)
				}
				if diff := cmp.Diff(same(want.err), same(got.err)); diff != "" {
					t.Errorf("%s: stderr (-real +ours):\n%s", command, diff)
				}
				if got.code != want.code {
					t.Errorf("%s: exit status %d, the real one %d", command, got.code, want.code)
				}
			}
		})
	}
}

// TestTerminal compares the bytes that both commands write to a terminal. The project has one
// service, so there are no parallel operations.
func TestTerminal(t *testing.T) {
	s := newStage(t, dockerHost(t), "services:\n  redis:\n    build: redis\n", "redis")
	path := realCompose(t)
	s.ok(compose.V1, "build", "-q")
	commands := []string{
		"up -d", "ps", "logs", "up -d --scale redis=2", "up -d", "stop", "start", "restart -t 0", "pause", "unpause", "kill", "rm -f",
		"logs nosuch", "down", "down",
	}
	run := func(ours bool, command string) string {
		if command == "logs" {
			s.logged(compose.V1) // wait for output to show
		}
		master, tty, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer master.Close()
		if err := pty.Setsize(tty, &pty.Winsize{Rows: 24, Cols: 60}); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		read := make(chan struct{})
		go func() {
			defer close(read)
			io.Copy(&out, master) // ends with an error when the other side is closed
		}()
		if ours {
			compose.Main(t.Context(), compose.V1, strings.Fields(command),
				compose.Streams{Stdin: tty, Stdout: tty, Stderr: tty, Env: s.env, Dir: s.dir})
		} else {
			cmd := exec.CommandContext(t.Context(), path, strings.Fields(command)...)
			cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = s.dir, s.env, tty, tty, tty
			_ = cmd.Run() // some commands fail in both
		}
		tty.Close()
		<-read
		return normalize(0, "", out.String())
	}
	var want []string
	for _, command := range commands {
		want = append(want, run(false, command))
	}
	s.clean()
	s.ok(compose.V1, "build", "-q")
	for i, command := range commands {
		if diff := cmp.Diff(want[i], run(true, command)); diff != "" {
			t.Errorf("%s (-real +ours):\n%s", command, diff)
		}
	}
}
