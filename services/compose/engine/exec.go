package engine

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// execution is an additional process in a container.
type execution struct {
	id        string
	container *container
	config    execConfig
	process   *process // nil before the start
	code      int
	over      bool
	accounted chan struct{} // closed when code has been set after the end of the process
	size      windowSize
}

// execConfig is a client's request.
type execConfig struct {
	User         string
	Tty          bool
	AttachStdin  bool
	AttachStdout bool
	AttachStderr bool
	Privileged   bool
	ConsoleSize  *[2]uint16 // rows, columns
	DetachKeys   string
	Detach       bool
	Env          []string
	WorkingDir   string
	Cmd          words
}

// createExec is POST /containers/{id}/exec.
func (e *Engine) createExec(w http.ResponseWriter, r *http.Request) error {
	var config execConfig
	if err := readJSON(r, &config); err != nil {
		return err
	}
	switch {
	case len(config.Cmd) == 0:
		return badRequest("No exec command specified")
	case config.Privileged:
		return badRequest("Privileged is not supported by the embedded engine: its containers are ordinary processes")
	}
	return e.locked(r, func(c *container) error {
		switch {
		case c.state == paused:
			return conflict("Container %s is paused, unpause the container before exec", c.id)
		case c.run == nil:
			return conflict("Container %s is not running", c.id)
		}
		if config.User != "" {
			if credential, why := userOf(config.User); why != "" || !reflect.DeepEqual(credential, c.credential) {
				return asOthers(config.User)
			}
		}
		x := &execution{id: newID(), container: c, config: config, accounted: make(chan struct{})}
		if config.ConsoleSize != nil {
			x.size = windowSize{config.ConsoleSize[0], config.ConsoleSize[1]}
		}
		e.execs.add(x)
		c.execs = append(c.execs, x.id)
		e.events.publish("container", "exec_create: "+strings.Join(config.Cmd, " "), c.id, c.attributes("execID", x.id))
		return writeJSON(w, http.StatusCreated, struct {
			ID string `json:"Id"`
		}{x.id})
	})
}

// execs holds the execs of an engine. The engine's lock guards their fields, like those of their
// containers.
type execs struct {
	mu   sync.Mutex // taken after the engine's
	byID map[string]*execution
}

func (xs *execs) add(x *execution) {
	xs.mu.Lock()
	defer xs.mu.Unlock()
	xs.byID[x.id] = x
}

func (xs *execs) remove(id string) {
	xs.mu.Lock()
	defer xs.mu.Unlock()
	delete(xs.byID, id)
}

// get returns nil if there is no such exec.
func (xs *execs) get(id string) *execution {
	xs.mu.Lock()
	defer xs.mu.Unlock()
	return xs.byID[id]
}

func (xs *execs) all() []*execution {
	xs.mu.Lock()
	defer xs.mu.Unlock()
	return slices.Collect(maps.Values(xs.byID))
}

// find returns the exec of a request.
func (xs *execs) find(r *http.Request) (*execution, error) {
	if x := xs.get(r.PathValue("id")); x != nil {
		return x, nil
	}
	return nil, fail(http.StatusNotFound, "No such exec instance: %s", r.PathValue("id"))
}

// startExec is POST /exec/{id}/start.
func (e *Engine) startExec(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Detach      bool
		Tty         bool
		ConsoleSize *[2]uint16
	}
	if err := readJSON(r, &request); err != nil {
		return err
	}
	out := &output{}
	e.mu.Lock()
	x, err := e.execs.find(r)
	if err != nil {
		e.mu.Unlock()
		return err
	}
	tty := x.config.Tty
	// Attach before the start, so that no output is missed. Output without a client is read all the
	// same, or the process would block.
	s, _ := out.attach(!request.Detach && x.config.AttachStdout, !request.Detach && x.config.AttachStderr)
	err = e.launchExec(x, request.ConsoleSize, out)
	p := x.process
	if err == nil {
		e.tasks.Add(1) // this handler is a task, so Close still waits
		go e.finishExec(x)
	}
	e.mu.Unlock()
	if request.Detach {
		out.remove(s)
		if err != nil {
			return err
		}
		w.WriteHeader(http.StatusOK)
		return nil
	}
	defer out.remove(s)
	conn, sent, hijackErr := e.hijack(w, r, streamType(tty))
	if hijackErr != nil {
		return nil // there is no client to report it to
	}
	if err != nil {
		// The client has asked for the streams: the error goes there, as in Docker.
		_, _ = conn.Write(appendFrame(nil, tty, stdout, []byte(err.Error()+"\r\n")))
		e.conns.remove(conn)
		return nil
	}
	if x.interactive() {
		_, _ = conn.Write(appendFrame(nil, tty, stdout, []byte(fmt.Sprintf("This shell runs on the machine itself, as you: "+
			"the embedded engine's containers are processes in %s.\r\n", p.cmd.Dir))))
	}
	ctx, cancel := context.WithCancel(r.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if p.stdin != nil {
			if _, err := io.Copy(p.stdin, sent); err == nil {
				p.stdin.Close()
			}
		}
		_, _ = io.Copy(io.Discard, sent) // until the client closes it, or conn is closed
	}()
	if s.copyTo(ctx, conn, tty) {
		<-x.accounted // the status must be available when the client sees the end
	}
	cancel()
	e.conns.remove(conn)
	if p.tty == nil && p.stdin != nil {
		p.stdin.Close() // the copying may wait for it
	}
	<-done
	return nil
}

// shells are the programs that a learner would take for one inside of a container.
var shells = []string{"sh", "bash", "dash", "ash", "zsh", "ksh"}

// interactive reports whether the exec is a shell that a person types into.
func (x *execution) interactive() bool {
	return x.config.Tty && x.config.AttachStdin && slices.Contains(shells, path.Base(x.config.Cmd[0])) &&
		!slices.ContainsFunc(x.config.Cmd[1:], func(arg string) bool { return !strings.HasPrefix(arg, "-") || strings.HasSuffix(arg, "c") })
}

// finishExec records the end of the process.
func (e *Engine) finishExec(x *execution) {
	defer e.tasks.Done()
	<-x.process.done
	e.mu.Lock()
	defer e.mu.Unlock()
	x.code, x.over = x.process.code, true
	close(x.accounted)
	e.events.publish("container", "exec_die", x.container.id, x.container.attributes("execID", x.id, "exitCode", strconv.Itoa(x.code)))
}

// launchExec starts the process. The caller holds e.mu.
func (e *Engine) launchExec(x *execution, size *[2]uint16, out *output) error {
	c := x.container
	switch {
	case x.process != nil:
		return conflict("Error: Exec command %s is already running", x.id)
	case c.run == nil:
		return conflict("Container %s is not running", c.id)
	case c.state == paused:
		return conflict("Container %s is paused, unpause the container before exec", c.id)
	case e.closed:
		return errClosed
	}
	if size != nil {
		x.size = windowSize{size[0], size[1]}
	}
	cmd := e.command(c)
	cmd.argv, cmd.output = x.config.Cmd, out
	cmd.tty, cmd.size, cmd.stdin = x.config.Tty, x.size, x.config.AttachStdin
	cmd.env = mergeEnv(cmd.env, x.config.Env)
	if cmd.tty && environ(cmd.env, "TERM") == "" {
		cmd.env = append(cmd.env, "TERM=xterm")
	}
	if x.config.WorkingDir != "" {
		cmd.dir = x.config.WorkingDir
	}
	p, err := e.spawn(cmd)
	if err != nil {
		x.over, x.code = true, 126 // also if there is no such program, unlike the start of a container
		return startError("OCI runtime exec failed", cmd.argv[0], err)
	}
	x.process = p
	e.events.publish("container", "exec_start: "+strings.Join(x.config.Cmd, " "), c.id, c.attributes("execID", x.id))
	return nil
}

// inspectExec is GET /exec/{id}/json.
func (e *Engine) inspectExec(w http.ResponseWriter, r *http.Request) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	x, err := e.execs.find(r)
	if err != nil {
		return err
	}
	type processConfig struct {
		Tty        bool     `json:"tty"`
		Entrypoint string   `json:"entrypoint"`
		Arguments  []string `json:"arguments"`
		Privileged bool     `json:"privileged"`
	}
	d := struct {
		ID            string
		Running       bool
		ExitCode      *int
		ProcessConfig processConfig
		OpenStdin     bool
		OpenStderr    bool
		OpenStdout    bool
		CanRemove     bool
		ContainerID   string
		DetachKeys    string
		Pid           int
	}{
		ID: x.id, Running: x.process != nil && !x.over, ContainerID: x.container.id,
		ProcessConfig: processConfig{Tty: x.config.Tty, Entrypoint: x.config.Cmd[0], Arguments: slices.Clone(x.config.Cmd[1:])},
		OpenStdin:     x.config.AttachStdin, OpenStdout: x.config.AttachStdout, OpenStderr: x.config.AttachStderr,
	}
	if x.over {
		d.ExitCode = &x.code
	}
	if x.process != nil {
		d.Pid = x.process.pid
	}
	return writeJSON(w, http.StatusOK, d)
}

// resizeExec is POST /exec/{id}/resize.
func (e *Engine) resizeExec(w http.ResponseWriter, r *http.Request) error {
	size, err := readSize(r)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	x, err := e.execs.find(r)
	if err != nil {
		return err
	}
	x.size = size
	if x.process != nil && x.process.tty != nil && !x.over {
		if err := resizeTerminal(x.process.tty, size); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusOK)
	return nil
}
