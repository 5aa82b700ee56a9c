package lint

var badIgnore = Rule{
	Code: "bad-ignore", Severity: Error,
	Summary: "a lint-ignore without a reason, or of a code that does not exist",
	Doc: `A comment <!-- lint-ignore CODE: reason --> silences a rule for the lines behind it, up to
the next step or blank line. Without a reason nobody knows later whether the comment still
holds, and with a mistyped code it does nothing. A mistake that leaves a run without a
meaning, such as one of the manifest, cannot be ignored. A step that cannot be carried out is
left out, with a remark, if its mistake is ignored.`,
	Bad:  "<!-- lint-ignore slide-overflw: it scrolls -->\n# Long\n",
	Good: "class: long\n\n<!-- lint-ignore slide-overflow: it scrolls -->\n# Long\n\n```\n" + manyLines + "```\n",
}

var unusedIgnore = Rule{
	Code: "unused-ignore", Severity: Warning,
	Summary: "a lint-ignore of something that is not found there",
	Doc: `The mistake has been repaired, or the comment stands in the wrong place: it is about its
own line and the lines behind it, up to the next step or blank line. The rule reports
nothing if only a part of the deck is selected.`,
	Bad:  "<!-- lint-ignore slide-overflow: it scrolls -->\n# Short\n",
	Good: "# Short\n",
}

const manyLines = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n21\n22\n23\n24\n25\n26\n27\n28\n29\n30\n"
