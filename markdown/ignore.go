package markdown

import (
	"path"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Lint holds a manifest's settings for findings: the ignored ones, and a limit.
type Lint struct {
	SlideLines int // the number of lines that fit on a slide; 0 if not given
	Ignores    []*Ignore
}

// Ignore asks for silence about kinds of findings: a comment
//
//	<!-- lint-ignore CODE, CODE: reason -->
//
// or such a line within a comment, or an item of a manifest's lint: ignore: list.
// The reader checks that the codes exist and that there is a reason.
type Ignore struct {
	Span
	Codes  []string
	Reason string   // "" if none is given
	Covers Span     // of a comment: from its own line to the next step, comment of this kind, or blank line
	Files  []string // of a manifest: patterns as in path.Match, of names as shown to the user; none for all
}

// The words of comments that ask for silence: about findings of lint, and about changes that an audit
// makes and nothing in the deck notices.
const (
	ignoreWord = "lint-ignore"
	excuseWord = "audit-ignore"
)

// ignoreText is the text of a comment from such a word on.
func ignoreText(text string) (string, bool) {
	text = strings.TrimLeft(text, " \t")
	for _, word := range []string{ignoreWord, excuseWord} {
		rest, ok := strings.CutPrefix(text, word)
		if !ok || rest != "" && !isBlank(rest[0]) && rest[0] != ':' && !strings.HasPrefix(rest, "-->") {
			continue
		}
		text, _, _ = strings.Cut(text, "-->")
		return strings.Trim(text, " \t"), true
	}
	return "", false
}

// ignore notes the request in the text from start to end, if it is one.
func (s *scanner) ignore(start, text, end int) {
	if info, ok := ignoreText(s.text[text:end]); ok {
		if n := strings.Index(s.text[text:end], "-->"); n >= 0 {
			end = text + n
			if start < text { // the comment is all of it
				end += len("-->")
			}
		}
		s.add(token{kind: ignoreToken, start: start, end: end, info: info})
	}
}

// ignores reads the requests of a chapter.
func (p *chapterParser) ignores() {
	var at []token
	for _, t := range p.tokens {
		if t.kind == ignoreToken {
			at = append(at, t)
		}
	}
	requests := make([]*Ignore, len(at))
	next := len(p.src.text) // the next request begins here
	covered := next         // and covers the text before this
	for i := len(at) - 1; i >= 0; i-- {
		t := at[i]
		request := &Ignore{}
		if rest, ok := strings.CutPrefix(t.info, ignoreWord); ok {
			codes, reason, _ := strings.Cut(rest, ":")
			request.Codes, request.Reason = words(codes), oneLine(strings.TrimSpace(reason))
		} else {
			rest := strings.TrimLeft(strings.TrimPrefix(t.info, excuseWord), ": \t")
			request.Reason = oneLine(rest)
		}
		from := strings.LastIndexByte(p.src.text[:t.start], '\n') + 1
		end := p.covered(t.end, next, covered)
		request.Span, request.Covers = p.src.span(t.start, t.end), Span{p.src.pos(from), p.src.pos(end)}
		requests[i] = request
		next, covered = t.start, end
	}
	for i, r := range requests {
		if strings.HasPrefix(at[i].info, ignoreWord) {
			p.chapter.Ignores = append(p.chapter.Ignores, r)
		} else {
			p.chapter.Excuses = append(p.chapter.Excuses, r)
		}
	}
}

// covered is the end of the text covered by a request that ends at the offset end. The next
// request begins at next, and covers the text before nextCovered.
func (p *chapterParser) covered(end, next, nextCovered int) int {
	text := p.src.text
	line := func(at int) int { // the end of its line
		if n := strings.IndexByte(text[at:], '\n'); n >= 0 {
			return at + n
		}
		return len(text)
	}
	end = line(end)
	begun := false
	for end < len(text) {
		stop := line(end + 1)
		switch trimmed := strings.TrimSpace(text[end+1 : stop]); {
		case trimmed == "" && begun:
			return end
		case next <= stop && !begun:
			return nextCovered
		case next <= stop:
			return end
		case trimmed != "" && trimmed != "<!--" && trimmed != "-->":
			begun = true
		}
		for i := p.token(end + 1); i < len(p.tokens) && p.tokens[i].start <= stop; i++ {
			if t := p.tokens[i]; t.kind == fenceToken || t.kind == spanToken {
				return line(max(t.end, stop))
			}
		}
		end = stop
	}
	return end
}

// lint reads the manifest's lint: key.
func (m *manifestReader) lint(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		m.fail(CodeManifestValue, m.span(n), "", "lint is a mapping of keys such as ignore:")
		return
	}
	m.mapping(n, "lint", []field{
		{"slide-lines", func(v *yaml.Node) {
			s, _ := m.string(v, "slide-lines")
			lines, err := strconv.Atoi(s)
			if err != nil || lines < 1 {
				m.fail(CodeManifestValue, m.span(v), "", "slide-lines is a number of lines")
				return
			}
			m.deck.Lint.SlideLines = lines
		}},
		{"ignore", func(v *yaml.Node) {
			if v.Kind != yaml.SequenceNode {
				m.fail(CodeManifestValue, m.span(v), "", "ignore is a list of mappings with code: and reason:")
				return
			}
			for _, c := range v.Content {
				m.lintIgnore(c)
			}
		}},
	})
}

func (m *manifestReader) lintIgnore(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		m.fail(CodeManifestValue, m.span(n), "", "an item of ignore: is a mapping with code: and reason:")
		return
	}
	ignore := &Ignore{Span: m.span(n)}
	m.mapping(n, "ignore", []field{
		{"code", func(v *yaml.Node) {
			ignore.Codes, ignore.Span = m.strings(v, "code: a code, or a list of them"), m.span(v)
		}},
		{"reason", func(v *yaml.Node) {
			s, _ := m.string(v, "reason")
			ignore.Reason = oneLine(strings.Join(strings.Fields(s), " "))
		}},
		{"files", func(v *yaml.Node) {
			for _, pattern := range m.strings(v, "files: a list of patterns") {
				clean, err := inside(m.dir, pattern)
				if err == nil {
					_, err = path.Match(clean, "")
				}
				if err != nil {
					m.fail(CodeManifestValue, m.span(v), "a pattern such as k8s/*.md", "files: %s: %v", shorten(pattern), err)
					continue
				}
				dir := strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(m.show("."))
				ignore.Files = append(ignore.Files, path.Join(dir, clean))
			}
		}},
	})
	m.deck.Lint.Ignores = append(m.deck.Lint.Ignores, ignore)
}

// Excuses reports whether the request covers a step.
func (i *Ignore) Excuses(step *Step) bool {
	return step.Pos.File == i.Covers.Pos.File && step.Pos.Compare(i.Covers.Pos) >= 0 && step.Pos.Compare(i.Covers.End) <= 0
}
