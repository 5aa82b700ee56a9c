//go:build !linux

package terminal

import "context"

// PipeError says that a program which the shell writes to has not passed on its input in time.
type PipeError struct{ Program string }

func (e *PipeError) Error() string { return "the output goes through `" + e.Program + "`" }

// AwaitPipes does nothing: this system does not report the input of other programs.
func (s *Session) AwaitPipes(context.Context) error { return nil }

func (s *Session) settlePrompt(context.Context) {}
