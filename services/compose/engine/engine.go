package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options of an engine. Only Executable is required.
type Options struct {
	// Executable is the multi-call binary in the image "workshop". It is started with one of
	// Commands as its name.
	Executable string
	// Commands are the names of the programs in Executable.
	Commands []string
	// Env is the base environment of all processes, below an image's own. Nothing else is
	// inherited. Without a PATH in it there is a default one.
	Env []string
	// State is a directory for logs and images. The engine removes its files in it at the end. ""
	// is a temporary directory.
	State string
	// LogSize bounds the log of a container in bytes; the oldest lines are dropped. 0 means 10 MB.
	LogSize int64
	// Fault goes wrong with the containers of a service; nil: nothing.
	Fault *Fault
	// Observe writes what passes to a file in State, see [SightingsFile].
	Observe bool
	// Network gives each container a network of its own, where the system allows it: addresses,
	// and names that every program resolves. Else containers share the engine's.
	Network bool
	// Log receives events outside the API. nil discards them.
	Log *slog.Logger

	shared error // the reason why a network that was asked for cannot be had
}

// Engine is a container engine. It is an [http.Handler] and serves any number of
// listeners.
type Engine struct {
	opts  Options
	state string // the engine's own directory
	lock  *os.File
	log   *slog.Logger
	start *spawner
	id    string
	table []route

	faults  *faults
	places  *places // nil if containers share the engine's network
	groups  *groups
	closing chan struct{}  // closed when Close begins
	tasks   sync.WaitGroup // goroutines other than those of the HTTP server
	conns   connections    // hijacked and forwarded

	// These have locks of their own, which are taken after mu.
	images   *images
	networks *networks
	volumes  *volumes
	execs    *execs
	events   *eventLog

	// mu guards the fields below and the mutable ones of containers and execs.
	mu         sync.Mutex
	closed     bool
	containers map[string]*container // by id
}

// New returns an engine. It must be closed.
func New(opts Options) (*Engine, error) {
	if opts.Executable == "" {
		return nil, errors.New("the engine needs an executable for its base image")
	}
	if opts.LogSize <= 0 {
		opts.LogSize = 10 << 20
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	state, lock, err := newState(opts.State)
	if err != nil {
		return nil, err
	}
	faults, err := newFaults(opts)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(state), lock.Close())
	}
	events := &eventLog{}
	e := &Engine{
		opts: opts, state: state, lock: lock, log: opts.Log, id: newID(),
		start:      newSpawner(),
		faults:     faults,
		groups:     newGroups(),
		closing:    make(chan struct{}),
		images:     &images{events: events, byID: map[string]*image{}, byTag: map[string]*image{}},
		networks:   newNetworks(events),
		volumes:    &volumes{events: events, dir: filepath.Join(state, "volumes"), byName: map[string]*volume{}},
		execs:      &execs{byID: map[string]*execution{}},
		events:     events,
		containers: map[string]*container{},
	}
	if opts.Network {
		e.places, e.opts.shared = newPlaces(e.start, e.path("names"))
	}
	e.table = e.routes()
	if err := e.addBaseImage(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// Serve answers requests on l until ctx ends or the engine is closed, and returns
// after the last handler. It closes l.
func (e *Engine) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           e,
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ErrorLog:          slog.NewLogLogger(e.log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 30 * time.Second,
	}
	over := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-ctx.Done():
		case <-e.closing:
		case <-over:
		}
		server.Close()
	}()
	err := server.Serve(l)
	close(over)
	<-stopped
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Close kills every process, closes every connection, waits for both and removes
// the engine's files. Further calls wait as well.
func (e *Engine) Close() error {
	e.mu.Lock()
	first := !e.closed
	e.closed = true
	if first {
		close(e.closing)
	}
	var running []*process
	for _, c := range e.containers {
		c.cancelRestart()
		if c.run != nil {
			running = append(running, c.run.process)
		}
		if !c.running() {
			c.output.end() // releases clients that wait for a container which was never started
		}
	}
	for _, x := range e.execs.all() {
		if x.process != nil {
			running = append(running, x.process)
		}
	}
	e.events.close()
	e.mu.Unlock()
	for _, p := range running {
		p.kill()
	}
	e.conns.close()
	e.tasks.Wait()
	if !first {
		return nil
	}
	e.start.close()
	if e.places != nil {
		e.places.close()
	}
	return errors.Join(e.faults.close(), os.RemoveAll(e.state), e.lock.Close())
}

// hold registers a task that Close waits for; false means that the engine is
// closed. The caller holds e.mu.
func (e *Engine) hold() bool {
	if e.closed {
		return false
	}
	e.tasks.Add(1)
	return true
}

// path of a file of the engine.
func (e *Engine) path(elem ...string) string {
	return filepath.Join(append([]string{e.state}, elem...)...)
}

// newID returns an identifier in Docker's form: 64 hexadecimal digits.
func newID() string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// short returns the form of an id that users see.
func short(id string) string { return id[:12] }

// connections are connections that outlive the handler or goroutine that opened them, unless they
// are closed from here.
type connections struct {
	mu     sync.Mutex
	open   map[io.Closer]bool
	closed bool
}

// add reports whether c may be used. When the engine is closing, it closes c.
func (cs *connections) add(c io.Closer) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.closed {
		c.Close()
		return false
	}
	if cs.open == nil {
		cs.open = map[io.Closer]bool{}
	}
	cs.open[c] = true
	return true
}

// remove closes c and forgets it.
func (cs *connections) remove(c io.Closer) {
	cs.mu.Lock()
	delete(cs.open, c)
	cs.mu.Unlock()
	c.Close()
}

func (cs *connections) close() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.closed = true
	for c := range cs.open {
		c.Close()
	}
}
