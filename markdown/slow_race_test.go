//go:build race

package markdown_test

// slowdown is the factor of deadlines: the race detector costs about as much.
const slowdown = 20

// hostileSize is less here than the promised size: the detector looks for races only.
const hostileSize = 1 << 17
