package compose

import (
	"fmt"
	"strings"
)

const (
	// yamlWidth is the column behind which PyYAML continues a text on the next line.
	yamlWidth = 80
	// unfolded is the indent of a text that stays on one line, a key's.
	unfolded = -1
	// yamlBreaks are the characters that end a line.
	yamlBreaks = "\n\u0085\u2028\u2029"
)

// folder writes a text as PyYAML's emitter does, on several lines if it is long.
type folder struct {
	text   []rune
	column int // of the next character
	indent int // of further lines, or unfolded
	out    strings.Builder
}

func (f *folder) write(text []rune) {
	f.out.WriteString(string(text))
	f.column += len(text)
}

// next begins another line.
func (f *folder) next() {
	f.out.WriteString("\n" + strings.Repeat(" ", f.indent))
	f.column = f.indent
}

// full reports whether the text continues on the next line after n more characters.
func (f *folder) full(n int) bool { return f.indent != unfolded && f.column+n > yamlWidth }

// runOf returns the end of the characters from start on that are of a kind.
func (f *folder) runOf(start int, kind func(rune) bool) int {
	for start < len(f.text) && kind(f.text[start]) {
		start++
	}
	return start
}

func isYAMLBlank(r rune) bool { return r == ' ' }
func isYAMLBreak(r rune) bool { return strings.ContainsRune(yamlBreaks, r) }
func isYAMLWord(r rune) bool  { return !isYAMLBlank(r) && !isYAMLBreak(r) }

// plain returns the text without quotes. A single blank can become a line break.
func (f *folder) plain() string {
	for at := 0; at < len(f.text); {
		end := f.runOf(at, isYAMLWord)
		f.write(f.text[at:end])
		at = f.runOf(end, isYAMLBlank)
		if at == end+1 && f.full(0) {
			f.next()
		} else {
			f.write(f.text[end:at])
		}
	}
	return f.out.String()
}

// singleQuoted returns the text in single quotes. Each line break is written as an empty line.
func (f *folder) singleQuoted() string {
	f.write([]rune("'"))
	for at := 0; at < len(f.text); {
		end := f.runOf(at, isYAMLWord)
		f.write([]rune(strings.ReplaceAll(string(f.text[at:end]), "'", "''")))
		at = f.runOf(end, isYAMLBlank)
		if at == end+1 && end > 0 && at < len(f.text) && f.full(0) {
			f.next()
		} else {
			f.write(f.text[end:at])
		}
		end, at = at, f.runOf(at, isYAMLBreak)
		if at == end {
			continue
		}
		if f.text[end] == '\n' {
			f.out.WriteByte('\n')
		}
		f.out.WriteString(string(f.text[end:at]))
		f.out.WriteString(strings.Repeat(" ", max(f.indent, 0)))
		f.column = max(f.indent, 0)
	}
	f.write([]rune("'"))
	return f.out.String()
}

// yamlEscapes are the characters with an escape of their own.
var yamlEscapes = map[rune]string{
	0: "0", 7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 27: "e", '"': `"`, '\\': `\`,
	0x85: "N", 0xa0: "_", 0x2028: "L", 0x2029: "P",
}

// yamlEscape returns the escape of a character, "" if it is written as it is.
func yamlEscape(r rune) string {
	switch special := strings.ContainsRune("\"\\\u0085\u2028\u2029\ufeff", r); {
	case !special && (r >= ' ' && r <= '~' || r >= 0xa0 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd):
		return ""
	case yamlEscapes[r] != "":
		return `\` + yamlEscapes[r]
	case r <= 0xff:
		return fmt.Sprintf(`\x%02X`, r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04X`, r)
	}
	return fmt.Sprintf(`\U%08X`, r)
}

// doubleQuoted returns the text in double quotes. A line that goes on ends in a backslash.
func (f *folder) doubleQuoted() string {
	f.write([]rune(`"`))
	start := 0
	for end, r := range f.text {
		if escape := yamlEscape(r); escape != "" {
			f.write(f.text[start:end])
			f.write([]rune(escape))
			start = end + 1
		}
		if end == 0 || end >= len(f.text)-1 || r != ' ' && start < end || !f.full(end-start) {
			continue
		}
		if start < end {
			f.write(f.text[start:end])
			start = end
		}
		f.write([]rune(`\`))
		f.next()
		if f.text[start] == ' ' {
			f.write([]rune(`\`))
		}
	}
	f.write(f.text[start:])
	f.write([]rune(`"`))
	return f.out.String()
}
