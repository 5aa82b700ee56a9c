// Command workshop makes a deck of workshop slides an executable test suite.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"workshop/runner/cli"
	"workshop/runner/sandbox"
)

func main() {
	if code, ok := sandbox.Main(); ok {
		os.Exit(code)
	}
	// The first signal asks for an orderly end; after it, the next one kills.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	os.Exit(cli.Main(ctx, os.Args, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
