package lsp

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

func showRange(r protocol.Range) string {
	return fmt.Sprintf("%d:%d-%d:%d", r.Start.Line, r.Start.Character, r.End.Line, r.End.Character)
}

func same(t *testing.T, got, want string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestDiagnostics checks mistakes of every kind and their positions in the editor's units.
func TestDiagnostics(t *testing.T) {
	const exercise = "## T\n\n.exercise[\n"
	tests := []struct{ name, text, want string }{
		{"none", exercise + "```bash\ntrue\n```\n]\n", ""},
		{
			"directive", exercise + "```bash\ntrue\n```\n<!-- ```wiat READY``` -->\n]\n",
			"6:5-6:12 unknown-directive: unknown directive \"wiat\" (did you mean \"wait\"?)\n",
		},
		{
			"a warning", "Note: x\n\n.exercise[\n```bash\ntrue\n```\n]\n",
			"0:0-0:7 warning swallowed-property: \"Note: x\" is taken for a property of the slide and not shown " +
				"(begin the slide with another line)\n",
		},
		{
			"behind astral characters", exercise + "```bash\ntrue\n```\n<!-- 😀𝄞é ```wiat``` -->\n]\n",
			"6:11-6:18 unknown-directive: unknown directive \"wiat\" (did you mean \"wait\"?)\n",
		},
		{
			"with CRLF and tabs", strings.ReplaceAll(exercise+"```bash\ntrue\n```\n<!--\t\t```wiat x``` -->\n]\n", "\n", "\r\n"),
			"6:6-6:13 unknown-directive: unknown directive \"wiat\" (did you mean \"wait\"?)\n",
		},
		{
			"a lone CR ends a line here, and not in a deck", exercise + "a\rb ```wiat x```\n```bash\ntrue\n```\n]\n",
			"4:2-4:9 unknown-directive: unknown directive \"wiat\" (did you mean \"wait\"?)\n",
		},
		{
			"behind a byte order mark", "\ufeff.exercise[ ```wiat x``` ```bash true``` ]\n",
			"0:12-0:19 unknown-directive: unknown directive \"wiat\" (did you mean \"wait\"?)\n",
		},
		{
			"at the end", exercise + "```bash\ntrue",
			"2:0-2:10 unclosed-exercise: unclosed .exercise[ (brackets are balanced: each [ in it needs its ], save in code)\n" +
				"3:0-3:7 unclosed-fence: unclosed ``` bash (the fence has no closing line of its own)\n",
		},
		{"other Markdown", "# README\n\nNote: nothing of this is a deck.\n\n```go\n", ""},
		{
			"commands of no style", "# README\n\nNote: a page.\n\n```bash\ntop\nls\n```\n",
			"5:0-5:3 warning never-ends: `top` never ends: what follows it in the snippet is never reached (give it a snippet of its own)\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := edit(t, "")
			e.open("deck.md", tt.text)
			same(t, e.diagnostics("deck.md", 1), tt.want)
		})
	}
}

// TestUntitled edits a deck that is not a file.
func TestUntitled(t *testing.T) {
	e := edit(t, "")
	e.check(e.DidOpen(e.ctx, &protocol.DidOpenTextDocumentParams{TextDocument: protocol.TextDocumentItem{
		URI: "untitled:Untitled-1", Version: 1, Text: ".exercise[ ```key Foo``` ]\n",
	}}))
	p := e.next()
	if p.URI != uri.URI("untitled:Untitled-1") {
		t.Errorf("about %s", p.URI)
	}
	if got := show(p.Diagnostics); !strings.Contains(got, `unknown key "Foo"`) {
		t.Errorf("%s", got)
	}
}

const course = `
-- slides/workshop.yml --
title: A course
session: chapter
content:
- intro.md
- - file: second.md
    needs: [intro]
-- slides/intro.md --
# Intro

.exercise[
` + "```bash\ncat\n```\n@@INCLUDE[shared/more.md]" + `
]
-- slides/second.md --
# Second

## First slide

---

## Twice

.exercise[
` + "```bash\nls ^ /\nfalse || true\n```\n```wait é😀```\n```key Up```" + `
]

.exercise[
` + "```bash\ntrue\n```" + `
]

---

# Third

Over.
-- shared/more.md --
` + "```key ^C```" + `
-- other/talk.yml --
content:
- talk.md
-- other/talk.md --
.exercise[ ` + "```bash true``` ```kye q```" + ` ]
-- ignored.yml --
kind: Service
`

// TestOverlay checks that includes and manifests are read as in the editor. After they are closed,
// the saved files are read.
func TestOverlay(t *testing.T) {
	e := edit(t, course)
	e.open("slides/intro.md")
	same(t, e.diagnostics("slides/intro.md", 1), "")

	// An included file is part of the deck: by itself it would begin with a key.
	e.open("shared/more.md")
	same(t, e.diagnostics("shared/more.md", 1), "")
	e.replace("shared/more.md", 2, 0, 3, 0, 6, "kye")
	same(t, e.diagnostics("shared/more.md", 2), "0:0-0:6 unknown-directive: unknown directive \"kye\" (did you mean \"key\"?)\n")

	// A chapter that is only in the editor's version of the manifest.
	e.open("slides/workshop.yml")
	same(t, e.diagnostics("slides/workshop.yml", 1), "")
	e.replace("slides/workshop.yml", 2, 3, 0, 3, 0, "- gone.md\n- new.md\n")
	same(t, e.diagnostics("slides/workshop.yml", 2),
		"3:2-3:9 missing-file: gone.md: no such file\n4:2-4:8 missing-file: new.md: no such file\n")
	e.open("slides/new.md", "# New\n\n.exercise[\n```key q```\n```bash\ntrue\n```\n]\n")
	same(t, e.diagnostics("slides/new.md", 1), "3:0-3:6 no-snippet: key comes before any snippet of its session (put a bash step before it)\n")

	// The saved version again.
	e.check(e.DidClose(e.ctx, &protocol.DidCloseTextDocumentParams{TextDocument: e.id("slides/workshop.yml")}))
	for show(e.last[string(e.uri("slides/workshop.yml"))].Diagnostics) != "" {
		e.next()
	}
	e.check(e.DidClose(e.ctx, &protocol.DidCloseTextDocumentParams{TextDocument: e.id("shared/more.md")}))
	for show(e.last[string(e.uri("shared/more.md"))].Diagnostics) != "" {
		e.next()
	}
}

// TestWatchedFiles changes files outside the editor: they are read again when the client reports
// it.
func TestWatchedFiles(t *testing.T) {
	e := connect(t, write(t, course), nil)
	_, err := e.Initialize(e.ctx, &protocol.InitializeParams{
		WorkspaceFolders: []protocol.WorkspaceFolder{{URI: string(e.uri("")), Name: "w"}},
		Capabilities: protocol.ClientCapabilities{Workspace: &protocol.WorkspaceClientCapabilities{
			DidChangeWatchedFiles: &protocol.DidChangeWatchedFilesWorkspaceClientCapabilities{DynamicRegistration: true},
		}},
	})
	e.check(err)
	e.check(e.Initialized(e.ctx, &protocol.InitializedParams{}))
	select {
	case r := <-e.watching:
		if len(r) != 1 || r[0].Method != "workspace/didChangeWatchedFiles" {
			t.Errorf("%+v", r)
		}
	case <-e.ctx.Done():
		t.Fatal("no watch is asked for")
	}
	e.open("slides/intro.md")
	same(t, e.diagnostics("slides/intro.md", 1), "")
	e.check(os.WriteFile(filepath.Join(e.dir, "shared/more.md"), []byte("```kee q```\n"), 0o600))
	e.check(e.DidChangeWatchedFiles(e.ctx, &protocol.DidChangeWatchedFilesParams{Changes: []*protocol.FileEvent{{
		URI:  e.uri("shared/more.md"),
		Type: protocol.FileChangeTypeChanged,
	}}}))
	same(t, e.diagnostics("shared/more.md", 0), "0:0-0:6 unknown-directive: unknown directive \"kee\" (did you mean \"key\"?)\n")
}

// TestSeveralDecks checks that each file has the diagnostics of the decks that it is in.
func TestSeveralDecks(t *testing.T) {
	e := edit(t, course)
	e.open("other/talk.md")
	same(t, e.diagnostics("other/talk.md", 1), "0:27-0:33 unknown-directive: unknown directive \"kye\" (did you mean \"key\"?)\n")
	e.open("slides/second.md")
	same(t, e.diagnostics("slides/second.md", 1), "")
	lenses, err := e.CodeLens(e.ctx, &protocol.CodeLensParams{TextDocument: e.id("other/talk.md")})
	e.check(err)
	if len(lenses) != 1 || lenses[0].Command.Title != "workshop: talk/slide-1" ||
		lenses[0].Command.Arguments[1] != filepath.Join(e.dir, "other/talk.yml") {
		t.Errorf("%+v", lenses)
	}

	// A folder that leaves the workspace removes its decks.
	e.check(e.DidChangeWorkspaceFolders(e.ctx, &protocol.DidChangeWorkspaceFoldersParams{Event: protocol.WorkspaceFoldersChangeEvent{
		Removed: []protocol.WorkspaceFolder{{URI: string(e.uri(""))}}, Added: []protocol.WorkspaceFolder{{URI: string(e.uri("slides"))}},
	}}))
	symbols, err := e.DocumentSymbol(e.ctx, &protocol.DocumentSymbolParams{TextDocument: e.id("slides/second.md")})
	e.check(err)
	if len(symbols) == 0 {
		t.Error("no symbols")
	}
}

func TestEdits(t *testing.T) {
	e := edit(t, "")
	e.open("d.md", "# 😀\r\n\r\n.exercise[\r\n```bash\r\ntrue\r\n```\r\n]\r\n")
	same(t, e.diagnostics("d.md", 1), "")
	// In the middle of the text, over the end of a line, after the end of the text.
	e.replace("d.md", 2, 3, 3, 3, 7, "bahs")
	same(t, e.diagnostics("d.md", 2), "3:0-3:7 unknown-directive: unknown directive \"bahs\" (did you mean \"bash\"?)\n")
	e.replace("d.md", 3, 3, 5, 4, 4, "sh\ndate")
	same(t, e.diagnostics("d.md", 3), "")
	e.replace("d.md", 4, 99, 0, 99, 9, "---\n\n.exercise[ ```key x``` ```kee x``` ]")
	same(t, e.diagnostics("d.md", 4), "9:23-9:29 unknown-directive: unknown directive \"kee\" (did you mean \"key\"?)\n")
	// The whole text; the client's library cannot omit the range.
	e.check(e.conn.Notify(e.ctx, "textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": e.uri("d.md"), "version": 5},
		"contentChanges": []map[string]any{{"text": ".lab[ ```key x``` ]"}},
	}))
	same(t, e.diagnostics("d.md", 5), "0:6-0:12 no-snippet: key comes before any snippet of its session (put a bash step before it)\n")
}

func TestHover(t *testing.T) {
	e := edit(t, course)
	e.open("slides/second.md")
	tests := []struct {
		name       string
		line, char uint32
		want       string
	}{
		{"text", 2, 3, ""},
		{"the word of a snippet", 9, 4, "9:3-9:7 **bash**: "},
		{"a snippet", 10, 1, "9:0-12:3 Types\n\n```\nls \\^ /^M\nfalse || true^M\n```"},
		{"a wait's text", 13, 10, "13:0-13:14 Condition: `\"é😀\" appears`, within 1m0s"},
		{"a key", 14, 8, "14:0-14:12 Types\n\n```\n^[[A\n```"},
		{"the word of a key", 14, 3, "14:3-14:6 **key**: "},
		{"behind it", 15, 0, ""},
		{"beyond everything", 999, 999, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, err := e.Hover(e.ctx, &protocol.HoverParams{TextDocumentPositionParams: e.at("slides/second.md", tt.line, tt.char)})
			e.check(err)
			got := ""
			if h != nil {
				got = showRange(*h.Range) + " " + h.Contents.Value
			}
			if !strings.HasPrefix(got, tt.want) || (tt.want == "") != (got == "") {
				t.Errorf("%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestCompletion(t *testing.T) {
	tests := []struct {
		name string
		text string // up to the cursor, which is at ¦
		want string // the first items, or "" for none
		from uint32 // where the edit begins
	}{
		{"a fence", ".exercise[\n```¦\n]\n", "bash hide wait", 3},
		{"a word that was begun", ".exercise[\n- x:\n  ```ba¦", "bash hide wait", 5},
		{"a hidden one-liner", ".lab[\n```bash\nx\n```\n<!-- ```w¦``` -->\n]", "bash hide wait", 8},
		{"astral characters before", ".exercise[\n- ```bash 😀```\n- ```¦", "bash hide wait", 5},
		{"a key", ".exercise[\n```key ¦```\n]", "^C ^D ^Z", 7},
		{"a key that was begun", ".exercise[\n```key Es¦", "^C ^D ^Z", 7},
		{"the closing fence", ".exercise[\n```bash\nls\n```¦\n]", "", 0},
		{"in a fence", ".exercise[\n````bash\n```¦\n````\n]", "", 0},
		{"outside", "```¦", "", 0},
		{"behind", ".exercise[\n]\n```¦", "", 0},
		{"line ends", ".exercise[\r\n```bash\r\nls\r\n```\r\n```¦\r\n]", "bash hide wait", 3},
		{"a block in it", ".exercise[\n.small[\n]\n```¦", "bash hide wait", 3},
		{"a bracket in code", ".exercise[\n```bash\n]\n```\n```¦", "bash hide wait", 3},
		{"a separator in a fence", ".exercise[\n```bash\n---\n```\n```¦", "bash hide wait", 3},
		{"another slide", ".exercise[\n\n---\n\n```¦", "", 0},
		{"text", ".exercise[\n`co¦`", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := edit(t, "")
			before, after, _ := strings.Cut(tt.text, "¦")
			e.open("d.md", before+after)
			lines := strings.Split(before, "\n")
			last := lines[len(lines)-1]
			var char uint32
			for _, r := range last {
				char += uint32(units16(r))
			}
			list, err := e.Completion(e.ctx, &protocol.CompletionParams{TextDocumentPositionParams: e.at("d.md", uint32(len(lines)-1), char)})
			e.check(err)
			var got []string
			for _, item := range list.Items[:min(3, len(list.Items))] {
				got = append(got, item.Label)
				if r := item.TextEdit.Range; r.Start.Character != tt.from || r.End.Character != char || item.TextEdit.NewText != item.Label {
					t.Errorf("edit %s %q", showRange(r), item.TextEdit.NewText)
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestDefinition(t *testing.T) {
	e := edit(t, course)
	e.open("slides/intro.md")
	e.open("slides/workshop.yml")
	tests := []struct {
		name, file string
		line, char uint32
		want       string
	}{
		{"an include", "slides/intro.md", 6, 14, "shared/more.md"},
		{"its marks", "slides/intro.md", 6, 0, "shared/more.md"},
		{"a file", "slides/workshop.yml", 3, 4, "slides/intro.md"},
		{"a file of a mapping", "slides/workshop.yml", 4, 14, "slides/second.md"},
		{"a need", "slides/workshop.yml", 5, 14, "slides/intro.md"},
		{"a title", "slides/workshop.yml", 0, 9, ""},
		{"text", "slides/intro.md", 0, 3, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got protocol.Location
			err := protocol.Call(e.ctx, e.conn, "textDocument/definition", e.at(tt.file, tt.line, tt.char), &got)
			e.check(err)
			want := ""
			if tt.want != "" {
				want = string(e.uri(tt.want))
			}
			if string(got.URI) != want {
				t.Errorf("%s, want %s", got.URI, want)
			}
		})
	}
}

func TestSymbols(t *testing.T) {
	e := edit(t, course)
	e.open("slides/second.md")
	e.open("slides/workshop.yml")
	outline := func(name string) string {
		var all []protocol.DocumentSymbol
		e.check(protocol.Call(e.ctx, e.conn, "textDocument/documentSymbol", protocol.DocumentSymbolParams{TextDocument: e.id(name)}, &all))
		var b strings.Builder
		var walk func(list []protocol.DocumentSymbol, indent string)
		walk = func(list []protocol.DocumentSymbol, indent string) {
			for _, s := range list {
				fmt.Fprintf(&b, "%s%s %s\n", indent, showRange(s.Range), s.Name)
				walk(s.Children, indent+"  ")
			}
		}
		walk(all, "")
		return b.String()
	}
	same(t, outline("slides/second.md"), `0:0-24:0 Second
  0:0-5:0 Second
  5:0-24:0 Twice
    8:0-17:0 second/twice
    17:0-24:0 second/twice-2
24:0-28:0 Third
  24:0-28:0 Third
`)
	same(t, outline("slides/workshop.yml"), "3:2-3:10 intro\n4:10-4:19 second\n")
}

// TestLens checks that a lens names an exercise, and that its command shows the command line that
// checks it without running it.
func TestLens(t *testing.T) {
	e := edit(t, course)
	e.open("slides/second.md")
	lenses, err := e.CodeLens(e.ctx, &protocol.CodeLensParams{TextDocument: e.id("slides/second.md")})
	e.check(err)
	var got []string
	for _, l := range lenses {
		got = append(got, showRange(l.Range)+" "+l.Command.Title)
	}
	if want := []string{"8:0-8:10 workshop: second/twice", "17:0-17:10 workshop: second/twice-2"}; !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
	result, err := e.ExecuteCommand(e.ctx, &protocol.ExecuteCommandParams{
		Command:   lenses[0].Command.Command,
		Arguments: lenses[0].Command.Arguments,
	})
	e.check(err)
	want := "workshop check --exercise 'second/twice' '" + filepath.Join(e.dir, "slides/workshop.yml") + "'"
	if result != want {
		t.Errorf("%v, want %s", result, want)
	}
	if shown := <-e.shown; shown != want {
		t.Errorf("shown %s", shown)
	}
	if _, err := e.ExecuteCommand(e.ctx, &protocol.ExecuteCommandParams{Command: "rm", Arguments: []any{"-rf"}}); errorCode(err) != -32602 {
		t.Errorf("%v", err)
	}
}

// TestLargeDocument checks that the largest deck in use stays responsive: an edit is answered with
// diagnostics, and a completion does not wait for them.
func TestLargeDocument(t *testing.T) {
	var b strings.Builder
	for i := range 2653 {
		fmt.Fprintf(&b, "## Slide %d\n\n- Text, with `code` and é😀\n\n", i)
		if i%3 == 0 {
			fmt.Fprintf(&b, ".exercise[\n```bash\nseq %d 7\n```\n<!-- ```wait 1%d``` -->\n]\n\n", i, i)
		}
		b.WriteString("---\n\n")
	}
	text := b.String()
	last := uint32(strings.Count(text, "\n"))
	e := edit(t, "")
	begin := time.Now()
	e.open("d.md", text)
	same(t, e.diagnostics("d.md", 1), "")
	t.Logf("%d bytes, %d lines: diagnostics %v after it is opened", len(text), last, time.Since(begin))

	// Letters, without a pause.
	begin = time.Now()
	word := "\n.exercise[\n```wiat"
	version, line, char := int32(1), last, uint32(0)
	for _, r := range word {
		version++
		e.replace("d.md", version, line, char, line, char, string(r))
		if char++; r == '\n' {
			line, char = line+1, 0
		}
	}
	list, err := e.Completion(e.ctx, &protocol.CompletionParams{TextDocumentPositionParams: e.at("d.md", line, char)})
	e.check(err)
	if len(list.Items) == 0 {
		t.Error("no completion")
	}
	t.Logf("%d edits and a completion: %v", len(word), time.Since(begin))
	e.replace("d.md", version+1, line, char, line, char, " x```\n]\n")
	got := e.diagnostics("d.md", uint32(version+1))
	if !strings.Contains(got, "unknown directive") {
		t.Error(got)
	}
	t.Logf("diagnostics %v after the first of them", time.Since(begin))
}
