package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"workshop/runner/present"
	"workshop/runner/present/tui"
	"workshop/runner/present/web"
	"workshop/runner/report"
)

// browsers holds the options for showing a talk in browsers.
type browsers struct {
	addr  string
	room  string // "": none; roomAsks: at an address that is asked for
	hosts []string
	only  bool
	fresh bool
}

const (
	webHere  = "127.0.0.1:0"
	roomAsks = "ask"
)

func (b *browsers) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&b.addr, "web", "",
		"also serve browsers, at `ADDR` (HOST:PORT; 127.0.0.1 and a free port without one): presenter, remote, audience")
	f.Lookup("web").NoOptDefVal = webHere
	f.StringVar(&b.room, "room", "", "serve the room, at `ADDR` of this machine (HOST or HOST:PORT; asks without one), "+
		"with a short code and a QR code")
	f.Lookup("room").NoOptDefVal = roomAsks
	f.BoolVar(&b.only, "web-only", false, "serve browsers, and leave the terminal as it is")
	f.StringArrayVar(&b.hosts, "web-host", nil, "answer to this `NAME` too, when others reach this machine by it (repeatable)")
	f.BoolVar(&b.fresh, "new-seats", false, "let in nobody who had a seat in the last talk")
	completeWords(cmd, "web")
	completeWords(cmd, "room")
	completeWords(cmd, "web-host")
}

func (b *browsers) wanted() bool { return b.addr != "" || b.only || b.room != "" }

// choose sets the address of the room: the one that was given, or one that somebody chooses.
func (b *browsers) choose(ctx context.Context, terminal bool, streams Streams) error {
	switch {
	case b.room == "":
		return nil
	case b.addr != "" && b.addr != webHere:
		return errors.New("--room and --web: only one of them can name the address")
	case b.room != roomAsks:
		b.addr = b.room
		return nil
	}
	all, err := addresses()
	if err != nil {
		return fmt.Errorf("--room: %w", err)
	}
	if !terminal {
		return fmt.Errorf("--room: without a terminal it needs one of this machine's addresses: --room=%s", strings.Join(all, ", --room="))
	}
	fmt.Fprintln(streams.Out, "At which address of this machine can the room reach it? Nothing is encrypted.")
	for i, addr := range all {
		only := ""
		if net.ParseIP(addr).IsLoopback() {
			only = "  this machine only"
		}
		fmt.Fprintf(streams.Out, "  %d  %s%s\n", i+1, addr, only)
	}
	fmt.Fprintf(streams.Out, "[1-%d] ", len(all))
	line, ok := answer(ctx, streams.In)
	if ctx.Err() != nil {
		fmt.Fprintln(streams.Out)
		return &codeError{code: exitInterrupted}
	}
	line = strings.TrimSpace(line)
	if n, err := strconv.Atoi(line); err == nil && n >= 1 && n <= len(all) {
		line = all[n-1]
	}
	if !ok || !slices.Contains(all, line) {
		return fmt.Errorf("--room: %q is none of them", line)
	}
	b.addr = line
	return nil
}

// addresses are those of this machine: what others may reach first, the loopback last.
func addresses() ([]string, error) {
	found, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var four, six []string
	for _, a := range found {
		n, ok := a.(*net.IPNet)
		switch {
		case !ok || n.IP.IsLoopback() || n.IP.IsLinkLocalUnicast(): // the last would need a zone
		case n.IP.To4() != nil:
			four = append(four, n.IP.String())
		default:
			six = append(six, n.IP.String())
		}
	}
	return append(append(four, six...), "127.0.0.1"), nil
}

// open starts the server, and prints the links.
func (b *browsers) open(
	ctx context.Context, talk *present.Talk, deck *source, seats string, length time.Duration, alone bool, streams Streams,
) (*web.Server, error) {
	if !b.wanted() {
		return nil, nil
	}
	server, err := web.Open(ctx, talk, web.Options{
		Addr: b.addr, Hosts: b.hosts, Images: deck.picture, Resizes: alone, Length: length,
		Room: b.room != "", Seats: seats, Empty: b.fresh,
	})
	if err != nil {
		return nil, fmt.Errorf("--web: %w", err)
	}
	if err := server.Warning(); err != nil {
		fmt.Fprintf(streams.Err, "--web: %v\n", err)
	}
	links(server, streams)
	return server, nil
}

// linkFor is the link to a seat: that of the room, where it has one, else a new one.
func linkFor(server *web.Server, role web.Role) string {
	if link := server.Room(); role == web.Audience && link != "" {
		return link
	}
	return server.Invite(role)
}

// invitation is the audience's, for a terminal that the room may see.
func invitation(server *web.Server) tui.Invitation {
	in := tui.Invitation{Address: linkFor(server, web.Audience)}
	switch {
	case !server.Shared():
		in.Note = "It works once, on this machine only. For others start with workshop present --room."
	case server.Loopback():
		in.Note = "It is for all, but only this machine can reach it, and what a tunnel leads to it."
	default:
		in.Note = "It is for all in the room. Nothing is encrypted."
		in.Code = web.Blocks(in.Address, false)
	}
	return in
}

func links(server *web.Server, streams Streams) {
	for _, role := range []web.Role{web.Presenter, web.Remote, web.Audience} {
		link := linkFor(server, role)
		fmt.Fprintf(streams.Out, "%-10s %s\n", role, link)
	}
	if link := server.Room(); link != "" && report.IsTerminal(streams.Out, os.Getenv) {
		fmt.Fprintf(streams.Out, "\n%s", web.Blocks(link, os.Getenv("NO_COLOR") == ""))
	}
	switch {
	case server.Shared() && server.Loopback():
		fmt.Fprint(streams.Out, `
Only this machine can reach this address, and what a tunnel leads to it. The audience's link
is for all; the other two work once, and the presenter's opens your shell.
`)
		return
	case server.Shared():
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
			return ctx.Err() // with which it may have ended
		}
	}
}
