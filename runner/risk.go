package runner

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Risks says, in a few words each, what of a text of the shell deserves a second look before it runs:
// other privileges, removed folders, programs that are downloaded and run, and what is written to
// absolute or higher paths or to the home directory. It reads the text and knows only what stands there: none found is no promise.
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
				for words := wordsOf(n); len(words) > 0; words = wrapped(words) {
					add(riskOfCall(words))
					add(riskOfTargets(words))
				}
			case *syntax.BinaryCmd:
				if (n.Op == syntax.Pipe || n.Op == syntax.PipeAll) && calls(n.X, "curl", "wget") &&
					calls(n.Y, "sh", "bash", "zsh", "python3", "python") {
					add("runs what it downloads")
				}
			case *syntax.Redirect:
				switch n.Op {
				case syntax.RdrOut, syntax.AppOut, syntax.RdrClob, syntax.RdrAll, syntax.AppAll:
					if n.Word != nil {
						add(riskOfTarget(literal(n.Word)))
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
		words = append(words, literal(w))
	}
	return words
}

// literal is the text of a word as far as it is known, with quotes removed and ~ for the home directory.
func literal(w *syntax.Word) string {
	var b strings.Builder
	var add func([]syntax.WordPart)
	add = func(parts []syntax.WordPart) {
		for _, p := range parts {
			switch p := p.(type) {
			case *syntax.Lit:
				b.WriteString(p.Value)
			case *syntax.SglQuoted:
				b.WriteString(p.Value)
			case *syntax.DblQuoted:
				add(p.Parts)
			case *syntax.ParamExp:
				if p.Param != nil && p.Param.Value == "HOME" && b.Len() == 0 {
					b.WriteString("~")
				} else {
					b.WriteString("$")
				}
			default:
				b.WriteString("$")
			}
		}
	}
	add(w.Parts)
	return b.String()
}

// wrapped are the words of a command that another one runs; none if it runs none.
func wrapped(words []string) []string {
	if !slices.Contains([]string{"sudo", "doas", "env", "command", "exec", "nohup", "time", "xargs"}, words[0]) {
		return nil
	}
	words = words[1:]
	for len(words) > 0 && (strings.HasPrefix(words[0], "-") || strings.Contains(words[0], "=")) {
		words = words[1:]
	}
	return words
}

// riskOfTargets is the risk of the files that a command writes to.
func riskOfTargets(words []string) string {
	var files []string
	options := map[string]string{} // the words behind options
	for i, w := range words[1:] {
		if strings.HasPrefix(w, "-") && len(w) > 1 {
			if i+2 < len(words) {
				options[w] = words[i+2]
			}
			name, value, _ := strings.Cut(w, "=")
			if value != "" {
				options[name] = value
			}
			continue
		}
		files = append(files, w)
	}
	var targets []string
	switch words[0] {
	case "tee", "touch", "mkdir", "rmdir", "rm", "truncate", "chmod", "chown", "shred", "unlink":
		targets = files
	case "cp", "mv", "ln", "install", "rsync":
		if len(files) > 1 {
			targets = files[len(files)-1:]
		}
		targets = append(targets, options["-t"], options["--target-directory"])
	case "sed":
		if _, inPlace := options["-i"]; inPlace || slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, "-i") }) {
			targets = files
		}
	case "curl":
		targets = []string{options["-o"], options["--output"]}
	case "wget":
		targets = []string{options["-O"], options["-P"]}
	case "tar":
		targets = []string{options["-C"], options["--directory"]}
	case "unzip":
		targets = []string{options["-d"]}
	case "git":
		if len(files) > 2 && files[0] == "clone" {
			targets = files[2:]
		}
	}
	for _, target := range targets {
		if risk := riskOfTarget(target); risk != "" {
			return risk
		}
	}
	return ""
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
		if name == "/tmp" || strings.HasPrefix(name, harmless) && !strings.Contains(name, "..") {
			return ""
		}
	}
	if name == "~" || strings.HasPrefix(name, "~/") || strings.HasPrefix(name, "/") || name == ".." ||
		strings.HasPrefix(name, "../") || strings.Contains(name, "/../") {
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
