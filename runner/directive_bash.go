package runner

import (
	"context"
	"errors"
	"strings"
	"time"

	"workshop/markdown"
	"workshop/markdown/lazy"
	"workshop/runner/figure"
	"workshop/runner/terminal"
)

var bashDirective = directive{
	name:  "bash",
	usage: "```bash\nCOMMANDS\n```",
	summary: "type commands; each of them must end with status 0. " +
		"The last one may go on running if the next step acts on it meanwhile, such as a wait or a key",
	snippet: true,
	compile: compileSnippet,
}

func compileSnippet(step *markdown.Step) (operation, error) {
	if strings.TrimSpace(step.Text) == "" {
		return operation{}, errors.New("there is nothing to type")
	}
	return operation{kind: KindTypes, snippet: step.Text, act: typeSnippet}, nil
}

// typeSnippet types a snippet after the end of the command before it. Unless the next step
// acts on the running command, the snippet's last command must end as well.
func typeSnippet(ctx context.Context, p *pane, step *Step) error {
	if err := p.awaitPrompt(ctx, step); err != nil {
		return err
	}
	if next := p.session.active; next != p { // the pane was closed with its shell
		return typeSnippet(ctx, next, step)
	}
	if step.timed {
		stop := figure.Watch(ctx)
		defer func() { p.command.lateness = stop() }()
	}
	err := p.enter(ctx, step)
	var line *terminal.StatusError
	switch {
	case errors.As(err, &line) && step.repeated:
		return nil // it is typed again
	case err != nil || step.watched:
		return err
	}
	return p.awaitPrompt(ctx, step)
}

// errexit finds set -e, set +e and their long form (bash(1), SHELL BUILTIN COMMANDS: set).
var errexit = lazy.Regexp(`(?m)(?:^|[;&|({]|\s)set\s+([-+])(?:[a-zA-Z]*e[a-zA-Z]*\b|o\s+errexit\b)`)

// enter types a snippet. Each line that ends during the typing must end with status 0,
// unless only the last one is judged.
func (p *pane) enter(ctx context.Context, step *Step) error {
	p.keepOutput()
	p.command, p.waited, p.began, p.session.gone = p.newCommand(step), 0, p.shell.Position(), nil
	p.command.begun = time.Now()
	typed := p.session.typed(step)
	if set := errexit().FindAllStringSubmatch(typed, -1); len(set) > 0 {
		p.errexit = set[len(set)-1][1] == "-"
	}
	allowed := p.limit(step)
	limit, cancel := context.WithTimeout(ctx, allowed)
	defer cancel()
	snippet := terminal.Snippet{Text: typed, LastOnly: step.lastOnly}
	for _, r := range step.rejects {
		snippet.Reject = append(snippet.Reject, r.op.condition.Lacks.option())
	}
	p.shell.Capture(step.captured)
	err := p.shell.SubmitSnippet(limit, snippet)
	var line *terminal.StatusError
	switch {
	case errors.As(err, &line):
		p.command.line, p.command.judged = line, true
		if step.repeated {
			return err
		}
		return p.command.lineFailure()
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		f := p.failf(step, "", "a command in the middle of the snippet has not ended after %v%s", allowed, p.program())
		f.Hung = !step.OwnLimit()
		return f
	}
	return err
}

// keepOutput gives the result of the last snippet its output, if that is wanted.
func (p *pane) keepOutput() {
	if p.session.run.opts.KeepOutput && p.command != nil && p.command.result != nil && p.command.step.Snippet() {
		p.command.result.Printed = p.shell.Since(p.began)
	}
}

// lineFailure is the failure of a line of a snippet before its last line.
func (c *command) lineFailure() *Failure {
	f := c.failf("where only the last command matters, put `statuses last` into the exercise or `status any` behind the snippet",
		"%s ended with status %d", quote(c.line.Line), c.line.Status)
	f.Status, f.line = &c.line.Status, c.line.Line
	return f
}
