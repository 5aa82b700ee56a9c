package markdown

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"workshop/markdown/lazy"
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
			return isShellFence(lang) || isTerminal(lang)
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

// isOutput reports whether a fence of this language shows the output of the command before it.
func isOutput(lang string) bool { return lang == "output" || lang == "error" }

// isOtherShell reports whether a fence of this language is for a shell that the session is not.
func isOtherShell(lang string) bool {
	return slices.Contains([]string{
		"powershell", "pwsh", "ps1", "cmd", "bat", "batch", "dos", "zsh", "fish", "csh", "tcsh", "nu", "nushell", "elvish", "xonsh",
	}, lang)
}

func plainSteps(p *sectionParser, t *token) {
	switch t.kind {
	case quoteToken:
		p.quoted(t)
	case codeToken:
		p.indented(t)
	}
	if t.kind != fenceToken {
		return
	}
	switch lang, _ := language(t); {
	case isTerminal(lang), isShellFence(lang):
		switch {
		case p.prompts(t, lang):
		case isShellFence(lang):
			p.whole(t, lang+" fence")
			p.mayFail(t)
		case windowsPrompt().MatchString(p.src.text[t.body:t.tail]):
			p.foreign(t, "cmd")
		case p.reason(t) != "":
			p.skip = ""
		default:
			p.withoutPrompt(t, lang)
		}
	case isOtherShell(lang):
		p.foreign(t, lang)
	case lang == "" && len(executed(t)) > 0:
		p.whole(t, "{{exec}} fence")
	case lang == "" && promptOf(p.src.text[t.body:t.tail], "bash") == "$":
		if p.reason(t) != "" {
			p.skip = ""
			return
		}
		p.log.warn(CodeShellNotRun, p.src.pos(t.start).Point(), "write console behind its backticks; text, if it is for readers only",
			"a fence without a language is text: its commands never run")
	default:
		p.expectation(t)
	}
}

// withoutPrompt names a fence of a terminal without a prompt, if it may hold commands, or the output of one.
func (p *sectionParser) withoutPrompt(t *token, lang string) {
	const hint = "write `$ ` before each command; `output` compares the output of the command before; `text` is for readers only"
	text, o := p.body(t)
	if at, ok := unknownPrompt(text); ok {
		p.log.warn(CodeNoPrompt, p.src.span(o.offset(at[0]), o.offset(at[1]-1)+1), hint,
			"%s is no prompt of a shell that is known here: nothing of this %s fence is typed or compared", shorten(text[at[0]:at[1]]), lang)
		return
	}
	if shown := p.snippet != nil && !p.compared && strings.TrimSpace(text) != ""; shown || mayBeCommand().MatchString(text) {
		p.log.warn(CodeNoPrompt, p.languageAt(t, lang), hint,
			"this %s fence has no prompt: nothing of it is typed or compared", lang)
	}
}

// windowsPrompt matches the text of a terminal of Windows.
var windowsPrompt = lazy.Regexp(`^\s*(?:PS )?[A-Z]:\\[^>\n]*>`)

// mayBeCommand matches the first word of a text that may be a command: a program, or a variable's value. Other
// texts without a prompt are outputs to read.
var mayBeCommand = lazy.Regexp(`^\s*(?:[a-z./~$][\w./+-]*|[A-Za-z_]\w*=\S*)(?:\s|$)`)

// quoted names a fence of commands in a quotation, which is text to read.
func (p *sectionParser) quoted(t *token) {
	lang, _ := language(t)
	if !isShellFence(lang) && !isTerminal(lang) {
		return
	}
	if p.reason(t) != "" {
		p.skip = ""
		return
	}
	p.log.warn(CodeShellNotRun, p.src.pos(t.start).Point(), "move it out of the quotation, if it is to run",
		"a %s fence in a quotation is text and never runs", lang)
}

// indented names the first line of an indented block of code that has a prompt, which is text to read.
func (p *sectionParser) indented(t *token) {
	line := p.src.text[t.start:t.end]
	goes := t.start > 0 && t.start == p.code
	if p.code = t.end + 1; goes || !isBlank(line[0]) || promptEnd(line, "$") == 0 {
		return
	}
	p.log.warn(CodeShellNotRun, p.src.pos(t.start+prefix(line, isBlank)).Point(),
		"write it as a console fence; text, if it is for readers only", "indented code is text: its commands never run")
}

// foreign makes a step of the commands of another shell, which does not run.
func (p *sectionParser) foreign(t *token, lang string) {
	text, o := p.body(t)
	if strings.TrimSpace(text) == "" {
		return
	}
	from, to := p.opening(t)
	p.snippet, p.compared = p.add(t, &Step{
		Directive: lang, Text: strings.TrimSuffix(text, "\n"), Rule: lang + " fence", Skip: cmp.Or(p.reason(t), "bash is no "+lang),
	}, from, to, o), false
}

// mayFail makes a step of the word of knitr for a command that shows an error, `error=TRUE`.
func (p *sectionParser) mayFail(t *token) {
	_, words := language(t)
	fails := slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, "error=true") })
	if value, _ := p.chunk(t, "error"); (fails || value == "true") && p.snippet != nil {
		from, to := p.opening(t)
		p.add(t, &Step{Directive: "status", Text: "nonzero", Rule: "error=true", Skip: p.snippet.Skip, Hidden: true},
			from, to, origin{p.src, []mark{{src: from, fixed: true}}})
	}
}

// expectation compares the output of the command before with an output or error fence.
func (p *sectionParser) expectation(t *token) {
	if lang, _ := language(t); t.kind == fenceToken && isOutput(lang) {
		p.expect(t, lang+" fence", lang == "error")
	}
}

// prompts makes steps of the commands at the prompts of a fence, and of their output. It reports
// whether there is a prompt.
func (p *sectionParser) prompts(t *token, lang string) bool {
	text, o := p.body(t)
	all, rest := prompted(text, lang, p.shell)
	settings := options(t, text)
	for _, u := range rest {
		if strings.Count(text[:u.at[0]], "\n") < settings {
			continue
		}
		hint := "a command has a prompt before it; a remark begins with #"
		if u.why == takenForNote {
			hint = "a remark can stand at the prompt, `$ # …`, or outside of the fence; an output can stand in an output fence"
		}
		if at := strings.TrimRight(text[u.at[0]:u.at[1]], " \t\n"); p.reason(t) == "" {
			p.log.warn(CodeNotCompared, p.src.span(o.offset(u.at[0]), o.offset(u.at[0]+len(at)-1)+1), hint, "%s", u.why)
		}
	}
	rule, shows := "prompt in a "+lang+" fence", "output in a "+lang+" fence"
	for i := range all {
		c := &all[i]
		typed, at := o.pieces(text, c.typed)
		first := c.typed[0][0]
		below := ""
		if c.remark {
			below = ", a remark below"
		}
		s := p.command(t, rule+below, typed, o.offset(c.prompt), o.offset(first-1)+1, at)
		s.cut = true
		key, before, interrupted := c.interrupted(text)
		if interrupted {
			p.untilKey(t, s, text, o, before, key)
		}
		if i+1 < len(all) {
			p.showsStatus(t, s, text, o, &all[i+1])
		}
		if c.output == (lines{}) {
			if !interrupted {
				p.silent = append(p.silent, room{s, c.end})
			}
			continue
		}
		output, at := o.pieces(text, c.shown)
		from := at.marks[0].src
		p.add(t, &Step{
			Directive: "output", Text: strings.TrimSuffix(output, "\n"), Rule: shows, Skip: s.Skip,
			lines: &lines{c.output.from, c.output.to},
		}, from, from, at)
		p.compared = true
	}
	return len(all) > 0
}

// untilKey makes the steps of a command that the reader of a fence interrupts by a line `^C` in its
// output. The key is pressed when the last of the lines before it has appeared.
func (p *sectionParser) untilKey(t *token, command *Step, text string, o origin, before [][2]int, key [2]int) {
	for i := len(before) - 1; i >= 0; i-- {
		line := before[i : i+1]
		shown, at := o.pieces(text, line)
		if shown = strings.TrimSpace(shown); shown == "" || shown == "..." || strings.Contains(shown, "[..]") {
			continue
		}
		p.add(t, &Step{Directive: "wait", Text: shown, Rule: RuleShown, Skip: command.Skip, Hidden: true},
			at.marks[0].src, at.marks[0].src, at).cut = true
		break
	}
	_, at := o.pieces(text, [][2]int{key})
	pressed := &Step{Directive: "key", Text: "^C", Rule: "^C behind an output", Skip: command.Skip}
	p.add(t, pressed, at.marks[0].src, at.marks[0].src, at).cut = true
}

// showsStatus makes a step of the status that the next command of a fence shows, `echo $?`: the
// command before it must end with it.
func (p *sectionParser) showsStatus(t *token, command *Step, text string, o origin, next *atPrompt) {
	asks, at := o.pieces(text, next.typed)
	if strings.TrimSpace(asks) != "echo $?" || len(next.shown) != 1 {
		return
	}
	shown, _ := o.pieces(text, next.shown)
	if status, err := strconv.Atoi(strings.TrimSpace(shown)); err != nil || status < 1 || status > maxStatus {
		return
	}
	p.add(t, &Step{Directive: "status", Text: strings.TrimSpace(shown), Rule: "echo $? behind a command", Skip: command.Skip, Hidden: true},
		at.marks[0].src, at.marks[0].src, at).cut = true
}

// maxStatus is the greatest status of a command.
const maxStatus = 255
