package terminal

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"workshop/runner/screen"
)

// typedKeys is the text typed to a program that reads keys in a raw terminal. Such a program
// echoes in a manner of its own: coloured, repainted, or not at all. So text that may be that
// echo does not count as output.
type typedKeys struct {
	text      string
	begins    []int  // where each piece of the text begins: a key may have moved the cursor before it
	submitted bool   // Return came behind it: the next text is another line
	taken     bool   // the program has read and echoed all of it
	early     bool   // nothing read the terminal yet, which echoed them: a line editor may echo them again
	from      int64  // the end of the stream when the text began
	epoch     uint32 // the epoch then
	changes   uint64 // counts the changes of possible echoes into output
}

func (k *typedKeys) any() bool { return k.text != "" }

// typedSize bounds the typed text, in bytes.
const typedSize = 64 << 10

// add adds typed bytes. A line whose echo may still come stays: the program may be slow, or paint a
// line once more behind its Return.
func (k *typedKeys) add(b []byte, end int64, epoch uint32) {
	switch {
	case k.text == "", k.submitted && k.taken:
		k.text, k.begins, k.from, k.epoch = "", k.begins[:0], end, epoch
	case k.submitted:
		k.text += "\n"
	}
	k.early, k.submitted, k.taken = false, false, false
	text := bytes.TrimRight(b, "\r\n")
	if len(text) > 0 && bytes.IndexFunc(text, forbidden) < 0 {
		k.begins = append(k.begins, len(k.text))
		k.text += string(text)
	}
	k.submitted = k.text != "" && len(text) < len(b)
	if cut := len(k.text) - typedSize; cut > 0 {
		k.text = k.text[cut:]
		for i := range k.begins {
			k.begins[i] = max(k.begins[i]-cut, 0)
		}
		k.begins = slices.Compact(k.begins)
	}
}

// ahead adds bytes that were typed before a program read them.
func (k *typedKeys) ahead(b []byte, end int64, epoch uint32) {
	k.add(b, end, epoch)
	k.early = k.text != ""
}

// ends notes the end of the program that read the keys. Without a Return behind them no line
// editor has left them on the screen: the text there is output.
func (k *typedKeys) ends() {
	if k.text != "" && !k.submitted {
		last := max(strings.LastIndexByte(k.text, '\n'), 0)
		k.text, k.submitted = k.text[:last], last > 0
		k.begins = slices.DeleteFunc(k.begins, func(at int) bool { return at >= last })
		k.changes++
	}
}

// reset forgets the typed text.
func (k *typedKeys) reset() { *k = typedKeys{changes: k.changes + 1} }

// mayBeEcho reports whether typed text may be shown as echo at all: the terminal's own echo of what
// no program read yet is expected byte for byte.
func (o *output) mayBeEcho() bool {
	return o.keys.any() && !(o.keys.early && o.mode().canonical)
}

// typedInStream reports whether a match in the stream, at an offset, may be the echo of keys: it
// has no place on a line that an editor repaints, so its occurrence in the typed text is enough,
// unless it came before the keys. Where it is the last line, it may be a suggestion as well.
func (o *output) typedInStream(match, behind []byte, offset int64) bool {
	k := &o.keys
	if offset < k.from || !o.mayBeEcho() {
		return false
	}
	return strings.Contains(k.text, string(match)) ||
		k.suggested(string(match)) > 0 && bytes.IndexByte(behind, '\n') < 0
}

// typedOnScreen reports whether a match in a line of the screen may be the echo of keys: it occurs
// in the typed text, and the line shows the typed text before it in front of it, from the beginning
// of a piece on. If only its beginning was typed, the cursor in it shows that the rest is a
// suggestion, as the line editor of fish makes them.
func (o *output) typedOnScreen(l *line, first, last int) bool {
	if !o.mayBeEcho() {
		return false
	}
	k, match, before := &o.keys, l.text(first, last), squeeze(l.text(0, first))
	shows := func(at int) bool { return o.showsTyped(before, k.text[k.piece(at):at], l.row) }
	for i := 0; ; {
		j := strings.Index(k.text[i:], match)
		if j < 0 {
			break
		}
		if shows(i + j) {
			return true
		}
		i += j + 1
	}
	x, y, _ := o.screen.Cursor()
	if cursor := (y-l.row)*l.cols + x; cursor <= first || cursor >= last {
		return false
	}
	n := k.suggested(match)
	return n > 0 && shows(len(k.text)-n)
}

// piece is where the piece of the typed text begins that an offset belongs to.
func (k *typedKeys) piece(at int) int {
	i, found := slices.BinarySearch(k.begins, at)
	if !found {
		i--
	}
	return k.begins[i]
}

// suggested is the length of the longest beginning of a text that ends the typed text, before a Return.
func (k *typedKeys) suggested(text string) int {
	if k.submitted {
		return 0
	}
	for n := min(len(text)-1, len(k.text)); n > 0; n-- {
		if strings.HasSuffix(k.text, text[:n]) {
			return n
		}
	}
	return 0
}

// editorMarks is the longest text that a line editor shows before a row of a long line, in
// characters: a prompt for each row (IPython: "...:"). A line that is scrolled sideways has
// at most scrollMarks (less: "/").
const (
	editorMarks = 12
	scrollMarks = 2
)

// showsTyped reports whether a text on a row is the end of the typed text. The beginning of
// a long typed text is on the rows above, which an editor paints one by one, or has been
// scrolled out of sight sideways.
func (o *output) showsTyped(shown, typed string, row int) bool {
	cols, _ := o.screen.Size()
	scrolls := screen.Width(typed) >= cols-scrollMarks
	typed = squeeze(typed)
	for first := true; ; first = false {
		n := commonSuffix(shown, typed)
		marks := utf8.RuneCountInString(shown[:len(shown)-n])
		typed = typed[:len(typed)-n]
		switch {
		case typed == "", first && scrolls && n > 0 && marks <= scrollMarks:
			return true
		case n == 0 && shown != "", marks > editorMarks, row == 0:
			return false
		}
		row--
		l := line{row: row, cols: cols, rows: []*screen.Row{o.screen.Row(row)}}
		shown = squeeze(l.text(0, l.len()))
		if shown == "" {
			return false
		}
	}
}

// commonSuffix is the length of the longest suffix that two texts share, in bytes.
func commonSuffix(a, b string) (n int) {
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	for n > 0 && !utf8.RuneStart(a[len(a)-n]) {
		n--
	}
	return n
}
