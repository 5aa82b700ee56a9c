package markdown

import (
	"io"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"workshop/markdown/lazy"
)

// atPrompt is a command at a prompt in a text of a terminal. Offsets are into that text.
type atPrompt struct {
	prompt int      // where its prompt begins
	typed  [][2]int // the stretches that are typed, a line each
	shown  [][2]int // the lines of its output
	output lines    // the same as numbers of lines; zero if there is no output
	end    int      // the number of the line behind the command
	remark bool     // a remark stands between it and the next prompt
}

// unread is a line of a fence with prompts that nothing is compared with, in an expected output or where
// one could be.
type unread struct {
	at  [2]int
	why string
}

// The reasons.
const (
	behindNone   = "no command is above this line: nothing is compared with it"
	takenForNote = "this line is taken for a remark: the output of the command above is not compared with it"
)

// prompted are the commands at the prompts of a fence's text, and the lines that are part of none. The prompt
// of the fence is one that its first line begins with and that means nothing else, such as `❯ `, else `$ `, else
// `% `, else a `> ` before the first command, else that of root, `# `, save where a comment could be meant; a user
// and a directory may stand before it. A fence of a shell is a script unless its first command has a prompt. A
// shell parser finds the lines that belong to a command.
func prompted(text, lang string, shell *syntax.Parser) (all []atPrompt, rest []unread) {
	mark := promptOf(text, lang)
	if mark == "" {
		return nil, nil
	}
	rows := rowsOf(text)
	leave := func(from, to int) {
		for _, r := range rows[from:to] {
			if line := strings.TrimSpace(text[r[0]:r[1]]); line != "" && line[0] != '#' {
				rest = append(rest, unread{r, behindNone})
				break
			}
		}
	}
	at := func(i int) int { return anyPrompt(text[rows[i][0]:rows[i][1]], mark) }
	for i := 0; i < len(rows); {
		n := at(i)
		next := i + 1
		for next < len(rows) && at(next) == 0 {
			next++
		}
		typed := text[rows[i][0]+n : rows[i][1]]
		remark := mark == "#" && n == len("# ") && isRemark(typed) || strings.HasPrefix(strings.TrimSpace(typed), "#")
		switch {
		case n == 0:
			leave(i, next)
		case strings.TrimSpace(typed) == "" || remark:
			leave(i+1, next)
		default:
			c := atPrompt{prompt: rows[i][0]}
			if end := hereEnd(text, typed, rows[i:]); i+end > next { // a line of a here-document can look like a prompt
				if lines, ok := whole(text, rows[i:i+end], n, shell); ok {
					next = max(next, i+len(lines))
					for next < len(rows) && at(next) == 0 {
						next++
					}
				}
			}
			c.typed = command(text, rows[i:next], n, shell)
			c.end = i + len(c.typed)
			rest = append(rest, c.result(text, rows, next)...)
			c.typed[len(c.typed)-1][1] = len(strings.TrimRight(text[:c.typed[len(c.typed)-1][1]], "\n"))
			all = append(all, c)
		}
		i = next
	}
	return all, rest
}

// isRemark reports whether a text behind a bare `# `, which may be the prompt of root or the sign of a comment,
// reads as a sentence: it begins with a capital letter or with a word that no program is called, or
// consists of words and ends as a sentence does. In doubt it is a command, which fails aloud.
func isRemark(text string) bool {
	words := strings.Fields(text)
	letters := func(w string) bool {
		return prefix(w, func(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '\'' }) == len(w)
	}
	if len(words) < 2 || strings.Contains(text, " -") {
		return false
	}
	first := strings.TrimRight(words[0], ",:;")
	if first != "" && letters(first) && strings.ToLower(first[1:]) == first[1:] {
		capital := first[0] <= 'Z' && !slices.Contains([]string{"Rscript", "Xorg", "Xvfb"}, first)
		if capital || slices.Contains(remarkWords, strings.ToLower(first)) {
			return true
		}
	}
	last := words[len(words)-1]
	return len(words) > 3 && strings.ContainsAny(last[len(last)-1:], ".:!?") &&
		!slices.ContainsFunc(words, func(w string) bool { return !letters(strings.TrimRight(w, ".,:;!?")) })
}

// remarkWords begin sentences, and are the names of no programs.
var remarkWords = []string{
	"a", "add", "after", "all", "also", "an", "and", "are", "assuming", "be", "because", "before", "both", "but", "by",
	"change", "choose", "create", "delete", "download", "each", "either", "ensure", "every", "finally", "first", "from",
	"generate", "here", "how", "in", "it", "its", "list", "next", "note", "notice", "now", "on", "once", "only", "optional",
	"optionally", "or", "remove", "retrieve", "run", "same", "should", "that", "the", "then", "there", "these", "they", "this",
	"to", "use", "verify", "via", "we", "when", "with", "without", "you",
}

// result notes the output between the command and the line next, and returns the lines that may be output as
// well as a remark on the next command.
func (c *atPrompt) result(text string, rows [][2]int, next int) (rest []unread) {
	blank := func(i int) bool { return strings.TrimSpace(text[rows[i][0]:rows[i][1]]) == "" }
	to := next
	for to > c.end && blank(to-1) {
		to--
	}
	from := to // of a paragraph of comments
	for from > c.end && strings.HasPrefix(text[rows[from-1][0]:], "# ") {
		from--
	}
	sentences := !slices.ContainsFunc(rows[from:to], func(r [2]int) bool { return !isRemark(text[r[0]+len("# ") : r[1]]) })
	if remark := from; from < to && next < len(rows) && (from > c.end && blank(from-1) || from == c.end && sentences) {
		c.remark = true
		for to = from; to > c.end && blank(to-1); {
			to--
		}
		if to > c.end || from == c.end { // not the first line below a command that shows nothing
			rest = append(rest, unread{rows[remark], takenForNote})
		}
	}
	if to > c.end {
		c.output, c.shown = lines{c.end, to}, rows[c.end:to]
	}
	return rest
}

// interrupted takes the first line that begins with `^C` from the output, and returns its place and the lines
// before it. What stands behind it is printed by the command when it ends.
func (c *atPrompt) interrupted(text string) (key [2]int, before [][2]int, ok bool) {
	i := slices.IndexFunc(c.shown, func(r [2]int) bool { return strings.HasPrefix(text[r[0]:r[1]], "^C") })
	if i < 0 {
		return key, nil, false
	}
	key, before = c.shown[i], c.shown[:i:i]
	shown, last := before, i == len(c.shown)-1
	if end := key[0] + len("^C"); strings.TrimSpace(text[end:key[1]]) != "" {
		shown, last = append(shown, [2]int{end, key[1]}), false
		key[1] = end
	}
	c.shown = append(shown, c.shown[i+1:]...)
	if last {
		c.output.to--
	}
	if len(c.shown) == 0 {
		c.shown, c.output = nil, lines{}
	}
	return key, before, true
}

// rowsOf are the places of the lines of a text, with their ends.
func rowsOf(text string) (rows [][2]int) {
	at := 0
	for line := range strings.Lines(text) {
		rows = append(rows, [2]int{at, at + len(line)})
		at += len(line)
	}
	return rows
}

// promptOf is the sign that ends the prompts of a text; "" if there are none. A `> ` is one only before the
// first command, where it can go on with nothing: a document would not begin by emptying a file. So are the signs
// of other shells' prompts, which occur in outputs.
func promptOf(text, lang string) string {
	const marks = "$%#"
	var found [len(marks)]bool
	first, greater := true, false
	for line := range strings.Lines(text) {
		for i := range len(marks) {
			found[i] = found[i] || promptEnd(line, marks[i:i+1]) > 0
		}
		if command := strings.TrimSpace(line); command != "" && command[0] != '#' && first {
			first = false
			for _, mark := range []string{"❯", "➜", "$>"} {
				if promptEnd(line, mark) > 0 {
					return mark
				}
			}
			n := promptEnd(line, ">")
			greater = n > 0 && strings.TrimSpace(line[n:]) != ""
		}
		if isShellFence(lang) && strings.TrimSpace(line) != "" && line[0] != '#' {
			break
		}
	}
	switch {
	case found[0]:
		return "$"
	case found[1]:
		return "%"
	case greater:
		return ">"
	case found[2] && isTerminal(lang):
		return "#"
	}
	return ""
}

// anyPrompt is the length of the prompt of the fence that a line begins with, or of that of another user
// or shell, which names the user and the host, or the shell; 0 if there is none.
func anyPrompt(line, mark string) int {
	n := promptEnd(line, mark)
	for _, other := range []string{"$", "#", "%"} {
		if n == 0 && other != mark && (strings.Contains(line[:min(len(line), maxPrompt)], "@") || versioned().MatchString(line)) {
			n = promptEnd(line, other)
		}
	}
	return n
}

// versioned matches the prompt of a shell without settings, `bash-5.1`, up to its sign.
var versioned = lazy.Regexp(`^\s*(?:bash|sh|zsh|dash|ash|ksh)-\d[\w.]*`)

// arrow matches the prompt of Oh My Zsh: `➜  dir git:(branch) ✗ `. An arrow with one blank may be anything,
// save before the home directory.
var arrow = lazy.Regexp(`^➜ (?: \S+|~\S*)(?: git:\([^)\n]*\))?(?: [✗✔])?(?:[ \t]+|\n|$)`)

// promptLike matches a line that seems to have a prompt. Its group is the prompt.
var promptLike = lazy.Regexp(
	`^\s*((?:[^\s<>]{0,60}[^\s<>=-])?[$>❯➜λ»›▶]|[^\s<>]{0,60}[^\s\d<>]%|[\w.-]{1,60}[=@~:][^\s<>]{0,60}#)[ \t]+\S`)

// unknownPrompt is the place of what seems to be the prompt of a text that has none of those above.
func unknownPrompt(text string) (at [2]int, ok bool) {
	for _, r := range rowsOf(text) {
		if m := promptLike().FindStringSubmatchIndex(text[r[0]:min(r[1], r[0]+2*maxPrompt)]); m != nil {
			return [2]int{r[0] + m[2], r[0] + m[3]}, true
		}
	}
	return at, false
}

// maxPrompt is the greatest length of a prompt.
const maxPrompt = 80

// promptEnd is the length of the prompt that a line begins with, 0 if there is none: the mark and
// a blank, behind a user with a directory, such as `me@host:~/x`, or an environment in parentheses.
func promptEnd(line, mark string) int {
	if mark == "➜" {
		return len(arrow().FindString(line))
	}
	end := strings.Index(line[:min(len(line), maxPrompt)], mark)
	if end < 0 {
		return 0
	}
	before := strings.TrimLeft(line[:end], " \t")
	if name, rest, ok := strings.Cut(before, ")"); ok && strings.HasPrefix(name, "(") && !strings.Contains(name, " ") {
		before = strings.TrimLeft(rest, " \t")
	}
	end += len(mark)
	switch rest := line[end:]; {
	case before != "" && !isUser(before, mark):
		return 0
	case rest == "" || rest == "\n":
		return end
	case isBlank(rest[0]):
		return end + 1
	}
	return 0
}

// isUser reports whether a text is a user and a host, with a directory or without: `me@host:~`,
// `[me@host dir]`, `[me@host dir (branch)]`, `me@host dir` of zsh; a directory as BusyBox shows it, `/ `; or
// a shell, `bash-5.1`.
func isUser(text, mark string) bool {
	if versioned().FindString(text) == text {
		return true
	}
	dir, ok := strings.CutSuffix(text, " ")
	if ok && (strings.HasPrefix(dir, "/") || strings.HasPrefix(dir, "~")) && !strings.Contains(dir, " ") {
		return true
	}
	text = strings.TrimRight(text, " ")
	inner, bracket := strings.CutPrefix(text, "[")
	if bracket {
		if inner, bracket = strings.CutSuffix(inner, "]"); !bracket {
			return false
		}
		if dir, branch, ok := strings.Cut(inner, " ("); ok && strings.HasSuffix(branch, ")") && !strings.Contains(branch, " ") {
			inner = dir
		}
	}
	user, host, ok := strings.Cut(inner, "@")
	if !ok || user == "" || host == "" || strings.ContainsAny(user, " \t:/") {
		return false
	}
	blanks := strings.Count(host, " ")
	_, dir, _ = strings.Cut(host, " ")
	return blanks == 0 || blanks == 1 && (bracket || mark == "%" || strings.Contains(host, ":") || strings.ContainsAny(dir[:1], "~/"))
}

// command are the stretches of the lines that the command of the first line consists of; n is the
// length of its prompt. Other lines are part of it as long as the shell would ask for more.
func command(text string, rows [][2]int, n int, shell *syntax.Parser) [][2]int {
	typed, ok := whole(text, rows, n, shell)
	if ok {
		return typed
	}
	// No end is in sight: the line, and those that backslashes or prompts append.
	count := 1
	for count < len(typed) && (strings.HasSuffix(strings.TrimRight(text[:typed[count-1][1]], "\n"), `\`) || typed[count][0] > rows[count][0]) {
		count++
	}
	return typed[:count]
}

// hereMark matches the beginning of a here-document. Its group is the end mark.
var hereMark = lazy.Regexp(`<<-?[ \t]*['"\\]?([\w.+-]+)`)

// maxHere bounds the lines of a here-document that are searched for its end.
const maxHere = 200

// hereEnd is the number of lines of a command to the end mark of its here-document; 0 if there is none.
func hereEnd(text, typed string, rows [][2]int) int {
	if !strings.Contains(typed, "<<") {
		return 0
	}
	mark := hereMark().FindStringSubmatch(typed)
	if mark == nil {
		return 0
	}
	for i, r := range rows[1:min(len(rows), maxHere)] {
		if strings.TrimSpace(text[r[0]+continued(text[r[0]:r[1]]):r[1]]) == mark[1] {
			return i + 2
		}
	}
	return 0
}

// whole are the stretches of a command whose end the shell sees, as command has them. If it sees none, they are
// those of all lines, and ok is false.
func whole(text string, rows [][2]int, n int, shell *syntax.Parser) (typed [][2]int, ok bool) {
	typed = [][2]int{{rows[0][0] + n, rows[0][1]}}
	for _, r := range rows[1:] {
		typed = append(typed, [2]int{r[0] + continued(text[r[0]:r[1]]), r[1]})
	}
	if len(typed) == 1 || isSimple(text[typed[0][0]:typed[0][1]]) {
		return typed[:1], true
	}
	in := &lineReader{text: text, lines: typed}
	for _, err := range shell.InteractiveSeq(in) {
		if err != nil {
			break
		}
		if !shell.Incomplete() {
			return typed[:in.read], true
		}
	}
	return typed, false
}

// continued is the length of the prompt of a line that goes on with a command, 0 if it has none.
func continued(line string) int {
	switch {
	case strings.HasPrefix(line, "> "):
		return 2
	case line == ">\n" || line == ">":
		return 1
	}
	return 0
}

// isSimple reports whether a line is surely a whole command.
func isSimple(line string) bool {
	word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch word {
	case "for", "while", "until", "if", "case", "select", "function", "[[", "time", "!", "coproc":
		return false
	}
	return !strings.ContainsAny(line, "'\"\\`(){}<|&")
}

// lineReader reads a text line by line.
type lineReader struct {
	text  string
	lines [][2]int
	read  int // the number of lines that have been read, the last one perhaps in part
	rest  string
}

func (r *lineReader) Read(b []byte) (int, error) {
	if r.rest == "" {
		if r.read == len(r.lines) {
			return 0, io.EOF
		}
		at := r.lines[r.read]
		r.rest = strings.TrimSuffix(r.text[at[0]:at[1]], "\n") + "\n"
		r.read++
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
