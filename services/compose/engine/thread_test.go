package engine

import (
	"runtime"
	"sync"
	"testing"
)

// TestOwnThread calls functions on threads of their own, while goroutines keep as many threads busy
// as can run: none of them is the main thread.
func TestOwnThread(t *testing.T) {
	var all sync.WaitGroup
	for range 50 * runtime.GOMAXPROCS(0) {
		all.Add(1)
		onOwnThread(func() {
			defer all.Done()
			if onMainThread() {
				t.Error("the main thread")
			}
		})
	}
	all.Wait()
}
