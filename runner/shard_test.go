package runner

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"workshop/markdown"
)

// randomDeck is a deck of chapters with exercises without steps; some have needs, some a session of
// their own.
func randomDeck(r *rand.Rand, name string) *markdown.Deck {
	d := &markdown.Deck{Name: name, Session: markdown.SessionDeck}
	if r.IntN(2) == 0 {
		d.Session = markdown.SessionChapter
	}
	for i := range 1 + r.IntN(12) {
		c := &markdown.Chapter{Name: fmt.Sprintf("c%d", i)}
		for _, earlier := range d.Chapters {
			if r.IntN(3) == 0 {
				c.Needs = append(c.Needs, earlier.Name)
			}
		}
		if r.IntN(6) == 0 {
			c.Session = markdown.SessionChapter
		}
		slide := &markdown.Slide{}
		for j := range r.IntN(4) {
			slide.Exercises = append(slide.Exercises, &markdown.Exercise{
				ID:    fmt.Sprintf("%s/e%d", c.Name, j),
				Steps: []*markdown.Step{{Directive: "bash", Text: fmt.Sprintf("echo %d", r.IntN(9))}},
			})
		}
		c.Slides = []*markdown.Slide{slide}
		d.Chapters = append(d.Chapters, c)
	}
	return d
}

// own are the exercises of a plan that do not run as set-up, with their decks.
func own(sessions []*Session) (all []string) {
	for _, s := range sessions {
		for _, e := range s.Exercises {
			if !e.Setup {
				all = append(all, s.Deck.Name+" "+e.ID)
			}
		}
	}
	return all
}

// TestDivide divides random decks: the shards are disjoint, together they are the plan, each has the
// set-up that its exercises need, and none is much longer than it must be.
func TestDivide(t *testing.T) {
	rounds := 10000
	if testing.Short() {
		rounds = 1000
	}
	cuts, empty := 0, 0
	for round := range rounds {
		r := rand.New(rand.NewPCG(13, uint64(round)))
		var decks []*markdown.Deck
		for i := range 1 + r.IntN(4) {
			decks = append(decks, randomDeck(r, fmt.Sprintf("deck%d", i)))
		}
		total, known := 1+r.IntN(20), r.IntN(3)
		durations := map[string]time.Duration{}
		took := func(s *Session, e *Exercise) (time.Duration, bool) {
			d, ok := durations[s.Deck.Name+" "+e.ID]
			return d, ok
		}
		compiled := func() *Plan {
			plan, err := Compile(decks...)
			if err != nil {
				t.Fatal(err)
			}
			return plan
		}
		whole := compiled()
		for _, id := range own(whole.Sessions) {
			if known == 2 || known == 1 && r.IntN(2) == 0 {
				durations[id] = time.Duration(r.ExpFloat64() * float64(20*time.Second))
			}
		}
		d := compiled().Divide(total, took)
		var together []string
		lengths := lengthsOf(d.Plan.Sessions, took)
		loads := make([]int64, total+1)
		for i, length := range lengths {
			loads[d.Of[i]] += length
		}
		sum, longest := int64(0), slices.Max(append(lengths, 0))
		for _, l := range lengths {
			sum += l
		}
		for i := 1; i <= total; i++ {
			part := d.Shard(i)
			together = append(together, own(part.Sessions)...)
			if len(part.Sessions) == 0 {
				empty++
			}
		}
		slices.Sort(together)
		all := own(whole.Sessions)
		slices.Sort(all)
		if !slices.Equal(all, together) {
			t.Fatalf("round %d: the shards hold %v, the plan %v", round, together, all)
		}
		if bound := max(float64(sum)/float64(total), float64(longest)); float64(slices.Max(loads)) > 4./3*bound+float64(longest) {
			t.Fatalf("round %d: the longest shard takes %d, the bound is %.0f", round, slices.Max(loads), bound)
		}
		if len(d.Plan.Sessions) > len(whole.Sessions) {
			cuts++
			checkPieces(t, d.Plan)
		}
		if again := compiled().Divide(total, took); again.Digest != d.Digest || !slices.Equal(again.Of, d.Of) {
			t.Fatalf("round %d: another division of the same plan", round)
		}
		if other := compiled().Divide(total+1, took); other.Digest == d.Digest {
			t.Fatalf("round %d: the same digest for %d and %d shards", round, total, total+1)
		}
	}
	if cuts < rounds/20 || empty < rounds/20 {
		t.Errorf("%d divisions with cuts and %d empty shards: too few to say much", cuts, empty)
	}
}

// checkPieces checks that what an exercise builds on comes before it in its session.
func checkPieces(t *testing.T, plan *Plan) {
	t.Helper()
	for _, s := range plan.Sessions {
		var before []*markdown.Chapter
		for _, e := range s.Exercises {
			wanted := needs(s.Deck, e.Chapter)
			if len(e.Chapter.Needs) == 0 && mode(s.Deck, e.Chapter) == markdown.SessionDeck && !e.Setup {
				for _, c := range s.Deck.Chapters[:slices.Index(s.Deck.Chapters, e.Chapter)] {
					if mode(s.Deck, c) == markdown.SessionDeck {
						wanted = append(wanted, c)
					}
				}
			}
			for _, c := range wanted {
				if len(c.Slides[0].Exercises) > 0 && !slices.Contains(before, c) {
					t.Fatalf("%s builds on chapter %s, which is not before it in its session", e.ID, c.Name)
				}
			}
			before = append(before, e.Chapter)
		}
	}
}

// TestPieces shows where a session is cut.
func TestPieces(t *testing.T) {
	for _, c := range []struct{ chapters, want string }{
		{"a b c", "a b c"},
		{"a b:a", "a b"},
		{"a b:a c:a", "a b | (a) c"},
		{"a b c:a d:c", "a b | (a) c | (a) (c) d"},
		{"a b:a c d:b", "a b c | (a) (b) d"},
		{"a b:a c:a d", "a b c d"}, // d builds on all of them
		{"a x b:a +c:a", "a x | (a) b +c"},
	} {
		d := &markdown.Deck{Name: "deck", Session: markdown.SessionDeck}
		for word := range strings.FieldsSeq(c.chapters) {
			name, need, _ := strings.Cut(word, ":")
			steps := []*markdown.Step{{Directive: "bash", Text: "cat"}}
			if strings.HasPrefix(name, "+") { // goes on with the program of the exercise before it
				steps = []*markdown.Step{{Directive: "wait", Text: "hello"}}
			}
			chapter := &markdown.Chapter{Name: name}
			if need != "" {
				chapter.Needs = []string{need}
			}
			chapter.Slides = []*markdown.Slide{{Exercises: []*markdown.Exercise{{ID: name, Steps: steps}}}}
			d.Chapters = append(d.Chapters, chapter)
		}
		plan, err := Compile(d)
		if err != nil {
			t.Fatal(err)
		}
		var pieces []string
		for _, s := range plan.Sessions[0].pieces() {
			var words []string
			for _, e := range s.Exercises {
				if e.Setup {
					words = append(words, "("+e.ID+")")
				} else {
					words = append(words, e.ID)
				}
			}
			pieces = append(pieces, strings.Join(words, " "))
		}
		if got := strings.Join(pieces, " | "); got != c.want {
			t.Errorf("%s is cut into %s, want %s", c.chapters, got, c.want)
		}
	}
}

// TestDivideByDurations shows the effect of durations: of three long sessions no two are in the same
// shard, and a new one counts as much as the median.
func TestDivideByDurations(t *testing.T) {
	seconds := map[string]int{"a": 90, "b": 1, "c": 80, "d": 2, "e": 100, "f": 3}
	d := &markdown.Deck{Name: "deck", Session: markdown.SessionChapter}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "new"} {
		d.Chapters = append(d.Chapters, &markdown.Chapter{Name: name, Slides: []*markdown.Slide{{Exercises: []*markdown.Exercise{
			{ID: name + "/x", Steps: []*markdown.Step{{Directive: "bash", Text: "true"}}},
		}}}})
	}
	plan, err := Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	took := func(_ *Session, e *Exercise) (time.Duration, bool) {
		n, ok := seconds[e.Chapter.Name]
		return time.Duration(n) * time.Second, ok
	}
	if got := lengthsOf(plan.Sessions, took)[6]; got != 3001 { // of 1, 2, 3, 80, 90 and 100 s
		t.Errorf("the new session counts %d ms", got)
	}
	division := plan.Divide(3, took)
	of := map[string]int{}
	for i, s := range division.Plan.Sessions {
		of[s.Name] = division.Of[i]
	}
	if of["a"] == of["c"] || of["a"] == of["e"] || of["c"] == of["e"] {
		t.Errorf("the shards are %v", of)
	}
}
