//go:build unix && race

package sandbox

// environ is the environment of a supervisor. It removes the second of sleep at its end, in which
// the race detector waits for reports of other threads.
func environ() []string { return []string{"GORACE=atexit_sleep_ms=0"} }
