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
	snippet bool     // it types a command for later steps to judge
	watches bool     // it acts on a running command: the snippet before it does not wait for its end
	follows relation // the requirement for the steps before it
	compile func(*markdown.Step) (operation, error)
	lenient func(*markdown.Step) (operation, error) // instead, for a lenient [Compiler]; nil: it is the same
	links   func(*linker, *Step)                    // alters the steps before it; nil: it leaves them alone
}

// hint is the usage on one line.
func (d *directive) hint() string {
	between := " or "
	if strings.Contains(d.usage, "\n```\n") || strings.HasSuffix(d.usage, "\n```") {
		between = " " // the lines of a fence
	}
	return strings.ReplaceAll(d.usage, "\n", between)
}

// relation is the kind of step that must come before a step.
type relation uint8

const (
	anySnippet relation = iota // a snippet of its session; snippets themselves need none
	ownSnippet                 // a snippet of its exercise
	justBehind                 // a snippet; only steps that alter it may come between
	anyStep                    // a step of its exercise
	aCopy                      // a copy of its session
	anything                   // anything or nothing
)

// action carries out the operation of a step in the active pane. A verdict other than passed is
// an error: a *[Failure], or an error of the shell.
type action func(ctx context.Context, p *pane, step *Step) error

// directives is the dialect. It is unexported on purpose: a directive acts on the session and
// its panes, whose types are no interface that other packages could rely on.
func directives() []*directive {
	return []*directive{
		&bashDirective, &hideDirective, &waitDirective, &longwaitDirective,
		&keyDirective, &keysDirective, &checkDirective,
		&statusDirective, &statusesDirective, &timeoutDirective, &untilDirective, &rejectDirective,
		&outputDirective, &figureDirective, &claimDirective, &copyDirective, &pasteDirective, &copypasteDirective, &openDirective,
		&tmuxDirective,
		&requiresDirective, &skipDirective, &onlyIfDirective, &insteadDirective,
	}
}

// unknownDirective is the directive of the steps that a lenient [Compiler] skips.
var unknownDirective = directive{name: "unknown", follows: anything}

// skippedDirective is the directive of the steps whose author says that they must not run.
var skippedDirective = directive{name: "skipped", follows: anything}

func findDirective(name string) *directive {
	all := directives()
	if i := slices.IndexFunc(all, func(d *directive) bool { return d.name == name }); i >= 0 {
		return all[i]
	}
	return nil
}

// DirectiveNames returns the names of the directives.
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
