//go:build race

package lint_test

// slowdown is what deadlines are multiplied with: the race detector costs about as much.
const slowdown = 20
