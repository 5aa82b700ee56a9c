// Package audit asks whether a deck would notice a fault. It makes mutants of a session that has passed:
// the same session with one thing broken. A mutant that no step of the deck notices survives: the
// words of the slide there are not checked. The package runs nothing. [Operators] is the table of the changes.
package audit
