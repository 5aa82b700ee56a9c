package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"workshop/runner"
	"workshop/services/compose"
	"workshop/services/compose/guard"
)

// startDocker starts the guard of a real engine. The guard is not a process of the sandbox, which
// would end it: it outlives the runner to remove the objects that the session has created. It
// detects the runner's end at the end of its standard input, which only the runner holds open.
func startDocker(ctx context.Context, exe string, h runner.Host, socket *os.File, _ []string) (_ engineProcess, err error) {
	host := os.Getenv("DOCKER_HOST")
	cmd := exec.Command(exe, guardName, "--host", host, //nolint:noctx // its input ends it
		"--project", compose.ProjectName(filepath.Base(h.Work)))
	cmd.Args[0] = "workshop"
	cmd.Env = append(os.Environ(), "LISTEN_FDS=")
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{socket}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // detached from the terminal's signals
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	in, err := cmd.StdinPipe()
	if err != nil {
		return engineProcess{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return engineProcess{}, err
	}
	if err := cmd.Start(); err != nil {
		return engineProcess{}, err
	}
	end := func() error {
		in.Close()
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			said := strings.TrimSpace(complaints.String())
			var exit *exec.ExitError
			if errors.As(err, &exit) && exit.ExitCode() == -1 { // it was killed, so the runner cleans up
				return errors.Join(fmt.Errorf("the guard of the Docker engine: %w: %s", err, said), guard.Clean(context.WithoutCancel(ctx), host))
			}
			return fmt.Errorf("clean up the Docker engine: %w: %s", err, said)
		}
		return nil
	}
	stop := context.AfterFunc(ctx, func() { in.Close() })
	defer stop()
	first, err := bufio.NewReader(out).ReadString('\n')
	if said := strings.TrimSpace(first); said != guard.Ready {
		failed := end()
		switch {
		case ctx.Err() != nil:
			return engineProcess{}, context.Cause(ctx)
		case said != "":
			return engineProcess{}, errors.New(said)
		}
		return engineProcess{}, errors.Join(err, failed)
	}
	version, at, err := guard.Ask(ctx, host)
	if err != nil {
		return engineProcess{}, errors.Join(err, end())
	}
	note := fmt.Sprintf("containers run on the Docker engine %s at %s, and are removed afterwards; "+
		"it sees the directories of this machine, so those of sessions have random names", version.Version, at)
	return engineProcess{notes: []string{note}, close: end}, nil
}

// guardName is the hidden command that runs a guard.
const guardName = "guard"
