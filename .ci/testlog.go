// Testlog reads the output of "go test -json" on its standard input and prints
// what a person wants to know of it: a line for each package as it ends, everything
// that a failed test printed, and in the end how many tests there were, with the
// skipped ones and their reasons. It exits with 1 when something failed or nothing
// passed.
package main

import (
	"bufio"
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
	Test    string // "" for what concerns the package itself
	Output  string
}

// log is what happened so far.
type log struct {
	printed        map[key]string      // by what has not ended yet
	passed, failed int                 // tests
	suspects       map[string][]string // failed tests by package, until that has ended
	broken         int                 // packages that failed
	skipped        []string
}

type key struct{ pkg, test string }

func main() {
	l := log{printed: map[key]string{}, suspects: map[string][]string{}}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20) // an event holds a line of a test's output, however long
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text()) // said by the go command itself
			continue
		}
		l.add(e)
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, "testlog:", err)
		os.Exit(1)
	}

	fmt.Printf("\n%d tests passed, %d failed, %d skipped\n", l.passed, l.failed, len(l.skipped))
	slices.Sort(l.skipped)
	for _, s := range l.skipped {
		fmt.Println("  skipped", s)
	}
	if l.broken > 0 || l.failed > 0 || l.passed == 0 {
		os.Exit(1)
	}
}

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
		// The package's own verdict counts: what a test prints can look like a
		// failure to the reader of its output.
		for _, test := range l.suspects[k.pkg] {
			fmt.Printf("  %s passed, though %s was read as failed\n", k.pkg, test)
			l.passed++
		}
		lines := strings.Split(strings.TrimSpace(l.printed[k]), "\n")
		fmt.Println(lines[len(lines)-1]) // ok, the package, the time
	case "fail":
		l.broken++
		// A test that has not ended was running when the package was killed.
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

// reason is what a skipped test said.
func reason(out string) string {
	why := strings.Join(strings.Fields(frame.ReplaceAllString(out, "")), " ")
	if why = place.ReplaceAllString(why, ""); why == "" {
		return "no reason given"
	}
	return why
}
