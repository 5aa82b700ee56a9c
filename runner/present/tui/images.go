package tui

// Images reads a picture of the deck by its name in it.
type Images func(name string) ([]byte, error)
