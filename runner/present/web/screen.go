package web

import (
	"encoding/json"

	"workshop/runner/page"
	"workshop/runner/screen"
)

// terminalStream is the terminal as a page shows it.
type terminalStream struct {
	begun bool
	last  *screen.View
}

// termView is the change of a terminal.
type termView struct {
	Cols   int         `json:"cols"`
	Rows   int         `json:"rows"`
	X      int         `json:"x"`
	Y      int         `json:"y"`
	Cursor bool        `json:"cursor"`
	Alt    bool        `json:"alt"`
	All    bool        `json:"all"` // lines that are not there are empty
	Lines  map[int]any `json:"lines,omitempty"`
}

// next is the part of an event that brings a page to a picture; nil if it shows it already.
func (t *terminalStream) next(v *screen.View) json.RawMessage {
	last := t.last
	if t.begun && v == last {
		return nil
	}
	all := !t.begun || last == nil || v == nil || last.Cols != v.Cols || last.Rows != v.Rows
	t.begun, t.last = true, v
	if v == nil {
		return json.RawMessage("null")
	}
	part := termView{v.Cols, v.Rows, v.X, v.Y, v.Cursor, v.Alt, all, map[int]any{}}
	for y, line := range v.Lines {
		if all || !line.Same(last.Lines[y]) {
			part.Lines[y] = page.Line(line)
		}
	}
	if !all && len(part.Lines) == 0 && last.X == v.X && last.Y == v.Y && last.Cursor == v.Cursor && last.Alt == v.Alt {
		return nil
	}
	data, err := json.Marshal(part)
	if err != nil {
		return nil
	}
	return data
}
