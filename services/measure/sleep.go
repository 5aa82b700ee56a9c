package measure

import (
	"context"
	"time"
)

// A machine is busy if sleeps of length nap are too long by more than tolerance, on an average of
// naps sleeps.
const (
	nap       = 10 * time.Millisecond
	naps      = 100
	tolerance = 5 * time.Millisecond
)

// wait blocks for d, or until ctx is done.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// oversleep naps until ctx is done and returns the average delay of naps. It is the average of the
// worst hundred in a row, so that a short disturbance counts at any point of a long window.
func oversleep(ctx context.Context) time.Duration {
	var worst, sum time.Duration
	n := 0
	for begin := time.Now(); wait(ctx, nap) == nil; begin = time.Now() {
		sum += time.Since(begin) - nap
		if n++; n == naps {
			worst = max(worst, sum/naps)
			sum, n = 0, 0
		}
	}
	if worst == 0 && n > 0 { // fewer than a hundred naps
		worst = sum / time.Duration(n)
	}
	return worst
}

// watched calls measure and returns by how much the machine overslept meanwhile.
func (m *meter) watched(ctx context.Context, measure func() error) (time.Duration, error) {
	ctx, stop := context.WithCancel(ctx)
	overslept := make(chan time.Duration)
	go func() { overslept <- m.probe(ctx) }()
	err := measure()
	stop()
	return <-overslept, err
}
