//go:build !linux

package engine

// limitWarnings removes the limits: they can be set on Linux only.
func (h *hostConfig) limitWarnings() (warnings []string) {
	for _, u := range h.Ulimits {
		warnings = append(warnings, "ulimit "+u.Name+" has no effect: limits are set on Linux only")
	}
	h.Ulimits = nil
	return warnings
}

func limit(int, []ulimit, *group) error { return nil }
