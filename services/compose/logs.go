package compose

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// events follows the events of the containers of services (of all, if nil) from a time on. The
// channel is closed when the stream ends; stop ends it.
func (s *session) events(ctx context.Context, since time.Time, services []string) (events <-chan event, stop func(), err error) {
	f := map[string][]string{
		"type":  {"container"},
		"label": {labelProject + "=" + s.project.Name, labelOneOff + "=False"},
	}
	ctx, cancel := context.WithCancel(ctx)
	res, err := s.client.stream(ctx, http.MethodGet, "/events", url.Values{ //nolint:bodyclose // the reader closes it
		"filters": {filters(f)}, "since": {unixTime(since)},
	}, nil, nil)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	out := make(chan event)
	go func() {
		defer close(out)
		defer res.Body.Close()
		for dec := json.NewDecoder(res.Body); ; {
			var e event
			if dec.Decode(&e) != nil {
				return
			}
			if e.Type != "container" || len(services) > 0 && !slices.Contains(services, e.Actor.Attributes[labelService]) {
				continue
			}
			select {
			case out <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, func() {
		cancel()
		for range out {
		}
	}, nil
}

// unixTime formats a time for the engine's API: seconds with a fraction.
func unixTime(t time.Time) string {
	return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond())
}

// demultiplex returns the payload of a stream in which stdout and stderr share a
// connection, each piece with a header of 8 bytes: the stream's number, three
// zeros and the length. https://docs.docker.com/reference/api/engine/#stream-format
func demultiplex(r io.Reader) io.Reader { return &demultiplexer{r: bufio.NewReader(r)} }

type demultiplexer struct {
	r    *bufio.Reader
	left int // unread bytes of the current piece
}

func (d *demultiplexer) Read(p []byte) (int, error) {
	for d.left == 0 {
		var header [8]byte
		if _, err := io.ReadFull(d.r, header[:]); err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = io.EOF // the container ended within it
			}
			return 0, err
		}
		d.left = int(binary.BigEndian.Uint32(header[4:]))
	}
	n, err := d.r.Read(p[:min(len(p), d.left)])
	d.left -= n
	return n, err
}

// logOptions select the part and the form of the logs.
type logOptions struct {
	follow     bool
	tail       string // a number or "all"
	since      string // times for the engine
	until      string
	timestamps bool
	noColor    bool
	noPrefix   bool
}

// openLogs opens the log of a container.
func (s *session) openLogs(ctx context.Context, c *container, o logOptions) (io.ReadCloser, error) {
	values := url.Values{"stdout": {"1"}, "stderr": {"1"}}
	for name, value := range map[string]string{"tail": o.tail, "since": o.since, "until": o.until} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if o.follow {
		values.Set("follow", "1")
	}
	if o.timestamps {
		values.Set("timestamps", "1")
	}
	res, err := s.client.stream(ctx, http.MethodGet, "/containers/"+c.id+"/logs", values, nil, nil)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}

// attach opens the later output of a container.
func (s *session) attach(ctx context.Context, c *container) (io.ReadCloser, error) {
	return s.client.hijack(ctx, "/containers/"+c.id+"/attach", url.Values{"stream": {"1"}, "stdout": {"1"}, "stderr": {"1"}}, nil)
}

// printer prints the logs of several containers, a line at a time.
type printer struct {
	*session
	options logOptions
	look    logLook

	mu      sync.Mutex // guards the fields below and stdout
	streams map[string]io.ReadCloser
	reading map[string]int           // how many logs of a container are being read
	printed map[string]chan struct{} // closed when the latest log of a container has been printed
	coming  map[string]bool          // containers whose end has been printed, until they start again or turn out not to
	died    map[string]int64         // when, in nanoseconds since the epoch
	missed  map[string]missedRun     // runs that were over before they were followed, until their end is reported
	ends    map[string]chan int      // gets the exit status of the latest log's run, by container
	onExit  func(c *container, status int)

	wg   sync.WaitGroup
	idle chan struct{} // gets a value when the log of a container has ended
	over chan struct{} // closed when no more events will come
}

func (s *session) newPrinter(o logOptions) *printer {
	return &printer{
		session: s, options: o, look: s.style.logs.lines(s, o),
		streams: map[string]io.ReadCloser{},
		reading: map[string]int{}, printed: map[string]chan struct{}{},
		coming: map[string]bool{}, died: map[string]int64{}, missed: map[string]missedRun{},
		ends: map[string]chan int{}, idle: make(chan struct{}, 1), over: make(chan struct{}),
	}
}

// attachTo attaches to a container that is about to start.
func (p *printer) attachTo(ctx context.Context, c *container) error {
	stream, err := p.attach(ctx, c)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.streams[c.id] = stream
	return nil
}

// close closes the attached streams that have not been printed.
func (p *printer) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, stream := range p.streams {
		stream.Close()
		delete(p.streams, id)
	}
}

// run prints the logs of the containers. If it follows them it also prints those of containers
// started later, and returns when all have ended.
func (p *printer) run(ctx context.Context, containers []*container, events <-chan event) error {
	containers = slices.Clone(containers)
	slices.SortFunc(containers, byName)
	for _, c := range containers {
		p.print(ctx, c, p.options)
	}
	defer p.wg.Wait()
	if events == nil {
		p.wg.Wait()
		return context.Cause(ctx)
	}
	for p.count() > 0 {
		select {
		case <-p.idle:
			p.settle(ctx)
		case e, ok := <-events:
			if !ok {
				events = nil // the followed logs continue
				close(p.over)
				for id := range p.missed {
					p.printMissed(ctx, id, "")
				}
				p.settle(ctx)
				continue
			}
			if err := p.event(ctx, e); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return context.Cause(ctx)
}

func (p *printer) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.reading) + len(p.coming) + len(p.missed)
}

// settle forgets the ended containers that will not start again. It runs where events are received, so that
// one that is still to come tells of a later change.
func (p *printer) settle(ctx context.Context) {
	p.mu.Lock()
	coming := slices.Collect(maps.Keys(p.coming))
	p.mu.Unlock()
	for _, id := range coming {
		restarts := false
		select {
		case <-p.over: // nothing would tell
		default:
			c, err := p.inspect(ctx, id)
			restarts = err == nil && (c.State.Restarting || c.State.Running)
		}
		if !restarts {
			p.mu.Lock()
			delete(p.coming, id)
			p.mu.Unlock()
		}
	}
}

// event follows a container that has been started. After a restart it follows the log from the last
// end on: the output before that has been printed.
func (p *printer) event(ctx context.Context, e event) error {
	id := e.Actor.ID
	p.mu.Lock()
	died, restarted := p.died[id]
	reading := p.reading[id] > 0
	p.mu.Unlock()
	switch e.Action {
	case "die":
		if _, missed := p.missed[id]; missed {
			p.printMissed(ctx, id, unixTime(time.Unix(0, e.TimeNano)))
		}
		status, _ := strconv.Atoi(e.Actor.Attributes["exitCode"])
		p.mu.Lock()
		p.died[id] = e.TimeNano
		if end := p.ends[id]; end != nil {
			end <- status
			delete(p.ends, id)
		}
		p.mu.Unlock()
	case "stop", "kill", "destroy":
		p.settle(ctx) // a container between two runs has no other end
	case "start":
		if reading && !restarted {
			return nil
		}
		o := p.options
		o.tail = ""
		if restarted {
			o.since = unixTime(time.Unix(0, died))
		}
		return p.started(ctx, e, o)
	}
	return nil
}

// started follows the run of a container that an event has reported. A log that is opened behind the
// end of that run may hold the next one as well.
func (p *printer) started(ctx context.Context, e event, o logOptions) error {
	id := e.Actor.ID
	p.mu.Lock()
	stream := p.streams[id]
	p.mu.Unlock()
	attached := stream != nil
	if !attached {
		var err error
		if stream, err = p.openLogs(ctx, &container{id: id}, o); notFound(err) {
			return nil
		}
	}
	c, err := p.inspect(ctx, id)
	if err != nil && stream != nil && !attached {
		stream.Close()
	}
	if notFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	over := !c.State.Running || c.State.Restarting || c.State.StartedAt.UnixNano() > e.TimeNano
	p.mu.Lock()
	switch {
	case stream == nil || attached:
	case over:
		stream.Close()
		c.State.Running = true // it was
		p.missed[id] = missedRun{c, o}
		p.mu.Unlock()
		return nil
	default:
		p.streams[id] = stream
	}
	p.mu.Unlock()
	p.print(ctx, c, o)
	return nil
}

// missedRun is a run that was over before its log was opened.
type missedRun struct {
	c *container
	o logOptions
}

// printMissed prints the log of a missed run up to a time, its end, or up to now if that is "".
func (p *printer) printMissed(ctx context.Context, id, end string) {
	p.mu.Lock()
	m := p.missed[id]
	delete(p.missed, id)
	p.mu.Unlock()
	if end != "" {
		m.o.follow, m.o.until = false, end
	}
	p.print(ctx, m.c, m.o)
}

// status waits for the end of a container that was running when its log was opened. An event
// reports the end. A request could not: the container may be up again already.
func (p *printer) status(ctx context.Context, c *container, end <-chan int) (status int, ok bool) {
	select {
	case status = <-end:
		return status, true
	case <-ctx.Done():
		return 0, false
	case <-p.over:
		status, err := p.wait(ctx, c.id)
		return status, err == nil
	}
}

// print starts printing the log of a container. The log of an earlier run comes first, with the
// line about its end.
func (p *printer) print(ctx context.Context, c *container, o logOptions) {
	p.mu.Lock()
	p.look.present(c)
	stream := p.streams[c.id]
	delete(p.streams, c.id)
	runs := c.State.Running || stream != nil
	earlier, done := p.printed[c.id], make(chan struct{})
	end := make(chan int, 1)
	p.printed[c.id], p.ends[c.id] = done, end
	p.reading[c.id]++
	delete(p.coming, c.id)
	delete(p.died, c.id)
	p.mu.Unlock()
	p.wg.Go(func() {
		defer close(done)
		ended := false
		defer func() {
			p.mu.Lock()
			if p.reading[c.id]--; p.reading[c.id] == 0 {
				delete(p.reading, c.id)
				if ended {
					p.coming[c.id] = true
				}
			}
			p.mu.Unlock()
			select {
			case p.idle <- struct{}{}:
			default:
			}
		}()
		if stream == nil {
			var err error
			if stream, err = p.openLogs(ctx, c, o); err != nil {
				if context.Cause(ctx) == nil && !notFound(err) {
					p.write(c, fmt.Appendln(nil, err))
				}
				return
			}
		}
		stop := context.AfterFunc(ctx, func() { stream.Close() }) // a hijacked connection does not observe ctx
		defer stop()
		defer stream.Close()
		r := io.Reader(stream)
		if !c.Config.Tty {
			r = demultiplex(r)
		}
		if earlier != nil {
			select {
			case <-earlier:
			case <-ctx.Done():
			}
		}
		p.copy(ctx, c, r)
		if !p.options.follow || context.Cause(ctx) != nil {
			return
		}
		status, ok := c.State.ExitCode, true
		if runs {
			status, ok = p.status(ctx, c, end)
		}
		if !ok {
			return
		}
		p.write(nil, []byte(p.look.exited(c, status)))
		if p.onExit != nil {
			p.onExit(c, status)
		}
		ended = true
	})
}

// copy prints lines with their prefix. The last line may lack an end of line; none is added.
func (p *printer) copy(ctx context.Context, c *container, r io.Reader) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if context.Cause(ctx) != nil {
			return
		}
		if len(line) > 0 {
			p.write(c, bytes.ToValidUTF8(line, []byte("\uFFFD")))
		}
		if err != nil {
			return
		}
	}
}

// write writes a line with its container's prefix.
func (p *printer) write(of *container, line []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if of != nil {
		line = append([]byte(p.look.prefix(of)), line...)
	}
	_, _ = p.Stdout.Write(line)
}

// logged leaves out the containers whose output the engine does not keep.
func logged(containers []*container) []*container {
	var out []*container
	for _, c := range containers {
		if t := c.HostConfig.LogConfig.Type; t != "" && t != "none" {
			out = append(out, c)
		}
	}
	return out
}

// logs is the command `logs`.
func logs(ctx context.Context, s *session, opts options) error {
	o := logOptions{
		follow: opts.has("follow"), timestamps: opts.has("timestamps"), tail: opts.value("tail", "all"),
		noColor: opts.has("no-color"), noPrefix: opts.has("no-log-prefix"),
		since: opts.value("since", ""), until: opts.value("until", ""),
	}
	if _, err := strconv.ParseUint(o.tail, 10, 31); err != nil && o.tail != "all" {
		return errors.New("tail flag must be all or a number")
	}
	var events <-chan event
	if o.follow {
		var stop func()
		var err error
		if events, stop, err = s.events(ctx, time.Now(), opts.args); err != nil {
			return err
		}
		defer stop()
	}
	containers, err := s.containers(ctx, query{services: opts.args, all: true})
	if err != nil {
		return err
	}
	containers = logged(containers)
	if s.style.look == V1 {
		s.printf("%s\n", s.style.logs.attaching(s, containers))
	}
	return s.newPrinter(o).run(ctx, containers, events)
}
