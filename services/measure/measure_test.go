package measure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// roundTrip answers requests in process, without a socket, so that the test's bubble has no
// goroutine that waits for events outside it.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// workers returns the web page's server in front of workers. Together they do perSecond units of
// work in a second, and count them once a second like the real ones.
func workers(perSecond float64) roundTrip {
	start := time.Now()
	return func(r *http.Request) (*http.Response, error) {
		now := time.Now()
		units := perSecond * now.Sub(start).Truncate(time.Second).Seconds()
		w := httptest.NewRecorder()
		fmt.Fprintf(w, `{"coins":1,"hashes":"%.0f","now":%f}`, units, float64(now.UnixMicro())/1e6)
		return w.Result(), nil
	}
}

// answers answers after the given times, in turn.
func answers(times ...time.Duration) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		timer := time.NewTimer(times[0])
		times = append(times[1:], times[0])
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
		w := httptest.NewRecorder()
		w.WriteHeader(http.StatusTeapot) // any status counts as an answer
		return w.Result(), nil
	}
}

// fixed always gives the same answer.
func fixed(status int, body string) roundTrip {
	return func(*http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		w.WriteHeader(status)
		fmt.Fprint(w, body)
		return w.Result(), nil
	}
}

func TestMeasure(t *testing.T) {
	refused := roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	})
	readings := func(bodies ...string) func() roundTrip {
		return func() roundTrip {
			left := bodies
			return func(r *http.Request) (*http.Response, error) {
				body := left[0]
				left = left[1:]
				return fixed(http.StatusOK, body)(r)
			}
		}
	}
	const ms = time.Millisecond

	tests := []struct {
		name      string
		args      string
		server    func() roundTrip
		overslept time.Duration // by the machine, while it measures
		saved     string        // contents of one.json before
		status    int
		stdout    string
		stderr    string
		takes     time.Duration
	}{
		{
			name: "a rate", args: "rate",
			server: func() roundTrip { return workers(3) },
			stdout: "3.00 units/s in 15s\n",
			takes:  20 * time.Second,
		},
		{
			name: "within bounds", args: "rate --warmup 0s --window 30s --min 9 --max 10.5",
			server: func() roundTrip { return workers(10) },
			stdout: "10.00 units/s in 30s\n",
			takes:  30 * time.Second,
		},
		{
			name: "too slow", args: "rate --min 9 --max 10.5",
			server: func() roundTrip { return workers(3) },
			status: 1,
			stdout: "3.00 units/s in 15s, expected 9 to 10.5 units/s\n",
			takes:  20 * time.Second,
		},
		{
			name: "too fast", args: "rate --max 10.5",
			server: func() roundTrip { return workers(32) },
			status: 1,
			stdout: "32.00 units/s in 15s, expected at most 10.5 units/s\n",
			takes:  20 * time.Second,
		},
		{
			name: "too slow on a machine that oversleeps", args: "rate --min 9",
			server:    func() roundTrip { return workers(3) },
			overslept: 7200 * time.Microsecond,
			stdout: "inconclusive: 3.00 units/s in 15s, expected at least 9 units/s, but this machine is too busy to tell: " +
				"sleeps of 10ms took 7.2ms longer on average\n",
			takes: 20 * time.Second,
		},
		{
			name: "within bounds on a machine that oversleeps", args: "rate --min 2",
			server:    func() roundTrip { return workers(3) },
			overslept: 7 * ms,
			stdout:    "3.00 units/s in 15s\n",
			takes:     20 * time.Second,
		},
		{
			name: "a machine that is only just good enough", args: "rate --min 9",
			server:    func() roundTrip { return workers(3) },
			overslept: tolerance,
			status:    1,
			stdout:    "3.00 units/s in 15s, expected at least 9 units/s\n",
			takes:     20 * time.Second,
		},
		{
			name: "a ratio", args: "rate --ratio-of one --min-ratio 1.7 --max-ratio 2.3",
			server: func() roundTrip { return workers(6) },
			saved:  `{"rate":3,"overslept":0}`,
			stdout: "6.00 units/s in 15s, 2.00 times the 3.00 of one\n",
			takes:  20 * time.Second,
		},
		{
			name: "a ratio that is too small", args: "rate --ratio-of one --min-ratio 1.7 --max-ratio 2.3",
			server: func() roundTrip { return workers(3) },
			saved:  `{"rate":3,"overslept":0}`,
			status: 1,
			stdout: "3.00 units/s in 15s, 1.00 times the 3.00 of one, expected 1.7 to 2.3 times\n",
			takes:  20 * time.Second,
		},
		{
			name: "a ratio to a rate of a busy moment", args: "rate --ratio-of one --max-ratio 2.3",
			server: func() roundTrip { return workers(6) },
			saved:  `{"rate":1.5,"overslept":6000000}`,
			stdout: "inconclusive: 6.00 units/s in 15s, 4.00 times the 1.50 of one, expected at most 2.3 times, " +
				"but this machine is too busy to tell: sleeps of 10ms took 6ms longer on average\n",
			takes: 20 * time.Second,
		},
		{
			name: "a ratio to nothing", args: "rate --ratio-of one",
			server: func() roundTrip { return workers(1) },
			status: 1,
			stderr: "measure: there is no rate called \"one\" yet: measure one with --save one\n",
		},
		{
			name: "a ratio to a standstill", args: "rate --ratio-of one",
			server: func() roundTrip { return workers(1) },
			saved:  `{"rate":0}`,
			status: 1,
			stderr: "measure: load the rate \"one\": it is not positive, nothing can be compared with it\n",
		},
		{
			name: "before the first unit", args: "rate --warmup 0s --window 2s",
			server: readings(`{"hashes":null,"now":1}`, `{"hashes":"4","now":2}`, `{"hashes":"8","now":3}`),
			stdout: "4.00 units/s in 2s\n",
			takes:  2 * time.Second,
		},
		{
			name: "by the server's clock", args: "rate --warmup 0s --window 1s",
			server: readings(`{"hashes":"0","now":1795423772.71}`, `{"hashes":"6","now":1795423774.71}`, `{"hashes":"12","now":1795423776.71}`),
			stdout: "3.00 units/s in 1s\n",
			takes:  time.Second,
		},
		{
			name: "a counter that goes back", args: "rate --warmup 0s --window 2s",
			server: readings(`{"hashes":"9","now":1}`, `{"hashes":"2","now":2}`),
			status: 1,
			stderr: "measure: the counter went back from 9 to 2: has redis been restarted?\n",
			takes:  time.Second,
		},
		{
			name: "a clock that stands still", args: "rate --warmup 0s --window 2s",
			server: func() roundTrip { return fixed(http.StatusOK, `{"hashes":"1","now":1}`) },
			status: 1,
			stderr: "measure: the clock of the server stands still\n",
			takes:  2 * time.Second,
		},
		{
			name: "nobody there", args: "rate",
			server: func() roundTrip { return refused },
			status: 1,
			stderr: "measure: read the counter: Get \"http://localhost:8000/json\": dial tcp: connection refused\n",
			takes:  5 * time.Second,
		},
		{
			name: "an error of the server", args: "rate --warmup 0s http://localhost:1234/x",
			server: func() roundTrip { return fixed(http.StatusBadGateway, "") },
			status: 1,
			stderr: "measure: read the counter: http://localhost:1234/x answers 502 Bad Gateway\n",
		},
		{
			name: "another server", args: "rate --warmup 0s",
			server: func() roundTrip { return fixed(http.StatusOK, "<html>") },
			status: 1,
			stderr: "measure: read the counter: http://localhost:8000/json does not answer as the web page's server does: " +
				"invalid character '<' looking for beginning of value\n",
		},
		{
			name: "a median", args: "latency --count 3 localhost:8001",
			server: func() roundTrip { return answers(700*ms, 100*ms, 650*ms) },
			stdout: "localhost:8001: median 650.0 ms of 3 answers, 100.0 ms to 700.0 ms\n",
			takes:  1850 * ms, // 1,450 for answers, 400 between them
		},
		{
			name: "a median of two", args: "latency --count 2 --interval 0s http://localhost:8001/",
			server: func() roundTrip { return answers(2*ms, ms) },
			stdout: "http://localhost:8001/: median 1.5 ms of 2 answers, 1.0 ms to 2.0 ms\n",
			takes:  3 * ms,
		},
		{
			name: "answers too soon", args: "latency --count 1 --min 300ms localhost:8001",
			server: func() roundTrip { return answers(2 * ms) },
			status: 1,
			stdout: "localhost:8001: median 2.0 ms of 1 answers, 2.0 ms to 2.0 ms, expected at least 300ms\n",
			takes:  2 * ms,
		},
		{
			name: "answers too late", args: "latency --count 1 --max 150ms localhost:8002",
			server: func() roundTrip { return answers(800 * ms) },
			status: 1,
			stdout: "localhost:8002: median 800.0 ms of 1 answers, 800.0 ms to 800.0 ms, expected at most 150ms\n",
			takes:  800 * ms,
		},
		{
			name: "answers too late on a machine that oversleeps", args: "latency --count 1 --max 150ms localhost:8002",
			server:    func() roundTrip { return answers(800 * ms) },
			overslept: 20 * ms,
			stdout: "inconclusive: localhost:8002: median 800.0 ms of 1 answers, 800.0 ms to 800.0 ms, expected at most 150ms, " +
				"but this machine is too busy to tell: sleeps of 10ms took 20ms longer on average\n",
			takes: 800 * ms,
		},
		{
			name: "no answer", args: "latency localhost:8001",
			server: func() roundTrip { return refused },
			status: 1,
			stderr: "measure: measure latency: Head \"http://localhost:8001\": dial tcp: connection refused\n",
		},
		{name: "nothing asked", status: 2, stderr: usage},
		{name: "help", args: "--help", stdout: usage},
		{name: "help of latency", args: "latency --help", stdout: latencyHelp},
		{
			name: "unknown measurement", args: "speed", status: 2,
			stderr: "measure: unknown measurement \"speed\": rate, count and latency can be measured\n",
		},
		{name: "unknown flag", args: "rate --speed 1", status: 2, stderr: "measure: flag provided but not defined: -speed\n"},
		{name: "not a time", args: "rate --window 15", status: 2, stderr: "measure: invalid value \"15\" for flag -window: parse error\n"},
		{name: "no window", args: "rate --window 0s", status: 2, stderr: "measure: --window must be positive and --warmup not negative\n"},
		{
			name: "bounds in the wrong order", args: "rate --min 3 --max 2", status: 2,
			stderr: "measure: nothing lies between --min 3 and --max 2\n",
		},
		{name: "ratio without a base", args: "rate --min-ratio 2", status: 2, stderr: "measure: --min-ratio and --max-ratio need --ratio-of\n"},
		{
			name: "a path as a name", args: "rate --save ../../x", status: 2,
			stderr: "measure: --save \"../../x\": a name consists of letters, digits, dots and dashes\n",
		},
		{
			name: "a path as a base", args: "rate --ratio-of .x", status: 2,
			stderr: "measure: --ratio-of \".x\": a name consists of letters, digits, dots and dashes\n",
		},
		{
			name: "flags after the URL", args: "rate http://localhost --min 3", status: 2,
			stderr: "measure: too many arguments: [\"http://localhost\" \"--min\" \"3\"] (flags come before the URL)\n",
		},
		{name: "no URL", args: "latency", status: 2, stderr: "measure: latency needs the URL of a server\n"},
		{
			name: "no count", args: "latency --count 0 localhost", status: 2,
			stderr: "measure: --count must be positive and --interval not negative\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if test.saved != "" {
				if err := os.WriteFile(filepath.Join(dir, "one.json"), []byte(test.saved), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Test(t, func(t *testing.T) {
				var stdout, stderr bytes.Buffer
				m := &meter{
					client: &http.Client{},
					dir:    dir,
					probe: func(ctx context.Context) time.Duration {
						<-ctx.Done()
						return test.overslept
					},
					stdout: &stdout, stderr: &stderr,
				}
				if test.server != nil {
					m.client.Transport = test.server()
				}
				begin := time.Now()
				if status := m.main(t.Context(), strings.Fields(test.args)); status != test.status {
					t.Errorf("status %d, want %d", status, test.status)
				}
				if got := stdout.String(); got != test.stdout {
					t.Errorf("stdout:\n%s\nwant:\n%s", got, test.stdout)
				}
				if got := stderr.String(); got != test.stderr {
					t.Errorf("stderr:\n%s\nwant:\n%s", got, test.stderr)
				}
				if took := time.Since(begin); took != test.takes {
					t.Errorf("took %v, want %v", took, test.takes)
				}
			})
		})
	}
}

const latencyHelp = `Usage: measure latency [flags] [URL]

  -count N
    	ask N times (default 5)
  -interval time
    	wait this time after each answer (default 200ms)
  -max time
    	expect a median of at most this time
  -min time
    	expect a median of at least this time
`

// TestSave checks that a saved rate is the base of a ratio in the next command, even if it was
// outside its own bounds.
func TestSave(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "yet")
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		m := &meter{client: &http.Client{}, dir: dir, probe: oversleep, stdout: &out, stderr: &out}
		for _, run := range []struct {
			rate   float64
			args   string
			status int
		}{
			{3, "rate --max 2 --save base", 1},
			{9, "rate --ratio-of base --min-ratio 2.9 --max-ratio 3.1 --save base", 0},
			{9, "rate --ratio-of base --min-ratio 0.9 --max-ratio 1.1", 0},
		} {
			m.client.Transport = workers(run.rate)
			if status := m.main(t.Context(), strings.Fields(run.args)); status != run.status {
				t.Errorf("%s: status %d, want %d", run.args, status, run.status)
			}
		}
		want := "3.00 units/s in 15s, expected at most 2 units/s\n" +
			"9.00 units/s in 15s, 3.00 times the 3.00 of base\n" +
			"9.00 units/s in 15s, 1.00 times the 9.00 of base\n"
		if out.String() != want {
			t.Errorf("printed:\n%s\nwant:\n%s", &out, want)
		}
	})
}

func TestInterrupted(t *testing.T) {
	for _, args := range []string{"rate", "latency localhost:8001"} {
		t.Run(args, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var stderr bytes.Buffer
				m := &meter{
					client: &http.Client{Transport: answers(time.Hour)},
					probe:  oversleep,
					stderr: &stderr,
				}
				ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
				defer cancel()
				if status := m.main(ctx, strings.Fields(args)); status != statusInterrupted {
					t.Errorf("status %d, want %d", status, statusInterrupted)
				}
				if got := stderr.String(); got != "measure: interrupted\n" {
					t.Errorf("stderr: %q", got)
				}
			})
		})
	}
}

// TestOversleep uses the exact clock of a bubble: no sleep is too long there.
func TestOversleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if got := oversleep(ctx); got != 0 {
			t.Errorf("overslept %v, want 0s", got)
		}
	})
}

// TestMainOverSockets runs the whole command, through its exported function, over real sockets.
func TestMainOverSockets(t *testing.T) {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++ // one connection at a time: latency asks in turn
		if r.Method != http.MethodHead || r.URL.Path != "/" || !r.Close {
			t.Errorf("%s %s, close %v; want HEAD / over a new connection", r.Method, r.URL, r.Close)
		}
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer server.Close()
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1") // must not be used

	var stdout, stderr bytes.Buffer
	args := []string{"latency", "--count", "3", "--interval", "0s", "--max", "30s", server.Listener.Addr().String()}
	if status := Main(t.Context(), args, &stdout, &stderr); status != 0 {
		t.Errorf("status %d: %s%s", status, &stdout, &stderr)
	}
	if want := server.Listener.Addr().String() + ": median "; !strings.HasPrefix(stdout.String(), want) {
		t.Errorf("stdout %q, want %q…", &stdout, want)
	}
	if requests != 3 {
		t.Errorf("%d requests, want 3", requests)
	}
}

func TestStateDir(t *testing.T) {
	for name, test := range map[string]struct {
		env  map[string]string
		want string
	}{
		"home":     {map[string]string{"HOME": "/home/u"}, "/home/u/.local/state/workshop/measure"},
		"XDG":      {map[string]string{"HOME": "/home/u", "XDG_STATE_HOME": "/s"}, "/s/workshop/measure"},
		"relative": {map[string]string{"HOME": "/home/u", "XDG_STATE_HOME": "s"}, "/home/u/.local/state/workshop/measure"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := stateDir(func(key string) string { return test.env[key] }); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
