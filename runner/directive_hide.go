package runner

var hideDirective = directive{
	name:    "hide",
	usage:   "```hide\nCOMMANDS\n```",
	summary: "the same as bash, never shown to learners",
	snippet: true,
	compile: compileSnippet,
}
