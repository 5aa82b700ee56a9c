package runner

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"workshop/markdown"
)

// printed matches the output of a deck of manyChapters.
var printed = regexp.MustCompile(`printed-\d`)

// eventLines are the events of a run, a line each, and the printed words.
func eventLines(events []Event) (lines []string) {
	for _, e := range events {
		switch e.Kind {
		case EventOutput:
			for _, word := range printed.FindAll(e.Data, -1) {
				lines = append(lines, string(word))
			}
		case EventNote:
			lines = append(lines, "note "+e.Note)
		default:
			lines = append(lines, fmt.Sprintf("%s %s %s %s", e.Kind, sessionName(e), exerciseID(e), e.Verdict))
		}
	}
	return lines
}

func sessionName(e Event) string {
	if e.Session == nil {
		return "-"
	}
	return e.Session.Name
}

func exerciseID(e Event) string {
	if e.Exercise == nil {
		return "-"
	}
	return e.Exercise.ID
}

// manyChapters is a deck of sessions that print, and some of which fail.
func manyChapters(n int) map[string]string {
	files := map[string]string{}
	for i := range n {
		files[fmt.Sprintf("%d.md", i)] = fmt.Sprintf("# Chapter %d\n\n.exercise[\n```bash\necho print''ed-%d; (exit %d)\n```\n]\n", i, i, i%3/2)
	}
	return files
}

// runFiles runs a deck of several files, each of which has a session.
func runFiles(t *testing.T, files map[string]string, opts Options) (*Result, []Event) {
	t.Helper()
	names := slices.Sorted(maps.Keys(files))
	files["workshop.yml"] = "session: chapter\ncontent:\n- " + strings.Join(names, "\n- ") + "\n"
	p, err := Compile(load(t, "workshop.yml", files))
	if err != nil {
		t.Fatal(err)
	}
	var events []Event
	opts.Path = os.Getenv("PATH")
	opts.Event = func(e Event) {
		e.Data = bytes.Clone(e.Data)
		events = append(events, e)
	}
	result, err := Run(context.Background(), p, opts)
	if err != nil {
		t.Fatal(err)
	}
	return result, events
}

// TestParallelReports compares sessions side by side with one after the other: events and
// results are the same.
func TestParallelReports(t *testing.T) {
	for _, stop := range []bool{false, true} {
		t.Run(fmt.Sprintf("stop at the first failure: %v", stop), func(t *testing.T) {
			t.Parallel()
			var want []string
			for _, jobs := range []int{1, 2, 7} {
				result, events := runFiles(t, manyChapters(7), Options{Jobs: jobs, StopAtFail: stop})
				got := eventLines(events)
				for _, s := range result.Sessions {
					got = append(got, fmt.Sprintf("%s %s %s", s.Name, s.Verdict, s.Exercises[0].Verdict))
				}
				got = append(got, string(result.Verdict))
				if jobs == 1 {
					want = got
				} else if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%d jobs: %s", jobs, diff)
				}
			}
			if !slices.Contains(want, "printed-0") {
				t.Errorf("the output is missing: %q", want)
			}
		})
	}
}

// TestParallelMeets runs two sessions that wait for each other.
func TestParallelMeets(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o666); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"1.md": "# One\n\n.exercise[\n```bash\nread x <$FIFO; echo got $x\n```\n<!-- ```wait got it``` -->\n]\n",
		"2.md": "# Two\n\n.exercise[\n```bash\necho it >$FIFO\n```\n]\n",
	}
	result, _ := runFiles(t, files, Options{Jobs: 2, Env: []string{"FIFO=" + fifo}})
	if result.Verdict != Passed {
		t.Errorf("verdict %s", result.Verdict)
	}
}

// TestStartable chooses the next session among waiting ones.
func TestStartable(t *testing.T) {
	plain := func(needs ...string) *abreast { return &abreast{Session: &Session{}, needs: needs} }
	alone := &abreast{Session: &Session{Exclusive: true}}
	for name, test := range map[string]struct {
		waiting, running []*abreast
		want             int
	}{
		"the first one":                    {[]*abreast{plain(), plain()}, nil, 0},
		"no room":                          {[]*abreast{plain()}, []*abreast{plain(), plain()}, -1},
		"another one has the port":         {[]*abreast{plain("port 1"), plain("port 2")}, []*abreast{plain("port 1")}, 1},
		"nobody passes an exclusive one":   {[]*abreast{alone, plain()}, []*abreast{plain()}, -1},
		"an exclusive one runs alone":      {[]*abreast{alone, plain()}, nil, 0},
		"nothing beside an exclusive one":  {[]*abreast{plain()}, []*abreast{alone}, -1},
		"all wait for the port of another": {[]*abreast{plain("port 1")}, []*abreast{plain("port 1")}, -1},
	} {
		if got := startable(test.waiting, test.running, 2); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
	all := []*abreast{plain("port 1"), plain("port 2"), plain("port 2")}
	if got := shared(all); got != "port 2" {
		t.Errorf("the shared need is %q", got)
	}
}

// TestLane holds events back, their bytes included.
func TestLane(t *testing.T) {
	var l lane
	data := []byte("first")
	l.add(Event{Kind: EventOutput, Data: data})
	copy(data, "xxxxx") // valid during the call only
	l.add(Event{Kind: EventNote, Note: "second"})
	var got []string
	report := func(e Event) { got = append(got, string(e.Data)+e.Note) }
	l.open(report)
	l.add(Event{Kind: EventNote, Note: "third"})
	if diff := cmp.Diff([]string{"first", "second", "third"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestLaneUnreadable cuts the file of held-back output short. All events are reported, those in
// the missing part without their bytes, and a remark names the exercise, once a run.
func TestLaneUnreadable(t *testing.T) {
	var l lane
	session, exercise := &Session{Name: "s"}, &Exercise{Exercise: &markdown.Exercise{ID: "s/e"}}
	for _, data := range []string{"first", "second", "third"} {
		l.add(Event{Kind: EventOutput, Session: session, Exercise: exercise, Data: []byte(data)})
	}
	l.add(Event{Kind: ExerciseFinished, Session: session, Exercise: exercise, Verdict: Passed})
	if err := l.spool.Truncate(8); err != nil {
		t.Fatal(err)
	}
	var got []string
	r := &run{result: &Result{}, opts: Options{Event: func(e Event) {
		got = append(got, fmt.Sprintf("%s %s %q%s", e.Kind, exerciseID(e), e.Data, e.Note))
	}}}
	l.open(r.forward)
	l.add(Event{Kind: SessionFinished, Session: session})
	want := []string{
		`output s/e "first"`,
		`note s/e ""s/e: a part of its terminal's output is missing here, its verdict is not affected: EOF`,
		`output s/e ""`, `output s/e ""`, `exercise-finished s/e ""`, `session-finished - ""`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
