package runner

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Risks says, in a few words each, what of a text of the shell deserves a second look before it runs:
// other privileges, removed folders, programs that are downloaded and run, and redirections to
// absolute or higher paths. It reads the text and knows only what stands there: none found is no promise.
func Risks(text string) (risks []string) {
	add := func(risk string) {
		if risk != "" && !slices.Contains(risks, risk) {
			risks = append(risks, risk)
		}
	}
	for stmt, err := range syntax.NewParser(syntax.Variant(syntax.LangBash)).StmtsSeq(strings.NewReader(text)) {
		if err != nil {
			break
		}
		syntax.Walk(stmt, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.CallExpr:
				add(riskOfCall(wordsOf(n)))
			case *syntax.BinaryCmd:
				if (n.Op == syntax.Pipe || n.Op == syntax.PipeAll) && calls(n.X, "curl", "wget") &&
					calls(n.Y, "sh", "bash", "zsh", "python3", "python") {
					add("runs what it downloads")
				}
			case *syntax.Redirect:
				switch n.Op {
				case syntax.RdrOut, syntax.AppOut, syntax.RdrClob, syntax.RdrAll, syntax.AppAll:
					if n.Word != nil {
						add(riskOfTarget(n.Word.Lit()))
					}
				}
			}
			return true
		})
	}
	return risks
}

// wordsOf are the words of a command; "" for one that is not literal.
func wordsOf(c *syntax.CallExpr) []string {
	var words []string
	for _, w := range c.Args {
		words = append(words, w.Lit())
	}
	return words
}

func riskOfCall(words []string) string {
	if len(words) == 0 {
		return ""
	}
	switch words[0] {
	case "sudo", "doas", "su":
		return words[0]
	case "rm":
		if slices.ContainsFunc(words[1:], func(w string) bool {
			return w == "--recursive" || strings.HasPrefix(w, "-") && !strings.HasPrefix(w, "--") && strings.ContainsAny(w, "rR")
		}) {
			return "removes folders"
		}
	case "dd", "shutdown", "reboot":
		return words[0]
	}
	if strings.HasPrefix(words[0], "mkfs") {
		return "mkfs"
	}
	return ""
}

// riskOfTarget is the risk of writing to a file.
func riskOfTarget(name string) string {
	for _, harmless := range []string{"/dev/null", "/dev/std", "/dev/tty", "/dev/fd/", "/tmp/"} {
		if strings.HasPrefix(name, harmless) && !strings.Contains(name, "..") {
			return ""
		}
	}
	if strings.HasPrefix(name, "/") || name == ".." || strings.HasPrefix(name, "../") || strings.Contains(name, "/../") {
		return "writes outside of its folder"
	}
	return ""
}

// calls reports whether a command calls one of some programs, also by sudo.
func calls(stmt *syntax.Stmt, names ...string) (found bool) {
	syntax.Walk(stmt, func(n syntax.Node) bool {
		if c, ok := n.(*syntax.CallExpr); ok {
			words := wordsOf(c)
			if len(words) > 0 && words[0] == "sudo" {
				words = words[1:]
			}
			found = found || len(words) > 0 && slices.Contains(names, words[0])
		}
		return true
	})
	return found
}
