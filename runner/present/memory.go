package present

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"workshop/runner"
	"workshop/runner/ledger"
)

// Memory remembers the place of a talk and the consent to run a deck. It lies outside the
// deck; a file that cannot be read counts as absent. A goroutine of its own writes, so
// that a slow disk holds nobody up.
type Memory struct {
	dir, file string
	next      chan []byte
	writer    sync.WaitGroup
	start     sync.Once
}

// NewMemory is the memory of a deck in a folder, which need not exist; the name of the
// deck is one that no other deck has.
func NewMemory(dir, deck string) *Memory {
	sum := sha256.Sum256([]byte(deck))
	return &Memory{dir: dir, file: filepath.Join(dir, "talks", hex.EncodeToString(sum[:12])+".json"), next: make(chan []byte, 1)}
}

// Seats is the name of a private file beside it, in which a face in browsers keeps who was let in.
func (m *Memory) Seats() string { return strings.TrimSuffix(m.file, ".json") + ".seats" }

// Dir is the folder for it in the user's state (XDG_STATE_HOME).
func Dir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "workshop"), nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state", "workshop"), err
}

// bookmark is where a talk was.
type bookmark struct {
	Slide int `json:"slide"` // number
	mark
	Step    int       `json:"step"`
	Started time.Time `json:"started"`
	Saved   time.Time `json:"saved"`
	Typing  bool      `json:"typing,omitempty"`
	Blind   bool      `json:"blind,omitempty"` // outcomes are not judged
	Hidden  bool      `json:"hidden,omitempty"`
	Notes   bool      `json:"notes,omitempty"`
	Figures bool      `json:"figures,omitempty"`
	Columns int       `json:"columns,omitempty"`
}

// sitting is how long a talk may have been left for its clock to go on.
const sitting = 6 * time.Hour

// save writes where the talk is, soon.
func (m *Memory) save(s *State) {
	slide := s.Current()
	if slide == nil {
		return
	}
	data, err := json.Marshal(bookmark{
		slide.Index + 1, s.Deck.mark(slide.Index), s.Step, s.Started, time.Now(), s.Typing, !s.Verify, s.Hidden, s.Talk, s.Figures, s.Columns,
	})
	if err != nil {
		return
	}
	m.start.Do(func() {
		m.writer.Go(func() {
			for b := range m.next {
				_ = ledger.WriteFile(m.file, b) // a talk is as good without
			}
		})
	})
	select {
	case <-m.next: // a bookmark that was not written yet is out of date
	default:
	}
	m.next <- data
}

func (m *Memory) close() {
	close(m.next)
	m.writer.Wait()
}

// restore goes where the talk was left.
func (m *Memory) restore(s *State) {
	data, err := os.ReadFile(m.file)
	var b bookmark
	if err != nil || json.Unmarshal(data, &b) != nil || b.Slide < 1 {
		return
	}
	s.Typing, s.Verify, s.Hidden, s.Talk, s.Figures = b.Typing, !b.Blind, b.Hidden || s.Hidden, b.Notes, b.Figures
	if slices.Contains(columns, b.Columns) {
		s.Columns = b.Columns
	}
	if time.Since(b.Saved) < sitting && b.Started.Before(s.Started) {
		s.Started = b.Started
	}
	at := s.Deck.marked(b.mark, b.Slide-1)
	if at == 0 {
		return
	}
	s.Slide = at
	s.Step = min(max(b.Step, 0), len(s.Current().Steps))
	s.Message = Message{Text: fmt.Sprintf("resumed at slide %d; the shell is a new one", at+1), At: time.Now()}
	if step := s.near(); step != nil && len(s.before(step)) > 0 {
		s.Message.Text = fmt.Sprintf("resumed at slide %d in a new shell: F runs what came before", at+1)
	}
}

// digest is that of all that a plan would type and wait for, and that its applications would run.
func digest(plan *runner.Plan) string {
	h := sha256.New()
	for _, s := range plan.Sessions {
		fmt.Fprintf(h, "%q %q\n", s.Name, s.Workdir)
		for _, script := range slices.Concat(s.Setup, s.Teardown, s.Applications) {
			fmt.Fprintf(h, "%q %q\n", script.Name, script.Text)
		}
		if len(s.Env) > 0 {
			fmt.Fprintf(h, "%q\n", s.Env)
		}
		for _, e := range s.Exercises {
			for _, term := range e.Terms {
				fmt.Fprintf(h, "%q\n", term)
			}
			for _, step := range e.Steps {
				fmt.Fprintf(h, "%q %q %q %v\n", step.Directive, step.Args, step.Text, step.Hidden)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (m *Memory) consent(digest string) string { return filepath.Join(m.dir, "allowed", digest) }

// allow remembers that a deck may be run.
func (m *Memory) allow(digest string) error {
	return ledger.WriteFile(m.consent(digest), []byte(time.Now().UTC().Format(time.RFC3339)+"\n"))
}

// Allow remembers that the deck of a plan may be run.
func (m *Memory) Allow(plan *runner.Plan) error {
	m.agree(plan)
	return m.allow(digest(plan))
}

// Allowed reports whether the deck of a plan may be run.
func (m *Memory) Allowed(plan *runner.Plan) bool { return m.allowed(digest(plan)) }

func (m *Memory) allowed(digest string) bool {
	_, err := os.Stat(m.consent(digest))
	return err == nil
}
