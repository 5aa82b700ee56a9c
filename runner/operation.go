package runner

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	expect "github.com/Netflix/go-expect"

	"workshop/runner/terminal"
)

// Kind is what a step does.
type Kind string

// The kinds of steps.
const (
	Types    Kind = "type"    // a snippet at the prompt
	Presses  Kind = "press"   // keys, to whatever reads the terminal
	Waits    Kind = "wait"    // for output
	Judges   Kind = "judge"   // how a command ended, or what it has output
	Alters   Kind = "alter"   // how a step before it is carried out; does nothing in its own place
	Copies   Kind = "copy"    // from the screen to the session's clipboard
	Opens    Kind = "open"    // a page
	Arranges Kind = "arrange" // the panes of the terminal
	Ignored  Kind = "ignore"  // nothing: the directive is unknown, see [Compiler]
)

// operation is what a step does, as data. Its action reads what it needs from here,
// and so does everybody who shows a step before it runs: there is no second
// description that could say something else.
type operation struct {
	kind      Kind
	snippet   string       // typed at the prompt, a Return behind each line
	keys      terminal.Key // pressed
	pastes    bool         // the clipboard is typed
	repeats   bool         // the snippet before it is typed again
	condition Condition
	waits     int           // its limit, in limits of a wait; 0: the limit of a snippet
	timeout   time.Duration // for the step before it
	arrange   *arrangement  // of the panes
	act       action        // carries it out
}

// Condition is what must hold for a step to pass. Its zero value is none.
type Condition struct {
	Appears  *Pattern       // in the output of the command before it, behind what was found last
	Lacks    *Pattern       // must not appear in the output of the snippet before it
	Ends     bool           // the command ends: the prompt comes back
	Status   *Status        // with which the command ends, if it does so by itself
	Output   *Expected      // is all that the snippet before it outputs
	OnScreen *regexp.Regexp // matches something on the screen
	Page     string         // answers with a status below 400
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
		all = append(all, "/"+strings.TrimPrefix(c.OnScreen.String(), "(?s)")+"/ is on the screen")
	}
	if c.Page != "" {
		all = append(all, c.Page+" answers with a status below 400")
	}
	return strings.Join(all, ", ")
}

// Status is the exit status that a command must have.
type Status struct {
	Code int
	Any  bool
}

func (s *Status) String() string {
	switch {
	case s == nil:
		return "status 0"
	case s.Any:
		return "any status"
	}
	return fmt.Sprintf("status %d", s.Code)
}

// instead is the status that was wanted, for a message.
func (s *Status) instead() string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf(", not %d", s.Code)
}

// allows reports whether a command may end with a status. Nil is status 0.
func (s *Status) allows(code int) bool {
	if s == nil {
		return code == 0
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
	re, err := regexp.Compile(s[1 : len(s)-1])
	if err != nil {
		return nil, err
	}
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

// option is the pattern as the terminal looks for it.
func (p *Pattern) option() expect.ExpectOpt {
	if p.Regexp != nil {
		return expect.Regexp(p.Regexp)
	}
	return expect.String(p.Text)
}

// in reports whether the pattern occurs in a text.
func (p *Pattern) in(text string) bool {
	if p.Regexp != nil {
		return p.Regexp.MatchString(text)
	}
	return strings.Contains(text, p.Text)
}

// Kind is what the step does.
func (s *Step) Kind() Kind { return s.op.kind }

// Sends is what the step types, byte for byte: a snippet with a Return ("\r") behind
// each line, keys as the terminal sends them. "" if it types nothing. Two things
// depend on the program that reads: the arrow keys have another form for one that
// asks for it (ESC O instead of ESC [), and a tab or a long line of a snippet is
// handed to the shell's line editor as a paste.
func (s *Step) Sends() string {
	if s.op.kind == Types {
		return strings.Join(terminal.Lines(s.op.snippet), "\r") + "\r"
	}
	return s.op.keys.String()
}

// Pastes reports whether the step types what was copied, which is not known before.
func (s *Step) Pastes() bool { return s.op.pastes }

// Repeats reports whether the step types the snippet before it again, each second until
// its condition holds.
func (s *Step) Repeats() bool { return s.op.repeats }

// Arranges is the command of tmux that the step carries out, by its full name; "" for
// none.
func (s *Step) Arranges() string {
	if s.op.arrange == nil {
		return ""
	}
	return s.op.arrange.String()
}

// Condition is what must hold for the step to pass.
func (s *Step) Condition() Condition {
	c := s.op.condition
	if s.Snippet() {
		c.Ends, c.Status = !s.watched, s.status
		if c.Status == nil {
			c.Status = &Status{}
		}
	}
	return c
}

// Limit is how long the step may take, under the limits of a run, of which zero means
// the default: a snippet until the prompt is back, a wait until it is met. 0: it takes
// no time of its own.
func (s *Step) Limit(l Limits) time.Duration {
	l = l.orDefault()
	if s.op.kind == Alters || s.op.kind == Ignored {
		return 0
	}
	if s.timeout > 0 {
		return s.timeout
	}
	if s.op.waits > 0 {
		return time.Duration(s.op.waits) * l.Wait
	}
	return l.Step
}
