package lint

import "workshop/markdown"

var notCompared = Rule{
	Code: markdown.CodeNotCompared, Severity: Warning,
	Summary: "a line of an expected output that nothing is compared with",
	Doc: `In a document of another style, what stands below a command is its expected output. Some lines are not
part of one: those above the first prompt of a fence, those behind a remark, an output fence without a command
in its section, one behind a fence of another language, and a second one for the same command. A paragraph that
begins with # above a prompt can be a remark on the next command as well as the end of an output: it is not
compared. Write a remark at the prompt ($ # …) or outside of the fence, and such an output into an output fence.`,
	Bad:  "<!-- workshop: style plain -->\n\n## Use\n\n```console\n$ cat notes\nNotes\n\n# First\n$ date\n```\n",
	Good: "<!-- workshop: style plain -->\n\n## Use\n\n```console\n$ cat notes\nNotes\n$ # First\n$ date\n```\n",
}
