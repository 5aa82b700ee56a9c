package cli

import (
	"workshop/runner"
	"workshop/runner/audit"
)

// observations are what engines have seen while the deck ran unchanged.
type observations struct{}

func (o *observations) watch(*runner.Options) {}

func (o *observations) services(*runner.Session) []audit.Service { return nil }
