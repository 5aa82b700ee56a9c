package markdown

import (
	"slices"
	"strings"
)

var plainStyle = style{
	name: "plain",
	summary: "any Markdown: commands at prompts in a console fence, with their output; a bash, sh or shell fence; " +
		"an output or error fence behind a command",
	found: func(d *document) bool {
		return slices.ContainsFunc(d.tokens, func(t token) bool {
			if t.kind != fenceToken || t.comment >= 0 {
				return false
			}
			lang, _ := language(&t)
			return isShellFence(lang) || isTerminal(lang) && promptOf(d.src.text[t.body:t.tail], lang) > 0
		})
	},
	steps: plainSteps,
}

// isTerminal reports whether a fence of this language shows a terminal: commands with their output.
func isTerminal(lang string) bool {
	return slices.Contains([]string{"console", "shell-session", "shellsession", "bash-session", "sh-session", "terminal"}, lang)
}

// isShellFence reports whether a fence of this language is a script of commands.
func isShellFence(lang string) bool { return slices.Contains([]string{"bash", "sh", "shell"}, lang) }

func plainSteps(p *sectionParser, t *token) {
	if t.kind != fenceToken {
		return
	}
	switch lang, _ := language(t); {
	case isTerminal(lang), isShellFence(lang):
		if !p.prompts(t, lang) && isShellFence(lang) {
			p.whole(t, lang+" fence")
		}
	case lang == "" && len(executed(t)) > 0:
		p.whole(t, "{{exec}} fence")
	default:
		p.expectation(t)
	}
}

// expectation compares the output of the command before with an output or error fence.
func (p *sectionParser) expectation(t *token) {
	if lang, _ := language(t); t.kind == fenceToken && (lang == "output" || lang == "error") {
		p.expect(t, lang+" fence", lang == "error")
	}
}

// prompts makes steps of the commands at the prompts of a fence, and of their output. It reports
// whether there is a prompt.
func (p *sectionParser) prompts(t *token, lang string) bool {
	text, o := p.body(t)
	all := prompted(text, lang, p.shell)
	rule, shows := "prompt in a "+lang+" fence", "output in a "+lang+" fence"
	for i := range all {
		c := &all[i]
		typed, at := o.pieces(text, c.typed)
		first := c.typed[0][0]
		s := p.command(t, rule, typed, o.offset(c.prompt), o.offset(first-1)+1, at)
		s.cut = true
		if c.output == (lines{}) {
			p.silent = append(p.silent, room{s, c.end})
			continue
		}
		shown := c.shown
		output, at := o.pieces(text, shown)
		from := at.marks[0].src
		p.add(t, &Step{
			Directive: "output", Text: strings.TrimSuffix(output, "\n"), Rule: shows, Skip: s.Skip,
			lines: &lines{c.output.from, c.output.to},
		}, from, from, at)
		p.compared = true
	}
	return len(all) > 0
}
