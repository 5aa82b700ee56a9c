package compose

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"
)

// board draws progress as V5 does: one line per state, or, on a terminal, one line per object.
// There all lines are redrawn when one of them changes.
type board struct {
	mu      sync.Mutex
	w       io.Writer
	ansi    bool
	size    func() (width, height int)
	now     func() time.Time
	command string
	logs    bool // the containers' output goes to the same terminal and must not be overwritten
	rows    []*boardRow
	drawn   int // lines on the screen that will be redrawn
}

type boardRow struct {
	name, state string
	since       time.Time
	took        time.Duration
}

func (r *boardRow) done() bool { return slices.Contains(resting, r.state) }

// resting are the states of finished operations.
var resting = []string{
	"Created", "Started", "Running", "Stopped", "Removed", "Killed", "Recreated", "Built", "Pulled", "Paused", "Unpaused",
	"Healthy", "Exited",
}

func (b *board) operation(name string) {
	b.command = name
	if name == "rm" {
		b.command = "remove"
	}
}

func (b *board) attached() { b.logs = true }

func (b *board) begin(string, []string)     {}
func (b *board) end(string, string, string) {}

func (b *board) status(kind, name, state string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ansi {
		end := " " // in place of details, which only an error has
		if strings.HasPrefix(state, "Error ") {
			end = ""
		}
		fmt.Fprintf(b.w, " %s %s %s%s\n", kind, name, state, end)
		return
	}
	if b.logs && strings.HasPrefix(state, "Start") {
		return
	}
	name = kind + " " + name
	i := slices.IndexFunc(b.rows, func(r *boardRow) bool { return r.name == name })
	if i < 0 {
		i = len(b.rows)
		b.rows = append(b.rows, &boardRow{name: name, since: b.now()})
	}
	r := b.rows[i]
	r.state, r.took = state, b.now().Sub(r.since)
	b.draw()
}

// draw replaces the rows on the screen by the current ones, up to the height of the terminal. No
// line is longer than the terminal is wide: a wrapped line would spoil the way back up.
func (b *board) draw() {
	width, height := b.size()
	done, column := 0, 0
	for _, r := range b.rows {
		if r.done() {
			done++
		}
		column = max(column, runewidth.StringWidth(r.name))
	}
	const margin, states, timer = 3, 12, 6
	column = max(10, min(column, width-margin-states-timer))
	rows := b.rows
	if room := max(1, height-2); len(rows) > room {
		rows = rows[:room-1]
	}
	var out strings.Builder
	out.WriteString("\x1b[?25l")
	if b.drawn > 0 {
		fmt.Fprintf(&out, "\x1b[%dA", b.drawn)
	}
	line := func(text string) { out.WriteString("\r\x1b[2K" + text + "\n") }
	line(fmt.Sprintf("[+] %s %d/%d", b.command, done, len(b.rows)))
	for _, r := range rows {
		mark, state := paint(yellow, "⠋"), r.state
		if r.done() {
			mark, state = paint(green, "✔"), paint(green, state)
		}
		name := runewidth.FillRight(runewidth.Truncate(r.name, column, "..."), column)
		took := fmt.Sprintf("%.1fs", r.took.Seconds())
		fill := max(1, width-margin-column-1-runewidth.StringWidth(r.state)-len(took))
		line(" " + mark + " " + name + " " + state + strings.Repeat(" ", fill) + paint("34", took))
	}
	b.drawn = len(rows) + 1
	if len(rows) < len(b.rows) {
		line(fmt.Sprintf(" ... %d more", len(b.rows)-len(rows)))
		b.drawn++
	}
	out.WriteString("\x1b[?25h")
	io.WriteString(b.w, out.String())
}

func (b *board) text(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows, b.drawn = nil, 0 // the rows on the screen stay as they are
	io.WriteString(b.w, text+"\n")
}

func (b *board) info(text string) { b.text(text) }

func (b *board) warn(text string) {
	if b.ansi {
		b.text(paint(yellow, "WARN") + "[0000] " + text)
		return
	}
	b.text(fmt.Sprintf("time=%q level=warning msg=%q", time.Now().Format(time.RFC3339), text))
}

func (b *board) fail(text string) { b.text(text) }

func (b *board) flush() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows, b.drawn = nil, 0
}
