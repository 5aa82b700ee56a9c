package runner

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOperations compares the operation of each directive with its description.
func TestOperations(t *testing.T) {
	p, err := Compile(load(t, "d.md", map[string]string{"d.md": chapter("D",
		"```bash\necho a\n\techo b\n```\n<!--\n```wait a```\n```longwait /b+/```\n```key ^C```\n```keys é x```\n```key Up```\n```check```\n-->",
		"```bash\ntrue\n```\n<!--\n```timeout 7s```\n```reject oops```\n```status 3```\n```timeout 8s```\n-->",
		"```bash\ntrue\n```\n<!--\n```until up```\n```status any```\n-->",
		"```bash\nls\n```\n<!--\n```figure n lines```\n```figure took /in (\\d+)/ ms```\n```figure up rate /(\\d+)/ every "+
			"1s```\n```claim n < 3```\n```claim took < duration```\n-->")}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range p.Sessions[0].Exercises {
		for _, s := range e.Steps {
			got = append(got, fmt.Sprintf("%s: %s %q, %v, %v", s.Directive, s.Kind(), s.Sends(), s.Condition(), s.Limit(Limits{})))
		}
	}
	want := []string{
		`bash: type "echo a\r\techo b\r", each line before the last ends with status 0, ` +
			`should the command end by itself, then with status 0, 2m0s`,
		`wait: wait "", "a" appears, 1m0s`,
		`longwait: wait "", /b+/ appears, 10m0s`,
		`key: press "\x03", , 2m0s`,
		`keys: press "é x", , 2m0s`,
		`key: press "\x1b[A", , 2m0s`,
		`check: judge "", the command ends with status 0, 2m0s`,
		`bash: type "true\r", the command ends with status 3, 7s`,
		`timeout: alter "", , 0s`,
		`reject: alter "", "oops" does not appear, 0s`,
		`status: judge "", the command ends with status 3, 8s`,
		`timeout: alter "", , 0s`,
		`bash: type "true\r", should the command end by itself, then with any status, 2m0s`,
		`until: wait "", "up" appears, 1m0s`,
		`status: judge "", the command ends with any status, 2m0s`,
		`bash: type "ls\r", the command ends with status 0, 2m0s`,
		`figure: judge "", the command ends with status 0, n is lines, 2m0s`,
		`figure: judge "", the command ends with status 0, took is /in (\d+)/ ms, 2m0s`,
		`figure: wait "", up is the rate of /(\d+)/, sampled every 1s, 1m0s`,
		`claim: claim "", n < 3 holds, 2m0s`,
		`claim: claim "", the command ends with status 0, took < duration holds, 2m0s`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
