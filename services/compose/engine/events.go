package engine

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// event is a change of an object, as GET /events reports it.
type event struct {
	Status   string `json:"status,omitempty"` // these three for containers and images only
	ID       string `json:"id,omitempty"`
	From     string `json:"from,omitempty"`
	Type     string
	Action   string
	Actor    actor
	Scope    string `json:"scope"`
	Time     int64  `json:"time"`
	TimeNano int64  `json:"timeNano"`
}

type actor struct {
	ID         string
	Attributes map[string]string
}

// The number of events kept for "since", which is Docker's, and the number of unread events that
// ends a slow client's stream.
const (
	eventsKept  = 256
	eventsAhead = 4096
)

// eventLog keeps the last events and passes each on to the subscribers.
type eventLog struct {
	mu          sync.Mutex // the last in the order of locks
	past        []event
	subscribers map[chan event]bool
	closed      bool
}

// publish adds an event about an object.
func (l *eventLog) publish(kind, action, id string, attributes map[string]string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	ev := event{
		Type: kind, Action: action, Actor: actor{id, attributes}, Scope: "local",
		Time: now.Unix(), TimeNano: now.UnixNano(),
	}
	if kind == "container" || kind == "image" {
		ev.Status, ev.ID, ev.From = action, id, attributes["image"]
	}
	if len(l.past) == eventsKept {
		l.past = append(l.past[:0], l.past[1:]...)
	}
	l.past = append(l.past, ev)
	for ch := range l.subscribers {
		select {
		case ch <- ev:
		default: // the client does not read: end its stream rather than omit events silently
			l.end(ch)
		}
	}
}

// subscribe returns the kept events and a channel of the later ones. The channel is closed at the
// end, or when too many events are unread.
func (l *eventLog) subscribe() (past []event, _ chan event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ch := make(chan event, eventsAhead)
	past = slices.Clone(l.past)
	if l.closed {
		close(ch)
		return past, ch
	}
	if l.subscribers == nil {
		l.subscribers = map[chan event]bool{}
	}
	l.subscribers[ch] = true
	return past, ch
}

func (l *eventLog) unsubscribe(ch chan event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(ch)
}

// end closes the channel of a subscriber. The caller holds l.mu.
func (l *eventLog) end(ch chan event) {
	if l.subscribers[ch] {
		delete(l.subscribers, ch)
		close(ch)
	}
}

func (l *eventLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for ch := range l.subscribers {
		l.end(ch)
	}
}

// stream is GET /events.
func (l *eventLog) stream(w http.ResponseWriter, r *http.Request) error {
	f, err := readFilters(r, "config", "container", "daemon", "event", "image", "label", "network", "node",
		"plugin", "scope", "secret", "service", "type", "volume")
	if err != nil {
		return err
	}
	since, err := timestamp(r.URL.Query().Get("since"))
	if err != nil {
		return badRequest("since: %v", err)
	}
	until, err := timestamp(r.URL.Query().Get("until"))
	if err != nil {
		return badRequest("until: %v", err)
	}

	past, ch := l.subscribe()
	defer l.unsubscribe(ch)
	if since.IsZero() && (until.IsZero() || !until.Before(time.Now())) {
		past = nil
	}

	w.Header().Set("Content-Type", "application/json")
	if !begin(w) {
		return nil
	}
	out := json.NewEncoder(w)
	flush := http.NewResponseController(w).Flush
	inTime := func(ev event) bool {
		t := time.Unix(0, ev.TimeNano)
		return !t.Before(since) && (until.IsZero() || !t.After(until))
	}
	for _, ev := range past {
		if inTime(ev) && f.event(ev) {
			if err := out.Encode(ev); err != nil {
				return nil
			}
		}
	}
	if flush() != nil {
		return nil
	}
	var deadline <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		deadline = timer.C
	}
	for {
		select {
		case ev, open := <-ch:
			if !open {
				return nil
			}
			if !inTime(ev) || !f.event(ev) {
				continue
			}
			if out.Encode(ev) != nil || flush() != nil {
				return nil
			}
		case <-deadline:
			return nil
		case <-r.Context().Done():
			return nil
		}
	}
}

// event reports whether an event passes.
func (f filters) event(ev event) bool {
	about := func(kind string) bool {
		return f.any(kind, func(want string) bool {
			return ev.Type == kind && (strings.HasPrefix(ev.Actor.ID, want) || ev.Actor.Attributes["name"] == want) ||
				ev.Actor.Attributes[kind] == want
		})
	}
	action, _, _ := strings.Cut(ev.Action, ":") // "health_status: healthy"
	return f.any("type", func(want string) bool { return ev.Type == want }) &&
		f.any("event", func(want string) bool { return action == want || ev.Action == want }) &&
		f.any("scope", func(want string) bool { return ev.Scope == want }) &&
		f.labels(ev.Actor.Attributes) &&
		about("container") && about("image") && about("network") && about("volume") &&
		len(f["config"])+len(f["node"])+len(f["plugin"])+len(f["secret"])+len(f["service"]) == 0
}

// timestamp parses a time of the API: seconds since 1970, with a fraction of up to nine digits, or
// RFC 3339. "" and "0" are no time.
func timestamp(s string) (time.Time, error) {
	if s == "" || s == "0" {
		return time.Time{}, nil
	}
	whole, fraction, _ := strings.Cut(s, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Parse(time.RFC3339Nano, s)
	}
	nanos, err := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	return time.Unix(seconds, nanos), nil
}
