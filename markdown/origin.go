package markdown

import (
	"iter"
	"slices"
	"sort"
)

// origin maps a text of a deck to its places in the files: indentation, backticks and line
// ends may have been removed from it, so that it is not one stretch of them.
type origin struct {
	src   *source
	marks []mark // by offset
}

// mark says that from an offset of the text on it is the source from another one on,
// up to the next mark; or that all of it stands for that place.
type mark struct {
	text, src int
	fixed     bool
}

func (o *origin) at(off int) mark {
	i := sort.Search(len(o.marks), func(i int) bool { return o.marks[i].text > off }) - 1
	if i < 0 {
		return mark{}
	}
	return o.marks[i]
}

func (o *origin) offset(off int) int {
	m := o.at(off)
	if m.fixed {
		return m.src
	}
	return m.src + off - m.text
}

// back is the offset in the text of an offset in the source.
func (o *origin) back(off int) int {
	m := o.marks[max(0, sort.Search(len(o.marks), func(i int) bool { return o.marks[i].src > off })-1)]
	if m.fixed {
		return m.text
	}
	return m.text + off - m.src
}

// span is the place of the text from start to end.
func (o *origin) span(start, end int) Span {
	if o.src == nil {
		return Span{}
	}
	from := o.offset(start)
	if end <= start || o.at(start).fixed || o.at(end-1).fixed {
		return o.src.pos(from).Point()
	}
	return o.src.span(from, o.offset(end-1)+1)
}

// without returns the text without a byte, and makes o the origin of the result.
func (o *origin) without(text string, c byte) string {
	kept := make([]byte, 0, len(text))
	var marks []mark
	next := 0 // of the old marks
	for i := range len(text) {
		for next < len(o.marks) && o.marks[next].text <= i {
			marks = append(marks, mark{len(kept), o.marks[next].src + i - o.marks[next].text, false})
			next++
		}
		if text[i] == c {
			marks = append(marks, mark{len(kept), o.offset(i) + 1, false})
			continue
		}
		kept = append(kept, text[i])
	}
	o.marks = marks
	return string(kept)
}

// pieces is the text made of stretches of another one, and makes an origin for it.
func (o *origin) pieces(text string, stretches [][2]int) (string, origin) {
	made := origin{src: o.src, marks: make([]mark, 0, len(stretches))}
	if len(stretches) == 1 {
		at := stretches[0]
		made.marks = append(made.marks, mark{src: o.offset(at[0])})
		return text[at[0]:at[1]], made
	}
	var b []byte
	for _, at := range stretches {
		made.marks = append(made.marks, mark{text: len(b), src: o.offset(at[0])})
		b = append(b, text[at[0]:at[1]]...)
	}
	return string(b), made
}

// At is the place of a part of the step's text, from one offset in bytes to another.
func (s *Step) At(start, end int) Span { return s.origin.span(start, end) }

// At is the place of a part of the slide's source, from one offset in bytes to another.
func (s *Slide) At(start, end int) Span { return s.origin.span(start, end) }

// Forget releases what lint and editors read: the tokens, and the texts of the files. From then on a
// slide is one by itself: it is scanned when it is read, and parts of it, and of its steps, have no places
// in a file. A step cannot be rewritten.
func (d *Deck) Forget() {
	for _, c := range d.Chapters {
		for _, s := range c.Slides {
			s.tokens, s.origin = nil, origin{}
			for _, e := range s.Exercises {
				for _, step := range e.Steps {
					step.token, step.origin = packed{}, origin{}
				}
			}
		}
	}
}

// scanned are the tokens of the slide's source, by their places in it.
func (s *Slide) scanned() iter.Seq[token] {
	if s.origin.src == nil {
		return slices.Values(scan(plainSource(s.Source), &log{}, &log{}))
	}
	return func(yield func(token) bool) {
		for _, p := range s.tokens {
			t := p.unpack()
			t.start, t.match = s.origin.back(t.start), s.origin.back(t.match)
			for _, off := range []*int{&t.data, &t.body, &t.tail, &t.end} {
				*off = min(s.origin.back(*off), len(s.Source))
			}
			if !yield(t) {
				return
			}
		}
	}
}
