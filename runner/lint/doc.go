// Package lint finds what will go wrong with a deck without running it.
//
// A rule is one file rule_NAME.go and one line of the table in rules.go: its code, its
// severity, its documentation with a deck that it is about and one that it is not, and
// how it is found. What the reading of a deck and the compiling of its plan find is in
// the table as well, as rules that look at nothing themselves: so there is one list of
// codes, and nothing is detected twice.
//
// # Severities
//
// An error is what surely goes wrong; check runs nothing while there is one. A warning
// is what most likely is a mistake, or what makes one exercise fail and leaves the
// others alone: a deck that nobody has prepared for tests is full of them and runs.
//
// # What is known of a snippet
//
// Snippets are parsed as bash, never executed. Programs are known by name and
// arguments (programs.go); of one that is not known nothing is said. A walk through
// each session (flow.go) follows what is in the foreground from step to step, across
// exercises. Where it cannot know, such as after a change of panes, it knows nothing
// and so says nothing.
package lint
