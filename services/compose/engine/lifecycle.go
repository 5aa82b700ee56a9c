package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// run is one life of a container, from a start to the end of its process.
type run struct {
	process *process
	ports   map[string]*address // the addresses of the container's ports, by 80/tcp
	publish []*forwarder
	// reserved are the sockets that keep ports free for the program.
	reserved   []int
	shown      map[string][]portBinding // the published ports as clients see them
	proxy      *socksProxy
	announced  []string // the variables about other services
	place      *place   // nil if the engine has none
	group      *group   // nil if its memory has no limit
	names      *nameService
	cables     []*endpoint // the memberships that are connected
	interfaces int         // their number so far
	health     *prober
	cancel     context.CancelFunc
	over       chan struct{} // closed when the end has been recorded
	logged     int64         // the end of its output in the log; valid then
}

// restartPolicy decides whether a container that ended by itself is started again.
type restartPolicy struct {
	Name              string
	MaximumRetryCount int
}

// Docker's delays between restarts. They double from the first to the last, and start again after a
// long run.
const (
	firstDelay = 100 * time.Millisecond
	lastDelay  = time.Minute
	longRun    = 10 * time.Second
)

// startContainer is POST /containers/{id}/start.
func (e *Engine) startContainer(w http.ResponseWriter, r *http.Request) error {
	var wait *readiness
	ctx := context.WithoutCancel(r.Context())
	err := e.locked(r, func(c *container) error {
		switch {
		case c.removing:
			return conflict("container is marked for removal and cannot be started")
		case c.state == paused:
			return conflict("cannot start a paused container, try unpause instead")
		case c.running():
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
		c.halted, c.restarts, c.delay = false, 0, 0
		var err error
		wait, err = e.startReady(ctx, c)
		return err
	})
	if err != nil || wait == nil { // it ran already
		return err
	}
	if err := wait.done(r.Context()); err != nil {
		return err
	}
	return noContent(w)
}

// startRun starts the process of a container that has none. On failure the container keeps its
// state and gets the error and the exit code that Docker gives it. The caller holds e.mu.
func (e *Engine) startRun(ctx context.Context, c *container) error {
	if !e.hold() {
		return errClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &run{ports: map[string]*address{}, cancel: cancel, over: make(chan struct{})}
	if err := e.launch(ctx, c, r); err != nil {
		if c.host.AutoRemove {
			defer e.remove(c)
		}
		r.release(e.places)
		c.leaveAddresses()
		e.tasks.Done()
		c.err = err.Error()
		c.exitCode = 128 // Docker's status for errors before the program runs …
		if errors.Is(err, errNoProgram) {
			c.exitCode = 127
		} else if errors.Is(err, os.ErrPermission) {
			c.exitCode = 126
		}
		if c.exitCode != 128 { // … and for errors of the program itself
			return startError("OCI runtime create failed", c.argv()[0], err)
		}
		return err
	}
	c.run, c.state, c.err, c.exitCode, c.outOfMemory = r, running, "", 0, false
	c.startedAt = time.Now()
	if r.process.stdin != nil {
		c.stdin.open(r.process.stdin)
	}
	e.events.publish("container", "start", c.id, c.attributes())
	e.beginProbes(ctx, c)
	e.started(c)
	go func() {
		defer e.tasks.Done()
		<-r.process.done
		e.finish(ctx, c, r)
	}()
	return nil
}

var errClosed = fail(http.StatusServiceUnavailable, "the engine is closed")

// launch opens the ports and files of a container and starts its process.
func (e *Engine) launch(ctx context.Context, c *container, r *run) error {
	e.joinAddresses(c)
	var files []*os.File
	var names, ports []string
	var err error
	if e.places != nil {
		ports, err = e.settle(ctx, c, r)
	} else {
		files, names, ports, err = r.listen(ctx, c)
	}
	defer func() { // the process has its own copies
		for _, f := range files {
			f.Close()
		}
	}()
	if err != nil {
		return err
	}
	if err := e.publishPorts(ctx, c, r); err != nil {
		return err
	}
	if r.proxy, err = e.newProxy(ctx, c, r); err != nil {
		return err
	}
	cmd := e.command(c)
	cmd.argv, cmd.files, cmd.output, cmd.place = c.argv(), files, c.output, r.place
	if c.host.Memory > 0 {
		if r.group, err = e.groups.open(c.host.Memory, c.host.MemorySwap); err != nil {
			return err
		}
		cmd.group = r.group
	}
	cmd.tty, cmd.size, cmd.stdin = c.config.Tty, c.size, c.config.OpenStdin
	if r.place == nil && c.config.Labels[processLabel] == "" {
		cmd.env = append(cmd.env, "LISTEN_FDS="+strconv.Itoa(len(files)), "LISTEN_FDNAMES="+strings.Join(names, ":"))
	}
	if environ(cmd.env, "PORT") == "" { // the container does not set it
		cmd.env = append(cmd.env, ports...)
	}
	if r.proxy != nil {
		cmd.env = append(cmd.env, r.proxy.env())
	}
	if r.announced, err = e.announce(ctx, c, r); err != nil {
		return err
	}
	cmd.env = mergeEnv(r.announced, cmd.env) // what the container sets is left
	r.process, err = e.spawn(cmd)
	return err
}

// command returns the settings shared by all processes of a container.
func (e *Engine) command(c *container) command {
	bin := e.path("bin")
	env := mergeEnv([]string{"PATH=" + usualPath}, e.opts.Env)
	env = mergeEnv(env, c.mountVariables())
	env = mergeEnv(env, c.config.Env)
	if c.image.base {
		env = mergeEnv(env, []string{"PATH=" + bin + ":" + environ(env, "PATH")})
	}
	env = mergeEnv(env, []string{"HOSTNAME=" + c.config.Hostname})
	if c.config.Tty && environ(env, "TERM") == "" {
		env = append(env, "TERM=xterm")
	}
	cmd := command{
		env: env, root: c.image.root, base: c.image.base, dir: c.config.WorkingDir, output: c.output,
		credential: c.credential, limits: c.host.Ulimits,
	}
	if c.run != nil {
		cmd.place, cmd.group = c.run.place, c.run.group
		if c.run.proxy != nil {
			cmd.env = append(cmd.env, c.run.proxy.env())
		}
		cmd.env = mergeEnv(c.run.announced, cmd.env)
	}
	if cmd.dir == "" {
		cmd.dir = "/"
	}
	return cmd
}

// usualPath is the PATH of Docker's images.
const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// release closes everything that a run opened, except the process. It does not wait.
func (r *run) release(places *places) {
	r.cancel()
	for _, f := range r.publish {
		f.close()
	}
	for _, fd := range r.reserved {
		_ = syscall.Close(fd) // an error has no remedy
	}
	r.reserved = nil
	if r.proxy != nil {
		r.proxy.close()
	}
	if r.names != nil {
		r.names.close()
	}
	for _, ep := range r.cables { // a process that survives would keep the address
		places.cut(ep)
	}
	r.group.close()
	if r.place != nil {
		r.place.close()
	}
}

// connect connects a running container with a further network, if it has a place.
func (r *run) connect(places *places, ep *endpoint) error {
	if r.place == nil {
		return nil
	}
	if err := places.connect(r.place, ep, "eth"+strconv.Itoa(r.interfaces)); err != nil {
		return err
	}
	r.interfaces++
	r.cables = append(r.cables, ep)
	return nil
}

// disconnect takes a network from a running container.
func (r *run) disconnect(places *places, ep *endpoint) {
	if i := slices.Index(r.cables, ep); i >= 0 {
		r.cables = slices.Delete(r.cables, i, i+1)
		places.disconnect(ep)
	}
}

// finish records the end of a process: the container has exited, or is restarted.
func (e *Engine) finish(ctx context.Context, c *container, r *run) {
	outOfMemory := r.group.killed()
	r.group.close() // it waits for processes that are left
	e.mu.Lock()
	defer e.mu.Unlock()
	defer close(r.over)
	for _, id := range c.execs {
		if x := e.execs.get(id); x.process != nil {
			x.process.kill()
		}
	}
	r.release(e.places)
	c.leaveAddresses()
	c.run, r.logged = nil, c.output.log.end()
	c.stdin.open(nil)
	c.exitCode = r.process.code
	c.finishedAt = time.Now()
	if c.outOfMemory = outOfMemory; outOfMemory {
		e.events.publish("container", "oom", c.id, c.attributes())
	}
	e.events.publish("container", "die", c.id, c.attributes("exitCode", strconv.Itoa(c.exitCode)))
	if c.finishedAt.Sub(c.startedAt) >= longRun {
		c.delay = 0
	}
	if c.shouldRestart() && e.hold() {
		c.state = restarting
		c.delay = min(max(2*c.delay, firstDelay), lastDelay)
		c.restarts++
		c.backoff = make(chan struct{})
		go e.restartLater(context.WithoutCancel(ctx), c, c.delay, c.backoff)
		c.wake()
		return
	}
	e.end(c)
}

// ending is the next end of a run, also of one that is followed by another.
type ending struct {
	over chan struct{} // closed when the fields are valid
	code int
}

// wake tells the clients that wait for the end of a container, as Docker does at each end. The caller holds e.mu.
func (c *container) wake() {
	c.next.code = c.exitCode
	close(c.next.over)
	c.next = newEnding()
}

func newEnding() *ending { return &ending{over: make(chan struct{})} }

// end makes a container exited that has ended and is not restarted. The caller holds e.mu.
func (e *Engine) end(c *container) {
	c.state = exited
	c.wake()
	if c.host.AutoRemove && !c.removing {
		c.removing = true
		e.remove(c)
	}
}

func (c *container) shouldRestart() bool {
	p := c.host.RestartPolicy
	switch {
	case c.halted:
		return false
	case p.Name == "on-failure":
		return c.exitCode != 0 && (p.MaximumRetryCount == 0 || c.restarts < p.MaximumRetryCount)
	}
	return p.Name == "always" || p.Name == "unless-stopped"
}

// restartLater starts a container again after a delay, unless the restart is cancelled.
func (e *Engine) restartLater(ctx context.Context, c *container, delay time.Duration, off <-chan struct{}) {
	defer e.tasks.Done()
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-off:
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case <-off:
		e.end(c)
		return
	default:
	}
	c.backoff = nil
	if err := e.startRun(ctx, c); err != nil {
		e.log.Warn("restart failed", "container", c.name, "error", err)
		e.end(c)
		e.events.publish("container", "stop", c.id, c.attributes()) // for those who wait for the restart
	}
}

// cancelRestart cancels a pending restart. The caller holds e.mu.
func (c *container) cancelRestart() {
	if c.backoff != nil {
		close(c.backoff)
		c.backoff = nil
	}
}

// stopContainer is POST /containers/{id}/stop.
func (e *Engine) stopContainer(w http.ResponseWriter, r *http.Request) error {
	stopped, err := e.stop(r)
	switch {
	case err != nil:
		return err
	case !stopped:
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return noContent(w)
}

// restartContainer is POST /containers/{id}/restart.
func (e *Engine) restartContainer(w http.ResponseWriter, r *http.Request) error {
	if _, err := e.stop(r); err != nil {
		return err
	}
	wait := &readiness{}
	ctx := context.WithoutCancel(r.Context())
	err := e.locked(r, func(c *container) error {
		if !c.running() { // another client may have started it
			c.halted, c.restarts, c.delay = false, 0, 0
			var err error
			if wait, err = e.startReady(ctx, c); err != nil {
				return err
			}
		}
		e.events.publish("container", "restart", c.id, c.attributes())
		return nil
	})
	if err != nil {
		return err
	}
	if err := wait.done(r.Context()); err != nil {
		return err
	}
	return noContent(w)
}

// stop asks the process of a request's container to end, kills it after the grace period, and waits
// for its end. It reports whether the container was running.
func (e *Engine) stop(r *http.Request) (bool, error) {
	asked := syscall.SIGTERM
	grace := 10 * time.Second
	t, err := strconv.Atoi(r.URL.Query().Get("t"))
	set := err == nil
	var over <-chan struct{}
	var p *process
	var c *container
	err = e.locked(r, func(found *container) error {
		c = found
		if !c.running() {
			return nil
		}
		c.halted = true
		if c.run == nil {
			over = c.next.over
			c.cancelRestart()
			return nil
		}
		if c.config.StopSignal != "" {
			asked, _ = signalNumber(c.config.StopSignal) // it was checked at the creation
		}
		if name := r.URL.Query().Get("signal"); name != "" {
			n, err := signalNumber(name)
			if err != nil {
				return err
			}
			asked = n
		}
		if !set && c.config.StopTimeout != nil {
			set, t = true, *c.config.StopTimeout
		}
		if set {
			grace = time.Duration(t) * time.Second
		}
		p, over = c.run.process, c.run.over
		e.resume(c)
		p.signal(asked)
		e.events.publish("container", "kill", c.id, c.attributes("signal", strconv.Itoa(int(asked))))
		return nil
	})
	if err != nil || over == nil {
		return false, err
	}
	if p != nil {
		var expired <-chan time.Time
		if grace >= 0 {
			timer := time.NewTimer(grace)
			defer timer.Stop()
			expired = timer.C
		}
		select {
		case <-over:
		case <-expired:
			e.mu.Lock()
			e.events.publish("container", "kill", c.id, c.attributes("signal", "9"))
			e.mu.Unlock()
			p.kill()
		}
	}
	<-over
	e.mu.Lock()
	defer e.mu.Unlock()
	e.events.publish("container", "stop", c.id, c.attributes())
	return true, nil
}

// killContainer is POST /containers/{id}/kill.
func (e *Engine) killContainer(w http.ResponseWriter, r *http.Request) error {
	signal := syscall.SIGKILL
	if name := r.URL.Query().Get("signal"); name != "" {
		var err error
		if signal, err = signalNumber(name); err != nil {
			return err
		}
	}
	var over <-chan struct{}
	var between *container // it ended between two runs, which nothing else tells
	err := e.locked(r, func(c *container) error {
		if !c.running() {
			return conflict("Cannot kill container: %s: Container %s is not running", r.PathValue("id"), c.id)
		}
		stop := syscall.SIGTERM
		if c.config.StopSignal != "" {
			stop, _ = signalNumber(c.config.StopSignal) // it was checked at the creation
		}
		if signal == syscall.SIGKILL || signal == stop {
			c.halted = true
		}
		if c.run == nil { // between two runs: no process can get the signal
			if c.halted {
				over, between = c.next.over, c
				c.cancelRestart()
			}
			return nil
		}
		c.run.process.signal(signal)
		e.events.publish("container", "kill", c.id, c.attributes("signal", strconv.Itoa(int(signal))))
		if signal == syscall.SIGKILL {
			over = c.run.over
		}
		return nil
	})
	if err != nil {
		return err
	}
	if over != nil {
		<-over
	}
	if between != nil {
		e.mu.Lock()
		e.events.publish("container", "kill", between.id, between.attributes("signal", strconv.Itoa(int(signal))))
		e.mu.Unlock()
	}
	return noContent(w)
}

// signalNumber parses a signal: 9, KILL or SIGKILL.
func signalNumber(s string) (syscall.Signal, error) {
	if n, err := strconv.Atoi(s); err == nil && n > 0 && n < 65 {
		return syscall.Signal(n), nil
	}
	name := strings.ToUpper(s)
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	if n := unix.SignalNum(name); n != 0 {
		return n, nil
	}
	return 0, badRequest("Invalid signal: %s", s)
}

// pauseContainer is POST /containers/{id}/pause.
func (e *Engine) pauseContainer(w http.ResponseWriter, r *http.Request) error {
	return e.locked(r, func(c *container) error {
		switch {
		case c.run == nil:
			return conflict("Container %s is not running", c.id)
		case c.state == paused:
			return conflict("Container %s is already paused", c.id)
		}
		c.run.process.signalGroup(syscall.SIGSTOP)
		c.state = paused
		e.events.publish("container", "pause", c.id, c.attributes())
		return noContent(w)
	})
}

// unpauseContainer is POST /containers/{id}/unpause.
func (e *Engine) unpauseContainer(w http.ResponseWriter, r *http.Request) error {
	return e.locked(r, func(c *container) error {
		if c.state != paused {
			return fail(http.StatusInternalServerError, "Container %s is not paused", c.id)
		}
		e.resume(c)
		return noContent(w)
	})
}

// resume continues a paused container. The caller holds e.mu.
func (e *Engine) resume(c *container) {
	if c.state == paused {
		c.run.process.signalGroup(syscall.SIGCONT)
		c.state = running
		e.events.publish("container", "unpause", c.id, c.attributes())
	}
}

// waitContainer is POST /containers/{id}/wait.
func (e *Engine) waitContainer(w http.ResponseWriter, r *http.Request) error {
	var found *container
	var until <-chan struct{}
	var code *int
	err := e.locked(r, func(c *container) error {
		found, code = c, &c.exitCode
		switch condition := r.URL.Query().Get("condition"); condition {
		case "", "not-running":
			if c.running() {
				until, code = c.next.over, &c.next.code
			}
		case "next-exit":
			until, code = c.next.over, &c.next.code
		case "removed":
			until = c.removed
		default:
			return badRequest("invalid condition: %q", condition)
		}
		return nil
	})
	if err != nil {
		return err
	}
	// The client relies on the wait to have begun before it starts the container.
	w.Header().Set("Content-Type", "application/json")
	if !begin(w) {
		return nil
	}
	if until != nil {
		select {
		case <-until:
		case <-found.removed:
		case <-r.Context().Done():
			return nil
		}
	}
	e.mu.Lock()
	status := *code
	e.mu.Unlock()
	fmt.Fprintf(w, "{\"StatusCode\":%d}\n", status)
	return nil
}

// resizeContainer is POST /containers/{id}/resize.
func (e *Engine) resizeContainer(w http.ResponseWriter, r *http.Request) error {
	size, err := readSize(r)
	if err != nil {
		return err
	}
	return e.locked(r, func(c *container) error {
		c.size = size
		if c.run != nil && c.run.process.tty != nil {
			if err := resizeTerminal(c.run.process.tty, size); err != nil {
				return err
			}
			rows, columns := strconv.Itoa(int(size.rows)), strconv.Itoa(int(size.cols))
			e.events.publish("container", "resize", c.id, c.attributes("height", rows, "width", columns))
		}
		w.WriteHeader(http.StatusOK)
		return nil
	})
}

func readSize(r *http.Request) (windowSize, error) {
	rows, err1 := strconv.Atoi(r.URL.Query().Get("h"))
	cols, err2 := strconv.Atoi(r.URL.Query().Get("w"))
	switch err := cmp.Or(err1, err2); {
	case err != nil:
		return windowSize{}, badRequest("%v", err)
	case rows < 0 || rows > math.MaxUint16 || cols < 0 || cols > math.MaxUint16:
		return windowSize{}, badRequest("invalid size: %d rows of %d", rows, cols)
	}
	return windowSize{uint16(rows), uint16(cols)}, nil
}
