package lint_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"workshop/runner"
	"workshop/runner/lint"
)

// repository is a repository of slides whose manifests are above the chapters.
func repository() fstest.MapFS {
	files := map[string]string{
		".git/HEAD": "",
		"slides/a.yml": "title: A course\ngitrepo: github.com/a/b\ncontent:\n- k8s/pods.md\n" +
			"- - k8s/nested.md\n- {file: k8s/named.md, name: other}\n",
		"slides/b.yml":          "title: |\n  Two\n  lines\nslides: https://b\ncontent: [k8s/pods.md]\n",
		"slides/stack.yml":      "services:\n  web: {image: nginx}\nhtml: no\n",
		"slides/images/one.png": "(a picture)",
		"slides/k8s/pods.md": "# @@TITLE@@\n\n![One](images/one.png) [built](b.yml.html)\n\n" +
			".exercise[ ```open https://@@GITREPO@@``` ]\n\n@@SLIDES@@\n",
		"slides/k8s/nested.md":      "# Nested\n\n@@GITREPO@@ and @@SLIDES@@\n",
		"slides/k8s/named.md":       "# Named\n\n@@GITREPO@@\n",
		"slides/k8s/unlisted.md":    "# Unlisted\n\n![One](images/one.png) @@SLIDES@@ @@HTML@@\n",
		"slides/k8s/broken.md":      "# Broken\n\n![None](images/a-name-that-is-longer-than-a-terminal-is-wide/and/goes/on/none.png)\n",
		"slides/alone/workshop.yml": "content: [../k8s/pods.md]\n",
		"slides/shared/part.md":     "A part\n",
		"slides/k8s/parts.md":       "# Parts\n\n@@INCLUDE[shared/part.md]\n\n@@LINK[shared/part.md]\n",
		"docs/far.md":               "# Far\n\n![One](images/one.png) @@TITLE@@\n",
	}
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

// TestBeside shows that a file by itself is looked at as a part of the decks that list it, and of
// those above it if none does.
func TestBeside(t *testing.T) {
	tests := []struct {
		deck string
		want []string // messages
	}{
		{"slides/k8s/pods.md", nil},
		{"slides/k8s/nested.md", []string{"@@SLIDES@@ has no value"}},
		{"slides/k8s/named.md", nil},
		{"slides/k8s/unlisted.md", []string{"@@HTML@@ has no value"}},
		{"slides/k8s/parts.md", nil},
		{"slides/k8s/broken.md", []string{
			"images/a-name-that-is-longer-than-a-terminal-is-wide/and/goes/on/none.png: no such file for this image",
		}},
		{"slides/k8s", []string{
			"images/a-name-that-is-longer-than-a-terminal-is-wide/and/goes/on/none.png: no such file for this image",
			"@@SLIDES@@ has no value", "@@HTML@@ has no value",
		}},
		{"slides/alone/workshop.yml", []string{
			"@@TITLE@@ has no value", "images/one.png: no such file for this image", "b.yml.html: no such file for this link",
			"@@GITREPO@@ has no value", "@@SLIDES@@ has no value",
		}},
		{"docs/far.md", []string{"images/one.png: no such file for this image", "@@TITLE@@ has no value"}},
	}
	for _, tt := range tests {
		t.Run(tt.deck, func(t *testing.T) {
			var got []string
			for _, f := range lint.Run(input(t, repository(), tt.deck), lint.Options{}).Findings {
				got = append(got, f.Message)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(- wanted, + got):\n%s", diff)
			}
		})
	}
}

// TestBelieved shows what is a mistake, and what looks like one in a public deck and is none.
func TestBelieved(t *testing.T) {
	loop := func(body string) string { return snippet("for i in 1 2; do " + body + "; done") }
	tests := []struct{ name, body, want string }{
		{"highlighted words", snippet("kubectl get `pods` -o `wide`\n`docker run` -d nginx\ndocker `ps` -a\ngit `diff`"), ""},
		{"a highlighted command elsewhere", snippet("docker exec web `cat /etc/hosts`\nsudo `docker ps`\ndocker run alpine `hostname`"), ""},
		{"a highlighted text", snippet("echo `hello` \"`you`\""), ""},
		{"a highlight of a flag's value", snippet("docker run --name=`web` nginx"), ""},
		{"a command substitution", snippet("echo `date`"), "backticks"},
		{"one in quotes", snippet("curl \"localhost/`hostname`\""), "backticks"},
		{"one in an assignment", snippet("X=`seq 3`"), "backticks"},
		{"one of a client", snippet("docker rm `docker ps -aq`"), "backticks"},
		{"one that looks for a process", snippet("kill `pidof nginx`"), "backticks"},
		{"a backtick alone", snippet("kubectl get `pods"), "backticks"},
		{"two lines with one each", snippet("ls `a\nls b`"), "backticks backticks"},

		{"an address", snippet("ssh docker@`X.X.X.X`\ncurl A.B.C.D:8000"), "placeholder placeholder"},
		{"a node", snippet("ssh `nodeX`"), "placeholder"},
		{"a port", snippet("curl http://localhost:3xxxx/"), "placeholder"},
		{"a node that is not highlighted", snippet("ssh nodeX"), ""},
		{
			"the rest of a name",
			snippet("kubectl delete pod `blue-xxxxxxxx-yyyyy`\nkubectl logs web-xxxx-yyyy\nkubectl describe rs rng-yyyy"),
			"placeholder placeholder placeholder",
		},
		{"a port", snippet("curl localhost:`3xxxx`"), "placeholder"},
		{"dots", snippet("docker service update `...` web"), "placeholder"},
		{"dots for a command", snippet("cat log | ..."), "placeholder"},
		{"dots for an argument, and in a text", snippet("docker run ... web\necho ...\ncat <<END\n...\nEND"), ""},
		{"dots that are an argument", snippet("go test ./...\ngit log a...b\ngo vet `./...`"), ""},
		{"a template", snippet("mktemp /tmp/x.XXXXXX\nmktemp -d a-XXXX"), ""},
		{"a file that is filled", snippet("sed -i s/X.X.X.X/1.2.3.4/ f"), ""},
		{"in a comment", snippet("# `nodeX` is yours\nls"), ""},
		{"words with an x", snippet("docker run --name `xray` `nginx`; chmod `+x` f; curl `-X` PUT x"), ""},

		{"a detached kubectl run", snippet("kubectl run pingpong --image alpine ping 1.1.1.1\nkubectl run p --image=alpine -- ping 1.1.1.1"), ""},
		{"an attached one", snippet("kubectl run -i --rm p --image=alpine -- ping 1.1.1.1"), "never-ends"},
		{"a silent server", snippet("curl $IP") + "\n<!-- ```key ^C``` -->", ""},
		{"a silent server behind a command", snippet("IP=1; curl -s $IP | wc") + "\n<!-- ```key ^C``` -->", ""},
		{"a service that does not converge", snippet("docker service create nginx") + "\n<!-- ```key ^C``` -->", ""},
		{"a list of services", snippet("docker service ls") + "\n<!-- ```key ^C``` -->", "key-to-nothing"},
		{"a key for a pager", snippet("git log") + "\n<!-- ```key q``` -->", "key-to-nothing"},
		{"a pager that is chosen", snippet("export GIT_PAGER=less") + "\n" + snippet("git log") + "\n<!-- ```key q``` -->", ""},
		{"a pager for one command", snippet("git -p log") + "\n<!-- ```key q``` -->", ""},
		{"functions of the names of builtins", snippet("local() { :; }\nexport ( ) { local x=1; }\nlocal x"), ""},
		{"a builtin without its name", snippet("local ( x"), "shell-syntax"},

		{"a key as a text", snippet("vmstat 1") + "\n<!--\n```wait memory```\n```keys ^C```\n-->\n" + snippet("ls"), "key-as-text"},
		{"Return as a text", snippet("vim x") + "\n<!--\n```keys :q```\n```keys ^J```\n-->", "key-as-text"},
		{"a caret in a text", snippet("vim x") + "\n<!--\n```keys /^C```\n```keys ^```\n```keys ^CC```\n```key ^C```\n-->", ""},

		{"a brace behind a key in a comment", snippet("vim x") + "\n<!--\n```key ^[``` ]\n```keys :wq```\n```key ^J```\n-->", ""},

		{"a hidden failure", snippet("curl -s localhost | sort"), "masked-status"},
		{"in a loop", loop("curl -s localhost:9/ | sort"), "masked-status"},
		{"a loop that goes on", loop("curl -s localhost; sleep 0.1"), "masked-status"},
		{"a loop of a pipeline", snippet("docker ps -q | while read id; do docker logs $id; done"), "masked-status"},
		{"a script from the network", snippet("curl -fsSL https://get.docker.com | sudo sh"), "masked-status"},
		{"several filters", snippet("docker ps | grep web | wc -l"), "masked-status"},
		{"a failure that is looked for", snippet("curl -s localhost | sort") + "\n<!-- ```wait x``` -->", ""},
		{"an output that is compared", snippet("docker ps | sort") + "\n```output\na\n```", ""},
		{"any status", snippet("docker ps | sort") + "\n<!-- ```status any``` -->", ""},
		{"a search", snippet("docker ps | grep web"), ""},
		{"a command that does not fail", snippet("echo $PATH | tr : '\\n'\nps aux | head -3\ncat /proc/cpuinfo | wc -l\nls | wc -l"), ""},
		{"a reader that fails without input", snippet("curl x | kubectl apply -f -\ncurl x | tar xz"), ""},
		{"an expected failure", snippet("docker ps | sort || true"), ""},
		{"a loop that joins", loop("curl -s localhost && sleep 0.1"), ""},
		{"a loop that asks", snippet("until curl -s localhost; do echo .; sleep 1; done"), ""},
		{"pipefail", snippet("set -euo pipefail") + "\n" + snippet("docker ps | sort"), ""},
		{
			"pipefail that is taken back",
			snippet("set -o pipefail; docker ps | sort; set +o pipefail") + "\n" + snippet("docker ps | sort"), "masked-status",
		},
		{"in the background", snippet("docker ps | sort &"), ""},
		{"a command that a key ends", snippet("docker ps | sort; docker logs web | less") + "\n<!-- ```key q``` -->", "masked-status"},

		{"an editor", snippet("git commit"), "editor-opens"},
		{"with keys", snippet("git commit -a") + "\n<!--\n```wait x```\n```keys :q!```\n```key Enter```\n-->", "editor-opens"},
		{"an editor in the middle", snippet("git add .; git rebase -i main"), "editor-opens"},
		{
			"other editors", snippet("kubectl -n x edit deploy web\ngit tag -a v1\ngit merge --no-ff topic\nsudo crontab -e"),
			"editor-opens editor-opens editor-opens editor-opens",
		},
		{
			"a message",
			snippet("git commit -m x\ngit commit -am y\ngit commit --amend --no-edit\ngit tag -a v1 -m v1\ngit merge topic\ngit tag v2"), "",
		},
		{
			"a chosen editor",
			snippet("export EDITOR=vi") + "\n" + snippet("git commit") + "\n<!--\n```wait x```\n```keys :q!```\n```key Enter```\n-->", "",
		},
		{"a chosen editor that opens", snippet("export EDITOR=vi") + "\n" + snippet("git commit"), "never-ends"},
		{"an editor that opens, for one command", snippet("EDITOR=vi kubectl edit deploy web"), "never-ends"},
		{"an editor that opens within a loop", snippet("export EDITOR=vi; for i in $X; do kubectl edit deploy $i; done"), "never-ends"},
		{"an editor for one command", snippet("GIT_EDITOR=true git commit"), ""},
		{"an editor that ends", snippet("export EDITOR='sed -i s/a/b/'\ngit commit -v\ncrontab -e") + "\n" + snippet("git rebase -i main"), ""},
		{"an editor by an option", snippet("git -c core.editor=true commit\nenv VISUAL=true git commit"), ""},
		{"an editor of git's", snippet("git config --global core.editor true") + "\n" + snippet("git commit"), ""},
		{"an editor of the other program", snippet("KUBE_EDITOR=true; export KUBE_EDITOR\nkubectl edit x\ngit commit"), "editor-opens"},
		{"a variable that git does not see", snippet("GIT_EDITOR=true\ngit commit"), "editor-opens"},
		{"an editor that is taken back", snippet("export EDITOR=true; git commit; unset EDITOR; git commit"), "editor-opens"},
		{"an unknown editor", snippet("export EDITOR=$(which nano)\ngit commit"), ""},

		{"a typed substitution", snippet("git clone https://@@GITREPO@@"), "typed-substitution"},
		{"an unknown one", snippet("docker run @@IMAGE@@"), "typed-substitution"},
		{"by keys", snippet("vim x") + "\n<!--\n```keys i@@CHAT@@```\n```key ^C```\n-->", "typed-substitution"},
		{"one that is replaced", snippet("sed -i s/@@TITLE@@/x/ f"), "substitution"},
		{"one that is shown", "@@CHAT@@\n" + snippet("ls"), "substitution"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(of(t, tt.body), " "); got != tt.want {
				t.Errorf("found %q, want %q in\n%s", got, tt.want, tt.body)
			}
		})
	}
}

// TestTitles shows which equal titles are mistakes.
func TestTitles(t *testing.T) {
	slide := func(title string) string { return "## " + title + "\n\n.exercise[ ```bash ls``` ]\n" }
	tests := []struct {
		name   string
		slides []string
		want   int
	}{
		{"a slide that goes on", []string{slide("A"), slide("A"), slide("A"), slide("B")}, 0},
		{"a slide without exercises between", []string{slide("A"), "## A\n\nText\n", slide("A")}, 0},
		{"a slide without a title between", []string{slide("A"), "Text\n", slide("A")}, 0},
		{"another title between", []string{slide("A"), "## B\n\nText\n", slide("A")}, 1},
		{"a slide that goes on, later", []string{slide("A"), slide("B"), slide("A"), slide("A")}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := codes(lint.Run(load(t, strings.Join(tt.slides, "\n---\n\n")), lint.Options{}))
			n := len(slices.DeleteFunc(found, func(code string) bool { return code != "duplicate-title" }))
			if n != tt.want {
				t.Errorf("%d findings, want %d", n, tt.want)
			}
		})
	}
}

// TestPipefail shows that the manifest's key silences the rule about pipelines, and not about loops.
func TestPipefail(t *testing.T) {
	deck := "-- workshop.yml --\npipefail: true\ncontent: [a.md]\n-- a.md --\n.exercise[\n" +
		snippet("docker ps | sort\nfor i in 1 2; do docker ps; sleep 0.1; done") + "\n]\n"
	found := lint.Run(load(t, deck), lint.Options{}).Findings
	if len(found) != 1 || !strings.Contains(found[0].Message, "a loop has the status of its last command") {
		t.Errorf("found %v", found)
	}
}

// TestCompat shows that a lenient compiler presses the keys that a strict one types, and that this is
// no mistake there.
func TestCompat(t *testing.T) {
	in := load(t, ".exercise[\n"+snippet("vmstat 1")+"\n<!-- ```keys ^C``` -->\n]\n")
	if found := codes(lint.Run(in, lint.Options{})); !slices.Contains(found, "key-as-text") {
		t.Errorf("found %v", found)
	}
	plan, err := runner.Compiler{Lenient: true}.Compile(in.Decks[0].Deck)
	if err != nil {
		t.Fatal(err)
	}
	if sent := plan.Sessions[0].Exercises[0].Steps[1].Sends(); sent != "\x03" {
		t.Errorf("sends %q", sent)
	}
	in.Plan = plan
	if found := codes(lint.Run(in, lint.Options{})); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

// TestHereDocuments shows the messages about end marks that end nothing, and their repairs.
func TestHereDocuments(t *testing.T) {
	tests := []struct{ name, before, message, after string }{
		{
			"all of it is indented", ".exercise[\n\n- Create:\n  ```bash\n    cat <<EOF > f\n    a:\n      b: 1\n\n    EOF\n    ls\n  ```\n]\n",
			"EOF at line 9 is indented by 2: it does not end the here-document",
			".exercise[\n\n- Create:\n  ```bash\n  cat <<EOF > f\n  a:\n    b: 1\n\n  EOF\n  ls\n  ```\n]\n",
		},
		{
			"the document is", ".exercise[\n```bash\ncat <<'END' | sort\n  b\n    a\n  END\nls\n```\n]\n",
			"END at line 6 is indented by 2: it does not end the here-document",
			".exercise[\n```bash\ncat <<'END' | sort\nb\n  a\nEND\nls\n```\n]\n",
		},
		{
			"only its end is", ".exercise[\n```bash\ncat <<EOF\na\n    EOF\n```\n]\n",
			"EOF at line 5 is indented by 4: it does not end the here-document", ".exercise[\n```bash\ncat <<EOF\na\nEOF\n```\n]\n",
		},
		{
			"by blanks where tabs are allowed", ".exercise[\n```bash\ncat <<-EOF\n  a\n  EOF\n```\n]\n",
			"EOF at line 5 is indented by 2: it does not end the here-document", ".exercise[\n```bash\ncat <<-EOF\na\nEOF\n```\n]\n",
		},
		{
			"a blank behind it", ".exercise[\n```bash\ncat <<EOF\n  a\nEOF  \n```\n]\n",
			"EOF at line 5 has a blank behind it: it does not end the here-document", ".exercise[\n```bash\ncat <<EOF\n  a\nEOF\n```\n]\n",
		},
		{
			"no end", ".exercise[\n```bash\ncat <<EOF\n  a\n  EOF and more\n```\n]\n",
			"unclosed here-document `EOF`; the shell would wait for the rest of it", ".exercise[\n```bash\ncat <<EOF\n  a\n  EOF and more\n```\n]\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := lint.Run(load(t, tt.before), lint.Options{}).Findings
			if len(found) != 1 || found[0].Message != tt.message || found[0].Severity != lint.Error {
				t.Errorf("found %v", found)
			}
			got, _ := repair(t, tt.before)
			if diff := cmp.Diff(tt.after, got); diff != "" {
				t.Errorf("(- wanted, + got):\n%s", diff)
			}
		})
	}
}

// TestEditorOfManifest shows that an editor that the manifest names is known.
func TestEditorOfManifest(t *testing.T) {
	deck := "\n-- a.md --\n# A\n" + snippet("git commit") + "\n"
	for _, tt := range []struct{ manifest, want string }{
		{"content: [a.md]", "editor-opens"},
		{"env: {EDITOR: vi}\ncontent: [a.md]", "never-ends"},
		{"env: {GIT_EDITOR: 'true'}\ncontent: [a.md]", ""},
		{"content:\n- file: a.md\n  session: chapter\n  env: {VISUAL: cat}", ""},
	} {
		if got := strings.Join(codes(lint.Run(load(t, "-- workshop.yml --\n"+tt.manifest+deck), lint.Options{})), " "); got != tt.want {
			t.Errorf("%s: found %q, want %q", tt.manifest, got, tt.want)
		}
	}
}
