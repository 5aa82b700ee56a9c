package runner

import (
	"context"
	"slices"
	"strings"

	"workshop/markdown"
)

// directive is one word of the dialect. A new one is a file directive_NAME.go and a
// line in the table below; help, completion and the README's table come from here.
type directive struct {
	name    string
	usage   string
	summary string
	snippet bool     // types a command, which later steps look at
	watches bool     // has to do with a command while it runs: the snippet before it does not wait for its end
	follows relation // what must come before it
	compile func(*markdown.Step) (operation, error)
}

// hint is the usage on one line.
func (d *directive) hint() string {
	between := " or "
	if strings.Contains(d.usage, "\n```\n") || strings.HasSuffix(d.usage, "\n```") {
		between = " " // the lines of a fence
	}
	return strings.ReplaceAll(d.usage, "\n", between)
}

// relation is what a step must stand behind.
type relation uint8

const (
	anySnippet relation = iota // of its session; snippets themselves need none
	ownSnippet                 // of its exercise
	justBehind                 // a snippet, right behind it but for steps that alter it
	anyStep                    // of its exercise
	aCopy                      // of its session
	anything                   // or nothing
)

// action carries out what the operation of a step says. A verdict other than passed is an error: a *[Failure],
// or what went wrong with the shell.
type action func(ctx context.Context, s *session, step *Step) error

// directives is the dialect.
func directives() []*directive {
	return []*directive{
		&bashDirective, &hideDirective, &waitDirective, &longwaitDirective,
		&keyDirective, &keysDirective, &checkDirective,
		&statusDirective, &timeoutDirective, &untilDirective, &rejectDirective,
		&outputDirective, &copyDirective, &pasteDirective, &copypasteDirective, &openDirective,
		&tmuxDirective,
	}
}

// unknownDirective is that of the steps that a lenient [Compiler] lets pass.
var unknownDirective = directive{name: "unknown", follows: anything}

func findDirective(name string) *directive {
	all := directives()
	if i := slices.IndexFunc(all, func(d *directive) bool { return d.name == name }); i >= 0 {
		return all[i]
	}
	return nil
}

// DirectiveNames are the names of the directives.
func DirectiveNames() []string {
	var names []string
	for _, d := range directives() {
		names = append(names, d.name)
	}
	return names
}

// DirectiveHelp describes a directive.
type DirectiveHelp struct{ Name, Usage, Summary string }

// Directives describes the directives, in the order of the table.
func Directives() []DirectiveHelp {
	var help []DirectiveHelp
	for _, d := range directives() {
		help = append(help, DirectiveHelp{d.name, d.usage, d.summary})
	}
	return help
}
