package engine

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// Main runs an engine as a command until ctx ends and returns its exit status. It listens on a unix
// socket, or on a listener that was passed to it (LISTEN_FDS, see sd_listen_fds(3)). Once it
// listens, it prints its address on stdout.
func Main(ctx context.Context, args []string, opts Options, stdout, stderr io.Writer, getenv func(string) string) int {
	flags := flag.NewFlagSet("engine", flag.ContinueOnError)
	flags.SetOutput(stderr)
	socket := flags.String("socket", "", "listen on the unix socket at `PATH`")
	flags.StringVar(&opts.State, "state", opts.State, "keep logs and images below the directory `DIR` while it runs")
	flags.BoolVar(&opts.Observe, "observe", opts.Observe, "write the services and calls that are seen to a file in the state directory")
	flags.Func("fault", "let something go wrong: `KIND:SERVICE`, or KIND:SERVICE:PORT:FROM", func(text string) (err error) {
		opts.Fault, err = ParseFault(text)
		return err
	})
	network := flags.String("network", "private",
		"`NETWORK` of the containers: private (an address and a port 80 for each, and names for every program, where the system\n"+
			"allows it), or host (the machine's, with names through a proxy)")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "engine: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	if *network != "private" && *network != "host" {
		fmt.Fprintf(stderr, "engine: --network: %q is neither private nor host\n", *network)
		return 2
	}
	if opts.Network = *network == "private"; !opts.Network {
		opts.shared = errors.New("--network host")
	}
	l, tell, inner, err := again(getenv)
	if !inner {
		l, err = listenOn(ctx, *socket, getenv)
	}
	if err != nil {
		fmt.Fprintf(stderr, "engine: %v\n", err)
		return 2
	}
	if opts.Network && !inner && !capable() {
		status, err := startAgain(ctx, l, stdout, stderr)
		if err == nil {
			return status
		}
		opts.Network, opts.shared = false, err
	}
	e, err := New(opts)
	if err != nil {
		l.Close()
		fmt.Fprintf(stderr, "engine: %v\n", err)
		return 4
	}
	if inner {
		tell(e.opts.shared)
		if e.opts.shared != nil {
			_ = e.Close() // its starter serves
			return 0
		}
	}
	if _, err := fmt.Fprintf(stdout, "DOCKER_HOST=%s://%s\n", l.Addr().Network(), l.Addr()); err != nil {
		fmt.Fprintf(stderr, "engine: %v\n", err)
	}
	err = e.Serve(ctx, l)
	if err = errors.Join(err, e.Close()); err != nil {
		fmt.Fprintf(stderr, "engine: %v\n", err)
		return 4
	}
	return 0
}

// listenOn opens a socket that only its owner may use.
func listenOn(ctx context.Context, socket string, getenv func(string) string) (net.Listener, error) {
	if socket == "" {
		if getenv("LISTEN_FDS") != "1" {
			return nil, errors.New("no place to listen on: give --socket PATH")
		}
		f := os.NewFile(3, "listener")
		defer f.Close() // the listener has its own copy
		return net.FileListener(f)
	}
	path, err := filepath.Abs(socket)
	if err != nil {
		return nil, err
	}
	// Remove the socket of an engine that was killed. A living engine answers.
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket != 0 {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "unix", path)
		switch {
		case err == nil:
			conn.Close()
			return nil, fmt.Errorf("an engine listens on %s already", path)
		case !errors.Is(err, syscall.ECONNREFUSED):
			return nil, err
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}
