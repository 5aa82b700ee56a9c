package compose

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// shellLook prints help, progress and the final error.
type shellLook interface {
	help(cmd *command) string // nil is the command itself
	version(format string) string
	progress(s *session, ansi bool) progress
	exit(s *session, err error) int // prints the error and returns the exit status
}

type (
	v1Shell struct{}
	v5Shell struct{}
)

func (v1Shell) help(cmd *command) string {
	var b strings.Builder
	spell := func(f flag) string {
		var names []string
		if f.short != "" {
			names = append(names, "-"+f.short)
		}
		if f.long != "" {
			names = append(names, "--"+f.long)
		}
		return strings.TrimSuffix(strings.Join(names, ", ")+" "+f.arg, " ")
	}
	if cmd != nil {
		b.WriteString(cmd.summary + ".\n\n")
		if cmd.about != "" {
			b.WriteString(cmd.about + "\n\n")
		}
		b.WriteString("Usage: " + cmd.name + " " + cmd.usage + "\n")
		if len(cmd.flags) > 0 {
			b.WriteString("\nOptions:\n" + flagLines(cmd.flags, V1, spell, 4))
		}
		return b.String()
	}
	b.WriteString("Define and run multi-container applications with Docker.\n\nUsage:\n" +
		"  docker-compose [-f <arg>...] [--profile <name>...] [options] [--] [COMMAND] [ARGS...]\n" +
		"  docker-compose -h|--help\n\nOptions:\n" + flagLines(globalFlags, V1, spell, 2) + "\n")
	b.WriteString(v1Shell{}.commandList())
	return b.String()
}

func (v1Shell) commandList() string {
	var b strings.Builder
	b.WriteString("Commands:\n")
	all := append(commands(), command{name: "help", summary: "Get help on a command"})
	slices.SortFunc(all, func(a, b command) int { return strings.Compare(a.name, b.name) })
	for _, c := range all {
		if in(c.looks, V1) {
			fmt.Fprintf(&b, "  %-18s %s\n", c.name, c.summary)
		}
	}
	return b.String()
}

func (v1Shell) version(string) string { return "docker-compose version 1.29.2, build unknown" }

func (v1Shell) progress(s *session, ansi bool) progress { return &lines{w: s.Stderr, ansi: ansi} }

func (v v1Shell) exit(s *session, err error) int {
	var (
		code    exitError
		usage   *usageError
		missing noSuchService
		connect *connectionError
		path    *fs.PathError
		file    *FileError
	)
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		s.ui.fail("Aborting.")
	case errors.As(err, &usage):
		switch {
		case usage.unknown != "":
			s.ui.fail("No such command: " + usage.unknown + "\n\n" + strings.TrimSuffix(v.commandList(), "\n"))
		default:
			// docker-compose exits with 0 here. A mistyped option would then look like a success.
			s.ui.fail(usage.message + "\n\n" + strings.TrimSuffix(v.help(usage.command), "\n"))
		}
	case errors.As(err, &missing):
		s.ui.fail("No such service: " + string(missing))
	case errors.Is(err, errNoFile):
		s.ui.fail("\n        Can't find a suitable configuration file in this directory or any\n" +
			"        parent. Are you in the right directory?\n\n" +
			"        Supported filenames: " + strings.Join(fileNames[V1], ", ") + "\n        ")
	case errors.As(err, &file):
		s.ui.fail("The Compose file './" + file.File + "' is invalid because:\n" + file.Error())
	case errors.As(err, &connect):
		s.ui.fail("Couldn't connect to Docker daemon at " + v.address(connect.host) + " - is it running?\n\n" +
			"If it's at a non-standard location, specify the URL with the DOCKER_HOST environment variable.")
	case errors.As(err, &path) && errors.Is(err, fs.ErrNotExist):
		name := path.Path
		if i := slices.IndexFunc(s.global.values("file"), func(f string) bool { return absolute(s.Dir, f) == name }); i >= 0 {
			name = "./" + s.global.values("file")[i]
		}
		s.ui.fail(".FileNotFoundError: [Errno 2] No such file or directory: '" + name + "'")
	default:
		s.ui.fail(err.Error())
	}
	return 1
}

// address returns the address of the engine in the spelling of docker-compose's HTTP library.
func (v1Shell) address(host string) string {
	if strings.HasPrefix(host, "unix://") {
		return "http+docker://localhost"
	}
	return strings.Replace(host, "tcp://", "http://", 1)
}

func (v5Shell) help(cmd *command) string {
	var b strings.Builder
	spell := func(f flag) string {
		left := "    "
		if f.short != "" {
			left = "-" + f.short
			if f.long != "" {
				left += ", "
			}
		}
		if f.long != "" {
			left += "--" + f.long
		}
		if f.arg != "" {
			left += " " + strings.ToLower(f.arg)
		}
		return left
	}
	if cmd != nil {
		usage := strings.NewReplacer("[options]", "[OPTIONS]", "[--scale SERVICE=NUM...] ", "").Replace(cmd.usage)
		if !strings.HasPrefix(usage, "[OPTIONS]") {
			usage = "[OPTIONS] " + usage
		}
		b.WriteString("Usage:  docker compose " + cmd.name + " " + usage + "\n\n" + cmd.summary + "\n")
		if cmd.about != "" {
			b.WriteString("\n" + cmd.about + "\n")
		}
		if len(cmd.flags) > 0 {
			b.WriteString("\nOptions:\n" + flagLines(cmd.flags, V5, spell, 2))
		}
		return b.String()
	}
	b.WriteString("Usage:  docker compose [OPTIONS] COMMAND\n\nDefine and run multi-container applications with Docker\n\nOptions:\n" +
		flagLines(globalFlags, V5, spell, 2) + "\nCommands:\n")
	for _, c := range commands() {
		if in(c.looks, V5) {
			fmt.Fprintf(&b, "  %-10s  %s\n", c.name, c.summary)
		}
	}
	b.WriteString("\nRun 'docker compose COMMAND --help' for more information on a command.\n")
	return b.String()
}

func (v5Shell) version(format string) string {
	if format == "json" {
		return `{"version":"v5.6.0"}`
	}
	return "Docker Compose version v5.6.0"
}

func (v5Shell) progress(s *session, ansi bool) progress {
	return &board{w: s.Stderr, ansi: ansi, size: func() (int, int) { return s.size(s.Stderr) }, now: time.Now}
}

func (v v5Shell) exit(s *session, err error) int {
	s.ui.flush()
	var (
		code    exitError
		usage   *usageError
		connect *connectionError
		api     *apiError
		path    *fs.PathError
		env     errNoEnvFile
	)
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &env):
		s.ui.fail("couldn't find env file: " + string(env))
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return 130
	case errors.As(err, &usage):
		if usage.unknown == "" {
			s.ui.fail(usage.message)
			break
		}
		s.printf("%s", v.help(nil))
		s.ui.fail("unknown docker command: \"compose " + usage.unknown + "\"")
	case errors.Is(err, errNoFile):
		s.ui.fail(errNoFile.Error())
	case errors.As(err, &connect):
		s.ui.fail("Cannot connect to the Docker daemon at " + connect.host + ". Is the docker daemon running?")
	case errors.As(err, &api):
		s.ui.fail("Error response from daemon: " + err.Error())
	case errors.As(err, &path) && errors.Is(err, fs.ErrNotExist) && s.project == nil:
		s.ui.fail(fmt.Sprintf("compose file %q is invalid: %v", path.Path, err))
	default:
		s.ui.fail(err.Error())
	}
	return 1
}
