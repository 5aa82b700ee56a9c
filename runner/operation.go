package runner

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	expect "github.com/Netflix/go-expect"
	"golang.org/x/text/unicode/norm"

	"workshop/runner/figure"
	"workshop/runner/terminal"
)

// Kind is the kind of a step's effect.
type Kind string

// The kinds of steps.
const (
	KindTypes    Kind = "type"    // it types a snippet at the prompt
	KindPresses  Kind = "press"   // it types keys, to any reader of the terminal
	KindWaits    Kind = "wait"    // it waits for output
	KindJudges   Kind = "judge"   // it judges the status of a command, or its output
	KindAlters   Kind = "alter"   // it alters a step before it, and does nothing in its own place
	KindClaims   Kind = "claim"   // it compares figures
	KindCopies   Kind = "copy"    // it copies from the screen to the session's clipboard
	KindOpens    Kind = "open"    // it requests a page
	KindArranges Kind = "arrange" // it arranges the panes of the terminal
	KindIgnored  Kind = "ignore"  // nothing: its author says so, or the directive is unknown, see [Compiler]
	KindBroken   Kind = "broken"  // nothing: the step has a mistake, see [Plan.Break]
)

// operation is the effect of a step, as data. The action reads it, and so does every view of
// a step before it runs: there is no second description that could differ.
type operation struct {
	kind      Kind
	snippet   string       // text typed at the prompt, a Return behind each line
	keys      terminal.Key // typed keys
	pastes    bool         // it types the clipboard
	lastOnly  bool         // of the snippets of its exercise only the last commands are judged
	repeats   bool         // it types the snippet before it again
	template  bool         // it opens a URL for people to fill in
	condition Condition
	waits     int           // the limit as a multiple of a wait's; 0: the limit of a snippet
	timeout   time.Duration // the limit of the step before it
	arrange   *arrangement  // of the panes
	terms     []Term        // of its exercise
	instead   string        // typed in place of the snippet before it
	figure    *Figure       // that it reads
	claim     *Claim        // that it judges
	act       action        // carries the operation out; nil: the step has no effect in its own place
}

// Condition is the requirement for a step to pass. Its zero value is none.
type Condition struct {
	Appears  *Pattern       // it appears in the output of the command before, behind the last match
	Lacks    *Pattern       // it does not appear in the output of the snippet before
	Each     bool           // each line of the snippet before the last one ends, with status 0
	Ends     bool           // the command ends: the prompt comes back
	Status   *Status        // the status of the command, if it ends by itself
	Output   *Expected      // the whole output of the snippet before
	OnScreen *regexp.Regexp // it matches a text on the screen
	Page     string         // it answers with a status below 400
	Read     bool           // the command before has ended, met a wait, or run for the time of a reader
	Reads    *Figure        // a number in the output of the snippet before, or of it
	Holds    *figure.Claim  // it holds
}

// String is the condition in words; "" for none.
func (c Condition) String() string {
	var all []string
	if c.Appears != nil {
		all = append(all, c.Appears.String()+" appears")
	}
	if c.Lacks != nil {
		all = append(all, c.Lacks.String()+" does not appear")
	}
	if c.Each {
		all = append(all, "each line before the last ends with status 0")
	}
	switch {
	case c.Ends:
		all = append(all, "the command ends with "+c.Status.String())
	case c.Status != nil:
		all = append(all, "should the command end by itself, then with "+c.Status.String())
	}
	if c.Output != nil {
		all = append(all, "its output is as expected")
	}
	if c.OnScreen != nil {
		all = append(all, "/"+strings.TrimPrefix(c.OnScreen.String(), copied)+"/ is on the screen")
	}
	if c.Page != "" {
		all = append(all, c.Page+" answers with a status below 400")
	}
	if c.Read {
		all = append(all, fmt.Sprintf("after a wait, the end of the command before it, or %v", readingTime))
	}
	if c.Reads != nil {
		all = append(all, c.Reads.String())
	}
	if c.Holds != nil {
		all = append(all, c.Holds.String()+" holds")
	}
	return strings.Join(all, ", ")
}

// Status is the required exit status of a command.
type Status struct {
	Code    int
	Any     bool
	Nonzero bool // any but 0
}

func (s *Status) String() string {
	switch {
	case s == nil:
		return "status 0"
	case s.Any:
		return "any status"
	case s.Nonzero:
		return "a status other than 0"
	}
	return fmt.Sprintf("status %d", s.Code)
}

// instead names the required status, for a message.
func (s *Status) instead() string {
	switch {
	case s == nil:
		return ""
	case s.Nonzero:
		return ", but had to fail"
	}
	return fmt.Sprintf(", not %d", s.Code)
}

// allows reports whether a command may end with a status. Nil is status 0.
func (s *Status) allows(code int) bool {
	switch {
	case s == nil:
		return code == 0
	case s.Nonzero:
		return code != 0
	}
	return s.Any || s.Code == code
}

// Pattern is a text to be found, or a regular expression.
type Pattern struct {
	Text   string         // as written
	Regexp *regexp.Regexp // nil for a text
}

// parsePattern reads a text, or a regular expression between slashes (RE2, as in the
// package regexp). A text that itself begins and ends with a slash is written as one:
// /\/tmp\//.
func parsePattern(s string) (*Pattern, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil, errors.New("there is no text to look for")
	}
	if len(s) < 3 || s[0] != '/' || s[len(s)-1] != '/' {
		return &Pattern{Text: s}, nil
	}
	re, err := regexp.Compile(s[1 : len(s)-1]) // first as it is written, for the message
	if err != nil {
		return nil, err
	}
	re = regexp.MustCompile("(?m:" + re.String() + ")") // ^ and $ are the ends of a line
	if re.MatchString("") {
		return nil, fmt.Errorf("%s matches nothing at all, too: it cannot fail", s)
	}
	return &Pattern{Text: s, Regexp: re}, nil
}

// String is the text in quotes, or the expression between its slashes.
func (p *Pattern) String() string {
	if p.Regexp != nil {
		return p.Text
	}
	return fmt.Sprintf("%q", p.Text)
}

// option is the pattern in the form for the terminal.
func (p *Pattern) option() expect.ExpectOpt {
	if p.Regexp != nil {
		return expect.Regexp(p.Regexp)
	}
	return expect.String(p.Text)
}

// in reports whether the pattern occurs in a text. Canonically equivalent texts are equal.
func (p *Pattern) in(text string) bool {
	text = norm.NFC.String(text)
	if p.Regexp != nil {
		return p.Regexp.MatchString(text)
	}
	return strings.Contains(text, norm.NFC.String(p.Text))
}

// Kind is the kind of the step's effect.
func (s *Step) Kind() Kind { return s.op.kind }

// Sends is the typed text of the step, byte for byte: a snippet with a Return ("\r") behind
// each line, keys as the terminal sends them. "" if it types nothing. Two details depend on
// the reading program: the arrow keys have another form on request (ESC O instead of ESC [),
// and the shell's line editor gets a tab or a long line of a snippet as a paste.
func (s *Step) Sends() string {
	if s.op.kind == KindTypes {
		return strings.Join(terminal.Lines(s.snippet()), "\r") + "\r"
	}
	return s.op.keys.String()
}

// Pastes reports whether the step types the clipboard, whose text is not known before.
func (s *Step) Pastes() bool { return s.op.pastes }

// Repeats reports whether the step types the snippet before it again, each second until
// its condition holds.
func (s *Step) Repeats() bool { return s.op.repeats }

// Arranges is the step's command of tmux, with its full name; "" for none.
func (s *Step) Arranges() string {
	if s.op.arrange == nil {
		return ""
	}
	return s.op.arrange.String()
}

// Condition is the requirement for the step to pass.
func (s *Step) Condition() Condition {
	c := s.op.condition
	if s.Snippet() {
		c.Ends, c.Status = !s.watched, s.status
		c.Each = !s.lastOnly && len(terminal.Lines(s.snippet())) > 1
		if c.Status == nil {
			c.Status = &Status{}
		}
	}
	return c
}

// Limit is the longest time that the step may take under the limits of a run; a zero limit
// means the default. A snippet takes until the prompt is back, a wait until its text
// appears. 0: the step takes no time of its own.
func (s *Step) Limit(l Limits) time.Duration {
	l = l.orDefault()
	if s.op.kind == KindAlters || s.leftOut() {
		return 0
	}
	if s.timeout > 0 {
		return s.timeout
	}
	if s.budget > 0 {
		return s.budget
	}
	if s.op.waits > 0 {
		return time.Duration(s.op.waits) * l.Wait
	}
	return l.Step
}
