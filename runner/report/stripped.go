package report

import (
	"workshop/runner"
	"workshop/runner/screen"
)

// stripped converts the bytes of a run's terminals to plain text: no escape sequences, no soft
// wraps, and a '\r' for every movement of the cursor other than by writing.
type stripped struct {
	screen *screen.Screen
	text   func([]byte)
}

// observe follows the events of a run; text receives their text.
func (s *stripped) observe(e runner.Event) error {
	switch e.Kind {
	case runner.SessionStarted:
		s.screen = screen.New(e.Cols, e.Rows, screen.Hooks{Text: s.text})
	case runner.EventResized:
		if s.screen != nil {
			s.screen.Resize(e.Cols, e.Rows)
		}
	case runner.EventOutput:
		if s.screen != nil {
			_, err := s.screen.Write(e.Data)
			return err
		}
	}
	return nil
}
