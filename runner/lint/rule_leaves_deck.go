package lint

import "workshop/markdown"

// CodeLeavesDeck is the code of a path in a Compose file that leaves the deck. The caller of [Run],
// who can read Compose files, reports it.
const CodeLeavesDeck markdown.Code = "leaves-deck"

var leavesDeck = Rule{
	Code: CodeLeavesDeck, Severity: Warning,
	Summary: "a directory, file or bind of a Compose file that is outside of the deck",
	Doc: `A Compose file in the directory of a session names a path that is not below the deck's root:
the working_dir of an x-workshop, a build context, an env_file, a bind mount, or the file of a
secret. On another machine it is another file, or none, and who agrees to run the deck agrees to
its use. workshop plan shows everything that the Compose files run and use.`,
	Bad:  "services:\n  web:\n    image: workshop\n    env_file: /etc/environment\n",
	Good: "services:\n  web:\n    image: workshop\n    env_file: web.env\n",
}
