package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"workshop/runner/present"
)

// heartbeat is how often a stream says that it is there, when there is nothing to say.
const heartbeat = 15 * time.Second

// events is the stream of one page: each event has the changes since the last one, from the
// latest state. A page that takes long misses states, and is waited for by nobody else.
func (v *visit) events() {
	full := v.r.URL.Query().Get("view") != "audience"
	leave, ok := v.seats.watch(v.seat, !full)
	if !ok {
		v.refuse(http.StatusTooManyRequests, "Too many pages of this seat are open.")
		return
	}
	defer leave()
	h := v.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	control := http.NewResponseController(v.w)
	send := func(text []byte) bool {
		_ = control.SetWriteDeadline(time.Now().Add(writing))
		_, err := v.w.Write(text)
		return err == nil && control.Flush() == nil
	}
	watcher := v.talk.Watch()
	defer watcher.Close()
	poked, gone := v.Server.page()
	defer gone()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	st := stream{server: v.Server, seat: v.seat, full: full}
	for {
		select {
		case <-watcher.Changed():
		case <-poked:
		case <-beat.C:
			if !send([]byte(": there\n\n")) {
				return
			}
			continue
		case <-v.talk.Done():
			send([]byte("event: over\ndata: {}\n\n"))
			return
		case <-v.r.Context().Done(): // it ends with the server's, too
			if v.ended.Err() != nil {
				send([]byte("event: over\ndata: {}\n\n"))
			}
			return
		}
		event := st.next(v.talk.State())
		if event == nil {
			continue
		}
		if !send(event) {
			return
		}
	}
}

// stream is the state of one page, as far as it was sent.
type stream struct {
	server *Server
	seat   *seat
	full   bool // more than the audience sees, if the seat may
	begun  bool

	deck *present.Deck
	at   int
	term terminalStream
	sent map[string][]byte // the other parts, as they were sent
}

// role is the one whose view the page shows.
func (st *stream) role() Role {
	if !st.full {
		return Audience
	}
	return st.seat.role
}

// next is the event that brings a page to a state; nil if it shows that already.
func (st *stream) next(s *present.State) []byte {
	event := map[string]json.RawMessage{}
	add := func(name string, part any) {
		data, err := json.Marshal(part)
		if err != nil || bytes.Equal(data, st.sent[name]) {
			return
		}
		event[name], st.sent[name] = data, data
	}
	if st.sent == nil {
		st.sent = map[string][]byte{}
	}
	role := st.role()
	if !st.begun || s.Deck != st.deck {
		add("deck", deckOf(s, role == Presenter))
	}
	if !st.begun || s.Deck != st.deck || s.Slide != st.at {
		add("slide", st.server.slideOf(s, s.Slide, role != Audience))
		if role != Audience {
			add("next", st.server.slideOf(s, s.Slide+1, false))
		}
	}
	st.begun, st.deck, st.at = true, s.Deck, s.Slide
	add("steps", stepsOf(s, role))
	talk := talkOf(s, role, st.server.opts.Length)
	if st.server.opts.Resizes && role != Audience {
		talk.Columns = s.Columns
	}
	if st.server.opts.Resizes && st.server.seats.fits(st.seat, st.full) {
		talk.Columns, talk.Fits = s.Columns, true
	}
	add("talk", talk)
	add("log", st.server.logMarkOf(s))
	if role != Audience {
		room := st.server.seats.room(st.seat)
		room.Shared = st.server.shared
		add("room", room)
		add("trouble", troubleOf(s))
	}
	if role == Presenter {
		add("consent", consentOf(s.Consent))
	}
	if role != Remote {
		if part := st.term.next(s.Terminal); part != nil {
			event["term"] = part
		}
	}
	if len(event) == 0 {
		return nil
	}
	data, err := json.Marshal(event)
	if err != nil {
		return nil
	}
	return append(append([]byte("data: "), data...), "\n\n"...)
}
