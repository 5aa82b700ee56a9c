package lint

import "workshop/markdown"

var keyAsText = Rule{
	Code: "key-as-text", Severity: Error, Fixable: true,
	Summary: "keys with the name of a key, such as ^C, which is typed as two characters",
	Doc: `keys types its text as it is: keys ^C types a caret and a C, and no program ends. key ^C
presses the key. In the script that older decks were written for, keys did that as well,
and so it does with --compat=autopilot.`,
	Bad:  ".exercise[\n```bash\nvmstat 1\n```\n<!--\n```wait memory```\n```keys ^C```\n-->\n]\n",
	Good: ".exercise[\n```bash\nvmstat 1\n```\n<!--\n```wait memory```\n```key ^C```\n-->\n]\n",
	visit: func(p *pass, v *visit) {
		if v.exercise.Setup || v.step.TypedKey() == "" {
			return
		}
		f := p.report(v.step.Head(), "```key "+v.step.Text+"``` presses the key", "keys types %s as two characters", v.step.Text)
		f.Fix = []markdown.Edit{{Span: v.step.Word, Old: v.step.Directive, New: "key"}}
	},
}
