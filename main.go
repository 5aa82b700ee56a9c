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
	// The first signal asks for an orderly end, the second one for an end at once.
	ctx, cancel := context.WithCancel(context.Background())
	signals, force := make(chan os.Signal, 2), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-signals
		cancel()
		<-signals
		close(force)
	}()
	os.Exit(cli.Main(ctx, os.Args, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Force: force}))
}
