package runner

import (
	"errors"
	"strings"

	"workshop/markdown"
	"workshop/runner/terminal"
)

var keysDirective = directive{
	name:    "keys",
	usage:   "```keys TEXT```",
	summary: "type TEXT as it is, without Return",
	watches: true,
	links:   (*linker).addKeys,
	compile: compileKeys,
	// The script of that name gave the text to tmux send-keys, which presses ^C.
	lenient: func(step *markdown.Step) (operation, error) {
		if key, ok := caretKey(step.Text); ok {
			return operation{kind: KindPresses, keys: key, act: pressKeys}, nil
		}
		return compileKeys(step)
	},
}

func compileKeys(step *markdown.Step) (operation, error) {
	if step.Text == "" {
		return operation{}, errors.New("there is nothing to type")
	}
	return operation{kind: KindPresses, keys: terminal.Text(step.Text), act: pressKeys}, nil
}

// caretKey reads a text that is one key with Control in caret notation, such as ^C.
func caretKey(text string) (terminal.Key, bool) {
	text = strings.TrimSpace(text)
	if len(text) != 2 || text[0] != '^' {
		return terminal.Key{}, false
	}
	key, err := terminal.ParseKey(text)
	return key, err == nil
}

// TypedKey is a key that the step names and does not press, as a terminal would send it:
// keys ^C types two characters. "" if there is none.
func (s *Step) TypedKey() string {
	key, ok := caretKey(s.Text)
	if s.Directive != keysDirective.name || !ok || key.String() == s.Sends() {
		return ""
	}
	return key.String()
}
