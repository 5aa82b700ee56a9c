package compose_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"workshop/services/compose"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if path, err := buildApp(); err == nil {
			os.RemoveAll(filepath.Dir(path))
		}
		os.Exit(code)
	}))
}

const data = "../../testdata/compose"

// dockerHost returns the address of the real engine. Without one the test is skipped, or fails if
// REQUIRE_DOCKER=1.
func dockerHost(t *testing.T) string {
	t.Helper()
	host := os.Getenv("DOCKER_HOST")
	if host == "" {
		host = "unix:///var/run/docker.sock"
	}
	path, isUnix := strings.CutPrefix(host, "unix://")
	if !isUnix {
		return host
	}
	conn, err := net.Dial("unix", path)
	if err == nil {
		conn.Close()
		return host
	}
	if os.Getenv("REQUIRE_DOCKER") == "1" {
		t.Fatalf("REQUIRE_DOCKER=1, but there is no engine at %s: %v", host, err)
	}
	t.Skipf("no engine at %s: %v", host, err)
	return ""
}

var buildApp = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "compose-app")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "dc")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, data+"/app")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// app returns the path of the static binary that replaces the services.
func app(t testing.TB) string {
	t.Helper()
	path, err := buildApp()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// stage is a directory with a Compose file and a project of its own.
type stage struct {
	t    testing.TB
	host string
	dir  string
	name string // of the project, of the length of "dockercoins"
	env  []string
}

// newStage creates a project from the given file. PROJECT in it is replaced by the project's name.
// Each of the folders gets the app and a Dockerfile that runs the app in the role of the folder's
// name.
func newStage(t testing.TB, host, file string, folders ...string) *stage {
	t.Helper()
	name := "dc"
	for range len("dockercoins") - len(name) {
		name += string(rune('a' + rand.IntN(26)))
	}
	s := &stage{t: t, host: host, dir: filepath.Join(t.TempDir(), name), name: name}
	s.env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "COMPOSE_") || strings.HasPrefix(v, "COLUMNS=") || strings.HasPrefix(v, "DOCKER_")
	}), "DOCKER_HOST="+host, "COMPOSE_DOCKER_CLI_BUILD=0")
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.write("docker-compose.yml", file)
	for _, folder := range folders {
		expose := "80"
		if folder == "redis" {
			expose = "6379"
		}
		s.write(folder+"/Dockerfile", "FROM scratch\nCOPY dc /dc\nENTRYPOINT [\"/dc\"]\nCMD [\""+folder+"\"]\nEXPOSE "+expose+"\n")
		if err := os.Link(app(t), filepath.Join(s.dir, folder, "dc")); err != nil {
			copyFile(t, app(t), filepath.Join(s.dir, folder, "dc"))
		}
	}
	t.Cleanup(s.clean)
	return s
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (s *stage) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(strings.ReplaceAll(text, "PROJECT", s.name)), 0o644)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// result is the result of a command.
type result struct {
	out, err string
	code     int
}

// run runs our command.
func (s *stage) run(look compose.Look, args ...string) result {
	return s.interrupted(look, nil, io.Discard, args...)
}

// interrupted runs our command with interrupts. Its output also goes to spy.
func (s *stage) interrupted(look compose.Look, interrupts <-chan os.Signal, spy io.Writer, args ...string) result {
	s.t.Helper()
	var out, err bytes.Buffer
	code := compose.Main(context.WithoutCancel(s.t.Context()), look, args, compose.Streams{
		Stdout: io.MultiWriter(&out, spy), Stderr: io.MultiWriter(&err, spy), Env: s.env, Dir: s.dir, Interrupts: interrupts,
	})
	return result{out.String(), err.String(), code}
}

// spy sends an interrupt each time that the output meets the next of the conditions.
type spy struct {
	mu         sync.Mutex
	text       string
	conditions []func(text string) bool
	interrupts chan os.Signal
}

func newSpy(conditions ...func(text string) bool) *spy {
	return &spy{conditions: conditions, interrupts: make(chan os.Signal, len(conditions))}
}

func contains(want string) func(string) bool {
	return func(text string) bool { return strings.Contains(text, want) }
}

func (s *spy) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text += string(p)
	for len(s.conditions) > 0 && s.conditions[0](s.text) {
		s.conditions = s.conditions[1:]
		s.interrupts <- os.Interrupt
	}
	return len(p), nil
}

// logged waits until every container of the sample application has logged all its lines.
func (s *stage) logged(look compose.Look) {
	s.t.Helper()
	lines := map[string]int{"rng": 2, "hasher": 2, "webui": 1, "redis": 1, "worker": 2}
	want := 0
	var containers []struct{ Labels map[string]string }
	if err := s.api("GET", `/containers/json?filters={"label":["com.docker.compose.project=`+s.name+`"]}`, &containers); err != nil {
		s.t.Fatal(err)
	}
	for _, c := range containers {
		want += lines[c.Labels["com.docker.compose.service"]]
	}
	all := newSpy(func(text string) bool {
		return strings.Count(attaching.ReplaceAllString(text, "-"), "\n")-strings.Count(text, "Attaching to") >= want
	})
	s.interrupted(look, all.interrupts, all, "logs", "-f", "--no-log-prefix", "--no-color")
}

// ok runs our command and requires success.
func (s *stage) ok(look compose.Look, args ...string) result {
	s.t.Helper()
	r := s.run(look, args...)
	if r.code != 0 {
		s.t.Fatalf("%v: exit status %d\nstdout: %s\nstderr: %s", args, r.code, r.out, r.err)
	}
	return r
}

// api sends a request to the engine.
func (s *stage) api(method, path string, out any) error {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		if path, ok := strings.CutPrefix(s.host, "unix://"); ok {
			return d.DialContext(ctx, "unix", path)
		}
		return d.DialContext(ctx, "tcp", strings.TrimPrefix(s.host, "tcp://"))
	}}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(context.WithoutCancel(s.t.Context()), method, "http://docker"+path, nil)
	if err != nil {
		return err
	}
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 400 {
		return errors.New(res.Status)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(out)
}

// clean removes everything of the project from the engine.
func (s *stage) clean() {
	var containers []struct{ ID string }
	if err := s.api("GET", `/containers/json?all=1&filters={"label":["com.docker.compose.project=`+s.name+`"]}`, &containers); err != nil {
		s.t.Errorf("clean up: %v", err)
	}
	for _, c := range containers {
		s.api("DELETE", "/containers/"+c.ID+"?force=1&v=1", nil)
	}
	var networks []struct{ ID string }
	s.api("GET", `/networks?filters={"label":["com.docker.compose.project=`+s.name+`"]}`, &networks)
	for _, n := range networks {
		s.api("DELETE", "/networks/"+n.ID, nil)
	}
	var volumes struct{ Volumes []struct{ Name string } }
	s.api("GET", `/volumes?filters={"label":["com.docker.compose.project=`+s.name+`"]}`, &volumes)
	for _, v := range volumes.Volumes {
		s.api("DELETE", "/volumes/"+v.Name, nil)
	}
	var images []struct{ RepoTags []string }
	s.api("GET", "/images/json", &images)
	for _, i := range images {
		for _, tag := range i.RepoTags {
			if strings.HasPrefix(tag, s.name) || strings.HasPrefix(tag, s.image()+":") {
				s.api("DELETE", "/images/"+tag, nil)
			}
		}
	}
}

// image returns a name for an image, of the length of "redis".
func (s *stage) image() string { return "r" + s.name[len(s.name)-4:] }

// real runs the real docker-compose.
func (s *stage) real(args ...string) result {
	s.t.Helper()
	return program(realCompose(s.t))(s, args...)
}

// realCompose is the path of docker-compose 1.29.2.
func realCompose(t testing.TB) string {
	t.Helper()
	path, err := findCompose()
	if err != nil && os.Getenv("REQUIRE_DOCKER_COMPOSE") != "" {
		t.Fatalf("REQUIRE_DOCKER_COMPOSE is set, but there is no docker-compose 1.29.2: %v", err)
	}
	if err != nil {
		t.Skipf("no docker-compose 1.29.2: %v (REQUIRE_DOCKER_COMPOSE=1 makes this a failure)", err)
	}
	return path
}

// findCompose is evaluated once: it takes a second.
var findCompose = sync.OnceValues(func() (string, error) {
	path, err := exec.LookPath("docker-compose")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("docker-compose", "version", "--short").Output()
	if strings.TrimSpace(string(out)) != "1.29.2" {
		return "", fmt.Errorf("%s is version %q: %w", path, out, err)
	}
	return path, nil
})

// freePorts finds ports of four digits, as in the golden files.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var out []string
	for port := 8100 + rand.IntN(1000); port < 9999 && len(out) < n; port++ {
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			continue
		}
		l.Close()
		out = append(out, fmt.Sprint(port))
	}
	if len(out) < n {
		t.Fatal("no free ports")
	}
	return out
}

// normalizer replaces the parts that differ from run to run.
type normalizer []struct {
	re *regexp.Regexp
	to string
}

func (n normalizer) apply(text string) string {
	for _, r := range n {
		text = r.re.ReplaceAllString(text, r.to)
	}
	return text
}

func rules(pairs ...string) normalizer {
	var n normalizer
	for i := 0; i < len(pairs); i += 2 {
		n = append(n, struct {
			re *regexp.Regexp
			to string
		}{regexp.MustCompile("(?m)" + pairs[i]), pairs[i+1]})
	}
	return n
}

// inOrder sorts the lines of parallel operations.
func inOrder(text string) string {
	lines := strings.SplitAfter(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// sortedNames sorts the names of an "Attaching to" line.
func sortedNames(text string) string {
	return attaching.ReplaceAllStringFunc(text, func(line string) string {
		names := strings.Split(strings.TrimPrefix(line, "Attaching to "), ", ")
		slices.Sort(names)
		return "Attaching to " + strings.Join(names, ", ")
	})
}

var attaching = regexp.MustCompile(`(?m)^Attaching to .*$`)
