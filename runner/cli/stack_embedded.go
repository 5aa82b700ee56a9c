package cli

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"workshop/runner"
	"workshop/runner/sandbox"
)

// engineFolder is the name of the embedded engine's state directory in a session's folder.
const engineFolder = "engine"

// startEmbedded starts the embedded engine in the session's sandbox, which ends it.
func startEmbedded(_ context.Context, exe string, h runner.Host, socket *os.File, args []string) (engineProcess, error) {
	log, err := os.Create(filepath.Join(h.Dir, "engine.log"))
	if err != nil {
		return engineProcess{}, err
	}
	defer log.Close()
	state := filepath.Join(h.Dir, engineFolder)
	if err := os.Mkdir(state, 0o700); err != nil {
		return engineProcess{}, err
	}
	home, state := h.Sandbox.Inside(h.Dir), h.Sandbox.Inside(state)
	_, err = h.Sandbox.Start(sandbox.Cmd{
		Argv:  slices.Concat([]string{exe, "engine", "--state", state}, args),
		Env:   []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + state, "LISTEN_FDS=1", "LISTEN_FDNAMES=docker"},
		Dir:   home,
		Files: []*os.File{nil, log, log, socket},
	})
	return engineProcess{}, err
}
