package compose_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"workshop/services/compose"

	"github.com/google/go-cmp/cmp"
)

// TestEffects compares everything that a project runs and uses, and whether it leaves a directory.
func TestEffects(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"shop/docker-compose.yml": `services:
  process:
    x-workshop:
      command: "touch x; exec sleep 5"
      working_dir: ../etc
    image: nginx
    command: [nginx, -g, daemon off;]
    env_file: /etc/environment
    volumes: ["/:/host", "./data:/data", "named:/n"]
    healthcheck: {test: [CMD, curl, -f, "a b"]}
  built:
    build: {context: src, dockerfile: ../../out/Dockerfile}
    command: [again]
    env_file: [a.env, {path: link/b.env, required: false}]
  inline:
    build:
      context: src
      dockerfile_inline: |
        FROM golang AS first
        ENTRYPOINT ["not", "this"]
        FROM workshop
        RUN make
        CMD exec rng
    secrets: [token]
  plain:
    image: workshop
    healthcheck: {disable: true}
secrets: {token: {file: ../token}}
volumes: {named: {}}
`,
		"out/Dockerfile":  "FROM workshop\nRUN a \\\n  b\nENTRYPOINT [\"sh\", \"-c\"]\nHEALTHCHECK --interval=1s CMD test -e /x\n",
		"shop/src/file":   "",
		"shop/data/file":  "",
		"elsewhere/b.env": "A=1\n",
	} {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../elsewhere", filepath.Join(root, "shop", "link")); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "shop")
	project, err := compose.Load(t.Context(), compose.LoadOptions{Dir: dir, Unread: true})
	if err != nil {
		t.Fatal(err)
	}
	list := func(embedded bool) string {
		var b strings.Builder
		for _, e := range project.Effects(embedded) {
			text := e.Text
			if e.Path {
				text = strings.Replace(text, root, "ROOT", 1)
			}
			fmt.Fprintf(&b, "%s:%d %s %s %s", strings.Replace(e.File, root, "ROOT", 1), e.Line, e.Service, e.Kind, text)
			if e.Outside(dir) {
				fmt.Fprintf(&b, " outside, written %q", e.Written)
			}
			b.WriteByte('\n')
		}
		return b.String()
	}
	const others = `docker-compose.yml:8 process env_file /etc/environment outside, written "/etc/environment"
docker-compose.yml:9 process bind / outside, written "/"
docker-compose.yml:9 process bind ROOT/shop/data
docker-compose.yml:12 built context ROOT/shop/src
docker-compose.yml:12 built dockerfile ROOT/out/Dockerfile outside, written "../../out/Dockerfile"
ROOT/out/Dockerfile:2 built RUN a b
ROOT/out/Dockerfile:5 built healthcheck test -e /x
docker-compose.yml:13 built command sh -c again
docker-compose.yml:14 built env_file ROOT/shop/a.env
docker-compose.yml:14 built env_file ROOT/shop/link/b.env outside, written "link/b.env"
docker-compose.yml:17 inline context ROOT/shop/src
docker-compose.yml:18 inline RUN make
docker-compose.yml:18 inline command exec rng
docker-compose.yml:28  file ROOT/token outside, written ""
`
	health := "docker-compose.yml:10 process healthcheck curl -f 'a b'\n"
	if diff := cmp.Diff(`docker-compose.yml:4 process command touch x; exec sleep 5
docker-compose.yml:5 process directory ROOT/etc outside, written "../etc"
`+health+others, list(true)); diff != "" {
		t.Errorf("on the embedded engine (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("docker-compose.yml:7 process command nginx -g 'daemon off;'\n"+health+others, list(false)); diff != "" {
		t.Errorf("on another engine (-want +got):\n%s", diff)
	}
}
