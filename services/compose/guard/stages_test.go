package guard

import (
	"strings"
	"testing"
)

func TestAfterFrom(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{
			"stages", "ARG A=1\nFROM a AS b\nRUN x\n\n from scratch\nCOPY --from=b x y",
			"ARG A=1\nFROM a AS b\nMARK\nRUN x\n\n from scratch\nMARK\nCOPY --from=b x y",
		},
		{"no newline at the end", "FROM a", "FROM a\nMARK\n"},
		{"a continued FROM", "FROM \\\n# no\n\n  a\nRUN x\n", "FROM \\\n# no\n\n  a\nMARK\nRUN x\n"},
		{"no FROM, but in a RUN", "FROM a\nRUN x \\\n# no\nFROM b\n#FROM c\n", "FROM a\nMARK\nRUN x \\\n# no\nFROM b\n#FROM c\n"},
		{
			"another escape", "# syntax=x\n# escape=`\nFROM `\na\nRUN c:\\\nFROM b\n",
			"# syntax=x\n# escape=`\nFROM `\na\nMARK\nRUN c:\\\nFROM b\nMARK\n",
		},
		{"no directive", "FROM a\n# escape=`\nRUN x `\nFROM b\r\n", "FROM a\nMARK\n# escape=`\nRUN x `\nFROM b\r\nMARK\n"},
		{"a byte order mark", "\ufeffFROM a\n", "\ufeffFROM a\nMARK\n"},
		{"nothing", "", ""},
	} {
		if got := afterFrom(tt.src, "MARK"); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	src := strings.Repeat("RUN x \\\n", 10)
	if got := afterFrom(src, "MARK"); got != src {
		t.Errorf("without FROM: %q", got)
	}
}
