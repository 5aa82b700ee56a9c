package cli

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"workshop/markdown"
)

// inQuarantine is a deck of some exercises, the first of which are in quarantine until a day.
func inQuarantine(t *testing.T, exercises, held int, day string) *source {
	t.Helper()
	var deck, list strings.Builder
	deck.WriteString("# Deck\n")
	list.WriteString("quarantine:\n")
	for i := range exercises {
		fmt.Fprintf(&deck, "\n---\n\n## Number %d\n\n.exercise[\n```bash\ntrue\n```\n]\n", i)
		if i < held {
			fmt.Fprintf(&list, "- {exercise: deck/number-%d, owner: ann, reason: late, expires: %s}\n", i, day)
		}
	}
	fsys := fstest.MapFS{
		"workshop.yml": {Data: []byte("content: [deck.md]\n")}, "deck.md": {Data: []byte(deck.String())},
		markdown.QuarantineFile: {Data: []byte(list.String())},
	}
	src, err := loadDeck(fsys, "", "workshop.yml", markdown.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// TestQuarantineEnds checks an entry around its last day: it warns for two weeks, counts to the end of
// that day in UTC, and then no more.
func TestQuarantineEnds(t *testing.T) {
	for now, want := range map[string]struct{ note, held string }{
		"2026-12-17T23:59:59Z":      {"", "held"},
		"2026-12-18T00:00:00Z":      {"ends on 2026-12-31: then it counts again (owner: ann)", "held"},
		"2026-12-31T23:59:59Z":      {"ends on 2026-12-31", "held"},
		"2027-01-01T00:30:00+01:00": {"ends on 2026-12-31", "held"},
		"2027-01-01T00:00:00Z":      {"ended on 2026-12-31: it counts again (owner: ann)", ""},
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		src := inQuarantine(t, 3, 1, "2026-12-31")
		var q quarantine
		if errs := q.load(src, at); errs.Err() != nil {
			t.Fatal(errs)
		}
		held := q.entries[src.deck]["deck/number-0"] != nil
		notes := strings.Join(q.notes, "\n")
		if held != (want.held != "") || !strings.Contains(notes, want.note) || (want.note == "") != (notes == "") {
			t.Errorf("at %s: held: %v, notes %q", now, held, notes)
		}
		if want.note != "" && !strings.HasPrefix(notes, "quarantine.yml:2:64: the quarantine of deck/number-0 ") {
			t.Errorf("at %s the place is missing: %q", now, notes)
		}
	}
}

// TestQuarantineShare checks how much of a deck may be in quarantine. What is over does not count.
func TestQuarantineShare(t *testing.T) {
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		exercises, held int
		day, want       string
	}{
		{1, 1, "2027-01-31", ""},
		{39, 1, "2027-01-31", ""},
		{39, 2, "2027-01-31", "quarantine.yml:3:14: more than 5 % of the deck's 39 exercises are in quarantine: at most 1 may be"},
		{40, 2, "2027-01-31", ""},
		{40, 3, "2027-01-31", "quarantine.yml:4:14: more than 5 % of the deck's 40 exercises are in quarantine: at most 2 may be"},
		{40, 3, "2026-11-30", ""},
	} {
		var q quarantine
		errs := q.load(inQuarantine(t, test.exercises, test.held, test.day), now)
		if got := errs.Error(); test.want == "" && got != "" || !strings.HasPrefix(got, test.want) {
			t.Errorf("%d of %d until %s: %q, want %q", test.held, test.exercises, test.day, got, test.want)
		}
	}
}
