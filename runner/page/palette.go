package page

import (
	"strings"

	"workshop/markdown/lazy"
)

// Palette are the colours of a terminal by the classes of base.css, such as f1 and b15.
func Palette() map[string]string {
	css, err := Files.ReadFile("base.css")
	if err != nil {
		return nil // it is embedded
	}
	colors := map[string]string{}
	for _, m := range paletteRule().FindAllStringSubmatch(string(css), -1) {
		colors[m[1]] = m[2]
	}
	for name, variable := range map[string]string{"bx": "--term-text", "fx": "--term", "": "--term-text", "ground": "--term"} {
		if _, rest, ok := strings.Cut(string(css), variable+": "); ok {
			colors[name], _, _ = strings.Cut(rest, ";")
		}
	}
	return colors
}

var paletteRule = lazy.Regexp(`\.([fb]\d+) \{ (?:color|background): (#[0-9a-f]{6}); \}`)
