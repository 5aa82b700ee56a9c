package services

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

// TestMain lets the test binary be the service in RUN_SERVICE, like workshop's own binary under the
// service's name.
func TestMain(m *testing.M) {
	if name := os.Getenv("RUN_SERVICE"); name != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		status := Main(ctx, name, os.Args[1:], os.Stdout, os.Stderr, os.Getenv)
		stop()
		os.Exit(status)
	}
	goleak.VerifyTestMain(m)
}

// lines is a log in which a test can wait for a pattern.
type lines struct {
	mu      sync.Mutex
	buf     bytes.Buffer
	waiting *regexp.Regexp
	seen    chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf.Write(p)
	if l.seen != nil && l.waiting.Match(l.buf.Bytes()) {
		close(l.seen)
		l.seen = nil
	}
	return len(p), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// wait returns a channel that is closed when pattern has been written.
func (l *lines) wait(pattern string) <-chan struct{} {
	waiting := regexp.MustCompile(pattern)
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := make(chan struct{})
	if waiting.Match(l.buf.Bytes()) {
		close(seen)
	} else {
		l.waiting, l.seen = waiting, seen
	}
	return seen
}

// process is a service in its own process.
type process struct {
	*exec.Cmd
	t    *testing.T
	log  *lines // of both streams
	exit chan error
}

// start starts a service with the environment env and descriptors from 3 on.
func start(t *testing.T, name string, env []string, files ...*os.File) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.CommandContext(t.Context(), self), t: t, log: &lines{}, exit: make(chan error, 1)}
	p.Args = []string{name}
	p.Env = append([]string{"RUN_SERVICE=" + name}, env...)
	p.Stdout, p.Stderr, p.ExtraFiles = p.log, p.log, files
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		f.Close() // or the listener would outlive the service
	}
	go func() { p.exit <- p.Wait() }()
	t.Cleanup(func() {
		p.Process.Kill()
		<-p.exit
	})
	return p
}

// await waits until pattern is in the log.
func (p *process) await(pattern string) {
	p.t.Helper()
	select {
	case <-p.log.wait(pattern):
	case err := <-p.exit:
		p.exit <- err
		p.t.Fatalf("%s ended (%v) before %q; log:\n%s", p.Args[0], err, pattern, p.log)
	case <-time.After(20 * time.Second):
		p.t.Fatalf("%s: no %q; log:\n%s", p.Args[0], pattern, p.log)
	}
}

// stopped waits for the end and returns the exit status, -1 for a signal.
func (p *process) stopped() int {
	p.t.Helper()
	select {
	case err := <-p.exit:
		p.exit <- err
	case <-time.After(20 * time.Second):
		p.t.Fatalf("%s does not stop", p.Args[0])
	}
	return p.ProcessState.ExitCode()
}

// handOver opens a listener and returns a descriptor of it for start.
func handOver(t *testing.T) (addr string, file *os.File) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err = l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	return l.Addr().String(), file
}

// directory knows the addresses of services by name, such as "rng:80".
type directory struct {
	mu     sync.Mutex
	hosts  map[string]string
	missed chan struct{} // closed when an unknown name was asked for
}

func newDirectory() *directory {
	return &directory{hosts: map[string]string{}, missed: make(chan struct{})}
}

func (d *directory) add(name, addr string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hosts[name] = addr
}

func (d *directory) find(name string) (addr string, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	addr, ok = d.hosts[name]
	if !ok && d.missed != nil {
		close(d.missed)
		d.missed = nil
	}
	return addr, ok
}

// socks is a SOCKS5 proxy that looks services up in a directory.
func socks(t *testing.T, hosts *directory) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer conn.Close()
				defer context.AfterFunc(ctx, func() { conn.Close() })()
				relay(ctx, conn, hosts)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		cancel()
		conns.Wait()
	})
	return "socks5h://" + l.Addr().String()
}

// relay serves one client of the proxy (RFC 1928).
func relay(ctx context.Context, client net.Conn, hosts *directory) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(client, head[:2]); err != nil {
		return
	}
	io.CopyN(io.Discard, client, int64(head[1]))
	client.Write([]byte{5, 0})
	if _, err := io.ReadFull(client, head); err != nil || head[3] != 3 {
		return // not a name
	}
	rest := make([]byte, int(head[4])+2)
	if _, err := io.ReadFull(client, rest); err != nil {
		return
	}
	port := int(rest[len(rest)-2])<<8 | int(rest[len(rest)-1])
	addr, ok := hosts.find(fmt.Sprintf("%s:%d", rest[:len(rest)-2], port))
	if !ok {
		client.Write([]byte{5, 4, 0, 1, 0, 0, 0, 0, 0, 0}) // host unreachable
		return
	}
	var d net.Dialer
	server, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		client.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
		return
	}
	defer server.Close()
	client.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	var up sync.WaitGroup
	up.Go(func() {
		io.Copy(server, client)
		server.(*net.TCPConn).CloseWrite()
	})
	io.Copy(client, server)
	client.Close()
	up.Wait()
}

// TestApplication runs the whole application in processes: their listeners are inherited, a proxy
// resolves the names, and they open no ports themselves.
func TestApplication(t *testing.T) {
	hosts := newDirectory()
	missed := hosts.missed
	proxy := socks(t, hosts)
	env := func(port string) []string {
		return []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=" + port, "HOSTNAME=c0ffee", "ALL_PROXY=" + proxy}
	}
	// The worker is first, and has to wait for the others.
	running := map[string]*process{"worker": start(t, "worker", []string{"ALL_PROXY=" + proxy})}
	select {
	case <-missed:
	case <-time.After(20 * time.Second):
		t.Fatalf("the worker does not ask for redis; log:\n%s", running["worker"].log)
	}
	addrs := map[string]string{}
	for name, port := range map[string]string{"redis": "6379", "rng": "80", "hasher": "80", "webui": "80"} {
		addr, file := handOver(t)
		addrs[name] = addr
		running[name] = start(t, name, env(port), file)
		hosts.add(name+":"+port, addr)
	}
	running["redis"].await("^Ready to accept connections\n$")
	running["webui"].await("^WEBUI running on port 80\n$")
	// A report has been counted when the next one appears.
	running["worker"].await(`INFO:__main__:[1-4] units of work done, updating hash counter\nINFO`)

	if body := get(t, "http://"+addrs["rng"]); body != "RNG running on c0ffee\n" {
		t.Errorf("rng: %q", body)
	}
	if body := get(t, "http://"+addrs["hasher"]); body != "HASHER running on c0ffee\n" {
		t.Errorf("hasher: %q", body)
	}
	var counters struct {
		Hashes string
		Now    float64
	}
	if err := json.Unmarshal([]byte(get(t, "http://"+addrs["webui"]+"/json")), &counters); err != nil {
		t.Error(err)
	}
	if counters.Hashes == "" || counters.Hashes == "0" || counters.Now < 1e9 {
		t.Errorf("webui: %+v", counters)
	}

	for _, name := range []string{"worker", "webui", "rng", "hasher", "redis"} {
		running[name].Process.Signal(syscall.SIGTERM)
		if status := running[name].stopped(); status != 0 {
			t.Errorf("%s: status %d after SIGTERM; log:\n%s", name, status, running[name].log)
		}
	}
	for name, want := range map[string]string{
		"rng":    `127\.0\.0\.1 - - \[.*\] "GET /32 HTTP/1\.1" 200 -`,
		"hasher": `127\.0\.0\.1 - - \[.* \+0000\] "POST / HTTP/1\.1" 200 64 0\.1\d{3}`,
		"worker": `INFO:__main__:0 units of work done, updating hash counter`,
	} {
		log := running[name].log.String()
		line, _, _ := strings.Cut(log, "\n")
		if !regexp.MustCompile("^" + want + "$").MatchString(line) {
			t.Errorf("%s: the log begins with %q, want %q", name, line, want)
		}
		if strings.Contains(log, "ERROR") {
			t.Errorf("%s: log:\n%s", name, log)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestFaithfulStop checks which services ignore SIGTERM.
func TestFaithfulStop(t *testing.T) {
	for _, s := range All() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			port := "80"
			if s.Name == "redis" {
				port = "6379"
			}
			addr, file := handOver(t)
			p := start(t, s.Name, []string{
				"WORKSHOP_FAITHFUL_STOP=1", "LISTEN_FDS=1", "LISTEN_FDNAMES=" + port,
				"ALL_PROXY=" + socks(t, newDirectory()),
			}, file)
			alive := func() {
				switch s.Name {
				case "worker":
					p.await("INFO:__main__:0 units")
				case "redis":
					p.await("Ready")
				default:
					get(t, "http://"+addr)
				}
			}
			alive()
			p.Process.Signal(syscall.SIGTERM)
			switch s.Name {
			case "rng", "webui":
				alive()
			case "worker":
				p.await("ERROR:__main__:Waiting 10s and restarting.") // three seconds later
			default:
				if status := p.stopped(); status != 0 {
					t.Errorf("status %d", status)
				}
				return
			}
			p.Process.Signal(syscall.SIGINT)
			if status := p.stopped(); status != 0 {
				t.Errorf("status %d after SIGINT", status)
			}
		})
	}
}

func TestMainErrors(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	port := busy.Addr().(*net.TCPAddr).Port
	tests := []struct {
		name    string
		service string
		args    []string
		env     map[string]string
		want    string
		status  int
	}{
		{
			name: "unknown", service: "mysql", status: 2,
			want: "unknown service \"mysql\": there are rng, hasher, worker, webui, redis\n",
		},
		{
			name: "arguments", service: "rng", args: []string{"-v"}, status: 2,
			want: "rng: unexpected argument \"-v\": services are configured by the environment\n",
		},
		{
			name: "help", service: "webui", args: []string{"--help"}, status: 0,
			want: `webui: a web page with the live graph of hashes per second (port 80)

Usage:
  workshop service webui

It runs until it is interrupted, and takes no arguments. Environment:

  LISTEN                  the address to listen on (default: port 80 of all interfaces)
  LISTEN_FDS, LISTEN_PID  listeners that were handed over instead, see sd_listen_fds(3);
  LISTEN_FDNAMES          their names: the ports that they stand for, here 80
  ALL_PROXY               a SOCKS5 proxy (socks5h://HOST:PORT) that finds
                          redis (default: they are looked up in the DNS)
  WORKSHOP_FAITHFUL_STOP  1: ignore SIGTERM, as the original does
`,
		},
		{
			name: "short help", service: "worker", args: []string{"-h"}, status: 0,
			want: `worker: mines coins with rng and hasher, counts them in redis

Usage:
  workshop service worker

It runs until it is interrupted, and takes no arguments. Environment:

  ALL_PROXY               a SOCKS5 proxy (socks5h://HOST:PORT) that finds
                          rng, hasher and redis (default: they are looked up in the DNS)
  WORKSHOP_FAITHFUL_STOP  1: ignore SIGTERM, as the original does
`,
		},
		{
			name: "port taken", service: "hasher", status: 1,
			env:  map[string]string{"LISTEN": busy.Addr().String()},
			want: fmt.Sprintf("hasher: listen tcp 127.0.0.1:%d: bind: address already in use\n", port),
		},
		{
			name: "number of listeners", service: "rng", status: 1,
			env:  map[string]string{"LISTEN_FDS": "x"},
			want: "rng: LISTEN_FDS: invalid number \"x\"\n",
		},
		{
			name: "names of listeners", service: "rng", status: 1,
			env:  map[string]string{"LISTEN_FDS": "2", "LISTEN_FDNAMES": "80"},
			want: "rng: LISTEN_FDNAMES: \"80\" does not name 2 listeners\n",
		},
		{
			name: "listener named twice", service: "rng", status: 1,
			env:  map[string]string{"LISTEN_FDS": "2", "LISTEN_FDNAMES": "80:80"},
			want: "rng: LISTEN_FDNAMES: \"80\" twice\n",
		},
		{
			name: "port not handed over", service: "redis", status: 1,
			env:  map[string]string{"LISTEN_FDS": "1", "LISTEN_FDNAMES": "80"},
			want: "redis: no listener for port 6379 was handed over: is the port exposed?\n",
		},
		{
			name: "nothing handed over", service: "rng", status: 1,
			env:  map[string]string{"LISTEN_FDS": "0"},
			want: "rng: no listener for port 80 was handed over: is the port exposed?\n",
		},
		{
			name: "proxy of another kind", service: "worker", status: 1,
			env:  map[string]string{"ALL_PROXY": "http://me:secret@127.0.0.1:1"},
			want: "worker: ALL_PROXY: http://me:xxxxx@127.0.0.1:1 is not of the form socks5h://host:port\n",
		},
		{
			name: "no URL", service: "worker", status: 1,
			env:  map[string]string{"ALL_PROXY": "\x00"},
			want: "worker: ALL_PROXY: parse \"\\x00\": net/url: invalid control character in URL\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := Main(t.Context(), tt.service, tt.args, &stdout, &stderr, func(key string) string { return tt.env[key] })
			if got := stdout.String() + stderr.String(); got != tt.want || status != tt.status {
				t.Errorf("status %d, %q; want %d, %q", status, got, tt.status, tt.want)
			}
		})
	}
}

// TestListenPID checks that listeners for another process are not used.
func TestListenPID(t *testing.T) {
	p := start(t, "hasher", []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=80", "LISTEN_PID=1", "LISTEN=nosuch.invalid:80"})
	if status := p.stopped(); status != 1 || !strings.Contains(p.log.String(), "nosuch.invalid") {
		t.Errorf("status %d, log %q", status, p.log)
	}
}

func TestPatience(t *testing.T) {
	refused := errors.New("refused")
	tests := []struct {
		name  string
		up    int           // the attempt that succeeds
		limit time.Duration // of the caller
		tries int
		took  time.Duration
		err   error
	}{
		{"at once", 1, time.Minute, 1, 0, nil},
		{"third", 3, time.Minute, 3, 150 * time.Millisecond, nil},
		{"never", 0, time.Minute, 7, 3150 * time.Millisecond, refused},
		{"cut short", 0, time.Second, 5, time.Second, refused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.limit)
				defer cancel()
				tries := 0
				dial := patient(func(context.Context, string, string) (net.Conn, error) {
					if tries++; tries == tt.up {
						return nil, nil
					}
					return nil, refused
				})
				begin := time.Now()
				_, err := dial(ctx, "tcp", "rng:80")
				if !errors.Is(err, tt.err) || tries != tt.tries || time.Since(begin) != tt.took {
					t.Errorf("%v after %d tries in %v; want %v, %d, %v", err, tries, time.Since(begin), tt.err, tt.tries, tt.took)
				}
			})
		})
	}
}
