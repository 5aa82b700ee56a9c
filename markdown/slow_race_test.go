//go:build race

package markdown_test

// slowdown is what deadlines are multiplied with: the race detector costs about as much.
const slowdown = 20

// hostileSize is less here than what is promised: the detector looks for races only.
const hostileSize = 1 << 17
