package page

import (
	"encoding/json"
	"testing"

	"workshop/runner/screen"
)

func TestLine(t *testing.T) {
	tests := []struct {
		name string
		line screen.Line
		want string
	}{
		{"empty", screen.Line{{Text: "     ", Width: 5}}, `[]`},
		{"text", screen.Line{{Text: "$ ls   ", Width: 7}}, `[["$ ls",4]]`},
		{"as wide as it is", screen.Line{{Text: "│ ok → é   ", Width: 11}}, `[["│ ok → é",8]]`},
		{"all wide", screen.Line{{Text: "日本", Width: 4}}, `[["日本",4]]`},
		{"of several widths", screen.Line{{Text: "a日e\u0301 ", Width: 5}}, "[[\"a\",1],[\"日\",2],[\"e\u0301\",1]]"},
		{"markup", screen.Line{{Text: "<b>&", Width: 4}}, `[["\u003cb\u003e\u0026",4]]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := json.Marshal(Line(tt.line))
			if err != nil || string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	if class, value := colorOf(screen.Palette(208), "f", false); class != "" || value != "#ff8700" {
		t.Errorf("colour 208: %q %q", class, value)
	}
	if class, value := colorOf(screen.Palette(244), "b", false); class != "" || value != "#808080" {
		t.Errorf("colour 244: %q %q", class, value)
	}
	if class, _ := colorOf(0, "b", true); class != "bx" {
		t.Errorf("the other side: %q", class)
	}
}
