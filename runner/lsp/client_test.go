package lsp

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/rogpeppe/go-internal/txtar"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// editor is a client made with a library that shares no code with the server.
type editor struct {
	protocol.Client // methods that are not called
	protocol.Server
	t    *testing.T
	ctx  context.Context
	conn jsonrpc2.Conn
	dir  string
	in   io.WriteCloser // of the server
	done chan error     // the result of Serve

	published chan *protocol.PublishDiagnosticsParams
	last      map[string]*protocol.PublishDiagnosticsParams
	shown     chan string
	watching  chan []protocol.Registration
}

func (e *editor) PublishDiagnostics(ctx context.Context, p *protocol.PublishDiagnosticsParams) error {
	select {
	case e.published <- p:
	case <-ctx.Done():
	}
	return nil
}

func (e *editor) ShowMessage(_ context.Context, p *protocol.ShowMessageParams) error {
	e.shown <- p.Message
	return nil
}

func (e *editor) RegisterCapability(_ context.Context, p *protocol.RegistrationParams) error {
	e.watching <- p.Registrations
	return nil
}

// duplex is a stream of two pipes.
type duplex struct {
	io.Reader
	io.WriteCloser
}

// write creates a directory from an archive, as a repository of its own.
func write(t *testing.T, archive string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// repository returns the nearest directory with a .git, as the command does.
func repository(dir string) string {
	for d := dir; d != filepath.Dir(d); d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, ".git")); err == nil {
			return d
		}
	}
	return dir
}

// connect starts a server and a client of it, which is not initialized.
func connect(t *testing.T, dir string, wrap func(fs.FS) fs.FS) *editor {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	toServer, fromClient := io.Pipe()
	toClient, fromServer := io.Pipe()
	e := &editor{
		t: t, dir: dir, in: fromClient, done: make(chan error, 1),
		published: make(chan *protocol.PublishDiagnosticsParams, 1000), last: map[string]*protocol.PublishDiagnosticsParams{},
		shown: make(chan string, 10), watching: make(chan []protocol.Registration, 10),
	}
	go func() {
		err := Serve(ctx, toServer, fromServer, Options{Version: "test", Repository: repository, wrap: wrap})
		fromServer.Close()
		toServer.Close()
		e.done <- err
	}()
	e.ctx, e.conn, e.Server = protocol.NewClient(ctx, e, jsonrpc2.NewStream(duplex{toClient, fromClient}), zap.NewNop())
	t.Cleanup(func() {
		fromClient.Close()
		e.ended()
		e.conn.Close()
		<-e.conn.Done()
		cancel()
	})
	return e
}

// ended returns the result of Serve.
func (e *editor) ended() error {
	e.t.Helper()
	select {
	case err := <-e.done:
		e.done <- err
		return err
	case <-e.ctx.Done():
		e.t.Fatal("the server does not end")
		return nil
	}
}

// edit starts a server and initializes it with the archive's directory as workspace.
func edit(t *testing.T, archive string) *editor {
	t.Helper()
	e := connect(t, write(t, archive), nil)
	e.initialize()
	return e
}

func (e *editor) initialize() *protocol.InitializeResult {
	e.t.Helper()
	r, err := e.Initialize(e.ctx,
		&protocol.InitializeParams{WorkspaceFolders: []protocol.WorkspaceFolder{{URI: string(e.uri("")), Name: "w"}}})
	e.check(err)
	e.check(e.Initialized(e.ctx, &protocol.InitializedParams{}))
	return r
}

func (e *editor) check(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

func (e *editor) uri(name string) uri.URI { return uri.File(filepath.Join(e.dir, name)) }

// open opens a file with the saved text, or with another text.
func (e *editor) open(name string, text ...string) {
	e.t.Helper()
	if len(text) == 0 {
		b, err := os.ReadFile(filepath.Join(e.dir, name))
		e.check(err)
		text = []string{string(b)}
	}
	e.check(e.DidOpen(e.ctx, &protocol.DidOpenTextDocumentParams{TextDocument: protocol.TextDocumentItem{
		URI: e.uri(name), LanguageID: "markdown", Version: 1, Text: text[0],
	}}))
}

// replace replaces a range by a text.
func (e *editor) replace(name string, version int32, line1, char1, line2, char2 uint32, text string) {
	e.t.Helper()
	e.check(e.DidChange(e.ctx, &protocol.DidChangeTextDocumentParams{
		TextDocument: protocol.VersionedTextDocumentIdentifier{TextDocumentIdentifier: e.id(name), Version: version},
		ContentChanges: []protocol.TextDocumentContentChangeEvent{{
			Range: protocol.Range{Start: protocol.Position{Line: line1, Character: char1}, End: protocol.Position{Line: line2, Character: char2}},
			Text:  text,
		}},
	}))
}

func (e *editor) id(name string) protocol.TextDocumentIdentifier {
	return protocol.TextDocumentIdentifier{URI: e.uri(name)}
}

func (e *editor) at(name string, line, character uint32) protocol.TextDocumentPositionParams {
	return protocol.TextDocumentPositionParams{TextDocument: e.id(name), Position: protocol.Position{Line: line, Character: character}}
}

// diagnostics waits for the diagnostics of a version of a file, and returns them one per line. The
// version of a file that is not open is 0.
func (e *editor) diagnostics(name string, version uint32) string {
	e.t.Helper()
	key := string(e.uri(name))
	for e.last[key] == nil || e.last[key].Version < version {
		e.next()
	}
	return show(e.last[key].Diagnostics)
}

// next waits for the next diagnostics.
func (e *editor) next() *protocol.PublishDiagnosticsParams {
	e.t.Helper()
	select {
	case p := <-e.published:
		e.last[string(p.URI)] = p
		return p
	case <-e.ctx.Done():
		e.t.Fatal("no diagnostics arrive")
		return nil
	}
}

func show(list []protocol.Diagnostic) string {
	var b strings.Builder
	for _, d := range list {
		b.WriteString(showRange(d.Range) + " ")
		if d.Severity == protocol.DiagnosticSeverityWarning {
			b.WriteString("warning ")
		}
		code, _ := d.Code.(string)
		b.WriteString(code + ": " + d.Message + "\n")
	}
	return b.String()
}

// errorCode returns the code of a JSON-RPC error.
func errorCode(err error) jsonrpc2.Code {
	var e *jsonrpc2.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}
