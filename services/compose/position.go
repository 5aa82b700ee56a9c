package compose

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"
)

// FileError is a mistake in a Compose file.
type FileError struct {
	File      string // as given or found, relative to the working directory
	Line, Col int    // from 1; Line is 0 if the line is unknown, Col if the whole line is meant
	Message   string
	err       error
}

// Error returns the mistake on one line: file:line:col: message.
func (e *FileError) Error() string {
	at := e.File
	if e.Line > 0 {
		at += ":" + strconv.Itoa(e.Line)
	}
	if e.Col > 0 {
		at += ":" + strconv.Itoa(e.Col)
	}
	return at + ": " + e.Message
}

// Unwrap returns the error of the library that found the mistake.
func (e *FileError) Unwrap() error { return e.err }

var (
	// The libraries give the position of a mistake as the path of the value, the service's name or
	// the line.
	valuePath       = expression(`\b(services|networks|volumes|secrets|configs|name|include)(\.[^\s:,]+)+`)
	serviceName     = expression(`[sS]ervice "([^"]+)"`)
	constructErrors = expression(`^yaml: construct errors:\s+line \d+: `)
	// additional is the schema's message about an attribute that does not exist.
	additional = expression(`^(\S+) additional properties '([^']+)' not allowed`)
	yamlLine   = expression(`^(?:yaml: )?(?:while .* )?(?:at )?line (\d+)(?:, column (\d+))?: `)
)

// positioned adds the position in the file to an error of the YAML library or the Compose library.
func (p *Project) positioned(dir string, err error) error {
	text := err.Error()
	e := &FileError{File: p.files[0], err: err}
	for i, name := range p.files {
		full := absolute(dir, name)
		if i == 0 || strings.Contains(text, full) {
			e.File = name
		}
		for _, prefix := range []string{"validating ", "failed to parse ", ""} {
			text = strings.TrimPrefix(text, prefix+full+": ")
		}
	}
	text = constructErrors().ReplaceAllString(text, "")
	text = additional().ReplaceAllString(text, "$1.$2: unknown attribute")
	text = strings.Replace(text, " false schema", ": unknown attribute", 1)
	if m := yamlLine().FindStringSubmatch(text); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
		e.Col, _ = strconv.Atoi(m[2])
		e.Message = text[len(m[0]):]
		return e
	}
	var path []string
	if m := valuePath().FindString(text); m != "" {
		path = strings.Split(m, ".")
	} else if m := serviceName().FindStringSubmatch(text); m != nil {
		path = []string{"services", m[1]}
	}
	p.place(e, path)
	e.Message = strings.TrimSuffix(text, ": invalid compose project")
	return e
}

// place sets the position to that of a path, or of the longest part of it in a file.
func (p *Project) place(e *FileError, path []string) {
	deepest := 0
	for _, name := range p.files {
		if node, depth := locate(p.nodes[name], path); depth > deepest {
			deepest = depth
			e.File, e.Line, e.Col = name, node.Line, node.Column
		}
	}
}

// locate follows a path of keys and indexes into a document as far as possible. It returns the key
// or the element that it reached, and the number of its steps.
func locate(node *yaml.Node, path []string) (at *yaml.Node, depth int) {
	for node != nil && depth < len(path) {
		var key, value *yaml.Node
		switch node.Kind {
		case yaml.AliasNode:
			node = node.Alias
			continue
		case yaml.MappingNode:
			for i := 0; i+1 < len(node.Content); i += 2 {
				if node.Content[i].Value == path[depth] {
					key, value = node.Content[i], node.Content[i+1]
				}
			}
		case yaml.SequenceNode:
			if i, err := strconv.Atoi(path[depth]); err == nil && i >= 0 && i < len(node.Content) {
				key, value = node.Content[i], node.Content[i]
			}
		}
		if key == nil {
			break
		}
		at, node = key, value
		depth++
	}
	return at, depth
}

// expression is a regular expression that is compiled when it is first used.
func expression(s string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(s) })
}
