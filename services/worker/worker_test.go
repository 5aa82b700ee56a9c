package worker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/gomodule/redigo/redis"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// network replaces rng and hasher.
type network func(r *http.Request) (status int, body string, err error)

func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body, err := n(r)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Request: r,
		Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

const (
	coin   = "0e0c96870123"
	noCoin = "fe0c96870123"
)

// wait takes d, as the services do.
func wait(r *http.Request, d time.Duration) {
	sleep(r.Context(), d)
}

// mining answers like rng and hasher. The nth hash is the nth of hashes; later ones are not coins.
func mining(hashes ...string) network {
	return func(r *http.Request) (int, string, error) {
		wait(r, 100*time.Millisecond)
		if r.URL.Host == "rng" {
			return 200, "random", nil
		}
		hash := noCoin
		if len(hashes) > 0 {
			hash, hashes = hashes[0], hashes[1:]
		}
		return 200, hash, nil
	}
}

// run runs a worker for d of virtual time and returns its log and its store.
func run(t *testing.T, d time.Duration, n network,
	dial func(store *miniredis.Miniredis) (net.Conn, error),
) (log string, store *miniredis.Miniredis) {
	t.Helper()
	store = miniredis.NewMiniRedis()
	defer store.Close()
	pool := &redis.Pool{MaxIdle: 1, Dial: func() (redis.Conn, error) {
		conn, err := dial(store)
		if err != nil {
			return nil, err
		}
		return redis.NewConn(conn, 0, 0), nil
	}}
	defer pool.Close()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var buf bytes.Buffer
	Run(ctx, Config{Client: &http.Client{Transport: n}, Redis: pool, Log: &buf})
	return buf.String(), store
}

func TestRun(t *testing.T) {
	up := func(store *miniredis.Miniredis) (net.Conn, error) { return store.Dial() }
	tests := []struct {
		name    string
		network network
		dial    func(*miniredis.Miniredis) (net.Conn, error)
		time    time.Duration
		want    string
		hashes  string
		coins   int
	}{
		{
			name: "counts", network: mining(), dial: up, time: 3 * time.Second,
			want: `INFO:__main__:0 units of work done, updating hash counter
INFO:__main__:4 units of work done, updating hash counter
INFO:__main__:4 units of work done, updating hash counter
`,
			hashes: "8",
		},
		{
			name: "finds coins", network: mining(noCoin, coin, "00ff00ff0123", coin), dial: up, time: 2 * time.Second,
			want: `INFO:__main__:0 units of work done, updating hash counter
INFO:__main__:Coin found: 0e0c9687...
INFO:__main__:Coin found: 00ff00ff...
INFO:__main__:Coin found: 0e0c9687...
INFO:__main__:We already had that coin
INFO:__main__:4 units of work done, updating hash counter
`,
			hashes: "4", coins: 2,
		},
		{
			name: "error status",
			network: func(r *http.Request) (int, string, error) {
				return http.StatusInternalServerError, coin, nil
			},
			dial: up, time: 11 * time.Second,
			want: `INFO:__main__:0 units of work done, updating hash counter
ERROR:__main__:In work loop:
GET http://rng/32: Internal Server Error
ERROR:__main__:Waiting 10s and restarting.
INFO:__main__:0 units of work done, updating hash counter
ERROR:__main__:In work loop:
GET http://rng/32: Internal Server Error
ERROR:__main__:Waiting 10s and restarting.
`,
			hashes: "0",
		},
		{
			name: "hasher is down for a while",
			network: func() network {
				mine, calls := mining(), 0
				return func(r *http.Request) (int, string, error) {
					if r.URL.Host == "hasher" {
						if calls++; calls == 2 {
							return 0, "", errors.New("connection refused")
						}
					}
					return mine(r)
				}
			}(),
			dial: up, time: 12 * time.Second,
			want: `INFO:__main__:0 units of work done, updating hash counter
ERROR:__main__:In work loop:
Post "http://hasher/": connection refused
ERROR:__main__:Waiting 10s and restarting.
INFO:__main__:0 units of work done, updating hash counter
INFO:__main__:4 units of work done, updating hash counter
`,
			hashes: "4", // the unit before the error is lost, as in the original
		},
		{
			name: "redis is down", network: mining(),
			dial: func(*miniredis.Miniredis) (net.Conn, error) { return nil, errors.New("connection refused") },
			time: 5 * time.Second,
			want: `INFO:__main__:0 units of work done, updating hash counter
ERROR:__main__:In work loop:
connection refused
ERROR:__main__:Waiting 10s and restarting.
`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				log, store := run(t, tt.time, tt.network, tt.dial)
				if took := time.Since(begin); took != tt.time {
					t.Errorf("stopped after %v", took)
				}
				if diff := cmp.Diff(tt.want, log); diff != "" {
					t.Errorf("log (-want +got):\n%s", diff)
				}
				if got, _ := store.Get("hashes"); got != tt.hashes {
					t.Errorf("hashes: %q, want %q", got, tt.hashes)
				}
				if keys, _ := store.HKeys("wallet"); len(keys) != tt.coins {
					t.Errorf("coins: %q, want %d", keys, tt.coins)
				}
			})
		})
	}
}

// TestRequests compares the requests with those of the original.
func TestRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		log, _ := run(t, 250*time.Millisecond, func(r *http.Request) (int, string, error) {
			var body []byte
			if r.Body != nil {
				body, _ = io.ReadAll(r.Body)
			}
			got = append(got, strings.TrimSpace(strings.Join([]string{
				r.Method, r.URL.String(), r.Header.Get("Content-Type"), string(body),
			}, " ")))
			return 200, "random", nil
		}, func(store *miniredis.Miniredis) (net.Conn, error) { return store.Dial() })
		one := []string{"GET http://rng/32", "POST http://hasher/ application/octet-stream random"}
		if diff := cmp.Diff(append(one, one...), got); diff != "" {
			t.Errorf("requests (-want +got):\n%s%s", diff, log)
		}
	})
}
