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
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	logging.Disable() // of the errors that the tests provoke
	goleak.VerifyTestMain(m)
}

// start serves over a real socket until the test ends.
func start(t *testing.T) (url string, store *miniredis.Miniredis, log func() string) {
	t.Helper()
	store = miniredis.NewMiniRedis()
	t.Cleanup(store.Close)
	rdb := redis.NewClient(&redis.Options{
		Addr:       "127.0.0.1:6379", // never dialled
		MaxRetries: -1, DialerRetries: 1,
		Dialer: func(context.Context, string, string) (net.Conn, error) { return store.Dial() },
	})
	t.Cleanup(func() { rdb.Close() })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var buf bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, rdb, &buf) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return "http://" + l.Addr().String(), store, func() string { stop(); return buf.String() }
}

func get(t *testing.T, url string) (response *http.Response, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err = (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(all)
}

func TestJSON(t *testing.T) {
	url, store, log := start(t)
	_, body := get(t, url+"/json")
	if want := regexp.MustCompile(`^\{"coins":0,"hashes":null,"now":\d{10}(\.\d{1,3})?\}\n$`); !want.MatchString(body) {
		t.Errorf("at first: %q", body)
	}
	store.Set("hashes", "1602")
	for _, coin := range []string{"0a", "0b"} {
		store.HSet("wallet", coin, "x")
	}
	response, body := get(t, url+"/json")
	if want := regexp.MustCompile(`^\{"coins":2,"hashes":"1602","now":\d{10}(\.\d{1,3})?\}\n$`); !want.MatchString(body) {
		t.Errorf("later: %q", body)
	}
	if got := response.Header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
	store.SetError("LOADING")
	response, body = get(t, url+"/json")
	if response.StatusCode != 503 || body != `{"error":"redis does not answer"}`+"\n" {
		t.Errorf("without redis: %d %q", response.StatusCode, body)
	}
	if got := log(); got != "WEBUI running on port 80\nRedis error read counters: LOADING\n" {
		t.Errorf("log %q", got)
	}
}

func TestPage(t *testing.T) {
	url, _, _ := start(t)
	response, _ := get(t, url+"/")
	if got := response.Header.Get("Location"); response.StatusCode != 302 || got != "/index.html" {
		t.Errorf("/: %d to %q", response.StatusCode, got)
	}
	response, body := get(t, url+"/index.html")
	if got := response.Header.Get("Content-Type"); response.StatusCode != 200 || got != "text/html; charset=utf-8" {
		t.Errorf("index.html: %d %q", response.StatusCode, got)
	}
	if got := response.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none';") {
		t.Errorf("policy %q", got)
	}
	links := regexp.MustCompile(`(?:href|src)="([^"]+)"`).FindAllStringSubmatch(body, -1)
	types := map[string]string{"style.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}
	for _, link := range links {
		switch {
		case types[link[1]] != "":
			response, body := get(t, url+"/"+link[1])
			if got := response.Header.Get("Content-Type"); response.StatusCode != 200 || got != types[link[1]] || body == "" {
				t.Errorf("%s: %d %q", link[1], response.StatusCode, got)
			}
			if strings.Contains(strings.ReplaceAll(body, "http://www.w3.org/2000/svg", ""), "://") {
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
	if response, _ := get(t, url+"/nosuch"); response.StatusCode != 404 {
		t.Errorf("/nosuch: %d", response.StatusCode)
	}
}

func TestListenerFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379"})
	defer rdb.Close()
	if err := Serve(t.Context(), l, rdb, io.Discard); err == nil {
		t.Error("no error")
	}
}
