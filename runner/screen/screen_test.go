package screen

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shown is a small screen after some bytes: its lines up to the last that is not
// empty.
func shown(cols, rows int, in string) []string {
	s := New(cols, rows, Hooks{})
	_, _ = s.Write([]byte(in))
	lines := s.Lines()
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

var screenCases = []struct {
	name       string
	cols, rows int
	in         string
	want       []string
}{
	{"text", 10, 3, "one\r\ntwo", []string{"one", "two"}},
	{"line feed keeps the column", 10, 3, "one\ntwo", []string{"one", "   two"}},
	{"soft wrap", 5, 3, "abcdefg", []string{"abcde", "fg"}},
	{"no wrap until the next character", 5, 3, "abcde\r\nf", []string{"abcde", "f"}},
	{"wrap scrolls", 3, 2, "abcdefghi", []string{"def", "ghi"}},
	{"autowrap off", 5, 2, "\x1b[?7labcdefg", []string{"abcdg"}},
	{"backspace from the last column", 5, 2, "abcde\bX", []string{"abcXe"}},
	{"tab", 20, 2, "a\tb\tc", []string{"a       b       c"}},
	{"tab stops at the last column", 10, 2, "a\tb\tc\td", []string{"a       bc", "d"}},
	{"tab stops set and cleared", 20, 2, "\x1b[3g\x1b[5G\x1bH\r\tx", []string{"    x"}},
	{"back tab", 20, 2, "\tab\x1b[Zc", []string{"        cb"}},
	{"cursor position", 10, 3, "\x1b[2;3Hx\x1b[99;99Hy", []string{"", "  x", "         y"}},
	{"erase to the end of the line", 10, 2, "abcdef\x1b[3G\x1b[K", []string{"ab"}},
	{"erase to the start of the line", 10, 2, "abcdef\x1b[3G\x1b[1K", []string{"   def"}},
	{"erase nothing while a wrap is pending", 5, 2, "abcde\x1b[Kf", []string{"abcde", "f"}},
	{"erase below", 5, 3, "a\r\nb\r\nc\x1b[2;1H\x1b[J", []string{"a"}},
	{"erase above", 5, 3, "a\r\nb\r\nc\x1b[2;1H\x1b[1J", []string{"", "", "c"}},
	{"insert characters", 6, 1, "abcdef\x1b[2G\x1b[2@", []string{"a  bcd"}},
	{"delete characters", 6, 1, "abcdef\x1b[2G\x1b[2P", []string{"adef"}},
	{"erase characters", 6, 1, "abcdef\x1b[2G\x1b[2X", []string{"a  def"}},
	{"insert mode", 6, 1, "abc\r\x1b[4hxy\x1b[4l\x1b[1Gz", []string{"zyabc"}},
	{"insert lines", 3, 4, "a\r\nb\r\nc\x1b[2H\x1b[L", []string{"a", "", "b", "c"}},
	{"delete lines", 3, 4, "a\r\nb\r\nc\x1b[2H\x1b[M", []string{"a", "c"}},
	{"scrolling region", 3, 4, "a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[3H\n\rx", []string{"a", "c", "x", "d"}},
	{"reverse index", 3, 3, "a\r\nb\x1b[H\x1bMx", []string{"x", "a", "b"}},
	{"scroll up and down", 3, 3, "a\r\nb\r\nc\x1b[2S\x1b[T", []string{"", "c"}},
	{"origin mode", 3, 4, "\x1b[2;3r\x1b[?6h\x1b[1;2Hx\x1b[9;1Hy", []string{"", " x", "y"}},
	{"saved cursor", 5, 2, "ab\x1b7\x1b[2;4H\x1b8c", []string{"abc"}},
	{"repeat", 9, 1, "ab\x1b[3bc", []string{"abbbbc"}},
	{"repeat needs a character just before", 9, 1, "ab\x1b[m\x1b[3bc", []string{"abc"}},
	{"line drawing", 9, 1, "\x1b(0lqk\x1b(Blqk", []string{"┌─┐lqk"}},
	{"line drawing by shift", 9, 1, "\x1b)0\x0elqk\x0flqk", []string{"┌─┐lqk"}},
	{"alternate page", 5, 2, "ab\x1b[?1049hxy\x1b[?1049lc", []string{"abc"}},
	{"alternate page shown", 5, 2, "ab\x1b[?1049hxy", []string{"  xy"}},
	{"wide", 6, 2, "a日本x語", []string{"a日本x", "語"}},
	{"left half overwritten", 6, 1, "日本\rx", []string{"x 本"}},
	{"right half overwritten", 6, 1, "日本\x1b[2Gx", []string{" x本"}},
	{"half deleted", 6, 1, "日本x\x1b[2G\x1b[P", []string{" 本x"}},
	{"half pushed off the end", 4, 1, "a日b\r\x1b[2@", []string{"  a"}},
	{"no room for a wide one", 1, 2, "日a", []string{"a"}},
	{"combining", 6, 1, "e\u0301x\b\bo", []string{"ox"}},
	{"combining kept", 6, 1, "e\u0301x\u0308\u0304", []string{"e\u0301x\u0308\u0304"}},
	{"combining moves with its character", 6, 1, "e\u0301\r\x1b[2@", []string{"  e\u0301"}},
	{"combining at the beginning is lost", 6, 1, "\u0301x", []string{"x"}},
	{"not UTF-8", 6, 1, "a\xffb\xe2\x82c", []string{"a\ufffdb\ufffd\ufffdc"}},
	{"C1 is not printed", 6, 1, "a\u0085\u009bb", []string{"ab"}},
	{"command swallowed", 20, 1, "a\x1b]0;title\x07b\x1b]2;t\x1b\\c\x1bPq...\x1b\\d\x1b_x\x1b\\e\x1bktmux\x1b\\f", []string{"abcdef"}},
	{"string ended by CAN", 6, 1, "a\x1b]0;t\x18b", []string{"ab"}},
	{"string ended by a sequence", 6, 1, "a\x1b]0;t\x1b[2Cb", []string{"a  b"}},
	{"sequence cancelled", 6, 1, "a\x1b[3\x18b\x1b[3\x1b[Cc", []string{"ab c"}},
	{"controls within a sequence", 6, 2, "a\x1b[\n2\rCb", []string{"a", "  b"}},
	{"unknown sequences", 9, 1, "a\x1b[>4;2mb\x1b[?u\x1b[=1uc\x1b[1 qd\x1b%Ge\x1b=f", []string{"abcdef"}},
	{"more parameters than there are", 6, 1, "a\x1b[" + strings.Repeat("1;", 40) + "Cb", []string{"ab"}},
	{"huge counts", 6, 2, "a\x1b[99999999999999999999Cb\x1b[99999999Lc\x1b[99999999999@", []string{"", "c"}},
	{"alignment test", 3, 2, "\x1b#8", []string{"EEE", "EEE"}},
	{"reset", 5, 2, "\x1b[?1049habc\x1bcx", []string{"x"}},
	{"soft reset", 5, 3, "\x1b[2;3r\x1b[4hab\x1b[!p\r\n\n\nc", []string{"", "", "c"}},
}

func TestScreen(t *testing.T) {
	for _, c := range screenCases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, shown(c.cols, c.rows, c.in)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", c.in, diff)
			}
		})
	}
}

func TestScreenText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "one\r\ntwo\r\n", "one\ntwo\n"},
		{"colours do not part", "a\x1b[1mb\x1b[38;5;3mc\x1b]0;t\x07d\x1b[Ke", "abcde"},
		{"soft wrap does not part", strings.Repeat("x", 30), strings.Repeat("x", 30)},
		{"carriage return parts", "one\rtwo", "one\rtwo"},
		{"carriage return behind a line feed", "one\n\rtwo", "one\ntwo"},
		{"several returns", "one\r\r\r\ntwo\r\r", "one\ntwo"},
		{"any number of moves", "one\x1b[3;4H\b\x1b[Atwo", "one\rtwo"},
		{"a move to where it is", "one\x1b[4Gtwo\x1b[1;7Hthree", "onetwothree"},
		{"a move behind a line feed", "one\n\x1b[7Gtwo", "one\n\rtwo"},
		{"tab", "one\ttwo", "one\ttwo"},
		{"backspace", "one\btwo", "one\rtwo"},
		{"index and next line", "one\x1bDtwo\x1bEthree", "one\ntwo\nthree"},
		{"reverse index", "one\x1bMtwo", "one\rtwo"},
		{"lines deleted", "one\x1b[Mtwo", "one\rtwo"},
		{"alternate page", "one\x1b[?1049htwo\x1b[?1049lthree", "one\rtwo\rthree"},
		{"line drawing", "\x1b(0qx\x1b(B", "─│"},
		{"combining", "e\u0301", "e\u0301"},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
		{"more than the buffer holds", "a\r" + strings.Repeat("xy", 5000), "a\r" + strings.Repeat("xy", 5000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, chunk := range []int{1, 7, 1 << 20} {
				var got strings.Builder
				s := New(20, 4, Hooks{Text: func(b []byte) { got.Write(b) }})
				writeChunks(s, []byte(c.in), chunk)
				if got.String() != c.want {
					t.Errorf("in chunks of %d: got %q, want %q", chunk, got.String(), c.want)
				}
			}
		})
	}
}

func writeChunks(s *Screen, b []byte, size int) {
	for len(b) > 0 {
		n := min(size, len(b))
		_, _ = s.Write(b[:n])
		b = b[n:]
	}
}

// Hooks are called in the order of the stream, and an epoch that one of them sets
// holds from its place on.
func TestScreenOrder(t *testing.T) {
	in := "abc\x1b]133;C\x07def\x1b[6n\r\nghi\x1b]1;x\x1b\\jk"
	want := `T"abc" O"133;C" T"def" R"\x1b[1;7R" T"\nghi" O"1;x" T"jk"`
	for _, chunk := range []int{1, 7, 1 << 20} {
		var log []string
		text := ""
		var s *Screen
		other := func(kind string, b []byte) {
			if text != "" {
				log = append(log, fmt.Sprintf("T%q", text))
			}
			text = ""
			if kind != "" {
				log = append(log, fmt.Sprintf("%s%q", kind, b))
			}
		}
		s = New(20, 3, Hooks{
			Text:  func(b []byte) { text += string(b) },
			OSC:   func(b []byte) { other("O", b); s.SetEpoch(s.epoch + 1) },
			Reply: func(b []byte) { other("R", b) },
		})
		writeChunks(s, []byte(in), chunk)
		other("", nil)
		if got := strings.Join(log, " "); got != want {
			t.Errorf("in chunks of %d:\n got %s\nwant %s", chunk, got, want)
		}
		var epochs []uint32
		for y := range 2 {
			for _, c := range s.Row(y).Cells()[:7] {
				epochs = append(epochs, c.Epoch)
			}
		}
		if diff := cmp.Diff([]uint32{0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 2, 2, 0, 0}, epochs); diff != "" {
			t.Errorf("epochs in chunks of %d (-want +got):\n%s", chunk, diff)
		}
	}
}

func TestScreenReplies(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"status", "\x1b[5n", "\x1b[0n"},
		{"cursor", "ab\x1b[6n", "\x1b[1;3R"},
		{"cursor with a wrap pending", "\x1b[1;20Hx\x1b[6n", "\x1b[1;20R"},
		{"cursor in the origin mode", "\x1b[2;3r\x1b[?6h\x1b[6n", "\x1b[1;1R"},
		{"extended cursor", "\x1b[?6n", "\x1b[?1;1R"},
		{"primary attributes", "\x1b[c\x1b[0c\x1bZ", "\x1b[?62;22c\x1b[?62;22c\x1b[?62;22c"},
		{"secondary attributes", "\x1b[>c", "\x1b[>1;10;0c"},
		{"a response is no query", "\x1b[?62;22c", ""},
		{"version", "\x1b[>q", ""},
		{
			"modes", "\x1b[?2004h\x1b[?2004$p\x1b[?7$p\x1b[?1$p\x1b[?9999$p\x1b[4$p",
			"\x1b[?2004;1$y\x1b[?7;1$y\x1b[?1;2$y\x1b[?9999;0$y\x1b[4;2$y",
		},
		{"alternate page", "\x1b[?1049$p\x1b[?1049h\x1b[?1049$p", "\x1b[?1049;2$y\x1b[?1049;1$y"},
		{"size", "\x1b[18t", "\x1b[8;3;20t"},
		{"nothing else", "\x1b]11;?\x07\x1b]52;c;?\x07\x1b[>4;2m\x1bP$qm\x1b\\\x1b[21t", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got string
			s := New(20, 3, Hooks{Reply: func(b []byte) { got += string(b) }})
			_, _ = s.Write([]byte(c.in))
			if got != c.want {
				t.Errorf("%q: got %q, want %q", c.in, got, c.want)
			}
			_, _ = New(20, 3, Hooks{}).Write([]byte(c.in)) // with nobody to reply
		})
	}
}
