package present

import (
	"fmt"
	"strings"
	"time"
)

// Left is the rest of a talk.
type Left struct {
	Commands time.Duration // of the steps that were not run, as long as they took in their last check
	Unknown  int           // commands among them that were never checked
	Slides   int           // behind the one that is shown
}

// Left is the rest of the talk, from the slide that is shown on. Steps of earlier slides are taken to be left out.
func (s *State) Left() Left {
	l := Left{Slides: max(len(s.Deck.Slides)-s.Slide-1, 0)}
	slide := s.Current()
	for i, step := range s.Deck.Steps {
		here := slide != nil && len(slide.Steps) > 0 && step.Index >= slide.Steps[0].Index
		if !here && step.Slide <= s.Slide || s.Outcomes[i] != nil {
			continue
		}
		l.Commands += s.Checks[i].Duration
		if step.Snippet() && s.Checks[i].Verdict == "" {
			l.Unknown++
		}
	}
	return l
}

// Say puts the rest of a talk into words, with the time for talking if so much time is left of it.
func (l Left) Say(of time.Duration) string {
	minutes := func(d time.Duration) string {
		if d > 0 && d < time.Minute {
			return "less than a minute"
		}
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	}
	slides := fmt.Sprintf("%d slides", l.Slides)
	if l.Slides == 1 {
		slides = "one slide"
	}
	parts := []string{minutes(l.Commands) + " of commands"}
	if l.Unknown > 0 {
		parts[0] += fmt.Sprintf(" and %d that were never measured", l.Unknown)
	}
	if talk := of - l.Commands; talk >= 0 {
		parts = append(parts, minutes(talk)+" for talking")
	} else {
		parts = append(parts, minutes(-talk)+" too much")
	}
	return strings.Join(append(parts, slides), ", ") + " left"
}
