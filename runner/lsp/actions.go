package lsp

import "workshop/markdown"

// actions returns the repairs that need no judgement, for the mistakes in a range.
func (a *analysis) actions(doc *document, within span) []codeAction {
	all := []codeAction{}
	from, to := doc.offset(within.Start), doc.offset(within.End)
	seen := map[string]bool{}
	for _, d := range a.decks {
		for _, f := range d.findings {
			if f.Pos.File != doc.path || len(f.Fix) == 0 || seen[f.Error.Error()] {
				continue
			}
			at := doc.stretch(f.Pos, f.End)
			if doc.offset(at.End) < from || doc.offset(at.Start) > to {
				continue
			}
			if edits, ok := a.edits(f.Fix); ok {
				seen[f.Error.Error()] = true
				all = append(all, codeAction{
					Title: "fix: " + f.Message, Kind: "quickfix", IsPreferred: true,
					Diagnostics: []diagnostic{}, Edit: workspaceEdit{edits},
				})
			}
		}
	}
	return all
}

// edits converts the edits of a repair for the client. ok is false if the document does not hold
// the text that an edit replaces.
func (a *analysis) edits(fix []markdown.Edit) (map[string][]textEdit, bool) {
	edits := map[string][]textEdit{}
	for _, f := range fix {
		doc := a.texts[f.Pos.File]
		if doc == nil {
			return nil, false
		}
		from, to := doc.place(f.Pos), doc.place(f.End)
		if from > to || doc.text[from:to] != f.Old {
			return nil, false
		}
		edits[doc.uri] = append(edits[doc.uri], textEdit{doc.span(from, to), f.New})
	}
	return edits, true
}
