// Prose counts two properties that make comments hard to read, and prints them for each folder:
// free relatives in the place of nouns ("what" followed by a verb), per 1,000 words of the comments
// of its Go files without tests, and lines over 140 columns, including tests. It prints counts
// only; they never make it fail.
package main

import (
	"bytes"
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxColumns is the longest line, in characters; a tab is one, as for the linter lll.
const maxColumns = 140

// freeRelative matches the first two words of a relative clause without a noun. The verbs and
// pronouns are those that follow "what" in clauses; "what kind" and "what for" are questions.
var freeRelative = regexp.MustCompile(`(?i)\b(what|whatever|whoever|whichever) (` +
	`is|are|was|were|be|has|have|had|does|do|did|can|could|may|might|must|should|will|would|cannot|` +
	`it|they|he|she|we|you|one|there|this|that|these|those|the|a|an|its|their|` +
	`comes?|came|stands?|stood|goes|go|went|lies?|lay|follows?|belongs?|runs?|ran|needs?|remains?|` +
	`happens?|happened|starts?|started|ends?|ended|fits?|holds?|held|shows?|says?|said|makes?|made|` +
	`appears?|changes?|changed|fails?|failed|listens?|reads?|writes?|wants?|waits?|uses?|knows?` +
	`)\b`)

// room holds the counts of one folder.
type room struct {
	name            string
	words, relative int
	long            int
}

func main() {
	rooms := map[string]*room{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && d.Name() != "." && d.Name() != ".ci"):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := filepath.Dir(path)
		if rooms[name] == nil {
			rooms[name] = &room{name: name}
		}
		rooms[name].add(text, strings.HasSuffix(path, "_test.go"))
		return nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "prose:", err)
		os.Exit(1)
	}

	all := room{name: "all"}
	fmt.Printf("  %-26s %14s %18s %12s\n", "", "comment words", "free relatives/k", "lines > 140")
	for _, name := range slices.Sorted(maps.Keys(rooms)) {
		r := rooms[name]
		r.print()
		all.words += r.words
		all.relative += r.relative
		all.long += r.long
	}
	all.print()
}

// add counts a file.
func (r *room) add(text []byte, test bool) {
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\n")
		if utf8.RuneCount(line) > maxColumns {
			r.long++
		}
	}
	if test {
		return
	}
	files := token.NewFileSet()
	var s scanner.Scanner
	s.Init(files.AddFile("", files.Base(), len(text)), text, nil, scanner.ScanComments)
	var comments strings.Builder
	for {
		_, tok, lit := s.Scan()
		if tok == token.EOF {
			break
		}
		if tok == token.COMMENT && !strings.HasPrefix(lit, "//go:") && !strings.HasPrefix(lit, "//nolint") {
			comments.WriteString(strings.TrimLeft(lit, "/* \t") + " ")
		}
	}
	words := strings.Fields(comments.String())
	r.words += len(words)
	r.relative += len(freeRelative.FindAllString(strings.Join(words, " "), -1))
}

func (r *room) print() {
	fmt.Printf("  %-26s %14d %18.1f %12d\n", r.name, r.words, 1000*float64(r.relative)/float64(max(r.words, 1)), r.long)
}
