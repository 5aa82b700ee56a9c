package lint

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"workshop/markdown"
	"workshop/markdown/lazy"
	"workshop/runner"
)

var keyToNothing = Rule{
	Code: "key-to-nothing", Severity: Warning,
	Summary: "a key that is to end a program where none is running",
	Doc: `The command before the key ends by itself, or an earlier key has ended it: the key
comes to the prompt of the shell. There ^C does nothing, q is the beginning of the next
command, and ^D ends the shell. Remove the key, or start the program that it is for.`,
	Bad:  ".exercise[\n```bash\nls\n```\n<!-- ```key ^C``` -->\n]\n",
	Good: ".exercise[\n```bash\nvmstat 1\n```\n<!--\n```wait memory```\n```key ^C```\n-->\n]\n",
	visit: func(p *pass, v *visit) {
		if v.step.Kind() != runner.KindPresses || v.exercise.Setup || !v.before.idle {
			return
		}
		if v.step.Rule == markdown.RuleInterrupt {
			return // a click of a scenario ends whatever runs
		}
		keys := v.step.Sends()
		if len(keys) != 1 || !strings.Contains("\x03\x1a\x1cqQ\x1b", keys) && (keys != "\x04" || v.before.nested > 0 || v.before.uncertain) {
			return // the beginning of a command, perhaps
		}
		message := "%s ends by itself: this key comes to the prompt"
		if v.pressed {
			message = "an earlier key has ended %s: this one comes to the prompt"
		}
		name := "the command before it"
		if v.command != nil {
			name = quote(v.command.step.Text)
		}
		hint := "remove it, or start what it is for"
		if keys == "q" && v.command != nil && v.command.program.pages() {
			hint = "the pager of a session is cat, by PAGER and GIT_PAGER"
		}
		p.report(v.step.Head(), hint, message, name)
	},
}

// pagerChoice finds the choice of a pager in a snippet.
var pagerChoice = lazy.Regexp(`\b[A-Z_]*PAGER=|\bcore\.pager\b|\bgit (?:-p|--paginate)\b`)

// choosesPager reports whether a snippet chooses a pager. Few do.
func choosesPager(text string) bool {
	named := strings.Contains(text, "PAGER=") || strings.Contains(text, "core.pager") || strings.Contains(text, "git -")
	return named && pagerChoice().MatchString(text)
}

// pages reports whether a program shows its output by a pager.
func (p program) pages() bool {
	call, ok := p.node.(*syntax.CallExpr)
	if !ok {
		return false
	}
	args := unwrap(words(call))
	switch {
	case len(args) == 0:
		return false
	case args[0] == "git":
		sub := skip(args[1:], "Cc")
		return len(sub) > 0 && slices.Contains([]string{"log", "diff", "show", "blame", "branch", "reflog", "stash"}, sub[0])
	}
	return slices.Contains([]string{"man", "systemctl", "journalctl"}, args[0])
}
