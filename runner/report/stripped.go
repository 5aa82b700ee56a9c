package report

import (
	"workshop/runner"
	"workshop/runner/terminal"
)

// stripped turns the bytes of a run's terminals into plain text: no escape sequences,
// no soft wraps, and a '\r' wherever the cursor was moved other than by writing.
type stripped struct {
	screen *terminal.Screen
	text   func([]byte)
}

// observe follows the events of a run; text gets what they show.
func (s *stripped) observe(e runner.Event) error {
	switch e.Kind {
	case runner.SessionStarted:
		s.screen = terminal.NewScreen(e.Cols, e.Rows, terminal.Hooks{Text: s.text})
	case runner.Resized:
		if s.screen != nil {
			s.screen.Resize(e.Cols, e.Rows)
		}
	case runner.Output:
		if s.screen != nil {
			_, err := s.screen.Write(e.Data)
			return err
		}
	}
	return nil
}
