package present

import (
	"testing"

	"workshop/runner"
)

// Consent is to the commands of the applications as well: it is asked again when they change, and
// lists each application once.
func TestConsentToApplications(t *testing.T) {
	app := func(command string) runner.Script { return runner.Script{Name: "docker-compose.yml", Text: command} }
	plan := func(first, second runner.Script) *runner.Plan {
		return &runner.Plan{Sessions: []*runner.Session{{Applications: []runner.Script{first}}, {Applications: []runner.Script{second}}}}
	}
	agreed := plan(app("web command a"), app("web command a"))
	m := NewMemory(t.TempDir(), "deck")
	if err := m.Allow(agreed); err != nil {
		t.Fatal(err)
	}
	if !m.Allowed(agreed) || m.Allowed(plan(app("web command a"), app("web command b"))) {
		t.Error("another command of an application needs no consent")
	}
	d := &Deck{Plan: agreed}
	if all := d.scripts(); len(all) != 1 || all[0] != app("web command a") {
		t.Errorf("the question lists %v", all)
	}
}
