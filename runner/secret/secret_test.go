package secret

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

const canary = `c4n4ry/"S3cr&t' <k€y>\+~`

// encodings are the forms in which a program may print the canary, made by other means than the
// masker's.
func encodings(t testing.TB) map[string]string {
	t.Helper()
	coloured := ""
	for i, r := range canary {
		if i%3 == 0 {
			coloured += "\x1b[3" + string('0'+rune(i%8)) + "m"
		}
		coloured += string(r)
	}
	quoted, err := json.Marshal(canary)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{
		"plain": canary, "coloured": coloured, "hex": hex.EncodeToString([]byte(canary)),
		"HEX":   strings.ToUpper(hex.EncodeToString([]byte(canary))),
		"query": url.QueryEscape(canary), "path": url.PathEscape(canary), "JSON": string(quoted[1 : len(quoted)-1]),
		"quoted": `c4n4ry/"S3cr&t'\'' <k€y>\+~`, "escaped": `c4n4ry/\"S3cr\&t\'\ \<k€y\>\\+~`,
		"wrapped": canary[:9] + "\r\n" + canary[9:],
	}
	for name, enc := range map[string]*base64.Encoding{"std": base64.StdEncoding, "url": base64.URLEncoding} {
		for i, before := range []string{"", "x", "xy"} {
			text := enc.EncodeToString([]byte(before + canary + "zzz"))
			all[name+string('0'+rune(i))] = text[(len(before)*8+5)/6 : len(before+canary)*8/6]
		}
	}
	return all
}

// remains is the longest part of a form that a text still shows, in bytes.
func remains(form, text string) int {
	for n := len(form); n > 0; n-- {
		for i := 0; i+n <= len(form); i++ {
			if strings.Contains(text, form[i:i+n]) {
				return n
			}
		}
	}
	return 0
}

// TestEverySplit splits each form at every byte. Of none more than two characters of the secret
// remain; the text around it stays.
func TestEverySplit(t *testing.T) {
	m, err := New(canary)
	if err != nil {
		t.Fatal(err)
	}
	for name, form := range encodings(t) {
		text := "before\r\n" + form + "\x1b[0m after"
		for i := range len(text) + 1 {
			s := m.Stream()
			got := string(s.Write([]byte(text[:i]))) + string(s.Write([]byte(text[i:]))) + string(s.Flush())
			if !strings.HasPrefix(got, "before\r\n") || !strings.HasSuffix(got, "\x1b[0m after") || !strings.Contains(got, "***") {
				t.Fatalf("%s, split at %d: %q", name, i, got)
			}
			if n := remains(form, strings.TrimSuffix(strings.TrimPrefix(got, "before\r\n"), "\x1b[0m after")); n > 5 && name != "coloured" {
				t.Fatalf("%s, split at %d: %d bytes remain in %q", name, i, n, got)
			}
		}
		s, got := m.Stream(), ""
		for i := range len(text) {
			got += string(s.Write([]byte{text[i]}))
			if len(s.held) > len(text)/2+len(form) {
				t.Errorf("%s: %d bytes are held back", name, len(s.held))
			}
		}
		if got += string(s.Flush()); !strings.HasPrefix(got, "before\r\n") || !strings.Contains(got, "**") ||
			!strings.HasSuffix(got, "\x1b[0m after") {
			t.Errorf("%s byte by byte: %q", name, got)
		}
		if got := m.Text(text); !strings.HasPrefix(got, "before\r\n") || !strings.Contains(got, "***") ||
			!strings.HasSuffix(got, "\x1b[0m after") {
			t.Errorf("%s as a text: %q", name, got)
		}
		if !m.Holds(text) {
			t.Errorf("%s is not found", name)
		}
	}
}

// TestFlush ends a step within a secret, at every byte: both parts are masked, but for a few
// characters.
func TestFlush(t *testing.T) {
	m, err := New(canary)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(canary) {
		s := m.Stream()
		got := string(s.Write([]byte("a "+canary[:i]))) + string(s.Flush()) + string(s.Write([]byte(canary[i:]+" b"))) + string(s.Flush())
		if !strings.HasPrefix(got, "a ") || !strings.HasSuffix(got, "* b") || remains(canary, got[2:len(got)-2]) > 5 {
			t.Errorf("ended at %d: %q", i, got)
		}
		if got := m.Text("a " + canary[:i]); i >= 6 && got != "a ***" {
			t.Errorf("cut at %d: %q", i, got)
		}
		if got := m.Tail(canary[i:] + " b"); len(canary)-i >= 6 && got != "*** b" {
			t.Errorf("begun at %d: %q", i, got)
		}
	}
}

// TestOthers masks several secrets, one of which begins like another, and keeps other texts.
func TestOthers(t *testing.T) {
	m, err := New("swordfish", "swordfight-20", "first line\nsecond line")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"swordfish": "***", "swordfight-20!": "***!", "a swordfishswordfish b": "a *** b", "sword and fish": "sword and fish",
		"a second line here": "a *** here", "first line\r\nsecond line": "***\r\n", "": "", "sword": "***", "swor": "***", "swo": "swo",
	} {
		if got := m.Text(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	if got := m.Cells("swordfish 20"); got != "********* 20" {
		t.Errorf("cells: %q", got)
	}
	if _, err := New("abc"); err == nil {
		t.Error("three bytes are a secret")
	}
	var none *Masker
	if got := none.Text("swordfish"); got != "swordfish" || none.Holds(got) {
		t.Errorf("without secrets: %q", got)
	}
}

// FuzzStream compares pieces with the whole, and looks for the secret.
func FuzzStream(f *testing.F) {
	m, err := New(canary)
	if err != nil {
		f.Fatal(err)
	}
	for _, form := range encodings(f) {
		f.Add("a"+form+"b", 3, 5)
	}
	f.Fuzz(func(t *testing.T, text string, i, j int) {
		cut := func(i int) int { return min(max(i, 0), len(text)) }
		a, b := min(cut(i), cut(j)), max(cut(i), cut(j))
		s := m.Stream()
		got := string(s.Write([]byte(text[:a]))) + string(s.Write([]byte(text[a:b]))) + string(s.Write([]byte(text[b:]))) + string(s.Flush())
		if m.Holds(got) || strings.Contains(got, canary) {
			t.Errorf("%q shows the secret", got)
		}
		if want := m.Cells(text); got != want {
			t.Errorf("in pieces %q, as a whole %q", got, want)
		}
	})
}

// BenchmarkStream masks output without secrets, in reads of 4 KiB.
func BenchmarkStream(b *testing.B) {
	m, err := New(canary)
	if err != nil {
		b.Fatal(err)
	}
	text := []byte(strings.Repeat("\x1b[32mok\x1b[0m some ordinary line of output with words\r\n", 80))
	b.SetBytes(int64(len(text)))
	for s := m.Stream(); b.Loop(); {
		s.Write(text)
	}
}
