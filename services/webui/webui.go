// Package webui is the web page of the sample application: a live graph of the
// hashes per second.
package webui

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gomodule/redigo/redis"
)

//go:embed page
var page embed.FS

// Serve answers on l until ctx is done, logs its start and its errors to w, and closes l.
//
// /json is a snapshot of the counters: the coins found, the hashes computed (a string as in Redis,
// or null before the first) and the time in seconds.
func Serve(ctx context.Context, l net.Listener, store *redis.Pool, w io.Writer) error {
	files, err := fs.Sub(page, "page")
	if err != nil {
		l.Close()
		return err
	}
	index, err := fs.ReadFile(files, "index.html")
	if err != nil {
		l.Close()
		return err
	}
	logger := log.New(w, "", 0)
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", http.RedirectHandler("/index.html", http.StatusFound))
	mux.HandleFunc("GET /index.html", func(w http.ResponseWriter, _ *http.Request) {
		// http.FileServer would redirect to / again.
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(index) // an error means that the client has disconnected
	})
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /json", func(w http.ResponseWriter, r *http.Request) {
		counters, err := read(r.Context(), store)
		if err != nil && r.Context().Err() == nil {
			logger.Printf("Redis error %v", err)
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		var answer any = counters
		if err != nil {
			answer = map[string]string{"error": "redis does not answer"}
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(answer) // an error means that the client has disconnected
	})

	var conns sync.WaitGroup
	server := &http.Server{
		Handler:           guarded(mux),
		ErrorLog:          log.New(io.Discard, "", 0),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
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
	logger.Print("WEBUI running on port 80") // within its container
	err = server.Serve(l)
	if ctx.Err() != nil {
		err = nil
	}
	conns.Wait()
	return err
}

// counters is the answer of /json.
type counters struct {
	Coins  int64   `json:"coins"`
	Hashes *string `json:"hashes"`
	Now    float64 `json:"now"` // seconds since 1970
}

func read(ctx context.Context, store *redis.Pool) (c counters, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("read counters: %w", err)
		}
	}()
	conn, err := store.GetContext(ctx)
	if err != nil {
		return c, err
	}
	defer conn.Close()
	if c.Coins, err = redis.Int64(redis.DoContext(conn, ctx, "HLEN", "wallet")); err != nil {
		return c, err
	}
	hashes, err := redis.String(redis.DoContext(conn, ctx, "GET", "hashes"))
	if err == nil {
		c.Hashes = &hashes
	} else if !errors.Is(err, redis.ErrNil) {
		return c, err
	}
	c.Now = float64(time.Now().UnixMilli()) / 1000
	return c, nil
}

// guarded allows the page to load only its own resources, and prevents framing.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy",
			"default-src 'none'; connect-src 'self'; img-src data:; script-src 'self'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}
