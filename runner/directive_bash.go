package runner

import (
	"context"
	"errors"
	"strings"

	"workshop/markdown"
)

var bashDirective = directive{
	name:    "bash",
	usage:   "```bash\nCOMMANDS\n```",
	summary: "type commands; the last one must end with status 0, unless a step follows that has to do with them while they run, such as a wait or a key",
	snippet: true,
	compile: compileSnippet,
}

func compileSnippet(step *markdown.Step) (operation, error) {
	if strings.TrimSpace(step.Text) == "" {
		return operation{}, errors.New("there is nothing to type")
	}
	return operation{kind: Types, snippet: step.Text, act: typeSnippet}, nil
}

func typeSnippet(ctx context.Context, s *session, step *Step) error {
	for before := (*pane)(nil); before != s.pane; { // it may go with its shell
		before = s.pane
		if err := s.awaitPrompt(ctx, step); err != nil {
			return err
		}
	}
	return s.submit(ctx, step)
}
