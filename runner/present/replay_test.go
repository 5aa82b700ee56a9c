package present

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"workshop/runner/ledger"
)

const replayDeck = "# A\n\n.exercise[\n```bash\necho live-$((40 + 2))\n```\n<!-- ```wait live``` " +
	"-->\n```bash\nfalse\n```\n]\n\n---\n\n# B\n"

// reportOf is a report of a check of replayDeck.
func reportOf(t *testing.T) *ledger.Ledger {
	t.Helper()
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	var b strings.Builder
	line := func(ms int, rest string) {
		fmt.Fprintf(&b, `{"v":1,"time":%q,"exercise":"deck/a",%s}`+"\n",
			at.Add(time.Duration(ms)*time.Millisecond).Format(time.RFC3339Nano), rest)
	}
	line(0, `"kind":"step-started","step":1,"directive":"bash","input":"echo live-$((40 + 2))"`)
	line(1, `"kind":"output","step":1,"text":"\r$ echo live-$((40 + 2))\n"`)
	line(150, `"kind":"output","step":1,"text":"recorded-42\n$ "`)
	line(160, `"kind":"step-finished","step":1,"verdict":"passed","seconds":0.16,"output":"recorded-42\n"`)
	line(160, `"kind":"step-started","step":2,"directive":"wait","input":"live"`)
	line(200, `"kind":"output","step":2,"text":"later"`)
	line(210, `"kind":"step-finished","step":2,"verdict":"passed","seconds":0.05`)
	line(210, `"kind":"step-started","step":3,"directive":"bash","input":"false"`)
	line(220, `"kind":"output","step":3,"text":"false\n"`)
	line(230, `"kind":"step-finished","step":3,"verdict":"failed","seconds":0.02`)
	book, err := ledger.FromReport(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// A recording is shown at its own pace, says what it is, and counts as nothing.
func TestReplay(t *testing.T) {
	h := openHall(t, t.TempDir(), replayDeck, Options{Yes: true, Ledger: reportOf(t)})
	began := time.Now()
	s := h.do(Command{Do: VerbReplay})
	if s.Recorded == nil || s.Recorded.Label() != "Recording of 29 November 2026, not live" || s.Busy == "" ||
		!strings.Contains(liveScreen(s), "not live") || strings.Contains(liveScreen(s), "recorded-42") {
		t.Fatalf("%+v %q\n%s", s.Recorded, s.Busy, liveScreen(s))
	}
	if s := h.do(Command{Do: VerbRun}); !s.Message.Error && s.Recorded != nil {
		t.Errorf("a step runs beside it: %q", s.Message.Text)
	}
	h.until("it has been left", func(s *State) bool { return s.Recorded == nil && s.Terminal == nil && s.Busy == "" })

	h.do(Command{Do: VerbReplay})
	h.until("it ends", func(s *State) bool { return s.Recorded != nil && s.Recorded.Ended })
	s = h.State()
	if text := liveScreen(s); !strings.Contains(text, "\nrecorded-42\n") || !strings.Contains(text, "later") ||
		!strings.Contains(text, "\n$ echo live") || !strings.Contains(text, "End of the recording") {
		t.Errorf("shown:\n%s", text)
	}
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("not at its own pace: %v", took)
	}
	if s.Outcomes[0] != nil || s.Outcomes[1] != nil || len(s.Log) != 0 || s.Mark(s.Deck.Steps[0]).State != "" || s.Step != 0 {
		t.Errorf("it counts: %+v %+v", s.Outcomes, s.Log)
	}
	if s := h.do(Command{Do: VerbReplay}); s.Recorded != nil || s.Terminal != nil {
		t.Errorf("it is not left: %+v", s.Recorded)
	}

	// The live shell is as it was.
	h.do(Command{Do: VerbRun})
	h.until("the step is through", func(s *State) bool { return s.Busy == "" && s.Running == nil && len(s.Log) == 2 })
	h.do(Command{Do: VerbSelect, N: 0})
	h.do(Command{Do: VerbReplay})
	h.until("it ends", func(s *State) bool { return s.Recorded != nil && s.Recorded.Ended })
	if text := liveScreen(h.State()); strings.Contains(text, "\nlive-42") {
		t.Errorf("the recording has live output:\n%s", text)
	}
	s = h.do(Command{Do: VerbInput, Text: "x"}) // leaves it, and is not typed
	if text := liveScreen(s); s.Recorded != nil || !strings.Contains(text, "live-42") || strings.Contains(text, "recorded") {
		t.Errorf("after it:\n%s", text)
	}
	h.do(Command{Do: VerbReplay})
	if s = h.do(Command{Do: VerbNext}); s.Recorded != nil || s.Slide != 1 || !strings.Contains(liveScreen(s), "live-42") {
		t.Errorf("a slide on: %+v, slide %d", s.Recorded, s.Slide)
	}

	// A check that failed is no recording to show, and neither is one of another text.
	h.until("it is over", func(s *State) bool { return s.Busy == "" })
	h.do(Command{Do: VerbPrev})
	h.do(Command{Do: VerbSelect, N: 2})
	if s = h.do(Command{Do: VerbReplay}); s.Recorded != nil || s.Message.Text != noRecording {
		t.Errorf("%+v %q", s.Recorded, s.Message.Text)
	}
	edited := openHall(t, t.TempDir(), strings.Replace(replayDeck, "40 + 2", "41 + 1", 1), Options{Ledger: reportOf(t)})
	if s = edited.do(Command{Do: VerbReplay}); s.Recorded != nil || s.Message.Text != noRecording {
		t.Errorf("of another text: %+v %q", s.Recorded, s.Message.Text)
	}
	none := openHall(t, t.TempDir(), replayDeck, Options{})
	if s = none.do(Command{Do: VerbReplay}); s.Recorded != nil || s.Message.Text != noReport {
		t.Errorf("without a report: %+v %q", s.Recorded, s.Message.Text)
	}
}

// Whether there is a recording to show is known before somebody asks, also for the step behind a command.
func TestCanReplay(t *testing.T) {
	h := openHall(t, t.TempDir(), replayDeck, Options{Ledger: reportOf(t)})
	for step, want := range []bool{true, true, false} {
		if got := h.do(Command{Do: VerbSelect, N: step}).CanReplay(); got != want {
			t.Errorf("step %d: %v", step, got)
		}
	}
	if h.do(Command{Do: VerbNext}).CanReplay() {
		t.Error("on a slide without steps")
	}
	if openHall(t, t.TempDir(), replayDeck, Options{}).State().CanReplay() {
		t.Error("without a report")
	}
}
