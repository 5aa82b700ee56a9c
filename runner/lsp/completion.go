package lsp

import (
	"regexp"
	"strings"

	"workshop/runner"
	"workshop/runner/terminal"
)

// beginning is a line that begins a fence or a one-liner, up to the word that is being
// written; the second group is there when it is a key's name.
var beginning = regexp.MustCompile("^[ \t]*(?:[-*+][ \t]+)?(?:<!--[ \t]*)?`{3,}[ \t]*(?:([A-Za-z]*)|key[ \t]+([^ \t`]*))$")

// lookBack is how many lines before it decide whether a line is in an exercise.
const lookBack = 2000

// complete proposes the names of directives behind the backticks that open a fence of
// an exercise, and the names of keys behind `key`. It needs the text only, so that it
// answers while the deck is being read.
func complete(doc *document, off int) []completionItem {
	items := []completionItem{}
	line, at := doc.row(off)
	m := beginning.FindStringSubmatchIndex(line[:min(at, len(line))])
	if m == nil || !inExercise(doc.text[:off-at]) {
		return items
	}
	if m[4] >= 0 {
		edit := doc.span(off-at+m[4], off)
		for _, key := range append([]string{"^C", "^D", "^Z", "^L"}, terminal.KeyNames()...) {
			items = append(items, completionItem{Label: key, Kind: itemConstant, TextEdit: textEdit{edit, key}})
		}
		return items
	}
	edit := doc.span(off-at+m[2], off)
	for _, h := range runner.Directives() {
		items = append(items, completionItem{
			Label: h.Name, Kind: itemKeyword, Detail: h.Summary,
			Documentation: &markup{"markdown", fenced(h.Usage)}, TextEdit: textEdit{edit, h.Name},
		})
	}
	return items
}

// inExercise reports whether a text ends, at the beginning of a line, in an exercise
// and in none of its fences. What follows is not looked at: it is being written.
func inExercise(text string) bool {
	var lines []string
	for len(lines) < lookBack && text != "" {
		from := strings.LastIndexByte(text[:len(text)-1], '\n') + 1
		line := strings.TrimSpace(text[from:])
		if text = text[:from]; line == "---" || line == "--" {
			break
		}
		lines = append(lines, line)
	}
	exercise, fence := false, ""
	for i := len(lines) - 1; i >= 0; i-- {
		line := lines[i]
		if fence != "" {
			if rest, ok := strings.CutPrefix(line, fence); ok && strings.Trim(rest, "` ->") == "" {
				fence = ""
			}
			continue
		}
		switch {
		case strings.HasPrefix(line, ".exercise["), strings.HasPrefix(line, ".lab["):
			exercise = true
		case line == "]":
			exercise = false
		}
		for _, prefix := range []string{"- ", "* ", "+ ", "<!--"} {
			line = strings.TrimLeft(strings.TrimPrefix(line, prefix), " ")
		}
		if n := len(line) - len(strings.TrimLeft(line, "`")); n >= 3 && !strings.Contains(line[n:], line[:n]) {
			fence = line[:n]
		}
	}
	return exercise && fence == ""
}
