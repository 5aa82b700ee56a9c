package lint

import (
	"strings"

	"workshop/markdown"
	"workshop/markdown/lazy"
)

var pastedPrompt = Rule{
	Code: "pasted-prompt", Severity: Error, Fixable: true,
	Summary: "a prompt in front of a command",
	Doc: `A snippet is typed as it is, with its prompt: the shell looks for a command called $, or
takes a line that begins with # for a comment and runs nothing. Remove the prompt. Put
output that was pasted with it into a fence without a directive.`,
	Bad:  ".exercise[\n```bash\n$ docker ps\n```\n]\n",
	Good: ".exercise[\n```bash\ndocker ps\n```\n]\n",
	snippet: func(p *pass, s *snippet) {
		if s.foreign {
			return
		}
		found := s.prompts(p.catalogue)
		if len(found) == 0 {
			return
		}
		first := found[0]
		f := p.report(s.step.At(first.from, first.to), "leave it out", "the prompt %s would be typed", quote(s.step.Text[first.from:first.to]))
		if !s.everyLine(found) {
			return
		}
		for _, at := range found {
			f.Fix = append(f.Fix, markdown.Edit{Span: s.step.At(at.from, at.to), Old: s.step.Text[at.from:at.to]})
		}
	},
}

// stretch is a part of a text, in bytes.
type stretch struct{ from, to int }

var (
	prompt = lazy.Regexp(`^[ \t]*((?:\$|%|>>>|[\w.-]+@[\w.-]+:[^\s$#%]*[$#%]` +
		`|\[[\w.-]+@[\w.-]+ [^\]\n]*\][$#%]|PS [A-Z]:\\[^>\n]*>)[ \t]+)\S`)
	rootPrompt = lazy.Regexp(`^[ \t]*(#[ \t]+)(\S+)`)
)

// prompts are the prompts at the beginning of the snippet's commands.
func (s *snippet) prompts(c catalogue) (found []stretch) {
	starts := map[uint]bool{} // lines
	for _, stmt := range s.stmts {
		starts[stmt.Pos().Line()] = true
	}
	first, commands := true, false
	at, number := 0, uint(0)
	for line := range strings.Lines(s.step.Text) {
		number++
		if strings.TrimSpace(line) != "" {
			if m := prompt().FindStringSubmatchIndex(line); m != nil && (first || starts[number] || s.mistake != nil) {
				found = append(found, stretch{at + m[2], at + m[3]})
			}
			commands = commands || !strings.HasPrefix(strings.TrimSpace(line), "#")
			first = false
		}
		at += len(line)
	}
	if commands || len(found) > 0 {
		return found
	}
	// Nothing but comments: commands of root, if they look like some.
	at = 0
	for line := range strings.Lines(s.step.Text) {
		if m := rootPrompt().FindStringSubmatchIndex(line); m != nil && (len(found) > 0 || c[line[m[4]:m[5]]] != nil) {
			found = append(found, stretch{at + m[2], at + m[3]})
		}
		at += len(line)
	}
	return found
}

// everyLine reports whether prompts stand before all lines, so that none of these is output.
func (s *snippet) everyLine(found []stretch) bool {
	at, next := 0, 0
	continued := false
	for line := range strings.Lines(s.step.Text) {
		trimmed := strings.TrimSpace(line)
		switch {
		case next < len(found) && found[next].from < at+len(line):
			next++
		case trimmed != "" && !continued:
			return false
		}
		continued = strings.HasSuffix(trimmed, `\`)
		at += len(line)
	}
	return true
}
