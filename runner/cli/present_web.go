package cli

import (
	"bufio"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"workshop/runner/present"
	"workshop/runner/present/web"
)

// browsers holds the options for showing a talk in browsers.
type browsers struct {
	addr  string
	hosts []string
	only  bool
}

func (b *browsers) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&b.addr, "web", "",
		"also serve browsers, at `ADDR` (HOST:PORT; 127.0.0.1 and a free port without one): presenter, remote, audience")
	f.Lookup("web").NoOptDefVal = "127.0.0.1:0"
	f.BoolVar(&b.only, "web-only", false, "serve browsers, and leave the terminal as it is")
	f.StringArrayVar(&b.hosts, "web-host", nil, "answer to this `NAME` too, when others reach this machine by it (repeatable)")
	completeWords(cmd, "web")
	completeWords(cmd, "web-host")
}

func (b *browsers) wanted() bool { return b.addr != "" || b.only }

// open starts the server, and prints the links.
func (b *browsers) open(
	ctx context.Context, talk *present.Talk, deck *source, length time.Duration, alone bool, streams Streams,
) (*web.Server, error) {
	if !b.wanted() {
		return nil, nil
	}
	server, err := web.Open(ctx, talk, web.Options{Addr: b.addr, Hosts: b.hosts, Images: deck.picture, Resizes: alone, Length: length})
	if err != nil {
		return nil, fmt.Errorf("--web: %w", err)
	}
	links(server, streams)
	return server, nil
}

func links(server *web.Server, streams Streams) {
	for _, role := range []web.Role{web.Presenter, web.Remote, web.Audience} {
		fmt.Fprintf(streams.Out, "%-10s %s\n", role, server.Invite(role))
	}
	if server.Shared() {
		fmt.Fprint(streams.Out, `
Others can reach this address. The audience's link is for all of them; the other two
work once, and the presenter's opens your shell. Nothing is encrypted: anyone who can listen
on the network can take a seat that is in use.
`)
		return
	}
	fmt.Fprintln(streams.Out, "\nEach link works once. The presenter's opens your shell: keep it to yourself.")
}

// wait serves the browsers until the context or the talk ends.
func (b *browsers) wait(ctx context.Context, talk *present.Talk, server *web.Server, terminal bool, streams Streams) error {
	lines := make(chan struct{})
	if terminal {
		fmt.Fprintln(streams.Out, "Enter prints new links, ^C ends the talk.")
		go func() { // a read of a terminal cannot be cancelled; this goroutine ends with the process
			for in := bufio.NewScanner(streams.In); in.Scan(); {
				select {
				case lines <- struct{}{}:
				case <-ctx.Done():
					return
				}
			}
		}()
	}
	for {
		select {
		case <-lines:
			links(server, streams)
		case <-ctx.Done():
			return ctx.Err()
		case <-talk.Done():
			return nil
		}
	}
}
