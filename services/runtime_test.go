package services

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	client "github.com/gomodule/redigo/redis"

	"workshop/services/redis"
)

// TestRedisRestarts checks that a restart of Redis causes no error.
func TestRedisRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var server host
		pool := Runtime{Dial: func(ctx context.Context, _, address string) (net.Conn, error) {
			if address != "redis:6379" {
				t.Errorf("dialled %s", address)
			}
			return server.dial(ctx)
		}}.redis()
		defer pool.Close()
		for range 2 {
			server, _ = inMemory()
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- redis.Serve(ctx, server, io.Discard) }()
			for want := 1; want <= 2; want++ {
				conn := pool.Get()
				if n, err := client.Int(conn.Do("INCR", "n")); err != nil || n != want {
					t.Errorf("INCR: %d, %v; want %d", n, err, want)
				}
				conn.Close()
			}
			if n := pool.ActiveCount(); n != 1 {
				t.Errorf("%d connections, want 1", n)
			}
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

// TestRedisHangs checks that a Redis which does not answer causes an error after three seconds, and
// that a command ends with its context.
func TestRedisHangs(t *testing.T) {
	for _, tt := range []struct {
		name  string
		limit time.Duration // of the caller
		took  time.Duration
		err   error
	}{
		{"patient caller", time.Minute, 3 * time.Second, os.ErrDeadlineExceeded},
		{"hasty caller", time.Second, time.Second, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pool := Runtime{Dial: func(context.Context, string, string) (net.Conn, error) {
					conn, server := net.Pipe()
					go io.Copy(io.Discard, server) // until the client closes its end
					return conn, nil
				}}.redis()
				defer pool.Close()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				defer time.AfterFunc(tt.limit, cancel).Stop()
				conn, err := pool.GetContext(ctx)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				begin := time.Now()
				if _, err := client.DoContext(conn, ctx, "GET", "hashes"); !errors.Is(err, tt.err) || time.Since(begin) != tt.took {
					t.Errorf("%v after %v; want %v after %v", err, time.Since(begin), tt.err, tt.took)
				}
			})
		})
	}
}
