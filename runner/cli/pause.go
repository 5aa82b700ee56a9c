package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/muesli/cancelreader"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"workshop/runner"
	"workshop/runner/report"
	"workshop/runner/screen"
)

// pauseFlags adds the flag --pause-on-failure. The returned function looks for contradictions.
func (j *job) pauseFlags(cmd *cobra.Command, streams Streams) (check func() error) {
	f := cmd.Flags()
	pause := f.Bool("pause-on-failure", false,
		"at an exercise that does not pass, offer its shell as it stands: look around, then again, skip or quit; sessions run one after the other")
	return func() error {
		switch {
		case !*pause:
			return nil
		case !report.IsTerminal(streams.In, os.Getenv) || !report.IsTerminal(streams.Out, os.Getenv):
			return errors.New("--pause-on-failure needs a terminal")
		case f.Changed("jobs") && j.jobs != 1:
			return errors.New("--pause-on-failure does not go with --jobs: one person looks at one session")
		case f.Changed("retries"), f.Changed("repeat"), f.Changed("stress"):
			return errors.New("--pause-on-failure goes with none of --retries, --repeat and --stress: the person decides what runs again")
		case f.Changed("timeout"), f.Changed("update"):
			return errors.New("--pause-on-failure goes neither with --timeout nor with --update: a person takes as long as it takes")
		}
		j.jobs, j.pause = 1, &pauser{in: streams.In, out: streams.Out, changed: make(chan struct{}, 1)}
		return nil
	}
}

// pauser asks a person at each exercise that does not pass.
type pauser struct {
	in, out *os.File
	changed chan struct{} // a value after each change of the session's terminal
	console report.Reporter
}

// attach makes a run pause.
func (p *pauser) attach(opts *runner.Options, console report.Reporter) {
	if p == nil {
		return
	}
	p.console = console
	report := opts.Event
	opts.Pause = p.ask
	opts.Event = func(e runner.Event) {
		report(e)
		if e.Kind == runner.EventOutput {
			select {
			case p.changed <- struct{}{}:
			default: // the next picture shows this change, too
			}
		}
	}
}

// comeBack is the key that leads out of the shell, as in telnet and in present: ^].
const comeBack = 0x1d

const keysAtPause = "l: look around in its shell (^] comes back)  a: again  s: skip  q: quit "

// ask shows the choices until the person decides. The end of the context decides to quit.
func (p *pauser) ask(ctx context.Context, h *runner.Held) runner.Decision {
	report.Hold(p.console, true)
	defer report.Hold(p.console, false)
	restore, err := term.MakeRaw(int(p.in.Fd()))
	if err != nil {
		return p.give(err)
	}
	defer func() { _ = term.Restore(int(p.in.Fd()), restore) }()
	in, err := cancelreader.NewReader(p.in)
	if err != nil {
		return p.give(err)
	}
	defer in.Close()
	defer context.AfterFunc(ctx, func() { in.Cancel() })()
	for {
		fmt.Fprintf(p.out, "\r\npaused at %s\r\n%s", h.Exercise.ID, keysAtPause)
		for chosen := false; !chosen; {
			var key [1]byte
			if _, err := in.Read(key[:]); err != nil {
				return p.give(err)
			}
			switch key[0] {
			case 'l', '\r':
				if err := p.look(in, h); err != nil {
					return p.give(err)
				}
				chosen = true
			case 'a':
				return p.say(runner.DecideAgain)
			case 's':
				return p.say(runner.DecideSkip)
			case 'q', 0x03, 0x04: // ^C, ^D
				return p.say(runner.DecideQuit)
			}
		}
	}
}

func (p *pauser) say(d runner.Decision) runner.Decision {
	fmt.Fprintf(p.out, "%s\r\n", d)
	return d
}

// give quits because of an error.
func (p *pauser) give(err error) runner.Decision {
	if !errors.Is(err, cancelreader.ErrCanceled) && !errors.Is(err, io.EOF) {
		fmt.Fprintf(p.out, "\r\nthe terminal cannot be used: %v\r\n", err)
	}
	return p.say(runner.DecideQuit)
}

// The view of a session, on the alternate screen.
const (
	showSession = "\x1b[?1049h\x1b[?7l\x1b[m\x1b[2J"
	hideSession = "\x1b[m\x1b[?7h\x1b[?25h\x1b[?1049l"
	pictureTime = time.Second / 60 // people see no more
)

// look shows the session's terminal and passes the person's bytes on, until the key comes.
func (p *pauser) look(in io.Reader, h *runner.Held) error {
	cols, rows, err := term.GetSize(int(p.out.Fd()))
	if err != nil {
		return err
	}
	if v := h.View(); cols > 0 && rows > 0 && (v.Cols > cols || v.Rows > rows) {
		if err := h.Resize(min(v.Cols, cols), min(v.Rows, rows)); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(p.out, showSession); err != nil {
		return err
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		p.draw(h, rows, stop)
	}()
	err = typed(in, h)
	close(stop)
	<-stopped
	_, failed := io.WriteString(p.out, hideSession)
	return errors.Join(err, failed)
}

// typed passes bytes on until the key that comes back, or until the shell has ended.
func typed(in io.Reader, h *runner.Held) error {
	buf := make([]byte, 4<<10)
	for {
		n, err := in.Read(buf)
		before, _, back := bytes.Cut(buf[:n], []byte{comeBack})
		if _, ended := h.Write(before); ended != nil || back {
			return nil //nolint:nilerr // a shell that has ended is left
		}
		if err != nil {
			return err
		}
	}
}

// draw draws each change of the session's terminal. If there is a free row below, it names the key
// to come back.
func (p *pauser) draw(h *runner.Held, rows int, stop <-chan struct{}) {
	var painter screen.Painter
	v := h.View()
	if v.Rows < rows {
		fmt.Fprintf(p.out, "\x1b[%d;1H\x1b[7m %s  ^] comes back \x1b[m", rows, h.Exercise.ID)
	}
	for {
		if _, err := p.out.Write(painter.Append(nil, h.View())); err != nil {
			return
		}
		select {
		case <-stop:
			return
		case <-time.After(pictureTime):
		}
		select {
		case <-stop:
			return
		case <-p.changed:
		}
	}
}
