package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"workshop/runner/present"
)

// Options of the face. The zero value is for this machine alone.
type Options struct {
	Addr    string                            // HOST:PORT, or one of them; "": 127.0.0.1 and a free port
	Hosts   []string                          // other names that it is reached by; those of an address that is open to others have to be given
	Images  func(name string) ([]byte, error) // reads a picture by its name beside the deck; nil: there are none
	Resizes bool                              // the presenter's page says how large the terminal is; otherwise another face does
	Length  time.Duration                     // how long the talk is to be; 0: nobody knows
	Room    bool                              // a short code lets the audience in
	Seats   string                            // the file that seats, port and code outlive the process in; "": they do not
	Empty   bool                              // nobody who is in that file is let in
	reading time.Duration                     // how long a request may take to come; 0: ten seconds
}

// maxConns is how many connections are served; others wait.
const maxConns = 1024

// Server serves a talk.
type Server struct {
	talk   *present.Talk
	opts   Options
	hosts  []string
	seats  *seats
	book   *book
	slides slideCache
	before marksBefore
	http   *http.Server
	shared bool

	loopback bool
	ended    context.Context
	end      context.CancelFunc
	served   sync.WaitGroup
	err      error

	warning error

	mu     sync.Mutex
	visits sync.WaitGroup
	pages  map[chan struct{}]bool // each is told that who is there has changed
}

// Open begins to serve. It ends with Close.
func Open(ctx context.Context, talk *present.Talk, opts Options) (*Server, error) {
	addr, err := address(opts.Addr)
	if err != nil {
		return nil, err
	}
	if opts.reading == 0 {
		opts.reading = 10 * time.Second
	}
	s := &Server{talk: talk, opts: opts, pages: map[chan struct{}]bool{}}
	s.seats = newSeats(s.poke)
	kept := s.remember()
	l, err := s.listen(ctx, addr, kept.Port)
	if err != nil {
		s.book.close()
		return nil, err
	}
	bound := l.Addr().(*net.TCPAddr)
	s.loopback = bound.IP.IsLoopback()
	s.hosts, s.shared = hosts(bound, opts.Hosts), opts.Room || !bound.IP.IsLoopback()
	if len(s.hosts) == 0 {
		l.Close()
		s.book.close()
		return nil, fmt.Errorf("%s is open to everybody who can reach this machine: say by which name (--web-host)", addr)
	}
	if opts.Room {
		s.seats.open(kept.Code)
	}
	s.begun(bound.Port)
	s.ended, s.end = context.WithCancel(ctx)
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       opts.reading,
		WriteTimeout:      writing,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // what clients do wrong, with addresses
		BaseContext:       func(net.Listener) context.Context { return s.ended },
	}
	s.served.Go(func() {
		if err := s.http.Serve(netutil.LimitListener(l, maxConns)); !errors.Is(err, http.ErrServerClosed) {
			s.err = err
		}
	})
	return s, nil
}

// listen opens an address. In place of a free port it takes the one that pages of the last talk know, if it can.
func (s *Server) listen(ctx context.Context, addr string, last int) (net.Listener, error) {
	var lc net.ListenConfig
	host, port, err := net.SplitHostPort(addr)
	if err != nil || port != "0" || last == 0 {
		return lc.Listen(ctx, "tcp", addr)
	}
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(last)))
	if err == nil {
		return l, nil
	}
	s.warning = fmt.Errorf("port %d of the last talk is taken: its pages do not find this one", last)
	return lc.Listen(ctx, "tcp", addr)
}

// writing is how long an answer, or one event of a stream, may take to be taken.
const writing = 10 * time.Second

// address completes an address. Without a host it is this machine's loopback, never all
// that there is.
func address(addr string) (string, error) {
	if addr == "" {
		return "127.0.0.1:0", nil
	}
	if !strings.ContainsAny(addr, ":.[]") && strings.Trim(addr, "0123456789") == "" {
		addr = ":" + addr
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port = strings.Trim(addr, "[]"), "0"
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if strings.Trim(port, "0123456789") != "" || port == "" || len(port) > 5 {
		return "", fmt.Errorf("%q is no address: want HOST:PORT", addr)
	}
	return net.JoinHostPort(host, port), nil
}

// Invite makes a link to a new seat. A presenter's takes the pen: it is for the person who
// started the talk.
func (s *Server) Invite(role Role) string {
	return s.link(s.hosts[0], s.seats.invite(role, s.times(role), role == Presenter))
}

// times is how often a link can be used: once, but on a network one for the audience is
// for the room.
func (s *Server) times(role Role) int {
	if role == Audience && s.shared {
		return maxSeats
	}
	return 1
}

func (s *Server) link(host, token string) string { return "http://" + host + "/" + joins + "/" + token }

// Shared reports whether it is for others than the one who started it.
func (s *Server) Shared() bool { return s.shared }

// Loopback reports whether only this machine can reach it.
func (s *Server) Loopback() bool { return s.loopback }

// Room is the address with the short code that lets the audience in; "" if there is none.
func (s *Server) Room() string { return s.roomAt(s.hosts[0]) }

func (s *Server) roomAt(host string) string {
	if s.seats.code == "" {
		return ""
	}
	return "http://" + host + "/" + s.seats.code
}

// Warning is what prevents that seats outlive the process; nil: nothing does, or it is not wanted.
func (s *Server) Warning() error { return s.warning }

// farewell is how long pages may take to be told that the talk has ended.
const farewell = time.Second

// Close ends it: pages are told, connections are closed, and what answers them has ended.
func (s *Server) Close() error {
	s.mu.Lock()
	s.end()
	s.mu.Unlock()
	told := make(chan struct{})
	go func() {
		defer close(told)
		s.visits.Wait()
	}()
	select {
	case <-told:
	case <-time.After(farewell):
	}
	err := s.http.Close()
	s.served.Wait()
	<-told
	s.book.close()
	return errors.Join(err, s.err)
}

// begin notes that a request is being answered; not when the server has ended.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended.Err() != nil {
		return false
	}
	s.visits.Add(1)
	return true
}

// poke tells all pages that who is there has changed.
func (s *Server) poke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for page := range s.pages {
		select {
		case page <- struct{}{}:
		default:
		}
	}
}

// page is a channel that is told, until it is left.
func (s *Server) page() (poked chan struct{}, leave func()) {
	poked = make(chan struct{}, 1)
	s.mu.Lock()
	s.pages[poked] = true
	s.mu.Unlock()
	return poked, func() {
		s.mu.Lock()
		delete(s.pages, poked)
		s.mu.Unlock()
	}
}

// Hosts are the names, with the port, that it answers to.
func (s *Server) Hosts() []string { return slices.Clone(s.hosts) }
