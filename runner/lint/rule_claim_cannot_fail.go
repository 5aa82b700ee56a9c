package lint

import (
	"workshop/runner"
	"workshop/runner/figure"
)

var claimCannotFail = Rule{
	Code: "claim-cannot-fail", Severity: Warning,
	Summary: "a claim that holds, or fails, whatever is measured",
	Doc: `A duration is above 0, a number of lines or bytes is not below it, and an expression whose
group matches digits alone is never negative. A claim that follows from that alone shows
nothing, and one that contradicts it can never hold. State what the slide says: an upper
bound for a time, a range for a ratio.`,
	Bad:  ".exercise[\n```bash\nls\n```\n<!-- ```claim duration > 0``` -->\n]\n",
	Good: ".exercise[\n```bash\nls\n```\n<!-- ```claim duration < 2 s``` -->\n]\n",
	visit: func(p *pass, v *visit) {
		c := v.step.Claim()
		if c == nil || v.exercise.Setup || v.step.Kind() != runner.KindClaims {
			return
		}
		switch c.Expression.Sure(v.step.RangeOf) {
		case figure.Holds:
			p.report(place(v.step), "state a bound that can be missed", "%s holds whatever is measured: this claim cannot fail", c.Text)
		case figure.Fails:
			p.report(place(v.step), "state a bound that can be met", "%s cannot hold, whatever is measured", c.Text)
		}
	},
}
