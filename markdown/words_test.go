package markdown_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"workshop/markdown"
)

func TestSlug(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Viewing logs":              "viewing-logs",
		"  What's up, `docker`?  ":  "whats-up-docker",
		"It’s 10 × faster":          "its-10-faster",
		"CPU, memory & I/O":         "cpu-memory-i-o",
		"Über 界 naïve e\u0301":      "über-界-naïve-e\u0301",
		"---":                       "",
		"":                          "",
		"a\xffb":                    "a-b",
		"already-a-slug-2":          "already-a-slug-2",
		"../../etc/passwd\x00\x1b[": "etc-passwd",
	} {
		if got := markdown.Slug(text); got != want {
			t.Errorf("Slug(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	directives := strings.Fields("bash hide wait longwait key keys check copy paste copypaste open tmux")
	for _, tt := range []struct {
		word  string
		known []string
		want  string
	}{
		{"wiat", directives, "wait"},
		{"wait", directives, "wait"},
		{"Bash", directives, "bash"},
		{"kye", directives, "key"},
		{"chekc", directives, "check"},
		{"longwat", directives, "longwait"},
		{"look", directives, ""},
		{"frobnicate", directives, ""},
		{"", directives, ""},
		{"x", directives, ""},
		{"wait", nil, ""},
		{"scal", []string{"intro", "scaling"}, "scaling"},
		{"int", []string{"intro", "interlude"}, ""},
		{"in", []string{"intro"}, ""},
		{"titel", []string{"tile", "title"}, "title"},
		{"naïve-", []string{"naïve"}, "naïve"},
		{strings.Repeat("a", 65), []string{strings.Repeat("a", 64)}, ""},
	} {
		if got := markdown.Suggest(tt.word, tt.known); got != tt.want {
			t.Errorf("Suggest(%q, %q) = %q, want %q", tt.word, tt.known, got, tt.want)
		}
	}
}

// TestDirectives shows that the caller's directives are steps, beside the dialect's.
func TestDirectives(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{"deck.md": {Data: []byte(".exercise[ ```dance x``` ```bash y``` ```danse z``` <!-- ```bash v``` ```sing w``` --> ]")}}
	deck, err := markdown.Load(fsys, "deck.md", markdown.Options{Directives: []string{"dance"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range deck.Chapters[0].Slides[0].Exercises[0].Steps {
		got = append(got, s.Directive+" "+s.Text)
	}
	if want := "dance x,bash y,danse z,bash v,sing w"; strings.Join(got, ",") != want {
		t.Errorf("steps %q, want %q", got, want)
	}
}

// TestPath shows that the user sees names as the caller gives them.
func TestPath(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{
		"slides/workshop.yml": {Data: []byte("content: [a.md, b.md]\n")},
		"slides/a.md":         {Data: []byte("@@INCLUDE[shared/c.md]\n.exercise[\n")},
		"shared/c.md":         {Data: []byte("```\n")},
	}
	deck, err := markdown.Load(fsys, "slides", markdown.Options{Path: func(name string) string { return "../" + name }})
	want := `../shared/c.md:1:1: unclosed ` + "```" + ` (the fence has no closing line of its own)
../slides/a.md:2:1: unclosed .exercise[ (brackets are balanced: each [ in it needs its ], save in code)
../slides/workshop.yml:1:17: b.md: no such file (did you mean a.md?)`
	if err == nil || err.Error() != want {
		t.Errorf("error:\n%v\nwant:\n%s", err, want)
	}
	if deck.File != "../slides/workshop.yml" || deck.Dir != "slides" || deck.Chapters[0].File != "../slides/a.md" {
		t.Errorf("deck %q in %q, chapter %q", deck.File, deck.Dir, deck.Chapters[0].File)
	}
}
