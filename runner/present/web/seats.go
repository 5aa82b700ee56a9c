package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Role is the use of a seat.
type Role string

// The roles.
const (
	Audience  Role = "audience"  // looks
	Remote    Role = "remote"    // turns pages, and runs the step that it shows
	Presenter Role = "presenter" // does everything, with the pen
)

const (
	joins      = "join" // where invitations are accepted; no seat is called so
	cookieName = "seat"
	maxSeats   = 512
	ahead      = 32 // of the seats, which the audience leaves to those who lead
	maxInvites = 64
	lasting    = 12 * time.Hour // of seats and invitations
)

type digest [sha256.Size]byte

// seat is a person who was let in.
type seat struct {
	id        string // in its path; opens nothing
	key       digest // of its secret
	role      Role
	name      string
	until     time.Time
	open      int // streams
	projected int // of them pages as the room sees them
}

// invitation lets somebody in.
type invitation struct {
	key   digest
	role  Role
	pen   bool // whoever accepts it has the pen
	left  int  // how often it can be accepted
	until time.Time
}

// seats are all who were let in, and those who may come.
type seats struct {
	mu      sync.Mutex
	all     map[string]*seat
	invited []*invitation
	pen     *seat
	counts  map[Role]int
	code    string // lets the audience in; "": there is none
	guesses guesses
	changed func() // without the lock held
	keep    func() // as well, when others than before can come in
}

func newSeats(changed func()) *seats {
	return &seats{all: map[string]*seat{}, counts: map[Role]int{}, changed: changed, keep: func() {}}
}

// invite makes an invitation and returns its secret, which is kept nowhere.
func (s *seats) invite(role Role, times int, pen bool) string {
	token := secret()
	if role == Audience {
		defer s.keep()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.invited) >= maxInvites {
		s.invited = s.invited[1:] // the oldest
	}
	s.invited = append(s.invited, &invitation{sha256.Sum256([]byte(token)), role, pen, times, time.Now().Add(lasting)})
	return token
}

// invitation is the one with a secret. Every one is compared, in constant time.
func (s *seats) invitation(token string) (found *invitation, ok bool) {
	key := sha256.Sum256([]byte(token))
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, i := range s.invited {
		if subtle.ConstantTimeCompare(i.key[:], key[:]) == 1 && i.left > 0 && now.Before(i.until) {
			found = i
		}
	}
	return found, found != nil
}

var (
	errUsed = errors.New("the invitation was used meanwhile")
	errFull = errors.New("there is no seat left")
)

// accept uses an invitation, and returns the new seat and its secret.
func (s *seats) accept(i *invitation) (*seat, string, error) {
	token := secret()
	defer s.changed()
	defer s.keep()
	s.mu.Lock()
	defer s.mu.Unlock()
	if i.left <= 0 {
		return nil, "", errUsed
	}
	now := time.Now()
	for id, one := range s.all {
		if now.After(one.until) && one.open == 0 {
			delete(s.all, id)
		}
	}
	free := maxSeats - len(s.all)
	if i.role == Audience {
		free -= ahead
	}
	if free <= 0 {
		return nil, "", errFull
	}
	if i.left--; i.left == 0 {
		s.invited = slices.DeleteFunc(s.invited, func(o *invitation) bool { return o == i })
	}
	s.counts[i.role]++
	one := &seat{
		id: secret()[:22], key: sha256.Sum256([]byte(token)), role: i.role,
		name: fmt.Sprintf("%s %d", i.role, s.counts[i.role]), until: now.Add(lasting),
	}
	s.all[one.id] = one
	if i.pen {
		s.pen = one
	}
	return one, token, nil
}

// find is the seat at a path, for somebody who has its secret.
func (s *seats) find(id string, given []string) (*seat, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.all[id]
	if one == nil || time.Now().After(one.until) {
		return nil, false
	}
	ok := 0
	for _, token := range given[:min(len(given), 8)] {
		key := sha256.Sum256([]byte(token))
		ok |= subtle.ConstantTimeCompare(one.key[:], key[:])
	}
	return one, ok == 1
}

// writes reports whether a seat has the pen.
func (s *seats) writes(one *seat) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pen == one
}

// hand gives the pen to another presenter, if the one who gives it has it.
func (s *seats) hand(from *seat, to string) bool {
	defer s.changed()
	defer s.keep()
	s.mu.Lock()
	defer s.mu.Unlock()
	other := s.all[to]
	if s.pen != from || other == nil || other.role != Presenter {
		return false
	}
	s.pen = other
	return true
}

// maxStreams is how many pages of one seat are kept up to date.
const maxStreams = 8

// watch notes that a page of a seat is open, until it is left.
func (s *seats) watch(one *seat, projected bool) (leave func(), ok bool) {
	s.mu.Lock()
	if ok = one.open < maxStreams; ok {
		one.open++
		if projected {
			one.projected++
		}
	}
	s.mu.Unlock()
	if !ok {
		return nil, false
	}
	s.changed()
	return func() {
		s.mu.Lock()
		one.open--
		if projected {
			one.projected--
		}
		s.mu.Unlock()
		s.changed()
	}, true
}

// fits reports whether a page of a seat says how large the terminal is: of the one who has the pen, the
// page that the room sees, else the presenter's page.
func (s *seats) fits(one *seat, full bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pen == one && full == (one.projected == 0)
}

// roomView is who is there, for a presenter.
type roomView struct {
	Pen      bool       `json:"pen"`              // it is ours
	Holder   string     `json:"holder"`           // who has it
	Audience int        `json:"audience"`         // how many are there
	Remotes  int        `json:"remotes"`          // as many
	Others   []seatView `json:"others,omitempty"` // presenters whom the pen could be given
	Shared   bool       `json:"shared"`           // others than this machine can come
}

type seatView struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (s *seats) room(one *seat) *roomView {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &roomView{Pen: s.pen == one}
	if s.pen != nil {
		v.Holder = s.pen.name
	}
	for _, o := range s.all {
		switch {
		case o.open == 0:
		case o.role == Audience:
			v.Audience++
		case o.role == Remote:
			v.Remotes++
		case o != one:
			v.Others = append(v.Others, seatView{o.id, o.name})
		}
	}
	slices.SortFunc(v.Others, func(a, b seatView) int { return strings.Compare(a.Name, b.Name) })
	return v
}
