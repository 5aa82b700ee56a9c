package report_test

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"workshop/runner/report"
)

// TestExportSVG checks that a picture is XML without a script or a reference to elsewhere, and that
// its text is that of the recording.
func TestExportSVG(t *testing.T) {
	dir, files := recorded(t, mixed(t), false)
	for _, name := range files {
		file := filepath.Join(t.TempDir(), "x.svg")
		if err := report.ExportSVG(filepath.Join(dir, name), file); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal(b, new(struct{})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, bad := range []string{"<script", "<foreignObject", "<image", "href=\"h", "url(h", " on"} {
			if strings.Contains(string(b), bad) {
				t.Errorf("%s holds %q", name, bad)
			}
		}
		if name == "scaling/viewing-logs.cast" {
			frames := strings.Count(string(b), `<g transform="translate(`)
			if !strings.Contains(string(b), "worx done<") || frames < 2 {
				t.Errorf("%d frames: %s", frames, b)
			}
		}
	}
	empty := filepath.Join(t.TempDir(), "empty.cast")
	if err := os.WriteFile(empty, []byte("{\"version\":2}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := report.ExportSVG(empty, empty+".svg"); err == nil ||
		!strings.HasSuffix(err.Error(), ":1: not a recording of the form asciicast v3") {
		t.Errorf("a recording of version 2: %v", err)
	}
	if _, err := os.Stat(empty + ".svg"); !os.IsNotExist(err) {
		t.Errorf("a file is left: %v", err)
	}
}

func TestHandout(t *testing.T) {
	for _, ext := range []string{".md", ".html"} {
		file := filepath.Join(t.TempDir(), "handout"+ext)
		files := &report.Files{}
		if err := files.Handout(file); err != nil {
			t.Fatal(err)
		}
		mixed(t).play(t, files)
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "mixed.handout"+ext, withoutAssets(string(b)))
	}
}
