package compose

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// golden compares a text with a file, or writes the file if UPDATE_GOLDEN=1.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("../../testdata/compose", name)
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-golden +got):\n%s", name, diff)
	}
}

func TestHelp(t *testing.T) {
	for look, name := range map[Look]string{V1: "help/docker-compose.txt", V5: "help/docker-compose-plugin.txt"} {
		var b strings.Builder
		run := func(args ...string) {
			b.WriteString("$ " + strings.Join(args, " ") + "\n")
			code := Main(t.Context(), look, args, Streams{Stdout: &b, Stderr: &b})
			if code != 0 {
				t.Errorf("%v: exit status %d", args, code)
			}
			b.WriteString("\n")
		}
		run("--help")
		for _, c := range commands() {
			if in(c.looks, look) {
				run(c.name, "--help")
			}
		}
		golden(t, name, b.String())
		for line := range strings.Lines(b.String()) {
			if len(line) > 90 {
				t.Errorf("%s: a line of %d columns: %s", name, len(line), line)
			}
		}
	}
}

func TestParse(t *testing.T) {
	flags := []flag{
		{short: "d", long: "detach"},
		{long: "scale", arg: "SERVICE=NUM"},
		{short: "t", long: "timeout", arg: "SECONDS"},
		{short: "v"},
		{long: "no-color"},
		{long: "no-log-prefix"},
		{short: "n", long: "tail", arg: "N", looks: onlyV5},
	}
	for _, tt := range []struct {
		name         string
		look         Look
		args         string
		interspersed bool
		want         map[string][]string
		operands     []string
		err          string
	}{
		{name: "none"},
		{
			name: "long", args: "--detach --scale a=1 --scale=b=2 c", want: map[string][]string{"detach": {""}, "scale": {"a=1", "b=2"}},
			operands: []string{"c"},
		},
		{name: "short", args: "-dvt5 x", want: map[string][]string{"detach": {""}, "v": {""}, "timeout": {"5"}}, operands: []string{"x"}},
		{name: "short with =", args: "-t=5", want: map[string][]string{"timeout": {"5"}}},
		{name: "help", args: "-h", want: map[string][]string{"help": {""}}},
		{name: "options end at an operand", args: "x -d", operands: []string{"x", "-d"}},
		{name: "interspersed", args: "x -d y", interspersed: true, want: map[string][]string{"detach": {""}}, operands: []string{"x", "y"}},
		{name: "double dash", args: "-d -- -v", interspersed: true, want: map[string][]string{"detach": {""}}, operands: []string{"-v"}},
		{name: "shortened", args: "--det", want: map[string][]string{"detach": {""}}},
		{name: "shortened, v5", look: V5, args: "--det", err: "unknown flag: --det"},
		{name: "ambiguous", args: "--no", err: "unknown flag: --no"},
		{name: "unknown", args: "--nosuch", err: "unknown flag: --nosuch"},
		{name: "unknown short", args: "-dx", err: "unknown shorthand flag: 'x' in -dx"},
		{name: "of another look", args: "--tail 3", err: "unknown flag: --tail"},
		{name: "of this look", look: V5, args: "-n 3", want: map[string][]string{"tail": {"3"}}},
		{name: "no argument", args: "--scale", err: "flag needs an argument: --scale"},
		{name: "no argument, short", args: "-t", err: "flag needs an argument: -t"},
		{name: "a value where there is none", args: "--detach=3", err: `invalid argument "3" for "--detach" flag: it takes none`},
		{name: "false", args: "--detach=false"},
		{name: "a dash alone", args: "-", operands: []string{"-"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.look == 0 {
				tt.look = V1
			}
			opts, operands, err := parse(flags, tt.look, strings.Fields(tt.args), tt.interspersed)
			if text := errorText(err); text != tt.err {
				t.Fatalf("error %q, want %q", text, tt.err)
			}
			if err != nil {
				return
			}
			if tt.want == nil {
				tt.want = map[string][]string{}
			}
			if diff := cmp.Diff(tt.want, opts.flags); diff != "" {
				t.Errorf("options:\n%s", diff)
			}
			if diff := cmp.Diff(tt.operands, operands); diff != "" {
				t.Errorf("operands:\n%s", diff)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

var folded = []struct {
	text  string
	width int
	want  []string
}{
	{"", 5, []string{""}},
	{"short", 5, []string{"short"}},
	{"0.0.0.0:8001->80/tcp,:::8001->80/tcp", 20, []string{"0.0.0.0:8001-", ">80/tcp,:::8001-", ">80/tcp"}},
	{"/docker-entrypoint.sh redis-server foo-bar-baz a--b", 14, []string{"/docker-", "entrypoint.sh", "redis-server", "foo-bar-baz a", "--b"}},
	{"dockercoins_hasher_1", 9, []string{"dockercoi", "ns_hasher", "_1"}},
	{"a b  c", 3, []string{"a b", "c"}},
	{"Up (health: starting)", 8, []string{"Up", "(health:", "starting", ")"}},
	{"one\ntwo", 10, []string{"one", "two"}},
	{"-----", 2, []string{"--", "--", "-"}},
}

func TestFold(t *testing.T) {
	for _, tt := range folded {
		if diff := cmp.Diff(tt.want, fold(tt.text, tt.width)); diff != "" {
			t.Errorf("fold(%q, %d) (-textwrap +ours):\n%s", tt.text, tt.width, diff)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, tt := range folded {
		f.Add(tt.text, tt.width)
	}
	f.Fuzz(func(t *testing.T, text string, width int) {
		if width < 1 || width > 1000 {
			return
		}
		joined := ""
		for _, line := range fold(text, width) {
			if len(line) > width {
				t.Errorf("fold(%q, %d): line %q is too long", text, width, line)
			}
			joined += line
		}
		if got, want := strings.Join(strings.Fields(joined), ""), strings.Join(strings.Fields(text), ""); got != want {
			t.Errorf("fold(%q, %d) is %q without blanks", text, width, got)
		}
	})
}

func frame(stream byte, text string) string {
	var header [8]byte
	header[0] = stream
	binary.BigEndian.PutUint32(header[4:], uint32(len(text)))
	return string(header[:]) + text
}

func TestDemultiplex(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"both streams", frame(1, "a\n") + frame(2, "b\n"), "a\nb\n"},
		{"empty frames", frame(1, "") + frame(1, "x") + frame(1, ""), "x"},
		{"cut in a header", frame(1, "x") + "\x01\x00", "x"},
		{"cut in a frame", frame(1, "xyz")[:9], "x"},
	} {
		got, err := io.ReadAll(demultiplex(strings.NewReader(tt.in)))
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
}

func FuzzDemultiplex(f *testing.F) {
	f.Add([]byte(frame(1, "a\n") + frame(2, "b")))
	f.Add([]byte("\x01\x00\x00\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		out, err := io.ReadAll(demultiplex(bytes.NewReader(in)))
		if err != nil {
			t.Error(err)
		}
		if len(out) > len(in) {
			t.Errorf("%d bytes out of %d", len(out), len(in))
		}
	})
}

func TestIgnore(t *testing.T) {
	for _, tt := range []struct {
		rules    string
		excluded string
		included string
	}{
		{"", "", "a a/b"},
		{"# note\n\nnode_modules\n*.log", "node_modules node_modules/x a.log", "a/b.log a/node_modules README"},
		{"**/*.log\n!keep.log", "a.log a/b/c.log", "keep.log"},
		{"/a/b\nc/", "a/b a/b/c c c/d", "a b a/c"},
		{"a?c\n[xy]z", "abc xz yz", "ac a/c zz"},
		{"*\n!src\n!src/**", "a b/c", "src src/x"},
		{"**/tmp", "tmp a/tmp a/b/tmp/x", "tmpx"},
		{`\#x`, "#x", "x"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, ".dockerignore"), []byte(tt.rules), 0o644); err != nil {
			t.Fatal(err)
		}
		ig, err := readIgnore(filepath.Join(dir, ".dockerignore"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range strings.Fields(tt.excluded) {
			if !ig.match(path) {
				t.Errorf("%q does not exclude %s", tt.rules, path)
			}
		}
		for _, path := range strings.Fields(tt.included) {
			if ig.match(path) {
				t.Errorf("%q excludes %s", tt.rules, path)
			}
		}
	}
}

func TestBoard(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	b := &board{w: &out, ansi: true, size: func() (int, int) { return 60, 6 }, now: func() time.Time {
		now = now.Add(100 * time.Millisecond)
		return now
	}}
	b.operation("up")
	b.status("Network", "dockercoins_default", "Creating")
	b.status("Network", "dockercoins_default", "Created")
	for _, name := range []string{"a", "b", "c", "one-with-a-very-long-name-that-does-not-fit"} {
		b.status("Container", name, "Creating")
	}
	b.info("a remark")
	b.status("Container", "a", "Started")
	golden(t, "board.txt", out.String())
}

// TestLines redraws lines after a remark between them has moved them.
func TestLines(t *testing.T) {
	var out bytes.Buffer
	l := &lines{w: &out, ansi: true}
	l.info("before")
	l.begin("Creating", []string{"a", "longer"})
	l.info("b is up-to-date")
	l.end("Creating", "longer", "done")
	l.warn("two\nlines")
	l.end("Creating", "a", "error")
	l.fail("Aborting.")
	want := "before\n" +
		"Creating a      ... \r\nCreating longer ... \r\n" +
		"b is up-to-date\n" +
		"\x1b[2A\x1b[2K\rCreating longer ... \x1b[32mdone\x1b[0m\r\x1b[2B" +
		"\x1b[33mWARNING\x1b[0m: two\nlines\n" +
		"\x1b[5A\x1b[2K\rCreating a      ... \x1b[31merror\x1b[0m\r\x1b[5B" +
		"\x1b[31mERROR\x1b[0m: Aborting.\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "Less than a second", 1500 * time.Millisecond: "1 second", 59 * time.Second: "59 seconds", time.Minute: "About a minute",
		46 * time.Minute: "46 minutes", 61 * time.Minute: "About an hour", 3 * time.Hour: "3 hours", 47 * time.Hour: "47 hours",
		50 * time.Hour: "2 days", 15 * 24 * time.Hour: "2 weeks", 70 * 24 * time.Hour: "2 months", 3 * 365 * 24 * time.Hour: "3 years",
	} {
		if got := ago(d); got != want+" ago" {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestLoad(t *testing.T) {
	for _, tt := range []struct {
		name    string
		files   map[string]string
		opts    LoadOptions
		project string
		order   string
		warn    string
		err     string
	}{
		{
			name: "order of the file", files: map[string]string{"docker-compose.yml": "services: {c: {image: x}, a: {image: x}, b: {image: x}}"},
			project: "some_project", order: "c a b",
		},
		{
			name:    "dependencies first",
			files:   map[string]string{"compose.yaml": "services: {c: {image: x, depends_on: [a]}, b: {image: x}, a: {image: x}}"},
			project: "some_project", order: "b a c",
		},
		{name: "override", files: map[string]string{
			"docker-compose.yml":          "services: {b: {image: x}}",
			"docker-compose.override.yml": "services: {a: {image: y}, b: {command: z}}",
		}, project: "some_project", order: "b a"},
		{
			name: "files given", files: map[string]string{"x/a.yml": "services: {a: {image: x}}", "b.yml": "services: {b: {image: x}}"},
			opts: LoadOptions{Files: []string{"x/a.yml", "b.yml"}}, project: "x", order: "a b",
		},
		{
			name: "files from the environment", files: map[string]string{"a.yml": "services: {a: {image: x}}", "b.yml": "services: {b: {image: x}}"},
			opts: LoadOptions{Env: []string{"COMPOSE_FILE=a.yml:b.yml"}}, project: "some_project", order: "a b",
		},
		{
			name: "name given", files: map[string]string{"compose.yml": "services: {a: {image: x}}"}, opts: LoadOptions{Name: "A.b-C"},
			project: "ab-c", order: "a",
		},
		{
			name: "name in the file", files: map[string]string{"compose.yml": "name: other\nservices: {a: {image: x}}"}, project: "other",
			order: "a",
		},
		{
			name: "name in .env", files: map[string]string{"compose.yml": "services: {a: {image: x}}", ".env": "COMPOSE_PROJECT_NAME=fromfile"},
			project: "fromfile", order: "a",
		},
		{
			name: "process before .env", files: map[string]string{
				"compose.yml": "services: {a: {image: x}}",
				".env":        "COMPOSE_PROJECT_NAME=fromfile",
			},
			opts: LoadOptions{Env: []string{"COMPOSE_PROJECT_NAME=fromprocess"}}, project: "fromprocess", order: "a",
		},
		{
			name: "stdin", opts: LoadOptions{Files: []string{"-"}, Stdin: strings.NewReader("services: {a: {image: x}}")}, project: "some_project",
			order: "a",
		},
		{
			name: "disabled by a profile", files: map[string]string{"compose.yml": "services: {a: {image: x, profiles: [p]}, b: {image: x}}"},
			project: "some_project", order: "a b",
		},
		{
			name: "variables not set", files: map[string]string{"compose.yml": "services: {a: {image: \"x$A${B}${C:-c}$D ${E-e$F}$A\"}}"},
			project: "some_project", order: "a",
			warn: "The A variable is not set. Defaulting to a blank string.\nThe B variable is not set. Defaulting to a blank string.\n" +
				"The D variable is not set. Defaulting to a blank string.\nThe F variable is not set. Defaulting to a blank string.",
		},
		{
			name: "several names", files: map[string]string{
				"docker-compose.yml": "services: {a: {image: x}}",
				"compose.yaml":       "services: {b: {image: x}}",
			}, project: "some_project", order: "a",
			warn: "Found multiple config files with supported names: docker-compose.yml, compose.yaml\nUsing docker-compose.yml\n",
		},
		{
			name: "several names, v5", files: map[string]string{
				"docker-compose.yml": "services: {a: {image: x}}",
				"compose.yaml":       "services: {b: {image: x}}",
			}, opts: LoadOptions{Look: V5}, project: "some_project", order: "b",
			warn: "Found multiple config files with supported names: compose.yaml, docker-compose.yml\nUsing compose.yaml\n",
		},

		{
			name: "name in the environment, v1", files: map[string]string{"compose.yml": "services: {a: {image: x}}"},
			opts: LoadOptions{Env: []string{"COMPOSE_PROJECT_NAME=Ab.C"}}, project: "abc", order: "a",
		},
		{
			name: "name in the environment, v5", files: map[string]string{"compose.yml": "services: {a: {image: x}}"},
			opts: LoadOptions{Look: V5, Env: []string{"COMPOSE_PROJECT_NAME=Ab.C"}},
			err: `invalid project name "Ab.C": must consist only of lowercase alphanumeric characters, ` +
				`hyphens, and underscores as well as start with a letter or number`,
		},
		{
			name: "name in the file, v5", files: map[string]string{"compose.yml": "name: Ab.C\nservices: {a: {image: x}}"},
			opts: LoadOptions{Look: V5}, project: "abc", order: "a",
		},
		{name: "no file", err: "no configuration file provided: not found"},
		{name: "no such file", opts: LoadOptions{Files: []string{"nosuch.yml"}}, err: "open DIR/nosuch.yml: no such file or directory"},
		{
			name: "no such env file", files: map[string]string{"compose.yml": "services: {a: {image: x}}"}, opts: LoadOptions{EnvFile: "nosuch"},
			err: "Couldn't find env file: DIR/nosuch",
		},
		{
			name: "not YAML", files: map[string]string{"compose.yml": "services:\n\ta: b"},
			err: "compose.yml:2: found character that cannot start any token",
		},
		{name: "no mapping", files: map[string]string{"compose.yml": "- a"}, err: "compose.yml: top-level object must be a mapping"},
		{
			name: "required variable", files: map[string]string{"compose.yml": "services:\n  a: {image: \"${X?tell me}\"}"},
			err: "compose.yml:2:7: error while interpolating services.a.image: required variable X is missing a value: tell me",
		},
		{
			name: "undefined dependency", files: map[string]string{"compose.yml": "services:\n  a: {image: x, depends_on: [b]}"},
			err: `compose.yml:2:3: service "a" depends on undefined service "b"`,
		},
		{
			name: "cycle", files: map[string]string{"compose.yml": "services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}"},
			err: "compose.yml: dependency cycle detected: a -> b -> a",
		},
		{
			name: "unknown attribute", files: map[string]string{"compose.yml": "services:\n  a:\n    image: x\n    prots: [80]"},
			err: "compose.yml:4:5: services.a.prots: unknown attribute",
		},
		{
			name: "wrong type", files: map[string]string{"compose.yml": "services:\n  a:\n    image: x\n    ports: 80"},
			err: "compose.yml:4:5: services.a.ports must be a array",
		},
		{
			name: "wrong element", files: map[string]string{"compose.yml": "services:\n  a:\n    image: x\n    ports:\n    - 80\n    - \"a:b\""},
			err: "compose.yml: Invalid containerPort: b",
		},
		{
			name: "in the override", files: map[string]string{
				"compose.yml":          "services: {a: {image: x}}",
				"compose.override.yml": "services:\n  a:\n    build: {contxt: .}",
			},
			err: "compose.override.yml:3:13: services.a.build.contxt: unknown attribute",
		},
		{
			name: "a place twice, v1", opts: LoadOptions{Look: V1}, files: map[string]string{
				"compose.yml": "services:\n  a:\n    image: x\n    volumes: [./b:/srv, data:/data, ../c:/srv/:ro, d:/data]\nvolumes: {data: {}}",
			},
			err: "compose.yml:4:37: Duplicate mount points: [DIR/b:/srv:rw, data:/data:rw, PARENT/c:/srv:ro, d:/data:rw]",
		},
		{
			name: "a place twice, long, v1", opts: LoadOptions{Look: V1}, files: map[string]string{
				"compose.yml": "services:\n  a:\n    image: x\n    volumes: [/srv, {type: bind, source: /b, target: /srv, read_only: true}]",
			},
			err: "compose.yml:4:21: Duplicate mount points: [/srv, /b:/srv:ro]",
		},
		{
			name: "a place in the override as well, v1", opts: LoadOptions{Look: V1}, files: map[string]string{
				"compose.yml":          "services: {a: {image: x, volumes: [/b:/srv]}}",
				"compose.override.yml": "services: {a: {volumes: [/c:/srv]}}",
			}, project: "some_project", order: "a",
		},
		{
			name: "a place twice, v5", opts: LoadOptions{Look: V5}, files: map[string]string{
				"compose.yml": "services: {a: {image: x, volumes: [/b:/srv, /c:/srv]}}",
			}, project: "some_project", order: "a",
		},
		{
			name: "a version, v5", opts: LoadOptions{Look: V5}, files: map[string]string{
				"compose.yml":          "version: '3'\nservices: {a: {image: x$NO}}",
				"compose.override.yml": "version: '3'\n",
			}, project: "some_project", order: "a",
			warn: "The \"NO\" variable is not set. Defaulting to a blank string.\n" +
				"DIR/compose.yml: the attribute `version` is obsolete, it will be ignored, please remove it to avoid potential confusion\n" +
				"DIR/compose.override.yml: the attribute `version` is obsolete, it will be ignored, please remove it to avoid potential confusion",
		},
		{
			name: "a version, v1", opts: LoadOptions{Look: V1}, files: map[string]string{
				"compose.yml": "version: '3'\nservices: {a: {image: x}}",
			}, project: "some_project", order: "a",
		},
		{
			name: "twice", files: map[string]string{"compose.yml": "services:\n  a: {image: x}\n  a: {image: y}"},
			err: `compose.yml:3: mapping key "a" already defined at line 2`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "Some_Project!")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			for name, text := range tt.files {
				path := filepath.Join(dir, name)
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			tt.opts.Dir = dir
			p, err := Load(t.Context(), tt.opts)
			short := strings.NewReplacer(dir, "DIR", filepath.Dir(dir), "PARENT")
			if text := short.Replace(errorText(err)); text != tt.err {
				t.Fatalf("error %q\n want %q", text, tt.err)
			}
			if err != nil {
				return
			}
			if p.Name != tt.project || strings.Join(p.Order, " ") != tt.order {
				t.Errorf("project %s with %v, want %s with %s", p.Name, p.Order, tt.project, tt.order)
			}
			if warn := short.Replace(strings.Join(p.Warnings, "\n")); warn != tt.warn {
				t.Errorf("warnings %q\n    want %q", warn, tt.warn)
			}
		})
	}
}

func TestClient(t *testing.T) {
	for _, tt := range []struct{ host, want string }{
		{"unix:///nosuch/socket", "cannot connect to the engine at unix:///nosuch/socket: connect: no such file or directory"},
		{"nonsense", "unable to parse docker host `nonsense`"},
		{"ssh://x", "unsupported protocol in docker host `ssh://x`"},
	} {
		c, err := newClient(tt.host)
		if err == nil {
			err = c.get(t.Context(), "/info", nil, nil)
			c.close()
		}
		if got := errorText(err); got != tt.want {
			t.Errorf("%s: error %q, want %q", tt.host, got, tt.want)
		}
	}
}

func TestNoEngine(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "compose.yml"), []byte("services: {a: {image: x}}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for look, want := range map[Look]string{
		V1: "Couldn't connect to Docker daemon at http+docker://localhost - is it running?\n\n" +
			"If it's at a non-standard location, specify the URL with the DOCKER_HOST environment variable.\n",
		V5: "Cannot connect to the Docker daemon at unix:///nosuch. Is the docker daemon running?\n",
	} {
		var out bytes.Buffer
		code := Main(t.Context(), look, []string{"ps"},
			Streams{Stdout: &out, Stderr: &out, Dir: dir, Env: []string{"DOCKER_HOST=unix:///nosuch"}})
		if code != 1 || out.String() != want {
			t.Errorf("exit status %d, %q; want 1, %q", code, out.String(), want)
		}
	}
}
