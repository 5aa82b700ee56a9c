// Package worker is the miner of the sample application: it requests random bytes and their hashes,
// and keeps those whose hash begins with a zero.
package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
)

const (
	work     = 100 * time.Millisecond // the duration of a unit of work besides the requests
	interval = time.Second            // the least time between two updates of the counter
	restart  = 10 * time.Second       // the pause after an error
)

// Config holds the resources of a worker.
type Config struct {
	Client *http.Client // must reach http://rng and http://hasher, with a new connection for each request
	Redis  *redis.Pool
	Log    io.Writer
}

// Run works until ctx is done. After an error it logs the error, waits ten seconds and starts
// again.
func Run(ctx context.Context, cfg Config) {
	w := worker{Config: cfg, log: log.New(cfg.Log, "", 0)}
	for {
		err := w.loop(ctx)
		if ctx.Err() != nil {
			return
		}
		w.log.Printf("ERROR:__main__:In work loop:\n%v", err)
		w.log.Print("ERROR:__main__:Waiting 10s and restarting.")
		if err := sleep(ctx, restart); err != nil {
			return
		}
	}
}

type worker struct {
	Config
	log *log.Logger
}

// loop does units of work until one fails, and counts them.
func (w *worker) loop(ctx context.Context) error {
	var deadline time.Time
	for done := 0; ; done++ {
		if now := time.Now(); now.After(deadline) {
			w.log.Printf("INFO:__main__:%d units of work done, updating hash counter", done)
			if _, err := w.store(ctx, "INCRBY", "hashes", done); err != nil {
				return err
			}
			done, deadline = 0, time.Now().Add(interval)
		}
		if err := w.unit(ctx); err != nil {
			return err
		}
	}
}

// unit does one unit of work.
func (w *worker) unit(ctx context.Context) error {
	if err := sleep(ctx, work); err != nil {
		return err
	}
	random, err := w.do(ctx, http.MethodGet, "http://rng/32", nil)
	if err != nil {
		return err
	}
	sum, err := w.do(ctx, http.MethodPost, "http://hasher/", random)
	if err != nil {
		return err
	}
	hash := string(sum)
	if !strings.HasPrefix(hash, "0") {
		return nil
	}
	w.log.Printf("INFO:__main__:Coin found: %.8s...", hash)
	created, err := w.store(ctx, "HSET", "wallet", hash, random)
	if err == nil && created == 0 {
		w.log.Print("INFO:__main__:We already had that coin")
	}
	return err
}

// store runs a command on Redis that answers a number.
func (w *worker) store(ctx context.Context, command string, args ...any) (int, error) {
	conn, err := w.Redis.GetContext(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return redis.Int(redis.DoContext(conn, ctx, command, args...))
}

// do makes a request and returns the body of the response.
func (w *worker) do(ctx context.Context, method, url string, body []byte) (_ []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/octet-stream")
	}
	response, err := w.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %s", method, url, response.Status)
	}
	return io.ReadAll(response.Body)
}

// sleep waits for d. It returns an error if ctx is done before.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
