package markdown

import "slices"

var exerciseStyle = style{
	name:    "exercise",
	summary: "slides of remark: fences in a block .exercise[ … ] that name a directive",
	found: func(d *document) bool {
		nearly := func(e *Error) bool { return e.Code == CodeUnknownBlock }
		return slices.ContainsFunc(d.tokens, func(t token) bool { return t.exercise }) || slices.ContainsFunc(d.remark.errors.list, nearly)
	},
}
