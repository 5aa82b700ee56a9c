//go:build unix && !linux && !darwin

package sandbox

// processes cannot list processes on this system: only process groups are available.
func processes() []process { return nil }
