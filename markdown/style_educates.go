package markdown

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"workshop/markdown/lazy"
)

var educatesStyle = style{
	name: "educates",
	summary: "a workshop of Educates: fences execute, execute-2, terminal:execute, terminal:input, terminal:interrupt " +
		"and examiner:execute-test",
	found: func(d *document) bool {
		return slices.ContainsFunc(d.tokens, func(t token) bool {
			if t.kind != fenceToken || t.comment >= 0 {
				return false
			}
			lang, _ := language(&t)
			return isEducates(lang) || strings.HasPrefix(lang, "execute-")
		})
	},
	steps: educatesSteps,
	files: pages, session: SessionDeck,
	values: lazy.Regexp(`\{\{\s*(?:[a-z]+(?:_[a-z]+)+|ENV_\w+)\s*\}\}|%[a-z]+(?:_[a-z]+)+%`),
}

// pages are the documents below workshop/content, in the order of the list in workshop/workshop.yaml,
// else in that of their names.
func pages(l *loader, dir string) ([]item, bool) {
	config, content := path.Join(dir, "workshop/workshop.yaml"), path.Join(dir, "workshop/content")
	if !l.exists(content) {
		return nil, false
	}
	var items []item
	var list struct {
		Modules struct{ Activate []string }
	}
	if l.exists(config) {
		f, err := l.open(config, maxManifest)
		if err == nil {
			err = yaml.Unmarshal([]byte(f.text), &list)
		}
		if err != nil {
			l.badYAML(config, f, err, "modules: {activate: [page, …]}", "its list of pages cannot be read")
			return nil, true
		}
		for _, page := range list.Modules.Activate {
			items = l.listed(items, f.naming(page), content, page+".md")
		}
	}
	if len(items) == 0 {
		items = l.documentsBelow(content)
	}
	return items, len(items) > 0
}

// isEducates reports whether a fence is an action of Educates.
func isEducates(lang string) bool {
	if rest, ok := strings.CutPrefix(lang, "execute"); ok {
		_, err := strconv.Atoi(strings.TrimPrefix(rest, "-"))
		return rest == "" || rest == "-all" || err == nil && rest[0] == '-'
	}
	kind, name, ok := strings.Cut(lang, ":")
	letter := func(c byte) bool { return 'a' <= c && c <= 'z' || c == '-' }
	return ok && name != "" && prefix(name, letter) == len(name) && slices.Contains(educatesKinds(), kind)
}

// educatesKinds are the first words of actions such as `terminal:execute`.
func educatesKinds() []string {
	return []string{"terminal", "examiner", "editor", "dashboard", "workshop", "files", "section"}
}

// misspelt names a fence that is nearly an action.
func (p *sectionParser) misspelt(t *token, lang string) {
	kind, name, colon := strings.Cut(lang, ":")
	meant := ""
	if colon && name != "" {
		meant = Suggest(kind, educatesKinds())
	}
	if meant == "" && !strings.HasPrefix(lang, "execute") {
		return
	}
	if meant != "" {
		meant += ":" + name
	}
	hint := cmp.Or(didYouMean(meant), "execute, execute-2 and execute-all are actions")
	p.section()
	p.log.fail(CodeFenceWithoutWord, Span{p.src.pos(t.start), p.languageAt(t, lang).End}, hint,
		"%s is no action of Educates: nothing of it is typed", lang)
}

// action is the YAML of an action's fence.
type action struct {
	Command, Text, Name yaml.Node
	Session             string
	Endl                string
	Args                []string
	Retries, Delay      string
	Timeout             string
}

func educatesSteps(p *sectionParser, t *token) {
	lang, _ := language(t)
	if t.kind != fenceToken {
		return
	}
	if !isEducates(lang) {
		p.misspelt(t, lang)
		return
	}
	if rest, ok := strings.CutPrefix(lang, "execute"); ok {
		p.execute(t, lang, strings.TrimPrefix(rest, "-"))
		return
	}
	var a action
	body := p.src.text[t.body:t.tail]
	text, _ := outdent(body, t.indent)
	if err := yaml.Unmarshal([]byte(text), &a); err != nil {
		if reason := p.style.filledIn(text); reason != "" { // the value makes YAML of it
			p.leaveOut(t, lang, text, reason)
			return
		}
		p.log.fail(CodeFenceWithoutWord, Span{p.src.pos(t.start), p.languageAt(t, lang).End}, "", "the action is no YAML: %v", err)
		return
	}
	switch lang {
	case "terminal:execute":
		p.at(t, session(a.Session))
		p.value(t, lang, &a.Command)
	case "terminal:execute-all":
		p.everywhere(t, func() { p.value(t, lang, &a.Command) })
	case "terminal:interrupt":
		p.at(t, session(a.Session))
		p.interrupt(t)
	case "terminal:interrupt-all":
		p.everywhere(t, func() { p.interrupt(t) })
	case "terminal:input":
		p.at(t, session(a.Session))
		p.input(t, lang, &a)
	case "examiner:execute-test":
		p.examine(t, &a)
	case "terminal:clear", "terminal:clear-all", "terminal:select", "workshop:copy", "workshop:copy-and-edit",
		"section:begin", "section:end", "section:heading": // nothing runs
	default:
		p.leaveOut(t, lang, text, "only Educates can do it")
	}
}

// leaveOut makes a step of an action that does not run.
func (p *sectionParser) leaveOut(t *token, lang, text, reason string) {
	from, to := p.opening(t)
	p.snippet, p.compared = p.add(t, &Step{
		Directive: lang, Text: strings.TrimSuffix(text, "\n"), Rule: lang, Skip: reason,
	}, from, to, origin{p.src, []mark{{src: t.body, fixed: true}}}), false
}

// session is the terminal that an action names.
func session(name string) int {
	if n, err := strconv.Atoi(name); err == nil {
		return n
	}
	return 1
}

// execute makes a command of a fence execute, execute-N or execute-all, whose text is the command.
func (p *sectionParser) execute(t *token, lang, terminal string) {
	text, _ := p.body(t)
	run := func() { p.whole(t, lang) }
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "<ctrl+c>", "<ctrl-c>":
		run = func() { p.interrupt(t) }
	}
	if terminal == "all" {
		p.everywhere(t, run)
		return
	}
	p.at(t, session(terminal))
	run()
}

// everywhere does something in each terminal, and returns to the first.
func (p *sectionParser) everywhere(t *token, do func()) {
	for n := 1; n <= p.panes; n++ {
		p.at(t, n)
		do()
	}
	p.at(t, 1)
}

// value makes a command of a value of an action.
func (p *sectionParser) value(t *token, rule string, n *yaml.Node) {
	text := strings.TrimRight(n.Value, "\n")
	if strings.TrimSpace(text) == "" {
		p.log.fail(CodeFenceWithoutWord, p.src.span(t.start, t.data+len(rule)), "command: and what is to be typed",
			"this %s has no command", rule)
		return
	}
	from, to := p.opening(t)
	p.command(t, rule, text, from, to, p.places(t, text, n))
}

// places is the origin of a value of YAML: its lines where the fence has the same ones, else the
// fence as a whole.
func (p *sectionParser) places(t *token, text string, n *yaml.Node) origin {
	o := origin{src: p.src}
	rows := rowsOf(p.src.text[t.body:t.tail])
	row := n.Line - 1
	if n.Style&yaml.LiteralStyle != 0 {
		row++
	}
	at := 0
	for line := range strings.Lines(text) {
		m := mark{at, t.body, true}
		if row >= 0 && row < len(rows) {
			start := t.body + rows[row][0]
			if i := strings.Index(p.src.text[start:t.body+rows[row][1]], strings.TrimSuffix(line, "\n")); i >= 0 {
				m = mark{at, start + i, false}
			}
		}
		o.marks = append(o.marks, m)
		at += len(line)
		row++
	}
	return o
}

// input types a text, and Return behind it.
func (p *sectionParser) input(t *token, rule string, a *action) {
	from, to := p.opening(t)
	o := p.places(t, a.Text.Value, &a.Text)
	if len(o.marks) == 0 {
		return
	}
	p.add(t, &Step{Directive: "keys", Text: strings.TrimRight(a.Text.Value, "\n"), Rule: rule, Skip: p.reason(t)}, from, to, o)
	if a.Endl != "false" {
		p.add(t, &Step{Directive: "key", Text: "Enter", Rule: rule, Skip: p.reason(t), Hidden: true}, from, to, o)
	}
}

// again is the command that repeats another one until it succeeds, at most some times, with a pause
// in seconds; .INF is as often as the limit of the step allows.
func again(head, retries, delay string) (string, string) {
	pause, err := strconv.ParseFloat(delay, 64)
	if err != nil || pause < minPause {
		pause = minPause
	}
	wait := "sleep " + strconv.FormatFloat(min(pause, maxPause), 'f', -1, 64) + "; done"
	n, err := strconv.Atoi(retries)
	switch {
	case strings.EqualFold(retries, ".inf"):
		return "until " + head, "\ndo " + wait
	case err == nil && n > 0:
		return "(tries=" + strconv.Itoa(n) + "; until " + head, "\ndo [ $((tries--)) -gt 0 ] || exit 1; " + wait + ")"
	}
	return head, ""
}

// minPause and maxPause bound the pause before another try, in seconds.
const minPause, maxPause = 0.1, 60

// examine runs a test of the workshop, `workshop/examiner/tests/NAME`.
func (p *sectionParser) examine(t *token, a *action) {
	name := a.Name.Value
	head := "bash /dev/stdin"
	for _, arg := range a.Args {
		head += " " + quoted(arg)
	}
	if n, err := strconv.Atoi(a.Timeout); err == nil && n > 0 { // of each try, in seconds
		head = "timeout " + strconv.Itoa(n) + " " + head
	}
	head, tail := again(head, a.Retries, a.Delay)
	for dir := path.Dir(p.chapter.Path); p.fsys != nil && name != "" && p.chapter.Path != ""; dir = path.Dir(dir) {
		for _, tests := range []string{"examiner/tests", "workshop/examiner/tests"} {
			file, err := inside(path.Join(dir, tests), name)
			if err != nil || !p.exists(file) {
				continue
			}
			if f, err := p.open(file, maxFile); err == nil {
				p.script(t, script{file: f, rule: "examiner:execute-test", head: head, tail: tail})
				return
			}
		}
		if dir == "." {
			break
		}
	}
	from, to := p.opening(t)
	p.add(t, &Step{Directive: "bash", Text: name, Rule: "examiner:execute-test", Skip: "its test is not in workshop/examiner/tests"}, from, to,
		p.places(t, name+"\n", &a.Name))
}
