//go:build !race

package markdown_test

// slowdown is what deadlines are multiplied with.
const slowdown = 1
