package webui

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/gomodule/redigo/redis"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start serves over a real socket until the test ends.
func start(t *testing.T) (url string, store *miniredis.Miniredis, log func() string) {
	t.Helper()
	store = miniredis.NewMiniRedis()
	t.Cleanup(store.Close)
	pool := &redis.Pool{MaxIdle: 1, Dial: func() (redis.Conn, error) {
		conn, err := store.Dial()
		if err != nil {
			return nil, err
		}
		return redis.NewConn(conn, 0, 0), nil
	}}
	t.Cleanup(func() { pool.Close() })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var buf bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, pool, &buf) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return "http://" + l.Addr().String(), store, func() string { stop(); return buf.String() }
}

// answer is the response for a browser, without following redirects.
type answer struct {
	status int
	header http.Header
	body   string
}

func get(t *testing.T, url string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

func TestJSON(t *testing.T) {
	url, store, log := start(t)
	got := get(t, url+"/json")
	if want := regexp.MustCompile(`^\{"coins":0,"hashes":null,"now":\d{10}(\.\d{1,3})?\}\n$`); !want.MatchString(got.body) {
		t.Errorf("at first: %q", got.body)
	}
	store.Set("hashes", "1602")
	for _, coin := range []string{"0a", "0b"} {
		store.HSet("wallet", coin, "x")
	}
	got = get(t, url+"/json")
	if want := regexp.MustCompile(`^\{"coins":2,"hashes":"1602","now":\d{10}(\.\d{1,3})?\}\n$`); !want.MatchString(got.body) {
		t.Errorf("later: %q", got.body)
	}
	if kind := got.header.Get("Content-Type"); kind != "application/json; charset=utf-8" {
		t.Errorf("Content-Type %q", kind)
	}
	store.SetError("LOADING")
	got = get(t, url+"/json")
	if got.status != 503 || got.body != `{"error":"redis does not answer"}`+"\n" {
		t.Errorf("without redis: %d %q", got.status, got.body)
	}
	if got := log(); got != "WEBUI running on port 80\nRedis error read counters: LOADING\n" {
		t.Errorf("log %q", got)
	}
}

func TestPage(t *testing.T) {
	url, _, _ := start(t)
	got := get(t, url+"/")
	if to := got.header.Get("Location"); got.status != 302 || to != "/index.html" {
		t.Errorf("/: %d to %q", got.status, to)
	}
	index := get(t, url+"/index.html")
	if kind := index.header.Get("Content-Type"); index.status != 200 || kind != "text/html; charset=utf-8" {
		t.Errorf("index.html: %d %q", index.status, kind)
	}
	if policy := index.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none';") {
		t.Errorf("policy %q", policy)
	}
	links := regexp.MustCompile(`(?:href|src)="([^"]+)"`).FindAllStringSubmatch(index.body, -1)
	types := map[string]string{"style.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}
	for _, link := range links {
		switch {
		case types[link[1]] != "":
			got := get(t, url+"/"+link[1])
			if kind := got.header.Get("Content-Type"); got.status != 200 || kind != types[link[1]] || got.body == "" {
				t.Errorf("%s: %d %q", link[1], got.status, kind)
			}
			if strings.Contains(strings.ReplaceAll(got.body, "http://www.w3.org/2000/svg", ""), "://") {
				t.Errorf("%s uses another host", link[1])
			}
			delete(types, link[1])
		case link[1] != "json" && !strings.HasPrefix(link[1], "data:"):
			t.Errorf("link to %s", link[1])
		}
	}
	if len(types) > 0 {
		t.Errorf("not linked: %v", types)
	}
	if got := get(t, url+"/nosuch"); got.status != 404 {
		t.Errorf("/nosuch: %d", got.status)
	}
}

func TestListenerFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := Serve(t.Context(), l, &redis.Pool{}, io.Discard); err == nil {
		t.Error("no error")
	}
}
