package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"workshop/markdown"
	"workshop/runner"
	"workshop/runner/report"
	"workshop/runner/sandbox"
)

// verdictDeck is a deck whose verdicts are known: one of testdata/verdicts, the format of
// which is described in the README.md there, or one that a test has made.
type verdictDeck struct {
	name     string
	flags    []string // of check
	needs    []string // programs
	manifest []string // further lines of the deck's manifest
	typed    bool     // what is typed is compared with the plan, too
	chapters []string // each has a session of its own
	expected []expectation
}

// expectation is the verdict that an exercise must have.
type expectation struct {
	line     int // of the exercise, in the file
	verdicts []string
	texts    []string // in the failure
	why      string
}

var (
	expecting = regexp.MustCompile(`^<!-- expect: ([a-z|]+)((?: "[^"]+")*) \| (.+) -->$`)
	repeated  = regexp.MustCompile(`<<([^*<>]+)\*(\d+)>>`)
)

// parseVerdictDeck reads a deck. Chapters begin with blank lines instead of those before
// them, so that the lines of all reports are those of the file.
func parseVerdictDeck(name, text string) (*verdictDeck, error) {
	text = repeated.ReplaceAllStringFunc(text, func(s string) string {
		m := repeated.FindStringSubmatch(s)
		n, _ := strconv.Atoi(m[2])
		return strings.Repeat(m[1], n)
	})
	d := &verdictDeck{name: name}
	lines := strings.Split(text, "\n")
	first := 0
	if lines[0] == "<!--" {
		first = slices.Index(lines, "-->") + 1
		for _, line := range lines[1:max(first-1, 1)] {
			key, value, _ := strings.Cut(line, ": ")
			switch key {
			case "flags":
				d.flags = strings.Fields(value)
			case "needs":
				d.needs = strings.Fields(value)
			case "manifest":
				d.manifest = append(d.manifest, value)
			case "typed":
				d.typed = value == "as planned"
			default:
				return nil, fmt.Errorf("%s: unknown key %q", name, key)
			}
		}
	}
	var chapter []string
	add := func() {
		if strings.Contains(strings.Join(chapter, "\n"), ".exercise[") {
			d.chapters = append(d.chapters, strings.Join(chapter, "\n")+"\n")
		}
	}
	fence := false
	chapter = make([]string, first)
	for i, line := range lines[first:] {
		n := first + i
		fence = fence != (strings.HasPrefix(line, "```") && strings.Count(line, "```") == 1)
		if !fence && strings.HasPrefix(line, "# ") {
			add()
			chapter = make([]string, n)
		}
		chapter = append(chapter, line)
		if line != ".exercise[" {
			continue
		}
		m := expecting.FindStringSubmatch(lines[n-1])
		if m == nil {
			return nil, fmt.Errorf("%s:%d: nothing is expected of this exercise", name, n+1)
		}
		e := expectation{line: n + 1, verdicts: strings.Split(m[1], "|"), why: m[3]}
		for _, text := range strings.Split(m[2], `"`) {
			if strings.TrimSpace(text) != "" {
				e.texts = append(e.texts, text)
			}
		}
		d.expected = append(d.expected, e)
	}
	add()
	return d, nil
}

// failing counts the exercises that must not pass.
func (d *verdictDeck) failing() (n int) {
	for _, e := range d.expected {
		if !slices.Contains(e.verdicts, string(runner.Passed)) {
			n++
		}
	}
	return n
}

// missing says what the deck needs and is not there: a program, or to be root.
func (d *verdictDeck) missing() error {
	for _, program := range d.needs {
		if program == "root" {
			if os.Geteuid() != 0 {
				return errors.New("it needs root")
			}
			continue
		}
		if _, err := exec.LookPath(program); err != nil {
			return err
		}
	}
	return nil
}

// write writes the deck into a folder: a manifest, and a file for each chapter.
func (d *verdictDeck) write(dir string) error {
	manifest := "title: " + d.name + "\nsession: chapter\n"
	for _, line := range d.manifest {
		manifest += line + "\n"
	}
	manifest += "content:\n"
	for i, chapter := range d.chapters {
		file := fmt.Sprintf("%02d.md", i+1)
		manifest += "- " + file + "\n"
		if err := os.WriteFile(filepath.Join(dir, file), []byte(chapter), 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "workshop.yml"), []byte(manifest), 0o600)
}

// check runs the deck through the whole command, and returns what came out otherwise than
// expected, a text for each exercise. The error says why there are no verdicts.
func (d *verdictDeck) check(t *testing.T) (wrong []string, err error) {
	dir := t.TempDir()
	if err := d.write(dir); err != nil {
		return nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	records := filepath.Join(dir, "run.jsonl")
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Args = append([]string{"workshop", "check", "--no-ledger", "--report", "jsonl=" + records},
		strings.Fields(os.Getenv("VERDICT_FLAGS"))...)
	cmd.Args = append(append(cmd.Args, d.flags...), dir)
	cmd.Env = append(os.Environ(), "LANG=C.UTF-8", "LC_ALL=")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		return nil, err
	}
	file, err := os.Open(records)
	if err != nil {
		return nil, fmt.Errorf("no records (%w), exit status %d:\n%s", err, cmd.ProcessState.ExitCode(), out.String())
	}
	defer file.Close()
	result, err := report.Read(file, records, &report.Files{})
	if err != nil {
		return nil, err
	}
	return d.compare(result), nil
}

func (d *verdictDeck) compare(result *runner.Result) (wrong []string) {
	came := map[int]*runner.ExerciseResult{}
	for _, s := range result.Sessions {
		for _, e := range s.Exercises {
			if !slices.ContainsFunc(d.expected, func(x expectation) bool { return x.line == e.Pos.Line }) || came[e.Pos.Line] != nil {
				wrong = append(wrong, fmt.Sprintf("%s:%d: an exercise of which nothing is expected", d.name, e.Pos.Line))
			}
			came[e.Pos.Line] = e
		}
	}
	for _, x := range d.expected {
		e := came[x.line]
		if e == nil {
			wrong = append(wrong, fmt.Sprintf("%s:%d: no verdict", d.name, x.line))
			continue
		}
		failure := describe(e.Failure)
		without := slices.IndexFunc(x.texts, func(text string) bool { return !strings.Contains(failure, text) })
		if !slices.Contains(x.verdicts, string(e.Verdict)) || e.Verdict != runner.Passed && without >= 0 {
			wrong = append(wrong,
				fmt.Sprintf("%s:%d: %s, want %s %q: %s\n%s", d.name, x.line, e.Verdict, strings.Join(x.verdicts, " or "), x.texts,
					x.why, failure))
		}
	}
	return wrong
}

// describe is everything that a failure says.
func describe(f *runner.Failure) string {
	if f == nil {
		return ""
	}
	return strings.Join([]string{f.Error(), f.Command, f.Want, f.Nearest, f.Diff, f.Tail, strings.Join(f.Screen, "\n")}, "\n")
}

func readVerdictDecks(t *testing.T) []*verdictDeck {
	t.Helper()
	chosen := regexp.MustCompile(os.Getenv("VERDICTS"))
	files, err := filepath.Glob("../../testdata/verdicts/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var decks []*verdictDeck
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".md")
		if name == "README" || !chosen.MatchString(name) {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d, err := parseVerdictDeck(name, string(b))
		if err != nil {
			t.Fatal(err)
		}
		decks = append(decks, d)
	}
	return decks
}

// checkDecks checks decks side by side, more than there are processors since most of them
// wait for something, and reports each as a subtest. It returns how many exercises were
// judged, and how many of them otherwise than expected.
func checkDecks(t *testing.T, decks []*verdictDeck) (judged, wrong int) {
	type outcome struct {
		wrong []string
		err   error
	}
	places := make(chan struct{}, 8*runtime.GOMAXPROCS(0))
	outcomes := make([]outcome, len(decks))
	done := make([]chan struct{}, len(decks))
	var wg sync.WaitGroup
	defer wg.Wait()
	for i, d := range decks {
		done[i] = make(chan struct{})
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places; close(done[i]) }()
			if d.missing() == nil {
				outcomes[i].wrong, outcomes[i].err = d.check(t)
			}
		})
	}
	for i, d := range decks {
		t.Run(d.name, func(t *testing.T) {
			<-done[i]
			if err := d.missing(); err != nil {
				if os.Getenv("REQUIRE_PROGRAMS") != "" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			if outcomes[i].err != nil {
				t.Fatal(outcomes[i].err)
			}
			judged += len(d.expected)
			wrong += len(outcomes[i].wrong)
			for _, w := range outcomes[i].wrong {
				t.Error(w)
			}
		})
	}
	return judged, wrong
}

// TestVerdictTableIsSevere counts the exercises of the table: most of them must not pass.
func TestVerdictTableIsSevere(t *testing.T) {
	if pattern := os.Getenv("VERDICTS"); pattern != "" && pattern != "." {
		t.Skip("VERDICTS chooses a part of the table")
	}
	all, failing := 0, 0
	for _, d := range readVerdictDecks(t) {
		all += len(d.expected)
		failing += d.failing()
	}
	if all < 400 || 4*failing < 3*all {
		t.Errorf("%d exercises, %d of which must not pass: want 400, and three quarters of them", all, failing)
	}
}

// skipTable skips a test of the table under -short, unless VERDICTS is set.
func skipTable(t *testing.T) {
	t.Helper()
	if testing.Short() && os.Getenv("VERDICTS") == "" {
		t.Skip("short: the table of known verdicts takes a minute")
	}
}

// TestVerdictTable runs the decks of testdata/verdicts: each exercise must come out as
// it says there.
func TestVerdictTable(t *testing.T) {
	skipTable(t)
	t.Parallel()
	decks := readVerdictDecks(t)
	all, failing := 0, 0
	for _, d := range decks {
		all += len(d.expected)
		failing += d.failing()
	}
	t.Logf("%d exercises, %d of which must not pass", all, failing)
	checkDecks(t, decks)
}

// cleared are the bytes that the runner types beside those of the plan, as the help of
// plan says: it interrupts, clears lines, and asks the shell.
const cleared = "\x03\x07\x05\x15\x1e"

// TestVerdictTableTyped runs the decks that ask for it with a recorder on the input side
// of the terminal: what was typed is what the plan says of the steps that were carried out.
func TestVerdictTableTyped(t *testing.T) {
	skipTable(t)
	t.Parallel()
	for _, d := range readVerdictDecks(t) {
		if !d.typed {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			if err := d.missing(); err != nil {
				if os.Getenv("REQUIRE_PROGRAMS") != "" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			dir := t.TempDir()
			if err := d.write(dir); err != nil {
				t.Fatal(err)
			}
			sources, err := openDecks([]string{dir}, "", markdown.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var decks []*markdown.Deck
			for _, src := range sources {
				decks = append(decks, src.deck)
			}
			plan, err := runner.Compiler{}.Compile(decks...)
			if err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			var typed strings.Builder
			result, err := runner.Run(t.Context(), plan, runner.Options{
				Limits: runner.Limits{Wait: time.Minute, Step: time.Minute},
				Env:    shellEnv([]string{"LANG=C.UTF-8"}, nil), Path: os.Getenv("PATH"),
				Sandbox: sandbox.Options{PrivateNetwork: true},
				Input: func(b []byte) {
					mu.Lock()
					defer mu.Unlock()
					typed.Write(b)
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			var planned strings.Builder
			for _, s := range result.Sessions {
				for _, e := range s.Exercises {
					for _, step := range e.Steps {
						if step.Verdict != runner.Skipped {
							planned.WriteString(step.Sends())
						}
					}
				}
			}
			uncleared := func(s string) string {
				return strings.Map(func(r rune) rune {
					if strings.ContainsRune(cleared, r) {
						return -1
					}
					return r
				}, s)
			}
			if got, want := uncleared(typed.String()), uncleared(planned.String()); got != want {
				t.Errorf("typed   %q\nplanned %q", got, want)
			}
		})
	}
}
