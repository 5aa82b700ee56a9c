// Package lexers finds the lexer of a programming language. The definitions in xml are
// Chroma's (see LICENSE there), of the languages that workshops use. They are read when
// the first lexer is asked for: Chroma's own package reads all of its 270 at each start.
package lexers

import (
	"embed"
	"io/fs"
	"sync"

	"github.com/alecthomas/chroma/v2"
)

//go:embed xml/*.xml
var definitions embed.FS

var registry = sync.OnceValue(func() *chroma.LexerRegistry {
	r := chroma.NewLexerRegistry()
	files, err := fs.Glob(definitions, "xml/*.xml")
	if err != nil {
		panic(err)
	}
	for _, name := range files {
		r.Register(chroma.MustNewXMLLexer(definitions, name))
	}
	return r
})

// Get returns the lexer of a language, which is given by its name, by an alias or by
// the extension of its files; nil if there is none.
func Get(language string) chroma.Lexer { return registry().Get(language) }
