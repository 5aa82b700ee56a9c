package lint

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"workshop/runner"
)

var editorOpens = Rule{
	Code: "editor-opens", Severity: Warning,
	Summary: "a command that opens the editor of the machine, such as git commit without -m",
	Doc: `git commit, git rebase -i, crontab -e or kubectl edit open the editor that the environment
names (EDITOR, VISUAL, GIT_EDITOR …). It is vi in a session, and another one on the machine of
a learner: keys that are for one of them do something else in another. Give the text on the
command line (git commit -m). Or name the editor, by env: in the manifest or by export EDITOR=vi
in the session; an editor that opens still needs keys that end it.`,
	Bad:  ".exercise[\n```bash\ngit commit\n```\n<!--\n```wait Please enter```\n```keys :q!```\n```key Enter```\n-->\n]\n",
	Good: ".exercise[\n```bash\ngit commit -m \"Add a page\"\n```\n]\n",
	visit: func(p *pass, v *visit) {
		if v.snippet == nil || v.exercise.Setup || v.snippet.foreign {
			return
		}
		for _, e := range v.edits {
			switch at := v.snippet.span(e.node); {
			case e.editor == "":
				p.report(at, "give the text on the command line, or name the editor: env: in the manifest, or export EDITOR=vi",
					"%s opens the editor that the environment names, or that the machine has", v.snippet.source(e.node))
			case e.nature == screen && !stays(v.program) && !v.snippet.pressed():
				p.report(at, "press the keys that end it, or give the text on the command line",
					"%s opens %s, and no key ends it", v.snippet.source(e.node), quote(e.editor))
			}
		}
	},
}

// pressed reports whether keys follow the snippet.
func (s *snippet) pressed() bool {
	return slices.ContainsFunc(s.looks, func(step *runner.Step) bool { return step.Kind() == runner.KindPresses })
}

// edit is a command that opens an editor.
type edit struct {
	node   syntax.Node
	editor string // as the deck names it; "" if it does not
	nature nature // of that editor
}

// editors are the editors that a session has chosen.
type editors struct {
	values   map[string]string // of variables, and of git's core.editor
	exported map[string]bool   // the variables that programs see
}

// newEditors are those of the environment that a deck gives to its session.
func newEditors(env []string) *editors {
	e := &editors{values: map[string]string{}, exported: map[string]bool{"EDITOR": true}}
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		e.values[name], e.exported[name] = value, true
	}
	return e
}

// edits are the commands of some statements that open an editor, each with the editor that is chosen
// when it runs.
func (c catalogue) edits(stmts []*syntax.Stmt, chosen *editors) (found []edit) {
	for _, stmt := range stmts {
		syntax.Walk(stmt, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.DeclClause:
				for _, a := range n.Args {
					chosen.assign(a, n.Variant.Value == "export")
				}
			case *syntax.CallExpr:
				if !opensEditor(n) {
					chosen.call(n)
					return true
				}
				e := edit{node: n, editor: chosen.of(n)}
				args := strings.Fields(e.editor)
				if e.nature = unknown; len(args) > 0 && !strings.Contains(e.editor, nothing) {
					e.nature = c.ofWords(append(args, "file")).nature
				}
				found = append(found, e)
			}
			return true
		})
	}
	return found
}

// call notes the choice that a command makes.
func (e *editors) call(n *syntax.CallExpr) {
	if len(n.Args) == 0 {
		for _, a := range n.Assigns {
			e.assign(a, false)
		}
		return
	}
	switch args := unwrap(words(n)); {
	case len(args) < 2:
	case args[0] == "unset":
		for _, name := range args[1:] {
			delete(e.values, name)
		}
	case args[0] == "git":
		set := positional(skip(args[1:], "Cc"))
		if len(set) == 3 && set[0] == "config" && (set[1] == "core.editor" || set[1] == "sequence.editor") {
			e.values[set[1]], e.exported[set[1]] = set[2], true
		}
	}
}

func (e *editors) assign(a *syntax.Assign, export bool) {
	if a.Name == nil {
		return
	}
	if a.Value != nil {
		e.values[a.Name.Value] = text(a.Value)
	}
	e.exported[a.Name.Value] = e.exported[a.Name.Value] || export
}

// of is the editor that is chosen for a command; "" if none is.
func (e *editors) of(call *syntax.CallExpr) string {
	own := map[string]string{}
	list := words(call)
	for _, a := range call.Assigns {
		if a.Name != nil && a.Value != nil {
			own[a.Name.Value] = text(a.Value)
		}
	}
	for i, w := range list { // env NAME=value, git -c name=value
		if name, value, ok := strings.Cut(w, "="); ok && (i == 0 || list[i-1] == "-c" || list[i-1] == "env" || list[0] == "env") {
			own[name] = value
		}
	}
	for _, name := range editorNames(unwrap(list)) {
		if value := own[name]; value != "" {
			return value
		}
		if value := e.values[name]; value != "" && e.exported[name] {
			return value
		}
	}
	return ""
}

// editorNames are the variables that a command looks for its editor in, in their order.
func editorNames(args []string) []string {
	names := []string{"VISUAL", "EDITOR"}
	switch args[0] {
	case "git":
		names = append([]string{"GIT_EDITOR", "core.editor"}, names...)
		if slices.Contains(args, "rebase") {
			names = append([]string{"GIT_SEQUENCE_EDITOR", "sequence.editor"}, names...)
		}
	case "kubectl", "k", "oc":
		names = []string{"KUBE_EDITOR", "EDITOR"}
	case "sudoedit", "visudo":
		names = append([]string{"SUDO_EDITOR"}, names...)
	case "systemctl":
		names = []string{"SYSTEMD_EDITOR", "EDITOR", "VISUAL"}
	}
	return names
}

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
