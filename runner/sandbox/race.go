//go:build unix && race

package sandbox

// environ is a supervisor's environment: no second of sleep at its end, in which the
// race detector lets other threads report.
func environ() []string { return []string{"GORACE=atexit_sleep_ms=0"} }
