package lint

import "workshop/markdown"

var notText = Rule{
	Code: markdown.CodeNotText, Severity: Error,
	Summary: "a NUL byte or invalid UTF-8",
	Doc: `A deck is UTF-8 text. A NUL byte comes from a file that is no text, invalid UTF-8 mostly
from another encoding: save the file as UTF-8.`,
	Bad:  "# Caf\xe9\n",
	Good: "# Café\n",
}
