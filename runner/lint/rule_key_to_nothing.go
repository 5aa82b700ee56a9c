package lint

import (
	"strings"

	"workshop/runner"
)

var keyToNothing = Rule{
	Code: "key-to-nothing", Severity: Warning,
	Summary: "a key that is to end a program where none is running",
	Doc: `The command before the key ends by itself, or an earlier key has ended it: the key
comes to the prompt of the shell. There ^C does nothing, q is the beginning of the next
command, and ^D ends the shell. Remove the key, or start what it is for.`,
	Bad:  ".exercise[\n```bash\nls\n```\n<!-- ```key ^C``` -->\n]\n",
	Good: ".exercise[\n```bash\nvmstat 1\n```\n<!--\n```wait memory```\n```key ^C```\n-->\n]\n",
	session: func(p *pass, f *flow) {
		for i := range f.visits {
			v := &f.visits[i]
			if v.step.Kind() != runner.Presses || v.exercise.Setup || !v.before.idle {
				continue
			}
			keys := v.step.Sends()
			if len(keys) != 1 || !strings.Contains("\x03\x1a\x1cqQ\x1b", keys) && (keys != "\x04" || v.before.nested > 0 || v.before.uncertain) {
				continue // the beginning of a command, perhaps
			}
			message := "%s ends by itself: this key comes to the prompt"
			if v.pressed {
				message = "an earlier key has ended %s: this one comes to the prompt"
			}
			name := "the command before it"
			if v.command != nil {
				name = quote(v.command.step.Text)
			}
			p.report(v.step.Head(), "remove it, or start what it is for", message, name)
		}
	},
}
