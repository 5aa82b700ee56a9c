// Package guard is a proxy between one session and a real container engine. It forwards
// the Docker Engine API. It ensures that nothing which the session creates there is left
// behind, and that no object of anybody else is overwritten:
//
//   - every object that any client creates through it gets a label;
//   - when its standard input ends, which happens however the runner dies, it removes
//     all objects with that label, and ends;
//   - objects of an earlier guard that was killed are removed when the next one starts;
//   - images FROM workshop, and those FROM scratch that only copy files, are built here
//     and loaded into the engine as an archive, without a registry and without the
//     engine's builder;
//   - an image name of somebody else is not moved to another image.
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
	Executable string   // the program in the image "workshop": a static binary for Linux
	Commands   []string // the names of its commands
}

// Ready is the line that a guard writes when the engine can be used. If it writes another line
// first, that is the reason why the engine cannot be used.
const Ready = "ready"

// Main runs a guard until the end of stdin or of ctx, and returns its exit status. It serves the
// listener in descriptor 3. It is a process of its own: the goroutine that reads stdin ends with
// the process.
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
		_, _ = io.Copy(io.Discard, stdin) // only its end matters
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

// Clean removes the objects of guards that have ended, as the next guard would.
func Clean(ctx context.Context, host string) error {
	r, err := dial(host)
	if err != nil {
		return err
	}
	defer r.close()
	return errors.Join(r.sweep(ctx), sweepStates())
}

// guard is a running guard.
type guard struct {
	*remote
	label   string // the label's value, unique to this guard
	state   string
	builder *engine.Engine // builds images; its containers are never started
	base    string         // id of the replacement of the image "workshop"
	proxy   *httputil.ReverseProxy
	server  *http.Server
	cut     context.CancelFunc // ends the streams
	busy    sync.WaitGroup     // requests that create objects
}

func start(ctx context.Context, host, project string, opts Options) (_ *guard, err error) {
	r, err := dial(host)
	if err != nil {
		return nil, err
	}
	g := &guard{remote: r, label: identity(os.Getpid())}
	kept := context.WithoutCancel(ctx) // for operations that must be completed
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

// close ends the connections, waits for the requests that create objects, and removes the objects.
func (g *guard) close(ctx context.Context) error {
	err := g.server.Close()
	g.cut()
	g.busy.Wait()
	return errors.Join(err, g.removeAll(ctx, g.label), g.release())
}

// release frees the guard's resources on this machine.
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

// errForeign means that an object on the engine belongs to somebody else.
type errForeign struct{ what string }

func (e *errForeign) Error() string {
	return e.what + ", which this run has not made and does not touch: remove or rename it first, or use the embedded engine"
}

// list joins a few names for a sentence.
func list(names []string) string {
	if len(names) > 3 {
		return strings.Join(names[:3], ", ") + fmt.Sprintf(" and %d more", len(names)-3)
	}
	return strings.Join(names, ", ")
}
