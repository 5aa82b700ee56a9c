// Package runner runs decks: it compiles a deck into a plan, types the plan into
// a shell, emits events and gives verdicts.
package runner

import "workshop/markdown"

// Plan is what will run, in order: every byte to be typed, every condition.
type Plan struct {
	Deck     *markdown.Deck
	Sessions []*Session
}

// Session is a shell with its directory and stack, and the exercises that share it.
type Session struct {
	Name      string // of its chapter, or of the deck
	Workdir   string // inside the deck's file system; "" means the default
	Exercises []*Exercise
}

// Exercise is a selected exercise of the deck.
type Exercise struct {
	*markdown.Exercise
	Title   string // of its slide
	Chapter *markdown.Chapter
	Slide   *markdown.Slide
	Setup   bool // runs only because something selected needs it
	Steps   []*Step
}

// Step is a compiled directive.
type Step struct {
	*markdown.Step
	action action
}
