package audit

import (
	"fmt"
	"regexp/syntax"
	"unicode"

	"workshop/runner"
)

var waitText = Operator{
	Code: "wait", Group: "steps", Summary: "the text of a wait has another letter",
	step: func(s *site) []*Mutant {
		p := s.step.Condition().Appears
		if p == nil {
			return nil
		}
		text := ""
		if p.Regexp == nil {
			text = otherLetter(p.Text)
		} else if re, err := syntax.Parse(p.Text[1:len(p.Text)-1], syntax.Perl); err == nil && otherLiteral(re) {
			text = "/" + re.String() + "/"
		}
		if text == "" {
			return nil
		}
		return []*Mutant{s.mutant(runner.Alteration{Text: text}, fmt.Sprintf("%s %s in place of %s", s.step.Directive, text, p.Text))}
	},
}

// otherLetter is a text with another letter in place of the middle one; "" if it has none.
func otherLetter(text string) string {
	runes := []rune(text)
	best := -1
	for i, r := range runes {
		if unicode.IsLetter(r) && (best < 0 || abs(2*i-len(runes)) < abs(2*best-len(runes))) {
			best = i
		}
	}
	if best < 0 {
		return ""
	}
	runes[best] = other(runes[best])
	return string(runes)
}

// otherLiteral changes a letter of an expression; false if it has none.
func otherLiteral(re *syntax.Regexp) bool {
	if re.Op == syntax.OpLiteral {
		if text := otherLetter(string(re.Rune)); text != "" {
			re.Rune = []rune(text)
			return true
		}
	}
	for _, sub := range re.Sub {
		if otherLiteral(sub) {
			return true
		}
	}
	return false
}

// other is a letter that is not the given one in either case.
func other(r rune) rune {
	switch {
	case r == 'q' || r == 'Q':
		return r - 1
	case unicode.IsUpper(r):
		return 'Q'
	}
	return 'q'
}

func abs(n int) int { return max(n, -n) }
