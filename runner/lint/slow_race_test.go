//go:build race

package lint_test

// slowdown is the factor of deadlines: the race detector costs about as much.
const slowdown = 20
