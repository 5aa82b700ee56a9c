package services

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
	"golang.org/x/net/proxy"
)

// Runtime is the environment of a service. See [FromEnv] for the one of a process.
type Runtime struct {
	Stdout, Stderr io.Writer
	Hostname       string
	// Listen opens the listener for a port of the service, such as "80".
	Listen func(ctx context.Context, port string) (net.Listener, error)
	// Dial connects to another service by its name, such as "redis:6379".
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// FromEnv returns the runtime that these variables describe:
//
//   - LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID: inherited listeners, as defined in
//     sd_listen_fds(3), each named after its port;
//   - LISTEN: the address to listen on without them (default: the service's port on all
//     interfaces);
//   - ALL_PROXY: a SOCKS5 proxy (socks5h://host:port) that resolves the names of the
//     other services (default: the DNS does);
//   - HOSTNAME: the name that services give themselves (default: the machine's).
func FromEnv(getenv func(string) string, stdout, stderr io.Writer) (Runtime, error) {
	rt := Runtime{Stdout: stdout, Stderr: stderr, Hostname: getenv("HOSTNAME")}
	if rt.Hostname == "" {
		name, err := os.Hostname()
		if err != nil {
			return rt, fmt.Errorf("hostname: %w", err)
		}
		rt.Hostname = name
	}
	fds, err := handedOver(getenv)
	if err != nil {
		return rt, err
	}
	rt.Listen = func(ctx context.Context, port string) (net.Listener, error) {
		if fds != nil {
			fd, ok := fds[port]
			if !ok {
				return nil, fmt.Errorf("no listener for port %s was handed over: is the port exposed?", port)
			}
			return inherit(fd, port)
		}
		address := getenv("LISTEN")
		if address == "" {
			address = ":" + port
		}
		var config net.ListenConfig
		return config.Listen(ctx, "tcp", address)
	}
	dial, err := dialer(getenv("ALL_PROXY"))
	if err != nil {
		return rt, err
	}
	rt.Dial = patient(dial)
	return rt, nil
}

// firstFD is the first inherited descriptor (SD_LISTEN_FDS_START).
const firstFD = 3

// handedOver maps the ports of the inherited listeners to descriptors. It is nil if there are none.
func handedOver(getenv func(string) string) (map[string]uintptr, error) {
	if getenv("LISTEN_FDS") == "" {
		return nil, nil
	}
	if pid := getenv("LISTEN_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return nil, nil // they belong to another process
	}
	n, err := strconv.Atoi(getenv("LISTEN_FDS"))
	if err != nil || n < 0 {
		return nil, fmt.Errorf("LISTEN_FDS: invalid number %q", getenv("LISTEN_FDS"))
	}
	fds := make(map[string]uintptr, n)
	if n == 0 {
		return fds, nil
	}
	names := strings.Split(getenv("LISTEN_FDNAMES"), ":")
	if len(names) != n {
		return nil, fmt.Errorf("LISTEN_FDNAMES: %q does not name %d listeners", getenv("LISTEN_FDNAMES"), n)
	}
	for i, name := range names {
		if _, ok := fds[name]; ok {
			return nil, fmt.Errorf("LISTEN_FDNAMES: %q twice", name)
		}
		fds[name] = uintptr(firstFD + i)
	}
	return fds, nil
}

// inherit turns a descriptor into a listener.
func inherit(fd uintptr, port string) (net.Listener, error) {
	file := os.NewFile(fd, "listener for port "+port)
	defer file.Close() // FileListener works on a copy
	l, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("descriptor %d, handed over for port %s: %w", fd, port, err)
	}
	return l, nil
}

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// dialer returns a function that dials through the proxy, if there is one.
func dialer(proxyURL string) (dialFunc, error) {
	direct := &net.Dialer{}
	if proxyURL == "" {
		return direct.DialContext, nil
	}
	u, err := url.Parse(proxyURL)
	if err != nil {
		return nil, fmt.Errorf("ALL_PROXY: %w", err)
	}
	if u.Scheme != "socks5h" || u.Host == "" {
		return nil, fmt.Errorf("ALL_PROXY: %s is not of the form socks5h://host:port", u.Redacted())
	}
	through, err := proxy.FromURL(u, direct)
	if err != nil {
		return nil, fmt.Errorf("ALL_PROXY: %w", err)
	}
	withContext, ok := through.(proxy.ContextDialer)
	if !ok {
		return nil, errors.New("ALL_PROXY: this proxy cannot be dialled with a context")
	}
	return withContext.DialContext, nil
}

// patient retries for about three seconds to reach a service that does not answer. The services of
// an application start at the same time, in any order.
func patient(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		for pause := 50 * time.Millisecond; ; pause *= 2 {
			conn, err := dial(ctx, network, address)
			if err == nil || pause > 2*time.Second {
				return conn, err
			}
			timer := time.NewTimer(pause)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return nil, err
			}
		}
	}
}

// client returns a client that opens a connection for each request.
func (rt Runtime) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: rt.Dial, DisableKeepAlives: true}}
}

// redis returns a pool of connections to the redis service. A failed command is not repeated: it
// could increase a counter twice.
func (rt Runtime) redis() *redis.Pool {
	return &redis.Pool{
		MaxIdle:     4,
		IdleTimeout: 30 * time.Minute,
		DialContext: func(ctx context.Context) (redis.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			return redis.DialContext(ctx, "tcp", "redis:6379", redis.DialContextFunc(rt.Dial),
				redis.DialReadTimeout(3*time.Second), redis.DialWriteTimeout(3*time.Second))
		},
		// A connection to a Redis that has been restarted is replaced.
		TestOnBorrowContext: func(ctx context.Context, conn redis.Conn, _ time.Time) error {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			_, err := redis.DoContext(conn, ctx, "PING")
			return err
		},
	}
}
