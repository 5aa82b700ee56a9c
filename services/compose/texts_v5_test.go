package compose_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"workshop/services/compose"

	"github.com/google/go-cmp/cmp"
)

// TestTextsV5 compares our command with Docker Compose v5 in cases outside the golden files, on the
// embedded engine.
func TestTextsV5(t *testing.T) {
	real := limited(realV5(t), time.Minute)
	build := func(command string) string {
		return "services:\n  redis:\n    build: redis\n    " + command + "\n  other:\n    build: redis\n    image: PROJECTother\n    scale: 0\n"
	}
	for _, tt := range []struct {
		name     string
		file     string
		commands []string
		dir      string
	}{
		{name: "no file", commands: []string{"ps", "up -d", "config"}},
		{name: "no such file", file: build(""), commands: []string{"-f nosuch.yml ps", "--env-file nosuch ps", "--project-directory nosuch ps"}},
		{name: "unknown command", file: build(""), commands: []string{"nosuch"}},
		{
			name: "unset variables", file: build("command: \"$UNSETVARIABLE ${ALSOUNSET:-x} ${UNSETTOO}\""),
			commands: []string{"config --services", "ps"},
		},
		{name: "a version", file: "version: '3'\n" + build(""), commands: []string{
			"config -q", "ps -q", "-f docker-compose.yml -f docker-compose.yml config --services",
		}},
		{name: "nothing there", file: build(""), commands: []string{
			"ps", "ps -q", "ps --format json", "logs", "start", "stop", "restart", "kill", "rm", "rm -f", "pause", "unpause", "top", "images",
			"images -q", "down", "port redis 80", "exec redis ls",
		}},
		{name: "no such service", file: build(""), commands: []string{
			"start nosuch", "stop nosuch", "restart nosuch", "kill nosuch", "rm nosuch", "pause nosuch", "top nosuch", "images nosuch",
			"port nosuch 80", "up -d nosuch", "build nosuch", "pull nosuch", "run nosuch", "exec nosuch ls", "logs -f nosuch", "ps nosuch",
		}},
		{name: "wrong options", file: build(""), commands: []string{
			"up -d --scale nosuch", "up -d --scale redis=x", "up -d --scale nosuch=1", "up --force-recreate --no-recreate",
			"down --rmi some", "up --build --no-build", "ps --nosuch",
		}},
		{name: "life", file: build("ports: [\"80\"]"), commands: []string{
			"build -q", "up -d --no-build", "ps --format {{.Name}}|{{.State}}|{{.Service}}", "ps -q", "ps -a --services", "ps --status exited",
			"pause", "ps --format {{.Status}}", "unpause", "top", "restart -t 0", "kill -s SIGKILL", "ps", "ps -a --format {{.State}}",
			"stop", "start redis", "logs --no-log-prefix", "logs --no-color --tail 1", "stop -t 0", "start", "up -d --no-recreate",
			"up -d --force-recreate", "up -d", "port --protocol udp redis 1", "port redis 6379",
			"rm -f", "rm -sf", "run --rm redis exit 3", "run --rm -T redis args a b", "up -d", "exec -T redis /dc args c", "exec redis /dc exit 4",
			"images --format json", "down -t 0 --rmi all",
		}},
		{name: "scale", file: build(""), commands: []string{
			"build -q", "up -d --scale redis=3", "up -d --scale redis=2", "scale redis=4",
			"up -d", "down -v -t 0",
		}},
		{name: "below", file: build(""), dir: "redis", commands: []string{"ps", "config --services"}},
		{name: "config", file: build("environment: {A: b}"), commands: []string{
			"config", "config --services", "config -q", "config --images",
			"config --volumes", "config --format json", "config --profiles",
		}},
		{
			name: "config of quotes, dollars and unused parts", file: `services:
  a:
    image: y
    command: [sh, -c, 'echo "$$X" $$$$']
    environment: {A: "1", B: "no", C: "ON", D: 'a$$b', E: "", F: "null", G: "off-line", H: " x", I: "multi\nline"}
    env_file: [{path: none.env, required: false}]
    networks: [used]
    volumes: ["data:/data"]
    healthcheck: {test: "test \"$$(cat /x)\""}
networks: {used: {}, unused: {}, ext: {external: true, name: foo}}
volumes: {data: {}, unused: {}}
`, commands: []string{"config", "config --format json", "config --volumes"},
		},
		{name: "project name", file: build(""), commands: []string{
			"-p A.B_c up -d --no-start", "-p abc build -q",
			"-p abc up -d --no-start --no-build", "-p abc ps -a -q --no-trunc", "-p abc down",
		}},
		{
			name: "container name", file: build("container_name: PROJECTown"),
			commands: []string{"build -q", "up -d", "ps --format {{.Name}}", "up -d --scale redis=2", "down -t 0"},
		},
		{
			name: "volumes", file: build("") + "volumes:\n  vol: {}\n",
			commands: []string{"build -q", "up -d", "config --volumes", "down -v -t 0", "down -v"},
		},
		{name: "external", file: build("networks: [n]") + "networks:\n  n: {external: true}\n", commands: []string{"build -q", "up -d", "down"}},
		{name: "orphans", file: build(""), commands: []string{
			"build -q", "up -d", "-f less.yml up -d", "-f less.yml up -d --remove-orphans",
			"down -t 0",
		}},
		{name: "profiles", file: build("profiles: [x]"), commands: []string{"config --services", "--profile x config --services"}},
		{name: "exits", file: build("command: [exit, \"3\"]"), commands: []string{
			"build -q", "up --no-color", "up --abort-on-container-exit",
			"up --exit-code-from redis", "ps -a --format {{.ExitCode}}", "down",
		}},
		{name: "foreign image", file: "services:\n  a: {image: nosuch.invalid/x}\n", commands: []string{"pull", "pull --ignore-pull-failures"}},
		{name: "a dependency that fails", file: build("command: [exit, \"3\"]") + `  web:
    image: PROJECTother
    depends_on: {redis: {condition: service_completed_successfully}}
`, commands: []string{"build -q", "up -d", "ps -a --format {{.Name}}|{{.State}}", "down -t 0"}},
		{name: "a dependency that completes", file: build("command: [exit, \"0\"]") + `  web:
    image: PROJECTother
    depends_on: {redis: {condition: service_completed_successfully}}
`, commands: []string{"build -q", "up -d", "up --wait", "wait redis", "down -t 0"}},
		{name: "an unhealthy dependency", file: build("healthcheck: {test: [CMD, /dc, exit, \"1\"], interval: 300ms, retries: 2}") + `  web:
    image: PROJECTother
    depends_on: {redis: {condition: service_healthy}}
`, commands: []string{"build -q", "up -d", "up --wait", "up --wait redis", "down -t 0"}},
		{name: "a healthy dependency", file: build("healthcheck: {test: [CMD, /dc, exit, \"0\"], interval: 300ms}") + `  web:
    image: PROJECTother
    depends_on: {redis: {condition: service_healthy}}
`, commands: []string{
			"build -q", "up -d", "up --wait", "up --wait --force-recreate", "stop -t 0", "up -d --wait redis", "stop -t 0",
			"start", "down -t 0",
		}},
		{name: "a dependency without checks", file: build("") + `  web:
    image: PROJECTother
    depends_on: {redis: {condition: service_healthy}}
`, commands: []string{"build -q", "up -d", "down -t 0"}},
		{name: "optional dependencies", file: build("command: [exit, \"3\"]") + `  sick:
    image: PROJECTother
    healthcheck: {test: [CMD, /dc, exit, "1"], interval: 300ms, retries: 2}
  web:
    image: PROJECTother
    depends_on: {redis: {condition: service_completed_successfully, required: false}, sick: {condition: service_healthy, required: false}}
`, commands: []string{"build -q", "up -d", "down -t 0"}},
		{name: "wait", file: build("command: [exit, \"3\"]") + "  web:\n    image: PROJECTother\n", commands: []string{
			"build -q", "wait redis", "up -d", "wait redis", "wait nosuch", "up --wait", "up --wait web", "up --wait --wait-timeout x",
			"wait --down-project redis", "ps -a -q",
		}},
		{name: "ls", file: build("") + "  web:\n    image: PROJECTother\n", commands: []string{
			"build -q", "ls", "ls --format json", "ls --filter name=nosuch", "up -d", "ls", "ls -a", "ls -q", "ls --format json",
			"ls --filter name=PROJ", "ls --filter nosuch=1", "ls --format nosuch", "ls --filter name=nosuch --format json", "stop -t 0",
			"ls", "ls -a", "down",
		}},
		{name: "attach", file: build(""), commands: []string{"build -q", "up --attach nosuch", "up --attach other redis"}},
		{name: "pull", file: build(""), commands: []string{
			"build -q", "up -d --pull nosuch", "up -d --pull missing redis", "up -d --pull never redis", "create --pull never redis", "down -t 0",
		}},
		{name: "events", file: build(""), commands: []string{"events nosuch"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := tt.file
			if file == "" {
				file = "services: {}"
			}
			var results [2][]result
			var tops, names [2]string
			for i, run := range []runner{real, ours(compose.V5)} {
				s := newStage(t, embeddedHost(t), file, "redis")
				s.write("less.yml", "services:\n  other:\n    image: PROJECTother\n    build: redis\n    scale: 0\n")
				if tt.file == "" {
					os.Remove(s.dir + "/docker-compose.yml")
				}
				tops[i], names[i] = s.dir, s.name
				if tt.dir != "" {
					s.dir += "/" + tt.dir
				}
				for _, command := range tt.commands {
					if tt.name == "life" && strings.HasPrefix(command, "logs") {
						s.logged(compose.V5) // a container that was just started may not have written anything yet
					}
					results[i] = append(results[i], run(s, strings.Fields(command)...))
				}
			}
			for k, command := range tt.commands {
				same := func(i int, text string) string {
					if tt.name == "wait" { // whether it is seen before the other one's end is chance
						text = strings.ReplaceAll(text, " Container "+names[i]+"-web-1 Healthy \n", "")
					}
					text = strings.ReplaceAll(strings.ReplaceAll(text, tops[i], "/PROJECT"), names[i], "PROJECT")
					text = rules(`_run_[0-9a-f]{12}|-run-[0-9a-f]{12}`, "-run-SLUG", `\b[0-9a-f]{12}\b`, "ID12", `:\d{5}\b`, ":PORT", `^\n`, "",
						`\x1b\[[0-9;]*m`, "").apply(text)
					return normalize(compose.V5, strings.Fields(command + " x")[0], normalize(compose.V5, "up", text))
				}
				want, got := results[0][k], results[1][k]
				// The original asks for events and logs while it starts containers. It waits for ever for the end
				// of one that ended before, or has not seen its output: there is nothing to compare then.
				if want.code == -1 || tt.name == "exits" && strings.HasPrefix(command, "up") && !strings.Contains(want.out, "exiting with") {
					t.Logf("%s: the original has missed the end of a container: %q", command, want.out)
					if !strings.Contains(got.out, "exiting with 3") || !strings.Contains(got.out, "exited with code 3") {
						t.Errorf("%s: ours has missed it, too: %q", command, got.out)
					}
					continue
				}
				switch {
				case command == "nosuch": // we word the help differently
					want.out, got.out = "", ""
				case strings.Contains(want.out, "Sending build context"):
					// With the classic builder the original prints its output, -q or not.
					want.out, got.out = "", ""
				}
				if diff := cmp.Diff(same(0, want.out), same(1, got.out)); diff != "" {
					t.Errorf("%s: stdout (-real +ours):\n%s", command, diff)
				}
				if diff := cmp.Diff(same(0, want.err), same(1, got.err)); diff != "" {
					t.Errorf("%s: stderr (-real +ours):\n%s", command, diff)
				}
				if got.code != want.code {
					t.Errorf("%s: exit status %d, the real one %d", command, got.code, want.code)
				}
			}
		})
	}
}

// TestAttach shows the output of some services. It has no original beside it, which sometimes waits
// for ever for the end of a container.
func TestAttach(t *testing.T) {
	s := newStage(t, embeddedHost(t), `services:
  redis:
    build: redis
    command: [exit, "3"]
  web:
    build: redis
    command: [exit, "0"]
`, "redis")
	s.ok(compose.V5, "build", "-q")
	const web, redis = "web-1  | exiting with 0\n", "redis-1  | exiting with 3\n"
	for args, want := range map[string][]string{
		"":                      {web, redis},
		"--attach web":          {web},
		"--no-attach redis":     {web},
		"--no-attach web":       {redis},
		"--no-attach nosuch":    {web, redis},
		"--no-attach web redis": {redis},
	} {
		r := s.ok(compose.V5, append([]string{"up", "--no-color"}, strings.Fields(args)...)...)
		for _, line := range []string{web, redis} {
			line = strings.TrimSpace(line[strings.Index(line, "|"):])
			shown, wanted := strings.Contains(r.out, line), false
			for _, w := range want {
				wanted = wanted || strings.Contains(w, line)
			}
			if shown != wanted {
				t.Errorf("up %s: %q is shown: %v\n%s", args, line, shown, r.out)
			}
		}
	}
}
