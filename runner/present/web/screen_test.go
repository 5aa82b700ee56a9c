package web

import (
	"encoding/json"
	"testing"

	"workshop/runner/terminal"
)

func TestLine(t *testing.T) {
	tests := []struct {
		name string
		line terminal.Line
		want string
	}{
		{"empty", terminal.Line{{Text: "     ", Width: 5}}, `[]`},
		{"text", terminal.Line{{Text: "$ ls   ", Width: 7}}, `[["$ ls",4]]`},
		{"as wide as it is", terminal.Line{{Text: "│ ok → é   ", Width: 11}}, `[["│ ok → é",8]]`},
		{"all wide", terminal.Line{{Text: "日本", Width: 4}}, `[["日本",4]]`},
		{"of several widths", terminal.Line{{Text: "a日e\u0301 ", Width: 5}}, "[[\"a\",1],[\"日\",2],[\"e\u0301\",1]]"},
		{"markup", terminal.Line{{Text: "<b>&", Width: 4}}, `[["\u003cb\u003e\u0026",4]]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := json.Marshal(lineView(tt.line))
			if err != nil || string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	if class, value := colorOf(terminal.Palette(208), "f", false); class != "" || value != "#ff8700" {
		t.Errorf("colour 208: %q %q", class, value)
	}
	if class, value := colorOf(terminal.Palette(244), "b", false); class != "" || value != "#808080" {
		t.Errorf("colour 244: %q %q", class, value)
	}
	if class, _ := colorOf(0, "b", true); class != "bx" {
		t.Errorf("the other side: %q", class)
	}
}
