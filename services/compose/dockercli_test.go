package compose_test

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// dockerCommands is the life of a few containers, driven by the Docker command; "ready" is ours.
// One case is left out: a build that fails, where our message has a position.
var dockerCommands = []string{
	"build -q --label of=PROJECT -t PROJECT_web redis",
	"images --format {{.Repository}}:{{.Tag}} PROJECT_web",
	"history --no-trunc --format {{.CreatedBy}} nosuch",
	"network create PROJECT_net",
	"network create PROJECT_net",
	"volume create PROJECT_vol",
	"volume ls -q --filter name=PROJECT",
	"run -d --name PROJECT_web --network PROJECT_net -e GREETING=hi -p 0:6379 PROJECT_web",
	"ready 1 PROJECT_web",
	"run -d --name PROJECT_web PROJECT_web",
	"ps --filter name=PROJECT_web --format {{.Names}}|{{.Image}}|{{.Command}}|{{.State}}",
	"ps -a --filter name=PROJECT --filter status=exited -q",
	"inspect -f {{.State.Status}}|{{.Config.Cmd}}|{{.Path}}|{{.Args}}|{{.HostConfig.NetworkMode}}|{{.RestartCount}}|" +
		"{{.State.ExitCode}} PROJECT_web",
	"inspect -f {{range.Config.Env}}{{.}};{{end}}{{json.Config.Labels}}{{json.Config.ExposedPorts}} PROJECT_web",
	"network inspect -f {{.Name}}|{{.Driver}}|{{len.Containers}} PROJECT_net",
	"exec PROJECT_web /dc args one two",
	"exec -e GREETING=x PROJECT_web /dc args",
	"exec PROJECT_web /dc exit 5",
	"exec PROJECT_web nosuch",
	"ps -q --filter name=PROJECT --filter publish=6379",
	"exec nosuch ls",
	"logs PROJECT_web",
	"logs --tail 0 PROJECT_web",
	"port PROJECT_web 81",
	"pause PROJECT_web",
	"pause PROJECT_web",
	"stop -t 0 nosuch",
	"unpause PROJECT_web",
	"unpause PROJECT_web",
	"network rm PROJECT_net",
	"rename PROJECT_web PROJECT_other",
	"restart -t 0 PROJECT_other",
	"ready 2 PROJECT_other",
	"kill -s SIGKILL PROJECT_other",
	"inspect -f {{.State.Status}}|{{.State.ExitCode}}|{{.State.OOMKilled}} PROJECT_other",
	"kill PROJECT_other",
	"start PROJECT_other",
	"ready 3 PROJECT_other",
	"stop PROJECT_other",
	"wait PROJECT_other",
	"rm PROJECT_other",
	"rm PROJECT_other",
	"run --rm PROJECT_web args a b",
	"run --rm PROJECT_web exit 3",
	"run --rm --entrypoint /nosuch PROJECT_web",
	"run --rm nosuch.invalid/PROJECT",
	"create --name PROJECT_c PROJECT_web args",
	"start -a PROJECT_c",
	"start nosuch",
	"rmi PROJECT_web",
	"rm -f PROJECT_c",
	"tag PROJECT_web PROJECT_web:second",
	"images --format {{.Tag}} PROJECT_web",
	"rmi PROJECT_web:second",
	"volume rm PROJECT_vol",
	"volume rm PROJECT_vol",
	"network rm PROJECT_net",
	"network rm PROJECT_net",
	"rmi PROJECT_web",
	"top nosuch",
	"events --since 1 --until 2",
}

// TestDockerCommandConformance runs the Docker command with both engines and compares the output.
func TestDockerCommandConformance(t *testing.T) {
	path, err := exec.LookPath("docker")
	if err != nil {
		if os.Getenv("REQUIRE_DOCKER") != "" {
			t.Fatalf("REQUIRE_DOCKER is set, but %v", err)
		}
		t.Skipf("no docker command: %v (REQUIRE_DOCKER=1 makes this a failure)", err)
	}
	same := rules(
		`(?i)docker: |Error response from daemon: `, "", // the command's own prefix
		`\[?Warning\]? .*\n|DEPRECATED: .*\n|.*BuildKit.*\n|.*buildx.*\n`, "", // notes about its future
		`failed to create shim task: `, "", `(exec|OCI runtime).*(executable file not found in \$PATH|no such file or directory)(: unknown)?`,
		"NO PROGRAM", // the messages come from the runtimes
		`Unable to find image .*\n`, "", `(?s)^(.*(pull access denied|no such host|no registry|dial tcp|lookup).*)$`,
		"NO IMAGE", // one has no network, the other no registry
		`(Deleted: sha256:[0-9a-f]{64}\n)(Deleted: .*\n)+`, "$1", // the real one counts layers
		`sha256:[0-9a-f]{64}|[0-9a-f]{64}`, "ID", `\b[0-9a-f]{12}\b`, "SHORT",
	)
	var results [2][]result
	var names [2]string
	for i, host := range []string{dockerHost(t), embeddedHost(t)} {
		s := newStage(t, host, "", "redis")
		names[i] = s.name
		docker := program(path)
		for _, command := range dockerCommands {
			args := strings.Fields(strings.ReplaceAll(command, "PROJECT", s.name))
			for k, arg := range args {
				args[k] = strings.NewReplacer("{{range.", "{{range .", "{{json.", "{{json .", "{{len.", "{{len .").Replace(arg)
			}
			if args[0] == "ready" {
				awaitReady(t, path, s, args[1], args[2])
				results[i] = append(results[i], result{})
				continue
			}
			results[i] = append(results[i], docker(s, args...))
		}
		s.clean()
	}
	for k, command := range dockerCommands {
		text := func(i int) string {
			r := results[i][k]
			return same.apply(strings.ReplaceAll(r.out+"\x00"+r.err, names[i], "PROJECT"))
		}
		if diff := cmp.Diff(text(0), text(1)); diff != "" || results[0][k].code != results[1][k].code {
			t.Errorf("docker %s: status %d on the real engine, %d on the embedded one (-real +embedded):\n%s",
				command, results[0][k].code, results[1][k].code, diff)
		}
	}
}

// awaitReady waits until a container has reported n times that it is ready. Before that, it has no
// handler for a signal.
func awaitReady(t *testing.T, path string, s *stage, n, container string) {
	t.Helper()
	left, err := strconv.Atoi(n)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, "logs", "-f", container)
	cmd.Env = s.env
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); left > 0 && lines.Scan(); {
		if strings.Contains(lines.Text(), "Ready to accept connections") {
			left--
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	if left > 0 {
		t.Fatalf("%s has not become ready", container)
	}
}
