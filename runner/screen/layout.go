package screen

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Layout divides a window into panes, with a line of one cell between them, exactly as
// tmux does: the geometry follows its layout.c and layout-set.c, the neighbours its
// window.c.
type Layout struct {
	cols, rows int
	root       *cell
	panes      []*cell // in the order in which tmux numbers them
	recent     []*cell // those that were active, the last one at the end
	clock      int     // counts activations
}

// Place is the place of a pane in its window, in cells.
type Place struct{ X, Y, Cols, Rows int }

// Direction is a way through a window.
type Direction uint8

// The directions.
const (
	Up Direction = iota
	Down
	Left
	Right
)

// cell is a pane, or a row or column of cells.
type cell struct {
	kind     cellKind
	place    Place
	parent   *cell
	children []*cell
	id       int // of a pane
	point    int // the clock of its last activation
}

type cellKind uint8

const (
	paneCell   cellKind = iota
	rowCell             // its children stand side by side
	columnCell          // its children stand one above the other
)

// minPane is the least size of a pane in either direction.
const minPane = 1

var errNoSpace = errors.New("there is no space for a new pane")

// NewLayout is a window of one pane, which is active.
func NewLayout(cols, rows, id int) *Layout {
	l := &Layout{cols: cols, rows: rows}
	l.root = &cell{place: Place{0, 0, cols, rows}, id: id}
	l.panes = []*cell{l.root}
	l.activate(l.root)
	return l
}

// Panes are the ids of the panes in the order of their numbers.
func (l *Layout) Panes() []int {
	ids := make([]int, len(l.panes))
	for i, c := range l.panes {
		ids[i] = c.id
	}
	return ids
}

// Place is the place of a pane.
func (l *Layout) Place(id int) Place { return l.find(id).place }

// Size is the size of the window.
func (l *Layout) Size() (cols, rows int) { return l.cols, l.rows }

// Active is the active pane.
func (l *Layout) Active() int { return l.recent[len(l.recent)-1].id }

func (l *Layout) active() *cell { return l.recent[len(l.recent)-1] }

func (l *Layout) find(id int) *cell {
	return l.panes[slices.IndexFunc(l.panes, func(c *cell) bool { return c.id == id })]
}

func (l *Layout) activate(c *cell) {
	l.clock++
	c.point = l.clock
	l.recent = append(slices.DeleteFunc(l.recent, func(o *cell) bool { return o == c }), c)
}

// Select makes the pane with a number active.
func (l *Layout) Select(number int) error {
	if number < 0 || number >= len(l.panes) {
		return fmt.Errorf("there is no pane %d", number)
	}
	if c := l.panes[number]; c != l.active() {
		l.activate(c)
	}
	return nil
}

// Next activates the pane that is n behind the active one.
func (l *Layout) Next(n int) {
	i := slices.Index(l.panes, l.active()) + n
	_ = l.Select((i%len(l.panes) + len(l.panes)) % len(l.panes))
}

// Before is the pane that was active before the present one.
func (l *Layout) Before() (id int, ok bool) {
	if len(l.recent) < 2 {
		return 0, false
	}
	return l.recent[len(l.recent)-2].id, true
}

// Last activates the pane that was active before.
func (l *Layout) Last() error {
	if len(l.recent) < 2 {
		return errors.New("there is no last pane")
	}
	l.activate(l.recent[len(l.recent)-2])
	return nil
}

// Toward activates the pane in a direction, round the window's edge if need be; of several
// neighbours the one that was active last. It may be the same pane.
func (l *Layout) Toward(d Direction) {
	from := l.active().place
	var best *cell
	for _, c := range l.panes {
		if c != l.active() && adjoins(from, c.place, d, l.cols, l.rows) && (best == nil || c.point > best.point) {
			best = c
		}
	}
	if best != nil {
		l.activate(best)
	}
}

// adjoins reports whether a pane lies next to another one in a direction.
func adjoins(from, to Place, d Direction, cols, rows int) bool {
	beside := func(start, size, other, otherSize int) bool {
		end, otherEnd := start+size, other+otherSize-1
		return other < start && otherEnd > end || other >= start && other <= end || otherEnd >= start && otherEnd <= end
	}
	switch d {
	case Up:
		edge := from.Y
		if edge == 0 {
			edge = rows + 1
		}
		return to.Y+to.Rows+1 == edge && beside(from.X, from.Cols, to.X, to.Cols)
	case Down:
		edge := from.Y + from.Rows + 1
		if edge >= rows {
			edge = 0
		}
		return to.Y == edge && beside(from.X, from.Cols, to.X, to.Cols)
	case Left:
		edge := from.X
		if edge == 0 {
			edge = cols + 1
		}
		return to.X+to.Cols+1 == edge && beside(from.Y, from.Rows, to.Y, to.Rows)
	default:
		edge := from.X + from.Cols + 1
		if edge >= cols {
			edge = 0
		}
		return to.X == edge && beside(from.Y, from.Rows, to.Y, to.Rows)
	}
}

// Split is the manner of a division of a pane.
type Split struct {
	Beside  bool // the new one stands beside it and not below
	Before  bool // on the left or above
	Size    int  // of the new one, in cells; 0: half
	Percent int  // or in hundredths
	Keep    bool // the active pane stays active
}

// Split divides a pane. The new one gets an id and becomes active.
func (l *Layout) Split(number, id int, s Split) error {
	old := l.panes[number]
	kind, room := columnCell, old.place.Rows
	if s.Beside {
		kind, room = rowCell, old.place.Cols
	}
	if room < 2*minPane+1 {
		return errNoSpace
	}
	size := s.Size
	if s.Percent > 0 {
		size = room * s.Percent / 100
	}
	second := (room+1)/2 - 1
	switch {
	case s.Size == 0 && s.Percent == 0:
	case s.Before && size > room-1:
		second = room // as in tmux, whose sizes have no sign
	case s.Before:
		second = room - size - 1
	default:
		second = size
	}
	second = min(max(second, minPane), room-2)
	first := room - 1 - second

	fresh := &cell{id: id}
	if old.parent == nil || old.parent.kind != kind {
		// A new row or column takes its place.
		group := &cell{kind: kind, place: old.place, parent: old.parent, children: []*cell{old}}
		if old.parent == nil {
			l.root = group
		} else {
			old.parent.children[slices.Index(old.parent.children, old)] = group
		}
		old.parent = group
	}
	fresh.parent, fresh.place = old.parent, old.place
	at, in := slices.Index(old.parent.children, old), slices.Index(l.panes, old)
	one, two := old, fresh
	if s.Before {
		one, two = fresh, old
	} else {
		at, in = at+1, in+1
	}
	old.parent.children = slices.Insert(old.parent.children, at, fresh)
	l.panes = slices.Insert(l.panes, in, fresh)
	one.setSize(kind, first)
	two.setSize(kind, second)
	l.fix()
	if !s.Keep {
		l.activate(fresh)
	} else {
		l.recent = slices.Insert(l.recent, 0, fresh)
	}
	return nil
}

// size is a cell's in the direction in which a kind of group runs.
func (c *cell) size(along cellKind) int {
	if along == rowCell {
		return c.place.Cols
	}
	return c.place.Rows
}

func (c *cell) setSize(along cellKind, n int) {
	if along == rowCell {
		c.place.Cols = n
	} else {
		c.place.Rows = n
	}
}

// Remove takes a pane out of the window; the cell beside it gets its space. The last
// pane stays.
func (l *Layout) Remove(id int) {
	c := l.find(id)
	if len(l.panes) == 1 {
		return
	}
	in := slices.Index(l.panes, c)
	l.panes = slices.Delete(l.panes, in, in+1)
	was := l.active()
	l.recent = slices.DeleteFunc(l.recent, func(o *cell) bool { return o == c })
	if was == c {
		l.clock++
		l.active().point = l.clock
	}
	p := c.parent
	at := slices.Index(p.children, c)
	other := p.children[max(at-1, 0)]
	if at == 0 {
		other = p.children[1]
	}
	other.adjust(p.kind, c.size(p.kind)+1)
	p.children = slices.Delete(p.children, at, at+1)
	if len(p.children) == 1 {
		only := p.children[0]
		if only.parent = p.parent; p.parent == nil {
			l.root = only
		} else {
			p.parent.children[slices.Index(p.parent.children, p)] = only
		}
	}
	l.fix()
}

// Resize gives the window another size. It does not get smaller than its panes can.
func (l *Layout) Resize(cols, rows int) {
	for _, d := range []struct {
		along cellKind
		size  int
	}{{rowCell, cols}, {columnCell, rows}} {
		change := d.size - l.root.size(d.along)
		l.root.adjust(d.along, max(change, -l.root.spare(d.along)))
	}
	l.cols, l.rows = l.root.place.Cols, l.root.place.Rows
	l.fix()
}

// spare is the space that a cell can give away.
func (c *cell) spare(along cellKind) int {
	switch c.kind {
	case paneCell:
		return max(c.size(along)-minPane, 0)
	case along:
		sum := 0
		for _, child := range c.children {
			sum += child.spare(along)
		}
		return sum
	}
	least := c.children[0].spare(along)
	for _, child := range c.children[1:] {
		least = min(least, child.spare(along))
	}
	return least
}

// adjust makes a cell larger or smaller; it must have as much to spare.
func (c *cell) adjust(along cellKind, change int) {
	c.setSize(along, c.size(along)+change)
	switch c.kind {
	case paneCell:
		return
	case along:
	default:
		for _, child := range c.children {
			child.adjust(along, change)
		}
		return
	}
	for change != 0 {
		before := change
		for _, child := range c.children {
			switch {
			case change > 0:
				child.adjust(along, 1)
				change--
			case change < 0 && child.spare(along) > 0:
				child.adjust(along, -1)
				change++
			}
		}
		if change == before {
			return
		}
	}
}

// fix gives every cell the place that follows from the sizes.
func (l *Layout) fix() {
	l.root.place.X, l.root.place.Y = 0, 0
	l.root.fix()
}

func (c *cell) fix() {
	x, y := c.place.X, c.place.Y
	for _, child := range c.children {
		child.place.X, child.place.Y = x, y
		child.fix()
		if c.kind == rowCell {
			x += child.place.Cols + 1
		} else {
			y += child.place.Rows + 1
		}
	}
}

// Arrangements are the names of the layouts that panes can be arranged in, in the order
// in which tmux goes through them.
func Arrangements() []string {
	return []string{
		"even-horizontal", "even-vertical", "main-horizontal", "main-horizontal-mirrored",
		"main-vertical", "main-vertical-mirrored", "tiled",
	}
}

// The sizes of the main pane, unless there is less room.
const (
	mainCols = 80
	mainRows = 24
)

// Arrange arranges the panes by the name of a layout.
func (l *Layout) Arrange(name string) error {
	n := len(l.panes)
	if !slices.Contains(Arrangements(), name) {
		return fmt.Errorf("there is no layout %q", name)
	}
	if n == 1 {
		return nil
	}
	across, down := l.cols-(n-1), l.rows-(n-1)
	name, mirrored := strings.CutSuffix(name, "-mirrored")
	var root *cell
	switch name {
	case "even-horizontal":
		if across < n {
			return errNoSpace
		}
		root = l.group(rowCell, l.panes)
	case "even-vertical":
		if down < n {
			return errNoSpace
		}
		root = l.group(columnCell, l.panes)
	case "main-horizontal":
		root = l.main(columnCell, rowCell, mainRows, mirrored)
	case "main-vertical":
		root = l.main(rowCell, columnCell, mainCols, mirrored)
	case "tiled":
		root = l.tiled()
	}
	if root == nil {
		return errNoSpace
	}
	l.root = root
	l.fix()
	return nil
}

// group is a row or a column of the window's size, of panes of the same size.
func (l *Layout) group(kind cellKind, panes []*cell) *cell {
	g := &cell{kind: kind, place: Place{0, 0, l.cols, l.rows}, children: slices.Clone(panes)}
	for _, c := range panes {
		c.parent, c.place = g, g.place
	}
	g.spread()
	return g
}

// spread gives the children of a group the same size; the last one gets the rest.
func (g *cell) spread() {
	n, size := len(g.children), g.size(g.kind)
	each := (size - (n - 1)) / n
	for i, c := range g.children {
		if i == n-1 {
			each = size - (each+1)*(n-1)
		}
		c.setSize(g.kind, each)
	}
}

// main is a large pane, the first one, with the others beside or below it.
func (l *Layout) main(kind, other cellKind, want int, mirrored bool) *cell {
	root := &cell{kind: kind, place: Place{0, 0, l.cols, l.rows}}
	room := root.size(kind) - 1
	if room < 2*minPane || root.size(other)-(len(l.panes)-2) < len(l.panes)-1 {
		return nil
	}
	if want > room || want+minPane >= room {
		want = max(room-minPane, minPane)
	}
	first := l.panes[0]
	first.parent, first.place = root, root.place
	first.setSize(kind, want)
	rest := l.panes[1]
	if len(l.panes) > 2 {
		rest = l.group(other, l.panes[1:])
	}
	rest.parent, rest.place = root, root.place
	rest.setSize(kind, room-want)
	for _, c := range rest.children {
		c.setSize(kind, room-want)
	}
	if root.children = []*cell{first, rest}; mirrored {
		slices.Reverse(root.children)
	}
	return root
}

// tiled is as many rows as columns, or one more.
func (l *Layout) tiled() *cell {
	n, rows, columns := len(l.panes), 1, 1
	for rows*columns < n {
		rows++
		if rows*columns < n {
			columns++
		}
	}
	width, height := (l.cols-(columns-1))/columns, (l.rows-(rows-1))/rows
	if width < minPane || height < minPane {
		return nil
	}
	root := &cell{kind: columnCell, place: Place{0, 0, l.cols, l.rows}}
	for panes := range slices.Chunk(l.panes, columns) {
		row := panes[0]
		if len(panes) > 1 {
			row = &cell{kind: rowCell, children: slices.Clone(panes)}
		}
		row.parent, row.place = root, Place{0, 0, l.cols, height}
		for _, c := range row.children {
			c.parent, c.place = row, Place{0, 0, width, height}
		}
		if used := len(panes)*(width+1) - 1; len(panes) > 1 && l.cols > used {
			panes[len(panes)-1].setSize(rowCell, width+l.cols-used)
		}
		root.children = append(root.children, row)
	}
	if used := len(root.children)*(height+1) - 1; l.rows > used {
		root.children[len(root.children)-1].adjust(columnCell, l.rows-used)
	}
	if len(root.children) == 1 {
		root.children[0].parent = nil
		return root.children[0]
	}
	return root
}
