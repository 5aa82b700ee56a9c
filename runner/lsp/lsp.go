// Package lsp is a language server for decks: mistakes while a deck is edited, the effect of
// steps, completion of directives, and links to files. It reads decks and executes nothing
// in them.
//
// The protocol is the Language Server Protocol 3.17 over a pair of streams, with positions
// in UTF-16. The open documents replace the saved files, also in manifests and includes.
// After a change the server reads the affected decks, once for all changes that have arrived
// meanwhile. Requests about the structure of a deck wait for that; requests about the text
// do not.
package lsp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"path/filepath"
	"reflect"
	"strings"
	"sync"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/handler"
)

// Options of a server. Repository must be set.
type Options struct {
	Version string
	// Repository returns the directory around another one that includes cannot leave.
	Repository func(dir string) string
	// Env looks up variables that override a manifest's keys. Nil means none.
	Env func(key string) (string, bool)
	// Docker is that of [lint.Input].
	Docker func(args []string, builds bool) string

	wrap func(fs.FS) fs.FS // for tests: wraps each directory
}

// ErrNoShutdown means that the client has gone, or has sent `exit`, without a shutdown request
// before.
var ErrNoShutdown = errors.New("the client has ended without a shutdown request")

// maxWaiting is the number of requests that may wait at the same time.
const maxWaiting = 1000

// commandName is the command of the code lenses. It shows the command line that checks an exercise,
// and runs nothing.
const commandName = "workshop.check"

// Error codes of the protocol in addition to those of JSON-RPC.
const (
	codeNotInitialized jrpc2.Code = -32002
	codeCancelled      jrpc2.Code = -32800
)

// Serve serves a client until it sends `exit`, its stream ends or ctx is done. The error is
// [ErrNoShutdown] if the client did not request a shutdown before, or an error of the stream. Serve
// waits for a Read of in that blocks.
func Serve(ctx context.Context, in io.Reader, out io.Writer, opts Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &server{
		opts: opts, docs: map[string]*document{}, dirty: map[string]bool{},
		poke: make(chan struct{}, 1), renewed: make(chan struct{}), current: &analysis{},
		cancels: map[string]context.CancelFunc{}, over: make(chan struct{}),
	}
	s.rpc = jrpc2.NewServer(&methods{s, s.methods()}, &jrpc2.ServerOptions{
		AllowPush: true, DisableBuiltin: true, NewContext: func() context.Context { return ctx },
		// Requests that wait for an analysis must not block the messages that cancel them.
		Concurrency: maxWaiting,
	})
	wire := newWire(in, out)
	wire.over = ctx.Done()
	wire.answered = func() { // all requests before the end
		select {
		case <-s.over:
		case <-ctx.Done():
		}
	}
	s.rpc.Start(wire)
	var analysing sync.WaitGroup
	var closed error
	analysing.Go(func() { closed = s.analyse(ctx) })
	err := s.rpc.Wait() // without Stop, which fails if a message arrives at that moment
	cancel()
	analysing.Wait()
	s.calls.Wait()
	switch {
	case err != nil:
		return fmt.Errorf("read from the client: %w", err)
	case s.phase != shutDown:
		return ErrNoShutdown
	}
	return closed
}

// phase is the phase of a conversation.
type phase int

const (
	waiting phase = iota
	running
	shutDown
)

// server is the state of a conversation.
type server struct {
	opts  Options
	rpc   *jrpc2.Server
	calls sync.WaitGroup // our calls to the client
	poke  chan struct{}  // signals a change

	mu      sync.Mutex
	phase   phase
	watches bool                 // the client can be asked to watch files
	docs    map[string]*document // the open documents, by path
	folders []string
	seq     int             // counts changes
	dirty   map[string]bool // paths that changed since the last analysis began
	rescan  bool
	current *analysis
	renewed chan struct{}                 // closed when current is replaced
	cancels map[string]context.CancelFunc // of the requests without an answer, by id
	leaving bool                          // no more messages are accepted
	left    bool                          // and all requests have been answered
	over    chan struct{}                 // closed when left is set
	started chan struct{}                 // closed when the first initialize has been answered; nil before it arrives
}

// methods finds the handlers of messages. It is called in the order of the messages, so that a
// request is known before a message that cancels it.
type methods struct {
	s     *server
	table handler.Map
}

func (m *methods) Assign(ctx context.Context, name string) jrpc2.Handler {
	handle := m.table.Assign(ctx, name)
	r := jrpc2.InboundRequest(ctx)
	if handle == nil || r.IsNotification() {
		return handle
	}
	ctx, cancel := context.WithCancel(ctx)
	id := r.ID()
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	m.s.cancels[id] = cancel
	if name == "initialize" && m.s.started == nil {
		m.s.started = make(chan struct{})
		handle = then(handle, func() { close(m.s.started) })
	}
	return func(inner context.Context, r *jrpc2.Request) (any, error) {
		defer context.AfterFunc(inner, cancel)()
		defer m.s.answer(id)
		return handle(ctx, r)
	}
}

// then returns a handler that calls done at its end.
func then(handle jrpc2.Handler, done func()) jrpc2.Handler {
	return func(ctx context.Context, r *jrpc2.Request) (any, error) {
		defer done()
		return handle(ctx, r)
	}
}

// answer removes an answered request.
func (s *server) answer(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancels[id]()
	delete(s.cancels, id)
	s.leave()
}

// leave ends the conversation if no request is pending; the lock is held.
func (s *server) leave() {
	if s.leaving && !s.left && len(s.cancels) == 0 {
		s.left = true
		close(s.over)
	}
}

// exit is the last message.
func (s *server) exit(_ context.Context, r *jrpc2.Request) (any, error) {
	if !r.IsNotification() {
		return nil, &jrpc2.Error{Code: jrpc2.InvalidRequest, Message: "exit is a notification"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaving = true
	s.leave()
	return nil, nil
}

func (s *server) methods() handler.Map {
	return handler.Map{
		"initialize":  first(s),
		"initialized": request(s, s.initialized),
		"shutdown":    request(s, s.shutdown),
		"exit":        s.exit,
		// Notifications are handled in their order, before later messages.
		"$/cancelRequest":                     notification(s, s.cancelRequest),
		"$/setTrace":                          ignored(),
		"textDocument/didOpen":                notification(s, s.didOpen),
		"textDocument/didChange":              notification(s, s.didChange),
		"textDocument/didClose":               notification(s, s.didClose),
		"textDocument/didSave":                notification(s, s.didSave),
		"workspace/didChangeWatchedFiles":     notification(s, s.didChangeWatchedFiles),
		"workspace/didChangeWorkspaceFolders": notification(s, s.didChangeFolders),
		"workspace/didChangeConfiguration":    ignored(),
		"textDocument/hover":                  request(s, s.hover),
		"textDocument/completion":             request(s, s.completion),
		"textDocument/definition":             request(s, s.definition),
		"textDocument/documentSymbol":         request(s, s.documentSymbol),
		"textDocument/codeLens":               request(s, s.codeLens),
		"textDocument/codeAction":             request(s, s.codeAction),
		"workspace/executeCommand":            request(s, s.executeCommand),
	}
}

func ignored() jrpc2.Handler {
	return func(context.Context, *jrpc2.Request) (any, error) { return nil, nil }
}

// request handles a request during the conversation.
func request[P, R any](s *server, f func(context.Context, P) (R, error)) jrpc2.Handler {
	return func(ctx context.Context, r *jrpc2.Request) (any, error) {
		switch s.at(ctx) {
		case waiting:
			return nil, &jrpc2.Error{Code: codeNotInitialized, Message: "not initialized"}
		case shutDown:
			return nil, &jrpc2.Error{Code: jrpc2.InvalidRequest, Message: "shut down"}
		}
		return call(ctx, r, f)
	}
}

// at returns the current phase; it waits for an earlier initialize.
func (s *server) at(ctx context.Context) phase {
	s.mu.Lock()
	defer s.mu.Unlock()
	if started := s.started; started != nil {
		s.mu.Unlock()
		select {
		case <-started:
		case <-ctx.Done():
		}
		s.mu.Lock()
	}
	return s.phase
}

// call calls a handler with the parameters of a request.
func call[P, R any](ctx context.Context, r *jrpc2.Request, f func(context.Context, P) (R, error)) (any, error) {
	var params P
	if r.HasParams() {
		if err := r.UnmarshalParams(&params); err != nil {
			return nil, err
		}
	}
	result, err := f(ctx, params)
	if ctx.Err() != nil {
		return nil, &jrpc2.Error{Code: codeCancelled, Message: "cancelled"}
	}
	if err != nil {
		return nil, err
	}
	if v := reflect.ValueOf(result); v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, nil // null, and not a pointer of a type
	}
	return result, nil
}

// notification handles a notification. It is dropped in the wrong phase.
func notification[P any](s *server, f func(P)) jrpc2.Handler {
	return request(s, func(_ context.Context, params P) (any, error) {
		f(params)
		return nil, nil
	})
}

// first handles the request that begins a conversation, once.
func first(s *server) jrpc2.Handler {
	return func(ctx context.Context, r *jrpc2.Request) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.phase != waiting {
			return nil, &jrpc2.Error{Code: jrpc2.InvalidRequest, Message: "initialized already"}
		}
		result, err := call(ctx, r, s.initialize)
		if err == nil {
			s.phase = running
		}
		return result, err
	}
}

// initialize is called with the lock held.
func (s *server) initialize(_ context.Context, p initializeParams) (initializeResult, error) {
	if len(p.WorkspaceFolders) == 0 && p.RootURI != "" {
		p.WorkspaceFolders = []folder{{p.RootURI}}
	}
	s.addFolders(p.WorkspaceFolders)
	s.watches = p.Capabilities.Workspace.DidChangeWatchedFiles.DynamicRegistration
	c := capabilities{
		PositionEncoding: "utf-16",
		TextDocumentSync: syncOptions{OpenClose: true, Change: incremental},
		HoverProvider:    true, DefinitionProvider: true, DocumentSymbolProvider: true,
		CodeActionProvider:     codeActionOptions{[]string{"quickfix"}},
		CompletionProvider:     completionOptions{[]string{"`", " "}},
		ExecuteCommandProvider: commandOptions{[]string{commandName}},
	}
	c.Workspace.WorkspaceFolders.Supported = true
	c.Workspace.WorkspaceFolders.ChangeNotifications = true
	return initializeResult{c, serverInfo{"workshop", s.opts.Version}}, nil
}

func (s *server) addFolders(folders []folder) {
	for _, f := range folders {
		if path := pathOf(f.URI); filepath.IsAbs(path) {
			s.folders = append(s.folders[:len(s.folders):len(s.folders)], path)
		}
	}
}

// initialized asks the client to report changes of files outside the editor.
func (s *server) initialized(ctx context.Context, _ struct{}) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watches {
		s.calls.Go(func() { // the answer arrives on the stream that this handler blocks
			_, _ = s.rpc.Callback(ctx, "client/registerCapability", registrationParams{[]registration{{
				ID: "decks", Method: "workspace/didChangeWatchedFiles",
				RegisterOptions: watchOptions{[]watcher{{"**/*.md"}, {"**/*.yml"}, {"**/*.yaml"}}},
			}}})
		})
	}
	return nil, nil
}

func (s *server) shutdown(context.Context, struct{}) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase = shutDown
	return nil, nil
}

func (s *server) cancelRequest(p cancelParams) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel := s.cancels[string(p.ID)]; cancel != nil {
		cancel()
	}
}

// changed records a change; the lock is held. Changes before the next analysis are handled
// together.
func (s *server) changed(path string, rescan bool) {
	s.seq++
	s.rescan = s.rescan || rescan
	if path != "" {
		s.dirty[path] = true
	}
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

func (s *server) didOpen(p didOpenParams) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := pathOf(p.TextDocument.URI)
	doc := newDocument(p.TextDocument.URI, path, p.TextDocument.Version, p.TextDocument.Text)
	doc.open = true
	s.docs[path] = doc
	s.changed(path, isManifest(path))
}

func (s *server) didChange(p didChangeParams) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := pathOf(p.TextDocument.URI)
	if doc := s.docs[path]; doc != nil {
		s.docs[path] = doc.edit(p.TextDocument.Version, p.ContentChanges)
		s.changed(path, false)
	}
}

func (s *server) didClose(p documentParams) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := pathOf(p.TextDocument.URI)
	delete(s.docs, path)
	s.changed(path, isManifest(path))
}

func (s *server) didSave(p documentParams) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := pathOf(p.TextDocument.URI)
	s.changed(path, isManifest(path))
}

func (s *server) didChangeWatchedFiles(p watchedParams) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range p.Changes {
		s.changed(pathOf(c.URI), true)
	}
}

func (s *server) didChangeFolders(p foldersParams) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var kept []string
	for _, f := range s.folders {
		gone := false
		for _, r := range p.Event.Removed {
			gone = gone || pathOf(r.URI) == f
		}
		if !gone {
			kept = append(kept, f)
		}
	}
	s.folders = kept
	s.addFolders(p.Event.Added)
	s.changed("", true)
}

// analyse reads decks after each change, until ctx is done.
func (s *server) analyse(ctx context.Context) error {
	w := newWorkspace(s.opts)
	published := map[string][]diagnostic{}
	for {
		select {
		case <-ctx.Done():
			return w.close()
		case <-s.poke:
		}
		s.mu.Lock()
		snap := snapshot{seq: s.seq, open: maps.Clone(s.docs), folders: s.folders, dirty: s.dirty, rescan: s.rescan}
		s.dirty, s.rescan = map[string]bool{}, false
		s.mu.Unlock()
		a := w.analyse(snap)
		s.mu.Lock()
		s.current = a
		close(s.renewed)
		s.renewed = make(chan struct{})
		s.mu.Unlock()
		published = s.publish(ctx, a, published)
	}
}

// publish sends the client the changed diagnostics of files.
func (s *server) publish(ctx context.Context, a *analysis, before map[string][]diagnostic) map[string][]diagnostic {
	now := a.diagnostics()
	send := func(path string, list []diagnostic) {
		p := publishParams{URI: uriOf(path), Diagnostics: list}
		if doc := a.open[path]; doc != nil {
			p.URI, p.Version = doc.uri, &doc.version
		}
		_ = s.rpc.Notify(ctx, "textDocument/publishDiagnostics", p) // an error means that the client has gone
	}
	for path, list := range now {
		// Diagnostics of open documents are sent each time, so that the client learns their
		// version.
		if a.open[path] != nil && a.dirty[path] || !reflect.DeepEqual(before[path], list) {
			send(path, list)
		}
	}
	for path, list := range before {
		if _, ok := now[path]; !ok && len(list) > 0 {
			send(path, []diagnostic{})
		}
	}
	return now
}

// await returns the analysis of the client's current text, and the document in it.
func (s *server) await(ctx context.Context, uri string) (*analysis, *document, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path, seq := pathOf(uri), s.seq
	for s.current.seq < seq {
		renewed := s.renewed
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			s.mu.Lock()
			return nil, nil, ctx.Err()
		case <-renewed:
		}
		s.mu.Lock()
	}
	doc := s.current.open[path]
	if doc == nil {
		return nil, nil, &jrpc2.Error{Code: jrpc2.InvalidParams, Message: "not open: " + uri}
	}
	return s.current, doc, nil
}

func (s *server) hover(ctx context.Context, p positionParams) (*hoverResult, error) {
	a, doc, err := s.await(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	return a.hover(doc, doc.offset(p.Position)), nil
}

func (s *server) completion(_ context.Context, p positionParams) (completionList, error) {
	s.mu.Lock()
	doc := s.docs[pathOf(p.TextDocument.URI)]
	s.mu.Unlock()
	if doc == nil {
		return completionList{Items: []completionItem{}}, nil
	}
	return completionList{Items: complete(doc, doc.offset(p.Position))}, nil
}

func (s *server) definition(ctx context.Context, p positionParams) (*location, error) {
	a, doc, err := s.await(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	return a.definition(doc, doc.offset(p.Position)), nil
}

func (s *server) documentSymbol(ctx context.Context, p documentParams) ([]symbol, error) {
	a, doc, err := s.await(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	return a.symbols(doc), nil
}

func (s *server) codeLens(ctx context.Context, p documentParams) ([]codeLens, error) {
	a, doc, err := s.await(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	return a.lenses(doc), nil
}

func (s *server) codeAction(ctx context.Context, p codeActionParams) ([]codeAction, error) {
	a, doc, err := s.await(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	return a.actions(doc, p.Range), nil
}

// executeCommand shows the command line that checks an exercise, and returns it.
func (s *server) executeCommand(ctx context.Context, p commandParams) (string, error) {
	if p.Command != commandName || len(p.Arguments) != 2 {
		return "", &jrpc2.Error{Code: jrpc2.InvalidParams, Message: "unknown command, or not its arguments: " + p.Command}
	}
	line := "workshop check --exercise " + quoted(p.Arguments[0]) + " " + quoted(p.Arguments[1])
	return line, s.rpc.Notify(ctx, "window/showMessage", messageParams{messageInfo, line})
}

// quoted quotes a word for a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// pathOf returns the path of a file's URI; any other URI is returned unchanged.
func pathOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" || !strings.HasPrefix(u.Path, "/") {
		return uri
	}
	return filepath.Clean(u.Path)
}

// uriOf returns the URI of a path.
func uriOf(path string) string {
	if !filepath.IsAbs(path) {
		return path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}
