package services

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"sort"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomodule/redigo/redis"
)

// app is the sample application in this process.
type app struct {
	t        *testing.T
	services sync.WaitGroup
	ctx      context.Context
	cancel   context.CancelFunc
	listen   func() (host, error)
	ready    chan struct{} // gets a value for each listener
	mu       sync.Mutex
	hosts    map[string]host
}

// host is the listener of a service.
type host interface {
	net.Listener
	dial(ctx context.Context) (net.Conn, error)
}

// newApp returns an application whose listeners come from listen.
func newApp(t *testing.T, listen func() (host, error)) *app {
	a := &app{t: t, listen: listen, ready: make(chan struct{}, 10), hosts: map[string]host{}}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	return a
}

// start starts one more container of a service.
func (a *app) start(name string) {
	service, ok := Find(name)
	if !ok {
		a.t.Fatalf("no service %s", name)
	}
	rt := Runtime{Stdout: io.Discard, Stderr: io.Discard, Hostname: name, Dial: a.dial}
	rt.Listen = func(_ context.Context, port string) (net.Listener, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		h, err := a.listen()
		if err == nil {
			a.hosts[name+":"+port] = h
			a.ready <- struct{}{}
		}
		return h, err
	}
	a.services.Go(func() {
		if err := service.Run(a.ctx, rt); err != nil {
			a.t.Errorf("%s: %v", name, err)
		}
	})
}

func (a *app) stop() {
	a.cancel()
	a.services.Wait()
}

func (a *app) dial(ctx context.Context, _, address string) (net.Conn, error) {
	a.mu.Lock()
	h, ok := a.hosts[address]
	a.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("dial %s: no such host", address)
	}
	return h.dial(ctx)
}

// hashes returns the value of the counter.
func (a *app) hashes() int {
	store := Runtime{Dial: a.dial}.redis()
	defer store.Close()
	conn, err := store.GetContext(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	defer conn.Close()
	n, err := redis.Int(redis.DoContext(conn, a.t.Context(), "GET", "hashes"))
	if err != nil {
		a.t.Fatalf("get hashes: %v", err)
	}
	return n
}

// ping returns the time that a service takes to answer HEAD /.
func (a *app) ping(address string) time.Duration {
	begin := time.Now()
	conn, err := a.dial(a.t.Context(), "tcp", address)
	if err != nil {
		a.t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "HEAD / HTTP/1.0\r\n\r\n")
	status, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || status != "HTTP/1.0 200 OK\r\n" {
		a.t.Fatalf("ping %s: %q, %v", address, status, err)
	}
	return time.Since(begin)
}

// pause advances virtual time.
func pause(d time.Duration) { <-time.After(d) }

// TestLaw checks the law in the decks: N workers do min(N/0.3, 10) units of work a second, and from
// the third worker on the queue at rng grows by 0.1 s each.
func TestLaw(t *testing.T) {
	tests := []struct {
		workers  int
		rate     float64       // units a second
		rng, tol time.Duration // median wait at rng
	}{
		{1, 1 / 0.3, 0, 100 * time.Millisecond},
		{2, 2 / 0.3, 0, 200 * time.Millisecond},
		{3, 10, 50 * time.Millisecond, 100 * time.Millisecond},
		{5, 10, 250 * time.Millisecond, 100 * time.Millisecond},
		{10, 10, 750 * time.Millisecond, 100 * time.Millisecond},
		{20, 10, 1750 * time.Millisecond, 100 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(strconv.Itoa(tt.workers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newApp(t, inMemory)
				defer a.stop()
				for _, name := range []string{"redis", "rng", "hasher"} {
					a.start(name)
				}
				synctest.Wait()
				for range tt.workers {
					a.start("worker")
					pause(17 * time.Millisecond) // they do not start at once
				}
				pause(10 * time.Second)
				const window = 60
				before := a.hashes()
				pause(window * time.Second)
				rate := float64(a.hashes()-before) / window
				// Each worker reports in steps: its work of about 1.2 s.
				slack := 1.2 * tt.rate / window
				if rate < tt.rate-slack || rate > tt.rate+slack {
					t.Errorf("%.2f units a second, want %.2f ± %.2f", rate, tt.rate, slack)
				}
				if wait := a.median("rng:80"); wait < tt.rng-tt.tol || wait > tt.rng+tt.tol {
					t.Errorf("rng answers after %v, want %v ± %v", wait, tt.rng, tt.tol)
				}
				if wait := a.median("hasher:80"); wait != 0 {
					t.Errorf("hasher answers after %v, want at once", wait)
				}
			})
		})
	}
}

// median returns the median of eleven pings.
func (a *app) median(address string) time.Duration {
	var all []time.Duration
	for range 11 {
		all = append(all, a.ping(address))
		pause(237 * time.Millisecond)
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	return all[len(all)/2]
}

// TestStartInAnyOrder checks that a worker which starts before the others waits for them.
func TestStartInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, inMemory)
		defer a.stop()
		service, _ := Find("worker")
		var log lines
		a.services.Go(func() {
			service.Run(a.ctx, Runtime{Stderr: &log, Dial: patient(a.dial)})
		})
		pause(time.Second)
		for _, name := range []string{"hasher", "rng", "redis"} {
			a.start(name)
			pause(300 * time.Millisecond)
		}
		pause(5 * time.Second)
		if n := a.hashes(); n < 8 {
			t.Errorf("%d units of work in 5 s; log:\n%s", n, log.String())
		}
	})
}

// pipes is a listener in memory: its connections belong to the test's bubble.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func inMemory() (host, error) {
	return &pipes{conns: make(chan net.Conn, 100), closed: make(chan struct{})}, nil
}

func (p *pipes) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
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

// socket is a listener on a real socket.
type socket struct{ net.Listener }

func onSocket() (host, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	return socket{l}, err
}

func (s socket) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", s.Addr().String())
}
