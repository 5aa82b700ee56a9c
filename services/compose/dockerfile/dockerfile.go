// Package dockerfile parses Dockerfiles, and knows which of them the embedded engine can build:
// it copies files and writes an image's configuration, in one stage, and runs no program.
// https://docs.docker.com/reference/dockerfile/
package dockerfile

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Instruction is a line of a Dockerfile, continuations joined.
type Instruction struct {
	Line  int    // its first line, from 1
	Col   int    // its first character, from 1
	Name  string // in capitals
	Value string // the arguments
}

// String returns the instruction on one line.
func (i Instruction) String() string { return i.Name + " " + i.Value }

// Errorf returns an *Error of this instruction.
func (i Instruction) Errorf(format string, args ...any) error {
	return &Error{Line: i.Line, Col: i.Col, Message: i.Name + ": " + fmt.Sprintf(format, args...)}
}

// Error is a mistake in a Dockerfile, or something that the embedded engine does not support.
type Error struct {
	Line    int    // from 1; 0 if the whole file is meant
	Col     int    // from 1; 0 if it is not known
	Message string // without the position
	unknown bool   // the instruction does not exist
}

// Error returns the message with its line, in the words of Docker's builder.
func (e *Error) Error() string {
	switch {
	case e.Line == 0:
		return e.Message
	case e.unknown:
		return fmt.Sprintf("dockerfile parse error line %d: %s", e.Line, e.Message)
	}
	return fmt.Sprintf("dockerfile line %d: %s", e.Line, e.Message)
}

const (
	ready  = "COPY files that are ready, build FROM workshop, name a process with x-workshop in the Compose file, or use a real engine"
	stages = "the embedded engine builds in one stage: " + ready
)

// The reasons why an instruction is refused, and the alternatives.
var unsupported = map[string]string{
	"RUN":     "the embedded engine runs no build steps: " + ready,
	"ADD":     "the embedded engine fetches and unpacks nothing: use COPY",
	"USER":    "the embedded engine's containers run as the user who runs it: leave it out",
	"VOLUME":  "the embedded engine has no mounts: write to a directory of the machine",
	"SHELL":   "the embedded engine uses /bin/sh -c: write the command as [\"program\", \"argument\"]",
	"ONBUILD": "the embedded engine has no triggers: write the instruction itself",
}

var known = []string{
	"FROM", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "STOPSIGNAL", "WORKDIR",
}

// Refused returns everything that the embedded engine does not build, in the order of the lines.
// missing returns the reason why an image cannot be built on, nil if it can.
func Refused(list []Instruction, missing func(image string) error) (refused []*Error) {
	var names []string // of stages
	add := func(i Instruction, message string) {
		refused = append(refused, &Error{Line: i.Line, Col: i.Col, Message: message})
	}
	for _, i := range list {
		switch reason := unsupported[i.Name]; {
		case reason != "":
			add(i, i.String()+": "+reason)
		case i.Name == "FROM":
			words := strings.Fields(i.Value)
			if len(words) > 0 && strings.HasPrefix(words[0], "--") {
				words = words[1:]
			}
			if len(words) == 0 {
				break // the builder's error is better
			}
			if len(names) > 0 {
				add(i, "FROM: "+stages)
			}
			image := words[0]
			if image != "scratch" && !strings.Contains(image, "$") && !slices.Contains(names, image) {
				if err := missing(image); err != nil {
					add(i, fmt.Sprintf("FROM %s: %v", image, err))
				}
			}
			names = append(names, words[len(words)-1])
		case i.Name == "COPY" && strings.Contains(" "+i.Value, " --from="):
			add(i, "COPY --from: "+stages)
		case i.Name == "COPY" && strings.HasPrefix(i.Value, "--"):
			add(i, fmt.Sprintf("COPY: %s is not supported by the embedded engine: files keep their mode and belong to the user who runs it",
				strings.Fields(i.Value)[0]))
		}
	}
	return refused
}

// Parse splits a Dockerfile into instructions. All are known to Docker, and the first is FROM or
// ARG. The lines of a here-document belong to its instruction. A mistake is an *Error; the instructions
// before it are returned with it.
func Parse(src string) ([]Instruction, error) {
	var list []Instruction
	src = strings.ReplaceAll(strings.TrimPrefix(src, "\ufeff"), "\r\n", "\n")
	escape := `\`
	directives := true // comments at the very top may be parser directives
	lines := strings.Split(src, "\n")
	for n := 0; n < len(lines); n++ {
		line := strings.TrimSpace(lines[n])
		if comment, ok := strings.CutPrefix(line, "#"); ok {
			if key, value, ok := strings.Cut(comment, "="); ok && directives && strings.EqualFold(strings.TrimSpace(key), "escape") {
				escape = strings.TrimSpace(value)
				if escape != "\\" && escape != "`" {
					return nil, &Error{Line: n + 1, Message: fmt.Sprintf("invalid escape %q", escape)}
				}
			}
			continue
		}
		directives = false
		if line == "" {
			continue
		}
		first, column := n+1, 1+utf8.RuneCountInString(lines[n])-utf8.RuneCountInString(strings.TrimLeftFunc(lines[n], unicode.IsSpace))
		for strings.HasSuffix(line, escape) {
			line = strings.TrimSpace(strings.TrimSuffix(line, escape))
			for n++; n < len(lines); n++ { // comments and empty lines do not end a continuation
				if next := strings.TrimSpace(lines[n]); next != "" && next[0] != '#' {
					line = strings.TrimSpace(line + " " + next)
					break
				}
			}
			if n >= len(lines) {
				break
			}
		}
		name, value, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
		i := Instruction{first, column, strings.ToUpper(name), strings.TrimSpace(value)}
		switch {
		case !slices.Contains(known, i.Name) && unsupported[i.Name] == "":
			return list, &Error{Line: i.Line, Col: i.Col, Message: "unknown instruction: " + name, unknown: true}
		case i.Value == "" && i.Name != "CMD" && i.Name != "ENTRYPOINT":
			return list, i.Errorf("it needs an argument")
		case i.Name != "FROM" && i.Name != "ARG" && !slices.ContainsFunc(list, func(j Instruction) bool { return j.Name == "FROM" }):
			return list, i.Errorf("no build stage in current context: the first instruction must be FROM")
		}
		n = pastHereDocuments(lines, n, i)
		list = append(list, i)
	}
	if !slices.ContainsFunc(list, func(i Instruction) bool { return i.Name == "FROM" }) {
		return nil, &Error{Message: "the Dockerfile has no FROM: use FROM workshop or FROM scratch"}
	}
	return list, nil
}

var hereDocument = expression(`<<-?["']?(\w+)["']?`)

// pastHereDocuments returns the last line of the here-documents of an instruction that ends at line
// n, or n.
func pastHereDocuments(lines []string, n int, i Instruction) int {
	if i.Name != "RUN" && i.Name != "COPY" && i.Name != "ADD" {
		return n
	}
	for _, m := range hereDocument().FindAllStringSubmatch(i.Value, -1) {
		for end := n + 1; end < len(lines); end++ {
			if strings.TrimSpace(lines[end]) == m[1] {
				n = end
				break
			}
		}
	}
	return n
}

// Command parses a command, either an array or a line for the shell.
func (i Instruction) Command() ([]string, error) {
	if strings.HasPrefix(i.Value, "[") {
		var argv []string
		if err := json.Unmarshal([]byte(i.Value), &argv); err == nil {
			return argv, nil
		}
		// Docker would run it in the shell, which is never the intention.
		return nil, i.Errorf("%s is no array of strings in double quotes", i.Value)
	}
	if i.Value == "" {
		return nil, nil
	}
	return []string{"/bin/sh", "-c", i.Value}, nil
}

// List returns the words of the value. Quotes and escapes are resolved, variables are replaced.
func (i Instruction) List(lookUp func(string) (string, bool)) ([]string, error) {
	if strings.HasPrefix(i.Value, "[") {
		var list []string
		if err := json.Unmarshal([]byte(i.Value), &list); err != nil {
			return nil, i.Errorf("%s is no array of strings in double quotes", i.Value)
		}
		for n, w := range list {
			var err error
			if list[n], err = expand(w, lookUp); err != nil {
				return nil, i.Errorf("%v", err)
			}
		}
		return list, nil
	}
	list, err := splitWords(i.Value, lookUp)
	if err != nil {
		return nil, i.Errorf("%v", err)
	}
	return list, nil
}

// splitWords splits at blanks outside quotes. Variables in single quotes are not replaced.
func splitWords(s string, lookUp func(string) (string, bool)) ([]string, error) {
	var list []string
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" {
			return list, nil
		}
		word, rest, err := cutWord(s, " \t", lookUp)
		if err != nil {
			return nil, err
		}
		list, s = append(list, word), rest
	}
}

// cutWord resolves the text before the first blank that is not quoted.
func cutWord(s, blanks string, lookUp func(string) (string, bool)) (_, rest string, err error) {
	var word strings.Builder
	for len(s) > 0 {
		c := s[0]
		switch {
		case strings.IndexByte(blanks, c) >= 0:
			return word.String(), s, nil
		case c == '\'':
			text, rest, ok := strings.Cut(s[1:], "'")
			if !ok {
				return "", "", fmt.Errorf("unexpected end of statement while looking for matching single-quote")
			}
			word.WriteString(text)
			s = rest
		case c == '"':
			text, rest, err := quoted(s[1:])
			if err != nil {
				return "", "", err
			}
			text, err = expand(text, lookUp)
			if err != nil {
				return "", "", err
			}
			word.WriteString(strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\$`, `$`).Replace(text))
			s = rest
		case c == '\\' && len(s) > 1:
			word.WriteByte(s[1])
			s = s[2:]
		default:
			n := strings.IndexAny(s, blanks+"'\"\\")
			if n <= 0 {
				n = len(s)
			}
			text, err := expand(s[:n], lookUp)
			if err != nil {
				return "", "", err
			}
			word.WriteString(text)
			s = s[n:]
		}
	}
	return word.String(), "", nil
}

// quoted cuts s at the first double quote without a backslash before it.
func quoted(s string) (text, rest string, err error) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[:i], s[i+1:], nil
		}
	}
	return "", "", fmt.Errorf("unexpected end of statement while looking for matching double-quote")
}

var variable = expression(`\\\$|\$(?:(\w+)|\{(\w+)(?:(:[-+])([^}]*))?\}|(\{[^}]*\}?))`)

// expand replaces variables: $name, ${name}, ${name:-else} and ${name:+instead}.
func expand(s string, lookUp func(string) (string, bool)) (string, error) {
	var wrong error
	out := variable().ReplaceAllStringFunc(s, func(found string) string {
		m := variable().FindStringSubmatch(found)
		name := m[1] + m[2]
		value, set := lookUp(name)
		switch {
		case found == `\$`:
			return found
		case m[5] != "":
			wrong = fmt.Errorf("unsupported modifier in substitution %s", found)
		case m[3] == ":-" && value == "":
			return m[4]
		case m[3] == ":+" && set && value != "":
			return m[4]
		case m[3] == ":+":
			return ""
		}
		return value
	})
	return out, wrong
}

// Pairs returns the assignments of ENV and LABEL: a=b c="d e", or the older form of a name and the
// rest of the line.
func (i Instruction) Pairs(lookUp func(string) (string, bool)) ([][2]string, error) {
	first, rest, _ := strings.Cut(i.Value, " ")
	if !strings.Contains(first, "=") {
		if strings.TrimSpace(rest) == "" {
			return nil, i.Errorf("%s must have two arguments", first)
		}
		value, _, err := cutWord(strings.TrimSpace(rest), "", lookUp)
		if err != nil {
			return nil, i.Errorf("%v", err)
		}
		return [][2]string{{first, value}}, nil
	}
	list, err := splitWords(i.Value, lookUp)
	if err != nil {
		return nil, i.Errorf("%v", err)
	}
	var pairs [][2]string
	for _, w := range list {
		name, value, ok := strings.Cut(w, "=")
		if !ok || name == "" {
			return nil, i.Errorf("syntax error - can't find = in %q. Must be of the form: name=value", w)
		}
		pairs = append(pairs, [2]string{name, value})
	}
	return pairs, nil
}

// expression is a regular expression that is compiled when it is first used.
func expression(s string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(s) })
}
