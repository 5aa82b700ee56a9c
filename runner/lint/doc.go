// Package lint finds mistakes in a deck without running it.
//
// A rule is one file rule_NAME.go and one line of the table in rules.go: its code, its
// severity, its documentation with a bad deck and a good one, and its check. Mistakes
// that the reading of a deck and the compiling of its plan find are in the table as well,
// as rules without a check: so there is one list of codes, and nothing is detected twice.
//
// # Severities
//
// An error surely makes a run fail; check does not run its exercise. A warning is
// probably a mistake, or makes one exercise fail and leaves the others alone: a deck
// that was not prepared for tests is full of them and runs.
//
// # Knowledge of snippets
//
// Snippets are parsed as bash, never executed. Programs are known by name and arguments
// (programs.go); unknown programs are not reported. A walk through each session (flow.go)
// follows the program in the foreground from step to step, across exercises. Where that
// is unknown, such as after a change of panes, nothing is reported.
package lint
