package hasher

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start serves over a real socket until the test ends.
func start(t *testing.T) (url string, log func() string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var buf bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, "a1b2c3", &buf) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return "http://" + l.Addr().String(), func() string { stop(); return buf.String() }
}

func TestAnswers(t *testing.T) {
	tests := []struct {
		name, method, path, body string
		status                   int
		want                     string
		log                      string // without the seconds
	}{
		{
			"hash", "POST", "/", "hello", 200,
			"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
			`"POST / HTTP/1.1" 200 64`,
		},
		{
			"hash of nothing", "POST", "/", "", 200,
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
			`"POST / HTTP/1.1" 200 64`,
		},
		{"index", "GET", "/", "", 200, "HASHER running on a1b2c3\n", `"GET / HTTP/1.1" 200 25`},
		{"index of httping", "HEAD", "/", "", 200, "", `"HEAD / HTTP/1.1" 200 25`},
		{"elsewhere", "GET", "/nosuch", "", 404, "404 page not found\n", `"GET /nosuch HTTP/1.1" 404 19`},
		{"method", "PUT", "/", "", 405, "Method Not Allowed\n", `"PUT / HTTP/1.1" 405 19`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url, log := start(t)
			request, err := http.NewRequestWithContext(t.Context(), tt.method, url+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			begin := time.Now()
			response, err := transport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != tt.status || string(body) != tt.want {
				t.Errorf("got %d %q, want %d %q", response.StatusCode, body, tt.status, tt.want)
			}
			if took := time.Since(begin); tt.method == "POST" && took < work {
				t.Errorf("a hash after %v", took)
			}
			want := regexp.MustCompile(`^127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] ` +
				regexp.QuoteMeta(tt.log) + ` \d\.\d{4}\n$`)
			if got := log(); !want.MatchString(got) {
				t.Errorf("log %q does not match %s", got, want)
			}
		})
	}
}

// TestAllAtOnce checks that a hundred clients do not wait for each other, and that a stop does not
// wait for any of them.
func TestAllAtOnce(t *testing.T) {
	url, log := start(t)
	transport := &http.Transport{DisableKeepAlives: true}
	begin := time.Now()
	var clients sync.WaitGroup
	for range 100 {
		clients.Go(func() {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("x"))
			if err != nil {
				t.Error(err)
				return
			}
			response, err := transport.RoundTrip(request)
			if err != nil {
				t.Error(err)
				return
			}
			response.Body.Close()
		})
	}
	clients.Wait()
	// One after the other they take ten seconds at least.
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("100 hashes took %v", took)
	}
	if n := strings.Count(log(), "\n"); n != 100 {
		t.Errorf("%d lines of log", n)
	}
}

func TestStopWhileBusy(t *testing.T) {
	url, log := start(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: hasher\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
	log() // stops the server; it would not return if it waited for the body
	if answer, err := io.ReadAll(conn); err == nil && strings.Contains(string(answer), "200 OK") {
		t.Errorf("answered %q", answer)
	}
}

func TestListenerFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := Serve(t.Context(), l, "host", io.Discard); err == nil {
		t.Error("no error")
	}
}
