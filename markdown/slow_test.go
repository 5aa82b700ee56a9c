//go:build !race

package markdown_test

// slowdown is what deadlines are multiplied with.
const slowdown = 1

// hostileSize is what is promised to be decided within the deadline.
const hostileSize = 1 << 20
