package markdown

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// LooksLikeManifest reports whether a text of YAML lists contents, as a manifest does.
func LooksLikeManifest(text string) bool {
	return strings.HasPrefix(text, "content:") || strings.Contains(text, "\ncontent:")
}

// manifestReader reads a manifest. Aliases are refused, so that a small file cannot
// stand for a large one.
type manifestReader struct {
	*loader
	file *file
	dir  string // of the manifest, inside the file system
	deck *Deck

	values  map[string]string
	exclude []string
	items   []item
}

// manifest makes a deck of a manifest.
func (l *loader) manifest(f *file) *Deck {
	m := &manifestReader{loader: l, file: f, dir: path.Dir(f.path), values: map[string]string{}}
	m.deck = &Deck{Name: stem(f.path), File: f.name, Dir: m.dir, Session: SessionDeck}
	known := len(l.errors.list)
	checkText(f, &l.log)
	if len(l.errors.list) > known {
		return m.deck
	}
	root := m.parse("a manifest", "list the deck's files under content:", "title: and content:")
	if root == nil {
		return m.deck
	}
	m.mapping(root, "manifest", m.keys())
	for _, key := range manifestKeys() {
		if value, ok := l.env("OVERRIDE_" + key); ok && key != "lint" {
			m.override(key, value)
		}
	}
	m.deck.Title = strings.Join(strings.Fields(m.values["title"]), " ")
	m.deck.Values = m.values
	l.setValues(m.values)
	if len(m.items) == 0 && len(l.errors.list) == known {
		l.fail(CodeEmptyManifest, f.pos(0).Point(), "list the deck's files under content:", "the manifest has no content")
	}
	l.chapters(m.deck, m.items)
	l.finish(m.deck, m.exclude)
	return m.deck
}

// parse returns the mapping that the file is, or nil and an error. What is a name for such files, empty
// a hint for one without content, and keys are examples.
func (m *manifestReader) parse(what, empty, keys string) *yaml.Node {
	_, noun, _ := strings.Cut(what, " ")
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader([]byte(m.file.text)))
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0 {
		m.fail(CodeEmptyManifest, m.file.pos(0).Point(), empty, "the %s is empty", noun)
		return nil
	}
	if err == nil {
		if err = dec.Decode(&more); err == nil {
			m.fail(CodeManifestSyntax, m.pos(&more).Point(), "", "%s is one YAML document, this is a second one", what)
			return nil
		}
	}
	if !errors.Is(err, io.EOF) {
		at, message := Pos{File: m.file.name, Line: 1, Col: 1}, strings.TrimPrefix(err.Error(), "yaml: ")
		var le *yaml.LoadError
		if errors.As(err, &le) {
			message = le.Message
			if line := min(le.Mark.Line, len(m.file.lines)); line > 0 {
				at = m.clamp(line, max(le.Mark.Column, 1))
			}
		}
		m.fail(CodeManifestSyntax, at.Point(), "", "not YAML: %s", message)
		return nil
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		m.fail(CodeManifestSyntax, m.pos(root).Point(), "", "%s is a mapping of keys such as %s", what, keys)
		return nil
	}
	return root
}

// clamp is a position that YAML gave, kept inside the file.
func (m *manifestReader) clamp(line, col int) Pos {
	line = min(max(line, 1), len(m.file.lines))
	start := m.file.lines[line-1]
	end := len(m.file.text)
	if line < len(m.file.lines) {
		end = m.file.lines[line] - 1
	}
	return Pos{File: m.file.name, Line: line, Col: min(max(col, 1), 1+utf8.RuneCountInString(m.file.text[start:end]))}
}

func (m *manifestReader) pos(n *yaml.Node) Pos { return m.clamp(n.Line, n.Column) }

// span is a node's place; its end is known of a plain word on one line.
func (m *manifestReader) span(n *yaml.Node) Span {
	at := m.pos(n).Point()
	if n.Kind != yaml.ScalarNode || n.Style != 0 || n.Line < 1 || n.Line > len(m.file.lines) {
		return at
	}
	line, _, _ := strings.Cut(m.file.text[m.file.lines[n.Line-1]:], "\n")
	if strings.HasPrefix(string([]rune(line)[min(at.Pos.Col-1, utf8.RuneCountInString(line)):]), n.Value) {
		at.End = at.Pos
		at.End.Col += utf8.RuneCountInString(n.Value)
	}
	return at
}

// field reads the value of a key.
type field struct {
	name string
	read func(*yaml.Node)
}

// manifestKeys are the keys of a manifest.
func manifestKeys() []string {
	own := "exclude content session style statuses pipefail workdir engine network compose lint secrets"
	return append(valueKeys(), strings.Fields(own)...)
}

// valueKeys are the keys whose values are substituted.
func valueKeys() []string {
	return strings.Fields("title chat gitrepo slides zip html slidenumberprefix")
}

func (m *manifestReader) keys() []field {
	var fields []field
	for _, key := range manifestKeys() {
		fields = append(fields, field{key, func(n *yaml.Node) { m.key(key, n) }})
	}
	fields = append(fields, field{"values", m.given})
	fields = append(fields, field{"mirrors", func(n *yaml.Node) { m.deck.Mirrors = m.mirrors(n) }})
	return append(fields, m.terms(&m.deck.Terms)...)
}

// given reads values of other names than those of keys.
func (m *manifestReader) given(n *yaml.Node) {
	m.pairs(n, "values", "NAME: value", func(key *yaml.Node, name, value string) {
		if slices.Contains(valueKeys(), name) {
			m.fail(CodeManifestKey, m.span(key), "write it at the left margin", "%s is a key of the manifest", name)
			return
		}
		m.values[name] = strings.Trim(value, "\n")
	})
}

// mapping reads a mapping of known keys.
func (m *manifestReader) mapping(n *yaml.Node, what string, fields []field) {
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		f := slices.IndexFunc(fields, func(f field) bool { return key.Kind == yaml.ScalarNode && f.name == key.Value })
		switch {
		case f < 0:
			hint := didYouMean(Suggest(key.Value, names))
			if hint == "" {
				hint = "known are " + strings.Join(names, ", ")
			}
			m.fail(CodeManifestKey, m.span(key), hint, "unknown %s key %s", what, shorten(key.Value))
		case seen[key.Value]:
			m.fail(CodeManifestKey, m.span(key), "", "%s is given twice", key.Value)
		case value.Kind == yaml.AliasNode:
			m.fail(CodeManifestValue, m.span(value), "write the value out", "aliases are not allowed in a manifest")
		default:
			fields[f].read(value)
		}
		seen[key.Value] = true
	}
}

// shorten keeps a quoted word from filling the screen.
func shorten(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}

// key reads a key of the manifest.
func (m *manifestReader) key(key string, n *yaml.Node) {
	switch key {
	case "exclude":
		m.exclude = m.strings(n, "exclude: a list of classes")
	case "content":
		if n.Kind == yaml.SequenceNode {
			for i, c := range n.Content {
				m.content(c, i)
			}
			return
		}
		m.content(n, 0)
	case "session":
		if s, ok := m.string(n, key); ok {
			m.deck.Session = m.session(s, m.span(n))
		}
	case "style":
		m.deck.Style = m.choice(n, key, StyleNames()...)
	case "statuses":
		m.deck.Statuses = m.choice(n, key, StatusesAll, StatusesLast)
	case "pipefail":
		m.deck.Pipefail = m.choice(n, key, "true", "false") == "true"
	case "workdir":
		if s, ok := m.string(n, key); ok {
			m.deck.Workdir = m.workdir(s, m.span(n))
		}
	case "lint":
		m.lint(n)
	case "secrets":
		m.deck.Secrets = m.strings(n, "secrets: a list of variables of the environment")
	case "engine":
		m.deck.Engine = m.choice(n, key, "auto", "embedded", "docker")
	case "network":
		m.deck.Network = m.choice(n, key, "private", "host")
	case "compose":
		m.deck.Compose = m.choice(n, key, "auto", "v1", "v5")
	default:
		if s, ok := m.string(n, key); ok {
			m.values[key] = strings.Trim(s, "\n")
		}
	}
}

// choice reads one of a few words.
func (m *manifestReader) choice(n *yaml.Node, key string, words ...string) string {
	s, ok := m.string(n, key)
	if ok && !slices.Contains(words, s) {
		m.fail(CodeManifestValue, m.span(n), didYouMean(Suggest(s, words)), "%s: %s is not one of %s", key, shorten(s), strings.Join(words, ", "))
	}
	return s
}

// override sets a key from the environment.
func (m *manifestReader) override(key, value string) {
	at := Pos{File: "OVERRIDE_" + key}.Point()
	switch key {
	case "exclude":
		m.exclude = words(value)
	case "content":
		m.items = nil
		for i, name := range words(value) {
			m.add(name, item{at: at, top: i})
		}
	case "session":
		m.deck.Session = m.session(value, at)
	case "workdir":
		m.deck.Workdir = m.workdir(value, at)
	case "style":
		m.deck.Style = value
	case "statuses":
		m.deck.Statuses = value
	case "pipefail":
		m.deck.Pipefail = value == "true"
	case "engine":
		m.deck.Engine = value
	case "network":
		m.deck.Network = value
	case "compose":
		m.deck.Compose = value
	default:
		m.values[key] = value
	}
}

// words splits a list at commas and blanks; brackets and quotes of YAML are dropped.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t\n,[]\"'", r) })
}

// string is a scalar's value; false if it is null or no scalar.
func (m *manifestReader) string(n *yaml.Node, what string) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		m.fail(CodeManifestValue, m.span(n), "", "%s is one value, not a list or mapping", what)
		return "", false
	}
	return n.Value, n.ShortTag() != "!!null"
}

// strings is a list of scalars, or one that holds several words.
func (m *manifestReader) strings(n *yaml.Node, what string) []string {
	switch {
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null":
		return nil
	case n.Kind == yaml.ScalarNode:
		return words(n.Value)
	case n.Kind != yaml.SequenceNode:
		m.fail(CodeManifestValue, m.span(n), "", "%s", what)
		return nil
	}
	var list []string
	for _, c := range n.Content {
		if c.Kind == yaml.AliasNode {
			m.fail(CodeManifestValue, m.span(c), "write the value out", "aliases are not allowed in a manifest")
		} else if s, ok := m.string(c, "an item"); ok {
			list = append(list, s)
		}
	}
	return list
}

// session is a session mode; that of the deck, or the default, if it is not one.
func (m *manifestReader) session(s string, at Span) SessionMode {
	switch mode := SessionMode(strings.TrimSpace(s)); mode {
	case SessionDeck, SessionChapter:
		return mode
	}
	m.fail(CodeManifestValue, at, "it is deck or chapter", "unknown session mode %s", shorten(s))
	return m.deck.Session
}

// workdir is a directory, given relative to the manifest, inside the file system.
func (m *manifestReader) workdir(s string, at Span) string { return m.folder("workdir", s, at) }

// folder is the directory in the value of a key.
func (m *manifestReader) folder(key, s string, at Span) string {
	name, err := inside(m.dir, strings.TrimSpace(s))
	if err != nil {
		m.fail(CodeBadPath, at, m.outside(m.dir, strings.TrimSpace(s)), "%s: %v", key, err)
		return ""
	}
	info, err := fs.Stat(m.fsys, name)
	switch {
	case err != nil:
		m.fail(CodeMissingFile, at, m.nearFile(name), "%s: no such directory: %s", key, shorten(s))
	case !info.IsDir():
		m.fail(CodeMissingFile, at, "", "%s: %s is not a directory", key, shorten(s))
	}
	return name
}

// content reads a content item of the top-level item top: a file's name, a Markdown
// fragment, a list of items, or a mapping. Items that are all commented out leave a
// null behind.
func (m *manifestReader) content(n *yaml.Node, top int) {
	switch n.Kind {
	case yaml.SequenceNode:
		for _, c := range n.Content {
			m.content(c, top)
		}
	case yaml.MappingNode:
		m.contentMapping(n, top)
	case yaml.ScalarNode:
		switch {
		case n.ShortTag() == "!!null":
		case strings.Contains(n.Value, "\n"):
			m.items = append(m.items, item{file: m.fragment(n), at: m.span(n), top: top})
		default:
			m.add(n.Value, item{at: m.span(n), top: top})
		}
	default:
		m.fail(CodeManifestValue, m.span(n), "write the item out", "aliases are not allowed in a manifest")
	}
}

func (m *manifestReader) contentMapping(n *yaml.Node, top int) {
	it := item{at: m.span(n), top: top}
	var file *yaml.Node
	fields := []field{
		{"file", func(v *yaml.Node) { file = v }},
		{"name", func(v *yaml.Node) {
			if it.name, _ = m.string(v, "name"); strings.ContainsAny(it.name, "/ \t\n") {
				m.fail(CodeManifestValue, m.span(v), "try "+Slug(it.name), "a chapter's name has no blanks and slashes")
			}
		}},
		{"needs", func(v *yaml.Node) {
			if v.Kind != yaml.SequenceNode {
				for _, name := range m.strings(v, "needs: a list of chapters") {
					it.needs = append(it.needs, need{name, m.span(v)})
				}
				return
			}
			for _, c := range v.Content {
				if name, ok := m.string(c, "an item"); ok {
					it.needs = append(it.needs, need{name, m.span(c)})
				}
			}
		}},
		{"session", func(v *yaml.Node) {
			if s, ok := m.string(v, "session"); ok {
				it.session = m.session(s, m.span(v))
			}
		}},
		{"style", func(v *yaml.Node) { it.style = findStyle(m.choice(v, "style", StyleNames()...)) }},
		{"statuses", func(v *yaml.Node) { it.statuses = m.choice(v, "statuses", StatusesAll, StatusesLast) }},
		{"exclusive", func(v *yaml.Node) { it.exclusive = m.choice(v, "exclusive", "true", "false") == "true" }},
		{"workdir", func(v *yaml.Node) {
			if s, ok := m.string(v, "workdir"); ok {
				it.workdir = m.workdir(s, m.span(v))
			}
		}},
	}
	m.mapping(n, "content", append(fields, m.terms(&it.terms)...))
	if file == nil {
		m.fail(CodeManifestValue, m.span(n), "", "a content item has a file:")
		return
	}
	name, ok := m.string(file, "file")
	switch {
	case !ok:
	case strings.Contains(name, "\n"):
		it.file = m.fragment(file)
		m.items = append(m.items, it)
	default:
		it.at = m.span(file)
		m.add(name, it)
	}
}

// add adds the item of a file, named relative to the manifest.
func (m *manifestReader) add(name string, it item) {
	clean, err := inside(m.dir, name)
	if err != nil {
		m.fail(CodeBadPath, it.at, m.outside(m.dir, name), "%v", err)
		return
	}
	if it.file, err = m.open(clean, maxFile); err != nil {
		m.fail(CodeMissingFile, it.at, m.fileHint(clean, err), "%s: %v", shorten(name), err)
		return
	}
	// Read as Markdown they would be one slide without a step.
	if ext := path.Ext(clean); ext == ".json" || ext == ".yml" || ext == ".yaml" {
		hint := "list the Markdown documents"
		if path.Base(clean) == "index.json" {
			hint += "; without a manifest, a folder is read in the order of its index.json"
		}
		m.fail(CodeManifestValue, it.at, hint, "%s is not a Markdown document", shorten(name))
		return
	}
	m.items = append(m.items, it)
}

// fragment is a Markdown fragment of the manifest. In a literal block its positions
// are exact; elsewhere they are that of the item.
func (m *manifestReader) fragment(n *yaml.Node) *file {
	f := newFile(m.file.name, n.Value)
	at := m.pos(n)
	margins := make([]int, len(f.lines)) // of the lines in the manifest; -1 if the line is another one
	for i := range margins {
		margins[i] = -1
		if n.Style&yaml.LiteralStyle == 0 || n.Line+i >= len(m.file.lines) {
			continue
		}
		line, _, _ := strings.Cut(m.file.text[m.file.lines[n.Line+i]:], "\n")
		inner, _, _ := strings.Cut(f.text[f.lines[i]:], "\n")
		if margin, ok := strings.CutSuffix(line, inner); ok && strings.Trim(margin, " ") == "" {
			margins[i] = len(margin)
		}
	}
	f.place = func(line, col int) Pos {
		if margins[line-1] < 0 {
			return at
		}
		return Pos{File: m.file.name, Line: n.Line + line, Col: margins[line-1] + col}
	}
	return f
}
