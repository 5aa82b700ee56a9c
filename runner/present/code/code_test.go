package code

import (
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// regexp2's clock ends by itself.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/dlclark/regexp2/v2.runClock"))
}

// ticking is a clock by which so much time passes between two looks at it, however fast the
// machine is. It counts the looks.
func ticking(tick time.Duration) (now func() time.Time, looks *int) {
	looks = new(int)
	return func() time.Time {
		*looks++
		return time.Unix(0, 0).Add(time.Duration(*looks) * tick)
	}, looks
}

// still is a budget that is never spent.
func still() *Budget { return &Budget{now: func() time.Time { return time.Time{} }} }

func TestRuns(t *testing.T) {
	long := strings.Repeat(" ", maxBlock)
	for _, tt := range []struct {
		name, language, block string
		want                  []Run
	}{
		{"Go", "go", "func f() { // x\n\treturn \"s\" + 1\n}", []Run{
			{Keyword, "func"},
			{Plain, " "},
			{Function, "f"},
			{Plain, "() { "},
			{Comment, "// x"},
			{Plain, "\n\t"},
			{Keyword, "return"},
			{Plain, " "},
			{String, `"s"`},
			{Plain, " "},
			{Operator, "+"},
			{Plain, " "},
			{Number, "1"},
			{Plain, "\n}"},
		}},
		{"a diff", "diff", "-a\n+b\n", []Run{{Deleted, "-a\n"}, {Inserted, "+b\n"}}},
		{"markup", "html", `<a href="x">`, []Run{
			{Plain, "<"},
			{Tag, "a"},
			{Plain, " "},
			{Attribute, "href"},
			{Operator, "="},
			{String, `"x"`},
			{Plain, ">"},
		}},
		{"no language", "", "func", []Run{{Plain, "func"}}},
		{"an unknown one", "no such language", "func", []Run{{Plain, "func"}}},
		{"no text", "go", "", []Run{{Plain, ""}}},
		{"what is no text", "go", "func \xff", []Run{{Plain, "func \xff"}}},
		{"a long block", "go", "func" + long, []Run{{Plain, "func" + long}}},
	} {
		if diff := cmp.Diff(tt.want, still().Runs(tt.language, tt.block)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

// TestLexers has lexers read a block that they are not made for.
func TestLexers(t *testing.T) {
	rules := func(root ...chroma.Rule) chroma.Lexer {
		return chroma.MustNewLexer(&chroma.Config{Name: "test"}, func() chroma.Rules { return chroma.Rules{"root": root} })
	}
	word, whole := chroma.Rule{Pattern: `\w+`, Type: chroma.Keyword}, chroma.Rule{Pattern: `(?s).+`, Type: chroma.Other}
	at := chroma.Rule{Pattern: `@`, Type: chroma.Keyword, Mutator: chroma.Push("nowhere")}
	long := strings.Repeat("a", maxWhole)
	for _, tt := range []struct {
		name  string
		lexer chroma.Lexer
		block string
		want  []Run
	}{
		{"it knows the text", rules(word), "a", []Run{{Keyword, "a"}}},
		{"a part of it", rules(word), "a!", []Run{{Keyword, "a"}, {Plain, "!"}}},
		{"it panics", rules(word, at), "a@a", []Run{{Plain, "a@a"}}},
		{"it goes round in a circle", rules(word, chroma.Rule{Pattern: `(?=!)`, Type: chroma.Comment}), "a!a", []Run{{Plain, "a!a"}}},
		{"it leaves a part out", rules(word, chroma.Rule{Pattern: `!`}), "a!a", []Run{{Plain, "a!a"}}},
		{"it reads all at once", chroma.DelegatingLexer(rules(word), rules(whole)), "a", []Run{{Keyword, "a"}}},
		{"it reads all at once, which is long", chroma.DelegatingLexer(rules(word), rules(whole)), long + "a", []Run{{Plain, long + "a"}}},
		{"it does not, and it is long", rules(word), long + "a", []Run{{Keyword, long + "a"}}},
	} {
		if diff := cmp.Diff(tt.want, still().read(tt.lexer, tt.block)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

// TestBounded has lexers read text that takes them seconds: they are stopped when the time is over, by any clock.
func TestBounded(t *testing.T) {
	for _, tt := range []struct{ language, text string }{{"c++", "\n"}, {"arduino", "\n"}, {"c", "\n"}, {"apacheconf", "<"}} {
		block := strings.Repeat(tt.text, 8000)
		const ticks = 10
		now, looks := ticking(maxTime / ticks)
		b := Budget{now: now}
		if diff := cmp.Diff([]Run{{Plain, block}}, b.read(lexers.Get(tt.language), block)); diff != "" {
			t.Errorf("%s: it is not plain", tt.language)
		}
		if *looks > ticks+2 { // one before each token, and one at the beginning and the end
			t.Errorf("%s: %d tokens were read", tt.language, *looks)
		}
		spent := *looks
		if got := b.Runs("go", "func"); len(got) != 1 || got[0].Class != Plain || *looks != spent {
			t.Errorf("%s: the next block of the slide was read as well: %v", tt.language, got)
		}
		if got := new(Budget).Runs("go", "func"); got[0].Class != Keyword {
			t.Errorf("%s: another slide: %v", tt.language, got)
		}
	}
}

// TestSpent shares the time of a slide among its blocks.
func TestSpent(t *testing.T) {
	now, _ := ticking(maxTime / 100)
	b := Budget{now: now}
	colored := 0
	for range 100 {
		if b.Runs("go", "func f() {}")[0].Class == Keyword {
			colored++
		}
	}
	if colored < 5 || colored > 50 {
		t.Errorf("%d blocks of 100 were read", colored)
	}
}

// TestTexts has every lexer that there is say what the block says, and nothing else.
func TestTexts(t *testing.T) {
	block := "<a href='x'>\r\n/* b */ {{ c }} \"d\" `e` # f\n\n\tint g = 0x1; // h\n<?php $i ?> $j ${k}\n$ l"
	for _, lexer := range lexers.GlobalLexerRegistry.Lexers {
		var b strings.Builder
		name, runs := lexer.Config().Name, still().read(lexer, block)
		for i, r := range runs {
			b.WriteString(r.Text)
			if i > 0 && r.Class == runs[i-1].Class || r.Text == "" {
				t.Errorf("%s: run %d is part of the one before", name, i)
			}
		}
		if diff := cmp.Diff(block, b.String()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func FuzzRuns(f *testing.F) {
	f.Add("go", "func f() {}")
	f.Add("yang", "/*")
	f.Add("markdown", "```php\n<?php\n```\n")
	f.Fuzz(func(t *testing.T, language, block string) {
		var b strings.Builder
		for _, r := range new(Budget).Runs(language, block) {
			b.WriteString(r.Text)
		}
		if b.String() != block {
			t.Errorf("%q became %q", block, b.String())
		}
	})
}
