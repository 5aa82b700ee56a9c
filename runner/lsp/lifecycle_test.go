package lsp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
)

// TestLifecycle checks the order of messages, and the error of a conversation that does not keep
// it.
func TestLifecycle(t *testing.T) {
	e := connect(t, write(t, course), nil)
	_, err := e.Hover(e.ctx, &protocol.HoverParams{TextDocumentPositionParams: e.at("slides/intro.md", 0, 0)})
	if errorCode(err) != -32002 {
		t.Errorf("before initialize: %v", err)
	}
	r := e.initialize()
	if r.ServerInfo.Name != "workshop" || r.ServerInfo.Version != "test" {
		t.Errorf("%+v", r.ServerInfo)
	}
	if _, err := e.Initialize(e.ctx, &protocol.InitializeParams{}); errorCode(err) != -32600 {
		t.Errorf("initialize again: %v", err)
	}
	if _, err := e.Request(e.ctx, "workshop/frobnicate", nil); errorCode(err) != -32601 {
		t.Errorf("an unknown request: %v", err)
	}
	if _, err := e.Request(e.ctx, "textDocument/hover", []int{1}); errorCode(err) != -32602 {
		t.Errorf("parameters of another kind: %v", err)
	}
	if _, err := e.DocumentSymbol(e.ctx, &protocol.DocumentSymbolParams{TextDocument: e.id("slides/intro.md")}); errorCode(err) != -32602 {
		t.Errorf("a request about a closed document: %v", err)
	}
	e.check(e.conn.Notify(e.ctx, "$/somethingNew", nil))
	e.check(e.Shutdown(e.ctx))
	if _, err := e.CodeLens(e.ctx, &protocol.CodeLensParams{TextDocument: e.id("slides/intro.md")}); errorCode(err) != -32600 {
		t.Errorf("after shutdown: %v", err)
	}
	e.check(e.Exit(e.ctx))
	if err := e.ended(); err != nil {
		t.Errorf("after shutdown and exit: %v", err)
	}
}

func TestExitWithoutShutdown(t *testing.T) {
	e := edit(t, course)
	e.open("slides/intro.md")
	e.check(e.Exit(e.ctx))
	if err := e.ended(); !errors.Is(err, ErrNoShutdown) {
		t.Error(err)
	}
}

func TestClientGone(t *testing.T) {
	e := edit(t, course)
	e.in.Close()
	if err := e.ended(); !errors.Is(err, ErrNoShutdown) {
		t.Error(err)
	}
}

func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in, client := io.Pipe()
	done := make(chan error)
	go func() { done <- Serve(ctx, in, io.Discard, Options{Repository: repository}) }()
	cancel()
	client.Close()
	if err := <-done; !errors.Is(err, ErrNoShutdown) {
		t.Error(err)
	}
}

// gate is a file system whose reads can be blocked.
type gate struct {
	fs.FS
	entered chan struct{}
	leave   chan struct{}
}

func (g gate) Open(name string) (fs.File, error) {
	if strings.HasSuffix(name, "held.md") {
		select {
		case g.entered <- struct{}{}:
		default:
		}
		<-g.leave
	}
	return g.FS.Open(name)
}

// TestCancel cancels a request that waits for a deck to be read. Meanwhile others are answered, and
// edits are accepted.
func TestCancel(t *testing.T) {
	entered, leave := make(chan struct{}, 1), make(chan struct{})
	e := connect(t, write(t, course+"-- held.md --\n"), func(base fs.FS) fs.FS { return gate{base, entered, leave} })
	e.initialize()
	e.open("d.md", "@@INCLUDE[held.md]\n.exercise[\n```ba")
	<-entered
	ctx, cancel := context.WithCancel(e.ctx)
	answered := make(chan error)
	go func() {
		_, err := e.DocumentSymbol(ctx, &protocol.DocumentSymbolParams{TextDocument: e.id("d.md")})
		answered <- err
	}()
	e.replace("d.md", 2, 2, 5, 2, 5, "s")
	list, err := e.Completion(e.ctx, &protocol.CompletionParams{TextDocumentPositionParams: e.at("d.md", 2, 6)})
	e.check(err)
	if len(list.Items) == 0 {
		t.Error("no completion while a deck is read")
	}
	cancel()
	if err := <-answered; err == nil {
		t.Error("the request was not cancelled")
	}
	close(leave)
	if got := e.diagnostics("d.md", 2); !strings.Contains(got, "unclosed") {
		t.Error(got)
	}
}

// TestCancelledCode checks the error code of a cancelled request.
func TestCancelledCode(t *testing.T) {
	entered, leave := make(chan struct{}, 1), make(chan struct{})
	dir := write(t, "-- held.md --\n")
	in, client := io.Pipe()
	server, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := Serve(t.Context(), in, out, Options{Repository: repository, wrap: func(base fs.FS) fs.FS { return gate{base, entered, leave} }})
		out.Close()
		done <- err
	}()
	wire := newWire(server, client)
	send := func(format string, args ...any) {
		if err := wire.Send(fmt.Appendf(nil, format, args...)); err != nil {
			t.Error(err)
		}
	}
	uri := uriOf(filepath.Join(dir, "d.md"))
	send(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}`)
	if _, err := wire.read(); err != nil {
		t.Fatal(err)
	}
	send(`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":%q,"text":"@@INCLUDE[held.md] .exercise["}}}`, uri)
	<-entered
	for _, id := range []string{`7`, `"seven"`} {
		send(`{"jsonrpc":"2.0","id":%s,"method":"textDocument/codeLens","params":{"textDocument":{"uri":%q}}}`, id, uri)
		send(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":%s}}`, id)
		msg, err := wire.read()
		if err != nil || !strings.Contains(string(msg), `"id":`+id) || !strings.Contains(string(msg), `"code":-32800`) {
			t.Errorf("%s %v", msg, err)
		}
	}
	close(leave)
	client.Close()
	go io.Copy(io.Discard, server)
	if err := <-done; !errors.Is(err, ErrNoShutdown) {
		t.Error(err)
	}
}

// TestMalformed sends invalid messages. The server answers them if possible, and ends the
// conversation if it does not know where the next message begins.
func TestMalformed(t *testing.T) {
	frame := func(body string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body) }
	begin := frame(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}`)
	end := frame(`{"jsonrpc":"2.0","id":9,"method":"shutdown"}`) + frame(`{"jsonrpc":"2.0","method":"exit"}`)
	tests := []struct{ name, in, answer, err string }{
		{"nothing", "", "", ErrNoShutdown.Error()},
		{"orderly", begin + end, `"id":9`, ""},
		{"a header of another kind", "Content-Type: application/vscode-jsonrpc; charset=utf8\r\n" + begin + end, `"id":9`, ""},
		{"no JSON", begin + frame("{") + end, `"code":-32700`, ""},
		{"no object", begin + frame("17") + end, `"code":-32`, ""},
		{"no version", begin + frame(`{"id":2,"method":"shutdown"}`) + end, `"code":-32600`, ""},
		{"an empty message", begin + frame("") + end, `"code":-32700`, ""},
		{"invalid UTF-8", begin + frame("{\"\xff\":1}") + end, `"code":-32`, ""},
		{"no header", "GET / HTTP/1.1\r\n\r\n", "", `read from the client: no header: "GET / HTTP/1.1"`},
		{"no length", "X: y\r\n\r\n{}", "", "read from the client: a message without Content-Length"},
		{"a length that is none", "Content-Length: -5\r\n\r\n{}", "", `read from the client: a message of "-5" bytes: at most 67108864 are read`},
		{
			"a length beyond all", "Content-Length: 99999999999999\r\n\r\n{}", "",
			`read from the client: a message of "99999999999999" bytes: at most 67108864 are read`,
		},
		{"a header without end", strings.Repeat("x", 10_000), "", "read from the client: a header line of more than 4096 bytes"},
		{"cut in the header", "Content-Le", "", "read from the client: unexpected EOF"},
		{"cut in the message", "Content-Length: 10\r\n\r\n{}", "", "read from the client: unexpected EOF"},
		{"exit as a request", begin + frame(`{"jsonrpc":"2.0","id":3,"method":"exit"}`) + end, `"code":-32600`, ""},
		{"exit in a version that is none", begin + frame(`{"id":9,"jsonrpc":"2.0","method":"shutdown"}`) +
			frame(`{"jsonrpc":">.0","method":"exit"}`), `"id":9`, ""},
		{
			"exit in a batch", begin + frame(`[{"jsonrpc":"2.0","id":9,"method":"shutdown"},{"jsonrpc":"2.0","method":"exit"}]`) + end, `"id":9`,
			"",
		},
		{"more behind exit", begin + end + "garbage", `"id":9`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			err := Serve(t.Context(), strings.NewReader(tt.in), &out, Options{Repository: repository})
			if got := fmt.Sprint(err); got != tt.err && (tt.err != "" || err != nil) {
				t.Errorf("%v, want %s", err, tt.err)
			}
			if !strings.Contains(out.String(), tt.answer) {
				t.Errorf("answers %q", out.String())
			}
		})
	}
}

// FuzzServe feeds a server with arbitrary input: it must end, and its answers must be framed.
func FuzzServe(f *testing.F) {
	for _, body := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"rootUri":"file:///nowhere"}}`,
		`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"untitled:a","text":".exercise[\n"}}}`,
		`{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"untitled:a"},"contentChanges":[` +
			`{"range":{"start":{"line":-1,"character":9},"end":{"line":0,"character":-3}},"text":"x"}]}}`,
		`{"jsonrpc":"2.0","id":2,"method":"textDocument/hover",` +
			`"params":{"textDocument":{"uri":"untitled:a"},"position":{"line":-7,"character":-1}}}`,
		`{"jsonrpc":"2.0","id":3,"method":"textDocument/completion",` +
			`"params":{"textDocument":{"uri":"untitled:a"},"position":{"line":1,"character":99}}}`,
		`{"jsonrpc":"2.0","id":3,"method":"exit"}`,
		`{"jsonrpc":">.0","method":"exit"}`,
		`[{"jsonrpc":"2.0","method":"exit"}]`,
		`[]`,
	} {
		f.Add(body, body)
	}
	const begin = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}`
	f.Fuzz(func(t *testing.T, one, two string) {
		var in bytes.Buffer
		w := newWire(nil, &in)
		for _, body := range []string{begin, one, two} {
			if err := w.Send([]byte(body)); err != nil {
				t.Fatal(err)
			}
		}
		var out bytes.Buffer
		_ = Serve(t.Context(), &in, &out, Options{Repository: repository})
		answers := &wire{in: bufio.NewReader(&out)}
		for {
			if _, err := answers.read(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
	})
}
