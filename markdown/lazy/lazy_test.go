package lazy

import "testing"

func TestRegexp(t *testing.T) {
	number := Regexp(`\d+`)
	first := number()
	if got := first.FindString("a 12"); got != "12" {
		t.Errorf("found %q", got)
	}
	if number() != first {
		t.Error("it is compiled twice")
	}
	defer func() {
		if recover() == nil {
			t.Error("a wrong pattern is accepted")
		}
	}()
	Regexp(`(`)
}
