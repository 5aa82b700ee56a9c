package lint

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"workshop/markdown"
)

// Fixes are the edits of the findings, by file. Of overlapping edits it takes the first;
// the others are for the next run.
func (r *Report) Fixes() map[string][]markdown.Edit {
	fixes := map[string][]markdown.Edit{}
	for _, f := range r.Findings {
		for _, e := range f.Fix {
			if e.End != (markdown.Pos{}) && e.Pos.File == e.End.File {
				fixes[e.Pos.File] = append(fixes[e.Pos.File], e)
			}
		}
	}
	for file, edits := range fixes {
		slices.SortStableFunc(edits, func(a, b markdown.Edit) int {
			return cmp.Or(a.Pos.Compare(b.Pos), a.End.Compare(b.End))
		})
		kept := edits[:0]
		for _, e := range edits {
			if len(kept) == 0 || kept[len(kept)-1].End.Compare(e.Pos) <= 0 {
				kept = append(kept, e)
			}
		}
		fixes[file] = kept
	}
	return fixes
}

// Apply makes the edits in the bytes of a file, and keeps its byte order mark and line ends. It
// leaves out edits whose old text is not in its place. The edits must be sorted and must not
// overlap, as those of Fixes.
func Apply(data []byte, edits []markdown.Edit) (fixed []byte, applied int) {
	const mark = "\ufeff"
	at, line, col := 0, 1, 1
	if bytes.HasPrefix(data, []byte(mark)) {
		at = len(mark)
	}
	from := 0
	for _, e := range edits {
		for at < len(data) && (line < e.Pos.Line || line == e.Pos.Line && col < e.Pos.Col) {
			if data[at] == '\n' {
				if line == e.Pos.Line {
					break // the line is shorter
				}
				line, col = line+1, 1
				at++
				continue
			}
			_, n := utf8.DecodeRune(data[at:])
			at += n
			col++
		}
		if line != e.Pos.Line || col != e.Pos.Col || !bytes.HasPrefix(data[at:], []byte(e.Old)) || strings.Contains(e.Old, "\n") {
			continue
		}
		fixed = append(append(fixed, data[from:at]...), e.New...)
		from = at + len(e.Old)
		applied++
	}
	return append(fixed, data[from:]...), applied
}

// Diff shows the lines that differ between two versions of a file, in the unified
// format. Lines are replaced only, never added or removed.
func Diff(name string, before, after []byte) string {
	a, b := strings.SplitAfter(string(before), "\n"), strings.SplitAfter(string(after), "\n")
	var out strings.Builder
	out.WriteString("--- " + plain(name) + "\n+++ " + plain(name) + "\n")
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] == b[i] {
			continue
		}
		n := 1
		for i+n < len(a) && i+n < len(b) && a[i+n] != b[i+n] {
			n++
		}
		hunk(&out, i+1, a[i:i+n], b[i:i+n])
		i += n
	}
	return out.String()
}

func hunk(out *strings.Builder, line int, a, b []string) {
	fmt.Fprintf(out, "@@ -%d,%d +%d,%d @@\n", line, len(a), line, len(b))
	for _, side := range []struct {
		sign  string
		lines []string
	}{{"-", a}, {"+", b}} {
		for _, l := range side.lines {
			text, ended := strings.CutSuffix(l, "\n")
			out.WriteString(side.sign + text + "\n")
			if !ended {
				out.WriteString("\\ No newline at end of file\n")
			}
		}
	}
}
