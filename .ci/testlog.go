// Testlog reads the output of "go test -json" on its standard input and prints a summary: a line
// for each package at its end, the output of failed tests, and at the end the number of tests, with
// the slowest ones, and the skipped ones with their reasons. It exits with 1 if something failed or
// nothing passed.
//
// TESTED=FILE names a file for a pattern of the tests that need not run again with more programs on
// the machine: those that passed, with all their parts. It is for the flag -skip of go test.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// event is one line of the stream. See "go doc test2json" and "go help buildjson".
type event struct {
	Action  string
	Package string
	Test    string // "" for an event of the package itself
	Output  string
	Elapsed float64 // in seconds
}

// log holds the events so far.
type log struct {
	printed        map[key]string      // by the test or package that has not ended
	passed, failed int                 // tests
	suspects       map[string][]string // failed tests by package, until it has ended
	broken         int                 // failed packages
	skipped        []string
	slowest        []timed         // tests that are no part of another one
	whole          map[string]bool // by the name of a test, or of a test and its part: passed, nothing in it skipped
}

// timed is a test with its duration in seconds. With others beside it a test takes longer.
type timed struct {
	key
	seconds float64
}

// mostSlow is the number of tests in the list of the slowest.
const mostSlow = 10

type key struct{ pkg, test string }

func main() {
	l := log{printed: map[key]string{}, suspects: map[string][]string{}, whole: map[string]bool{}}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20) // an event holds a line of a test's output, of any length
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text()) // a message of the go command itself
			continue
		}
		l.add(e)
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, "testlog:", err)
		os.Exit(1)
	}

	fmt.Printf("\n%d tests passed, %d failed, %d skipped\n", l.passed, l.failed, len(l.skipped))
	slices.SortFunc(l.slowest, func(a, b timed) int { return cmp.Compare(b.seconds, a.seconds) })
	for _, t := range l.slowest[:min(mostSlow, len(l.slowest))] {
		fmt.Printf("  %4.0f s %s %s\n", t.seconds, t.pkg, t.test)
	}
	slices.Sort(l.skipped)
	for _, s := range l.skipped {
		fmt.Println("  skipped", s)
	}
	if l.broken > 0 || l.failed > 0 || l.passed == 0 {
		os.Exit(1)
	}
	if file := os.Getenv("TESTED"); file != "" {
		if err := os.WriteFile(file, []byte(l.pattern()), 0o600); err != nil {
			fmt.Fprintln(os.Stderr, "testlog:", err)
			os.Exit(1)
		}
	}
}

// judge notes whether a test and its part of the first level passed whole. Tests of the same name in other
// packages count as one.
func (l *log) judge(test, action string) {
	parts := strings.SplitN(test, "/", 3)
	for i := range parts[:min(2, len(parts))] {
		name := strings.Join(parts[:i+1], "/")
		before, seen := l.whole[name]
		l.whole[name] = action == "pass" && (before || !seen)
	}
}

// pattern matches the tests that passed whole, and such parts of the others.
func (l *log) pattern() string {
	var names []string
	for name, whole := range l.whole {
		test, part, found := strings.Cut(name, "/")
		switch {
		case !whole || found && l.whole[test] || !plain.MatchString(test+part):
		case found:
			names = append(names, "^"+test+"$/^"+part+"$")
		default:
			names = append(names, "^"+test+"$")
		}
	}
	slices.Sort(names)
	return strings.Join(names, "|")
}

// plain matches names that mean themselves in a regular expression.
var plain = regexp.MustCompile(`^[\w,=-]+$`)

func (l *log) add(e event) {
	k := key{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Print(e.Output)
	case "output":
		l.printed[k] += e.Output
	case "pass", "fail", "skip":
		if e.Test == "" {
			l.endPackage(k, e.Action)
		} else {
			l.endTest(k, e.Action)
			l.judge(e.Test, e.Action)
			if !strings.Contains(e.Test, "/") {
				l.slowest = append(l.slowest, timed{k, e.Elapsed})
			}
		}
		delete(l.printed, k)
	}
}

func (l *log) endTest(k key, action string) {
	switch action {
	case "pass":
		l.passed++
	case "skip":
		l.skipped = append(l.skipped, fmt.Sprintf("%s %s: %s", k.pkg, k.test, reason(l.printed[k])))
	case "fail":
		l.suspects[k.pkg] = append(l.suspects[k.pkg], k.test)
		fmt.Print(begun.ReplaceAllString(l.printed[k], ""))
	}
}

func (l *log) endPackage(k key, action string) {
	switch action {
	case "pass":
		// The package's own verdict counts: the output of a test can look like a failure to the
		// reader.
		for _, test := range l.suspects[k.pkg] {
			fmt.Printf("  %s passed, though %s was read as failed\n", k.pkg, test)
			l.passed++
		}
		lines := strings.Split(strings.TrimSpace(l.printed[k]), "\n")
		fmt.Println(lines[len(lines)-1]) // ok, the package, the time
	case "fail":
		l.broken++
		// A test without an end was running when the package was killed.
		var running []string
		for other := range l.printed {
			if other.pkg == k.pkg && other.test != "" {
				running = append(running, other.test)
			}
		}
		slices.Sort(running)
		for _, test := range running {
			l.endTest(key{k.pkg, test}, "fail")
			delete(l.printed, key{k.pkg, test})
		}
		l.failed += len(l.suspects[k.pkg])
		fmt.Print(l.printed[k])
	}
}

var (
	frame = regexp.MustCompile(`(?m)^\s*(===|---) .*\n?`) // lines of the testing package
	begun = regexp.MustCompile(`(?m)^=== (RUN|PAUSE|CONT|NAME) .*\n`)
	place = regexp.MustCompile(`^\S+\.go:\d+: `)
)

// reason returns the message of a skipped test.
func reason(out string) string {
	why := strings.Join(strings.Fields(frame.ReplaceAllString(out, "")), " ")
	if why = place.ReplaceAllString(why, ""); why == "" {
		return "no reason given"
	}
	return why
}
