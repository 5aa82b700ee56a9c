package terminal

import "strings"

// Caret shows bytes exactly: control bytes as ^@ to ^_ and ^?, a caret as \^, the
// backslashes right before one of these doubled.
func Caret(s string) string {
	var b strings.Builder
	backslashes := 0
	for i := range len(s) {
		c := s[i]
		if control := c < ' ' || c == 0x7f; control || c == '^' {
			for range backslashes {
				b.WriteByte('\\')
			}
			if control {
				b.Write([]byte{'^', c ^ 0x40})
			} else {
				b.WriteString(`\^`)
			}
			backslashes = 0
			continue
		}
		if c == '\\' {
			backslashes++
		} else {
			backslashes = 0
		}
		b.WriteByte(c)
	}
	return b.String()
}
