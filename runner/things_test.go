package runner

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLeaves reads what snippets leave behind.
func TestLeaves(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ snippet, want string }{
		{"echo hi >a/notes.txt", "file notes.txt"},
		{"git clone https://github.com/x/course.git", "file course"},
		{"git clone https://github.com/x/course mine && cd mine", "file mine, change of directory "},
		{"sudo mkdir -p one two/three", "file one, file three"},
		{"NAME=value; export OTHER=x", "variable NAME, variable OTHER"},
		{"NAME=value program", ""},
		{"greet() { echo hi; }; alias g=greet", "command greet, command g"},
		{"pip install -q httpie", "command httpie"},
		{"python3 -m http.server 8000", "port 8000"},
		{"docker run -d -p 8080:80 nginx", "port 8080"},
		{"kubectl port-forward svc/web 9000:80", "port 9000"},
		{"docker-compose up -d", "containers "},
		{"docker compose logs", ""},
		{"curl -o page.html https://example.com/", "file page.html"},
		{"cat notes.txt >/dev/null", ""},
		{"echo one >first; if then; echo two >second", "file first"},
		{"", ""},
	} {
		var got []string
		for _, l := range leaves(tc.snippet) {
			got = append(got, string(l.kind)+" "+l.name)
		}
		if diff := cmp.Diff(tc.want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.snippet, diff)
		}
	}
}

// TestLacks looks for things in the output of commands that used them.
func TestLacks(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, snippet, said string
		lost                thing
		want                bool
	}{
		{"a file", "cat notes.txt", "cat: notes.txt: No such file or directory", thing{aFile, "notes.txt"}, true},
		{"another file", "cat notes.txt other", "cat: other: No such file or directory", thing{aFile, "notes.txt"}, false},
		{"a longer name", "cat notes", "cat: notes.txt: No such file or directory", thing{aFile, "otes"}, false},
		{"a file that is there", "grep x notes.txt", "", thing{aFile, "notes.txt"}, false},
		{"a folder", "cat course/a/b", "cat: course/a/b: No such file or directory", thing{aFile, "course"}, true},
		{"a command", "greet", "bash: greet: command not found", thing{aCommand, "greet"}, true},
		{"a variable", `test -n "$NAME"`, "", thing{aVariable, "NAME"}, true},
		{"another variable", `test -n "$NAME"`, "", thing{aVariable, "OTHER"}, false},
		{"a port", "curl localhost:8000", "curl: (7) Failed to connect to localhost port 8000", thing{aPort, "8000"}, true},
		{"another port", "curl localhost:9000", "curl: (7) Failed to connect to localhost port 9000", thing{aPort, "8000"}, false},
		{"a port that answers", "curl localhost:8000", "404", thing{aPort, "8000"}, false},
		{"a place", "ls chapters", "ls: cannot access 'chapters': No such file or directory", thing{kind: aPlace}, true},
		{"an absolute path", "ls /nowhere", "ls: cannot access '/nowhere': No such file or directory", thing{kind: aPlace}, false},
		{"a repository", "git log", "fatal: not a git repository (or any of the parent directories): .git", thing{kind: aPlace}, true},
		{"containers", "docker-compose ps", "", thing{kind: containers}, true},
		{"no containers", "ps", "", thing{kind: containers}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := &attempt{said: strings.Split(tc.said, "\n")}
			a.use(tc.snippet)
			if got := a.used[tc.lost] && a.lacks(tc.lost); got != tc.want {
				t.Errorf("%v lacks %v: %v, want %v", tc.snippet, tc.lost, got, tc.want)
			}
		})
	}
}

// TestTemplates tells URLs with placeholders from others.
func TestTemplates(t *testing.T) {
	t.Parallel()
	templates := strings.Fields("http://node1:3xxxx/ http://nodeX/ https://<IP>/ http://node1:<port>/x http://X.X.X.X:8000/ " +
		"http://10.x.y.z/ http://node1:XXXXX http://blue-xxxx-yyyy/ http://A.B.C.D/ http://$IP/ http://${IP}:80/ http://localhost:$PORT " +
		"http://localhost/$NAMESPACE/x http://$ip/")
	others := strings.Fields("http://node1:8000/ http://localhost/ http://x.com/ https://example.xxx/ http://127.0.0.1:80/a?b=<c " +
		"http://xkcd.com/ https://nixos.org/ http://[::1]:80/ ftp://nodes/")
	for _, url := range slices.Concat(templates, others) {
		if got, want := isTemplate(url), slices.Contains(templates, url); got != want {
			t.Errorf("%s: %v, want %v", url, got, want)
		}
	}
}
