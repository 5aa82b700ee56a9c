package terminal

import (
	"context"
	"math"
	"time"
)

// delay says how long a process was kept from running, and whether it is now.
type delay struct {
	waited  time.Duration // for a processor, since its start
	stopped bool          // now, or it has still to take an interrupt
}

// delays are those of processes, by their ids.
type delays map[int]delay

// since is the longest time that one of the processes was kept from running since an earlier look. It has
// no bound for one that was stopped at either look.
func (d delays) since(earlier delays) (longest time.Duration) {
	for pid, now := range d {
		then := earlier[pid]
		if now.stopped || then.stopped {
			return math.MaxInt64
		}
		longest = max(longest, now.waited-then.waited)
	}
	return longest
}

// delays are those of the session's shells, of the program in the foreground and of the relays before it.
func (s *Session) delays() delays {
	f := s.dev.front()
	s.mu.Lock()
	processes := append([]int{s.prompt.shell, f.group}, f.relays...)
	for _, inner := range s.prompt.nested {
		processes = append(processes, inner.group)
	}
	s.mu.Unlock()
	return delaysOf(processes)
}

// delaysOf looks at processes. An id of 0 is left out.
func delaysOf(processes []int) delays {
	d := make(delays, len(processes))
	for _, pid := range processes {
		if pid > 0 {
			d[pid] = delayOf(pid)
		}
	}
	return d
}

const (
	delayLimit = 20 * time.Second       // of a wait, with all delays
	shortDelay = 100 * time.Millisecond // a shorter one is no reason to wait longer
)

// whileRunning calls wait with a context that ends after d, and again for the time that the processes
// looked at were kept from running meanwhile, on a busy machine or because they were stopped. It reports
// whether wait was over before.
func whileRunning(
	ctx context.Context, d time.Duration, look func() delays, wait func(context.Context) (over bool),
) bool {
	ctx, cancel := context.WithTimeout(ctx, delayLimit)
	defer cancel()
	for {
		before := look()
		limited, cancel := context.WithTimeout(ctx, d)
		over := wait(limited)
		cancel()
		if over || ctx.Err() != nil {
			return over
		}
		if d = min(d, look().since(before)); d < shortDelay {
			return false
		}
	}
}

// awaitRunning blocks until a condition holds, for d in which the session's programs could run. It reports
// whether it holds.
func (s *Session) awaitRunning(ctx context.Context, d time.Duration, holds func() bool) bool {
	return whileRunning(ctx, d, s.delays, func(ctx context.Context) bool {
		return s.await(ctx, holds) == nil || s.holds(func() bool { s.drain(); return holds() })
	})
}
