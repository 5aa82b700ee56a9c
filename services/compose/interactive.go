package compose

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
	"mvdan.cc/sh/v3/shell"
)

// execCommand runs a command in a running container.
func execCommand(ctx context.Context, s *session, opts options) error {
	c, err := s.running(ctx, opts.args[0], opts)
	if err != nil {
		return err
	}
	tty := !opts.has("no-TTY") && isTerminal(s.Stdin) && isTerminal(s.Stdout)
	detach := opts.has("detach")
	var made struct {
		ID string `json:"Id"`
	}
	if err := s.client.post(ctx, "/containers/"+c.id+"/exec", nil, map[string]any{
		"AttachStdin": !detach, "AttachStdout": !detach, "AttachStderr": !detach, "Tty": tty,
		"Cmd": opts.args[1:], "Env": opts.values("env"), "User": opts.value("user", ""),
		"WorkingDir": opts.value("workdir", ""), "Privileged": opts.has("privileged"),
	}, &made); err != nil {
		return err
	}
	start := map[string]any{"Detach": detach, "Tty": tty}
	if detach {
		return s.client.post(ctx, "/exec/"+made.ID+"/start", nil, start, nil)
	}
	return s.execute(ctx, made.ID, start, tty, true)
}

// execute starts an exec and returns its status as an error.
func (s *session) execute(ctx context.Context, id string, start map[string]any, tty, stdin bool) error {
	conn, err := s.client.hijack(ctx, "/exec/"+id+"/start", nil, start)
	if err != nil {
		return err
	}
	if err := s.converse(ctx, conn, tty, stdin, "/exec/"+id+"/resize"); err != nil {
		return err
	}
	var state struct{ ExitCode int }
	if err := s.client.get(ctx, "/exec/"+id+"/json", nil, &state); err != nil {
		return err
	}
	if state.ExitCode != 0 {
		return exitError(state.ExitCode)
	}
	return nil
}

// runCommand runs a command in a container of its own.
func runCommand(ctx context.Context, s *session, opts options) error {
	name := opts.args[0]
	svc, ok := s.project.service(name)
	if !ok {
		return noSuchService(name)
	}
	if opts.has("publish") && opts.has("service-ports") {
		//nolint:staticcheck // the text of docker-compose
		return errors.New("Service port mapping and manual port mapping can not be used together")
	}
	detach := opts.has("detach")
	o := &oneOff{
		command: opts.args[1:], environment: opts.values("env"), labels: map[string]string{},
		user: opts.value("user", ""), workdir: opts.value("workdir", ""),
		servicePorts: opts.has("service-ports"),
		tty:          !detach && !opts.has("no-TTY") && isTerminal(s.Stdin) && isTerminal(s.Stdout),
		stdin:        !detach,
	}
	if len(o.command) == 0 && !opts.has("entrypoint") {
		o.command = svc.Command
	}
	if opts.has("entrypoint") {
		words, err := shell.Fields(opts.value("entrypoint", ""), func(string) string { return "" })
		if err != nil {
			return err
		}
		if len(words) == 0 {
			words = []string{""} // none instead of the image's
		}
		o.entrypoint = &words
	}
	for i, v := range o.environment {
		if value, ok := s.project.environment[v]; ok && !strings.Contains(v, "=") {
			o.environment[i] = v + "=" + value
		}
	}
	for _, label := range opts.values("label") {
		key, value, _ := strings.Cut(label, "=")
		o.labels[key] = value
	}
	for _, p := range opts.values("publish") {
		ports, err := types.ParsePortConfig(p)
		if err != nil {
			return err
		}
		o.ports = append(o.ports, ports...)
	}
	if err := s.refuse(ctx, []types.ServiceConfig{svc}); err != nil {
		return err
	}
	if err := s.ensureNetworks(ctx); err != nil {
		return err
	}
	if err := s.ensureVolumes(ctx); err != nil {
		return err
	}
	if deps := dependencies(svc); len(deps) > 0 && !opts.has("no-deps") {
		if _, err := s.up(ctx, upOptions{services: deps, recreate: recreateNever, noRescale: true}); err != nil {
			return err
		}
	}
	if err := s.ensureImages(ctx, []types.ServiceConfig{svc}, upOptions{}); err != nil {
		return err
	}
	var err error
	if svc.Volumes, err = s.withVolumes(svc.Volumes, opts.values("volume")); err != nil {
		return err
	}
	var random [32]byte
	rand.Read(random[:])
	one := newContainer{slug: hex.EncodeToString(random[:]), oneOff: o}
	one.name = opts.value("name", s.style.create.oneOffName(s.project.Name, svc.Name, one.slug))
	var c *container
	shown := strings.Join([]string{s.project.Name, svc.Name, "run"}, s.style.separator)
	failures := s.parallel(ctx, "Creating", []task{{name: shown, do: func(ctx context.Context) (err error) {
		c, err = s.create(ctx, svc, one)
		return err
	}}})
	if len(failures) > 0 {
		return failures[0].err
	}
	s.ui.flush()
	if detach {
		if err := s.start(ctx, svc, c); err != nil {
			return err
		}
		s.printf("%s\n", c.name)
		return nil
	}
	last := context.WithoutCancel(ctx) // for the cleanup after an interrupt
	if opts.has("rm") {
		defer func() { _ = s.delete(last, c, true, true) }()
	}
	conn, err := s.client.hijack(ctx, "/containers/"+c.id+"/attach",
		url.Values{"stream": {"1"}, "stdin": {"1"}, "stdout": {"1"}, "stderr": {"1"}}, nil)
	if err != nil {
		return err
	}
	if err := s.client.post(ctx, "/containers/"+c.id+"/start", nil, nil, nil); err != nil {
		conn.Close()
		return s.style.create.startFailed(s, svc, err)
	}
	if err := s.converse(ctx, conn, o.tty, true, "/containers/"+c.id+"/resize"); err != nil {
		stop := s.grace(c, nil)
		_ = s.client.post(last, "/containers/"+c.id+"/stop", stop, nil, nil)
		return err
	}
	status, err := s.wait(ctx, c.id)
	if err != nil {
		return err
	}
	if status != 0 {
		return exitError(status)
	}
	return nil
}

// withVolumes returns the volumes of a service with those of `run -v`, which take the place of others at their
// targets.
func (s *session) withVolumes(own []types.ServiceVolumeConfig, texts []string) ([]types.ServiceVolumeConfig, error) {
	list := slices.Clone(own)
	for _, text := range texts {
		v, err := format.ParseVolume(text)
		if err != nil {
			return nil, err
		}
		v1 := s.style.look == V1
		if v1 {
			v.Target = path.Clean(v.Target)
		}
		at := func(other types.ServiceVolumeConfig) bool {
			return other.Target == v.Target || v1 && path.Clean(other.Target) == v.Target
		}
		switch {
		case v1 && v.Source == "" && slices.ContainsFunc(list, at):
			continue
		case v1 && v.Source != "":
			v.Type = types.VolumeTypeBind // the source goes to the engine as it is: it is no volume of the project
		case v.Type == types.VolumeTypeBind:
			if v.Source, err = filepath.Abs(v.Source); err != nil {
				return nil, err
			}
		}
		list = append(slices.DeleteFunc(list, at), v)
	}
	return list, nil
}

// converse connects the streams with a process in a container until its output ends. Meanwhile a
// terminal that is its input is raw, and the process gets the size.
func (s *session) converse(ctx context.Context, conn io.ReadWriteCloser, tty, stdin bool, resize string) error {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if tty && stdin {
		f := s.Stdin.(fileDescriptor)
		state, err := term.MakeRaw(int(f.Fd()))
		if err != nil {
			return err
		}
		defer func() { _ = term.Restore(int(f.Fd()), state) }()
	}
	if tty {
		defer s.followSize(ctx, resize)()
	}
	if stdin {
		// This goroutine is not joined: a read from an open terminal or pipe cannot be cancelled.
		// The process is about to exit.
		go func() {
			_, _ = io.Copy(conn, s.Stdin)
			if half, ok := conn.(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite()
			}
		}()
	}
	var err error
	if tty {
		_, err = io.Copy(s.Stdout, conn)
	} else {
		err = s.separate(conn)
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the output of the container: %w", err)
	}
	return nil
}

// separate writes the two streams of a connection to stdout and stderr.
func (s *session) separate(r io.Reader) error {
	for {
		var header [8]byte
		if _, err := io.ReadFull(r, header[:]); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		w := s.Stdout
		if header[0] == 2 {
			w = s.Stderr
		}
		if _, err := io.CopyN(w, r, int64(binary.BigEndian.Uint32(header[4:]))); err != nil {
			return err
		}
	}
}

// followSize sends the size of the terminal to the process in the container, now and after each
// change.
func (s *session) followSize(ctx context.Context, path string) (stop func()) {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, unix.SIGWINCH)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			if f, ok := s.Stdout.(fileDescriptor); ok {
				if width, height, err := term.GetSize(int(f.Fd())); err == nil {
					// An error means that the process has ended or that the engine cannot resize.
					// The user needs to know neither.
					_ = s.client.post(ctx, path, url.Values{"w": {strconv.Itoa(width)}, "h": {strconv.Itoa(height)}}, nil, nil)
				}
			}
			select {
			case <-changed:
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(changed)
		close(done)
		<-ended
	}
}
