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
	signals := make(chan os.Signal, 2)
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(sig) { // it is ignored under nohup
			signal.Notify(signals, sig)
		}
	}
	streams := cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Signals: signals}
	os.Exit(cli.Main(context.Background(), os.Args, streams))
}
