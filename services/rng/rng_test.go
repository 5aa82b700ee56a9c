package rng

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
	"testing/synctest"
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
		name, method, path, version string
		status                      int
		length                      string
		body                        string // regular expression
		log                         string
	}{
		{"index", "GET", "/", "1.1", 200, "22", "^RNG running on a1b2c3\n$", `"GET / HTTP/1.1" 200 -`},
		{"index of httping", "HEAD", "/", "1.0", 200, "22", "^$", `"HEAD / HTTP/1.0" 200 -`},
		{"bytes", "GET", "/32", "1.1", 200, "32", `^(?s).{32}$`, `"GET /32 HTTP/1.1" 200 -`},
		{"no bytes", "GET", "/0", "1.1", 200, "0", `^$`, `"GET /0 HTTP/1.1" 200 -`},
		{"many bytes", "GET", "/100000", "1.1", 200, "100000", ``, `"GET /100000 HTTP/1.1" 200 -`},
		{"size only", "HEAD", "/32", "1.1", 200, "32", `^$`, `"HEAD /32 HTTP/1.1" 200 -`},
		{"no number", "GET", "/nosuch", "1.1", 404, "19", `not found`, `"GET /nosuch HTTP/1.1" 404 -`},
		{"too many", "GET", "/99999999999999999999", "1.1", 404, "19", `not found`, `"GET /99999999999999999999 HTTP/1.1" 404 -`},
		{"deeper", "GET", "/3/2", "1.1", 404, "19", `not found`, `"GET /3/2 HTTP/1.1" 404 -`},
		{"method", "POST", "/32", "1.1", 405, "19", `Not Allowed`, `"POST /32 HTTP/1.1" 405 -`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url, log := start(t)
			conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "%s %s HTTP/%s\r\nHost: rng\r\n\r\n", tt.method, tt.path, tt.version)
			answer, err := io.ReadAll(conn) // to the end: the connection is not kept
			if err != nil {
				t.Fatal(err)
			}
			header, body, _ := strings.Cut(string(answer), "\r\n\r\n")
			if want := fmt.Sprintf("HTTP/%s %d ", tt.version, tt.status); !strings.HasPrefix(header, want) {
				t.Errorf("header %q does not begin with %q", header, want)
			}
			if !strings.Contains(header, "\r\nContent-Length: "+tt.length) {
				t.Errorf("header without a length of %s:\n%s", tt.length, header)
			}
			if tt.method != "HEAD" && fmt.Sprint(len(body)) != tt.length {
				t.Errorf("body of %d bytes", len(body))
			}
			if tt.length != "32" || tt.method == "HEAD" { // random bytes are not UTF-8
				if !regexp.MustCompile(tt.body).MatchString(body) {
					t.Errorf("body %q does not match %q", body, tt.body)
				}
			}
			want := regexp.MustCompile(`^127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4} \d\d:\d\d:\d\d\] ` + regexp.QuoteMeta(tt.log) + `\n$`)
			if got := log(); !want.MatchString(got) {
				t.Errorf("log %q does not match %s", got, want)
			}
		})
	}
}

func TestBytesAreRandom(t *testing.T) {
	url, _ := start(t)
	seen := map[string]bool{}
	for range 3 {
		response, err := http.Get(url + "/32")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || len(body) != 32 {
			t.Fatalf("%d bytes, %v", len(body), err)
		}
		seen[string(body)] = true
	}
	if len(seen) != 3 {
		t.Error("the same bytes twice")
	}
}

// TestOneAfterTheOther checks that every client waits for its turn, for any request.
func TestOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- Serve(ctx, l, "host", io.Discard) }()

		begin := time.Now()
		var clients sync.WaitGroup
		ask := func(request string, want time.Duration) {
			conn := l.dial() // in this order, before any answer
			clients.Go(func() {
				defer conn.Close()
				fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: rng\r\n\r\n", request)
				if _, err := io.ReadAll(conn); err != nil {
					t.Errorf("%s: %v", request, err)
				}
				if took := time.Since(begin); took != want {
					t.Errorf("%s was answered after %v, want %v", request, took, want)
				}
			})
		}
		ask("GET /32", 100*time.Millisecond)
		ask("GET /32", 200*time.Millisecond)
		ask("HEAD /", 200*time.Millisecond)
		ask("GET /", 200*time.Millisecond)
		ask("GET /nosuch", 200*time.Millisecond)
		ask("GET /32", 300*time.Millisecond)
		ask("HEAD /32", 400*time.Millisecond)
		ask("GET /", 400*time.Millisecond)
		clients.Wait()

		// A client that has disconnected takes its turn all the same, as in the original.
		gone := l.dial()
		fmt.Fprint(gone, "GET /32 HTTP/1.1\r\nHost: rng\r\n\r\n")
		gone.Close()
		begin = time.Now()
		ask("GET /", 100*time.Millisecond)
		clients.Wait()

		// A silent client delays the others for no longer than a second.
		silent := l.dial()
		defer silent.Close()
		begin = time.Now()
		ask("GET /", patience)
		clients.Wait()

		// A stop interrupts the work.
		busy := l.dial()
		defer busy.Close()
		fmt.Fprint(busy, "GET /32 HTTP/1.1\r\nHost: rng\r\n\r\n")
		begin = time.Now()
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("stopped after %v", took)
		}
	})
}

// TestListenerFails checks that the failure of a listener is an error, not a stop.
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

// pipes is a listener in memory: its connections belong to the test's bubble.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes {
	return &pipes{conns: make(chan net.Conn, 100), closed: make(chan struct{})}
}

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	return client
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }
