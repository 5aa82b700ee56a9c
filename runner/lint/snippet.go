package lint

import (
	"errors"
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"workshop/markdown"
	"workshop/markdown/lazy"
	"workshop/runner"
)

// snippet is the parsed snippet of a step.
type snippet struct {
	step    *runner.Step
	stmts   []*syntax.Stmt // up to the mistake, if there is one
	mistake *shellMistake  // of its syntax; nil if there is none
	next    *runner.Step   // the next step of its session that does something in its own place
	looks   []*runner.Step // the waits, keys … after it, up to the next snippet
	foreign bool           // typed into another program than a shell, or only by a presenter
	at      func(a, b syntax.Pos) markdown.Span
}

// shellMistake is a mistake in a snippet's syntax.
type shellMistake struct {
	at         int // offset in the snippet
	message    string
	incomplete bool // the shell would wait for the rest
}

// newParser is a parser for the snippets of a run, one after the other.
func newParser() *syntax.Parser { return syntax.NewParser(syntax.Variant(syntax.LangBash)) }

// parse reads the text of a step as bash.
func parse(parser *syntax.Parser, step *runner.Step) *snippet {
	s := &snippet{step: step}
	s.at = func(a, b syntax.Pos) markdown.Span { return step.At(int(a.Offset()), int(b.Offset())) }
	text := step.Text
	s.read(parser, text)
	for range maxNegations {
		less, ok := s.mistake.negated(text)
		if !ok {
			break
		}
		text = less
		s.read(parser, text)
	}
	if s.mistake != nil && declaring().MatchString(text) {
		s.read(parser, ordinary(text))
	}
	return s
}

// read parses a text, which has the snippet's length.
func (s *snippet) read(parser *syntax.Parser, text string) {
	s.stmts, s.mistake = nil, nil
	for stmt, err := range parser.StmtsSeq(strings.NewReader(text)) {
		var pe syntax.ParseError
		switch {
		case err == nil:
			s.stmts = append(s.stmts, stmt)
		case errors.As(err, &pe):
			s.mistake = &shellMistake{int(pe.Pos.Offset()), pe.Text, pe.Incomplete}
		default:
			s.mistake = &shellMistake{0, err.Error(), false}
		}
	}
}

// declaring finds the definition of a function of a builtin's name, such as local(), and the builtin
// let: bash accepts both, the parser has a grammar of its own for the builtins.
var declaring = lazy.Regexp(`\b(?:local|declare|export|readonly|typeset|let)[ \t]*\([ \t]*\)|\blet[ \t]`)

// ordinary gives such functions and commands another name of the same length.
func ordinary(text string) string {
	return declaring().ReplaceAllStringFunc(text, func(found string) string {
		n := strings.IndexAny(found, " \t(")
		return strings.Repeat("_", n) + found[n:]
	})
}

// refused are the messages of the parser about code that bash accepts and may refuse when it runs,
// each with the text that must follow: without it bash would wait for the rest.
var refused = []struct{ message, closer func() *regexp.Regexp }{
	{lazy.Regexp(`^not a valid arithmetic operator`), lazy.Regexp(`\)\)|\]`)},
	{lazy.Regexp(`^not a valid parameter expansion operator`), lazy.Regexp(`\}`)},
	{lazy.Regexp(`^not a valid test operator`), lazy.Regexp(`\]\]`)},
}

// accepted reports whether bash accepts the text that the parser refuses.
func (m *shellMistake) accepted(text string) bool {
	for _, r := range refused {
		if r.message().MatchString(m.message) && r.closer().MatchString(text[min(m.at, len(text)):]) {
			return true
		}
	}
	return false
}

// negation finds the messages of the parser about a `!` that bash accepts.
var negation = lazy.Regexp("^cannot negate a command multiple times|^`!` (?:can only|cannot form)")

// maxNegations bounds the number of such marks in a snippet.
const maxNegations = 20

// negated is the text without the `!` of a mistake, which negates a negation, a time, or nothing.
func (m *shellMistake) negated(text string) (string, bool) {
	if m == nil || !negation().MatchString(m.message) || m.at >= len(text) || text[m.at] != '!' {
		return text, false
	}
	instead := " "
	if strings.Contains(m.message, "alone") {
		instead = ":"
	}
	return text[:m.at] + instead + text[m.at+1:], true
}

// nothing stands for an unknown part of a word: its value appears only in a run.
const nothing = "\x00"

// text is the value of a word, with the character nothing for each unknown part.
func text(w *syntax.Word) string {
	var b strings.Builder
	parts(&b, w.Parts)
	return b.String()
}

func parts(b *strings.Builder, list []syntax.WordPart) {
	for _, part := range list {
		switch part := part.(type) {
		case *syntax.Lit:
			b.WriteString(unescape(part.Value))
		case *syntax.SglQuoted:
			b.WriteString(part.Value)
		case *syntax.DblQuoted:
			parts(b, part.Parts)
		default:
			b.WriteString(nothing)
		}
	}
}

func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			if i++; s[i] == '\n' {
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// words are the values of a command's words.
func words(call *syntax.CallExpr) []string {
	list := make([]string, len(call.Args))
	for i, w := range call.Args {
		list[i] = text(w)
	}
	return list
}

// span is the place of a part of the snippet, on the line where it begins.
func (s *snippet) span(n syntax.Node) markdown.Span {
	from, to := int(n.Pos().Offset()), int(n.End().Offset())
	to = min(to, len(s.step.Text))
	if from >= to {
		return s.step.Head()
	}
	line, _, _ := strings.Cut(s.step.Text[from:to], "\n")
	return s.step.At(from, from+max(1, len(strings.TrimRight(line, " \t"))))
}

// source is the beginning of a part of the snippet, in quotes.
func (s *snippet) source(n syntax.Node) string {
	from, to := int(n.Pos().Offset()), min(int(n.End().Offset()), len(s.step.Text))
	if from >= to {
		return "this"
	}
	return quote(strings.TrimRight(s.step.Text[from:to], "; "))
}

// last reports whether a part of the snippet is its end.
func (s *snippet) last(n syntax.Node) bool {
	if s.mistake != nil {
		return false
	}
	to := int(n.End().Offset())
	for _, stmt := range s.stmts {
		if int(stmt.Pos().Offset()) >= to {
			return false
		}
	}
	return true
}

// quote is the beginning of a text in quotes.
func quote(s string) string { return "`" + shorten(s) + "`" }
