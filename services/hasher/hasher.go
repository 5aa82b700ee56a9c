// Package hasher is the hash service of the sample application. POST / answers the SHA-256 of the
// body in hexadecimal. It is slow, but serves any number of clients at once.
package hasher

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// work is the time to compute a hash.
const work = 100 * time.Millisecond

// Serve answers on l until ctx is done, logs requests to w and closes l.
func Serve(ctx context.Context, l net.Listener, hostname string, w io.Writer) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "HASHER running on %s\n", hostname)
	})
	mux.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) {
		timer := time.NewTimer(work)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			panic(http.ErrAbortHandler) // no answer, rather than an empty one
		}
		hash := sha256.New()
		if _, err := io.Copy(hash, r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/plain;charset=utf-8")
		io.WriteString(w, hex.EncodeToString(hash.Sum(nil))) // an error means that the client has disconnected
	})

	var conns sync.WaitGroup
	server := &http.Server{
		Handler:           logged(mux, log.New(w, "", 0)),
		ErrorLog:          log.New(io.Discard, "", 0),
		ReadHeaderTimeout: 10 * time.Second,
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				conns.Add(1)
			case http.StateClosed:
				conns.Done()
			}
		},
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	err := server.Serve(l)
	if ctx.Err() != nil {
		err = nil
	}
	conns.Wait()
	return err
}

// logged logs each request in the Common Log Format with its duration in seconds, like Rack.
func logged(next http.Handler, logger *log.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		response := &response{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(response, r)
		client, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			client = "127.0.0.1" // no TCP, so the client is on this machine
		}
		now := time.Now()
		logger.Printf("%s - - [%s] %q %d %d %.4f", client, now.UTC().Format("02/Jan/2006:15:04:05 -0700"),
			r.Method+" "+r.RequestURI+" "+r.Proto, response.status, response.bytes, now.Sub(start).Seconds())
	})
}

// response remembers the status and the length of the body.
type response struct {
	http.ResponseWriter
	status, bytes int
}

func (r *response) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *response) Write(p []byte) (int, error) {
	n, err := r.ResponseWriter.Write(p)
	r.bytes += n
	return n, err
}
