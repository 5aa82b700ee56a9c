package audit

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"workshop/markdown"
	"workshop/runner"
)

// subject is the session of a deck of one exercise in which everything took a second.
func subject(t *testing.T, steps string) *Subject {
	t.Helper()
	d, err := markdown.Parse("deck.md", []byte("# Deck\n\n.exercise[\n"+steps+"\n]\n"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := runner.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	s := plan.Sessions[0]
	r := &runner.SessionResult{Session: s, Verdict: runner.Passed, Duration: time.Second}
	for _, e := range s.Exercises {
		er := &runner.ExerciseResult{Exercise: e, Verdict: runner.Passed}
		for _, step := range e.Steps {
			er.Steps = append(er.Steps, &runner.StepResult{Step: step, Verdict: runner.Passed, Duration: time.Second})
		}
		r.Exercises = append(r.Exercises, er)
	}
	return &Subject{Session: s, Result: r, Surroundings: Surroundings{
		Installed: func(name string) bool { return !strings.HasPrefix(name, "our") }, Locale: "C.UTF-8",
	}}
}

// snippet is a step of one snippet.
func snippet(text string) string { return "```bash\n" + text + "\n```" }

// TestMutants makes the mutants of steps.
func TestMutants(t *testing.T) {
	t.Parallel()
	called := []Service{{Name: "rng", Calls: []Call{{Port: 6379, From: "web"}}}, {Name: "web", Calls: []Call{{Port: 80, HTTP: true}}}}
	two := []Service{{Name: "rng"}, {Name: "web"}}
	for _, tc := range []struct {
		name, code, steps string
		services          []Service
		want              []string
	}{
		{name: "a snippet", code: "left-out", steps: snippet("ls"), want: []string{"3 `ls` is not typed"}},
		{name: "several lines", code: "left-out", steps: snippet("ls\npwd"), want: []string{"3 `ls …` is not typed"}},
		{name: "a hidden snippet is a check", code: "left-out", steps: "<!-- ```bash ls``` -->"},
		{name: "nothing is about it", code: "true", steps: snippet("ls") + "\n" + snippet("pwd")},
		{
			name: "something is about it", code: "true", steps: snippet("ls") + "\n<!-- ```wait x``` -->",
			want: []string{"3 `true` in place of `ls`"},
		},
		{
			name: "numbers", code: "number", steps: snippet("a -c 3 -n5 x=2 'y,1815' 10s 1.5 v2 sha256 file1 /7/"),
			want: []string{"3→4", "5→6", "2→3", "1815→1816", "10→11", "1→2"},
		},
		{name: "a pause", code: "number", steps: snippet("sleep 3")},
		{name: "a port is no number", code: "number", steps: snippet("curl localhost:8001")},
		{name: "the line", code: "number", steps: snippet("ls\nhead -n 2 x"), want: []string{"2→3"}},
		{name: "the only port", code: "port", steps: snippet("curl localhost:8001/32"), want: []string{"8001→8002"}},
		{
			name: "the next port", code: "port", steps: snippet("curl localhost:8001") + "\n" + snippet("nc -p 9000"),
			want: []string{"8001→9000", "9000→8001"},
		},
		{
			name: "hosts", code: "host", steps: snippet("curl http://example.org:80/ localhost:1"),
			want: []string{"example.org→absent.invalid", "localhost→absent.invalid"},
		},
		{name: "a service is no host", code: "host", steps: snippet("curl http://rng/"), services: two},
		{name: "services", code: "service", steps: snippet("logs web rng-x rngs"), services: two, want: []string{"web→rng"}},
		{name: "one service", code: "service", steps: snippet("logs web"), services: two[1:]},
		{name: "a wait", code: "wait", steps: snippet("a") + "\n```wait Exit```", want: []string{"wait Exqt in place of Exit"}},
		{name: "an until", code: "wait", steps: snippet("a") + "\n```until ok```", want: []string{"until oq in place of ok"}},
		{
			name: "an expression", code: "wait", steps: snippet("a") + "\n```wait /\\d+ coins/```",
			want: []string{`wait /[0-9]+ coqns/ in place of /\d+ coins/`},
		},
		{name: "no letter", code: "wait", steps: snippet("a") + "\n```wait 42```"},
		{
			name: "an output", code: "output", steps: snippet("a") + "\n```output\n...\nabc\n```",
			want: []string{"output `aqc` in place of `abc`"},
		},
		{
			name: "programs", code: "missing", steps: snippet("echo x | grep -q x && sudo tar c . > f\n./run; ours; A=1 wc; cd /"),
			want: []string{"grep is not installed", "sudo is not installed", "tar is not installed", "wc is not installed"},
		},
		{
			name: "containers", code: "crashed", steps: snippet("cat docker-compose.yml") + "\n" + snippet("docker-compose up -d"), services: called,
			want: []string{"the container of rng is killed when it has started", "the container of web is killed when it has started"},
		},
		{
			name: "any connection", code: "closed", steps: snippet("docker-compose up -d"), services: called,
			want: []string{"rng:6379 closes each connection of web", "web:80 closes each connection of callers at its published port"},
		},
		{
			name: "answers of HTTP", code: "status-500", steps: snippet("docker-compose up -d"), services: called,
			want: []string{"web:80 answers callers at its published port with an error"},
		},
		{name: "no service has run", code: "stopped", steps: snippet("docker-compose up -d")},
		{name: "the locale", code: "locale", steps: snippet("a"), want: []string{"the locale is C"}},
		{name: "Compose", code: "look", steps: snippet("a")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := subject(t, tc.steps)
			s.Services = tc.services
			var got []string
			for _, m := range s.Mutants([]string{tc.code}) {
				if m.Code != tc.code {
					t.Errorf("%s is of %s", m.What, m.Code)
				}
				if _, err := m.Altered(runner.Limits{}); err != nil {
					t.Errorf("%s: %v", m.What, err)
				}
				got = append(got, m.What)
			}
			want := tc.want
			if !slices.EqualFunc(got, want, func(got, want string) bool {
				from, to, _ := strings.Cut(want, "→")
				_, rest, _ := strings.Cut(want, " ")
				return got == want || got == rest || to != "" && strings.HasPrefix(got, from+" → "+to+" in `")
			}) {
				t.Error(cmp.Diff(want, got))
			}
		})
	}
}

// TestPlaces looks whether a mutant is at the line of its change, and leaves the others alone.
func TestPlaces(t *testing.T) {
	t.Parallel()
	s := subject(t, snippet("ls\nhead -n 2 x")+"\n```wait x```")
	m := s.Mutants([]string{"number"})[0]
	if m.Pos.Line != 6 {
		t.Errorf("line %d, want 6", m.Pos.Line)
	}
	altered, err := m.Altered(runner.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	steps, was := altered.Exercises[0].Steps, s.Session.Exercises[0].Steps
	if steps[0].Text != "ls\nhead -n 3 x" || was[0].Text != "ls\nhead -n 2 x" || steps[0].Pos != was[0].Pos || steps[1].Text != "x" {
		t.Errorf("%q at %v, %q", steps[0].Text, steps[0].Pos, steps[1].Text)
	}
	if !steps[0].Watched() {
		t.Error("the wait is no longer about the snippet")
	}
	if got := steps[1].Limit(runner.Limits{}); got != times*time.Second {
		t.Errorf("the limit is %v, want that of a step that took a second", got)
	}
}

// TestLimits derives limits from the times of the run that passed, and leaves those of the deck.
func TestLimits(t *testing.T) {
	t.Parallel()
	s := subject(t, snippet("a")+"\n```timeout 3s```\n"+snippet("b"))
	steps := s.Result.Exercises[0].Steps
	steps[2].Duration = 10 * time.Second
	limit := s.Limit(runner.Limits{})
	if got := limit(steps[0].Step); got != 3*time.Second {
		t.Errorf("the deck's own limit is %v", got)
	}
	if got := limit(steps[2].Step); got != 100*time.Second {
		t.Errorf("the limit is %v", got)
	}
	if got := s.Limit(runner.Limits{Step: 30 * time.Second})(steps[2].Step); got != 30*time.Second {
		t.Errorf("the limit is %v, above that of the run", got)
	}
}

// TestAlteredWait gives a wait with another text little more than the time of the real one, and other steps theirs.
func TestAlteredWait(t *testing.T) {
	t.Parallel()
	s := subject(t, snippet("a")+"\n```wait x```\n"+snippet("b")+"\n```wait y```")
	steps := s.Result.Exercises[0].Steps
	steps[1].Duration, steps[3].Duration = 3*time.Second, time.Millisecond
	m := s.Mutants([]string{"wait"})
	if len(m) != 2 {
		t.Fatalf("%d changes", len(m))
	}
	for i, want := range [][2]time.Duration{{timesAltered * 3 * time.Second, floor}, {times * 3 * time.Second, floorAltered}} {
		limit := m[i].Limit(runner.Limits{Wait: time.Minute})
		if got := [2]time.Duration{limit(steps[1].Step), limit(steps[3].Step)}; got != want {
			t.Errorf("%s: the limits are %v, want %v", m[i].What, got, want)
		}
	}
}

// TestSample chooses the same mutants for a seed, others for another, and keeps their order.
func TestSample(t *testing.T) {
	t.Parallel()
	var steps []string
	for range 20 {
		steps = append(steps, snippet("head -n 2 x"))
	}
	all := subject(t, strings.Join(steps, "\n")).Mutants(nil)
	ids := func(list []*Mutant) (ids []string) {
		for _, m := range list {
			ids = append(ids, m.ID())
		}
		return ids
	}
	one := ids(Sample(all, 7, 1))
	if diff := cmp.Diff(one, ids(Sample(all, 7, 1))); diff != "" {
		t.Error(diff)
	}
	if slices.Equal(one, ids(Sample(all, 7, 2))) {
		t.Error("another seed chooses the same")
	}
	if len(one) != 7 || len(Sample(all, 0, 1)) != len(all) || len(Sample(all, 1000, 1)) != len(all) {
		t.Error("the number is wrong")
	}
	larger := ids(Sample(all, 8, 1))
	for _, id := range one {
		if !slices.Contains(larger, id) {
			t.Errorf("%s is not in the larger sample", id)
		}
	}
}
