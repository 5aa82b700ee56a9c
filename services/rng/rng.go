// Package rng is the random number generator of the sample application. GET /32 answers 32 random
// bytes. It is slow, and serves one client at a time.
package rng

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// work is the time to make random bytes.
	work = 100 * time.Millisecond
	// maxBytes bounds one request.
	maxBytes = 1 << 30
	// patience is the time that a client may delay the others before it sends its request. Without
	// it, the spare connections of browsers would stop the application.
	patience = time.Second
)

// Serve answers on l until ctx is done, logs requests to w and closes l.
//
// Every request, including / and HEAD, is answered in the order of the connections: one after the
// other, and each on its own connection. This is the bottleneck of the sample application.
func Serve(ctx context.Context, l net.Listener, hostname string, w io.Writer) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "RNG running on %s\n", hostname)
	})
	mux.HandleFunc("GET /{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.ParseUint(r.PathValue("n"), 10, 64)
		if err != nil || n > maxBytes {
			http.NotFound(w, r)
			return
		}
		// A client that has disconnected takes as long as any other.
		timer := time.NewTimer(work)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.FormatUint(n, 10))
		if r.Method != http.MethodHead {
			_, _ = io.CopyN(w, rand.Reader, int64(n)) // an error means that the client has disconnected
		}
	})

	var conns sync.WaitGroup
	server := &http.Server{
		Handler:           logged(mux, log.New(w, "", 0)),
		ErrorLog:          log.New(io.Discard, "", 0),
		ReadHeaderTimeout: patience,
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				conns.Add(1)
			case http.StateClosed:
				conns.Done()
			}
		},
	}
	server.SetKeepAlivesEnabled(false)
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	err := server.Serve(newQueue(l))
	if ctx.Err() != nil {
		err = nil
	}
	conns.Wait()
	return err
}

// logged logs each request like the development server of Flask.
func logged(next http.Handler, logger *log.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		response := &response{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(response, r)
		client, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			client = "127.0.0.1" // no TCP, so the client is on this machine
		}
		logger.Printf("%s - - [%s] %q %d -", client, time.Now().UTC().Format("02/Jan/2006 15:04:05"),
			r.Method+" "+r.RequestURI+" "+r.Proto, response.status)
	})
}

// response records the status.
type response struct {
	http.ResponseWriter
	status int
}

func (r *response) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// queue is a listener that accepts a connection when the previous one has been closed. Waiting
// connections are in the system's queue, in the order of their arrival.
type queue struct {
	net.Listener
	turn      chan struct{} // holds a token when no client is being served
	closed    chan struct{}
	closeOnce sync.Once
}

func newQueue(l net.Listener) *queue {
	q := &queue{Listener: l, turn: make(chan struct{}, 1), closed: make(chan struct{})}
	q.turn <- struct{}{}
	return q
}

func (q *queue) Accept() (net.Conn, error) {
	select {
	case <-q.turn:
	case <-q.closed:
		return nil, net.ErrClosed
	}
	conn, err := q.Listener.Accept()
	if err != nil {
		q.turn <- struct{}{}
		return nil, err
	}
	return &served{Conn: conn, done: sync.OnceFunc(func() { q.turn <- struct{}{} })}, nil
}

func (q *queue) Close() error {
	q.closeOnce.Do(func() { close(q.closed) })
	return q.Listener.Close()
}

// served is the connection that is being served.
type served struct {
	net.Conn
	done func()
}

func (s *served) Close() error {
	err := s.Conn.Close()
	s.done()
	return err
}
