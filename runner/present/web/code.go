package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"strings"
	"time"

	"rsc.io/qr"
)

// A code is short enough to be typed from a wall. It is of letters and digits that nobody mistakes
// for one another, 30 bits, and lets in the audience alone.
const (
	codeLength  = 6
	codeLetters = "0123456789abcdefghjkmnpqrstvwxyz"
)

func newCode() string {
	var b [codeLength]byte
	_, _ = rand.Read(b[:]) // never fails
	for i := range b {
		b[i] = codeLetters[b[i]%byte(len(codeLetters))]
	}
	return string(b[:])
}

// asMeant is a code as it was meant by somebody who typed it.
var asMeant = strings.NewReplacer("o", "0", "i", "1", "l", "1")

// open lets the audience in by a code: the one of the last talk, or a new one.
func (s *seats) open(code string) {
	if code == "" {
		code = newCode()
	}
	s.code = code
}

// byCode is an invitation for somebody with the room's code; ok is false if there were too many
// wrong codes from where it comes.
func (s *seats) byCode(code, from string, now time.Time) (found *invitation, right, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.code == "" {
		return nil, false, true
	}
	if !s.guesses.allowed(from, now) {
		return nil, false, false
	}
	given, want := sha256.Sum256([]byte(asMeant.Replace(strings.ToLower(code)))), sha256.Sum256([]byte(s.code))
	if subtle.ConstantTimeCompare(given[:], want[:]) != 1 {
		s.guesses.wrong(from, now)
		return nil, false, true
	}
	return &invitation{role: Audience, left: 2, until: now.Add(lasting)}, true, true
}

// Of codes, at most so many wrong ones are looked at from one address, and one more each time that so
// long has passed. Of all addresses together these are too few to find one within a talk.
const (
	maxWrong   = 20
	forgiven   = 10 * time.Second
	maxGuesser = 512
)

// guesses are the wrong codes of late, by the address that they came from. The zero value has none.
type guesses struct{ of map[string]guess }

type guess struct {
	n     int
	since time.Time
}

func (g *guesses) allowed(from string, now time.Time) bool {
	host, _, _ := net.SplitHostPort(from)
	one, known := g.of[host]
	return known && one.left(now) < maxWrong || !known && (len(g.of) < maxGuesser || g.forget(now))
}

func (g guess) left(now time.Time) int { return max(g.n-int(now.Sub(g.since)/forgiven), 0) }

func (g *guesses) wrong(from string, now time.Time) {
	if g.of == nil {
		g.of = map[string]guess{}
	}
	host, _, _ := net.SplitHostPort(from)
	one := g.of[host]
	if n := one.left(now); n != one.n {
		one = guess{n, now}
	}
	if one.n++; one.n == 1 {
		one.since = now
	}
	g.of[host] = one
}

// forget makes place, and reports whether there is some.
func (g *guesses) forget(now time.Time) bool {
	for host, one := range g.of {
		if one.left(now) == 0 {
			delete(g.of, host)
		}
	}
	return len(g.of) < maxGuesser
}

// qrRows is the QR code of a text, as rows of 0 and 1; nil if there is none of so long a text.
func qrRows(text string) []string {
	c, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil
	}
	rows := make([]string, c.Size)
	for y := range rows {
		row := make([]byte, c.Size)
		for x := range row {
			row[x] = '0'
			if c.Black(x, y) {
				row[x] = '1'
			}
		}
		rows[y] = string(row)
	}
	return rows
}

// quiet is the width of the margin that a reader of QR codes needs, in modules.
const quiet = 2

// Blocks is the QR code of a text for a terminal: two rows of modules in each line, light ones in the
// colour of text, with or without colours of its own; "" if there is none of so long a text.
func Blocks(text string, colored bool) string {
	rows := qrRows(text)
	if rows == nil {
		return ""
	}
	dark := func(x, y int) bool {
		x, y = x-quiet, y-quiet
		return y >= 0 && y < len(rows) && x >= 0 && x < len(rows) && rows[y][x] == '1'
	}
	var b strings.Builder
	size := len(rows) + 2*quiet
	for y := 0; y < size; y += 2 {
		if colored {
			b.WriteString("\x1b[97;40m")
		}
		for x := range size {
			switch top, bottom := dark(x, y), dark(x, y+1); {
			case top && bottom:
				b.WriteString(" ")
			case top:
				b.WriteString("▄")
			case bottom:
				b.WriteString("▀")
			default:
				b.WriteString("█")
			}
		}
		if colored {
			b.WriteString("\x1b[0m")
		}
		b.WriteString("\n")
	}
	return b.String()
}
