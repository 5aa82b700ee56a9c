package web

import (
	"testing"

	"workshop/runner/present"
)

// TestConsentMarksRisks asks with the slide of each step, and marks the commands that deserve a second look.
func TestConsentMarksRisks(t *testing.T) {
	h := openRoom(t, "# Safe\n\n.exercise[\n```bash\necho a\n```\n]\n\n---\n\n# Risky\n\n.exercise[\n```bash\nsudo rm -rf /srv/x\n```\n]\n",
		present.Options{}, Options{})
	h.Do(present.Command{Do: present.VerbRun})
	v := consentOf(h.State().Consent)
	if v == nil || len(v.Steps) != 2 {
		t.Fatalf("%+v", v)
	}
	if a, b := v.Steps[0], v.Steps[1]; a.Risk != "" || a.Slide != "1 · Safe" || b.Risk != "sudo" || b.Slide != "2 · Risky" {
		t.Errorf("%+v", v.Steps)
	}
}
