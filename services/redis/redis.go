// Package redis is the data store of the sample application: a Redis server that keeps its data in
// memory and loses it when it stops.
package redis

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// Serve serves the Redis protocol on l until ctx is done, reports on w that it is ready, and closes
// l.
func Serve(ctx context.Context, l net.Listener, w io.Writer) error {
	store := miniredis.NewMiniRedis()
	store.ClockTTL(true) // otherwise keys expire at a test's command only
	// Dial starts the server without a listener of its own. The server cannot use ours.
	conn, err := store.Dial()
	if err != nil {
		l.Close()
		return fmt.Errorf("start redis: %w", err)
	}
	conn.Close()
	defer store.Close()
	store.Server().SetPreHook(noDocs)

	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	fmt.Fprintln(w, "Ready to accept connections")
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				conn.Close()
			}
			return nil
		}
		if err != nil {
			l.Close()
			return fmt.Errorf("accept: %w", err)
		}
		store.Server().ServeConn(conn)
	}
}

// noDocs gives an empty answer to COMMAND DOCS, the first request of redis-cli. miniredis would
// answer it like COMMAND, and redis-cli would abort.
func noDocs(c *server.Peer, command string, args ...string) (done bool) {
	if command != "COMMAND" || len(args) == 0 || !strings.EqualFold(args[0], "DOCS") {
		return false
	}
	c.WriteMapLen(0)
	return true
}
