// Package guard stands between one session and a real container engine. It passes
// the Docker Engine API on, and sees to it that of what the session creates there
// nothing is left, and that nothing of anybody else's is overwritten:
//
//   - whatever is created through it, by whichever client, gets a label;
//   - when its standard input ends, as it does however the process at the other end
//     dies, it removes everything with that label, and ends;
//   - what an earlier guard left behind that was killed itself goes when the next
//     one starts;
//   - images FROM workshop, and those FROM scratch that only copy files, are made
//     here and loaded into the engine as an archive: no registry is asked, and no
//     builder either;
//   - a name of an image that is somebody else's is not given to another one.
package guard

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"workshop/services/compose/engine"
)

// Options of a guard.
type Options struct {
	Executable string   // behind the image "workshop": a static binary for Linux
	Commands   []string // the names that it answers to
}

// Ready is the line that a guard writes when the engine can be used. Anything else
// that it writes first is why it cannot.
const Ready = "ready"

// Main runs a guard until the end of stdin or of ctx, and returns its exit status. It
// serves the listener that it was handed as descriptor 3. It is a whole process: what
// reads stdin ends with that.
func Main(ctx context.Context, args []string, opts Options, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("guard", flag.ContinueOnError)
	flags.SetOutput(stderr)
	host := flags.String("host", "", "the engine, as in `DOCKER_HOST`")
	project := flags.String("project", "", "the `NAME` of the session's Compose project")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	f := os.NewFile(3, "listener")
	l, err := net.FileListener(f)
	f.Close()
	if err != nil {
		fmt.Fprintf(stdout, "the guard has no listener: %v\n", err)
		return 4
	}
	g, err := start(ctx, *host, *project, opts)
	if err != nil {
		l.Close()
		fmt.Fprintln(stdout, strings.ReplaceAll(err.Error(), "\n", "; "))
		return 4
	}
	fmt.Fprintln(stdout, Ready)
	served := make(chan error, 1)
	go func() { served <- g.serve(l) }()
	over := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, stdin) // its end is all that counts
		close(over)
	}()
	select {
	case <-over:
	case <-ctx.Done():
	}
	err = errors.Join(g.close(context.WithoutCancel(ctx)), <-served)
	if err != nil {
		fmt.Fprintf(stderr, "guard: %v\n", err)
		return 4
	}
	return 0
}

// Clean removes what a guard that is no more has left, as the next one would.
func Clean(ctx context.Context, host string) error {
	r, err := dial(host)
	if err != nil {
		return err
	}
	defer r.close()
	return errors.Join(r.sweep(ctx), sweepStates())
}

// guard is a guard at work.
type guard struct {
	*remote
	label   string // the value, this guard's own
	state   string
	builder *engine.Engine // makes images; its containers are never started
	base    string         // id of the image that stands for "workshop"
	proxy   *httputil.ReverseProxy
	server  *http.Server
	cut     context.CancelFunc // ends the streams
	busy    sync.WaitGroup     // requests that create something
}

func start(ctx context.Context, host, project string, opts Options) (_ *guard, err error) {
	r, err := dial(host)
	if err != nil {
		return nil, err
	}
	g := &guard{remote: r, label: identity(os.Getpid())}
	kept := context.WithoutCancel(ctx) // for what must not be cut short
	defer func() {
		if err != nil {
			err = errors.Join(err, g.release())
		}
	}()
	if err := r.check(ctx); err != nil {
		return nil, err
	}
	if err := checkExecutable(opts.Executable); err != nil {
		return nil, err
	}
	if err := errors.Join(r.sweep(ctx), sweepStates()); err != nil {
		return nil, err
	}
	if err := r.vacant(ctx, project); err != nil {
		return nil, err
	}
	if g.state, err = os.MkdirTemp("", statePattern()); err != nil {
		return nil, err
	}
	g.builder, err = engine.New(engine.Options{Executable: opts.Executable, Commands: opts.Commands, State: g.state})
	if err != nil {
		return nil, err
	}
	if err := g.loadBase(ctx); err != nil {
		err = errors.Join(err, g.removeAll(kept, g.label))
		return nil, fmt.Errorf("load the image workshop into the engine at %s: %w", r.host, err)
	}
	streams, cut := context.WithCancel(kept)
	g.cut = cut
	g.proxy = &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: "docker"})
			p.Out.Host = "docker"
		},
		Transport:     r.transport,
		FlushInterval: -1,
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, err error) { refuse(w, http.StatusBadGateway, err.Error()) },
	}
	g.server = &http.Server{
		Handler:           g,
		BaseContext:       func(net.Listener) context.Context { return streams },
		ReadHeaderTimeout: 30 * time.Second,
	}
	return g, nil
}

func (g *guard) serve(l net.Listener) error {
	if err := g.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// close ends the connections, waits for what is being created, and removes
// everything that was.
func (g *guard) close(ctx context.Context) error {
	err := g.server.Close()
	g.cut()
	g.busy.Wait()
	return errors.Join(err, g.removeAll(ctx, g.label), g.release())
}

// release frees what the guard has on this machine.
func (g *guard) release() error {
	var err error
	if g.builder != nil {
		err = g.builder.Close()
	}
	if g.cut != nil {
		g.cut()
	}
	g.remote.close()
	if g.state != "" {
		err = errors.Join(err, os.RemoveAll(g.state))
	}
	return err
}

// errForeign says that something on the engine is not the session's.
type errForeign struct{ what string }

func (e *errForeign) Error() string {
	return e.what + ", which this run has not made and does not touch: remove or rename it first, or use the embedded engine"
}

// list names a few things in a sentence.
func list(names []string) string {
	if len(names) > 3 {
		return strings.Join(names[:3], ", ") + fmt.Sprintf(" and %d more", len(names)-3)
	}
	return strings.Join(names, ", ")
}
