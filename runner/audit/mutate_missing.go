package audit

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

var missing = Operator{
	Code: "missing", Group: "world", Summary: "a program that the snippets name is not installed",
	world: func(s *site) (all []*Mutant) {
		for _, e := range s.Session.Exercises {
			for _, step := range e.Steps {
				if !step.Snippet() || step.LeftOut() || e.Setup {
					continue
				}
				for _, name := range programs(step.Text) {
					if !s.Installed(name) || slices.ContainsFunc(all, func(m *Mutant) bool { return m.World.Missing == name }) {
						continue
					}
					here := &site{Subject: s.Subject, op: s.op, exercise: e, step: step}
					all = append(all, here.around(World{Missing: name}, name+" is not installed"))
				}
			}
		}
		return all
	},
}

// programs are the programs that a snippet calls by a name, builtins of the shell left out.
func programs(text string) (names []string) {
	for stmt, err := range syntax.NewParser(syntax.Variant(syntax.LangBash)).StmtsSeq(strings.NewReader(text)) {
		if err != nil { // the statements before it are understood
			break
		}
		syntax.Walk(stmt, func(n syntax.Node) bool {
			call, ok := n.(*syntax.CallExpr)
			if !ok {
				return true
			}
			for _, arg := range call.Args {
				name := arg.Lit()
				if name != "" && !strings.ContainsAny(name, "/=") && !slices.Contains(builtins, name) && !slices.Contains(names, name) {
					names = append(names, name)
				}
				if !slices.Contains(prefixes, name) {
					break
				}
			}
			return true
		})
	}
	return names
}

// prefixes are programs that run the program named behind them.
var prefixes = []string{"sudo", "time", "nohup", "command", "exec", "env"}

// builtins are commands that bash has itself, whether they are installed or not (bash(1)).
var builtins = strings.Fields(`. : [ alias bg bind break builtin caller cd command compgen complete compopt continue declare dirs
	disown echo enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd
	printf pushd pwd read readarray readonly return set shift shopt source suspend test time times trap true type typeset
	ulimit umask unalias unset wait`)
