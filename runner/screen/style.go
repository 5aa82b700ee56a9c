package screen

// Style is the look of a cell: its colours and attributes. The zero value is the
// terminal's own.
type Style uint64

// Color is a colour of a cell: the terminal's default, one of a palette of 256 (the
// first 16 are the terminal's to choose), or red, green and blue.
type Color uint32

// Attr is a set of attributes.
type Attr uint8

// The attributes of a cell.
const (
	Bold Attr = 1 << iota
	Dim
	Italic
	Underline // of any kind
	Blink
	Reverse
	Hidden
	Strike
)

// A style is the foreground in its lowest 26 bits, then the background, then the
// attributes.
const (
	colorBits = 26
	colorMask = 1<<colorBits - 1

	fgShift   = 0
	bgShift   = colorBits
	attrShift = 2 * colorBits

	paletteKind = 1 << 24
	rgbKind     = 2 << 24
)

// Palette is a colour of the palette.
func Palette(i uint8) Color { return paletteKind | Color(i) }

// RGB is a direct colour.
func RGB(r, g, b uint8) Color { return rgbKind | Color(r)<<16 | Color(g)<<8 | Color(b) }

// Index is the place of a colour in the palette, if it is one of the palette.
func (c Color) Index() (i uint8, ok bool) { return uint8(c), c&^0xff == paletteKind }

// RGB is red, green and blue of a direct colour.
func (c Color) RGB() (r, g, b uint8, ok bool) {
	return uint8(c >> 16), uint8(c >> 8), uint8(c), c>>24 == rgbKind>>24
}

// Foreground is the colour of the text, 0 for the default.
func (s Style) Foreground() Color { return Color(s>>fgShift) & colorMask }

// Background is the colour behind the text, 0 for the default.
func (s Style) Background() Color { return Color(s>>bgShift) & colorMask }

// Attr is the set of attributes.
func (s Style) Attr() Attr { return Attr(s >> attrShift) }

// blank is the style of an empty cell: the background alone.
func (s Style) blank() Style { return s & (colorMask << bgShift) }

func (s *Style) color(place int, c Color) { *s = *s&^(colorMask<<place) | Style(c)<<place }

func (s *Style) set(a Attr) { *s |= Style(a) << attrShift }

func (s *Style) reset(a Attr) { *s &^= Style(a) << attrShift }

// attrCodes are the parameters of SGR (ECMA-48, 8.3.117) that set an attribute.
var attrCodes = [...]Attr{1: Bold, 2: Dim, 3: Italic, 4: Underline, 5: Blink, 6: Blink, 7: Reverse, 8: Hidden, 9: Strike}

// graphics applies the parameters of SGR: ECMA-48 with xterm's colours, in both of
// their spellings (38;5;n and 38:5:n, 38;2;r;g;b and 38:2:space:r:g:b).
func (s *Style) graphics(p *params) {
	for i := 0; i < p.n; i++ {
		switch v := p.get(i, 0); {
		case v == 0:
			*s = 0
		case v == 4 && p.sub(i+1):
			if p.get(i+1, 0) == 0 {
				s.reset(Underline)
			} else {
				s.set(Underline)
			}
		case v < len(attrCodes):
			s.set(attrCodes[v])
		case v == 21:
			s.set(Underline)
		case v == 22:
			s.reset(Bold | Dim)
		case v == 23:
			s.reset(Italic)
		case v == 24:
			s.reset(Underline)
		case v == 25:
			s.reset(Blink)
		case v == 27:
			s.reset(Reverse)
		case v == 28:
			s.reset(Hidden)
		case v == 29:
			s.reset(Strike)
		case v >= 30 && v <= 37:
			s.color(fgShift, Palette(uint8(v-30)))
		case v == 39:
			s.color(fgShift, 0)
		case v >= 40 && v <= 47:
			s.color(bgShift, Palette(uint8(v-40)))
		case v == 49:
			s.color(bgShift, 0)
		case v >= 90 && v <= 97:
			s.color(fgShift, Palette(uint8(v-90+8)))
		case v >= 100 && v <= 107:
			s.color(bgShift, Palette(uint8(v-100+8)))
		case v == 38 || v == 48 || v == 58:
			c, last, ok := p.color(i)
			if i = last; !ok {
				break
			}
			switch v {
			case 38:
				s.color(fgShift, c)
			case 48:
				s.color(bgShift, c)
			}
		}
		for p.sub(i + 1) {
			i++
		}
	}
}

// color is the colour of the parameter 38, 48 or 58 at i, and the last parameter
// that belongs to it.
func (p *params) color(i int) (c Color, last int, ok bool) {
	first, end := i+2, p.n
	if p.sub(i + 1) {
		for end = i + 1; p.sub(end); end++ {
		}
		if p.get(i+1, 0) == 2 && end-first > 3 {
			first++ // the colour space
		}
	}
	var n int
	switch p.get(i+1, 0) {
	case 5:
		n = 1
	case 2:
		n = 3
	}
	last = first + n - 1
	if n == 0 || last >= end {
		return 0, end - 1, false
	}
	for j := first; j <= last; j++ {
		if p.get(j, 0) > 255 {
			return 0, last, false
		}
	}
	at := func(j int) uint8 { return uint8(p.get(first+j, 0)) }
	if n == 1 {
		return Palette(at(0)), last, true
	}
	return RGB(at(0), at(1), at(2)), last, true
}
