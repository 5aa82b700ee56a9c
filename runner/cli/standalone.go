package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"workshop/runner/sandbox"
)

// guardedVariable is set for an engine that runs in a sandbox of its own.
const guardedVariable = "WORKSHOP_ENGINE_GUARDED"

// standalone runs the engine in a sandbox of its own, so that no container and no file of it lives
// on, however it ends. The engine of a session, which is in the session's sandbox, has its listener
// already. done is false if that was in vain.
func standalone(ctx context.Context, exe string, args []string, s Streams) (status int, done bool) {
	if os.Getenv("LISTEN_FDS") != "" || os.Getenv(guardedVariable) != "" {
		return 0, false
	}
	state := filepath.Join(os.TempDir(), "workshop-engine-"+strings.ToLower(rand.Text()[:10]))
	sb, err := sandbox.Start(ctx, sandbox.Options{Isolation: sandbox.Guardian, Remove: state})
	if err != nil {
		fmt.Fprintf(s.Err, "engine: nothing ends its containers if it is killed: %v\n", err)
		return 0, false
	}
	p, err := sb.Start(sandbox.Cmd{
		Argv: append([]string{exe, "engine", "--state", state}, args...), Env: append(os.Environ(), guardedVariable+"=1"),
		Files: []*os.File{s.In, s.Out, s.Err},
	})
	if err == nil {
		stop := context.AfterFunc(ctx, func() { _ = p.Signal(syscall.SIGTERM) }) // an error: it has ended
		defer stop()
		var ended sandbox.Status
		ended, err = p.Wait(context.WithoutCancel(ctx))
		status = ended.Code
		if err == nil && ended.Signal != "" {
			err = errors.New("ended by " + ended.Signal)
		}
	}
	if err = errors.Join(err, sb.Close()); err != nil {
		fmt.Fprintf(s.Err, "engine: %v\n", err)
		return exitBroken, true
	}
	return status, true
}
