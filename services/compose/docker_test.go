package compose_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"workshop/services/compose"

	"github.com/google/go-cmp/cmp"
)

// dockerTexts are command lines that the bundled docker must answer as the real one does. In a word,
// ~ stands for a blank; "ready" waits as in dockerCommands. Other tests use the real engine at the same
// time: a list names its project.
var dockerTexts = []string{
	"ps --filter name=PROJECT", "images -q nosuch", "network ls -q --filter name=PROJECT", "volume ls -q --filter name=PROJECT",
	"build -t PROJECT_web redis", "build -q redis", "build nosuch", "build -f nosuch redis", "build", "build a b",
	"run -d --name PROJECT_web -p 127.0.0.1:0:6379 -l a.b=c -e GREETING=hi PROJECT_web", "ready 1 PROJECT_web",
	"run -d --name PROJECT_web PROJECT_web", "ps --filter name=PROJECT", "ps -a --no-trunc --filter name=PROJECT",
	"ps -q --filter name=PROJECT", "container ls --filter name=PROJECT", "ps -a --filter name=PROJECT --format json",
	"ps --filter name=PROJECT --format {{.Names}}~{{.Status}}|{{.Image}}|{{.Command}}|{{.State}}",
	"ps --filter name=PROJECT --format table~{{.Names}}\\t{{.Label~\"a.b\"}}\\t{{.RunningFor}}\\t{{.Networks}}",
	"ps --format {{.Nosuch}}", "ps --format {{nosuch}}", "ps --format {{", "ps --filter nosuch=1", "ps --filter nosuch",
	"ps --filter name=PROJECT -n 1 --format {{json~.Names}}",
	"ps -l --filter name=PROJECT --format {{upper~.State}}|{{truncate~.State~3}}|{{.CreatedAt}}|{{.Size}}|" +
		"{{.Labels}}|{{.Mounts}}|{{.LocalVolumes}}",
	"images PROJECT_web", "images --format json PROJECT_web",
	"images --no-trunc --format {{.ID}}~{{.Size}}~{{.CreatedSince}} PROJECT_web", "images --digests PROJECT_web",
	"image ls --format table~{{.Repository}}\\t{{.Tag}} PROJECT_web", "images a b", "port PROJECT_web", "port PROJECT_web 6379",
	"port PROJECT_web 6379/tcp", "port PROJECT_web 81", "port PROJECT_web x", "port nosuch", "port", "top PROJECT_web", "top nosuch",
	"top", "stats --no-stream --format {{.Name}}|{{.ID}} PROJECT_web", "stats --no-stream nosuch",
	"stats --no-stream --format table~{{.Name}}\\t{{.Container}} PROJECT_web", "logs PROJECT_web", "logs --tail 0 PROJECT_web",
	"logs -n 1 PROJECT_web", "logs --since 1h PROJECT_web", "logs --until 2020-01-01 PROJECT_web", "logs nosuch", "logs", "logs a b",
	"logs --nosuch x", "exec PROJECT_web /dc args one two", "exec -e GREETING=x PROJECT_web /dc args", "exec PROJECT_web /dc exit 5",
	"exec -d PROJECT_web /dc args", "exec PROJECT_web", "exec -it PROJECT_web /dc args", "exec nosuch ls",
	"exec -t PROJECT_web /dc args x", "exec --nosuch PROJECT_web ls",
	"inspect -f {{.Name}}|{{.State.Status}}|{{.State.Running}}|{{.Config.Cmd}}|{{json~.Config.Labels}}|{{.RestartCount}} PROJECT_web",
	"inspect -f {{if~eq~.State.ExitCode~0}}zero{{end}}|{{range~.Config.Env}}{{.}};{{end}}|{{len~.NetworkSettings.Networks}} PROJECT_web",
	"inspect -f {{(index~(index~.NetworkSettings.Ports~\"6379/tcp\")~0).HostIp}}|{{.HostConfig.RestartPolicy.Name}} PROJECT_web",
	"inspect -f {{range~$k,~$v~:=~.NetworkSettings.Networks}}{{$k}}{{end}}|" +
		"{{json~.HostConfig.RestartPolicy}}|{{.State.OOMKilled}} PROJECT_web",
	"inspect -f {{.Nosuch}} PROJECT_web", "inspect nosuch", "inspect -f {{.Name}} PROJECT_web nosuch", "inspect --type image nosuch",
	"inspect --type nosuch PROJECT_web", "inspect -f {{.Config.Cmd}}|{{.Os}} PROJECT_web:latest", "inspect -f {{ PROJECT_web",
	"inspect", "container inspect -f {{.Name}} PROJECT_web", "container inspect nosuch", "image inspect nosuch",
	"network inspect nosuch", "volume inspect nosuch", "pause PROJECT_web", "pause PROJECT_web",
	"ps --filter name=PROJECT --format {{.State}}", "unpause PROJECT_web", "unpause nosuch", "restart -t 0 PROJECT_web nosuch",
	"ready 2 PROJECT_web", "stop nosuch PROJECT_web", "stop", "start PROJECT_web nosuch", "start", "ready 3 PROJECT_web",
	"start -a a b", "kill nosuch PROJECT_web", "kill PROJECT_web", "kill -s NOSUCH PROJECT_web", "logs --tail x PROJECT_web",
	"wait PROJECT_web nosuch", "rm nosuch", "rm PROJECT_web", "rm -f nosuch", "rm", "run --rm PROJECT_web args a b",
	"run --rm PROJECT_web exit 3", "run --rm -e GREETING=there PROJECT_web args", "run --rm -t PROJECT_web args x",
	"run --rm -it PROJECT_web args", "run --rm -a stderr -e GREETING=x PROJECT_web args a",
	"run --rm --entrypoint /dc PROJECT_web exit 4", "run --name PROJECT_x PROJECT_web exit 2", "start -a PROJECT_x",
	"ps -a --filter name=PROJECT_x --format {{.State}}", "rm PROJECT_x", "run --rm --network nosuch PROJECT_web",
	"run --rm --restart x PROJECT_web", "run", "run --nosuch x", "run --pull never nosuch:PROJECT",
	"run -d --name PROJECT_x -p 127.0.0.1:29151-29153:29151-29153 -p 127.0.0.1:29160:80 --expose 90 --expose 91 --expose 93 PROJECT_web",
	"ps --filter name=PROJECT_x --format {{.Ports}}", "rm -f PROJECT_x",
	"network ls --filter name=^bridge$ --format {{.Name}}|{{.Driver}}|{{.Scope}}|{{.Internal}}|{{.IPv6}}", "network ls extra",
	"network ls --filter name=^bridge$ --format table~{{.Name}}\\t{{.Driver}}", "network nosuch", "volume nosuch", "volume ls extra",
	"volume ls --filter name=PROJECT", "version --format {{.Server.Version}}|{{.Server.Os}}", "version extra",
	"info --format {{.ServerVersion}}|{{.NCPU}}", "info --format {{.Nosuch}}", "info extra", "nosuch", "--nosuch ps", "ps --nosuch",
	"ps -y", "ps extra", "ps -n x", "ps --help", "logs --help", "exec --help", "stop --help", "start --help", "restart --help",
	"rm --help", "kill --help", "images --help", "inspect --help", "stats --help", "top --help", "port --help", "version --help",
	"info --help", "network ls --help", "volume ls --help", "wait --help", "pause --help", "container inspect --help", "help ps",
}

// dockerClient returns the path of a docker command with the texts that ours imitates.
func dockerClient(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("docker")
	out := []byte("it is not installed")
	if err == nil {
		out, _ = exec.Command(path, "--version").Output()
	}
	if !strings.Contains(string(out), "version 28.") {
		if os.Getenv("REQUIRE_DOCKER_CLI_28") != "" {
			t.Fatalf("REQUIRE_DOCKER_CLI_28 is set, but: %s", out)
		}
		t.Skipf("no docker command of version 28 to compare with: %s", out)
	}
	return path
}

// TestDockerTexts compares the bundled docker command with the real one, on both engines.
func TestDockerTexts(t *testing.T) {
	path := dockerClient(t)
	onEngines(t, func(t *testing.T, host string) {
		bundled := func(s *stage, args ...string) result {
			var out, err bytes.Buffer
			streams := compose.Streams{Stdout: &out, Stderr: &err, Env: s.env, Dir: s.dir}
			code := compose.DockerMain(context.WithoutCancel(s.t.Context()), args, streams)
			return result{out.String(), err.String(), code}
		}
		same := rules(
			`DEPRECATED: .*\n( +.*\n)+\n?`, "", // notes about its future
			`sha256:[0-9a-f]{64}|[0-9a-f]{64}`, "ID", `\b[0-9a-f]{12}\b`, "SHORT", `:\d{5}\b`, ":PORT", `Less than a second|\d+ seconds?`, "AGO",
			`20\d\d-\d\d-\d\d \d\d:\d\d:\d\d \S+ \S+`, "TIME", `\d+(\.\d+)?(k|M)B`, "SIZE",
			` +`, " ", `^(\S+) \d+ \d+ \d+ \d\d:\d\d`, "$1 PID PPID C STIME",
			`^SRun`, "Run", `.*--tree .*\n`, "", // a mistake of the original, and an experiment
		)
		var results [2][]result
		var names, dirs [2]string
		for i, run := range []runner{program(path), bundled} {
			s := newStage(t, host, "", "redis")
			names[i], dirs[i] = s.name, s.dir
			for _, command := range dockerTexts {
				args := strings.Fields(strings.ReplaceAll(command, "PROJECT", s.name))
				if args[0] == "ready" {
					awaitReady(t, path, s, args[1], args[2])
					results[i] = append(results[i], result{})
					continue
				}
				for k, arg := range args {
					args[k] = strings.ReplaceAll(arg, "~", " ")
				}
				results[i] = append(results[i], run(s, args...))
			}
			program(path)(s, "rm", "-f", s.name+"_web", s.name+"_x")
			program(path)(s, "rmi", s.name+"_web")
		}
		for k, command := range dockerTexts {
			text := func(i int, text string) string {
				return same.apply(strings.NewReplacer(dirs[i], "DIR", names[i], "PROJECT").Replace(text))
			}
			real, ours := results[0][k], results[1][k]
			if diff := cmp.Diff(text(0, real.out), text(1, ours.out)); diff != "" {
				t.Errorf("docker %s: stdout (-real +ours):\n%s", command, diff)
			}
			if diff := cmp.Diff(text(0, real.err), text(1, ours.err)); diff != "" {
				t.Errorf("docker %s: stderr (-real +ours):\n%s", command, diff)
			}
			if real.code != ours.code {
				t.Errorf("docker %s: exit status %d, the real one %d", command, ours.code, real.code)
			}
		}
	})
}
