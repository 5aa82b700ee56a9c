package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"workshop/runner/lsp"
)

func newLSP(streams Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "lsp",
		Short: "Serve an editor: mistakes, hover, completion, files (LSP over stdio)",
		Long: `Speaks the Language Server Protocol on standard input and output, for an editor to
start. It shows mistakes while a deck is written, in unsaved text too, the meaning of
directives, and the bytes that a step will type. It completes the names of directives and
keys, and finds the files of manifests and includes. It executes nothing in a deck.

Exit status: 0 after shutdown and exit, 1 if the editor went without them.`,
		GroupID: "deck",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if term.IsTerminal(int(streams.In.Fd())) {
				return errors.New("an editor starts lsp: the README describes the set-up")
			}
			ctx, _, stop := streams.interruptible(cmd.Context())
			defer stop()
			served := make(chan error, 1)
			go func() { // a blocked read ends with the process at the latest
				served <- lsp.Serve(ctx, streams.In, streams.Out, lsp.Options{
					Version: version(), Repository: repository, Env: os.LookupEnv, Docker: dockerOnEmbedded,
				})
			}()
			select {
			case err := <-served:
				switch {
				case errors.Is(err, lsp.ErrNoShutdown):
					return &codeError{code: exitFailed}
				case err != nil:
					return &codeError{exitFailed, fmt.Errorf("lsp: %w", err)}
				}
				return nil
			case <-ctx.Done():
				return &codeError{code: exitInterrupted}
			}
		},
	}
}
