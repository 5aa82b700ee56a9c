package engine

import (
	"context"
	"net"
	"strconv"
	"strings"
	"syscall"
)

// servicesLabel holds the names of the other services of a container's project, each with a port if
// it is known: "redis:6379 api".
const servicesLabel = "workshop.services"

// announce opens a loopback port for each other service of a container without a network of its own,
// and returns the variables that tell the program: NAME_HOST, NAME_PORT and NAME_URL. A connection is
// forwarded to a container that has the name then, so that the port outlives restarts and scaling. The
// caller holds e.mu.
func (e *Engine) announce(ctx context.Context, c *container, r *run) (env []string, err error) {
	if r.proxy == nil || r.place != nil {
		return nil, nil
	}
	for _, word := range strings.Fields(c.config.Labels[servicesLabel]) {
		name, number, _ := strings.Cut(word, ":")
		port, _ := strconv.Atoi(number) // 0 is the first one that the container has
		l, err := listen(ctx, "127.0.0.1", 0)
		if err != nil {
			return nil, err
		}
		f := &forwarder{listener: l}
		r.publish = append(r.publish, f)
		e.tasks.Add(1)
		go func() {
			defer e.tasks.Done()
			f.serve(ctx, e, func(ctx context.Context) (*net.TCPConn, call, error) {
				to, at, reply := r.proxy.dial(ctx, e, name, port)
				if reply != socksSucceeded {
					return nil, at, syscall.ECONNREFUSED
				}
				at.from = serviceOf(c)
				return to, at, nil
			})
		}()
		address := l.Addr().String()
		_, own, _ := net.SplitHostPort(address) // we chose it
		prefix := variable(name)
		env = append(env, prefix+"_HOST=127.0.0.1", prefix+"_PORT="+own, prefix+"_URL=http://"+address)
	}
	return env, nil
}

// variable is a name in the form of variables: my-db is MY_DB.
func variable(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
}
