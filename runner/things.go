package runner

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"workshop/markdown/lazy"
)

// thing is something that a command leaves behind and that a later one may use.
type thing struct {
	kind thingKind
	name string // "" of a place and of containers: there is one
}

type thingKind string

const (
	aFile      thingKind = "file"
	aCommand   thingKind = "command"
	aVariable  thingKind = "variable"
	aPort      thingKind = "port"
	aPlace     thingKind = "change of directory"
	aFigure    thingKind = "figure"     // of a figure step
	containers thingKind = "containers" // of Compose
)

func (t thing) String() string {
	if t.name == "" {
		return "the " + string(t.kind)
	}
	return "the " + string(t.kind) + " " + t.name
}

// statements are those of a snippet, as far as it is bash.
func statements(text string) []*syntax.Stmt {
	var all []*syntax.Stmt
	for stmt, err := range syntax.NewParser(syntax.Variant(syntax.LangBash)).StmtsSeq(strings.NewReader(text)) {
		if err != nil { // the statements before it are understood
			break
		}
		all = append(all, stmt)
	}
	return all
}

// leaves are the things that a snippet leaves behind if it succeeds.
func leaves(text string) (all []thing) {
	for _, stmt := range statements(text) {
		syntax.Walk(stmt, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.Redirect:
				switch n.Op {
				case syntax.RdrOut, syntax.AppOut, syntax.RdrClob, syntax.RdrAll, syntax.AppAll:
					all = append(all, files(n.Word.Lit())...)
				}
			case *syntax.FuncDecl:
				if n.Name != nil {
					all = append(all, thing{aCommand, n.Name.Value})
				}
			case *syntax.DeclClause:
				for _, a := range n.Args {
					if a.Name != nil {
						all = append(all, thing{aVariable, a.Name.Value})
					}
				}
			case *syntax.CallExpr:
				for _, a := range n.Assigns {
					if len(n.Args) == 0 && a.Name != nil {
						all = append(all, thing{aVariable, a.Name.Value})
					}
				}
				all = append(all, leftBy(literals(n.Args))...)
			}
			return true
		})
	}
	return all
}

// literals are the words of a call; "" for one that the shell computes.
func literals(args []*syntax.Word) []string {
	all := make([]string, len(args))
	for i, w := range args {
		all[i] = w.Lit()
		if len(w.Parts) == 1 {
			switch q := w.Parts[0].(type) {
			case *syntax.SglQuoted:
				all[i] = q.Value
			case *syntax.DblQuoted:
				all[i] = (&syntax.Word{Parts: q.Parts}).Lit()
			}
		}
	}
	return all
}

// leftBy are the things that a program leaves behind, by its name and arguments.
func leftBy(call []string) []thing {
	if len(call) == 0 {
		return nil
	}
	if call[0] == "sudo" {
		return leftBy(call[1:])
	}
	all, plain := published(call), operands(call[1:])
	last := ""
	if len(plain) > 0 {
		last = plain[len(plain)-1]
	}
	switch call[0] {
	case "cd", "pushd":
		return append(all, thing{kind: aPlace})
	case "mkdir", "touch", "tee", "vi", "vim", "nano", "truncate":
		return append(all, files(plain...)...)
	case "cp", "mv", "ln", "unzip", "wget":
		return append(all, files(last)...)
	case "curl":
		if i := slices.Index(call, "-o"); i >= 0 && i+1 < len(call) {
			all = append(all, files(call[i+1])...)
		}
	case "alias":
		for _, a := range plain {
			name, _, _ := strings.Cut(a, "=")
			all = append(all, thing{aCommand, name})
		}
	case "git":
		if len(plain) > 0 && (plain[0] == "clone" || plain[0] == "init") {
			all = append(all, files(strings.TrimSuffix(last, ".git"))...)
		}
	case "apt", "apt-get", "pip", "pip3", "npm", "go", "brew":
		if slices.Contains(plain, "install") {
			name, _, _ := strings.Cut(path.Base(last), "@")
			all = append(all, thing{aCommand, name})
		}
	case "docker-compose", "docker":
		if compose(call) && slices.ContainsFunc(plain, func(w string) bool {
			return slices.Contains([]string{"up", "start", "run", "create", "scale"}, w)
		}) {
			all = append(all, thing{kind: containers})
		}
	}
	return all
}

func compose(call []string) bool {
	return call[0] == "docker-compose" || call[0] == "docker" && len(call) > 1 && call[1] == "compose"
}

// publishes matches an argument that names a port of this machine.
var publishes = lazy.Regexp(`^(?:--port=?)?([0-9]{2,5})(?::[0-9]{1,5})?$`)

// published are the ports that a program opens, as its arguments say.
func published(call []string) (all []thing) {
	for i, arg := range call[1:] {
		before := call[i]
		asked := before == "-p" || before == "--port" || before == "--publish" || before == "-l" || before == "http.server" ||
			strings.HasPrefix(arg, "--port=") || slices.Contains(call, "port-forward")
		if m := publishes().FindStringSubmatch(arg); m != nil && asked {
			all = append(all, thing{aPort, m[1]})
		}
	}
	return all
}

// operands are the arguments that are no options.
func operands(args []string) (all []string) {
	for _, a := range args {
		if a != "" && a[0] != '-' {
			all = append(all, a)
		}
	}
	return all
}

// files are the files with names; that of a path is its last part.
func files(names ...string) (all []thing) {
	for _, name := range names {
		if base := path.Base(name); name != "" && base != "." && base != ".." && base != "/" && base != "null" {
			all = append(all, thing{aFile, base})
		}
	}
	return all
}

// local matches a port of this machine in a text.
var local = lazy.Regexp(`(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])[:/ ]([0-9]{1,5})`)

// attempt is a command that failed, with what it used and what was said.
type attempt struct {
	used     map[thing]bool
	relative []string // its arguments that may name files here
	said     []string // lines of its output
}

// use notes the things that a text uses.
func (a *attempt) use(text string) {
	a.used = map[thing]bool{{kind: aPlace}: true}
	for _, m := range local().FindAllStringSubmatch(text, -1) {
		a.used[thing{aPort, m[1]}] = true
	}
	for _, stmt := range statements(text) {
		syntax.Walk(stmt, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.ParamExp:
				if n.Param != nil {
					a.used[thing{aVariable, n.Param.Value}] = true
				}
			case *syntax.Redirect:
				a.path(n.Word.Lit())
			case *syntax.CallExpr:
				a.call(literals(n.Args))
			}
			return true
		})
	}
}

func (a *attempt) call(words []string) {
	if len(words) == 0 {
		return
	}
	a.used[thing{aCommand, words[0]}] = true
	if compose(words) {
		a.used[thing{kind: containers}] = true
	}
	if strings.Contains(words[0], "/") {
		a.path(words[0])
	}
	for _, word := range words[1:] {
		a.path(word)
	}
}

// path notes a word that may be the path of a file.
func (a *attempt) path(word string) {
	for part := range strings.SplitSeq(word, "/") {
		a.used[thing{aFile, part}] = true
	}
	if word != "" && !strings.ContainsAny(word[:1], "/~-$") {
		a.relative = append(a.relative, strings.TrimPrefix(word, "./"))
	}
}

// The words by which programs say that something is not there.
var (
	absent = lazy.Regexp(`(?i)no such|not found|cannot (?:find|access|open|stat)|can't (?:find|open|cd)|` +
		`could ?n[o']t (?:find|open)|do(?:es)? not exist|isn't (?:running|there)`)
	astray  = lazy.Regexp(`(?i)not a git repository|no (?:suitable )?configuration file|no makefile found`)
	refused = lazy.Regexp(`(?i)refused|could ?n[o']t connect|failed to connect|unable to connect`)
)

// lacks reports whether the output says that a thing is not there. No program says that of a
// variable, and without its containers an application answers nothing.
func (a *attempt) lacks(t thing) bool {
	says := func(is *regexp.Regexp, named func(line string) bool) bool {
		return slices.ContainsFunc(a.said, func(line string) bool { return is.MatchString(line) && named(line) })
	}
	whatever := func(string) bool { return true }
	switch t.kind {
	case aVariable, containers:
		return true
	case aPort:
		return says(refused(), whatever)
	case aPlace: // a file that is not here may be there
		return says(astray(), whatever) || says(absent(), func(line string) bool {
			return slices.ContainsFunc(a.relative, func(name string) bool { return names(line, name, "/") })
		})
	}
	return says(absent(), func(line string) bool { return names(line, t.name, "") })
}

// names reports whether a name stands in a line as a whole, and not behind one of the characters.
func names(line, name, behind string) bool {
	part := func(s string, at int, more string) bool {
		if at < 0 || at >= len(s) {
			return false
		}
		c := s[at]
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("_-"+more, c) >= 0
	}
	for from := 0; name != ""; {
		i := strings.Index(line[from:], name)
		if i < 0 {
			return false
		}
		from += i
		if !part(line, from-1, "."+behind) && !part(line, from+len(name), "") {
			return true
		}
		from += len(name)
	}
	return false
}
