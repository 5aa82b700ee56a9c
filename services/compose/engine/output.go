package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/docker/go-units"
)

// output receives the output of a container's processes, or of one exec. It passes it on to the
// log, if there is one, and to the attached clients.
type output struct {
	log *lineLog // nil for an exec

	mu    sync.Mutex
	sinks map[*sink]bool
}

// write passes a chunk on. It blocks while an attached client has much unread output, as a terminal
// does.
func (o *output) write(stream byte, p []byte) {
	o.mu.Lock()
	if o.log != nil {
		o.log.write(stream, p)
	}
	var to []*sink
	for s := range o.sinks {
		if s.streams[stream] {
			to = append(to, s)
		}
	}
	o.mu.Unlock()
	for _, s := range to {
		s.push(chunk{stream, p})
	}
}

// attach returns a sink for the later output of the chosen streams, and the current position of the
// log.
func (o *output) attach(out, err bool) (*sink, int64) {
	s := &sink{streams: [3]bool{stdout: out, stderr: err}}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sinks == nil {
		o.sinks = map[*sink]bool{}
	}
	o.sinks[s] = true
	if o.log == nil {
		return s, 0
	}
	return s, o.log.end()
}

// release lets writers continue without waiting for attached clients. The process has ended, so the
// remaining output is bounded.
func (o *output) release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for s := range o.sinks {
		s.change(func() { s.unbounded = true })
	}
}

// end ends the output of this process: clients get their unread output, and then the end.
func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.log != nil {
		o.log.flush()
	}
	for s := range o.sinks {
		s.change(func() { s.ended = true })
	}
	o.sinks = nil
}

// remove forgets the sink of a client that has gone.
func (o *output) remove(s *sink) {
	o.mu.Lock()
	delete(o.sinks, s)
	o.mu.Unlock()
	s.change(func() { s.gone = true })
}

// chunk is a piece of output as it was read, independent of lines.
type chunk struct {
	stream byte
	data   []byte
}

// unread bounds the pending output for one client.
const unread = 1 << 20

// sink is the queue of one attached client.
type sink struct {
	streams [3]bool

	mu                     sync.Mutex
	queue                  []chunk
	size                   int
	ended, gone, unbounded bool
	changed                chan struct{} // closed at the next change; nil if nobody waits
}

func (s *sink) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// next returns a channel that is closed at the next change. The caller holds s.mu.
func (s *sink) next() <-chan struct{} {
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

func (s *sink) push(c chunk) {
	s.mu.Lock()
	for s.size > unread && !s.gone && !s.unbounded {
		changed := s.next()
		s.mu.Unlock()
		<-changed
		s.mu.Lock()
	}
	s.mu.Unlock()
	s.change(func() {
		if !s.gone {
			s.queue = append(s.queue, c)
			s.size += len(c.data)
		}
	})
}

// pop waits for output. None means the end.
func (s *sink) pop(ctx context.Context) []chunk {
	for {
		var queue []chunk
		s.change(func() { queue, s.queue, s.size = s.queue, nil, 0 }) // a writer may wait for room
		if len(queue) > 0 {
			return queue
		}
		s.mu.Lock()
		more, ended, changed := len(s.queue) > 0, s.ended, s.next()
		s.mu.Unlock()
		if more {
			continue
		}
		if ended {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

// copyTo writes the output as it comes and reports whether it reached the end.
func (s *sink) copyTo(ctx context.Context, w io.Writer, tty bool) bool {
	var b []byte
	for {
		chunks := s.pop(ctx)
		if len(chunks) == 0 {
			return ctx.Err() == nil
		}
		b = b[:0]
		for _, c := range chunks {
			b = appendFrame(b, tty, c.stream, c.data)
		}
		if _, err := w.Write(b); err != nil {
			return false
		}
	}
}

// appendFrame adds output in the form of the API: unchanged from a terminal, else with a
// header of the stream's number, three zeros and the length.
// https://docs.docker.com/reference/api/engine/version/v1.47/#tag/Container/operation/ContainerAttach
func appendFrame(b []byte, tty bool, stream byte, data ...[]byte) []byte {
	if !tty {
		n := 0
		for _, d := range data {
			n += len(d)
		}
		b = append(b, stream, 0, 0, 0)
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	for _, d := range data {
		b = append(b, d...)
	}
	return b
}

// logRequest is a request for a part of a log.
type logRequest struct {
	streams      [3]bool
	timestamps   bool
	tail         int // -1 for all
	since, until time.Time
	tty          bool
}

func readLogRequest(r *http.Request) (logRequest, error) {
	q := logRequest{
		streams:    [3]bool{stdout: boolean(r, "stdout"), stderr: boolean(r, "stderr")},
		timestamps: boolean(r, "timestamps"),
		tail:       -1,
	}
	if !q.streams[stdout] && !q.streams[stderr] {
		return q, badRequest("Bad parameters: you must choose at least one stream")
	}
	if tail := r.URL.Query().Get("tail"); tail != "" && tail != "all" {
		n, err := strconv.Atoi(tail)
		if err == nil && n >= 0 {
			q.tail = n
		} // Docker reads other values as "all"
	}
	var err error
	if q.since, err = timestamp(r.URL.Query().Get("since")); err != nil {
		return q, badRequest("since: %v", err)
	}
	if q.until, err = timestamp(r.URL.Query().Get("until")); err != nil {
		return q, badRequest("until: %v", err)
	}
	return q, nil
}

// timeFixed is RFC 3339 with all nine digits, as timestamps in logs are.
const timeFixed = "2006-01-02T15:04:05.000000000Z07:00"

// append adds the requested records. over means that all later records are past the requested time.
func (q logRequest) append(b []byte, records []record) (_ []byte, over bool) {
	for _, r := range records {
		switch {
		case !q.until.IsZero() && r.time.After(q.until):
			return b, true
		case !q.streams[r.stream], r.time.Before(q.since):
		case q.timestamps:
			b = appendFrame(b, q.tty, r.stream, []byte(r.time.UTC().Format(timeFixed)+" "), r.line)
		default:
			b = appendFrame(b, q.tty, r.stream, r.line)
		}
	}
	return b, false
}

// copyLog writes a log from one position to another, or to its end if that is later. It waits for the
// further output of a run, if it is not nil, up to its end: the next run may write already.
func (q logRequest) copyLog(ctx context.Context, w io.Writer, l *lineLog, from, to int64, r *run) error {
	var over <-chan struct{}
	if r != nil {
		over = r.over
	}
	var deadline <-chan time.Time
	if !q.until.IsZero() {
		timer := time.NewTimer(time.Until(q.until))
		defer timer.Stop()
		deadline = timer.C
	}
	flush := func() error { return nil }
	if rw, ok := w.(http.ResponseWriter); ok {
		flush = http.NewResponseController(rw).Flush
	}
	var b []byte
	for from < to {
		records, next, more, err := l.read(from)
		if err != nil {
			return err
		}
		ended := r == nil
		select {
		case <-over:
			ended, to = true, min(to, r.logged)
		default:
		}
		for len(records) > 0 && next > to {
			last := len(records) - 1
			next -= lengthOf(records[last:])
			records = records[:last]
		}
		if dropped := next - lengthOf(records) - from; dropped > 0 && len(records) > 0 {
			records = append([]record{q.gap(dropped, records[0].time)}, records...)
		}
		from = next
		if len(records) > 0 {
			var over bool
			b, over = q.append(b[:0], records)
			if _, err := w.Write(b); err != nil || over {
				return err
			}
			continue
		}
		if err := flush(); err != nil {
			return err
		}
		if ended {
			return nil
		}
		select {
		case <-more:
		case <-over: // read once more, for the output before the end
		case <-deadline:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return flush()
}

// gap is a line in place of a part of a log that is not kept.
func (q logRequest) gap(bytes int64, before time.Time) record {
	stream := byte(stderr)
	if !q.streams[stderr] {
		stream = stdout
	}
	line := fmt.Sprintf("[%s of the log before this line were dropped: the engine keeps the last ones only]\n",
		units.HumanSize(float64(bytes)))
	return record{before, stream, []byte(line)}
}

// streamLogs is GET /containers/{id}/logs.
func (e *Engine) streamLogs(w http.ResponseWriter, r *http.Request) error {
	q, err := readLogRequest(r)
	if err != nil {
		return err
	}
	e.mu.Lock()
	c, err := e.findContainer(r.PathValue("id"))
	if err != nil {
		e.mu.Unlock()
		return err
	}
	var followed *run
	if boolean(r, "follow") {
		followed = c.run
	}
	log, tty, driver := c.output.log, c.config.Tty, c.host.LogConfig.Type
	e.mu.Unlock()
	if driver == "none" {
		return fail(http.StatusNotImplemented, "configured logging driver does not support reading")
	}
	from := int64(0)
	if q.tail >= 0 {
		if from, err = log.tail(q.tail); err != nil {
			return err
		}
	}
	q.tty = tty
	w.Header().Set("Content-Type", streamType(tty))
	if !begin(w) {
		return nil
	}
	if err := q.copyLog(r.Context(), w, log, from, math.MaxInt64, followed); err != nil && r.Context().Err() == nil {
		e.log.Debug("logs", "container", c.name, "error", err)
	}
	return nil
}

// attach is POST /containers/{id}/attach. It may come before the start.
func (e *Engine) attach(w http.ResponseWriter, r *http.Request) error {
	in, out, errs := boolean(r, "stdin"), boolean(r, "stdout"), boolean(r, "stderr")
	e.mu.Lock()
	c, err := e.findContainer(r.PathValue("id"))
	if err != nil {
		e.mu.Unlock()
		return err
	}
	switch c.state {
	case paused:
		err = conflict("container %s is paused, unpause the container before attach", c.id)
	case restarting:
		err = conflict("container %s is restarting, wait until the container is running", c.id)
	}
	if err != nil {
		e.mu.Unlock()
		return err
	}
	s, logged := c.output.attach(out, errs)
	stdin := c.stdin
	e.events.publish("container", "attach", c.id, c.attributes())
	e.mu.Unlock()
	defer c.output.remove(s)

	tty := c.config.Tty
	conn, sent, err := e.hijack(w, r, streamType(tty))
	if err != nil {
		return nil // there is no client to report it to
	}
	ctx, cancel := context.WithCancel(r.Context())
	done := make(chan struct{})
	defer func() {
		cancel()
		e.conns.remove(conn)
		<-done
	}()
	go func() {
		defer close(done)
		if in && c.config.OpenStdin {
			stdin.copyFrom(ctx, sent, c.config.StdinOnce)
		}
		_, _ = io.Copy(io.Discard, sent) // until the client closes it, or conn is closed
	}()
	if boolean(r, "logs") {
		q := logRequest{streams: s.streams, tail: -1, tty: tty}
		if err := q.copyLog(ctx, conn, c.output.log, 0, logged, nil); err != nil {
			return nil
		}
	}
	if !boolean(r, "stream") {
		return nil
	}
	if !out && !errs {
		// Only input: the end of the client's input ends this, unless the process ends first.
		s.wait(ctx, done)
		return nil
	}
	s.copyTo(ctx, conn, tty)
	return nil
}

// wait blocks until the output has ended or done is closed.
func (s *sink) wait(ctx context.Context, done <-chan struct{}) {
	for {
		s.mu.Lock()
		ended, changed := s.ended, s.next()
		s.mu.Unlock()
		if ended {
			return
		}
		select {
		case <-changed:
		case <-done:
			return
		case <-ctx.Done():
			return
		}
	}
}

// stdinGate is the standard input of a container. Input from clients waits for a process that reads
// it.
type stdinGate struct {
	mu     sync.Mutex
	w      io.WriteCloser
	update chan struct{} // closed and replaced at every change
}

// open switches to a new process's input; nil holds the input until the next process.
func (g *stdinGate) open(w io.WriteCloser) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.w = w
	if g.update != nil {
		close(g.update)
		g.update = nil
	}
}

// writer waits for a process and returns its input.
func (g *stdinGate) writer(ctx context.Context) (io.WriteCloser, error) {
	for {
		g.mu.Lock()
		if g.update == nil {
			g.update = make(chan struct{})
		}
		w, update := g.w, g.update
		g.mu.Unlock()
		if w != nil {
			return w, nil
		}
		select {
		case <-update:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// copyFrom sends a client's input to the process, and also its end if once is set.
func (g *stdinGate) copyFrom(ctx context.Context, r io.Reader, once bool) {
	w, err := g.writer(ctx)
	if err != nil {
		return
	}
	_, err = io.Copy(w, r)
	if once && err == nil {
		w.Close()
	}
}

// startError is the error for clients when a process cannot be started.
func startError(kind, program string, err error) error {
	if errors.Is(err, errNoProgram) {
		return badRequest("%s: exec: %q: executable file not found in $PATH: unknown", kind, program)
	}
	return badRequest("%s: %s", kind, fmt.Sprintf("exec: %q: %v: unknown", program, err))
}
