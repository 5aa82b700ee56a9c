//go:build unix && !race

package sandbox

// environ is the environment of a supervisor. It is empty, because the processes in a sandbox can
// read their supervisor's environment in /proc.
func environ() []string { return []string{} }
