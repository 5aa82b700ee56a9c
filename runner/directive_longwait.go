package runner

var longwaitDirective = directive{
	name:    "longwait",
	usage:   "```longwait TEXT```",
	summary: "the same as wait, with ten times its limit",
	compile: compileWait(10),
}
