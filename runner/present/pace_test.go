package present

import (
	"testing"
	"time"
)

// What is left is measured: the commands that were not run, from the slide that is shown on.
func TestLeft(t *testing.T) {
	h := openHall(t, t.TempDir(), replayDeck, Options{Yes: true, Ledger: reportOf(t)})
	if l := h.State().Left(); l != (Left{230 * time.Millisecond, 0, 1}) {
		t.Errorf("%+v", l)
	}
	h.do(Command{Do: VerbRun})
	h.until("the step is through", func(s *State) bool { return s.Busy == "" && s.Running == nil && len(s.Log) == 2 })
	if l := h.State().Left(); l != (Left{20 * time.Millisecond, 0, 1}) {
		t.Errorf("after the first command: %+v", l)
	}
	if l := h.do(Command{Do: VerbNext}).Left(); l != (Left{}) {
		t.Errorf("on the last slide: %+v", l)
	}
	if l := openHall(t, t.TempDir(), replayDeck, Options{}).State().Left(); l != (Left{0, 2, 1}) {
		t.Errorf("never checked: %+v", l)
	}
	for _, tt := range []struct {
		left Left
		of   time.Duration
		want string
	}{
		{Left{3 * time.Minute, 0, 9}, 20 * time.Minute, "3 min of commands, 17 min for talking, 9 slides left"},
		{Left{3 * time.Minute, 2, 1}, time.Minute, "3 min of commands and 2 that were never measured, 2 min too much, one slide left"},
		{Left{20 * time.Second, 0, 0}, 0, "less than a minute of commands, less than a minute too much, 0 slides left"},
	} {
		if got := tt.left.Say(tt.of); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
