//go:build unix && !linux

package sandbox

func helper(string) {}
