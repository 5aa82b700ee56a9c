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

// Options of an engine. Only Executable has no useful zero value.
type Options struct {
	// Executable is the multi-call binary behind the image "workshop": it is
	// started with one of Commands as its name.
	Executable string
	// Commands are the names that Executable answers to.
	Commands []string
	// Env is the base environment of all processes, under an image's own. Nothing
	// else is inherited; without PATH in it there is a usual one.
	Env []string
	// State is a directory for logs and images. What the engine makes there is
	// removed at the end. "" is a temporary directory.
	State string
	// LogSize bounds the log of a container in bytes; the oldest lines are
	// dropped. 0 means 10 MB.
	LogSize int64
	// Log receives what happens beside the API. nil discards it.
	Log *slog.Logger
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

	closing chan struct{}  // closed when Close begins
	tasks   sync.WaitGroup // goroutines other than those of the HTTP server
	conns   connections    // hijacked and forwarded

	// mu guards everything below and the mutable fields of what it holds.
	mu         sync.Mutex
	closed     bool
	containers map[string]*container // by id
	images     map[string]*image     // by id
	tags       map[string]*image     // by repository:tag
	networks   map[string]*network   // by id
	volumes    map[string]*volume    // by name
	execs      map[string]*execution // by id
	events     eventLog
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
	e := &Engine{
		opts: opts, state: state, lock: lock, log: opts.Log, id: newID(),
		start:      newSpawner(),
		closing:    make(chan struct{}),
		containers: map[string]*container{},
		images:     map[string]*image{},
		tags:       map[string]*image{},
		networks:   map[string]*network{},
		volumes:    map[string]*volume{},
		execs:      map[string]*execution{},
	}
	e.table = e.routes()
	e.addDefaultNetworks()
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
			c.output.end() // whoever waits for a container that was never started
		}
	}
	for _, x := range e.execs {
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
	return errors.Join(os.RemoveAll(e.state), e.lock.Close())
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

// newID returns an identifier as Docker's are: 64 hexadecimal digits.
func newID() string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// short is the form of an id that people see.
func short(id string) string { return id[:12] }

// connections are those that outlive the handler or goroutine that opened them
// unless they are closed from here.
type connections struct {
	mu     sync.Mutex
	open   map[io.Closer]bool
	closed bool
}

// add reports whether c may be used; once the engine is closing it is closed at
// once.
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
