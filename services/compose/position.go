package compose

import (
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// FileError is a mistake in a Compose file.
type FileError struct {
	File      string // as given or found, relative to the working directory
	Line, Col int    // from 1; Line is 0 if it is not known where, Col if it is the whole line
	Message   string
	err       error
}

// Error is the mistake on one line: file:line:col: message.
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
	// The libraries tell where a mistake is by the path of the value, by the
	// service's name or by the line.
	valuePath       = regexp.MustCompile(`\b(services|networks|volumes|secrets|configs|name|include)(\.[^\s:,]+)+`)
	serviceName     = regexp.MustCompile(`[sS]ervice "([^"]+)"`)
	constructErrors = regexp.MustCompile(`^yaml: construct errors:\s+line \d+: `)
	// additional is the schema's word for what the Compose file must not have.
	additional = regexp.MustCompile(`^(\S+) additional properties '([^']+)' not allowed`)
	yamlLine   = regexp.MustCompile(`^(?:yaml: )?(?:while .* )?(?:at )?line (\d+)(?:, column (\d+))?: `)
)

// positioned makes an error about the file of one that the YAML or the Compose
// library gave.
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
	text = constructErrors.ReplaceAllString(text, "")
	text = additional.ReplaceAllString(text, "$1.$2: unknown attribute")
	text = strings.Replace(text, " false schema", ": unknown attribute", 1)
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
		e.Col, _ = strconv.Atoi(m[2])
		e.Message = text[len(m[0]):]
		return e
	}
	var path []string
	if m := valuePath.FindString(text); m != "" {
		path = strings.Split(m, ".")
	} else if m := serviceName.FindStringSubmatch(text); m != nil {
		path = []string{"services", m[1]}
	}
	p.place(e, path)
	e.Message = strings.TrimSuffix(text, ": invalid compose project")
	return e
}

// place sets the position to that of a path, or of as much of it as some file has.
func (p *Project) place(e *FileError, path []string) {
	deepest := 0
	for _, name := range p.files {
		if node, depth := locate(p.nodes[name], path); depth > deepest {
			deepest = depth
			e.File, e.Line, e.Col = name, node.Line, node.Column
		}
	}
}

// locate follows a path of keys and indexes into a document as far as it goes, and
// returns the key or the element that it got to, and how many steps it took.
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
