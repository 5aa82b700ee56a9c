package runner

import (
	"fmt"
	"os"
	"slices"
	"sync"

	"workshop/runner/spool"
)

// lane holds back the events of a session until those of the sessions before it have been
// reported, so that every report is in the order of the plan. The bytes of the terminal wait in
// a file: the memory for the events is bounded by the number of steps.
type lane struct {
	mu      sync.Mutex
	report  func(Event) // nil: the events wait
	waiting []waitingEvent
	spool   *os.File // deleted already
	size    int64    // of the spool, in bytes
}

// waitingEvent is an event whose Data is a part of the spool, unless it could not be written.
type waitingEvent struct {
	Event
	at     int64
	length int
}

// add reports an event, or holds it back.
func (l *lane) add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.report != nil {
		l.report(e)
		return
	}
	w := waitingEvent{Event: e, at: l.size, length: len(e.Data)}
	switch {
	case w.length == 0:
	case l.write(e.Data) == nil:
		w.Data = nil
	default: // the disk is full
		w.Data, w.length = slices.Clone(e.Data), 0
	}
	l.waiting = append(l.waiting, w)
}

// write appends bytes to the spool.
func (l *lane) write(b []byte) error {
	if l.spool == nil {
		f, err := spool.New()
		if err != nil {
			return err
		}
		l.spool = f
	}
	_, err := l.spool.WriteAt(b, l.size)
	if err == nil {
		l.size += int64(len(b))
	}
	return err
}

// open reports the waiting events, and each further event at once. If the spool cannot be read,
// an output is reported without its bytes, behind a remark that names its exercise.
func (l *lane) open(report func(Event)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.waiting {
		if w.length > 0 {
			data := make([]byte, w.length)
			if _, err := l.spool.ReadAt(data, w.at); err != nil {
				report(lost(w.Event, err))
			} else {
				w.Data = data
			}
		}
		report(w.Event)
	}
	l.report = report
	l.discard()
}

// lost is the remark that bytes of the terminal are missing in the reports.
func lost(e Event, err error) Event {
	where := "session " + e.Session.Name
	if e.Exercise != nil {
		where = e.Exercise.ID
	}
	e.Kind, e.Data = EventNote, nil
	e.Note = fmt.Sprintf("%s: a part of its terminal's output is missing here, its verdict is not affected: %v", where, err)
	return e
}

// discard forgets the waiting events.
func (l *lane) discard() {
	l.waiting = nil
	if l.spool != nil {
		l.spool.Close()
		l.spool = nil
	}
}
