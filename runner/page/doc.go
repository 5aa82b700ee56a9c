// Package page makes the parts of web pages that several of them show: slides as HTML, lines of a
// terminal as runs, and the styles and scripts for both.
package page

import "embed"

// Files are base.css (the theme, controls, the terminal), slide.css and runs.js, a module that
// draws the runs of [Line].
//
//go:embed base.css slide.css runs.js
var Files embed.FS
