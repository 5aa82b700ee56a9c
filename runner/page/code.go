package page

import (
	"strings"

	"workshop/runner/present/code"
)

// looks are the classes in slide.css of the parts of code.
var looks = map[code.Class]string{
	code.Comment:   "m",
	code.Keyword:   "k",
	code.String:    "s",
	code.Number:    "n",
	code.Function:  "f",
	code.Tag:       "k",
	code.Attribute: "v",
	code.Variable:  "v",
	code.Inserted:  "s",
	code.Deleted:   "d",
}

// highlight writes parts of code in their colours.
func highlight(b *strings.Builder, runs []code.Run) {
	for _, run := range runs {
		if look := looks[run.Class]; look != "" {
			b.WriteString(`<span class="t-` + look + `">` + Escape(run.Text) + `</span>`)
		} else {
			b.WriteString(Escape(run.Text))
		}
	}
}
