package redis

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	client "github.com/gomodule/redigo/redis"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start serves over a real socket until the test ends.
func start(t *testing.T) (addr string, stop func() (log string)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var log bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, &log) }()
	stopped := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(stopped)
	return l.Addr().String(), func() string { stopped(); return log.String() }
}

// TestRedigo runs the commands of the sample application with the client that it uses.
func TestRedigo(t *testing.T) {
	addr, stop := start(t)
	store, err := client.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for _, tt := range []struct {
		command string
		args    []any
		want    any
	}{
		{"GET", []any{"hashes"}, nil},
		{"INCRBY", []any{"hashes", 0}, int64(0)},
		{"INCRBY", []any{"hashes", 4}, int64(4)},
		{"INCRBY", []any{"hashes", 4}, int64(8)},
		{"HSET", []any{"wallet", "0e0c", []byte{0, 255}}, int64(1)},
		{"HSET", []any{"wallet", "0e0c", []byte{0, 255}}, int64(0)},
		{"HGET", []any{"wallet", "0e0c"}, []byte{0, 255}},
		{"HLEN", []any{"wallet"}, int64(1)},
		{"GET", []any{"hashes"}, []byte("8")},
		{"PING", nil, "PONG"},
		{"FLUSHALL", nil, "OK"},
		{"EXISTS", []any{"hashes", "wallet"}, int64(0)},
	} {
		got, err := client.DoContext(store, t.Context(), tt.command, tt.args...)
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("%s %v: %v (-want +got):\n%s", tt.command, tt.args, err, diff)
		}
	}
	if got := stop(); got != "Ready to accept connections\n" {
		t.Errorf("log %q", got)
	}
	if _, err := client.DoContext(store, t.Context(), "PING"); err == nil {
		t.Error("answers after its end")
	}
}

// TestExpiry checks that keys expire by themselves.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- Serve(ctx, l, io.Discard) }()
		conn, server := net.Pipe()
		l.conns <- server
		ask := func(command, want string) {
			t.Helper()
			if _, err := io.WriteString(conn, command+"\r\n"); err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 100)
			n, err := conn.Read(buf)
			if got := string(buf[:n]); err != nil || got != want {
				t.Errorf("%s: %q, %v; want %q", command, got, err, want)
			}
		}
		ask("*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n$2\r\nEX\r\n$2\r\n10", "+OK\r\n")
		<-time.After(9 * time.Second)
		ask("*2\r\n$3\r\nGET\r\n$1\r\nk", "$1\r\nv\r\n")
		ask("*2\r\n$3\r\nTTL\r\n$1\r\nk", ":1\r\n")
		<-time.After(time.Second)
		ask("*2\r\n$3\r\nGET\r\n$1\r\nk", "$-1\r\n")
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		conn.Close()
	})
}

// script is run by redis-cli, against this server and a real one. It does not read a running TTL:
// real servers round it to the nearest second, this one rounds down.
const script = `PING
INCRBY hashes 4
INCRBY hashes 3
GET hashes
GET nosuch
HSET wallet 0e0c abc
HSET wallet 0e0c abc
HSET wallet 0aaa def
HLEN wallet
HGET wallet 0aaa
TYPE wallet
TYPE hashes
INCRBY wallet 1
INCRBY hashes x
SET k v EX 100
EXISTS k hashes nosuch
DEL k
DBSIZE
EXPIRE hashes 100
PERSIST hashes
TTL hashes
LPUSH list a b c
LRANGE list 0 -1
ECHO hello
SELECT 1
GET hashes
SELECT 0
FLUSHALL
DBSIZE
GET hashes
`

func TestRedisCLIAgainstTheRealServer(t *testing.T) {
	cli, errCLI := exec.LookPath("redis-cli")
	real, errReal := exec.LookPath("redis-server")
	for _, err := range []error{errCLI, errReal} {
		if err != nil && os.Getenv("REQUIRE_REDIS") == "1" {
			t.Fatal(err)
		}
	}
	if errCLI != nil {
		t.Skip("redis-cli is not installed")
	}
	run := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), cli, args...)
		cmd.Stdin = strings.NewReader(script)
		output, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("redis-cli: %v\n%s", err, output)
		}
		return string(output)
	}
	addr, _ := start(t)
	_, port, _ := net.SplitHostPort(addr)
	ours := run("-p", port)
	if want := "PONG\n4\n7\n7\n\n1\n0\n1\n2\ndef\n"; !strings.HasPrefix(ours, want) {
		t.Errorf("got %q, want it to begin with %q", ours, want)
	}
	if errReal != nil {
		t.Skip("not compared with the real redis-server: it is not installed")
	}
	socket := t.TempDir() + "/redis.sock"
	theirs := realServer(t, real, socket)
	defer theirs()
	if diff := cmp.Diff(run("-s", socket), ours); diff != "" {
		t.Errorf("(-real +ours):\n%s", diff)
	}
}

// realServer starts a real Redis on a socket and returns a function that stops it.
func realServer(t *testing.T, path, socket string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, path, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", t.TempDir())
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	buf := make([]byte, 4096)
	for !strings.Contains(log.String(), "ready to accept connections at") &&
		!strings.Contains(log.String(), "Ready to accept connections") {
		n, err := stdout.Read(buf)
		log.Write(buf[:n])
		if err != nil {
			cancel()
			t.Fatalf("redis-server: %v\n%s", err, &log)
		}
	}
	return func() {
		cancel()
		io.Copy(io.Discard, stdout)
		cmd.Wait()
	}
}

func TestListenerFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := Serve(t.Context(), l, io.Discard); err == nil {
		t.Error("no error")
	}
}

// pipes is a listener in memory: its connections belong to the test's bubble.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
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
