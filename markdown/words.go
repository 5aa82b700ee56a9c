package markdown

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Slug is a text as a name for ids: lower case, letters and digits, one hyphen for the
// characters between them; apostrophes are dropped.
func Slug(text string) string {
	var b strings.Builder
	hyphen := false
	for _, r := range strings.ToLower(strings.ToValidUTF8(text, " ")) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			if hyphen && b.Len() > 0 {
				b.WriteByte('-')
			}
			hyphen = false
			b.WriteRune(r)
		case r == '\'' || r == '’':
		default:
			hyphen = true
		}
	}
	return b.String()
}

// Suggest is the known word that a mistyped one was probably meant to be: the
// nearest within a third of its length, else the only one that starts with it; ""
// if there is none. Case is ignored.
func Suggest(word string, known []string) string {
	n := utf8.RuneCountInString(word)
	if n == 0 || n > 64 {
		return ""
	}
	best, limit := "", max(1, n/3)
	for _, k := range known {
		if d := distance(word, k, limit); d <= limit {
			best, limit = k, d-1
		}
	}
	if best != "" || n < 3 {
		return best
	}
	for _, k := range known {
		if strings.HasPrefix(strings.ToLower(k), strings.ToLower(word)) {
			if best != "" {
				return ""
			}
			best = k
		}
	}
	return best
}

// distance is the number of characters to insert, delete, replace or swap with
// their neighbour that lead from one word to the other; if it is more than limit,
// some number that is.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d > 4*limit || -d > 4*limit { // bytes
		return limit + 1
	}
	s, t := []rune(strings.ToLower(a)), []rune(strings.ToLower(b))
	if d := len(s) - len(t); d > limit || -d > limit {
		return limit + 1
	}
	rows := [3][]int{make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(s); i++ {
		row, up, upup := rows[i%3], rows[(i+2)%3], rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(t); j++ {
			replace := up[j-1]
			if s[i-1] != t[j-1] {
				replace++
			}
			row[j] = min(up[j]+1, row[j-1]+1, replace)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], upup[j-2]+1)
			}
		}
	}
	return rows[len(s)%3][len(t)]
}

// didYouMean is a hint at a suggestion, "" if there is none.
func didYouMean(word string) string {
	if word == "" {
		return ""
	}
	return "did you mean " + word + "?"
}

// builtin are the directives of the dialect.
func builtin() []string {
	return strings.Fields("bash hide wait longwait key keys check copy paste copypaste open tmux output status statuses timeout " +
		"until reject requires skip only-if instead figure claim")
}

// languages are the words of fences that are to be read and not run. Only those
// matter that look like a mistyped directive, or that stand in comments.
func languages() []string {
	return strings.Fields(`apache asm awk basic bat c caddyfile clojure cmd compose conf config console cpp cs csh csharp css csv
		cue dart dash diff docker dockerfile dot dotenv elixir elm env erlang fish fortran go gohtml gotmpl golang gotemplate graphql
		groovy h hash haskell hcl html http ini java javascript jinja jinja2 js json json5 jsonc jsonnet jsonpath jsx julia kotlin
		ksh kusto latex less lisp log lua make makefile markdown math matlab md mermaid nginx nix no-highlight nohighlight none
		objc objectivec ocaml patch perl php plain plaintext powershell promql properties proto protobuf ps1 puppet py python r rb
		rego regex ruby rust scala scheme scss session sh shell shell-session sql stan starlark svg swift sys systemd tcl template
		terraform tex text tf toml ts tsx txt typescript vim vue wasm wat xml yaml yml zig zsh`)
}

// vocabulary holds the meanings of the words of fences.
type vocabulary struct {
	directives []string
	languages  map[string]bool
}

func newVocabulary(directives []string) vocabulary {
	v := vocabulary{append(builtin(), directives...), map[string]bool{}}
	for _, word := range languages() {
		v.languages[word] = true
	}
	return v
}

func (v *vocabulary) isDirective(word string) bool { return slices.Contains(v.directives, word) }

// isShell reports whether a word is a language that a learner would type.
func (v *vocabulary) isShell(word string) bool {
	switch word {
	case "sh", "shell", "console", "zsh", "shell-session":
		return true
	}
	return false
}

// isStep decides whether a fence or one-liner of an exercise is a step, by the first
// word of its info string. A directive is. A known language is not, save a shell in
// a comment, which can only be a mistake. Any other word is a step in a comment; in
// sight it is one when it is nearly a directive's name. It is not for this package
// to say that a directive does not exist: the runner reports it with a suggestion.
func (v *vocabulary) isStep(word string, hidden bool) bool {
	switch {
	case word == "":
		return false
	case v.isDirective(word):
		return true
	case v.isShell(word):
		return hidden && word != "console" && word != "shell-session" // the text of a terminal, to be read
	case v.languages[strings.ToLower(word)]:
		return false
	case hidden:
		return true
	}
	n := utf8.RuneCountInString(word)
	if n > 64 {
		return false
	}
	limit := max(1, n/4)
	return slices.ContainsFunc(v.directives, func(d string) bool { return distance(word, d, limit) <= limit })
}
