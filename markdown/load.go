// Package markdown reads decks of workshop slides: bytes in, positioned values
// out. It executes nothing and reads only from the file system it is given.
package markdown

import (
	"errors"
	"io/fs"
)

// Options adapt [Load] to its surroundings. The zero value is useful.
type Options struct {
	// Path turns a name inside the file system into what the user is shown,
	// such as a path relative to the working directory. Nil: the name itself.
	Path func(name string) string
	// Env looks up OVERRIDE_KEY variables, which override a manifest's keys.
	// Nil: there are none.
	Env func(key string) (string, bool)
}

// Load reads the deck called name from fsys: a directory (its workshop.yml, else
// its *.md files in name order), a manifest, or one .md file. fsys is the root of
// the repository, which includes cannot leave. Mistakes in the input are an
// [ErrorList] holding all of them; the deck is returned beside it as far as it
// could be read.
func Load(fsys fs.FS, name string, opts Options) (*Deck, error) {
	return nil, errors.New("not written yet")
}
