package engine

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Fault is something that goes wrong with the containers of a service, though nothing is wrong with them: the
// engine stops them, or changes what passes between them and their clients.
type Fault struct {
	Kind    string
	Service string // the service of a Compose project, or the name of a container
	Port    int    // of the container; not of a fault of the container itself
	From    string // the calling service; "" for clients at the published port
}

// The kinds of faults. Those of a container concern its start. Closed concerns any connection, the others are
// of HTTP: a connection with anything else is closed.
const (
	FaultStopped   = "stopped"    // the container is stopped as soon as it has started
	FaultCrashed   = "crashed"    // its process is killed as soon as it has started
	FaultClosed    = "closed"     // each connection is closed at once
	FaultError     = "status-500" // each answer is an error
	FaultEmpty     = "empty"      // each answer has an empty body
	FaultConstant  = "constant"   // each answer is the first one to the same request
	FaultCut       = "cut"        // each body ends in the middle
	FaultSlow      = "slow"       // each answer comes 100 ms later
	FaultOneCaller = "one-caller" // a request waits until the one before it is answered
)

// faultDelay is the delay of FaultSlow.
const faultDelay = 100 * time.Millisecond

var faultKinds = []string{
	FaultStopped, FaultCrashed, FaultClosed, FaultError, FaultEmpty, FaultConstant, FaultCut, FaultSlow, FaultOneCaller,
}

// ParseFault reads KIND:SERVICE, or KIND:SERVICE:PORT:FROM.
func ParseFault(text string) (*Fault, error) {
	parts := strings.Split(text, ":")
	f := &Fault{Kind: parts[0]}
	whole := f.Kind == FaultStopped || f.Kind == FaultCrashed
	if !slices.Contains(faultKinds, f.Kind) || whole && len(parts) != 2 || !whole && len(parts) != 4 || parts[1] == "" {
		return nil, fmt.Errorf("%q is no fault: KIND:SERVICE, or KIND:SERVICE:PORT:FROM, with a kind of %s", text, strings.Join(faultKinds, ", "))
	}
	f.Service = parts[1]
	if !whole {
		port, err := strconv.Atoi(parts[2])
		if err != nil {
			return nil, fmt.Errorf("%q is no fault: %q is no port", text, parts[2])
		}
		f.Port, f.From = port, parts[3]
	}
	return f, nil
}

func (f *Fault) String() string {
	if f.Port == 0 {
		return f.Kind + ":" + f.Service
	}
	return fmt.Sprintf("%s:%s:%d:%s", f.Kind, f.Service, f.Port, f.From)
}

// Sighting is something that an engine has seen: the start of a service, or the first call to a port of it.
type Sighting struct {
	Service string `json:"service"`
	Port    int    `json:"port,omitempty"` // 0: the start
	From    string `json:"from,omitempty"` // as in [Fault]
	HTTP    bool   `json:"http,omitempty"`
}

// SightingsFile is the name of the file in the state directory to which an engine that observes writes its
// sightings, a JSON object per line.
const SightingsFile = "sightings"

// faults holds the fault of an engine, and what it observes.
type faults struct {
	fault  *Fault
	seen   *os.File // nil: nothing is observed
	caller chan struct{}

	mu     sync.Mutex
	known  map[Sighting]bool
	answer map[string][]byte // FaultConstant: the first bodies, by request
}

// newFaults prepares the fault of the options.
func newFaults(opts Options) (*faults, error) {
	f := &faults{fault: opts.Fault, caller: make(chan struct{}, 1), known: map[Sighting]bool{}, answer: map[string][]byte{}}
	if !opts.Observe {
		return f, nil
	}
	var err error
	f.seen, err = os.OpenFile(filepath.Join(opts.State, SightingsFile), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	return f, err
}

// watch reports whether the calls between containers matter.
func (f *faults) watch() bool { return f.seen != nil || f.fault != nil && f.fault.Port != 0 }

func (f *faults) close() error {
	if f.seen == nil {
		return nil
	}
	return f.seen.Close()
}

// see notes a sighting, once.
func (f *faults) see(s Sighting) {
	if f.seen == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known[s] {
		return
	}
	f.known[s] = true
	line, err := json.Marshal(s)
	if err == nil {
		_, _ = f.seen.Write(append(line, '\n')) // without it a change is not tried
	}
}

// serviceOf is the service of a container.
func serviceOf(c *container) string {
	if name := c.config.Labels["com.docker.compose.service"]; name != "" {
		return name
	}
	return c.name
}

// started applies a fault of containers to one that has started. The caller holds e.mu.
func (e *Engine) started(c *container) {
	e.faults.see(Sighting{Service: serviceOf(c)})
	f := e.faults.fault
	if f == nil || f.Service != serviceOf(c) {
		return
	}
	switch f.Kind {
	case FaultStopped:
		c.halted = true
		c.run.process.signal(syscall.SIGTERM)
	case FaultCrashed:
		c.run.process.kill()
	}
}

// call is a connection to a port of a container.
type call struct {
	service string
	port    int
	from    string // as in [Fault]
}

// carry carries a connection to a container, with the fault of the engine. The caller closes conn. The
// client may have sent something already, which is in early; nil: it has not.
func (e *Engine) carry(conn, to *net.TCPConn, c call, early *bufio.Reader) {
	f := e.faults.fault
	hit := f != nil && *f == Fault{f.Kind, c.service, c.port, c.from}
	if early == nil && hit {
		early = bufio.NewReader(conn)
	}
	if !hit && early != nil && early.Buffered() > 0 {
		sent, _ := early.Peek(early.Buffered()) // they are there
		if _, err := to.Write(sent); err != nil {
			to.Close()
			return
		}
	}
	switch {
	case hit:
		defer e.conns.remove(to)
		if !e.conns.add(to) || f.Kind == FaultClosed {
			return
		}
		e.carryHTTP(conn, to, early, f)
	case e.faults.seen != nil:
		e.relay(conn, to, func(answer io.Reader) io.Reader { return &sniffer{answer, e.faults, c} })
	default:
		e.relay(conn, to, nil)
	}
}

// sniffer notes by the first bytes of an answer whether it is HTTP.
type sniffer struct {
	io.Reader
	faults *faults
	call   call
}

func (s *sniffer) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if s.faults != nil && n > 0 {
		s.faults.see(Sighting{s.call.service, s.call.port, s.call.from, bytes.HasPrefix(p[:n], []byte("HTTP/1."))})
		s.faults = nil
	}
	return n, err
}

// mostBody is the size of a body, in bytes, up to which a fault changes it.
const mostBody = 4 << 20

// carryHTTP carries requests and answers, and changes the answers.
func (e *Engine) carryHTTP(conn, to *net.TCPConn, requests *bufio.Reader, f *Fault) {
	answers := bufio.NewReader(to)
	if first, err := requests.Peek(1); err != nil || first[0] < 'A' || first[0] > 'Z' {
		return // it is no request of HTTP
	}
	for {
		req, err := http.ReadRequest(requests)
		if err != nil {
			return
		}
		if req.Header.Get("User-Agent") == "" {
			req.Header["User-Agent"] = nil // the client sends none
		}
		if strings.EqualFold(req.Header.Get("Expect"), "100-continue") {
			if _, err := io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
				return
			}
			req.Header.Del("Expect")
		}
		if !e.answer(conn, to, answers, req, f) {
			return
		}
	}
}

// answer carries one request and its answer; false: the connection is over.
func (e *Engine) answer(conn, to *net.TCPConn, answers *bufio.Reader, req *http.Request, f *Fault) bool {
	if f.Kind == FaultOneCaller {
		select {
		case e.faults.caller <- struct{}{}:
			defer func() { <-e.faults.caller }()
		case <-e.closing:
			return false
		}
	}
	if err := req.Write(to); err != nil {
		return false
	}
	resp, err := http.ReadResponse(answers, req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		if resp.Write(conn) == nil {
			e.relay(conn, to, func(io.Reader) io.Reader { return answers })
		}
		return false
	}
	if f.Kind == FaultSlow {
		timer := time.NewTimer(faultDelay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-e.closing:
			return false
		}
	} else if f.Kind != FaultOneCaller {
		if err := e.faults.spoil(resp, f.Kind); err != nil {
			return false
		}
	}
	return resp.Write(conn) == nil && !resp.Close && !req.Close
}

// spoil changes an answer.
func (f *faults) spoil(resp *http.Response, kind string) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostBody))
	if err != nil {
		return err
	}
	switch kind {
	case FaultError:
		resp.StatusCode, resp.Status = http.StatusInternalServerError, "500 Internal Server Error"
		body = []byte("Internal Server Error\n")
	case FaultEmpty:
		body = nil
	case FaultCut:
		body = body[:len(body)/2]
	case FaultConstant:
		f.mu.Lock()
		key := resp.Request.Method + " " + resp.Request.URL.RequestURI()
		if first, ok := f.answer[key]; ok {
			body = first
		} else if len(f.answer) < 1024 {
			f.answer[key] = body
		}
		f.mu.Unlock()
	}
	resp.Body, resp.ContentLength, resp.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	resp.Header.Del("Content-Length") // it is written by its new value
	return nil
}
