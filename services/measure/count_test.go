package measure

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// replies answers one request after another; "" stands for a server that is not there.
type replies []string

func (a *replies) RoundTrip(*http.Request) (*http.Response, error) {
	next := (*a)[0]
	if len(*a) > 1 {
		*a = (*a)[1:]
	}
	if next == "" {
		return nil, fmt.Errorf("connection refused")
	}
	body := fmt.Sprintf(`{"coins":1,"hashes":%q,"now":1}`, next)
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// TestCount prints the counter when it changes, waits for its beginning, and ends when it is gone.
func TestCount(t *testing.T) {
	for _, tt := range []struct {
		name, stdout, stderr string
		answers              replies
		takes                time.Duration
	}{
		{
			"a counter", "0 units\n4 units\n7 units\n", "measure: read the counter: ",
			replies{"", "", "0", "0", "4", "4", "7", ""},
			700 * time.Millisecond,
		},
		{"none", "", "measure: read the counter: ", replies{""}, 20 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var stdout, stderr bytes.Buffer
				m := &meter{client: &http.Client{Transport: &tt.answers}, stdout: &stdout, stderr: &stderr}
				begun := time.Now()
				if status := m.main(t.Context(), []string{"count"}); status != statusFailed {
					t.Errorf("status %d", status)
				}
				if stdout.String() != tt.stdout || !strings.HasPrefix(stderr.String(), tt.stderr) || time.Since(begun) != tt.takes {
					t.Errorf("%q, %q after %v", stdout.String(), stderr.String(), time.Since(begun))
				}
			})
		})
	}
}
