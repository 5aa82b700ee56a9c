package lint

import "workshop/markdown"

var machineHome = Rule{
	Code: markdown.CodeMachineHome, Severity: Warning,
	Summary: "a path below /root in a scenario, which is the machine's own",
	Doc: `The machine of a scenario has the home directory /root. A session has a home directory of its
own, and the assets are copied there: /root is that of this machine's root. What a command or a script
finds there, writes and leaves behind is not the session's. Write ~ or $HOME, which is right on both.`,
	Bad:  "<!-- workshop: style katacoda -->\n\n`cat /root/app/config`{{exec}}\n",
	Good: "<!-- workshop: style katacoda -->\n\n`cat ~/app/config`{{exec}}\n",
}
