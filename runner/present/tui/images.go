package tui

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // formats that a deck may have
	_ "image/jpeg"
	_ "image/png"
	"maps"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/ansi/kitty"
	"github.com/charmbracelet/x/ansi/sixel"

	"workshop/runner/screen"
)

// Images reads a picture of the deck by its name in it.
type Images func(name string) ([]byte, error)

// protocol is how a terminal shows pictures.
type protocol int

const (
	asText protocol = iota
	asKitty
	asSixel
)

// The limits of pictures, which a deck may hold to do harm.
const (
	maxPixels    = 12 << 20
	maxPictures  = 64                    // that are kept
	pictureRows  = 20                    // on a slide, at most
	settledFrame = 60 * time.Millisecond // after which the text around a sixel has been drawn
)

// gallery are the pictures of a deck, as this terminal shows them.
type gallery struct {
	read     Images
	protocol protocol
	cell     image.Point // of the terminal, in pixels
	shots    map[string]*shot
	absent   map[string]string // why a picture is missing, by its name; "" if it is not
	ids      int
	shown    []placed // sixels that stand on the terminal
	wanted   []placed // those that are to stand there
}

// shot is a picture of a size in cells.
type shot struct {
	id         int
	picture    image.Image
	cols, rows int
	sent       bool
	err        error
}

// placed is a picture at a place of the terminal.
type placed struct {
	shot *shot
	x, y int
}

// newGallery reads the terminal's abilities from the environment; only the terminal itself can
// report sixels. Within tmux and the like the terminal behind it cannot be known.
func newGallery(read Images, environ []string) *gallery {
	g := &gallery{read: read, cell: image.Pt(10, 20), shots: map[string]*shot{}, absent: map[string]string{}}
	multiplexed := func(kv string) bool { return strings.HasPrefix(kv, "TMUX=") || strings.HasPrefix(kv, "STY=") }
	if read == nil || slices.ContainsFunc(environ, multiplexed) {
		return g
	}
	for _, kv := range environ {
		switch {
		case strings.HasPrefix(kv, "KITTY_WINDOW_ID="), kv == "TERM=xterm-kitty", kv == "TERM=xterm-ghostty", kv == "TERM_PROGRAM=ghostty":
			g.protocol = asKitty
		}
	}
	return g
}

// ask asks the terminal for its abilities, if they matter.
func (g *gallery) ask() tea.Cmd {
	if g.read == nil || g.protocol == asKitty {
		return nil
	}
	return tea.Raw(ansi.RequestPrimaryDeviceAttributes + "\x1b[16t") // XTWINOPS: the size of a cell
}

// told takes an answer of the terminal. It reports whether the answer changes anything.
func (g *gallery) told(msg any) bool {
	switch msg := msg.(type) {
	case uv.PrimaryDeviceAttributesEvent:
		if slices.Contains(msg, 4) && g.read != nil && g.protocol == asText {
			g.protocol = asSixel
			return true
		}
	case uv.CellSizeEvent:
		if msg.Width > 0 && msg.Height > 0 && msg.Width < 200 && msg.Height < 200 {
			g.cell = image.Pt(msg.Width, msg.Height)
			return true
		}
	}
	return false
}

// missing is why there is no such picture; "" if there is.
func (g *gallery) missing(name string) string {
	if g.read == nil || strings.Contains(name, "://") {
		return ""
	}
	why, ok := g.absent[name]
	if !ok {
		if _, err := g.read(name); err != nil {
			why = err.Error()
		}
		g.absent[name] = why
	}
	return why
}

// forget looks at all pictures again, as those of another version of the deck.
func (g *gallery) forget() {
	clear(g.absent)
	maps.DeleteFunc(g.shots, func(_ string, s *shot) bool { return s.err != nil })
}

// take is a picture that fits in so many columns; nil if it is to be shown as text.
func (g *gallery) take(name string, cols int) *shot {
	if g.protocol == asText || g.read == nil || cols < 2 || strings.Contains(name, "://") {
		return nil
	}
	key := fmt.Sprint(cols, " ", g.cell, " ", name)
	s := g.shots[key]
	if s == nil {
		if len(g.shots) >= maxPictures {
			clear(g.shots)
		}
		g.ids++
		s = &shot{id: 0x5700 + g.ids}
		s.err = s.load(g, name, cols)
		g.shots[key] = s
	}
	if s.err != nil {
		return nil
	}
	return s
}

func (s *shot) load(g *gallery, name string, cols int) error {
	data, err := g.read(name)
	if err != nil {
		return err
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return err
	}
	if config.Width <= 0 || config.Height <= 0 || config.Width > maxPixels/config.Height {
		return errors.New("the picture is too large")
	}
	if s.picture, _, err = image.Decode(bytes.NewReader(data)); err != nil {
		return err
	}
	// As large as it is, unless there is too little room.
	s.cols = min(cols, (config.Width+g.cell.X-1)/g.cell.X)
	height := func() int { return (config.Height*s.cols*g.cell.X/config.Width + g.cell.Y - 1) / g.cell.Y }
	if s.rows = max(height(), 1); s.rows > pictureRows {
		s.cols = max(s.cols*pictureRows/s.rows, 1)
		s.rows = min(max(height(), 1), pictureRows)
	}
	return nil
}

// lines are the rows of a picture: for kitty, characters that stand for its cells; for
// sixels, room.
func (s *shot) lines(p protocol) []line {
	lines := make([]line, s.rows)
	if p != asKitty {
		return lines
	}
	look := screen.NewStyle(screen.RGB(uint8(s.id>>16), uint8(s.id>>8), uint8(s.id)), 0, 0)
	for y := range lines {
		var b strings.Builder
		for x := range s.cols {
			b.WriteRune(kitty.Placeholder)
			b.WriteRune(kitty.Diacritic(y))
			b.WriteRune(kitty.Diacritic(x))
		}
		lines[y] = line{{Text: b.String(), Width: s.cols, Style: look}}
	}
	return lines
}

// send hands the picture to a terminal that speaks kitty's protocol
// (https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders).
func (s *shot) send() (string, error) {
	s.sent = true
	var b bytes.Buffer
	err := kitty.EncodeGraphics(&b, s.picture, &kitty.Options{
		Action: kitty.TransmitAndPut, Quiet: 2, ID: s.id, Format: kitty.PNG, Chunk: true,
		Columns: s.cols, Rows: s.rows, VirtualPlacement: true,
	})
	return b.String(), err
}

// draw is the sequence that draws sixels at their places.
func (g *gallery) draw(all []placed) string {
	var b bytes.Buffer
	for _, p := range all {
		var payload bytes.Buffer
		if err := new(sixel.Encoder).Encode(&payload, scaled{p.shot.picture, p.shot.cols * g.cell.X, p.shot.rows * g.cell.Y}); err != nil {
			continue
		}
		fmt.Fprintf(&b, "\x1b7\x1b[%d;%dH%s\x1b8", p.y+1, p.x+1, ansi.SixelGraphics(0, 1, 0, payload.Bytes()))
	}
	return b.String()
}

// scaled is a picture in another size.
type scaled struct {
	image.Image
	width, height int
}

func (s scaled) Bounds() image.Rectangle { return image.Rect(0, 0, s.width, s.height) }

func (s scaled) At(x, y int) color.Color {
	b := s.Image.Bounds()
	return s.Image.At(b.Min.X+x*b.Dx()/s.width, b.Min.Y+y*b.Dy()/s.height)
}

// redraw reports that the text around sixels has been drawn.
type redraw struct{ wanted []placed }

// pictures hands the pictures of the present view to the terminal, and its larger texts.
func (f *face) pictures() tea.Cmd {
	if f.cols == 0 || f.gallery.protocol == asText && !f.sizing.known {
		return nil
	}
	var now []placed
	var texts []sizedText
	if fr := f.frame(); f.s.Consent == nil && !f.s.Blank && f.mode == normal && fr.slide && f.s.Current() != nil {
		cols, rows := f.slideSize()
		left := f.slideLeft(fr, cols)
		for _, p := range f.page(cols, rows).pictures {
			switch y := p.row - f.scroll; {
			case p.shot != nil && y >= 0 && y+p.shot.rows <= rows:
				now = append(now, placed{p.shot, left + p.col, 1 + y})
			case p.shot == nil && y >= 0 && y+p.scale <= rows:
				texts = append(texts, sizedText{left + p.col, 1 + y, sized(p.text, p.scale)})
			}
		}
	}
	return tea.Batch(f.images(now), f.headings(texts))
}

// images hands pictures to the terminal.
func (f *face) images(now []placed) tea.Cmd {
	g := f.gallery
	if g.protocol == asText {
		return nil
	}
	if g.protocol == asKitty {
		var all strings.Builder
		for _, p := range now {
			if !p.shot.sent {
				if seq, err := p.shot.send(); err == nil {
					all.WriteString(seq)
				}
			}
		}
		if all.Len() == 0 {
			return nil
		}
		return tea.Raw(all.String())
	}
	if slices.Equal(now, g.wanted) {
		return nil
	}
	g.wanted = now
	draw := tea.Tick(settledFrame, func(time.Time) tea.Msg { return redraw{now} })
	if len(g.shown) > 0 {
		g.shown = nil
		return tea.Sequence(tea.ClearScreen, draw)
	}
	return draw
}

// settle draws sixels, if they are still wanted.
func (f *face) settle(msg redraw) tea.Cmd {
	g := f.gallery
	if !slices.Equal(msg.wanted, g.wanted) || len(g.wanted) == 0 {
		return nil
	}
	g.shown = g.wanted
	return tea.Raw(g.draw(g.wanted))
}
