package terminal

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"workshop/runner/screen"
)

// typedKeys is the text typed to a program that reads keys in a raw terminal. Such a program
// echoes in a manner of its own: coloured, repainted, or not at all. So text that may be that
// echo does not count as output.
type typedKeys struct {
	text      string
	submitted bool   // Return came behind it: the next text is another one
	early     bool   // nothing read the terminal yet, which echoed them: a line editor may echo them again
	from      int64  // the end of the stream when the text began
	epoch     uint32 // the epoch then
	changes   uint64 // counts the changes of possible echoes into output
}

func (k *typedKeys) any() bool { return k.text != "" }

// add adds typed bytes.
func (k *typedKeys) add(b []byte, end int64, epoch uint32) {
	if k.submitted || k.text == "" {
		k.text, k.submitted, k.from, k.epoch = "", false, end, epoch
	}
	k.early = false
	text := bytes.TrimRight(b, "\r\n")
	if bytes.IndexFunc(text, forbidden) < 0 {
		k.text += string(text)
	}
	k.submitted = k.text != "" && len(text) < len(b)
	if len(k.text) > window {
		k.text = k.text[len(k.text)-window:]
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
		k.text = ""
		k.changes++
	}
}

// reset forgets the typed text.
func (k *typedKeys) reset() { *k = typedKeys{changes: k.changes + 1} }

// mayBeTyped reports whether a match in a line of the screen may be the echo of keys: it
// occurs in the typed text, and the screen shows the typed text before it in front of it. A
// match in the stream, at an offset that is not negative, has no place on a line that an
// editor repaints: there its occurrence in the typed text is enough, unless it came before
// the keys. The line begins at a row.
func (o *output) mayBeTyped(line []byte, col int, match string, offset int64, row int) bool {
	k := &o.keys
	if !k.any() || offset >= 0 && offset < k.from || k.early && o.mode().canonical {
		return false
	}
	for i := 0; ; {
		j := strings.Index(k.text[i:], match)
		if j < 0 {
			return false
		}
		if offset >= 0 || o.showsTyped(squeeze(string(line[:col])), k.text[:i+j], row) {
			return true
		}
		i += j + 1
	}
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
