package cli

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// neighbour is a sort of exercise behind which something is typed that an interrupt which
// is still on its way would damage.
type neighbour struct {
	name   string
	expect string   // verdict and text of the exercise itself; "" if it goes on with the neighbour
	steps  []string // %d is its number
}

var neighbourSorts = []neighbour{
	{"failed reject", `failed "appeared"`, []string{"bash echo er''ror%d", "reject error%d"}},
	{"unmet wait", `failed "did not appear"`, []string{"bash : %d", "wait never", "timeout 50ms"}},
	{"unmet wait of what runs", `failed "did not appear"`, []string{"bash sleep 1000 %d", "wait never", "timeout 50ms"}},
	{"limit of a snippet", `failed "50ms"`, []string{"bash sleep 1000 %d", "timeout 50ms"}},
	{"until in vain", `failed "did not appear"`, []string{"bash : %d", "until never", "timeout 50ms"}},
	{"copy in vain", `failed "not on the screen"`, []string{"bash : %d", "copy never", "timeout 50ms"}},
	{"other output", `failed "not as expected"`, []string{"bash echo %d", "output never"}},
	{"other status", `failed "status 37"`, []string{"bash (exit 37)"}},
	{"met wait and ^C", "", []string{"bash echo to''k%d", "wait tok%d", "key ^C"}},
	{"interrupted command", "", []string{"bash sleep 1000 %d", "key ^C"}},
	{"^C at the prompt", `passed`, []string{"bash : %d", "key ^C"}},
}

// behind are the neighbours themselves: one that must pass for four that must not, or
// that must not run at all.
var behind = []struct {
	expect string
	steps  []string
}{
	{`failed "status 1"`, []string{"bash ! true"}},
	{"passed", []string{"bash #touch eaten%d", "bash true"}},
	{`failed "status 1"`, []string{"bash ! true # %d"}},
	{`failed "status 1"`, []string{"bash false"}},
	{`failed "status 38"`, []string{"bash #true %d\n(exit 38)"}},
}

// writeExercise writes an exercise of steps, `DIRECTIVE DATA`, in which %d is its number.
func writeExercise(b *strings.Builder, expect string, number int, steps ...[]string) {
	fmt.Fprintf(b, "\n## %d\n\n<!-- expect: %s | a neighbour -->\n.exercise[\n", number, expect)
	for _, list := range steps {
		for _, step := range list {
			word, data, _ := strings.Cut(strings.ReplaceAll(step, "%d", strconv.Itoa(number)), " ")
			fmt.Fprintf(b, "```%s\n%s\n```\n", word, data)
		}
	}
	b.WriteString("]\n\n---\n")
}

// deck makes n pairs of exercises in one session. Numbers are those of the pairs.
func (s neighbour) deck(n int) string {
	var b strings.Builder
	for i := range n {
		next := behind[i%len(behind)]
		if s.expect != "" {
			writeExercise(&b, s.expect, i, s.steps)
			writeExercise(&b, next.expect, i, next.steps)
		} else {
			writeExercise(&b, next.expect, i, s.steps, next.steps)
		}
	}
	writeExercise(&b, "passed", n, []string{"bash ! ls | grep eaten"})
	return b.String()
}

// decks are n pairs, at the most each of them in one session.
func (s neighbour) decks(t *testing.T, n, each int) (decks []*verdictDeck) {
	t.Helper()
	for from := 0; from < n; from += each {
		d, err := parseVerdictDeck(fmt.Sprintf("%s, from %d", s.name, from), s.deck(min(each, n-from)))
		if err != nil {
			t.Fatal(err)
		}
		decks = append(decks, d)
	}
	return decks
}

// TestNeighbours types commands right behind exercises that leave an interrupt: nothing
// of them is lost, and nothing is typed twice.
func TestNeighbours(t *testing.T) {
	skipTable(t)
	t.Parallel()
	n := 200
	if testing.Short() {
		n = 20
	}
	var decks []*verdictDeck
	for _, s := range neighbourSorts {
		decks = append(decks, s.decks(t, n, 25)...)
	}
	checkDecks(t, decks)
}
