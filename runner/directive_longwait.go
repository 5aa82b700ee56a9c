package runner

var longwaitDirective = directive{
	name:    "longwait",
	usage:   "```longwait TEXT```\n```longwait /REGEX/```",
	summary: "the same as wait, with ten times its limit",
	watches: true,
	compile: compileWait(10),
}
