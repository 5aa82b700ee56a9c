package engine

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"

	"workshop/services/compose/dockerfile"
)

// archive makes a build context of names and contents; #! makes a file executable.
func archive(t testing.TB, files map[string]string) *bytes.Buffer {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, content := range files {
		h := &tar.Header{Name: name, Size: int64(len(content)), Mode: 0o644}
		if strings.HasPrefix(content, "#!") {
			h.Mode = 0o755
		}
		if target, ok := strings.CutPrefix(content, "-> "); ok {
			h.Typeflag, h.Linkname, h.Size, content = tar.TypeSymlink, target, 0, ""
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

// build builds an image and returns the output of the builder, or the error.
func (c *client) build(tag string, files map[string]string, query string) (string, int) {
	c.t.Helper()
	status, answer := c.try("POST /build?t="+tag+"&"+query, archive(c.t, files))
	if status != 200 {
		return message(answer), status
	}
	var out strings.Builder
	for d := json.NewDecoder(strings.NewReader(answer)); ; {
		var line struct {
			Stream string
			Error  string
		}
		if err := d.Decode(&line); err == io.EOF {
			return out.String(), status
		} else if err != nil {
			c.t.Fatal(err)
		}
		out.WriteString(line.Stream + line.Error)
	}
}

// dockerfiles are valid Dockerfiles, with the configuration that Docker makes of each: only the
// fields that differ from an image FROM scratch.
var dockerfiles = map[string]struct {
	text string
	want object
}{
	"command": {"FROM scratch\nCMD [\"/a\", \"b c\"]", object{"Cmd": []string{"/a", "b c"}}},
	"command for the shell": {
		"FROM scratch\nCMD a b \"c\"", object{"Cmd": []string{"/bin/sh", "-c", `a b "c"`}},
	},
	"entrypoint": {
		"FROM scratch\nCMD [\"x\"]\nENTRYPOINT [\"/a\"]", object{"Entrypoint": []string{"/a"}, "Cmd": []string{"x"}},
	},
	"comments and continuations": {
		"# a comment\n\nFROM scratch\nENV A=1 \\\n  # inside\n\n  B=2\n# CMD [\"no\"]\ncmd [\"yes\"]",
		object{"Env": []string{"A=1", "B=2"}, "Cmd": []string{"yes"}},
	},
	"escape directive": {"# escape=`\nFROM scratch\nENV A=1 `\n B=2", object{"Env": []string{"A=1", "B=2"}}},
	"CRLF":             {"FROM scratch\r\nENV A=1 \\\r\n B=2\r\n", object{"Env": []string{"A=1", "B=2"}}},
	"quotes": {
		`FROM scratch` + "\n" + `ENV A="x y" B='$A' C=x\ y D="a\"b" E="\$A" F=a"b c"d G="" H='a"b'`,
		object{"Env": []string{"A=x y", "B=$A", "C=x y", `D=a"b`, "E=$A", "F=ab cd", "G=", `H=a"b`}},
	},
	"old form": {"FROM scratch\nENV A  x y \"z\"", object{"Env": []string{"A=x y z"}}},
	"variables": {
		"FROM scratch\nENV A=1\nENV A=2 B=${A}x C=$A$A D=${N:-none} E=${A:+some} F=${N:+some} G=\\$A",
		object{"Env": []string{"A=2", "B=1x", "C=11", "D=none", "E=some", "F=", "G=$A"}},
	},
	"arguments": {
		"ARG X=early\nFROM scratch\nARG GIVEN=no\nARG DEFAULT=yes\nARG X\nENV A=$GIVEN B=$DEFAULT C=$UNSET",
		object{"Env": []string{"A=given", "B=yes", "C="}},
	},
	"labels": {"FROM scratch\nLABEL a=1 \"b c\"=\"d e\"\nLABEL a=2", object{"Labels": map[string]string{"a": "2", "b c": "d e"}}},
	"ports": {
		"FROM scratch\nEXPOSE 80 443/tcp\nENV P=8080\nEXPOSE $P",
		object{"Env": []string{"P=8080"}, "ExposedPorts": []string{"443/tcp", "80/tcp", "8080/tcp"}},
	},
	"directory": {
		"FROM scratch\nWORKDIR /a\nWORKDIR b\nENV D=c\nWORKDIR $D/../d", object{"Env": []string{"D=c"}, "WorkingDir": "/a/b/d"},
	},
	"stop signal": {"FROM scratch\nSTOPSIGNAL SIGQUIT", object{"StopSignal": "SIGQUIT"}},
	"health": {
		"FROM scratch\nHEALTHCHECK --interval=5s --retries=2 CMD [\"/a\", \"b\"]",
		object{"Healthcheck": healthcheck{Test: []string{"CMD", "/a", "b"}, Interval: 5e9, Retries: 2}},
	},
	"health by the shell": {
		"FROM scratch\nHEALTHCHECK CMD a | b", object{"Healthcheck": healthcheck{Test: []string{"CMD-SHELL", "a | b"}}},
	},
	"no health": {"FROM scratch\nHEALTHCHECK NONE", object{"Healthcheck": healthcheck{Test: []string{"NONE"}}}},
}

// imageConfig is the resulting configuration, restricted to the fields in the table.
func imageConfig(c config) object {
	o := object{}
	set := func(name string, v any, ok bool) {
		if ok {
			o[name] = v
		}
	}
	c.Env = slices.DeleteFunc(slices.Clone(c.Env), func(s string) bool { return strings.HasPrefix(s, "PATH=") })
	var ports []string
	for p := range c.ExposedPorts {
		ports = append(ports, p)
	}
	slices.Sort(ports)
	set("Cmd", c.Cmd, len(c.Cmd) > 0)
	set("Entrypoint", c.Entrypoint, len(c.Entrypoint) > 0)
	set("Env", c.Env, len(c.Env) > 0)
	set("Labels", c.Labels, len(c.Labels) > 0)
	set("ExposedPorts", ports, len(ports) > 0)
	set("WorkingDir", c.WorkingDir, c.WorkingDir != "")
	set("StopSignal", c.StopSignal, c.StopSignal != "")
	set("Healthcheck", c.Healthcheck, c.Healthcheck != nil)
	return o
}

func text(t testing.TB, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var buildArgs = "buildargs=" + url.QueryEscape(`{"GIVEN":"given"}`)

// buildAll builds the table's images and compares them with it.
func buildAll(t *testing.T, c *client) {
	for name, test := range dockerfiles {
		tag := "workshop-engine-test:" + strings.ReplaceAll(strings.ToLower(name), " ", "-")
		// Not before all of them are built: Docker builds one image on another's layers,
		// in a container that keeps the other from being removed.
		t.Cleanup(func() { c.try("DELETE /images/"+tag+"?force=1", nil) })
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &client{t, c.socket, c.http}
			out, status := c.build(tag, map[string]string{"Dockerfile": test.text}, buildArgs)
			if status != 200 {
				t.Fatalf("%d %s", status, out)
			}
			img := get[struct{ Config config }](c, "GET /images/"+tag+"/json", nil)
			if got, want := text(t, imageConfig(img.Config)), text(t, test.want); got != want {
				t.Errorf("got  %s\nwant %s\nafter %s", got, want, out)
			}
		})
	}
}

func TestDockerfiles(t *testing.T) { buildAll(t, startEngine(t)) }

func TestBuildOutput(t *testing.T) {
	c := startEngine(t)
	files := map[string]string{
		"Dockerfile":  "FROM workshop\nARG UNUSED\nWORKDIR /app\nCOPY run.sh data/ ./\nEXPOSE 80\nENTRYPOINT [\"./run.sh\"]\nCMD [\"x\"]\n",
		"run.sh":      "#!/bin/sh\necho $0 $1 in ${PWD##*/}\ncat file link\n",
		"data/file":   "content\n",
		"data/link":   "-> file",
		"data/sub/f2": "more",
	}
	out, status := c.build("Sample", files, "")
	if status != 400 || out != "invalid reference format: repository name must be lowercase" {
		t.Errorf("capitals: %d %s", status, out)
	}
	out, _ = c.build("sample", files, buildArgs)
	lines := strings.Split(out, "\n")
	id := c.imageID("sample")
	want := []string{
		"Step 1/7 : FROM workshop", " ---> " + c.imageID("workshop"), "Step 2/7 : ARG UNUSED", "Step 3/7 : WORKDIR /app",
		"Step 4/7 : COPY run.sh data/ ./",
		"Step 7/7 : CMD [\"x\"]", "[Warning] One or more build-args [GIVEN] were not consumed", "Successfully built " + id,
		"Successfully tagged sample:latest",
	}
	for _, line := range want {
		if !slices.Contains(lines, line) {
			t.Errorf("no %q in\n%s", line, out)
		}
	}
	// The same content is the same image, or Compose would make its containers again.
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := archive(t, files).WriteTo(z); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	c.do("POST /build?t=again&q=1", &zipped)
	if again := c.imageID("again"); again != id {
		t.Errorf("built again it is %s, not %s", again, id)
	}
	run := c.create("run", nil, object{"Image": "sample"})
	c.do("POST /containers/run/start", nil)
	c.wait(run)
	if got := c.logs(run, "stdout=1&stderr=1"); !strings.HasSuffix(got, "/app/run.sh x in app\n1 content\n1 content\n") {
		t.Errorf("it says %q", got)
	}

	if status, out := c.try("DELETE /images/sample", nil); status != 200 { // "again" is left
		t.Errorf("untag: %d %s", status, out)
	}
	status, answer := c.try("DELETE /images/again", nil)
	if status != 409 || message(answer) != `conflict: unable to remove repository reference "again" (must force) - container `+run[:12]+
		` is using its referenced image `+id {
		t.Errorf("used: %d %s", status, answer)
	}
	c.do("DELETE /containers/run", nil)
	c.do("DELETE /images/again", nil)
	if status, _ := c.try("GET /images/"+id+"/json", nil); status != 404 {
		t.Errorf("it is still there: %d", status)
	}
}

func (c *client) imageID(ref string) string {
	c.t.Helper()
	id := get[struct{ ID string }](c, "GET /images/"+ref+"/json", nil).ID
	return strings.TrimPrefix(id, "sha256:")[:12]
}

func TestBuildRefusals(t *testing.T) {
	c := startEngine(t)
	for name, test := range map[string]struct{ text, want string }{
		"other base": {
			"FROM python:alpine\nRUN x",
			"dockerfile line 1: FROM python:alpine: the embedded engine has no registry to pull it from: " +
				"use FROM workshop (its names: " + strings.Join(commands, ", ") + "; and the machine's programs), FROM scratch, or a real engine",
		},
		"RUN": {
			"FROM workshop\n\nRUN pip \\\n  install x",
			"dockerfile line 3: RUN pip install x: the embedded engine runs no build steps: COPY files that are ready, build FROM workshop, " +
				"name a process with x-workshop in the Compose file, or use a real engine",
		},
		"ADD": {"FROM scratch\nADD a b", "dockerfile line 2: ADD a b: the embedded engine fetches and unpacks nothing: use COPY"},
		"USER": {
			"FROM scratch\nuser nobody",
			"dockerfile line 2: USER nobody: the embedded engine's containers run as the user who runs it: leave it out",
		},
		"VOLUME": {
			"FROM scratch\nVOLUME /data",
			"dockerfile line 2: VOLUME /data: the embedded engine has no mounts: write to a directory of the machine",
		},
		"unknown": {"FROM scratch\nCDM x", "dockerfile parse error line 2: unknown instruction: CDM"},
		"no FROM": {"CMD x", "dockerfile line 1: CMD: no build stage in current context: the first instruction must be FROM"},
		"nothing": {"# empty", "the Dockerfile has no FROM: use FROM workshop or FROM scratch"},
		"two stages": {
			"FROM scratch\nFROM scratch", "dockerfile line 2: FROM: the embedded engine builds in one stage: COPY files that are ready, " +
				"build FROM workshop, name a process with x-workshop in the Compose file, or use a real engine",
		},
		"no argument":   {"FROM scratch\nEXPOSE", "dockerfile line 2: EXPOSE: it needs an argument"},
		"single quotes": {"FROM scratch\nCMD ['a']", `dockerfile line 2: CMD: ['a'] is no array of strings in double quotes`},
		"missing file": {
			"FROM scratch\nCOPY nosuch /",
			"dockerfile line 2: COPY: file not found in build context: stat nosuch: file does not exist",
		},
		"out of the root": {
			"FROM scratch\nCOPY ../../etc/passwd /",
			"dockerfile line 2: COPY: file not found in build context: stat etc/passwd: file does not exist",
		},
		"link to outside": {
			"FROM scratch\nCOPY out /",
			"dockerfile line 2: COPY: file not found in build context: stat out: file does not exist",
		},
		"flag": {
			"FROM scratch\nCOPY --chown=1 a /",
			"dockerfile line 2: COPY: --chown=1 is not supported by the embedded engine: files keep their mode and belong to the user who runs it",
		},
		"several": {
			"FROM scratch\nCOPY a b /c",
			"dockerfile line 2: COPY: When using COPY with more than one source file, the destination must be a directory and end with a /",
		},
		"unclosed quote": {
			"FROM scratch\nENV A=\"b",
			"dockerfile line 2: ENV: unexpected end of statement while looking for matching double-quote",
		},
		"no assignment": {
			"FROM scratch\nENV A=1 B",
			"dockerfile line 2: ENV: syntax error - can't find = in \"B\". Must be of the form: name=value",
		},
		"port": {
			"FROM scratch\nEXPOSE 53/udp",
			"dockerfile line 2: EXPOSE: port 53/udp is not supported by the embedded engine: only TCP ports are",
		},
		"stop signal":      {"FROM scratch\nSTOPSIGNAL SIGNOT", "dockerfile line 2: STOPSIGNAL: Invalid signal: SIGNOT"},
		"health kind":      {"FROM scratch\nHEALTHCHECK x", `dockerfile line 2: HEALTHCHECK: Unknown type "x" in HEALTHCHECK (try CMD)`},
		"health flag":      {"FROM scratch\nHEALTHCHECK --interval=x CMD y", `dockerfile line 2: HEALTHCHECK: invalid value for interval: "x"`},
		"unknown modifier": {"FROM scratch\nENV A=${B?x}", "dockerfile line 2: ENV: unsupported modifier in substitution ${B?x}"},
	} {
		t.Run(name, func(t *testing.T) {
			c := &client{t, c.socket, c.http}
			// A large context, so that an answer before its end would break the pipe.
			files := map[string]string{"Dockerfile": test.text, "a": "a", "b": "b", "out": "-> /etc/passwd", "large": strings.Repeat("x", 4<<20)}
			if got, status := c.build("x", files, ""); status != 400 || got != test.want {
				t.Errorf("%d\n got %s\nwant %s", status, got, test.want)
			}
		})
	}
	if list := get[[]imageSummary](c, "GET /images/json", nil); len(list) != 1 || list[0].RepoTags[0] != baseImage {
		t.Errorf("images: %+v", list)
	}
	status, answer := c.try("POST /build", archive(t, map[string]string{"../Dockerfile": "FROM scratch"}))
	if status != 400 || message(answer) != "build context: ../Dockerfile is outside of the context" {
		t.Errorf("outside: %d %s", status, answer)
	}
}

// Any text is decided, its instructions have lines in order, and errors name them.
func FuzzDockerfile(f *testing.F) {
	for _, d := range dockerfiles {
		f.Add(d.text)
	}
	f.Add("FROM scratch\nENV A=\"")
	f.Add("# escape=x\nFROM a")
	f.Fuzz(func(t *testing.T, src string) {
		list, err := dockerfile.Parse(src)
		if err != nil {
			return
		}
		lines := strings.Count(src, "\n") + 1
		lookUp := func(name string) (string, bool) { return "<" + name + ">", name != "" }
		for n, i := range list {
			if i.Line < 1 || i.Line > lines || n > 0 && i.Line <= list[n-1].Line {
				t.Fatalf("line %d of %d", i.Line, lines)
			}
			if _, err := i.List(lookUp); err != nil && !strings.Contains(err.Error(), "dockerfile line ") {
				t.Fatalf("no line in %v", err)
			}
			i.Pairs(lookUp)
			i.Command()
			readHealthcheck(i)
		}
	})
}
