package engine

import "encoding/json"

// Sweep removes the control groups of engines that were killed, with the processes that are left in them.
func Sweep() { newGroups() }

// memoryWarnings removes a limit of memory that the engine may not set, and says so.
func (e *Engine) memoryWarnings(h *hostConfig) []string {
	if h.Memory == 0 {
		return nil
	}
	trial, err := e.groups.open(h.Memory, h.MemorySwap)
	if err == nil {
		trial.close()
		return nil
	}
	h.Memory, h.MemorySwap = 0, 0
	h.raw["Memory"], h.raw["MemorySwap"] = json.RawMessage("0"), json.RawMessage("0")
	return []string{"the limit of memory has no effect: " + err.Error()}
}
