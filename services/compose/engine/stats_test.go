package engine

import (
	"encoding/json"
	"testing"
)

// TestStats measures a container that is busy, one that waits, and one that has ended.
func TestStats(t *testing.T) {
	c := startEngine(t)
	busy := c.start("busy", []string{"sh", "-c", "while :; do :; done"})
	idle := c.running("idle", "up", []string{"stubborn"})
	ended := c.start("ended", []string{"sh", "-c", "true"})
	c.wait(ended)
	share := func(s sample) float64 {
		return float64(s.CPU.Usage.Total-s.PreCPU.Usage.Total) / float64(s.CPU.System-s.PreCPU.System) * float64(s.CPU.Online)
	}
	loop, waiting := get[sample](c, "GET /containers/"+busy+"/stats?stream=0", nil), get[sample](c, "GET /containers/idle/stats?stream=0", nil)
	if share(loop) < 0.1 || share(waiting) > 0.1 || share(loop) < 2*share(waiting) {
		t.Errorf("the loop has %.2f of a processor, the waiting one %.2f", share(loop), share(waiting))
	}
	for _, s := range []sample{loop, waiting} {
		if s.Memory.Usage < 100<<10 || s.Memory.Usage >= s.Memory.Limit || s.Pids.Current < 1 || !s.Read.After(s.PreRead) {
			t.Errorf("%s: memory %+v, processes %d, read %v after %v", s.Name, s.Memory, s.Pids.Current, s.Read, s.PreRead)
		}
	}
	if loop.ID != busy || loop.Name != "/busy" || waiting.ID != idle {
		t.Errorf("the containers are %s %s and %s", loop.ID, loop.Name, waiting.ID)
	}
	if s := get[sample](c, "GET /containers/ended/stats?stream=0&one-shot=1", nil); s.Pids.Current != 0 || s.CPU.Usage.Total != 0 {
		t.Errorf("a container that has ended uses %+v", s)
	}
	if status, answer := c.try("GET /containers/nosuch/stats", nil); status != 404 {
		t.Errorf("%d %s", status, answer)
	}
	stream := c.open("GET /containers/busy/stats", nil)
	defer stream.Body.Close()
	samples := json.NewDecoder(stream.Body)
	for range 2 {
		var s sample
		if err := samples.Decode(&s); err != nil {
			t.Fatal(err)
		}
	}
}
