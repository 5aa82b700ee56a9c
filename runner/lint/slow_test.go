//go:build !race

package lint_test

// slowdown is what deadlines are multiplied with.
const slowdown = 1
