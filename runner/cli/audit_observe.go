package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"workshop/runner"
	"workshop/runner/audit"
	"workshop/services/compose/engine"
)

// observations are what the embedded engines of sessions have seen while the deck ran unchanged.
type observations struct {
	mu   sync.Mutex
	seen map[*runner.Session][]engine.Sighting
}

// watch lets a run observe.
func (o *observations) watch(opts *runner.Options) {
	o.seen = map[*runner.Session][]engine.Sighting{}
	start := opts.Stack
	opts.Stack = func(ctx context.Context, h runner.Host) (runner.Stack, error) {
		s, err := start(ctx, h)
		return observedStack{s, o, h}, err
	}
}

// services are those that ran in a session, with the calls to them, in order.
func (o *observations) services(s *runner.Session) (all []audit.Service) {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := func(name string) *audit.Service {
		i := slices.IndexFunc(all, func(v audit.Service) bool { return v.Name == name })
		if i < 0 {
			i = len(all)
			all = append(all, audit.Service{Name: name})
		}
		return &all[i]
	}
	for _, seen := range o.seen[s] {
		service := at(seen.Service)
		if seen.Port > 0 {
			service.Calls = append(service.Calls, audit.Call{Port: seen.Port, From: seen.From, HTTP: seen.HTTP})
		}
	}
	slices.SortFunc(all, func(a, b audit.Service) int { return strings.Compare(a.Name, b.Name) })
	for _, service := range all {
		slices.SortFunc(service.Calls, audit.Call.Compare)
	}
	return all
}

// observedStack is a stack that reads at its end what its engine has seen.
type observedStack struct {
	runner.Stack
	to   *observations
	host runner.Host
}

func (s observedStack) Close() error {
	b, err := os.ReadFile(filepath.Join(s.host.Dir, engineFolder, engine.SightingsFile))
	if err == nil { // else no engine of ours has run
		s.to.mu.Lock()
		for line := range strings.Lines(string(b)) {
			var seen engine.Sighting
			if json.Unmarshal([]byte(line), &seen) == nil {
				s.to.seen[s.host.Session] = append(s.to.seen[s.host.Session], seen)
			}
		}
		s.to.mu.Unlock()
	}
	return s.Stack.Close()
}
