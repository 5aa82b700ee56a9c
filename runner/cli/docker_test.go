package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"workshop/services/compose/guard"
)

// needDocker skips a test where there is no real engine, or fails it when
// REQUIRE_DOCKER says that there must be one.
func needDocker(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("short: the race detector sees nothing of the static binary that runs on Docker")
	}
	if _, _, err := guard.Ask(t.Context(), os.Getenv("DOCKER_HOST")); err != nil {
		if os.Getenv("REQUIRE_DOCKER") != "" {
			t.Fatalf("REQUIRE_DOCKER is set, but there is no Docker engine: %v", err)
		}
		t.Skipf("no Docker engine: %v (REQUIRE_DOCKER=1 makes this a failure)", err)
	}
	if _, err := exec.LookPath("docker"); err != nil {
		if os.Getenv("REQUIRE_DOCKER") != "" {
			t.Fatalf("REQUIRE_DOCKER is set, but there is no docker command: %v", err)
		}
		t.Skipf("no docker command: %v (REQUIRE_DOCKER=1 makes this a failure)", err)
	}
}

// staticDir is the folder of the static binary, once it has been built.
var staticDir string

var staticBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "workshop-static-")
	if err != nil {
		return "", err
	}
	staticDir = dir
	path := filepath.Join(dir, "workshop")
	cmd := exec.Command("go", "build", "-trimpath", "-o", path, "../..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// static returns the path of the program as a static binary, which runs in an image FROM scratch.
func static(t *testing.T) string {
	t.Helper()
	path, err := staticBinary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// dockerDeck is a deck about an application with a name of its own on the engine.
type dockerDeck struct {
	t    *testing.T
	name string // of the project
	deck string
	pipe string // a named pipe that the deck may write to
}

func newDockerDeck(t *testing.T, composeFile, steps string) *dockerDeck {
	t.Helper()
	needDocker(t)
	name := "ws"
	for range 9 {
		name += string(rune('a' + rand.IntN(26)))
	}
	d := &dockerDeck{t: t, name: name, deck: filepath.Join(t.TempDir(), name)}
	d.pipe = filepath.Join(filepath.Dir(d.deck), "pipe")
	if err := syscall.Mkfifo(d.pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{
		"docker-compose.yml": composeFile,
		"rng/Dockerfile":     "FROM workshop\nEXPOSE 80\nCMD [\"rng\"]\n",
		"deck.md":            "## A slide\n\n.exercise[\n" + steps + "]\n",
	} {
		path := filepath.Join(d.deck, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		text = strings.NewReplacer("PROJECT", name, "PIPE", d.pipe).Replace(text)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if left := d.left(); left != "" {
			t.Errorf("left behind: %s", left)
		}
	})
	return d
}

func (d *dockerDeck) command(args ...string) *exec.Cmd {
	d.t.Helper()
	binary := static(d.t) // the first build takes a while
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	d.t.Cleanup(cancel)
	return exec.CommandContext(ctx, binary, append([]string{"check", "--engine", "docker", d.deck}, args...)...)
}

// check runs the deck to its end.
func (d *dockerDeck) check(code int, args ...string) string {
	d.t.Helper()
	cmd := d.command(args...)
	out, _ := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code {
		d.t.Errorf("exit status %d, want %d\n%s", got, code, out)
	}
	return string(out)
}

// left lists the objects of the project that the engine still has.
func (d *dockerDeck) left() string {
	d.t.Helper()
	var all []string
	for _, args := range []string{
		"ps -a --format {{.Names}}", "network ls --format {{.Name}}", "volume ls --format {{.Name}}", "images -a --format {{.Repository}}",
	} {
		out, err := exec.Command("docker", strings.Fields(args)...).Output()
		if err != nil {
			d.t.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			if strings.HasPrefix(line, d.name) {
				all = append(all, strings.TrimSpace(line))
			}
		}
	}
	return strings.Join(all, " ")
}

const oneService = "services:\n  rng:\n    build: rng\n    ports: [\"80\"]\n    volumes: [\"data:/data\"]\nvolumes: {data: {}}\n"

func TestDockerEngine(t *testing.T) {
	d := newDockerDeck(t, oneService, "```bash\ndocker-compose up -d\n```\n"+
		"```bash\ncurl -sS --retry 60 --retry-delay 1 --retry-all-errors $(docker-compose port rng 80)/\n```\n```wait RNG running on```\n"+
		"```bash\ndocker run -d --name PROJECT_more --restart always workshop worker\ndocker network create PROJECT_more\n"+
		"docker volume create PROJECT_more\n"+
		"docker commit PROJECT_more PROJECT_more\ndocker run --rm workshop hasher --no\n```\n"+
		"```wait services are configured by the environment```\n"+
		"```bash\ntrue\n```\n")
	out := d.check(1, "--wait", "20s") // docker run ends with hasher's status
	if !strings.Contains(out, "the command ended with status 2") || !strings.Contains(out, "containers run on the Docker engine") {
		t.Error(out)
	}
	if left := d.left(); left != "" {
		t.Errorf("left behind: %s", left)
	}
}

// TestDockerBind mounts the session's directory into a container: the engine sees it at the same path.
func TestDockerBind(t *testing.T) {
	d := newDockerDeck(t, oneService, "```bash\ndocker-compose build\n"+
		"docker run --rm -v \"$PWD:/work\" -v \"$(realpath \"$(command -v workshop)\"):/workshop\" "+
		"--entrypoint /workshop workshop list /work/deck.md\n```\n```wait deck/a-slide```\n")
	if out := d.check(0, "--wait", "20s"); !strings.Contains(out, "sees the directories of this machine") {
		t.Error(out)
	}
}

// A Dockerfile that the embedded builder refuses is passed to the real builder. Images that it
// keeps, of stages and of the steps before a failed one, are removed at the end of the run.
func TestDockerBuilder(t *testing.T) {
	d := newDockerDeck(t, oneService,
		"```bash\nexport DOCKER_BUILDKIT=0\ndocker build -q -t PROJECT_stages stages\ndocker run --rm PROJECT_stages service rng --no\n```\n"+
			"```status 2```\n```wait services are configured by the environment```\n"+
			"```bash\ndocker build -t PROJECT_fails -f stages/fails stages\n```\n```status 2```\n```wait returned a non-zero code: 2```\n"+
			"```bash\ndocker build -q -t PROJECT_own -f stages/own stages\n```\n```status 1```\n"+
			"```wait the embedded engine runs no build steps```\n")
	for file, text := range map[string]string{
		"Dockerfile": "FROM scratch AS one\nCOPY workshop /workshop\nENV STAGE=PROJECT\nFROM scratch\nCOPY --from=one /workshop /workshop\n" +
			"ENTRYPOINT [\"/workshop\"]\n",
		"fails": "FROM scratch AS one\nCOPY workshop /workshop\nENV STAGE=PROJECT\nRUN [\"/workshop\", \"service\", \"rng\", \"--no\"]\n",
		"own":   "FROM workshop\nRUN true\n",
	} {
		path := filepath.Join(d.deck, "stages", file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "PROJECT", d.name)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program, err := os.ReadFile(static(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.deck, "stages", "workshop"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	d.check(0)
	// An image without a name is recognised by the variable that it inherits.
	ids, err := exec.Command("docker", "images", "-aq").Output()
	if err != nil {
		t.Fatal(err)
	}
	containers, err := exec.Command("docker", "ps", "-aq").Output()
	if err != nil {
		t.Fatal(err)
	}
	for id := range strings.FieldsSeq(string(ids) + string(containers)) {
		out, err := exec.Command("docker", "inspect", "-f", "{{.Config.Env}}", id).Output()
		if err == nil && strings.Contains(string(out), "STAGE="+d.name) { // an image of somebody else may have gone meanwhile
			t.Errorf("left behind: %s", id)
		}
	}
}

// The runner does not take away an image name that somebody else has given.
func TestDockerForeignImage(t *testing.T) {
	d := newDockerDeck(t, "services:\n  rng:\n    build: rng\n    image: userPROJECT\n", "```bash\ndocker-compose build\n```\n")
	image := "user" + d.name
	import_ := exec.Command("docker", "import", "-", image)
	import_.Stdin = bytes.NewReader(make([]byte, 1024)) // an empty archive
	id, err := import_.Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { exec.Command("docker", "rmi", image).Run() })
	out := d.check(1)
	if !strings.Contains(out, "has an image "+image) {
		t.Error(out)
	}
	now, err := exec.Command("docker", "inspect", "-f", "{{.Id}}", image).Output()
	if err != nil || string(now) != string(id) {
		t.Errorf("the image is %s, was %s: %v", now, id, err)
	}
}

// The runner does not touch a running project of the same name.
func TestDockerForeignProject(t *testing.T) {
	d := newDockerDeck(t, oneService, "```bash\ntrue\n```\n")
	out, err := exec.Command("docker", "network", "create", "--label", "com.docker.compose.project="+d.name, "user"+d.name).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("docker", "network", "rm", "user"+d.name).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	if out := d.check(4); !strings.Contains(out, "has a Compose project "+d.name+" already (network user"+d.name+")") {
		t.Error(out)
	}
}

// inTheMiddle runs a deck until it has a container, and returns the process ID of its guard.
func (d *dockerDeck) inTheMiddle() (cmd *exec.Cmd, guardPID int) {
	d.t.Helper()
	cmd = d.command()
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	r := openPipe(d.t, d.pipe)
	defer r.Close()
	if err := r.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		d.t.Fatal(err)
	}
	if line, err := bufio.NewReader(r).ReadString('\n'); line != "up\n" {
		d.t.Fatalf("%q, %v", line, err)
	}
	out, err := exec.Command("docker", "inspect", "-f", "{{index .Config.Labels \""+guard.Label+"\"}}", d.name+"_rng_1").Output()
	if err != nil {
		d.t.Fatal(err)
	}
	parts := strings.Split(strings.TrimSpace(string(out)), "/")
	pid, err := strconv.Atoi(parts[len(parts)-2])
	if err != nil {
		d.t.Fatalf("%s: %v", out, err)
	}
	return cmd, pid
}

// gone waits until the engine reports the removal of the guard's last object.
func (d *dockerDeck) gone(events <-chan struct{}) {
	d.t.Helper()
	begun, limit := time.Now(), time.After(30*time.Second)
	defer func() { d.t.Logf("nothing is left after %v", time.Since(begun).Round(time.Millisecond)) }()
	for d.left() != "" {
		select {
		case <-events:
		case <-limit:
			d.t.Fatalf("left behind: %s", d.left())
		}
	}
}

// removals delivers a value for each object that is removed from the engine.
func removals(t *testing.T) <-chan struct{} {
	t.Helper()
	host := os.Getenv("DOCKER_HOST")
	if host == "" {
		host = guard.DefaultHost
	}
	u, err := url.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial(map[bool]string{true: "unix", false: "tcp"}[u.Scheme == "unix"], u.Host+u.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	filters, _ := json.Marshal(map[string][]string{"event": {"destroy", "delete", "untag"}})
	fmt.Fprintf(conn, "GET /events?filters=%s HTTP/1.0\r\nHost: docker\r\n\r\n", url.QueryEscape(string(filters)))
	events := make(chan struct{}, 1000)
	go func() {
		for in := bufio.NewReader(conn); ; {
			if _, err := in.ReadString('\n'); err != nil {
				return
			}
			select {
			case events <- struct{}{}:
			default:
			}
		}
	}()
	return events
}

const upAndWait = "```bash\ndocker-compose up -d\necho up > PIPE\nsleep 1000\n```\n"

// However the runner is ended, the engine keeps no object that the run created.
func TestDockerNothingSurvives(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			d := newDockerDeck(t, oneService, upAndWait)
			events := removals(t)
			cmd, _ := d.inTheMiddle()
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			d.gone(events)
		})
	}
	t.Run("guard ended", func(t *testing.T) { // it cleans up before it exits
		d := newDockerDeck(t, oneService, upAndWait)
		events := removals(t)
		cmd, pid := d.inTheMiddle()
		syscall.Kill(pid, syscall.SIGTERM)
		d.gone(events)
		cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait()
	})
	t.Run("guard first", func(t *testing.T) { // then the runner itself cleans up
		d := newDockerDeck(t, oneService, upAndWait)
		cmd, pid := d.inTheMiddle()
		syscall.Kill(pid, syscall.SIGKILL)
		cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait()
		if left := d.left(); left != "" {
			t.Errorf("left behind: %s", left)
		}
	})
	t.Run("guard and runner", func(t *testing.T) { // then the next run does
		d := newDockerDeck(t, oneService, upAndWait)
		cmd, pid := d.inTheMiddle()
		syscall.Kill(pid, syscall.SIGKILL)
		cmd.Process.Kill()
		_ = cmd.Wait()
		if d.left() == "" {
			t.Error("nothing was left that the next run could remove")
		}
		next := newDockerDeck(t, oneService, "```bash\ntrue\n```\n")
		next.check(0)
		if left := d.left(); left != "" {
			t.Errorf("left behind: %s", left)
		}
	})
}
