package compose_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"workshop/services/compose"

	"github.com/google/go-cmp/cmp"
)

// volatile is what differs from run to run in what both looks print.
var volatile = rules(
	`\b[0-9a-f]{63,64}\b`, "ID", // docker-compose strips zeros of some
	`\d+\.\d+\.\d+\.\d+ - - \[[^]]*\]`, "IP - - [TIME]",
	`\b200 64 0\.\d+`, "200 64 SECONDS",
	`\d{4}-\d\d-\d\dT[\d:.]+Z`, "TIME",
	`INFO:__main__:(Coin found: \w+\.\.\.|\d+ units of work done, updating hash counter)`, "WORK",
	` +\.\.\.`, " ...", // the column depends on what has been announced before
)

// goldens runs the commands of the golden files and compares what they print.
func goldens(t *testing.T, host string, look compose.Look, folder string, normalize func(command, text string) string) {
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
	s.ok(look, "build", "-q")
	commands, err := filepath.Glob(filepath.Join(data, folder, "*.rc"))
	if err != nil || len(commands) != 32 {
		t.Fatalf("%d golden commands, %v", len(commands), err)
	}
	for _, path := range commands {
		path = strings.TrimSuffix(path, ".rc")
		name := filepath.Base(path)
		_, command, _ := strings.Cut(strings.ReplaceAll(name, "_", " "), "-")
		if strings.HasPrefix(command, "logs --tail") {
			s.logged(look)
		}
		got := s.run(look, strings.Fields(command)...)
		for _, stream := range []struct{ suffix, got string }{
			{".out", got.out}, {".err", got.err}, {".rc", string(rune('0'+got.code)) + "\n"},
		} {
			want, err := os.ReadFile(path + stream.suffix)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(normalize(command, string(want)), normalize(command, same.Replace(stream.got))); diff != "" {
				t.Errorf("%s%s (-golden +got):\n%s\nraw:\n%q", name, stream.suffix, diff, stream.got)
			}
		}
	}
}

func TestGoldenV1(t *testing.T) {
	// top: the numbers of processes make columns wide or narrow.
	processes := rules(`(?s)^(\w+   +).*$`, "$1…", `-+`, "-", ` +`, " ", `\d+ \d+ \d+ \d\d:\d\d`, "PID PPID C TIME")
	onEngines(t, func(t *testing.T, host string) {
		goldens(t, host, compose.V1, "v1", func(command, text string) string {
			text = volatile.apply(text)
			switch {
			case strings.HasPrefix(command, "up"), strings.HasPrefix(command, "down"):
				text = rules(`\([0-9a-f]+\)|\(ID\)`, "(ID)").apply(inOrder(text))
			case strings.HasPrefix(command, "logs"):
				text = sortedNames(inOrder(text))
			case strings.HasPrefix(command, "top"):
				text = processes[1:].apply(text)
			case command == "version": // the libraries of the real one are not ours
				text, _, _ = strings.Cut(text, "\n")
			case command == "config" && strings.Contains(text, "\n\n"):
				text = strings.TrimSuffix(text, "\n") // print adds one
			}
			return text
		})
	})
}

func TestGoldenV5(t *testing.T) {
	columns := rules(
		`(\d+|About an?|Less than a) (second|minute)s?( ago)?`, "DURATION$3",
		` +`, " ",
		` $`, "",
		`\d+ \d+ \d+ \d\d:\d\d`, "PID PPID C TIME",
	)
	onEngines(t, func(t *testing.T, host string) {
		goldens(t, host, compose.V5, "v5", func(command, text string) string {
			text = columns.apply(volatile.apply(text))
			switch {
			case strings.HasPrefix(command, "up"), strings.HasPrefix(command, "down"):
				// It tells the creation of a network twice, which helps nobody.
				lines := strings.Split(rules(`\([0-9a-f]+\)|\(ID\)`, "(ID)").apply(inOrder(text)), "\n")
				text = strings.Join(slices.Compact(lines), "\n")
			case strings.HasPrefix(command, "logs"):
				text = inOrder(text)
			}
			return text
		})
	})
}
