package markdown

import (
	"errors"
	"path"
	"strconv"
	"strings"

	"workshop/markdown/lazy"
)

// includePattern matches what mdBook replaces by the text of a file; a backslash before it makes it text.
// See https://rust-lang.github.io/mdBook/format/mdbook.html.
var includePattern = lazy.Regexp(`\\?\{\{#(include|rustdoc_include|playground|playpen|template)[ \t]+([^}\n]{1,500})\}\}`)

// included is the source of a document in which the fences of commands and outputs hold the files that
// they include as mdBook does. The files are relative to the document's folder.
func (l *loader) included(src *source, tokens []token, f *file, log *log) *source {
	x := &expander{loader: l, log: log}
	from := 0
	for i := range tokens {
		t := &tokens[i]
		lang, _ := language(t)
		typed := isTerminal(lang) || isShellFence(lang) || isOutput(lang) || len(executed(t)) > 0
		if t.kind != fenceToken || t.comment >= 0 || !typed || saysSkip(t) != "" {
			continue
		}
		for _, at := range includePattern().FindAllStringSubmatchIndex(src.text[t.body:t.tail], -1) {
			start, end := t.body+at[0], t.body+at[1]
			x.copy(f, f.text, from, start, "")
			if from = start; f.text[start] == '\\' {
				from = start + 1
				continue
			}
			if f.text[t.body+at[2]:t.body+at[3]] == "template" {
				x.log.fail(CodeTypedInclude, f.span(start, end), includeHint, "mdBook fills in a template here, which would be typed")
			} else if x.part(f, start, end, f.text[t.body+at[4]:t.body+at[5]]) {
				from = end
			}
		}
	}
	if from == 0 {
		return src
	}
	x.copy(f, f.text, from, len(f.text), "")
	return &source{x.out.String(), x.segments}
}

const includeHint = "write the commands into the fence, or skip behind its language"

// part writes the lines of a file that an include in a document names, `FILE`, `FILE:2:5` or `FILE:ANCHOR`.
func (x *expander) part(f *file, start, end int, argument string) bool {
	at := f.span(start, end)
	words := strings.Fields(argument)
	if len(words) == 0 {
		return false
	}
	name, lines, _ := strings.Cut(words[0], ":")
	clean, err := inside(path.Dir(f.path), name)
	if err != nil {
		x.log.fail(CodeBadPath, at, x.outside(path.Dir(f.path), name), "%v", err)
		return false
	}
	inner, err := x.open(clean, maxFile)
	if err != nil {
		x.log.fail(CodeMissingFile, at, x.fileHint(clean, err), "%s: %v", name, err)
		return false
	}
	ranges, err := linesOf(inner.text, lines)
	if err != nil {
		x.log.fail(CodeMissingFile, at, "", "%s: %v", name, err)
		return false
	}
	if x.includes++; x.includes > maxIncludes || x.included+len(inner.text) > maxIncluded {
		x.tooLarge(f, start)
		return false
	}
	x.included += len(inner.text)
	if includePattern().MatchString(inner.text) {
		x.log.fail(CodeTypedInclude, at, includeHint, "%s includes another file, which would be typed as it stands", name)
		return false
	}
	checkText(inner, x.log)
	indent := margin(f.text, start, end)
	for i, r := range ranges {
		to := r[1]
		if i == len(ranges)-1 { // the include has a line end of its own
			to -= len(inner.text[r[0]:to]) - len(strings.TrimSuffix(inner.text[r[0]:to], "\n"))
		}
		if i > 0 {
			x.write(inner, r[0], true, indent)
		}
		x.copy(inner, inner.text[:to], r[0], to, indent)
	}
	return true
}

// linesOf are the stretches of a text that a range of lines, `N`, `FROM:TO` with either end left out, or an
// anchor names: the text between the lines `ANCHOR: NAME` and `ANCHOR_END: NAME`, without such lines of others.
func linesOf(text, lines string) (ranges [][2]int, err error) {
	rows := rowsOf(text)
	if lines == "" {
		return [][2]int{{0, len(text)}}, nil
	}
	first, last, both := strings.Cut(lines, ":")
	from, bad := strconv.Atoi(first)
	if first != "" && bad != nil {
		return anchored(text, rows, first)
	}
	to := from
	if both {
		last, _, _ = strings.Cut(last, ":")
		if to, bad = strconv.Atoi(last); bad != nil && last != "" {
			return nil, errors.New(shorten(lines) + " is no range of lines")
		}
		if last == "" {
			to = len(rows)
		}
	}
	from = max(from, 1)
	if from > len(rows) || to < from {
		return nil, errors.New("it has no lines " + shorten(lines))
	}
	return [][2]int{{rows[from-1][0], rows[min(to, len(rows))-1][1]}}, nil
}

// anchorPattern matches a line that begins or ends an anchor.
var anchorPattern = lazy.Regexp(`ANCHOR(_END)?:[ \t]*([\w-]+)`)

func anchored(text string, rows [][2]int, name string) (ranges [][2]int, err error) {
	open, found := false, false
	for _, r := range rows {
		switch m := anchorPattern().FindStringSubmatch(text[r[0]:r[1]]); {
		case m != nil && m[2] == name:
			open, found = m[1] == "", true
		case m == nil && open:
			ranges = append(ranges, r)
		}
	}
	if !found || len(ranges) == 0 {
		return nil, errors.New("it has no text at ANCHOR: " + shorten(name))
	}
	return ranges, nil
}
