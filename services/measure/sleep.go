package measure

import (
	"context"
	"time"
)

// How a busy machine is told: sleeps of nap, naps of them to an average, that
// last longer than they should by more than tolerance.
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

// oversleep naps until ctx is done and returns by how much naps were too long on
// average, over those hundred in a row where it was worst: a short disturbance
// counts, wherever it falls in a long window.
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
	if worst == 0 && n > 0 { // too short a time for a hundred
		worst = sum / time.Duration(n)
	}
	return worst
}

// watched calls measure and returns how much the machine overslept meanwhile.
func (m *meter) watched(ctx context.Context, measure func() error) (time.Duration, error) {
	ctx, stop := context.WithCancel(ctx)
	overslept := make(chan time.Duration)
	go func() { overslept <- m.probe(ctx) }()
	err := measure()
	stop()
	return <-overslept, err
}
