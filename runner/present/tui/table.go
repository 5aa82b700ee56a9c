package tui

import (
	"slices"
	"strings"

	"workshop/markdown"
	"workshop/runner/screen"
)

// cellGap is the width of the bar between two cells.
const cellGap = 3

// minCell is the width that a cell keeps on a narrow terminal.
const minCell = 4

// table is a table in at most cols columns, as far as its cells can give way.
func (p *painter) table(n *markdown.Node, cols int) []line {
	var rows [][]line
	var widths []int
	for i, r := range n.Children {
		base := style(0)
		if i == 0 {
			base = p.strong
		}
		var row []line
		for j, c := range r.Children {
			cell := p.inlines(c.Children, base)
			if j == len(widths) {
				widths = append(widths, 1)
			}
			widths[j] = max(widths[j], cell.Width())
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	narrow(widths, cols-cellGap*(len(widths)-1))
	var lines []line
	for i, row := range rows {
		lines = append(lines, p.row(n.Children[i].Children, row, widths)...)
		if i == 0 {
			var rule []string
			for _, w := range widths {
				rule = append(rule, strings.Repeat("─", w))
			}
			lines = append(lines, say(strings.Join(rule, "─┼─"), p.dim))
		}
	}
	return lines
}

// narrow makes the widest columns narrower until all of them fit.
func narrow(widths []int, cols int) {
	total := 0
	for _, w := range widths {
		total += w
	}
	for ; total > cols; total-- {
		widest := slices.Index(widths, slices.Max(widths))
		if widths[widest] <= minCell {
			return
		}
		widths[widest]--
	}
}

// row is a row of a table: its cells side by side, each wrapped at its column's width.
func (p *painter) row(nodes []*markdown.Node, row []line, widths []int) []line {
	cells := make([][]line, len(widths))
	height := 1
	for j := range row {
		cells[j] = wrap(row[j], widths[j], nil, nil)
		height = max(height, len(cells[j]))
	}
	lines := make([]line, height)
	for y := range lines {
		for j, width := range widths {
			var text line
			if y < len(cells[j]) {
				text = cells[j][y]
			}
			if j > 0 {
				lines[y] = append(lines[y], screen.NewRun(" │ ", p.dim))
			}
			space := max(width-text.Width(), 0)
			before := 0
			switch {
			case j >= len(nodes):
			case nodes[j].Align == "right":
				before = space
			case nodes[j].Align == "center":
				before = space / 2
			}
			lines[y] = join(lines[y], line{spaces(before)}, text, line{spaces(space - before)})
		}
	}
	return lines
}
