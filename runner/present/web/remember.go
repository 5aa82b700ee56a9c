package web

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"workshop/runner/ledger"
)

// book is the file in which the seats outlive the process: a page that is open goes on by itself after
// a restart. It holds digests, never the secret that a browser sends; the room's code stands in it as it is, for
// it is shown to the room, lets in nobody but the audience, and is too short for a digest to hide it.
type book struct {
	file string
	lock *os.File
	port int
	mu   sync.Mutex // of writing
}

// record is the content of the file.
type record struct {
	Port    int                `json:"port"`
	Code    string             `json:"code,omitempty"`
	Pen     string             `json:"pen,omitempty"` // the seat that has it
	Counts  map[Role]int       `json:"counts,omitempty"`
	Seats   []seatRecord       `json:"seats,omitempty"`
	Invited []invitationRecord `json:"invited,omitempty"` // of the audience: links of the others end with the process
}

type seatRecord struct {
	ID    string    `json:"id"`
	Key   digest    `json:"key"`
	Role  Role      `json:"role"`
	Name  string    `json:"name"`
	Until time.Time `json:"until"`
}

type invitationRecord struct {
	Key   digest    `json:"key"`
	Left  int       `json:"left"`
	Until time.Time `json:"until"`
}

// MarshalText and UnmarshalText are for JSON.
func (d digest) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, d[:]), nil
}

func (d *digest) UnmarshalText(text []byte) error {
	b, err := base64.RawURLEncoding.DecodeString(string(text))
	if err != nil || len(b) != len(d) {
		return errors.New("this is no digest")
	}
	copy(d[:], b)
	return nil
}

// remember takes over the seats of the process before, and keeps them from now on. Of two talks of
// one deck at the same time the first one does.
func (s *Server) remember() record {
	var r record
	if s.opts.Seats == "" {
		return r
	}
	lock, err := locked(s.opts.Seats + ".lock")
	if err != nil {
		s.warning = err
		return r
	}
	s.book = &book{file: s.opts.Seats, lock: lock}
	data, err := os.ReadFile(s.opts.Seats)
	if err != nil || json.Unmarshal(data, &r) != nil || s.opts.Empty {
		return record{Port: r.Port}
	}
	s.seats.restore(r, time.Now())
	return r
}

// begun writes the seats at the port that is served, and after each change.
func (s *Server) begun(port int) {
	if s.book == nil {
		return
	}
	s.book.port = port
	if err := s.book.write(s.seats); err != nil {
		s.warning = fmt.Errorf("no page will go on by itself after a restart: %w", err)
	}
	s.seats.keep = func() { _ = s.book.write(s.seats) } // a talk is as good without
}

// locked opens a file that one process at a time has; the lock ends with the process.
func locked(name string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, errors.New("this deck is being presented elsewhere on this machine: the pages of this talk do not outlive it")
	}
	return f, nil
}

// write writes the seats as they are now.
func (b *book) write(s *seats) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := s.record()
	r.Port = b.port
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return ledger.WriteFile(b.file, data)
}

func (b *book) close() {
	if b != nil {
		b.lock.Close()
	}
}

func (s *seats) record() record {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := record{Code: s.code, Counts: map[Role]int{}}
	for role, n := range s.counts {
		r.Counts[role] = n
	}
	if s.pen != nil {
		r.Pen = s.pen.id
	}
	for _, o := range s.all {
		r.Seats = append(r.Seats, seatRecord{o.id, o.key, o.role, o.name, o.until})
	}
	for _, i := range s.invited {
		if i.role == Audience {
			r.Invited = append(r.Invited, invitationRecord{i.key, i.left, i.until})
		}
	}
	return r
}

// restore takes over the seats of a record that are still valid.
func (s *seats) restore(r record, now time.Time) {
	for _, o := range r.Seats {
		if now.Before(o.Until) && len(s.all) < maxSeats && o.ID != "" {
			s.all[o.ID] = &seat{id: o.ID, key: o.Key, role: o.Role, name: o.Name, until: o.Until}
		}
	}
	for _, i := range r.Invited {
		if now.Before(i.Until) && len(s.invited) < maxInvites {
			s.invited = append(s.invited, &invitation{i.Key, Audience, false, i.Left, i.Until})
		}
	}
	s.pen = s.all[r.Pen]
	if r.Counts != nil {
		s.counts = r.Counts
	}
}
