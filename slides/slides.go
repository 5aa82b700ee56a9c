// Package slides holds the deck that ships with the program: a workshop about
// scaling a small application, with the application itself.
package slides

import (
	"embed"
	"io/fs"
)

//go:embed workshop.yml *.md dockercoins
var files embed.FS

// FS returns the deck's files. Its root holds the manifest workshop.yml, one
// Markdown file for each chapter, and dockercoins: the application's Compose file
// with a build context for each service.
func FS() fs.FS { return files }
