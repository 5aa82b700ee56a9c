package runner

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// readingTime is the time of a learner who reads what a command says, before the click that ends it.
const readingTime = 10 * time.Second

// clickInterrupt presses ^C for a click that ends whatever runs, as in a scenario. Authors write it behind commands
// that end by themselves, too: those are judged, not interrupted. A wait that was met, and a presenter, say that the
// moment has come. Limits of waits bound it as well.
func clickInterrupt(ctx context.Context, p *pane, step *Step) error {
	if c := p.command; c.pending() && p.waited == 0 && !p.session.run.live {
		allowed := min(readingTime, p.session.limits.Wait)
		moment, cancel := context.WithTimeout(ctx, allowed)
		_, err := p.shell.AwaitPrompt(moment) // the press judges a command that is over; what else has happened, the next step finds
		cancel()
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			p.session.run.addNote(fmt.Sprintf(
				"%v: %s was interrupted after %v: its status was not judged (a wait behind it says how far it must come)",
				c.step.Pos, quote(firstLine(c.step.Text)), allowed))
		}
	}
	return pressKeys(ctx, p, step)
}
