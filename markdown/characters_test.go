package markdown

import "testing"

// TestMisleading checks visible and invisible characters.
func TestMisleading(t *testing.T) {
	const zwj, zwnj = "\u200d", "\u200c"
	tests := []struct{ name, text, want string }{
		{"plain", "a ~\t\n", ""},
		{"marks", "e\u0301 ✔\ufe0f 界", ""},
		{"reported for the file", "\x00\xff", ""},
		{"a control character", "\x7f", "control character"},
		{"an override", "\u202e", "bidirectional control character"},
		{"a zero width space", "a\u200bb", invisible},
		{"a soft hyphen", "a\u00adb", invisible},

		{"a family", "👩" + zwj + "👩" + zwj + "👧" + zwj + "👦", ""},
		{"a job", "👩" + zwj + "💻", ""},
		{"a skin tone", "👩🏽" + zwj + "🚀", ""},
		{"a selector", "❤\ufe0f" + zwj + "🔥", ""},
		{"a flag", "🏳\ufe0f" + zwj + "🌈", ""},
		{"a selector at the end", "🏃🏿" + zwj + "♀\ufe0f" + zwj + "➡\ufe0f", ""},
		{"an arrow", "🙂" + zwj + "↔\ufe0f", ""},
		{"an emoji before a joiner", "👩" + zwj, invisible},
		{"an emoji before a joiner and a letter", "👩" + zwj + "a", invisible},
		{"an emoji behind a joiner", zwj + "👩", invisible},
		{"an emoji behind a joiner and a letter", "a" + zwj + "👩", invisible},
		{"two joiners", "👩" + zwj + zwj + "💻", invisible},
		{"a selector behind a joiner", "👩" + zwj + "\ufe0f", invisible},
		{"a skin tone behind a joiner", "👩" + zwj + "🏽", invisible},
		{"a letter with a selector", "a\ufe0f" + zwj + "👩", invisible},
		{"digits", "1" + zwj + "2", invisible},
		{"a non-joiner between emoji", "👩" + zwnj + "💻", invisible},

		{"Persian", "می" + zwnj + "خواهم", ""},
		{"Persian, a mark before", "بِ" + zwnj + "ه", ""},
		{"Persian, a mark behind", "ب" + zwnj + "\u0650ه", ""},
		{"Arabic, no joining before", "ا" + zwnj + "ب", invisible},
		{"Arabic, no joining behind", "ب" + zwnj + "ء", invisible},
		{"Arabic, the end of a word", "می" + zwnj + " ", invisible},
		{"Arabic, the begin of a word", " " + zwnj + "خ", invisible},
		{"Arabic, two", "می" + zwnj + zwnj + "خ", invisible},
		{"Arabic, a joiner", "ب" + zwj + "ه", invisible},
		{"Syriac", "ܒ" + zwnj + "ܒ", ""},
		{"Malayalam", "ന്" + zwnj + "ന", ""},
		{"Kannada", "ರಾಜ್" + zwnj + "ಕುಮಾರ್", ""},
		{"Devanagari", "क्" + zwnj + "ष", ""},
		{"Devanagari, a nukta", "ड़्" + zwnj + "ष", ""},
		{"Devanagari, no virama", "क" + zwnj + "ष", invisible},
		{"Devanagari, the end of a word", "क्" + zwnj, invisible},
		{"Devanagari, before the virama", "क" + zwnj + "्ष", invisible},
		{"Sinhala", "ශ්" + zwj + "රී", ""},
		{"Sinhala, no virama", "ශ" + zwj + "රී", invisible},
		{"Devanagari, a half form", "क्" + zwj + "ष", ""},
		{"Devanagari, a half form at the end", "क्" + zwj, ""},
		{"Devanagari, a joiner before a vowel sign", "क्" + zwj + "ि", invisible},
		{"a virama by itself", "्" + zwj + "ष", invisible},
		{"a virama on a digit", "1्" + zwj, invisible},
		{"Latin, a joiner", "a" + zwj + "b", invisible},
		{"Latin, a non-joiner", "a" + zwnj + "b", invisible},
		{"a joiner by itself", zwj, invisible},
		{"a joiner in a command", "rm" + zwj + " -rf", invisible},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			for i, r := range tt.text {
				if what := misleading(tt.text, i, r); what != "" {
					got = what
				}
			}
			if got != tt.want {
				t.Errorf("%+q is %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}
