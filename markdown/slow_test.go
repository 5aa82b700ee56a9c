//go:build !race

package markdown_test

// slowdown is the factor of deadlines.
const slowdown = 1

// hostileSize is the size that must be decided within the deadline.
const hostileSize = 1 << 20
