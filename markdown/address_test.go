package markdown

import (
	"strings"
	"testing"
)

// TestAddressesInText finds what GitHub makes a link of, and nothing else.
func TestAddressesInText(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "",
		"see www.example.org.":                 "www.example.org>http://www.example.org",
		"(www.example.org/a_(b)?q=1), and":     "www.example.org/a_(b)?q=1>http://www.example.org/a_(b)?q=1",
		"**www.example.org:8000**":             "www.example.org:8000>http://www.example.org:8000",
		"www.example.org/~me/":                 "www.example.org/~me/>http://www.example.org/~me/",
		"https://www.example.org/x!":           "https://www.example.org/x>https://www.example.org/x",
		"http://a/b. https://c:1/d":            "http://a/b>http://a/b https://c:1/d>https://c:1/d",
		"\"http://a.org/\"":                    "http://a.org/>http://a.org/",
		"on http://a.org/x(1) or (http://b/2)": "http://a.org/x(1)>http://a.org/x(1) http://b/2>http://b/2",
		"www.example":                          "",
		"www. and www.":                        "",
		"the www.example.4":                    "",
		"awww.example.org me@www.example.org":  "",
		"file://www.example.org":               "",
		"my-www.example.org x.www.example.org": "",
		"www.example.orgß":                     "",
		"http:// https://. x":                  "",
		"www.$DOMAIN.org":                      "",
	} {
		var got []string
		for _, a := range Addresses(text) {
			got = append(got, text[a.From:a.To]+">"+a.URL)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// FuzzAddresses finds places within the text, one behind the other, and ends.
func FuzzAddresses(f *testing.F) {
	f.Add("www.example.org https://x http://).")
	f.Add(strings.Repeat("www.a.b", 100))
	f.Fuzz(func(t *testing.T, text string) {
		at := 0
		for _, a := range Addresses(text) {
			if a.From < at || a.To <= a.From || a.To > len(text) || !strings.HasSuffix(a.URL, text[a.From:a.To]) {
				t.Fatalf("%q: %+v behind %d", text, a, at)
			}
			at = a.To
		}
	})
}
