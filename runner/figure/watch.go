package figure

import (
	"context"
	"sync"
	"time"
)

// The probe of a machine: it sleeps for a nap again and again. A machine that wakes it up later than
// the tolerance, on average, is too busy for figures that depend on its clock.
const (
	nap       = 10 * time.Millisecond
	Tolerance = 5 * time.Millisecond
)

// Watch follows how late this machine wakes programs up, until stop is called. stop returns the mean.
func Watch(ctx context.Context) (stop func() time.Duration) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var late time.Duration
	naps := 0
	wg.Go(func() {
		timer := time.NewTimer(nap)
		defer timer.Stop()
		for {
			begun := time.Now()
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
			late += time.Since(begun) - nap
			naps++
			timer.Reset(nap)
		}
	})
	return func() time.Duration {
		cancel()
		wg.Wait()
		return late / time.Duration(max(naps, 1))
	}
}
