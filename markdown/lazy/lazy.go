// Package lazy makes regular expressions at their first use: a command that needs none of them
// starts sooner and takes less memory.
package lazy

import (
	"os"
	"regexp"
	"strings"
	"sync"
)

// Regexp returns a function that compiles a pattern when it is called first, and returns the same
// regular expression from then on. It panics if the pattern is wrong, as [regexp.MustCompile] does;
// in a test it does so at once, so that a wrong pattern of a package fails all of its tests.
func Regexp(pattern string) func() *regexp.Regexp {
	compiled := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
	if len(os.Args) > 0 && strings.HasSuffix(os.Args[0], ".test") {
		compiled()
	}
	return compiled
}
