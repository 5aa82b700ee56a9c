package engine

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// need skips a test without a program, or fails it when REQUIRE_… says so.
func need(t *testing.T, variable, missing string) {
	t.Helper()
	if missing == "" {
		return
	}
	if os.Getenv(variable) != "" {
		t.Fatalf("%s is set, but %s", variable, missing)
	}
	t.Skipf("%s (%s=1 makes this a failure)", missing, variable)
}

// docker is a client of a real engine.
func docker(t *testing.T) *client {
	t.Helper()
	socket := "/var/run/docker.sock"
	if path, ok := strings.CutPrefix(os.Getenv("DOCKER_HOST"), "unix://"); ok {
		socket = path
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		need(t, "REQUIRE_DOCKER", "there is no Docker engine: "+err.Error())
	}
	conn.Close()
	c := newClient(t, socket)
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

// A real engine makes the same of the Dockerfiles.
func TestDockerfilesWithDocker(t *testing.T) { buildAll(t, docker(t)) }

// A real engine returns the same errors, if the texts are Docker's and have not changed since its
// version.
func TestRefusalsWithDocker(t *testing.T) {
	real, ours := docker(t), startEngine(t)
	const name = "workshop-engine-test"
	files := map[string]string{"Dockerfile": "FROM scratch\nCOPY a /a\nCMD [\"/a\"]", "a": "#!/nowhere"}
	for _, c := range []*client{real, ours} {
		if out, status := c.build(name, files, ""); status != 200 {
			t.Fatal(out)
		}
		t.Cleanup(func() { c.try("DELETE /images/"+name+"?force=1", nil) })
		c.try("DELETE /containers/"+name+"?force=1", nil)
		c.do("POST /containers/create?name="+name, object{"Image": name})
		t.Cleanup(func() { c.try("DELETE /containers/"+name+"?force=1", nil) })
		c.try("DELETE /networks/"+name, nil)
		c.do("POST /networks/create", object{"Name": name, "CheckDuplicate": true})
		t.Cleanup(func() { c.try("DELETE /networks/"+name, nil) })
	}
	version := regexp.MustCompile(`version is 1\.\d+`)
	for _, test := range []struct {
		request string
		body    any
	}{
		{"GET /containers/nosuch/json", nil},
		{"POST /containers/nosuch/start", nil},
		{"DELETE /containers/nosuch", nil},
		{"GET /networks/nosuch", nil},
		{"DELETE /networks/nosuch", nil},
		{"GET /volumes/nosuch", nil},
		{"DELETE /images/nosuch", nil},
		{"GET /exec/nosuch/json", nil},
		{"GET /v1.99/version", nil},
		{"POST /containers/create?name=" + name, object{"Image": name}},
		{"POST /containers/create?name=a%20b", object{"Image": name}},
		{"POST /containers/create", object{"Image": "nosuch"}},
		{"POST /containers/create", object{"Image": name, "HostConfig": object{"AutoRemove": true, "RestartPolicy": object{"Name": "always"}}}},
		{"POST /containers/" + name + "/kill", nil},
		{"POST /containers/" + name + "/kill?signal=SIGNOT", nil},
		{"POST /containers/" + name + "/pause", nil},
		{"POST /containers/" + name + "/unpause", nil},
		{"POST /containers/" + name + "/exec", object{"Cmd": []string{"x"}}},
		{"POST /containers/" + name + "/exec", object{}},
		{"GET /containers/" + name + "/top", nil},
		{"GET /containers/" + name + "/logs", nil},
		{"POST /containers/" + name + "/rename?name=", nil},
		{"POST /containers/" + name + "/rename?name=" + name, nil},
		{"POST /containers/" + name + "/stop", nil},
		{"POST /containers/" + name + "/resize?h=1", nil},
		{"POST /networks/create", object{"Name": name, "CheckDuplicate": true}},
		{"POST /networks/" + name + "/disconnect", object{"Container": name}},
		{"POST /networks/bridge/connect", object{"Container": name}},
		{"DELETE /networks/bridge", nil},
		{"DELETE /images/" + name, nil},
		{"GET /containers/json?" + query(object{"colour": []string{"red"}}), nil},
		{"POST /build?t=" + name, archive(t, map[string]string{"Dockerfile": "FROM scratch\nCDM x"}).String()},
	} {
		t.Run(test.request, func(t *testing.T) {
			say := func(c *client) string {
				status, answer := (&client{t, c.socket, c.http}).try(test.request, test.body)
				text := ids.ReplaceAllString(message(answer), "ID")
				text = regexp.MustCompile(`\b[0-9a-f]{12}\b`).ReplaceAllString(text, "SHORT")
				return fmt.Sprintf("%d %s", status, version.ReplaceAllString(text, "version is X"))
			}
			if want, got := say(real), say(ours); got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		})
	}
}

// project writes a Compose file with its build contexts and returns its directory.
func project(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "sample")
	for name, content := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// freePort is a port that nothing listens on, below those that the system hands out by
// itself (ip(7): ip_local_port_range): none of the engine's own listeners can get it.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(10_000 + rand.IntN(20_000))
		if l, err := net.Listen("tcp", ":"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}

// tool is a command of a client on an engine.
type tool struct {
	t    *testing.T
	argv []string
	dir  string
	env  []string
}

func (c *client) tool(dir string, argv ...string) *tool {
	env := append(os.Environ(), "DOCKER_HOST=unix://"+c.socket, "COMPOSE_DOCKER_CLI_BUILD=0", "DOCKER_BUILDKIT=0", "COLUMNS=200")
	return &tool{c.t.(*testing.T), argv, dir, env}
}

func (p *tool) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.argv[0], append(p.argv[1:len(p.argv):len(p.argv)], args...)...)
	cmd.Dir, cmd.Env = p.dir, p.env
	return cmd
}

// run returns the output of a command, and its status.
func (p *tool) run(args ...string) (string, int) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	cmd := p.command(ctx, args...)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		p.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// expect runs a command whose output must match a regular expression.
func (p *tool) expect(status int, pattern string, args ...string) string {
	p.t.Helper()
	out, got := p.run(args...)
	if got != status || !regexp.MustCompile("(?ms)"+pattern).MatchString(out) {
		p.t.Errorf("%s: status %d, want %d; no %q in\n%s", strings.Join(args, " "), got, status, pattern, out)
	}
	return out
}

const composeFile = `
services:
  front:
    build: front
    ports: ["PORT:80"]
    depends_on: [back]
  back:
    build: back
  idle:
    image: workshop
    command: stubborn
    stop_grace_period: 0s
`

func TestDockerCompose(t *testing.T) {
	missing := ""
	if out, err := exec.Command("docker-compose", "version", "--short").Output(); err != nil {
		missing = "docker-compose cannot be run: " + err.Error()
	} else if !strings.HasPrefix(string(out), "1.") {
		missing = "docker-compose is version " + strings.TrimSpace(string(out)) + ", not 1"
	}
	need(t, "REQUIRE_DOCKER_COMPOSE", missing)
	c := startEngine(t)
	port := freePort(t)
	dir := project(t, map[string]string{
		"docker-compose.yml": strings.ReplaceAll(composeFile, "PORT", port),
		"front/Dockerfile":   "FROM workshop\nEXPOSE 80\nCMD [\"web\"]\n",
		"back/Dockerfile":    "FROM workshop\nEXPOSE 80\nCMD [\"web\"]\n",
	})
	compose := c.tool(dir, "docker-compose", "--project-name", "sample")
	compose.expect(0, "Step 1/3 : FROM workshop.*Successfully tagged sample_front:latest.*Creating sample_front_1 +\\.\\.\\. done", "up", "-d")
	compose.expect(0, "sample_front_1 is up-to-date", "up", "-d")
	compose.expect(0, "sample_back_1 +web +Up +80/tcp.*sample_front_1 +web +Up +0\\.0\\.0\\.0:"+port+"->80/tcp", "ps")
	compose.expect(0, "^0\\.0\\.0\\.0:"+port+"$", "port", "front", "80")
	compose.expect(0, "sample_idle_1.*UID +PID.*stubborn", "top", "idle")
	compose.expect(0, "Creating sample_back_3 +\\.\\.\\. done", "up", "-d", "--scale", "back=3")
	for _, name := range []string{"sample_back_1", "sample_back_2", "sample_back_3"} {
		c.follow(name, "stderr=1").until("web is up")
	}
	seen := map[string]bool{}
	for range 3 {
		seen[fetch(t, "http://127.0.0.1:"+port+"/get?url=http://back/")] = true
	}
	if len(seen) != 3 {
		t.Errorf("the three answered as %v", seen)
	}
	if got := fetch(t, "http://127.0.0.1:"+port+"/get?url=http://sample_back_2/"); got != c.inspect("sample_back_2").Config.Hostname+"\n" {
		t.Errorf("the second answered %q", got)
	}
	compose.expect(0, `back_3 +\|.{4} web is up`, "logs", "--tail", "1", "back")
	compose.expect(1, "front_2 \\([0-9a-f]{64}\\): Bind for 0.0.0.0:"+port+" failed: port is already allocated", "up", "-d", "--scale",
		"front=2")
	compose.expect(0, "sample_front_2 +web +Exit 128", "ps", "-a")
	compose.expect(0, "Stopping and removing sample_front_2", "up", "-d")
	compose.expect(0, "Stopping sample_back_1 +\\.\\.\\. done", "stop", "back")
	compose.expect(0, "sample_back_1 +web +Exit 0", "ps", "-a")
	compose.expect(0, "Starting back +\\.\\.\\. done", "start", "back")
	compose.expect(0, "Restarting sample_back_1 +\\.\\.\\. done", "restart", "back")
	compose.expect(0, "^from inside$", "exec", "-T", "front", "sh", "-c", "echo from inside")
	compose.expect(3, "^once$", "run", "--rm", "-T", "idle", "say", "out:once\\n", "exit:3")
	compose.expect(0, "Killing sample_idle_1 +\\.\\.\\. done", "kill", "idle")
	compose.expect(0, "sample_idle_1 +stubborn +Exit 137", "ps", "-a")

	t.Run("logs that are followed", func(t *testing.T) {
		cmd, out := start(t, compose, "logs", "--follow", "--tail", "10", "back")
		until(t, out, "web is up")
		cmd.Process.Signal(syscall.SIGINT)
		until(t, out, "Aborting.")
		if cmd.Wait(); cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("status %d", cmd.ProcessState.ExitCode())
		}
	})
	t.Run("in the foreground", func(t *testing.T) {
		cmd, out := start(t, compose, "up")
		until(t, out, "Attaching to")
		until(t, out, "stubborn is up") // idle is started; the others only attached to
		cmd.Process.Signal(syscall.SIGINT)
		until(t, out, "Gracefully stopping... (press Ctrl+C again to force)")
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		compose.expect(0, "sample_idle_1 +stubborn +Exit 137", "ps", "-a")
	})
	compose.expect(0, "Removing sample_front_1 +\\.\\.\\. done.*Removing network sample_default.*Removing image sample_front", "down", "--rmi",
		"local")
	if got := get[[]containerSummary](c, "GET /containers/json?all=1", nil); len(got) != 0 {
		t.Errorf("left: %+v", got)
	}
	if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
		conn.Close()
		t.Error("the port is still open")
	}
}

// The later Compose commands make other calls for the same.
func TestDockerComposePlugin(t *testing.T) {
	path, err := filepath.Abs("../../../.cache/bin/docker-compose-v5.6.0")
	if err != nil {
		t.Fatal(err)
	}
	missing := ""
	if _, err := os.Stat(path); err != nil {
		missing = fmt.Sprintf("%v: make compose builds it", err)
	}
	need(t, "REQUIRE_COMPOSE_V5", missing)
	c := startEngine(t)
	port := freePort(t)
	dir := project(t, map[string]string{
		"compose.yaml":     strings.ReplaceAll(composeFile, "PORT", port),
		"front/Dockerfile": "FROM workshop\nEXPOSE 80\nCMD [\"web\"]\n",
		"back/Dockerfile":  "FROM workshop\nEXPOSE 80\nCMD [\"web\"]\n",
	})
	compose := c.tool(dir, path, "--project-name", "sample")
	compose.expect(0, "Container sample-front-1 +Started", "up", "-d")
	compose.expect(0, "Container sample-front-1 +Running", "up", "-d")
	compose.expect(0, `sample-front-1 +sample-front +"web" +front .* Up .* 0\.0\.0\.0:`+port+`->80/tcp`, "ps")
	compose.expect(0, "Container sample-back-3 +Started", "up", "-d", "--scale", "back=3")
	for _, name := range []string{"sample-back-1", "sample-back-2", "sample-back-3"} {
		c.follow(name, "stderr=1").until("web is up")
	}
	if got := fetch(t, "http://127.0.0.1:"+port+"/get?url=http://sample-back-2/"); got != c.inspect("sample-back-2").Config.Hostname+"\n" {
		t.Errorf("the second answered %q", got)
	}
	compose.expect(0, `^back-3 +\| web is up`, "logs", "--tail", "1", "back")
	compose.expect(0, "^idle +1 +.*stubborn", "top", "idle")
	compose.expect(1, "front-2 \\([0-9a-f]{64}\\): Bind for 0.0.0.0:"+port+" failed: port is already allocated", "up", "-d", "--scale",
		"front=2")
	compose.expect(0, "sample-front-2 +.* Created", "ps", "-a")
	compose.expect(0, "Container sample-front-2 +Removed", "up", "-d")
	compose.expect(0, "Container sample-back-1 +Started", "restart", "back")
	compose.expect(0, "^from inside$", "exec", "-T", "front", "sh", "-c", "echo from inside")
	compose.expect(3, "^once$", "run", "--rm", "-T", "idle", "say", "out:once\\n", "exit:3")
	compose.expect(0, "Container sample-idle-1 +Killed", "kill", "idle")
	t.Run("in the foreground", func(t *testing.T) {
		cmd, out := start(t, compose, "up")
		until(t, out, "stubborn is up")
		cmd.Process.Signal(syscall.SIGINT)
		until(t, out, "Container sample-idle-1 Stopped")
		if cmd.Wait(); cmd.ProcessState.ExitCode() != 130 {
			t.Errorf("status %d", cmd.ProcessState.ExitCode())
		}
	})
	compose.expect(0, "Network sample_default +Removed", "down", "--rmi", "local")
	if got := get[[]containerSummary](c, "GET /containers/json?all=1", nil); len(got) != 0 {
		t.Errorf("left: %+v", got)
	}
}

// start runs a command with its output on a pipe, until the end of the test.
func start(t *testing.T, p *tool, args ...string) (*exec.Cmd, *os.File) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	t.Cleanup(cancel)
	cmd := p.command(ctx, args...)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return cmd, r
}

// until reads until a text has come.
func until(t *testing.T, f *os.File, text string) {
	t.Helper()
	f.SetReadDeadline(time.Now().Add(2 * patience))
	var seen []byte
	b := make([]byte, 1)
	for !strings.HasSuffix(string(seen), text) {
		if _, err := io.ReadFull(f, b); err != nil {
			t.Fatalf("no %q in %q: %v", text, seen, err)
		}
		seen = append(seen, b[0])
	}
}

func TestDockerCommand(t *testing.T) {
	missing := ""
	if _, err := exec.LookPath("docker"); err != nil {
		missing = "there is no docker command"
	}
	need(t, "REQUIRE_DOCKER", missing)
	c := startEngine(t)
	docker := c.tool(t.TempDir(), "docker")
	docker.expect(0, "Server: workshop embedded engine.*Version: +27.0.0-workshop.*API version: +1\\.", "version")
	docker.expect(0, "Operating System: workshop embedded engine", "info")
	docker.expect(0, "^workshop +latest +[0-9a-f]{12} ", "images")
	docker.expect(0, "bridge +bridge +local.*none +null +local", "network", "ls")
	docker.expect(3, "^hello$", "run", "--rm", "workshop", "say", "out:hello\\n", "exit:3")
	docker.expect(127, `exec: "nosuch": executable file not found in \$PATH`, "run", "--rm", "workshop", "nosuch")
	docker.expect(125, "HostConfig.Privileged true is not supported by the embedded engine", "run", "--privileged", "workshop", "web")
	docker.expect(1, "the embedded engine has no registry to pull from", "pull", "alpine")
	docker.expect(0, "^[0-9a-f]{64}$", "run", "-d", "--name", "web", "-p", "0:80", "--health-cmd", "true", "--restart", "always", "workshop",
		"web")
	c.follow("web", "stderr=1").until("web is up")
	docker.expect(0, `workshop +"web" +.* Up .* 0\.0\.0\.0:\d+->80/tcp.* web$`, "ps")
	docker.expect(0, `^\d{4}-\d\d-\d\dT[\d:]+\.\d{9}Z web is up$`, "logs", "-t", "web")
	docker.expect(4, "^in ", "exec", "web", "sh", "-c", "echo in $HOSTNAME; exit 4")
	docker.expect(126, "OCI runtime exec failed", "exec", "web", "nosuch")
	docker.expect(0, "^root|web$", "top", "web")
	docker.expect(0, "^running starting always$", "inspect", "-f",
		"{{.State.Status}} {{.State.Health.Status}} {{.HostConfig.RestartPolicy.Name}}", "web")
	docker.expect(0, "", "rename", "web", "other")
	docker.expect(0, "other", "pause", "other")
	docker.expect(0, "\\(Paused\\)", "ps")
	docker.expect(0, "other", "unpause", "other")
	docker.expect(0, "other", "stop", "other")
	docker.expect(0, "Exited \\(0\\)", "ps", "-a")
	docker.expect(0, "", "start", "other")
	docker.expect(0, "other", "rm", "-f", "other")
	docker.expect(0, "Images +1", "system", "df")
	docker.expect(0, "", "system", "prune", "-f")
	docker.expect(0, "Successfully tagged built:latest", "build", "-t", "built",
		project(t, map[string]string{"Dockerfile": "FROM workshop\nCMD [\"say\", \"out:built\\n\"]\n"}))
	docker.expect(0, "^built$", "run", "--rm", "built")
	docker.expect(0, "CMD ..say", "history", "--no-trunc", "built")
	docker.expect(0, "Untagged: built:latest", "rmi", "built")
	in := docker.command(context.Background(), "run", "--rm", "-i", "workshop", "reader")
	in.Stdin = strings.NewReader("a\nb\n")
	if out, err := in.Output(); string(out) != "got a\ngot b\n" || in.ProcessState.ExitCode() != 7 {
		t.Errorf("input: %q %v", out, err)
	}
}
