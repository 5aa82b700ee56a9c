package measure

import (
	"context"
	"fmt"
	"time"
)

// countEvery is the time between two readings of the counter, and countStarts the time that the
// application may take until it has one.
const (
	countEvery  = 100 * time.Millisecond
	countStarts = 20 * time.Second
)

// count is "measure count": it prints the counter, each time that it has changed.
func (m *meter) count(ctx context.Context, args []string) error {
	url, err := m.parse(newFlags("count"), args)
	if err != nil {
		return err
	}
	if url == "" {
		url = defaultRateURL
	}
	begun := time.Now()
	for last := -1.0; ; {
		count, _, err := m.read(ctx, url)
		switch {
		case err != nil && last < 0 && time.Since(begun) < countStarts && ctx.Err() == nil:
		case err != nil:
			return fmt.Errorf("read the counter: %w", err)
		case count != last:
			fmt.Fprintf(m.stdout, "%.0f units\n", count)
			last = count
		}
		if err := wait(ctx, countEvery); err != nil {
			return err
		}
	}
}
