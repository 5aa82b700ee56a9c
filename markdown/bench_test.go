package markdown_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"workshop/markdown"
)

// course is a text of n slides like those of a real deck.
func course(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString("\n---\n\n")
		}
		if i%20 == 0 {
			fmt.Fprintf(&b, "class: extra-details\n\n# Part %d\n\n", i/20)
		} else {
			fmt.Fprintf(&b, "## Slide %d about `docker-compose`\n\n", i)
		}
		b.WriteString("- A line of text with `code`, *emphasis* and [a link](https://example.com/)\n\n" +
			"  (and some more of it, .small[in small print])\n\n")
		if i%3 == 0 {
			fmt.Fprintf(&b,
				".exercise[\n\n- Run it:\n  ```bash\n  docker-compose up -d --scale worker=%d\n  ```\n\n"+
					"<!--\n```wait done```\n```key ^C```\n-->\n\n]\n\n",
				i)
		}
		b.WriteString("--\n\nThe end.\n\n???\n\nSay it slowly.\n")
	}
	return b.String()
}

// TestLargeDeck reads a deck of the size of the largest one in use; BenchmarkParse shows the time.
func TestLargeDeck(t *testing.T) {
	within(t, deadline, func() {
		deck, err := markdown.Parse("deck.md", []byte(course(2653)))
		if n := len(deck.Chapters[0].Slides); err != nil || n != 2*2653 {
			t.Errorf("%d slides, error %v", n, err)
		}
	})
}

// BenchmarkParse shows the cost of a deck, and that it grows with its size only.
func BenchmarkParse(b *testing.B) {
	for _, slides := range []int{265, 2653, 26530} {
		src := []byte(course(slides / 2)) // each goes on once
		b.Run(fmt.Sprintf("slides=%d", slides), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := markdown.Parse("deck.md", src); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(slides), "ns/slide")
		})
	}
}

// BenchmarkLoad shows the same for a manifest and its files on a disk.
func BenchmarkLoad(b *testing.B) {
	for _, files := range []int{33, 334} {
		dir := b.TempDir()
		text, manifest := []byte(course(7)), "title: Bench\ncontent:\n"
		for i := range files {
			name := fmt.Sprintf("chapter%d.md", i)
			manifest += "- " + name + "\n"
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				b.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "deck.yml"), []byte(manifest), 0o600); err != nil {
			b.Fatal(err)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			b.Fatal(err)
		}
		defer root.Close()
		b.Run(fmt.Sprintf("files=%d", files), func(b *testing.B) {
			b.SetBytes(int64(files * len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := markdown.Load(root.FS(), "deck.yml", markdown.Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(files), "ns/file")
		})
	}
}

// BenchmarkHostile shows the cost of the most expensive texts for each byte.
func BenchmarkHostile(b *testing.B) {
	for name, text := range hostileDecks(256 << 10) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				_, _ = markdown.Parse("deck.md", []byte(text)) // the mistakes are the point
			}
		})
	}
}

// readme is a document as a tool has it, of 2 to 3 KiB.
func readme(i int) string {
	return fmt.Sprintf("# Tool %d\n\n[![badge](https://example.com/b.svg)](https://example.com/)\n\n"+
		"It does *one* thing: `tool%d`.\n\n", i, i) +
		strings.Repeat("Words about the tool, and how it came about; see [the manual](https://example.com/manual).\n\n", 8) +
		"## Install\n\n```bash\ncurl -fsSL https://example.com/install.sh | sh\n```\n\n## Use\n\n" +
		strings.Repeat("```console\n$ tool --version\ntool 1.2\n$ for i in 1 2\n> do\n>   tool $i\n> done\none\ntwo\n```\n\nMore words.\n\n", 6) +
		"## Configure\n\n```yaml\nname: x\nlist: [a, b]\n```\n\n### Options\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
}

// BenchmarkPlain shows the cost of listing 5,000 plain documents, in total and as a multiple of the
// time that reading them takes alone.
func BenchmarkPlain(b *testing.B) {
	const files = 5000
	dir := b.TempDir()
	for i := range files {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("d%d.md", i)), []byte(readme(i)), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer root.Close()
	var floor, total time.Duration
	for b.Loop() {
		begun := time.Now()
		for i := range files {
			if _, err := fs.ReadFile(root.FS(), fmt.Sprintf("d%d.md", i)); err != nil {
				b.Fatal(err)
			}
		}
		read := time.Now()
		d, err := markdown.Load(root.FS(), ".", markdown.Options{})
		if err != nil || d.Style != "plain" || len(d.Chapters) != files {
			b.Fatal(d.Style, len(d.Chapters), err)
		}
		floor, total = floor+read.Sub(begun), total+time.Since(read)
	}
	b.ReportMetric(total.Seconds()/float64(b.N), "s/5000files")
	b.ReportMetric(total.Seconds()/floor.Seconds(), "×reading")
}
