package secret

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
)

// leastLine is the least length of a line of a secret that is masked by itself, in bytes.
const leastLine = 8

// forms are the texts that hold a value: the value, each long line of it, and its encodings,
// without ends of lines.
func forms(value string) []string {
	var all []string
	add := func(f string) {
		if f = strings.NewReplacer("\r", "", "\n", "").Replace(f); len(f) >= Least {
			all = append(all, f)
		}
	}
	trimmed := strings.TrimRight(value, "\r\n")
	add(trimmed)
	if strings.Contains(trimmed, "\n") {
		for line := range strings.Lines(trimmed) {
			if line = strings.TrimSpace(line); len(line) >= leastLine {
				add(line)
			}
		}
	}
	for _, f := range base64Forms(trimmed) {
		add(f)
	}
	add(hex.EncodeToString([]byte(trimmed)))
	add(strings.ToUpper(hex.EncodeToString([]byte(trimmed))))
	for _, f := range []string{
		url.QueryEscape(trimmed), url.PathEscape(trimmed), percent(trimmed, "-._~"), percent(trimmed, "-._~/"), percent(trimmed, "-._~!'()*"),
	} {
		add(f)
		add(lowerPercent(f))
	}
	for _, f := range jsonForms(trimmed) {
		add(f)
	}
	add(strings.ReplaceAll(trimmed, "'", `'\''`))
	add(strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(trimmed))
	add(backslashed(trimmed))
	add(html.EscapeString(trimmed))
	return all
}

// base64Forms are the characters that depend on nothing but the value, at each of the three places
// that its first byte can have in a longer text.
func base64Forms(value string) (all []string) {
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			text := enc.EncodeToString([]byte(strings.Repeat("\x00", before) + value))
			from, to := (before*8+5)/6, (before+len(value))*8/6
			all = append(all, text[min(from, to):to])
		}
	}
	return all
}

// percent is a text in which all bytes but letters, digits and some others are written as %XX.
func percent(text, but string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if alphanumeric(c) || strings.IndexByte(but, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// lowerPercent writes %xx for %XX.
func lowerPercent(text string) string {
	b := []byte(text)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i:i+3], strings.ToLower(string(b[i:i+3])))
			i += 2
		}
	}
	return string(b)
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// jsonForms are the contents of JSON strings: as it is, with <, > and & escaped, with / escaped, and
// in ASCII.
func jsonForms(value string) []string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(value) // a string has no error
	plain := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
	escaped, _ := json.Marshal(value)
	var ascii strings.Builder
	for _, r := range plain {
		switch {
		case r < 0x80:
			ascii.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&ascii, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&ascii, `\u%04x`, r)
		}
	}
	return []string{plain, string(escaped[1 : len(escaped)-1]), strings.ReplaceAll(plain, "/", `\/`), ascii.String()}
}

// backslashed is a text as the shell quotes it for input by %q: a backslash before each character
// with a meaning.
func backslashed(text string) string {
	var b strings.Builder
	for i, c := range []byte(text) {
		plain := alphanumeric(c) || c >= 0x80 || strings.IndexByte("_-./:=@%+", c) >= 0 || i > 0 && (c == '~' || c == '#')
		if !plain {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}
