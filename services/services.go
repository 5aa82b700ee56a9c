// Package services is the table of the services bundled with workshop: the sample application. Its
// parts find each other like the containers of a Compose project.
package services

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"

	"workshop/services/hasher"
	"workshop/services/redis"
	"workshop/services/rng"
	"workshop/services/webui"
	"workshop/services/worker"
)

// Service is a bundled service.
type Service struct {
	Name    string
	Summary string // one line
	// Run runs the service until ctx is done. That is not an error.
	Run func(ctx context.Context, rt Runtime) error

	port  string // the port it listens on; "" if it serves nothing
	named bool   // it reports the name of its host
	dials string // the services that it uses; "" if none
	// deaf services ignore SIGTERM if stops are faithful to the original ones.
	deaf bool
}

// All returns the services in the order of listings.
func All() []Service {
	return []Service{
		{
			Name: "rng", Summary: "random bytes, for one client at a time (port 80)", port: "80", named: true, deaf: true,
			Run: func(ctx context.Context, rt Runtime) error {
				l, err := rt.Listen(ctx, "80")
				if err != nil {
					return err
				}
				return rng.Serve(ctx, l, rt.Hostname, rt.Stderr)
			},
		},
		{
			Name: "hasher", Summary: "SHA-256 of the posted data (port 80)", port: "80", named: true,
			Run: func(ctx context.Context, rt Runtime) error {
				l, err := rt.Listen(ctx, "80")
				if err != nil {
					return err
				}
				return hasher.Serve(ctx, l, rt.Hostname, rt.Stderr)
			},
		},
		{
			Name: "worker", Summary: "mines coins with rng and hasher, counts them in redis", dials: "rng, hasher and redis", deaf: true,
			Run: func(ctx context.Context, rt Runtime) error {
				store := rt.redis()
				defer store.Close()
				worker.Run(ctx, worker.Config{Client: rt.client(), Redis: store, Log: rt.Stderr})
				return nil
			},
		},
		{
			Name: "webui", Summary: "a web page with the live graph of hashes per second (port 80)", port: "80", dials: "redis", deaf: true,
			Run: func(ctx context.Context, rt Runtime) error {
				l, err := rt.Listen(ctx, "80")
				if err != nil {
					return err
				}
				store := rt.redis()
				defer store.Close()
				return webui.Serve(ctx, l, store, rt.Stdout)
			},
		},
		{
			Name: "redis", Summary: "a data store in memory (port 6379)", port: "6379",
			Run: func(ctx context.Context, rt Runtime) error {
				l, err := rt.Listen(ctx, "6379")
				if err != nil {
					return err
				}
				return redis.Serve(ctx, l, rt.Stdout)
			},
		},
	}
}

// Find returns the service with the given name.
func Find(name string) (Service, bool) {
	for _, s := range All() {
		if s.Name == name {
			return s, true
		}
	}
	return Service{}, false
}

// help describes the service and the environment variables that it reads.
func (s Service) help(w io.Writer) {
	fmt.Fprintf(w, "%s: %s\n\nUsage:\n  workshop service %s\n\n", s.Name, s.Summary, s.Name)
	fmt.Fprint(w, "It runs until it is interrupted, and takes no arguments. Environment:\n\n")
	line := func(name, text string) {
		fmt.Fprintf(w, "  %-22s  %s\n", name, strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", 26)))
	}
	if s.port != "" {
		line("LISTEN", "the address to listen on (default: port "+s.port+" of all interfaces)")
		line("LISTEN_FDS, LISTEN_PID", "listeners that were handed over instead, see sd_listen_fds(3);")
		line("LISTEN_FDNAMES", "their names: the ports that they stand for, here "+s.port)
	}
	if s.dials != "" {
		line("ALL_PROXY", "a SOCKS5 proxy (socks5h://HOST:PORT) that finds\n"+s.dials+" (default: they are looked up in the DNS)")
	}
	if s.named {
		line("HOSTNAME", "the name that it gives itself (default: the machine's)")
	}
	if s.deaf {
		line("WORKSHOP_FAITHFUL_STOP", "1: ignore SIGTERM, as the original does")
	}
}

// The exit statuses of [Main].
const (
	statusOK    = 0 // stopped on request
	statusError = 1
	statusUsage = 2
)

// Main runs the service with the given name in the runtime of [FromEnv] until ctx is
// done, and returns its exit status.
//
// With WORKSHOP_FAITHFUL_STOP=1 in the environment, the services whose originals ignore
// SIGTERM (rng, worker, webui) ignore it too. From then on the whole process does. Compose
// must wait for ten seconds and kill them, like the originals.
func Main(ctx context.Context, name string, args []string, stdout, stderr io.Writer, getenv func(string) string) int {
	service, ok := Find(name)
	if !ok {
		var names []string
		for _, s := range All() {
			names = append(names, s.Name)
		}
		fmt.Fprintf(stderr, "unknown service %q: there are %s\n", name, strings.Join(names, ", "))
		return statusUsage
	}
	if len(args) > 0 && (args[0] == "--help" || args[0] == "-h") {
		service.help(stdout)
		return statusOK
	}
	if len(args) > 0 {
		fmt.Fprintf(stderr, "%s: unexpected argument %q: services are configured by the environment\n", name, args[0])
		return statusUsage
	}
	if service.deaf && getenv("WORKSHOP_FAITHFUL_STOP") == "1" {
		signal.Ignore(syscall.SIGTERM) // this also stops SIGTERM from cancelling ctx
	}
	rt, err := FromEnv(getenv, stdout, stderr)
	if err == nil {
		err = service.Run(ctx, rt)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(stderr, "%s: %v\n", name, err)
		return statusError
	}
	return statusOK
}
