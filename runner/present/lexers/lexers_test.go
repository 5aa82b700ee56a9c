package lexers

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/chroma/v2"
	original "github.com/alecthomas/chroma/v2/lexers"
	"github.com/google/go-cmp/cmp"
)

// languages are those that are embedded, by their files.
var languages = strings.Fields(`
	apacheconf awk bash bash-session bat bicep c c# c++ clojure cmake css csv cue dart diff
	django docker elixir erlang fish fsharp gherkin go go-text-template graphql groovy
	haskell hcl html http ini java javascript json jsonnet julia kotlin lua makefile
	markdown mysql nginx nix objective-c ocaml perl php plaintext postgres powershell
	promql properties protobuf puppet python r react rego ruby rust scala scss sed sql
	swift systemd terraform tex toml typescript vim vue xml yaml zig`)

// definition is the lexer of a language as Chroma defines it, in XML.
func definition(t *testing.T, language string) []byte {
	t.Helper()
	lexer := original.Get(language)
	switch language {
	case "go":
		lexer = with(lexer, func(rules chroma.Rules) {
			for i, rule := range rules["root"] {
				if strings.HasPrefix(rule.Pattern, "(`)") { // it looks for a template in the string
					rules["root"][i].Type = chroma.ByGroups(chroma.LiteralString, chroma.LiteralString, chroma.LiteralString)
				}
			}
		})
	case "http":
		lexer = with(inner(lexer), func(rules chroma.Rules) { // functions do the same, and look into the body
			rules["headers"][0].Type = chroma.ByGroups(chroma.Name, chroma.Text, chroma.Operator, chroma.Text, chroma.Literal, chroma.Text)
			rules["headers"][1].Type = chroma.ByGroups(chroma.Text, chroma.Literal, chroma.Text)
			rules["content"][0].Type = chroma.Generic
		})
	case "markdown":
		lexer = inner(lexer) // without the front matter
	}
	regex, ok := lexer.(*chroma.RegexLexer)
	if !ok {
		t.Fatalf("%s: a lexer of type %T", language, lexer)
	}
	text, err := chroma.Marshal(regex)
	if err != nil {
		t.Fatalf("%s: %v", language, err)
	}
	states := state.FindAll(text, -1) // in the order of a map
	slices.SortFunc(states, bytes.Compare)
	sorted := slices.Concat(states...)
	return append(state.ReplaceAllFunc(text, func([]byte) (part []byte) {
		part, sorted = sorted, nil
		return part
	}), '\n')
}

// state matches a state of a definition, which may be empty.
var state = regexp.MustCompile(`(?s) *<state name="[^"]*"(?:/>|>.*?</state>)\n`)

// inner is the lexer that another one wraps.
func inner(lexer chroma.Lexer) chroma.Lexer {
	return reflect.ValueOf(lexer).Elem().FieldByName("Lexer").Interface().(chroma.Lexer)
}

// with is a lexer whose rules were changed.
func with(lexer chroma.Lexer, change func(chroma.Rules)) chroma.Lexer {
	rules := lexer.(*chroma.RegexLexer).MustRules().Clone()
	change(rules)
	return chroma.MustNewLexer(lexer.Config(), func() chroma.Rules { return rules })
}

// The embedded definitions are those of the Chroma that go.mod names.
func TestDefinitions(t *testing.T) {
	want := map[string]bool{}
	for _, language := range languages {
		name := "xml/" + language + ".xml"
		want[name] = true
		text := definition(t, language)
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(name, text, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(text), string(got)); diff != "" {
			t.Errorf("%s (-Chroma +ours):\n%s", name, diff)
		}
	}
	files, err := filepath.Glob("xml/*.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if !want[name] {
			t.Errorf("%s is not in the list of languages", name)
		}
	}
}

// A lexer that uses another one panics where there is none.
func TestUsedLexers(t *testing.T) {
	using := regexp.MustCompile(`<using lexer="([^"]*)"`)
	files, err := fs.Glob(definitions, "xml/*.xml")
	if err != nil || len(files) != len(languages) {
		t.Fatalf("%d files, %v; want %d", len(files), err, len(languages))
	}
	for _, name := range files {
		text, err := fs.ReadFile(definitions, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range using.FindAllSubmatch(text, -1) {
			if Get(string(match[1])) == nil {
				t.Errorf("%s uses %s, which is not embedded", name, match[1])
			}
		}
	}
}

// Every language is found by the names that Chroma knows it by.
func TestGet(t *testing.T) {
	for _, language := range languages {
		config := original.Get(language).Config()
		for _, name := range append(slices.Clone(config.Aliases), config.Name, strings.ToUpper(language)) {
			lexer := Get(name)
			if lexer == nil {
				t.Errorf("%s: nothing under the name %q", language, name)
			} else if got := lexer.Config().Name; got != original.Get(name).Config().Name {
				t.Errorf("%q is %s, and for Chroma %s", name, got, original.Get(name).Config().Name)
			}
		}
	}
	for name, want := range map[string]string{
		"sh": "Bash", "yml": "YAML", "console": "Bash Session", "Dockerfile": "Docker", "tf": "Terraform",
	} {
		if lexer := Get(name); lexer == nil || lexer.Config().Name != want {
			t.Errorf("%q: %v, want %s", name, lexer, want)
		}
	}
	for _, name := range []string{"", "wait", "nosuch"} {
		if lexer := Get(name); lexer != nil {
			t.Errorf("%q: %v", name, lexer)
		}
	}
}

// The lexers make the same tokens of code as Chroma's do.
func TestTokens(t *testing.T) {
	code := "# comment\nfunc main() { // x\n\tprintf(\"a %s b\", 'c', 0x1f, $HOME, @y);\n}\n" +
		"FROM alpine:3 AS build\nRUN [\"x\"]\n$ echo hello | grep -v \"$X\"\nhello\nkey: {a: [1, true, null]}\n<p class=\"q\">&amp;</p>\n" +
		"SELECT * FROM t WHERE a = 1;\n[section]\na = 1\n+ added\n- removed\nif true; then\n  exit 1\nfi\n"
	for _, language := range languages {
		want, err := chroma.Tokenise(chroma.Coalesce(original.Get(language)), nil, code)
		if err != nil {
			t.Fatal(err)
		}
		got, err := chroma.Tokenise(chroma.Coalesce(Get(language)), nil, code)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-Chroma +ours):\n%s", language, diff)
		}
	}
}
