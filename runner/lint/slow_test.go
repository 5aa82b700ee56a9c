//go:build !race

package lint_test

// slowdown is the factor of deadlines.
const slowdown = 1
