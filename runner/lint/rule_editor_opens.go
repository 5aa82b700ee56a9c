package lint

import (
	"regexp"
	"slices"

	"mvdan.cc/sh/v3/syntax"
)

var editorOpens = Rule{
	Code: "editor-opens", Severity: Warning,
	Summary: "a command that opens the editor of the machine, such as git commit without -m",
	Doc: `git commit, git rebase -i, crontab -e or kubectl edit open the editor that the environment
names (EDITOR, VISUAL), else the one that the machine has: vi here, nano there, none in a
container. Keys that are for one of them do something else in another. Give the text on
the command line (git commit -m), or choose the editor in the session, for example by
export EDITOR=vi.`,
	Bad:  ".exercise[\n```bash\ngit commit\n```\n<!--\n```wait Please enter```\n```keys :q!```\n```key Enter```\n-->\n]\n",
	Good: ".exercise[\n```bash\ngit commit -m \"Add a page\"\n```\n]\n",
	session: func(p *pass, f *flow) {
		for i := range f.visits {
			v := &f.visits[i]
			if v.snippet == nil || v.exercise.Setup || v.snippet.foreign || v.editor {
				continue
			}
			for _, stmt := range v.snippet.stmts {
				syntax.Walk(stmt, func(n syntax.Node) bool {
					if opensEditor(n) {
						p.report(v.snippet.span(n), "give the text on the command line, or choose the editor: export EDITOR=vi",
							"%s opens the editor that the environment names, or that the machine has", v.snippet.source(n))
					}
					return true
				})
			}
		}
	},
}

// editorChoice finds the choice of an editor in a snippet.
var editorChoice = regexp.MustCompile(`\b(?:[A-Z_]*EDITOR|VISUAL)=|\bcore\.editor\b|\bselect-editor\b`)

// opensEditor reports whether a part of a snippet is a command that surely opens an editor, and not
// one of a certain name.
func opensEditor(n syntax.Node) bool {
	call, ok := n.(*syntax.CallExpr)
	if !ok {
		return false
	}
	args := unwrap(words(call))
	if len(args) < 2 {
		return len(args) == 1 && (args[0] == "visudo" || args[0] == "vipw")
	}
	switch args[0] {
	case "git":
		return gitEdits(skip(args[1:], "Cc"))
	case "crontab":
		return hasFlag(args[1:], "e")
	case "sudoedit", "visudo":
		return !hasFlag(args[1:], "cVh")
	case "kubectl", "k", "oc":
		_, rest := split(args[1:], kubeFlags)
		return len(rest) > 0 && rest[0] == "edit"
	case "systemctl":
		return slices.Contains(args, "edit")
	}
	return false
}

// gitEdits reports whether a subcommand of git surely opens an editor.
func gitEdits(sub []string) bool {
	if len(sub) == 0 || hasFlag(sub, "h", "--help", "--abort", "--dry-run") {
		return false
	}
	texts := hasFlag(sub, "mFC", "--message", "--file", "--no-edit", "--fixup", "--reuse-message")
	switch sub[0] {
	case "commit":
		return !texts
	case "rebase":
		return hasFlag(sub, "i", "--interactive")
	case "merge":
		return hasFlag(sub, "", "--no-ff") && !texts && !hasFlag(sub, "", "--squash", "--no-commit")
	case "tag":
		return hasFlag(sub, "as", "--annotate", "--sign") && !texts
	case "revert":
		return !texts && !hasFlag(sub, "n", "--no-commit", "--continue", "--quit", "--skip")
	case "config":
		return hasFlag(sub, "e", "--edit")
	}
	return false
}
