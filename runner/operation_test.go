package runner

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOperations says what each directive does before anything runs.
func TestOperations(t *testing.T) {
	p, err := Compile(load(t, "d.md", map[string]string{"d.md": chapter("D",
		"```bash\necho a\n\techo b\n```\n<!--\n```wait a```\n```longwait b```\n```key ^C```\n```keys é x```\n```key Up```\n```check```\n-->")}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range p.Sessions[0].Exercises[0].Steps {
		got = append(got, fmt.Sprintf("%s %s %q %v %v", s.Directive, s.Kind(), s.Sends(), s.Condition(), s.Limit(Limits{})))
	}
	want := []string{
		`bash type "echo a\r\techo b\r"  2m0s`,
		`wait wait "" "a" appears 1m0s`,
		`longwait wait "" "b" appears 10m0s`,
		`key press "\x03"  2m0s`,
		`keys press "é x"  2m0s`,
		`key press "\x1b[A"  2m0s`,
		`check judge ""  2m0s`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
