package markdown

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"workshop/markdown/lazy"
)

// Terms are the needs of a deck, or of a chapter, and the work around its sessions.
type Terms struct {
	Requires []string   // programs and other words of [ParseRequires]
	Skip     string     // the reason why it does not run; "" if it does
	OnlyIf   string     // a command: it runs if the status is 0
	Setup    string     // a script of bash before a session
	Teardown string     // and one behind it
	Env      []Variable // of the shells, in the order of the names
	at       Span       // of the first key that needs a session of its own
}

// Variable is a variable of the environment.
type Variable struct{ Name, Value string }

// Mirror is a folder that stands for the repository at a URL.
type Mirror struct {
	URL string
	Dir string // inside the file system
}

// ParseRequires reads requirements, several on a line, or one command on a line that begins with
// `bash -c` or `sh -c`. A word is the name of a program, or docker-swarm, sudo or network.
func ParseRequires(text string) ([]string, error) {
	var all []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if shellCommand(line) {
			all = append(all, line)
			continue
		}
		for word := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }) {
			if !requirement().MatchString(word) {
				return nil, fmt.Errorf("%s is no program: a command is bash -c and its text", shorten(word))
			}
			all = append(all, word)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("it names nothing")
	}
	return all, nil
}

var requirement = lazy.Regexp(`^[A-Za-z0-9_][A-Za-z0-9._+-]*$`)

func shellCommand(line string) bool {
	return strings.HasPrefix(line, "bash -c ") || strings.HasPrefix(line, "sh -c ")
}

// terms are the keys that a deck and a chapter share.
func (m *manifestReader) terms(t *Terms) []field {
	text := func(key string, to *string, own bool) field {
		return field{key, func(n *yaml.Node) {
			s, ok := m.string(n, key)
			switch {
			case !ok:
			case strings.TrimSpace(s) == "":
				m.fail(CodeManifestValue, m.span(n), "", "%s is empty", key)
			default:
				*to = strings.TrimSpace(s)
				t.own(m.span(n), own)
			}
		}}
	}
	return []field{
		{"requires", func(n *yaml.Node) { t.Requires = m.requires(n) }},
		text("skip", &t.Skip, false),
		text("only-if", &t.OnlyIf, false),
		text("setup", &t.Setup, true),
		text("teardown", &t.Teardown, true),
		{"env", func(n *yaml.Node) {
			t.Env = m.variables(n)
			t.own(m.span(n), true)
		}},
	}
}

// own notes the place of a key that needs a session of its own.
func (t *Terms) own(at Span, own bool) {
	if own && t.at == (Span{}) {
		t.at = at
	}
}

func (m *manifestReader) requires(n *yaml.Node) (all []string) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	for _, item := range items {
		s, ok := m.string(item, "requires")
		if !ok {
			continue
		}
		some, err := ParseRequires(s)
		if err != nil {
			m.fail(CodeManifestValue, m.span(item), "such as [kubectl, docker-swarm, sudo, network, \"bash -c '…'\"]", "requires: %v", err)
		}
		all = append(all, some...)
	}
	return all
}

var variableName = lazy.Regexp(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (m *manifestReader) variables(n *yaml.Node) (all []Variable) {
	m.pairs(n, "env", "NAME: value", func(key *yaml.Node, name, value string) {
		switch {
		case !variableName().MatchString(name):
			m.fail(CodeManifestValue, m.span(key), "", "%s is no name of a variable", shorten(name))
		case slices.Contains([]string{"HOME", "PATH", "PWD", "TMPDIR"}, name):
			m.fail(CodeManifestValue, m.span(key), "", "%s is the session's own", name)
		default:
			all = append(all, Variable{name, value})
		}
	})
	slices.SortFunc(all, func(a, b Variable) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (m *manifestReader) mirrors(n *yaml.Node) (all []Mirror) {
	m.pairs(n, "mirrors", "URL: folder", func(key *yaml.Node, url, dir string) {
		if !strings.Contains(url, "://") && !strings.Contains(url, "@") {
			m.fail(CodeManifestValue, m.span(key), "such as https://github.com/x/y", "%s is no URL of a repository", shorten(url))
			return
		}
		url = strings.TrimSuffix(strings.TrimSuffix(url, "/"), ".git")
		all = append(all, Mirror{url, m.folder("mirrors", dir, m.span(key))})
	})
	return all
}

// pairs reads a mapping of names to values.
func (m *manifestReader) pairs(n *yaml.Node, what, form string, add func(key *yaml.Node, name, value string)) {
	if n.Kind != yaml.MappingNode {
		m.fail(CodeManifestValue, m.span(n), "", "%s is a mapping, %s", what, form)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if seen[key.Value] {
			m.fail(CodeManifestKey, m.span(key), "", "%s is given twice", shorten(key.Value))
			continue
		}
		seen[key.Value] = true
		if s, ok := m.string(value, shorten(key.Value)); ok {
			add(key, key.Value, s)
		}
	}
}

// ownSession finds keys that a chapter without a session of its own cannot have.
func (l *loader) ownSession(d *Deck, it item) {
	mode := it.session
	if mode == "" {
		mode = d.Session
	}
	if mode == SessionDeck && it.terms.at != (Span{}) {
		l.fail(CodeManifestValue, it.terms.at, "add session: chapter, or give it to the deck",
			"setup, teardown and env belong to a session, and this chapter shares the deck's")
	}
}
