package engine

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// instruction is a line of a Dockerfile, continuations joined.
// https://docs.docker.com/reference/dockerfile/
type instruction struct {
	line  int    // its first line
	name  string // in capitals
	value string // the arguments
}

func (i instruction) String() string { return i.name + " " + i.value }

// errorf returns an error of this instruction in the form of the API.
func (i instruction) errorf(format string, args ...any) error {
	return badRequest("dockerfile line %d: %s: %s", i.line, i.name, fmt.Sprintf(format, args...))
}

// The reasons why an instruction is refused, and the alternatives.
var unsupported = map[string]string{
	"RUN":     "the embedded engine runs no build steps: COPY files that are ready, build FROM workshop, or use a real engine",
	"ADD":     "the embedded engine fetches and unpacks nothing: use COPY",
	"USER":    "the embedded engine's containers run as the user who runs it: leave it out",
	"VOLUME":  "the embedded engine has no mounts: write to a directory of the machine",
	"SHELL":   "the embedded engine uses /bin/sh -c: write the command as [\"program\", \"argument\"]",
	"ONBUILD": "the embedded engine has no triggers: write the instruction itself",
}

var known = []string{
	"FROM", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "STOPSIGNAL", "WORKDIR",
}

// parseDockerfile splits a Dockerfile into instructions. All are known to Docker, and the first is
// FROM or ARG.
func parseDockerfile(src string) ([]instruction, error) {
	var list []instruction
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
					return nil, badRequest("dockerfile line %d: invalid escape %q", n+1, escape)
				}
			}
			continue
		}
		directives = false
		if line == "" {
			continue
		}
		first := n + 1
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
		i := instruction{first, strings.ToUpper(name), strings.TrimSpace(value)}
		switch {
		case !slices.Contains(known, i.name) && unsupported[i.name] == "":
			return nil, badRequest("dockerfile parse error line %d: unknown instruction: %s", i.line, name)
		case i.value == "" && i.name != "CMD" && i.name != "ENTRYPOINT":
			return nil, i.errorf("it needs an argument")
		case len(list) > 0 && i.name == "FROM" && slices.ContainsFunc(list, func(j instruction) bool { return j.name == "FROM" }):
			return nil, i.errorf("the embedded engine builds in one stage")
		case i.name != "FROM" && i.name != "ARG" && !slices.ContainsFunc(list, func(j instruction) bool { return j.name == "FROM" }):
			return nil, i.errorf("no build stage in current context: the first instruction must be FROM")
		}
		list = append(list, i)
	}
	if !slices.ContainsFunc(list, func(i instruction) bool { return i.name == "FROM" }) {
		return nil, badRequest("the Dockerfile has no FROM: use FROM workshop or FROM scratch")
	}
	return list, nil
}

// command parses a command, either an array or a line for the shell.
func (i instruction) command() (words, error) {
	if strings.HasPrefix(i.value, "[") {
		var argv []string
		if err := json.Unmarshal([]byte(i.value), &argv); err == nil {
			return argv, nil
		}
		// Docker would run it in the shell, which is never the intention.
		return nil, i.errorf("%s is no array of strings in double quotes", i.value)
	}
	if i.value == "" {
		return nil, nil
	}
	return words{"/bin/sh", "-c", i.value}, nil
}

// list returns the words of the value. Quotes and escapes are resolved, variables are replaced.
func (i instruction) list(lookUp func(string) (string, bool)) ([]string, error) {
	if strings.HasPrefix(i.value, "[") {
		var list []string
		if err := json.Unmarshal([]byte(i.value), &list); err != nil {
			return nil, i.errorf("%s is no array of strings in double quotes", i.value)
		}
		for n, w := range list {
			var err error
			if list[n], err = expand(w, lookUp); err != nil {
				return nil, i.errorf("%v", err)
			}
		}
		return list, nil
	}
	list, err := splitWords(i.value, lookUp)
	if err != nil {
		return nil, i.errorf("%v", err)
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

// pairs returns the assignments of ENV and LABEL: a=b c="d e", or the older form of a name and the
// rest of the line.
func (i instruction) pairs(lookUp func(string) (string, bool)) ([][2]string, error) {
	first, rest, _ := strings.Cut(i.value, " ")
	if !strings.Contains(first, "=") {
		if strings.TrimSpace(rest) == "" {
			return nil, i.errorf("%s must have two arguments", first)
		}
		value, _, err := cutWord(strings.TrimSpace(rest), "", lookUp)
		if err != nil {
			return nil, i.errorf("%v", err)
		}
		return [][2]string{{first, value}}, nil
	}
	list, err := splitWords(i.value, lookUp)
	if err != nil {
		return nil, i.errorf("%v", err)
	}
	var pairs [][2]string
	for _, w := range list {
		name, value, ok := strings.Cut(w, "=")
		if !ok || name == "" {
			return nil, i.errorf("syntax error - can't find = in %q. Must be of the form: name=value", w)
		}
		pairs = append(pairs, [2]string{name, value})
	}
	return pairs, nil
}

// expression is a regular expression that is compiled when it is first used.
func expression(s string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(s) })
}
