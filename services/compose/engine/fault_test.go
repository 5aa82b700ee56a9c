package engine

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// faulty is the address of a published port of the service web, behind an engine with a fault.
func faulty(t *testing.T, fault string, observe bool, handler http.HandlerFunc) (address, state string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	opts := Options{Executable: executable, Commands: commands, State: t.TempDir(), Observe: observe}
	if fault != "" {
		if opts.Fault, err = ParseFault(fault); err != nil {
			t.Fatal(err)
		}
	}
	e, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	l, err := listen(t.Context(), "127.0.0.1", 0)
	if err != nil {
		t.Fatal(err)
	}
	f := &forwarder{listener: l}
	e.tasks.Add(1)
	go func() {
		defer e.tasks.Done()
		f.serve(context.WithoutCancel(t.Context()), e, newAddress(server.Listener.Addr().String()).open)
	}()
	t.Cleanup(func() {
		f.close()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String(), opts.State
}

func newAddress(handed string) *address {
	return &address{call: call{service: "web", port: 80}, handed: handed}
}

// TestFaults changes the answers of a server that knows nothing of it.
func TestFaults(t *testing.T) {
	for _, tc := range []struct{ fault, want string }{
		{"", "200 answer 1, 200 answer 2"},
		{"status-500:web:80:", "500 Internal Server Error, 500 Internal Server Error"},
		{"empty:web:80:", "200 , 200 "},
		{"constant:web:80:", "200 answer 1, 200 answer 1"},
		{"cut:web:80:", "200 answ, 200 answ"},
		{"slow:web:80:", "200 answer 1, 200 answer 2"},
		{"one-caller:web:80:", "200 answer 1, 200 answer 2"},
		{"closed:web:80:", "no answer, no answer"},
		{"empty:web:81:", "200 answer 1, 200 answer 2"},
		{"empty:rng:80:", "200 answer 1, 200 answer 2"},
		{"empty:web:80:worker", "200 answer 1, 200 answer 2"},
	} {
		t.Run(tc.fault, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int32
			address, _ := faulty(t, tc.fault, false, func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "answer "+strconv.Itoa(int(n.Add(1))))
			})
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			var got []string
			begun := time.Now()
			for range 2 {
				resp, err := client.Post("http://"+address+"/", "text/plain", strings.NewReader("question"))
				if err != nil {
					got = append(got, "no answer")
					continue
				}
				b, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil {
					t.Error(err)
				}
				got = append(got, strconv.Itoa(resp.StatusCode)+" "+strings.TrimSpace(string(b)))
			}
			if s := strings.Join(got, ", "); s != tc.want {
				t.Errorf("%q, want %q", s, tc.want)
			}
			if strings.HasPrefix(tc.fault, FaultSlow) && time.Since(begun) < 2*faultDelay {
				t.Error("the answers were not delayed")
			}
		})
	}
}

// TestOneCaller serves many callers: with the fault no two of them at once, without it two.
func TestOneCaller(t *testing.T) {
	for _, fault := range []string{"", "one-caller:web:80:"} {
		var now, most atomic.Int32
		both := make(chan struct{})
		var once sync.Once
		address, _ := faulty(t, fault, false, func(http.ResponseWriter, *http.Request) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
				if n == 2 {
					once.Do(func() { close(both) })
				}
			}
			if fault == "" { // the first waits for the second
				<-both
			}
			now.Add(-1)
		})
		var callers sync.WaitGroup
		for range 8 {
			callers.Go(func() {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address, nil)
				if err != nil {
					t.Error(err)
					return
				}
				req.Close = true
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
			})
		}
		callers.Wait()
		if got := most.Load(); (got == 1) != (fault != "") {
			t.Errorf("%q: %d at once", fault, got)
		}
	}
}

// TestSightings notes the calls of a published port, once.
func TestSightings(t *testing.T) {
	address, state := faulty(t, "", true, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hi") })
	for range 3 {
		resp, err := http.Get("http://" + address + "/")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	b, err := os.ReadFile(filepath.Join(state, SightingsFile))
	if err != nil {
		t.Fatal(err)
	}
	var got Sighting
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatalf("%v: %q", err, b)
	}
	if want := (Sighting{Service: "web", Port: 80, HTTP: true}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestParseFault reads faults and refuses what is none.
func TestParseFault(t *testing.T) {
	for _, text := range []string{"stopped:web", "crashed:web", "slow:web:80:", "cut:rng:80:worker"} {
		f, err := ParseFault(text)
		if err != nil || f.String() != text {
			t.Errorf("%s: %v %v", text, f, err)
		}
	}
	for _, text := range []string{"", "slow", "slow:web", "stopped:", "stopped:web:80:", "slow:web:x:", "other:web"} {
		if f, err := ParseFault(text); err == nil {
			t.Errorf("%q is %v", text, f)
		}
	}
}
