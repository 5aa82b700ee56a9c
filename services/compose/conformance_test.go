package compose_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"workshop/services/compose"

	"github.com/google/go-cmp/cmp"
)

// runner runs a Compose command in a stage.
type runner func(s *stage, args ...string) result

func ours(look compose.Look) runner {
	return func(s *stage, args ...string) result { return s.run(look, args...) }
}

// program returns a runner for an external program.
func program(path string) runner { return limited(path, 10*time.Minute) }

// limited returns a runner for an external program that is killed after a time. Its exit status is
// then -1.
func limited(path string, limit time.Duration) runner {
	return func(s *stage, args ...string) result {
		s.t.Helper()
		ctx, cancel := context.WithTimeout(s.t.Context(), limit)
		defer cancel()
		cmd := exec.CommandContext(ctx, path, args...)
		cmd.Dir, cmd.Env = s.dir, append(s.env, "DOCKER_BUILDKIT=0", "COMPOSE_BAKE=false")
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		var exit *exec.ExitError
		if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
			s.t.Fatal(err)
		}
		return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
	}
}

// realV5 is the path of Docker Compose 5, as `make compose` builds it.
func realV5(t testing.TB) string {
	t.Helper()
	path, err := filepath.Abs("../../.cache/bin/docker-compose-v5.6.0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("REQUIRE_COMPOSE_V5") != "" {
			t.Fatalf("REQUIRE_COMPOSE_V5 is set, but %v", err)
		}
		t.Skipf("%v: make compose builds it (REQUIRE_COMPOSE_V5=1 makes this a failure)", err)
	}
	return path
}

// TestConformance is the table of commands and the commands that they imitate. Each of the 32
// recorded commands must match byte for byte after [normalize].
func TestConformance(t *testing.T) {
	for _, row := range []struct {
		client string
		engine string
		look   compose.Look
		host   func(*testing.T) string
		run    func(*testing.T) runner
		lessen func(command, stream, text string) string // removes differences that cannot be avoided
	}{
		{"our docker-compose", "embedded", compose.V1, embeddedHost, func(*testing.T) runner { return ours(compose.V1) }, nil},
		{"our docker-compose", "docker", compose.V1, dockerHost, func(*testing.T) runner { return ours(compose.V1) }, nil},
		{"our docker compose", "embedded", compose.V5, embeddedHost, func(*testing.T) runner { return ours(compose.V5) }, nil},
		{"our docker compose", "docker", compose.V5, dockerHost, func(*testing.T) runner { return ours(compose.V5) }, nil},
		{"docker-compose 1.29.2", "embedded", compose.V1, embeddedHost, func(t *testing.T) runner { return program(realCompose(t)) }, original},
		{"Docker Compose v5.6.0", "embedded", compose.V5, embeddedHost, func(t *testing.T) runner { return program(realV5(t)) }, nil},
	} {
		t.Run(row.client+" on "+row.engine, func(t *testing.T) {
			run := row.run(t)
			goldens(t, row.host(t), row.look, run, row.lessen)
		})
	}
}

// original removes the exit status of docker-compose from its log.
func original(_, stream, text string) string {
	if stream == ".err" {
		text = exitStatusLine.ReplaceAllString(text, "")
	}
	return text
}

var exitStatusLine = rules(`^\d+\n`, "")[0].re

// goldens runs the recorded commands and compares their output.
func goldens(t *testing.T, host string, look compose.Look, run runner, lessen func(command, stream, text string) string) {
	file, err := os.ReadFile(filepath.Join(data, "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, host, "", "rng", "hasher", "webui", "redis", "worker")
	ports := freePorts(t, 3)
	text := strings.NewReplacer(
		"8000:", ports[0]+":", "8001:", ports[1]+":", "8002:", ports[2]+":", "image: redis", "image: "+s.image(),
	).Replace(string(file))
	s.write("docker-compose.yml", text)
	same := strings.NewReplacer(
		s.dir, "/PROJECT", s.name, "dockercoins", s.image(), "redis",
		":"+ports[0], ":8000", ":"+ports[1], ":8001", ":"+ports[2], ":8002",
		"published: "+ports[0], "published: 8000", "published: "+ports[1], "published: 8001", "published: "+ports[2], "published: 8002",
		`"`+ports[0]+`"`, `"8000"`, `"`+ports[1]+`"`, `"8001"`, `"`+ports[2]+`"`, `"8002"`,
	)
	if r := run(s, "build", "-q"); r.code != 0 {
		t.Fatalf("build: exit status %d\n%s%s", r.code, r.out, r.err)
	}
	folder := map[compose.Look]string{compose.V1: "v1", compose.V5: "v5"}[look]
	commands, err := filepath.Glob(filepath.Join(data, folder, "*.rc"))
	if err != nil || len(commands) != 32 {
		t.Fatalf("%d golden commands, %v", len(commands), err)
	}
	held := 0
	for _, path := range commands {
		path = strings.TrimSuffix(path, ".rc")
		name := filepath.Base(path)
		_, command, _ := strings.Cut(strings.ReplaceAll(name, "_", " "), "-")
		if strings.HasPrefix(command, "logs --tail") {
			s.logged(look)
		}
		got := run(s, strings.Fields(command)...)
		ok := true
		for _, stream := range []struct{ suffix, got string }{
			{".out", got.out}, {".err", got.err}, {".rc", strconv.Itoa(got.code) + "\n"},
		} {
			want, err := os.ReadFile(path + stream.suffix)
			if err != nil {
				t.Fatal(err)
			}
			a, b := string(want), same.Replace(stream.got)
			if lessen != nil {
				a, b = lessen(command, stream.suffix, a), lessen(command, stream.suffix, b)
			}
			if diff := cmp.Diff(normalize(look, command, a), normalize(look, command, b)); diff != "" {
				ok = false
				t.Errorf("%s%s (-golden +got):\n%s\nraw:\n%q", name, stream.suffix, diff, stream.got)
			}
		}
		if ok {
			held++
		}
	}
	t.Logf("%d of %d commands print the same", held, len(commands))
}
