package report

import (
	"math"
	"testing"
)

func TestBounds(t *testing.T) {
	for _, test := range []struct {
		failed, n int
		low, high float64 // in percent, to a hundredth
	}{
		{0, 1, 0, 95},
		{0, 100, 0, 2.95},
		{0, 300, 0, 0.99},
		{1, 100, 0.18, 5.45},
		{50, 100, 40.38, 59.62},
		{1, 1, 20.65, 100},
		{0, 0, 0, 100},
	} {
		low, high := bounds(test.failed, test.n)
		if math.Abs(100*low-test.low) > 0.01 || math.Abs(100*high-test.high) > 0.01 {
			t.Errorf("%d of %d: %.2f %% to %.2f %%, want %.2f %% to %.2f %%", test.failed, test.n, 100*low, 100*high, test.low, test.high)
		}
	}
}
