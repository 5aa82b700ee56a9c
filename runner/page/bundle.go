package page

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"io/fs"
	"path"
	"strings"

	"workshop/markdown/lazy"
)

// Bundle holds the parts of a page that is a single file.
type Bundle struct {
	Styles template.CSS
	Script template.JS
	Policy string // its Content-Security-Policy: nothing is loaded, and no other script runs
}

// Asset is a style sheet or a script.
type Asset struct {
	From fs.FS
	Name string
}

// NewBundle puts the styles of all pages and more of them together, and scripts that are modules of one another, each
// behind those that it uses.
func NewBundle(more ...Asset) (Bundle, error) {
	var styles, script strings.Builder
	for _, a := range append([]Asset{{Files, "base.css"}, {Files, "slide.css"}}, more...) {
		b, err := fs.ReadFile(a.From, a.Name)
		if err != nil {
			return Bundle{}, err
		}
		if path.Ext(a.Name) == ".css" {
			styles.Write(b)
		} else {
			script.Write(b)
		}
	}
	text := exports().ReplaceAllString(script.String(), "")
	sum := sha256.Sum256([]byte(text))
	return Bundle{
		Styles: template.CSS(styles.String()), Script: template.JS(text),
		Policy: "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
	}, nil
}

// exports matches the declarations of a module that another one of the page uses.
var exports = lazy.Regexp(`(?m)^export |^import .*\n`)
