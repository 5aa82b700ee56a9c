package markdown

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// The limits of the manifests that are looked at beside a file.
const (
	maxBeside      = 100     // YAML files of a folder
	maxBesideBytes = 1 << 20 // their size together
)

// listing is a manifest, read for the files that it lists only.
type listing struct {
	dir    string // inside the file system
	name   string
	sets   []string // keys that a document of it has nothing of when it is a deck of its own
	files  map[string]bool
	values map[string]string // of substitutions
}

// beside finds the manifests that a file may belong to, the nearest ones first: those in its folder
// or above that list it; if there is none, all those there.
func (l *loader) beside(file string) []*listing {
	var listed, others []*listing
	for dir := path.Dir(file); ; dir = path.Dir(dir) {
		for _, m := range l.listings(dir) {
			if m.files[file] {
				listed = append(listed, m)
			} else {
				others = append(others, m)
			}
		}
		if dir == "." || dir == "/" {
			break
		}
	}
	if len(listed) > 0 {
		return listed
	}
	return others
}

// listings are the manifests of a folder, in the order of their names.
func (l *loader) listings(dir string) []*listing {
	if known, ok := l.folders[dir]; ok {
		return known
	}
	var all []*listing
	entries, _ := fs.ReadDir(l.fsys, dir) // without them there are no manifests
	looked, room := 0, maxBesideBytes
	for _, e := range entries {
		ext := path.Ext(e.Name())
		if ext != ".yml" && ext != ".yaml" || e.IsDir() || looked == maxBeside {
			continue
		}
		looked++
		text, err := l.read(path.Join(dir, e.Name()), maxManifest)
		if room -= len(text); err != nil || room < 0 || !strings.Contains("\n"+text, "\ncontent:") {
			continue
		}
		var doc yaml.Node
		if yaml.Unmarshal([]byte(text), &doc) == nil && len(doc.Content) > 0 && doc.Content[0].Kind == yaml.MappingNode {
			all = append(all, newListing(dir, e.Name(), doc.Content[0]))
		}
	}
	l.folders[dir] = all
	return all
}

func newListing(dir, name string, root *yaml.Node) *listing {
	m := &listing{dir, name, nil, map[string]bool{}, map[string]string{}}
	for i := 0; i+1 < len(root.Content); i += 2 {
		switch key, value := root.Content[i].Value, root.Content[i+1]; {
		case key == "content":
			m.list(value)
		case slices.Contains([]string{"workdir", "setup", "teardown", "env", "requires", "only-if", "skip", "mirrors"}, key):
			m.sets = append(m.sets, key)
		case slices.Contains(valueKeys(), key) && value.Kind == yaml.ScalarNode && value.ShortTag() != "!!null":
			m.values[key] = strings.Trim(value.Value, "\n")
		}
	}
	return m
}

// list notes the files of a content item.
func (m *listing) list(n *yaml.Node) {
	switch n.Kind {
	case yaml.ScalarNode:
		m.files[path.Join(m.dir, n.Value)] = true
	case yaml.SequenceNode:
		for _, c := range n.Content {
			m.list(c)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == "file" {
				m.list(n.Content[i+1])
			}
		}
	}
}

// Unheeded are the settings of a manifest that lists a document, where the document is a deck of its own.
type Unheeded struct {
	Manifest string // as shown to the user
	Keys     []string
}

// unheeded are the settings of the nearest manifest that lists a file and has some.
func (l *loader) unheeded(file string) *Unheeded {
	for _, m := range l.beside(file) {
		if m.files[file] && len(m.sets) > 0 {
			return &Unheeded{l.show(path.Join(m.dir, m.name)), m.sets}
		}
	}
	return nil
}

// borrow takes the values and the folders of the manifests that a file may belong to, of a deck
// without one.
func (l *loader) borrow(file string) {
	l.values, l.near = map[string]string{}, nil
	for _, m := range l.beside(file) {
		l.near = append(l.near, m.dir)
		values := maps.Clone(m.values)
		maps.Copy(values, l.values) // of nearer ones
		l.setValues(values)
	}
}

// ListedFolders are the folders of which a manifest at the root of a file system lists files.
func ListedFolders(fsys fs.FS) map[string]bool {
	folders := map[string]bool{}
	for _, m := range newLoader(fsys, Options{}).listings(".") {
		for file := range m.files {
			folders[path.Dir(file)] = true
		}
	}
	return folders
}

// Beside returns a function from the path of a file to the folders of the manifests that it may belong
// to, the nearest ones first: of those in its folder or above that list it, or if there are none, of
// all those there. Paths are inside the file system.
func Beside(fsys fs.FS) func(file string) []string {
	l := newLoader(fsys, Options{})
	return func(file string) (dirs []string) {
		for _, m := range l.beside(file) {
			if !slices.Contains(dirs, m.dir) {
				dirs = append(dirs, m.dir)
			}
		}
		return dirs
	}
}
