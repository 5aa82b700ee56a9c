package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/muesli/cancelreader"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"workshop/runner"
	"workshop/runner/report"
	"workshop/runner/screen"
)

func (j *job) pauseFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&j.pause, "pause-on-failure", false,
		"after a failure on a terminal, offer the shell as it stands: look around, then again, skip or quit")
}

// The keys of a pause.
const (
	keyBack      = 0x1d // ^], as in telnet
	keyInterrupt = 0x03
)

// pauses sets up the pauses after failures.
func (j *job) pauses(opts *runner.Options, console report.Reporter, streams Streams) error {
	if !j.pause {
		return nil
	}
	if j.jobs > 1 {
		return errors.New("--pause-on-failure: a person looks at one session at a time (leave --jobs out)")
	}
	if !term.IsTerminal(int(streams.In.Fd())) || !term.IsTerminal(int(streams.Out.Fd())) {
		return errors.New("--pause-on-failure: input and output must be a terminal, for a person to look around")
	}
	opts.Pause = func(ctx context.Context, live *runner.Live, er *runner.ExerciseResult) runner.Paused {
		defer report.Still(console)()
		p := &pause{live: live, result: er, streams: streams}
		if err := p.run(ctx); err != nil {
			p.say("--pause-on-failure: %v", err)
		}
		return p.end
	}
	return nil
}

// pause is a person's look at a session.
type pause struct {
	live    *runner.Live
	result  *runner.ExerciseResult
	streams Streams
	keys    <-chan []byte
	typed   []byte // behind the last key
	end     runner.Paused
}

// say writes a line in any mode of the terminal.
func (p *pause) say(format string, args ...any) {
	fmt.Fprintf(p.streams.Out, format+"\r\n", args...)
}

// run asks the person until the run goes on.
func (p *pause) run(ctx context.Context) error {
	before, err := term.MakeRaw(int(p.streams.In.Fd()))
	if err != nil {
		return err
	}
	defer func() { _ = term.Restore(int(p.streams.In.Fd()), before) }()
	input, err := cancelreader.NewReader(p.streams.In)
	if err != nil {
		return err
	}
	keys, stop := make(chan []byte), make(chan struct{})
	p.keys = keys
	go read(input, keys, stop)
	defer func() {
		close(stop)
		input.Cancel()
		for range keys { //nolint:revive // until the reader has ended
		}
		_ = input.Close()
	}()
	for {
		p.say("paused at %s: l look around (^] comes back), a again, s skip, q quit", p.result.ID)
		for asked := true; asked; {
			for len(p.typed) == 0 {
				select {
				case <-ctx.Done():
					return nil
				case b, ok := <-keys:
					if !ok {
						return io.ErrUnexpectedEOF
					}
					p.typed = b
				}
			}
			key := p.typed[0]
			p.typed, asked = p.typed[1:], false
			switch key {
			case 'l':
				p.look(ctx)
			case 'a':
				p.again(ctx)
			case 's':
				return nil
			case 'q', keyInterrupt:
				p.end.Quit = true
				return nil
			default:
				asked = true
			}
		}
	}
}

// read sends what a person types until its input or the pause ends.
func read(input io.Reader, keys chan<- []byte, stop <-chan struct{}) {
	defer close(keys)
	for {
		b := make([]byte, 4096)
		n, err := input.Read(b)
		if n > 0 {
			select {
			case keys <- b[:n]:
			case <-stop:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// frame is the least time between two pictures of the terminal: people see no more.
const frame = time.Second / 60

// look shows the session's terminal on this one. The bytes that a person types go to its program,
// until ^].
func (p *pause) look(ctx context.Context) {
	view := p.live.View()
	cols, rows := report.Detect(p.streams.Out, func(string) string { return "" }).Size()
	if cols < view.Cols || rows < view.Rows {
		p.say("the session's terminal has %d×%d cells, and this one %d×%d: make it larger", view.Cols, view.Rows, cols, rows)
		return
	}
	p.end.ByHand = true
	out := p.streams.Out
	_, _ = io.WriteString(out, "\x1b[?1049h\x1b[?7l\x1b[2J")
	defer func() { _, _ = io.WriteString(out, "\x1b[m\x1b[?7h\x1b[?25h\x1b[?1049l") }()
	var painter screen.Painter
	first := painter.Append(nil, view)
	if rows > view.Rows {
		first = fmt.Appendf(first, "\x1b7\x1b[%d;1H\x1b[7m ^] comes back \x1b[m\x1b8", rows)
	}
	_, _ = out.Write(first)
	changed, drawn := p.live.Changed(), (<-chan time.Time)(nil)
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
			_, _ = out.Write(painter.Append(nil, p.live.View()))
			changed, drawn = nil, time.After(frame)
		case <-drawn:
			changed, drawn = p.live.Changed(), nil
		case b, ok := <-p.keys:
			if !ok {
				return
			}
			b, rest, back := bytes.Cut(b, []byte{keyBack})
			p.typed = rest
			if _, err := p.live.Write(b); err != nil || back {
				return // an ended shell is seen on its last screen
			}
		}
	}
}

// again runs the exercise again, for the person to see: the report keeps the failure.
func (p *pause) again(ctx context.Context) {
	p.end.ByHand = true
	p.say("%s again (^C stops it)", p.result.ID)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type outcome struct {
		st  *runner.StepResult
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		st, err := p.live.Again(ctx, p.result.Exercise)
		done <- outcome{st, err}
	}()
	keys := p.keys
	for {
		select {
		case b, ok := <-keys:
			if !ok {
				keys = nil
			}
			if !ok || bytes.IndexByte(b, keyInterrupt) >= 0 {
				cancel()
			}
		case o := <-done:
			switch {
			case o.err != nil:
				p.say("%s did not run again: %v", p.result.ID, o.err)
			case o.st == nil:
				p.say("%s passed this time; the report keeps the failure", p.result.ID)
			case o.st.Failure != nil:
				p.say("%s %s again: %v", p.result.ID, o.st.Verdict, o.st.Failure.Error())
			default:
				p.say("%s: %s", p.result.ID, o.st.Verdict)
			}
			return
		}
	}
}
