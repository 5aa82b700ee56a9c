package markdown

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// QuarantineFile is the name of the file that lists a deck's exercises in quarantine. It stands in the
// directory of the deck, beside its manifest.
const QuarantineFile = "quarantine.yml"

// quarantineForm is an entry of the file, for hints.
const quarantineForm = "an entry is exercise: ID, owner: WHO, reason: WHY, expires: YYYY-MM-DD"

// Quarantine is an exercise that is known to fail at times, and does not fail a run meanwhile.
type Quarantine struct {
	Pos      Pos // of its id
	Exercise string
	Owner    string    // the person who repairs it
	Reason   string    // on one line
	Expires  time.Time // its last day, UTC
	Until    Pos       // of that day
	Foreign  bool      // the deck is one file, and the exercise is one of another chapter, perhaps of a file beside it
}

// LoadQuarantine reads the quarantine of a deck that was read from a file system with some options.
// Without a file nothing is in quarantine. Mistakes are an [ErrorList]: an entry without an owner, a
// reason or an end, and an id that the deck does not have, unless the deck is one file and the id is that
// of a chapter in another file, which may lie beside it.
func LoadQuarantine(fsys fs.FS, d *Deck, opts Options) ([]*Quarantine, error) {
	l := newLoader(fsys, opts)
	name := path.Join(d.Dir, QuarantineFile)
	if l.absent(name) {
		return nil, nil
	}
	f, err := l.open(name, maxManifest)
	if err != nil {
		l.fail(CodeUnreadableDeck, Pos{File: l.show(name)}.Point(), l.fileHint(name, err), "%v", err)
		return nil, l.done(&Deck{})
	}
	m := &manifestReader{loader: l, file: f, dir: d.Dir}
	var all []*Quarantine
	checkText(f, &l.log)
	root := m.parse("a quarantine", quarantineForm, "quarantine:")
	if root == nil {
		return nil, l.done(&Deck{})
	}
	m.mapping(root, "quarantine", []field{{"quarantine", func(n *yaml.Node) {
		switch {
		case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null":
		case n.Kind != yaml.SequenceNode:
			m.fail(CodeManifestValue, m.span(n), quarantineForm, "quarantine is a list of entries")
		default:
			for _, c := range n.Content {
				if q := m.quarantined(c, d, all); q != nil {
					all = append(all, q)
				}
			}
		}
	}}})
	return all, l.done(&Deck{})
}

// quarantined is an entry; nil if it has a mistake.
func (m *manifestReader) quarantined(n *yaml.Node, d *Deck, others []*Quarantine) *Quarantine {
	if n.Kind != yaml.MappingNode {
		m.fail(CodeManifestValue, m.span(n), quarantineForm, "an entry of quarantine: is a mapping")
		return nil
	}
	known := len(m.errors.list)
	q := &Quarantine{Pos: m.pos(n)}
	line := func(name string, to *string) field {
		return field{name, func(v *yaml.Node) {
			s, _ := m.string(v, name)
			*to = oneLine(strings.Join(strings.Fields(s), " "))
		}}
	}
	expires := ""
	m.mapping(n, "entry", []field{
		{"exercise", func(v *yaml.Node) {
			q.Pos = m.pos(v)
			q.Exercise, _ = m.string(v, "exercise")
			m.inDeck(q, m.span(v), d, others)
		}},
		line("owner", &q.Owner),
		line("reason", &q.Reason),
		{"expires", func(v *yaml.Node) {
			var err error
			q.Until = m.pos(v)
			expires, _ = m.string(v, "expires")
			if q.Expires, err = time.Parse(time.DateOnly, expires); err != nil {
				m.fail(CodeManifestValue, m.span(v), "such as 2027-01-31", "expires: %s is not a day", shorten(expires))
			}
		}},
	})
	for _, missing := range []struct{ name, value string }{
		{"exercise", q.Exercise}, {"owner", q.Owner}, {"reason", q.Reason}, {"expires", expires},
	} {
		if missing.value == "" && len(m.errors.list) == known {
			m.fail(CodeManifestValue, m.span(n), quarantineForm, "the entry has no %s:", missing.name)
		}
	}
	if len(m.errors.list) > known {
		return nil
	}
	return q
}

// inDeck checks that the deck has the exercise, and that no other entry names it.
func (m *manifestReader) inDeck(q *Quarantine, at Span, d *Deck, others []*Quarantine) {
	var ids []string
	for _, c := range d.Chapters {
		for _, s := range c.Slides {
			for _, e := range s.Exercises {
				ids = append(ids, e.ID)
			}
		}
	}
	switch {
	case slices.Contains(ids, q.Exercise):
	case IsDocument(d.File) && !slices.ContainsFunc(d.Chapters, func(c *Chapter) bool { return strings.HasPrefix(q.Exercise, c.Name+"/") }):
		q.Foreign = true
	default:
		m.fail(CodeManifestValue, at, didYouMean(Suggest(q.Exercise, ids)), "there is no exercise %s in the deck", shorten(q.Exercise))
	}
	for _, o := range others {
		if o.Exercise == q.Exercise {
			m.fail(CodeManifestValue, at, "", "%s is in quarantine already, at line %d", q.Exercise, o.Pos.Line)
		}
	}
}
