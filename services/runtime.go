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

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"golang.org/x/net/proxy"
)

// Runtime is what a service runs in. See [FromEnv] for the one of a process.
type Runtime struct {
	Stdout, Stderr io.Writer
	Hostname       string
	// Listen opens the listener for a port of the service, such as "80".
	Listen func(ctx context.Context, port string) (net.Listener, error)
	// Dial connects to another service by its name, such as "redis:6379".
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// FromEnv is the runtime that these variables describe:
//
//   - LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID: listeners that were handed over, as
//     sd_listen_fds(3) defines it, each named for the port that it stands for;
//   - LISTEN: else the address to listen on (default: the service's port on all
//     interfaces);
//   - ALL_PROXY: a SOCKS5 proxy (socks5h://host:port) that finds the other services
//     by their names (default: they are looked up in the DNS);
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

// firstFD is the first descriptor that is handed over (SD_LISTEN_FDS_START).
const firstFD = 3

// handedOver maps the ports of the listeners that were handed over to descriptors;
// it is nil where nothing is handed over at all.
func handedOver(getenv func(string) string) (map[string]uintptr, error) {
	if getenv("LISTEN_FDS") == "" {
		return nil, nil
	}
	if pid := getenv("LISTEN_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return nil, nil // meant for another process
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

// inherit makes a listener of a descriptor.
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

// dialer dials through a proxy, if there is one.
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

// patient tries again, for about three seconds, to reach a service that does not
// answer: the services of an application start at the same time, in any order.
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

// client makes each request on a connection of its own.
func (rt Runtime) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: rt.Dial, DisableKeepAlives: true}}
}

// redis is a client of the redis service.
func (rt Runtime) redis() *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr:            "redis:6379",
		Dialer:          rt.Dial,
		DialerRetries:   1,  // Dial is patient enough
		MaxRetries:      -1, // or a counter could be increased twice
		DisableIdentity: true,
		// They would look the name up in the DNS, past Dial.
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}
