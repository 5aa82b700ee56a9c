package lint

import "workshop/markdown"

var substitution = Rule{
	Code: markdown.CodeSubstitution, Severity: Warning,
	Summary: "@@NAME@@ without a value",
	Doc: `@@TITLE@@, @@CHAT@@, @@GITREPO@@, @@SLIDES@@, @@ZIP@@ and @@HTML@@ are replaced by the
manifest's values. Without a value, or with another name, such a text is shown as it is.`,
	Bad:  "# @@TITEL@@\n",
	Good: "-- workshop.yml --\ntitle: A course\ncontent: [a.md]\n-- a.md --\n# @@TITLE@@\n",
}
