package runner

import "testing"

func TestNearest(t *testing.T) {
	lines := []string{"", "INFO: 4 units of work done", "redis ready", "4 units of work", "something else"}
	tests := []struct{ want, nearest string }{
		{"units of work done", "INFO: 4 units of work done"},
		{"5 units of work", "4 units of work"},
		{"Redis is ready", "redis ready"},
		{"zzz qqq", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if got := nearest(tt.want, lines); got != tt.nearest {
			t.Errorf("nearest to %q: %q, want %q", tt.want, got, tt.nearest)
		}
	}
}
