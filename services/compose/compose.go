package compose

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/term"
)

// Look selects the imitated command, with its texts, names and layouts.
type Look int

// The looks.
const (
	V1 Look = iota + 1 // docker-compose 1.29.2
	V5                 // docker compose, the plugin of the docker command
)

// Streams are the streams and settings of the calling process.
type Streams struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer // a terminal gets colours, and lines redrawn in place
	Env            []string  // NAME=value
	Dir            string    // working directory; "" is the process's

	// Interrupts delivers the interrupts. The first ends the command, gracefully if it is an `up`
	// in the foreground; a second one ends that by force. With nil only the context ends the
	// command.
	Interrupts <-chan os.Signal
}

// Getenv returns the value of a variable of Env, the last one of its name.
func (s Streams) Getenv(name string) string {
	value := ""
	for _, entry := range s.Env {
		if n, v, ok := strings.Cut(entry, "="); ok && n == name {
			value = v
		}
	}
	return value
}

// width returns the number of columns of the terminal at stdout, or fallback if it is not a
// terminal. COLUMNS overrides both.
func (s Streams) width(fallback int) int {
	if n, err := strconv.Atoi(s.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if f, ok := s.Stdout.(fileDescriptor); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			return n
		}
	}
	return fallback
}

// size returns the size of the terminal at a stream, or 80 by 24 if it is not a terminal.
func (s Streams) size(stream any) (width, height int) {
	if f, ok := stream.(fileDescriptor); ok {
		if width, height, err := term.GetSize(int(f.Fd())); err == nil && width > 0 && height > 0 {
			return width, height
		}
	}
	return 80, 24
}

type fileDescriptor interface{ Fd() uintptr }

func isTerminal(stream any) bool {
	f, ok := stream.(fileDescriptor)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Main runs the command and returns its exit status. It returns when all its goroutines have ended.
func Main(ctx context.Context, look Look, args []string, streams Streams) int {
	first, cancelFirst := context.WithCancelCause(ctx)
	second, cancelSecond := context.WithCancelCause(ctx)
	s := newSession(look, streams)
	s.forced = second
	cancels := []context.CancelCauseFunc{cancelFirst, cancelSecond}
	if s.style.killedStatus == 0 {
		cancels = cancels[:1]
	}
	done, watching := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watching)
		for _, cancel := range cancels {
			select {
			case <-streams.Interrupts:
				cancel(errInterrupted)
			case <-done:
				return
			}
		}
	}()
	err := s.main(first, args)
	if s.client != nil {
		s.client.close()
	}
	close(done)
	<-watching
	cancelFirst(nil)
	cancelSecond(nil)
	return s.style.shell.exit(s, err)
}

// errInterrupted is the cause of a context that was ended by an interrupt.
var errInterrupted = errors.New("interrupted")

// exitError ends the command with a status and without a message.
type exitError int

func (e exitError) Error() string { return "exit status " + strconv.Itoa(int(e)) }

// session is one run of the command.
type session struct {
	Streams
	style   *style
	ui      progress
	client  *client
	project *Project
	global  options
	forced  context.Context // ended only by a second interrupt, if that one kills
	noted   sync.Map        // the services of which it was said that their health checks cannot run
}

func newSession(look Look, streams Streams) *session {
	if streams.Stdin == nil {
		streams.Stdin = strings.NewReader("")
	}
	s := &session{Streams: streams, style: styleV1()}
	if look == V5 {
		s.style = styleV5()
	}
	s.ui = s.style.shell.progress(s, s.ansi("auto"))
	return s
}

// ansi reports whether stderr gets colours and lines redrawn in place.
func (s *session) ansi(mode string) bool {
	switch {
	case mode == "always":
		return true
	case mode == "never", s.Getenv("CLICOLOR") == "0":
		return false
	}
	return isTerminal(s.Stderr)
}

// main parses the arguments, loads the project if the command needs one, and runs
// the command.
func (s *session) main(ctx context.Context, args []string) error {
	global, rest, err := parse(globalFlags, s.style.look, args, false)
	s.global = global
	switch {
	case err != nil:
		return &usageError{message: err.Error()}
	case global.has("version"):
		rest = []string{"version"}
	case len(rest) == 0, global.has("help"):
		_, err := io.WriteString(s.Stdout, s.style.shell.help(nil))
		return err
	}
	cmd := find(s.style.look, rest[0])
	if cmd == nil && rest[0] == "help" {
		if len(rest) > 1 {
			if cmd = find(s.style.look, rest[1]); cmd == nil {
				return &usageError{unknown: rest[1]}
			}
		}
		_, err := io.WriteString(s.Stdout, s.style.shell.help(cmd))
		return err
	}
	if cmd == nil && rest[0] == "cp" && s.style.look == V5 {
		return errors.New(noCopy)
	}
	if cmd == nil {
		return &usageError{unknown: rest[0]}
	}
	opts, operands, err := parse(cmd.flags, s.style.look, rest[1:], s.style.interspersed && !cmd.passthrough)
	if err == nil && !opts.has("help") && (len(operands) < cmd.min || cmd.max >= 0 && len(operands) > cmd.max) {
		err = errors.New("wrong number of arguments")
	}
	if err != nil {
		return &usageError{command: cmd, message: err.Error()}
	}
	if opts.has("help") {
		_, err := io.WriteString(s.Stdout, s.style.shell.help(cmd))
		return err
	}
	opts.args = operands
	if mode := global.value("ansi", "auto"); mode != "auto" || global.has("no-ansi") {
		if global.has("no-ansi") {
			mode = "never"
		}
		if mode == "never" {
			opts.set("no-color", "")
		}
		s.ui = s.style.shell.progress(s, s.ansi(mode))
	}
	s.ui.operation(cmd.name)
	if cmd.needs == nothing {
		return cmd.run(ctx, s, opts)
	}
	if err := s.load(ctx); err != nil {
		return err
	}
	if !cmd.silent || s.style.look == V5 {
		for _, w := range s.project.Warnings {
			s.ui.warn(w)
		}
	}
	if cmd.needs == project {
		return cmd.run(ctx, s, opts)
	}
	if s.client, err = newClient(s.host()); err != nil {
		return err
	}
	if len(s.project.local) > 0 {
		embedded, err := s.embedded(ctx)
		if err != nil {
			return err
		}
		if embedded {
			s.project.standIn()
		}
	}
	return cmd.run(ctx, s, opts)
}

// host is the engine's address.
func (s *session) host() string {
	if h := s.global.value("host", ""); h != "" {
		return strings.TrimPrefix(h, "=")
	}
	if s.project != nil {
		return s.project.environment["DOCKER_HOST"]
	}
	return s.Getenv("DOCKER_HOST")
}

func (s *session) load(ctx context.Context) error {
	p, err := Load(ctx, LoadOptions{
		Look:             s.style.look,
		Dir:              s.Dir,
		Env:              s.Env,
		Stdin:            s.Stdin,
		Files:            s.global.values("file"),
		Name:             s.global.value("project-name", ""),
		ProjectDirectory: s.global.value("project-directory", ""),
		EnvFile:          s.global.value("env-file", ""),
		Profiles:         s.global.values("profile"),
	})
	s.project = p
	return err
}

// printf writes to stdout.
func (s *session) printf(format string, args ...any) {
	fmt.Fprintf(s.Stdout, format, args...)
}

// confirm asks a question on stdout. Any answer but yes means no.
func (s *session) confirm(question string) bool {
	s.printf("%s", question)
	answer, _ := bufio.NewReader(s.Stdin).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true
	}
	return false
}
