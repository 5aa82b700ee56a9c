package lint

import (
	"workshop/markdown"
	"workshop/runner"
)

var interruptsCommand = Rule{
	Code: "interrupts-command", Severity: Warning,
	Summary: "a click that interrupts a command which ends by itself",
	Doc: `In a scenario {{exec interrupt}} presses ^C before its command. A learner clicks when the
command before has ended; here the key may come while it runs. Then its status is not judged: a command
that fails may pass, and one that takes its time is cut short. Put <!-- workshop: check --> behind
the command before, which waits for its end, or a wait.`,
	Bad:  "`mkdir app`{{exec}}\n\n`ls`{{exec interrupt}}\n",
	Good: "`mkdir app`{{exec}}\n<!-- workshop: check -->\n\n`ls`{{exec interrupt}}\n",
	visit: func(p *pass, v *visit) {
		if v.step.Kind() != runner.KindPresses || v.step.Rule != markdown.RuleInterrupt || v.exercise.Setup {
			return
		}
		c := v.command
		if c == nil || c.step.Hidden || v.pressed || v.settled || v.lost() || !c.program.nature.over() {
			return
		}
		p.report(v.step.Head(), "put <!-- workshop: check --> behind that command",
			"this ^C may come before %s has ended, and its status is not judged then", quote(c.step.Text))
	},
}

// lost reports whether the last command was typed in another pane, perhaps, or into another program.
func (v *visit) lost() bool { return v.before.uncertain || v.before.lost }
