package lsp

import (
	"workshop/markdown"
	"workshop/markdown/lazy"
	"workshop/runner"
	"workshop/runner/terminal"
)

// beginning matches a line that begins a fence or a one-liner, up to the unfinished word. The
// second group exists if the word is the name of a key.
var beginning = lazy.Regexp("^[ \t]*(?:[-*+][ \t]+)?(?:<!--[ \t]*)?`{3,}[ \t]*(?:([A-Za-z-]*)|key[ \t]+([^ \t`]*))$")

// complete proposes the names of directives after the backticks that open a fence of an exercise,
// and the names of keys after `key`. It needs only the text, so it answers while the deck is being
// read.
func complete(doc *document, off int) []completionItem {
	items := []completionItem{}
	line, at := doc.row(off)
	m := beginning().FindStringSubmatchIndex(line[:min(at, len(line))])
	if m == nil || !markdown.InExercise(doc.text[:off-at]) {
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
