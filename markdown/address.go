package markdown

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"workshop/markdown/lazy"
)

// Address is an address of a page of the web that a text holds without the marks of a link.
type Address struct {
	From, To int    // its place in the text
	URL      string // where it leads
}

// addressIn matches an address and what stands right behind it. A bare host needs a domain of letters, as for GitHub.
var addressIn = lazy.Regexp("https?://[^\\s<>\"'`\\[\\]{}]+|www\\.[-\\pL\\pN.]*\\.[a-z]{2,}(?:[:/?#][^\\s<>\"'`\\[\\]{}]*)?")

// Addresses finds the addresses in a text, such as https://example.org/a and www.example.org. The punctuation behind one
// and a parenthesis that was opened before it do not belong to it.
func Addresses(text string) []Address {
	var all []Address
	for at := 0; at < len(text); {
		if !strings.Contains(text[at:], "://") && !strings.Contains(text[at:], "www.") {
			break
		}
		found := addressIn().FindStringIndex(text[at:])
		if found == nil {
			break
		}
		from, to := at+found[0], at+found[1]
		address := ended(text[from:to])
		url := address
		if strings.HasPrefix(address, "www.") {
			before, _ := utf8.DecodeLastRuneInString(text[:from])
			behind, _ := utf8.DecodeRuneInString(text[to:])
			if inName(before) || before == '.' || before == '/' || inName(behind) {
				at = from + len("www.")
				continue
			}
			url = "http://" + address
		}
		at = from + len(address)
		if _, host, ok := strings.Cut(url, "://"); ok && host != "" {
			all = append(all, Address{from, at, url})
		} else {
			at = to
		}
	}
	return all
}

// inName reports whether a character may be a part of a host's name or of a mail address, so that it is one with what is
// beside it.
func inName(c rune) bool {
	return c == '-' || c == '_' || c == '@' || unicode.IsLetter(c) || unicode.IsDigit(c)
}

// ended is an address without what does not belong to it.
func ended(address string) string {
	open := strings.Count(address, "(") - strings.Count(address, ")")
	for address != "" {
		switch last := address[len(address)-1]; {
		case strings.IndexByte(".,:;!?*_~", last) >= 0:
		case last == ')' && open < 0:
			open++
		default:
			return address
		}
		address = address[:len(address)-1]
	}
	return address
}
