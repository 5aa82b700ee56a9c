package compose_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"workshop/services/compose"

	"github.com/google/go-cmp/cmp"
)

// interrupt is a command that gets one interrupt for each of the texts, as soon as it has written
// the text.
type interrupt struct {
	name   string
	before string // a command to run first
	args   string
	at     []string
	after  string // the output of `ps -a` at the end
	code   map[compose.Look]int
	want   map[compose.Look]string // its output, in any order of lines
}

const stubborn = `services:
  redis: {build: redis}
  stubborn: {build: stubborn, stop_grace_period: 20s}
  hesitant: {build: stubborn, stop_grace_period: 1s}
`

var interrupts = []interrupt{
	{
		name: "logs", before: "up -d redis stubborn", args: "logs -f redis", at: []string{"connections"}, after: "Up Up",
		code: map[compose.Look]int{compose.V1: 1, compose.V5: 130},
		want: map[compose.Look]string{
			compose.V1: "Attaching to PROJECT_redis_1\n\x1b[36mredis_1     |\x1b[0m Ready to accept connections\nAborting.\n",
			compose.V5: "redis-1  | Ready to accept connections\n",
		},
	},
	{
		name: "up", args: "up redis", at: []string{"connections"}, after: "Exit 0",
		code: map[compose.Look]int{compose.V1: 0, compose.V5: 130},
		want: map[compose.Look]string{
			compose.V1: "Creating network \"PROJECT_default\" with the default driver\nCreating PROJECT_redis_1 ... \r\n" +
				"Creating PROJECT_redis_1 ... done\r\n" +
				"Attaching to PROJECT_redis_1\n\x1b[36mredis_1     |\x1b[0m Ready to accept connections\n" +
				"Gracefully stopping... (press Ctrl+C again to force)\nStopping PROJECT_redis_1 ... \r\nStopping PROJECT_redis_1 ... done\r\n",
			compose.V5: " Network PROJECT_default Creating \n Network PROJECT_default Created \n" +
				" Container PROJECT-redis-1 Creating \n Container PROJECT-redis-1 Created \n Container PROJECT-redis-1 Starting \n" +
				" Container PROJECT-redis-1 Started \n" +
				"Attaching to redis-1\nredis-1  | Ready to accept connections\n\n" +
				" Compose Stopping Gracefully Stopping... press Ctrl+C again to force\n" +
				" Container PROJECT-redis-1 Stopping \n Container PROJECT-redis-1 Stopped \n",
		},
	},
	{
		name: "up, twice", args: "up stubborn", at: []string{"not ending", "Stopping PROJECT"}, after: "Exit 137",
		code: map[compose.Look]int{compose.V1: 2, compose.V5: 130},
		want: map[compose.Look]string{
			compose.V1: "Creating network \"PROJECT_default\" with the default driver\nCreating PROJECT_stubborn_1 ... \r\n" +
				"Creating PROJECT_stubborn_1 ... done\r\n" +
				"Attaching to PROJECT_stubborn_1\n\x1b[36mstubborn_1  |\x1b[0m not ending\n" +
				"Gracefully stopping... (press Ctrl+C again to force)\nStopping PROJECT_stubborn_1 ... \r\nKilling PROJECT_stubborn_1 ... \r\n" +
				"Killing PROJECT_stubborn_1 ... done\r\n",
		},
	},
	{ // a second interrupt changes nothing, despite the message
		name: "up, twice without effect", args: "up hesitant", at: []string{"not ending", "1 Stopping"}, after: "Exit 137",
		code: map[compose.Look]int{compose.V5: 130},
		want: map[compose.Look]string{
			compose.V5: " Network PROJECT_default Creating \n Network PROJECT_default Created \n" +
				" Container PROJECT-hesitant-1 Creating \n Container PROJECT-hesitant-1 Created \n Container PROJECT-hesitant-1 Starting \n" +
				" Container PROJECT-hesitant-1 Started \n" +
				"Attaching to hesitant-1\nhesitant-1  | not ending\n\n Compose Stopping Gracefully Stopping... press Ctrl+C again to force\n" +
				" Container PROJECT-hesitant-1 Stopping \n Container PROJECT-hesitant-1 Stopped \n",
		},
	},
}

func TestInterrupts(t *testing.T) {
	onEngines(t, func(t *testing.T, host string) {
		for _, look := range []compose.Look{compose.V1, compose.V5} {
			for _, tt := range interrupts {
				want, ok := tt.want[look]
				if !ok {
					continue
				}
				t.Run([]string{"", "v1 ", "v5 "}[look]+tt.name, func(t *testing.T) {
					s := newStage(t, host, stubborn, "redis", "stubborn")
					s.ok(look, "build", "-q")
					if tt.before != "" {
						s.ok(look, strings.Fields(tt.before)...)
					}
					spy := s.spy(tt.at)
					got := s.interrupted(look, spy.interrupts, spy, strings.Fields(tt.args)...)
					text := strings.ReplaceAll(rules(` +\.\.\.`, " ...").apply(got.out+got.err), s.name, "PROJECT")
					if diff := cmp.Diff(inOrder(want), inOrder(text)); diff != "" {
						t.Errorf("-want +got:\n%s", diff)
					}
					if got.code != tt.code[look] {
						t.Errorf("exit status %d, want %d", got.code, tt.code[look])
					}
					if states := s.states(); states != tt.after {
						t.Errorf("containers are %q, want %q", states, tt.after)
					}
				})
			}
		}
	})
}

// TestInterruptsAsOriginals runs the same with the original commands, which the expected texts were
// recorded from.
func TestInterruptsAsOriginals(t *testing.T) {
	for look, find := range map[compose.Look]func(testing.TB) string{compose.V1: realCompose, compose.V5: realV5} {
		t.Run([]string{"", "v1", "v5"}[look], func(t *testing.T) {
			path := find(t)
			for _, tt := range interrupts {
				want, ok := tt.want[look]
				if !ok {
					continue
				}
				t.Run(tt.name, func(t *testing.T) {
					s := newStage(t, embeddedHost(t), stubborn, "redis", "stubborn")
					s.ok(look, "build", "-q")
					if tt.before != "" {
						s.ok(look, strings.Fields(tt.before)...)
					}
					text, code := s.interruptedOriginal(path, tt)
					// Python may add the traces of threads that it has killed.
					for line := range strings.Lines(want) {
						if !strings.Contains(text, line) {
							t.Errorf("the original did not print %q, but\n%s", line, text)
						}
					}
					if code != tt.code[look] {
						t.Errorf("exit status %d, want %d", code, tt.code[look])
					}
				})
			}
		})
	}
}

// interruptedOriginal runs an original command with its interrupts.
func (s *stage) interruptedOriginal(path string, tt interrupt) (text string, code int) {
	spy := s.spy(tt.at)
	cmd := exec.CommandContext(s.t.Context(), path, strings.Fields(tt.args)...)
	cmd.Dir, cmd.Env = s.dir, append(s.env, "PYTHONUNBUFFERED=1")
	var out bytes.Buffer
	cmd.Stdout = io.MultiWriter(&out, spy)
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case sig := <-spy.interrupts:
				cmd.Process.Signal(sig)
			case <-done:
				return
			}
		}
	})
	cmd.Wait()
	close(done)
	wg.Wait()
	text = strings.ReplaceAll(rules(` +\.\.\.`, " ...", `^\d+\n`, "").apply(out.String()), s.name, "PROJECT")
	return text, cmd.ProcessState.ExitCode()
}

// spy returns a spy that interrupts at texts. PROJECT in them is the project's name.
func (s *stage) spy(at []string) *spy {
	var conditions []func(string) bool
	for _, text := range at {
		conditions = append(conditions, contains(strings.ReplaceAll(text, "PROJECT", s.name)))
	}
	return newSpy(conditions...)
}

// states returns the states of the containers as V1's ps shows them, in the order of their names.
func (s *stage) states() string {
	s.t.Helper()
	var containers []struct {
		ID    string
		Names []string
	}
	if err := s.api("GET", `/containers/json?all=1&filters={"label":["com.docker.compose.project=`+s.name+`"]}`, &containers); err != nil {
		s.t.Fatal(err)
	}
	var states []string
	for _, c := range containers {
		var i struct {
			State struct {
				Running  bool
				ExitCode int
			}
		}
		if err := s.api("GET", "/containers/"+c.ID+"/json", &i); err != nil {
			s.t.Fatal(err)
		}
		if i.State.Running {
			states = append(states, "Up")
		} else {
			states = append(states, "Exit "+strconv.Itoa(i.State.ExitCode))
		}
	}
	return strings.Join(states, " ")
}

// TestFollow follows logs while containers start, stop and restart.
func TestFollow(t *testing.T) {
	onEngines(t, func(t *testing.T, host string) {
		s := newStage(t, host, "services:\n  worker: {build: worker}\n  redis: {build: redis}\n", "worker", "redis")
		s.ok(compose.V1, "up", "-d")
		s.logged(compose.V1)
		var wg sync.WaitGroup
		defer wg.Wait()
		acting := func(text string, act ...string) func(string) bool {
			return func(all string) bool {
				if text != "" && strings.Contains(all, text) {
					text = ""
					wg.Go(func() { s.ok(compose.V1, act...) })
				}
				return false
			}
		}
		scaled := acting("redis_1   | Ready", "up", "-d", "--scale", "worker=2")
		restarted := acting("worker_2  | INFO:__main__:4 units", "restart", "-t", "0", "redis")
		end := newSpy(func(text string) bool {
			scaled(text)
			restarted(text)
			return strings.Count(text, "redis_1   | Ready") == 2
		})
		r := s.interrupted(compose.V1, end.interrupts, end, "logs", "-f", "--no-color")
		wg.Wait()
		if r.code != 1 {
			t.Errorf("exit status %d: %s", r.code, r.err)
		}
		for line, n := range map[string]int{
			"worker_1  | INFO:__main__:4 units": 1, "worker_2  | INFO:__main__:4 units": 1, "worker_2  | INFO:__main__:Coin": 1,
			"redis_1   | Ready": 2, s.name + "_redis_1 exited with code": 1,
		} {
			if got := strings.Count(r.out, line); got != n {
				t.Errorf("%q %d times, want %d, in\n%s", line, got, n, r.out)
			}
		}
	})
}

// Logs that are followed end with a container that is stopped, killed or removed before the engine starts it again.
func TestFollowRestarting(t *testing.T) {
	s := newStage(t, embeddedHost(t), `services:
  web:
    image: workshop
    command: [sh, -c, "echo begun; exit 3"]
    restart: always
    stop_signal: SIGKILL
`)
	for _, look := range []compose.Look{compose.V1, compose.V5} {
		for _, act := range []string{"POST /stop", "POST /kill", "DELETE ?force=1"} {
			s.ok(look, "up", "-d")
			var containers []struct{ ID string }
			if err := s.api("GET", "/containers/json?all=1", &containers); err != nil || len(containers) != 1 {
				t.Fatal(containers, err)
			}
			var acting sync.WaitGroup
			acted := false
			end := newSpy(func(text string) bool {
				if !acted && strings.Count(text, "exited with code 3") > 2 { // the next delay is 400 ms or longer
					acted = true
					acting.Go(func() {
						method, path, _ := strings.Cut(act, " ")
						if err := s.api(method, "/containers/"+containers[0].ID+path, nil); err != nil {
							t.Error(err)
						}
					})
				}
				return false
			})
			late := make(chan os.Signal, 1)
			timer := time.AfterFunc(time.Minute, func() { late <- os.Interrupt })
			r := s.interrupted(look, late, end, "logs", "-f")
			timer.Stop()
			acting.Wait()
			if r.code != 0 || strings.Contains(r.out, "No such container") {
				t.Errorf("look %d, %s: %d %s\n%s", look, act, r.code, r.err, r.out)
			}
			s.ok(look, "down")
		}
	}
}

// TestFollowRestarts follows the log of a container that is restarted again and again, beside another one. A run may
// be killed before it has written anything.
func TestFollowRestarts(t *testing.T) {
	onEngines(t, func(t *testing.T, host string) {
		for look, name := range map[compose.Look]string{compose.V1: "_redis_1", compose.V5: "-redis-1"} {
			s := newStage(t, host, "services:\n  redis: {build: redis}\n  other: {build: redis}\n", "redis")
			s.ok(look, "up", "-d")
			const restarts = 30
			var wg sync.WaitGroup
			begins := newSpy(func(text string) bool {
				if strings.Count(text, "Ready") == 2 {
					wg.Go(func() {
						for range restarts {
							if err := s.api("POST", "/containers/"+s.name+name+"/restart?t=0", nil); err != nil {
								t.Error(err)
							}
						}
						s.ok(look, "stop", "-t", "0")
					})
					return true
				}
				return false
			})
			r := s.interrupted(look, nil, begins, "logs", "-f", "--no-color")
			wg.Wait()
			var text string // of one of the two
			for line := range strings.Lines(r.out) {
				if strings.Contains(line, "redis") {
					text += line
				}
			}
			runs := strings.SplitAfter(text, " exited with code")
			for _, run := range runs {
				if strings.Count(run, "Ready") > 1 {
					t.Errorf("a run without its end, or twice")
				}
			}
			if len(runs) != restarts+2 || strings.Contains(runs[len(runs)-1], "Ready") {
				t.Errorf("%d ends of runs, want %d", len(runs)-1, restarts+1)
			}
			if t.Failed() {
				t.Fatal(r.out)
			}
		}
	})
}

// TestEndOfContext ends the context of a command that waits for the engine.
func TestEndOfContext(t *testing.T) {
	s := newStage(t, embeddedHost(t), "services:\n  redis: {build: redis}\n", "redis")
	s.ok(compose.V1, "up", "-d")
	for _, args := range []string{"logs -f", "events", "up"} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		var out bytes.Buffer
		code := compose.Main(ctx, compose.V1, strings.Fields(args), compose.Streams{Stdout: &out, Stderr: &out, Env: s.env, Dir: s.dir})
		cancel()
		if code != 1 {
			t.Errorf("%s: exit status %d\n%s", args, code, out.String())
		}
	}
	if states := s.states(); states != "Up" {
		t.Errorf("containers are %q, want them running", states)
	}
}

func TestConditions(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		code       int
		want       string // in stderr
	}{
		{
			"healthy", `services:
  app: {build: redis, depends_on: {db: {condition: service_healthy}}}
  db: {build: redis, healthcheck: {test: [CMD, /dc, exit, "0"], interval: 100ms}}
`, 0, "Creating PROJECT_app_1 ... done",
		},
		{
			"unhealthy", `services:
  app: {build: redis, depends_on: {db: {condition: service_healthy}}}
  db: {build: redis, healthcheck: {test: [CMD, /dc, exit, "1"], interval: 100ms, retries: 1}}
`, 1, "ERROR: for app  Container \"ID12\" is unhealthy.",
		},
		{
			"no healthcheck", `services:
  app: {build: redis, depends_on: {db: {condition: service_healthy}}}
  db: {build: redis}
`, 1, `ERROR: for app  Service "db" is missing a healthcheck configuration`,
		},
		{
			"completed", `services:
  app: {build: redis, depends_on: {job: {condition: service_completed_successfully}}}
  job: {build: redis, command: [exit, "0"]}
`, 0, "Creating PROJECT_app_1 ... done",
		},
		{
			"not completed", `services:
  app: {build: redis, depends_on: {job: {condition: service_completed_successfully}}}
  job: {build: redis, command: [exit, "7"]}
`, 1, "exited with code 7.",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onEngines(t, func(t *testing.T, host string) {
				s := newStage(t, host, tt.file, "redis")
				r := s.run(compose.V1, "up", "-d")
				text := rules(` +\.\.\.`, " ...", `\b[0-9a-f]{12}\b`, "ID12", `\r`, "").apply(strings.ReplaceAll(r.err, s.name, "PROJECT"))
				if r.code != tt.code || !strings.Contains(text, tt.want) {
					t.Errorf("exit status %d, want %d; no %q in\n%s", r.code, tt.code, tt.want, text)
				}
				s.ok(compose.V1, "down", "-t", "0")
			})
		})
	}
}

func TestRunAndExec(t *testing.T) {
	onEngines(t, func(t *testing.T, host string) {
		s := newStage(t, host, "services:\n  redis: {build: redis, environment: {GREETING: hello}}\n  job: {build: redis, depends_on: [redis]}\n",
			"redis")
		for _, tt := range []struct {
			args         string
			code         int
			out, err, in string
		}{
			{args: "run --rm redis args one two", out: "[one two]\n", err: "hello\n"},
			{args: "run --rm -e GREETING=x redis args", out: "[]\n", err: "x\n"},
			{args: "run --rm redis exit 3", code: 3, out: "exiting with 3\n"},
			{args: "run --rm --entrypoint '/dc args' redis more", out: "[more]\n", err: "hello\n"},
			{args: "run --rm -T job cat", in: "from stdin", out: "from stdin"},
			{args: "exec -T redis /dc args a", out: "[a]\n", err: "hello\n"},
			{args: "exec -T redis /dc exit 4", code: 4, out: "exiting with 4\n"},
			{args: "exec -e GREETING=y redis /dc args", out: "[]\n", err: "y\n"},
		} {
			args := strings.Fields(strings.ReplaceAll(tt.args, "'/dc args'", "/dc§args"))
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "§", " ")
			}
			var out, errs bytes.Buffer
			code := compose.Main(t.Context(), compose.V1, args, compose.Streams{
				Stdin: strings.NewReader(tt.in), Stdout: &out, Stderr: &errs, Env: s.env, Dir: s.dir,
			})
			text := rules(`^(Creating|Image|Building) .*\n`, "").apply(errs.String())
			built := rules(`^(Step|Success| --->|Removing intermediate).*\n`, "", `^\n`, "").apply(out.String())
			if code != tt.code || built != tt.out || text != tt.err {
				t.Errorf("%s: exit status %d, stdout %q, stderr %q; want %d, %q, %q", tt.args, code, built, text, tt.code, tt.out, tt.err)
			}
		}
	})
}
