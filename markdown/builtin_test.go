package markdown_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"workshop/markdown"
	"workshop/runner"
)

// The directives that decks are read with by themselves are those of the runner.
func TestBuiltin(t *testing.T) {
	t.Parallel()
	want, got := slices.Sorted(slices.Values(runner.DirectiveNames())), slices.Sorted(slices.Values(markdown.Builtin()))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("- runner/directive.go, + markdown/words.go:\n%s", diff)
	}
}
