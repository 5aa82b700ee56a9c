package runner

import "testing"

func TestLookalike(t *testing.T) {
	tests := []struct{ want, line, say string }{
		{"a b", "a b", ""},
		{"a b", "a c", ""},
		{"", "a", ""},
		{"é", "e\u0301", ""},
		{"a b", "x a\u00a0b", "U+00A0 NO-BREAK SPACE at column 4, where U+0020 SPACE is expected"},
		{"a\u00a0b", "a b", "U+0020 SPACE at column 2, where U+00A0 NO-BREAK SPACE is expected"},
		{"ab", "xa\u200bb", "U+200B ZERO WIDTH SPACE at column 3, where U+0062 'b' is expected"},
		{"a\u200bb", "ab", "U+0062 'b' at column 2, where U+200B ZERO WIDTH SPACE is expected"},
		{"ab\u200b", "ab", "nothing at column 3, where U+200B ZERO WIDTH SPACE is expected"},
		{"it's", "it’s", "U+2019 RIGHT SINGLE QUOTATION MARK at column 3, where U+0027 APOSTROPHE is expected"},
		{"1-2", "1–2", "U+2013 EN DASH at column 2, where U+002D HYPHEN-MINUS is expected"},
		{"file", "ﬁle", "U+FB01 'ﬁ' at column 1, where U+0066 'f' is expected"},
		{"READY", "RЕADY", "U+0415 'Е' at column 2, where U+0045 'E' is expected"},
		{"\u200ba", "x a", "U+0061 'a' at column 3, where U+200B ZERO WIDTH SPACE is expected"},
	}
	for _, tt := range tests {
		if got := lookalike(tt.want, tt.line); got != tt.say {
			t.Errorf("%+q in %+q: %q, want %q", tt.want, tt.line, got, tt.say)
		}
	}
	if a, b := len([]rune(otherLetters)), len(latinLetters); a != b {
		t.Errorf("%d letters look like %d", a, b)
	}
}
