package figure

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"workshop/markdown/lazy"
)

// Claim is a statement about figures that must hold.
type Claim struct {
	text     string
	relation string // < <= > >= == != in ≈
	at       int    // of the relation
	left     *term
	right    *term // of a comparison, and the middle of ≈
	upper    *term // the second end of a range, or the tolerance of ≈
}

// String is the claim as it was written.
func (c *Claim) String() string { return c.text }

// Bound is the claim without its left side: the condition for the measured value.
func (c *Claim) Bound() string { return strings.TrimSpace(c.text[c.at:]) }

// Subject is the left side of the claim.
func (c *Claim) Subject() string { return strings.TrimSpace(c.text[:c.at]) }

// Error is a mistake in a claim, at a stretch of its text.
type Error struct {
	Start, End    int
	Message, Hint string
}

func (e *Error) Error() string { return e.Message }

// term is an arithmetic expression.
type term struct {
	start, end  int
	op          byte // 'n' a number, 'v' a figure, '-' with one operand a negation, else + - * /
	name        string
	value       float64 // of a number, in base units
	unit        Unit    // of a number
	left, right *term
	dim         dimension // after check
}

// names are the names of figures in the expression.
func (t *term) names() (all []*term) {
	if t == nil {
		return nil
	}
	if t.op == 'v' {
		return []*term{t}
	}
	return append(t.left.names(), t.right.names()...)
}

// bare reports whether the expression is a number without a unit.
func (t *term) bare() bool { return len(t.names()) == 0 && len(t.dim) == 0 }

// zero reports whether the expression is the number 0, which every unit has.
func (t *term) zero() bool { return t.op == 'n' && t.value == 0 }

var tokens = lazy.Regexp(`^(?:` +
	`(?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?:[ \t]*(?P<unit>` + unitForm + `))?` +
	`|(?P<name>[A-Za-z_][A-Za-z0-9_]*)` +
	`|(?P<op>\.\.|<=|>=|==|!=|\+-|[-+*/()<>≈~±]))`)

// token is a word of a claim.
type token struct {
	start, end int
	kind       byte // 'n', 'v', 'o', or 0 behind the last one
	text       string
	unit       string
}

// parser reads a claim.
//
//	claim    = sum relation .
//	relation = ( "<" | "<=" | ">" | ">=" | "==" | "!=" ) sum
//	         | "in" sum ".." sum
//	         | ( "≈" | "~" ) sum ( "±" | "+-" ) sum .
//	sum      = product { ( "+" | "-" ) product } .
//	product  = factor { ( "*" | "/" ) factor } .
//	factor   = number [ unit ] | name | "-" factor | "(" sum ")" .
type parser struct {
	text   string
	tokens []token
	depth  int
}

// maxDepth bounds the brackets in a claim, and maxText its length.
const (
	maxDepth = 50
	maxText  = 2000
)

// Parse reads a claim. The error is an [*Error].
func Parse(text string) (*Claim, error) {
	p := &parser{text: text}
	if len(text) > maxText {
		return nil, &Error{0, len(text), "the claim is too long", ""}
	}
	c, err := p.claim()
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (p *parser) scan() error {
	for at := 0; ; {
		at += len(p.text[at:]) - len(strings.TrimLeft(p.text[at:], " \t\n"))
		if at == len(p.text) {
			p.tokens = append(p.tokens, token{start: at, end: at})
			return nil
		}
		m := tokens().FindStringSubmatchIndex(p.text[at:])
		if m == nil {
			_, size := utf8.DecodeRuneInString(p.text[at:])
			return &Error{at, at + size, fmt.Sprintf("%q means nothing in a claim", p.text[at:at+size]), grammarHint}
		}
		part := func(name string) string {
			i := tokens().SubexpIndex(name)
			if m[2*i] < 0 {
				return ""
			}
			return p.text[at+m[2*i] : at+m[2*i+1]]
		}
		t := token{start: at, end: at + m[1], kind: 'o', text: part("op")}
		if t.text == "" {
			t.kind, t.text = 'v', part("name")
		}
		if t.text == "" {
			t.kind, t.text, t.unit = 'n', part("number"), part("unit")
			if t.unit == "in" { // 3 in 1..5
				t.unit = ""
				t.end = at + len(t.text)
			}
		}
		p.tokens = append(p.tokens, t)
		at = t.end
	}
}

const grammarHint = "a claim is a comparison, such as two / one in 1.7..2.3, size <= 20 MB, or ten / one ≈ 3 ± 20%"

func (p *parser) next() token { return p.tokens[0] }

// take takes the next token if it is one of these operators.
func (p *parser) take(ops ...string) (token, bool) {
	t := p.next()
	if t.kind == 'o' && slices.Contains(ops, t.text) || t.kind == 'v' && t.text == "in" && slices.Contains(ops, "in") {
		p.tokens = p.tokens[1:]
		return t, true
	}
	return t, false
}

// wanted is the mistake of another token than the wanted one.
func (p *parser) wanted(what string) error {
	t := p.next()
	if t.kind == 0 {
		return &Error{max(0, t.start-1), t.start, "the claim ends where " + what + " should come", grammarHint}
	}
	return &Error{t.start, t.end, fmt.Sprintf("%q stands where %s should come", p.text[t.start:t.end], what), grammarHint}
}

func (p *parser) claim() (*Claim, error) {
	if err := p.scan(); err != nil {
		return nil, err
	}
	c := &Claim{text: p.text}
	var err error
	if c.left, err = p.sum(); err != nil {
		return nil, err
	}
	t, ok := p.take("<", "<=", ">", ">=", "==", "!=", "in", "≈", "~")
	if !ok {
		return nil, p.wanted("a comparison")
	}
	c.relation, c.at = t.text, t.start
	if c.right, err = p.sum(); err != nil {
		return nil, err
	}
	switch c.relation {
	case "in":
		if _, ok := p.take(".."); !ok {
			return nil, p.wanted(`the ".." of a range`)
		}
	case "~", "≈":
		c.relation = "≈"
		if _, ok := p.take("±", "+-"); !ok {
			return nil, p.wanted(`the "±" of a tolerance`)
		}
	}
	if c.relation == "in" || c.relation == "≈" {
		if c.upper, err = p.sum(); err != nil {
			return nil, err
		}
	}
	if p.next().kind != 0 {
		return nil, p.wanted("the end of the claim")
	}
	return c, nil
}

func (p *parser) sum() (*term, error) { return p.chain(p.product, "+", "-") }

func (p *parser) product() (*term, error) { return p.chain(p.factor, "*", "/") }

func (p *parser) chain(operand func() (*term, error), ops ...string) (*term, error) {
	left, err := operand()
	for err == nil {
		t, ok := p.take(ops...)
		if !ok {
			return left, nil
		}
		var right *term
		if right, err = operand(); err == nil {
			left = &term{start: left.start, end: right.end, op: t.text[0], left: left, right: right}
		}
	}
	return nil, err
}

func (p *parser) factor() (*term, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, &Error{p.next().start, p.next().end, "too many brackets", ""}
	}
	defer func() { p.depth-- }()
	if minus, ok := p.take("-"); ok {
		f, err := p.factor()
		if err != nil {
			return nil, err
		}
		return &term{start: minus.start, end: f.end, op: '-', left: f}, nil
	}
	if open, ok := p.take("("); ok {
		inner, err := p.sum()
		if err != nil {
			return nil, err
		}
		closing, ok := p.take(")")
		if !ok {
			return nil, p.wanted(`")"`)
		}
		inner.start, inner.end = open.start, closing.end
		return inner, nil
	}
	t := p.next()
	switch {
	case t.kind == 'n':
		n := &term{start: t.start, end: t.end, op: 'n'}
		v, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			return nil, &Error{t.start, t.end, fmt.Sprintf("%s is too large", t.text), ""}
		}
		if t.unit != "" {
			if n.unit, err = ParseUnit(t.unit); err != nil {
				return nil, &Error{t.start, t.end, err.Error(), ""}
			}
		}
		n.value, n.dim = v*n.unit.scale(), n.unit.dim
		p.tokens = p.tokens[1:]
		return n, nil
	case t.kind == 'v' && t.text != "in":
		p.tokens = p.tokens[1:]
		return &term{start: t.start, end: t.end, op: 'v', name: t.text}, nil
	}
	return nil, p.wanted("a figure or a number")
}

// Names are the figures that the claim is about, each once.
func (c *Claim) Names() (all []string) {
	for _, t := range c.figures() {
		if !slices.Contains(all, t.name) {
			all = append(all, t.name)
		}
	}
	return all
}

func (c *Claim) figures() []*term {
	return append(append(c.left.names(), c.right.names()...), c.upper.names()...)
}

// Clone is a copy of the claim, to be checked by itself.
func (c *Claim) Clone() *Claim {
	twin := *c
	twin.left, twin.right, twin.upper = c.left.clone(), c.right.clone(), c.upper.clone()
	return &twin
}

func (t *term) clone() *term {
	if t == nil {
		return nil
	}
	twin := *t
	twin.left, twin.right = t.left.clone(), t.right.clone()
	return &twin
}

// Check checks the names and units of a claim. known returns the unit of a figure, and suggest a
// hint for a name that is not known. The error is an [*Error].
func (c *Claim) Check(known func(name string) (Unit, bool), suggest func(name string) string) error {
	figures := c.figures()
	for _, t := range figures {
		u, ok := known(t.name)
		if !ok {
			return &Error{t.start, t.end, fmt.Sprintf("there is no figure %q before this claim", t.name), suggest(t.name)}
		}
		t.dim = u.dim
	}
	if len(figures) == 0 {
		return &Error{
			0, len(c.text), "the claim is about no figure",
			"name one that a figure step before it defines, or duration, lines or bytes",
		}
	}
	c.spread()
	for _, t := range []*term{c.left, c.right, c.upper} {
		if err := c.infer(t, known); err != nil {
			return err
		}
	}
	if err := c.alike(c.left, c.right); err != nil {
		return err
	}
	if c.upper == nil || c.relation == "≈" && c.relative() {
		return nil
	}
	if err := c.alike(c.left, c.upper); err != nil {
		return err
	}
	if c.relation == "in" && c.right.op == 'n' && c.upper.op == 'n' && c.right.value > c.upper.value {
		return &Error{c.right.start, c.upper.end, "the range is empty: its first end is above its second", ""}
	}
	return nil
}

// spread gives the first end of a range the unit of the second, as in 200..300 ms.
func (c *Claim) spread() {
	if c.relation == "in" && c.right.op == 'n' && c.right.unit.name == "" && c.upper.op == 'n' && c.upper.unit.name != "" {
		c.right.unit, c.right.dim = c.upper.unit, c.upper.dim
		c.right.value *= c.upper.unit.scale()
	}
}

// relative reports whether the tolerance is a share of the middle.
func (c *Claim) relative() bool { return c.upper.op == 'n' && c.upper.unit.name == "%" }

// infer computes the dimension of an expression.
func (c *Claim) infer(t *term, known func(string) (Unit, bool)) error {
	if t == nil || t.op == 'n' || t.op == 'v' {
		if t != nil && t.op == 'n' && t.unit.name != "" {
			if u, ok := known(t.unit.name); ok && !u.dim.equal(t.dim) { // pods may be the number of pods
				number := strings.TrimSpace(strings.TrimSuffix(c.text[t.start:t.end], t.unit.name))
				return &Error{
					t.start, t.end, fmt.Sprintf("%s is a figure, and stands where the unit of %s should", t.unit.name, number),
					fmt.Sprintf("write %s * %s", number, t.unit.name),
				}
			}
		}
		return nil
	}
	for _, operand := range []*term{t.left, t.right} {
		if err := c.infer(operand, known); err != nil {
			return err
		}
	}
	switch {
	case t.op == '*':
		t.dim = t.left.dim.times(t.right.dim, 1)
	case t.op == '/':
		if t.right.zero() {
			return &Error{t.right.start, t.right.end, "nothing can be divided by 0", ""}
		}
		t.dim = t.left.dim.times(t.right.dim, -1)
	case t.right == nil:
		t.dim = t.left.dim
	default:
		t.dim = t.left.dim
		if t.left.bare() {
			t.dim = t.right.dim
		}
		return c.alike(t.left, t.right)
	}
	return nil
}

// alike returns a mistake if two expressions cannot be compared. 0 is 0 in every unit, and a bare
// number counts the things that the other side counts.
func (c *Claim) alike(a, b *term) error {
	if a.dim.equal(b.dim) || a.zero() || b.zero() || a.bare() && b.dim.counts() || b.bare() && a.dim.counts() {
		return nil
	}
	said := func(t *term) string {
		return fmt.Sprintf("%s is %s", c.text[t.start:t.end], t.dim.kind())
	}
	hint := ""
	if b.bare() {
		hint = fmt.Sprintf("give %s a unit", c.text[b.start:b.end])
	}
	if a.bare() {
		hint = fmt.Sprintf("give %s a unit", c.text[a.start:a.end])
	}
	return &Error{b.start, b.end, said(b) + ", and " + said(a), hint}
}

// Sentence splits a claim that begins with its sentence in quotation marks: "…": EXPRESSION. rest is
// the offset of the expression.
func Sentence(text string) (sentence string, rest int) {
	if !strings.HasPrefix(text, `"`) {
		return "", 0
	}
	end := strings.Index(text[1:], `":`)
	if end < 0 {
		return "", 0
	}
	rest = end + len(`"":`)
	rest += len(text[rest:]) - len(strings.TrimLeft(text[rest:], " \t\n"))
	return text[1 : 1+end], rest
}

// nameForm is the form of a figure's name.
var nameForm = lazy.Regexp(`^[A-Za-z_][A-Za-z0-9_]*$`)

// CheckName returns a mistake in the name of a figure.
func CheckName(name string) error {
	switch {
	case strings.Contains(name, "-") && nameForm().MatchString(strings.ReplaceAll(name, "-", "_")):
		return fmt.Errorf("the name %q has a minus in it: write %s", name, strings.ReplaceAll(name, "-", "_"))
	case !nameForm().MatchString(name) || name == "in":
		return fmt.Errorf("%q is no name: a name consists of letters, digits and _", name)
	}
	return nil
}
