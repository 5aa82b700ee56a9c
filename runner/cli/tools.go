package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"workshop/runner"
	"workshop/services"
	"workshop/services/compose"
	"workshop/services/compose/engine"
	"workshop/services/compose/guard"
	"workshop/services/httping"
	"workshop/services/measure"
)

// tool is a command that parses its own arguments.
type tool func(ctx context.Context, args []string, s Streams) int

// tools are the programs that this binary runs when it is called by their names: links on the
// exercise shell's PATH, and the programs in the bundled base image.
var tools = func() map[string]tool {
	all := map[string]tool{
		"docker-compose": composeTool(compose.V1),
		"docker":         docker,
		"httping": ending(func(ctx context.Context, args []string, s Streams) int {
			return httping.Main(ctx, args, s.Out, s.Err)
		}),
		"measure": ending(func(ctx context.Context, args []string, s Streams) int {
			return measure.Main(ctx, args, s.Out, s.Err)
		}),
	}
	all[stressTool] = keepBusy
	all[runner.OpenTool] = ending(func(ctx context.Context, args []string, s Streams) int {
		return runner.OpenMain(ctx, args, s.Out)
	})
	for _, name := range serviceNames() {
		all[name] = service(name)
	}
	return all
}()

// ending returns a tool whose context ends at the first signal.
func ending(run tool) tool {
	return func(ctx context.Context, args []string, s Streams) int {
		ctx, _, stop := s.interruptible(ctx)
		defer stop()
		return run(ctx, args, s)
	}
}

func service(name string) tool {
	return ending(func(ctx context.Context, args []string, s Streams) int {
		return services.Main(ctx, name, args, s.Out, s.Err, os.Getenv)
	})
}

// lookVariable is the environment variable for the look of all Compose commands: v1 or v5.
const lookVariable = "WORKSHOP_COMPOSE"

func composeTool(look compose.Look) tool {
	return func(ctx context.Context, args []string, s Streams) int {
		wanted := os.Getenv(lookVariable)
		if len(args) > 0 {
			if value, ok := strings.CutPrefix(args[0], "--look="); ok {
				wanted, args = value, args[1:]
			}
		}
		chosen, ok := looks[wanted]
		if !ok {
			fmt.Fprintf(s.Err, "compose: the look %q is neither v1 nor v5\n", wanted)
			return exitUsage
		}
		if chosen != 0 {
			look = chosen
		}
		return compose.Main(ctx, look, args, compose.Streams{
			Stdin: s.In, Stdout: s.Out, Stderr: s.Err, Env: os.Environ(), Interrupts: s.Signals,
		})
	}
}

func embeddedEngine(ctx context.Context, args []string, s Streams) int {
	exe, err := os.Executable()
	if err != nil {
		fmt.Fprintf(s.Err, "workshop: %v\n", err)
		return exitBroken
	}
	if status, done := standalone(ctx, exe, args, s); done {
		return status
	}
	opts := engine.Options{Executable: exe, Commands: serviceNames(), Env: []string{"PATH=" + os.Getenv("PATH")}}
	return engine.Main(ctx, args, opts, s.Out, s.Err, os.Getenv)
}

// guardDocker runs the guard process between a session and a real engine.
func guardDocker(ctx context.Context, args []string, s Streams) int {
	exe, err := os.Executable()
	if err != nil {
		fmt.Fprintln(s.Out, err)
		return exitBroken
	}
	return guard.Main(ctx, args, guard.Options{Executable: exe, Commands: serviceNames()}, s.In, s.Out, s.Err)
}

// docker runs `docker compose`. Other commands go to the real client, if it is installed, else to the
// bundled one.
func docker(ctx context.Context, args []string, s Streams) int {
	if len(args) > 0 && args[0] == "compose" {
		return composeTool(compose.V5)(ctx, args[1:], s)
	}
	if path := realDocker(); path != "" {
		err := syscall.Exec(path, append([]string{"docker"}, args...), os.Environ())
		fmt.Fprintf(s.Err, "docker: %v\n", err)
		return 126
	}
	return compose.DockerMain(ctx, args, compose.Streams{Stdin: s.In, Stdout: s.Out, Stderr: s.Err, Env: os.Environ(), Interrupts: s.Signals})
}

// realDocker is the path of the docker command that is not this program; "" if there is none.
func realDocker() string {
	self, _ := os.Executable()
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, "docker")
		if real, err := filepath.EvalSymlinks(path); err == nil && real != self {
			return path
		}
	}
	return ""
}

func serviceNames() (names []string) {
	for _, svc := range services.All() {
		names = append(names, svc.Name)
	}
	return names
}

// newTools returns the tools as subcommands of `workshop`.
func newTools(streams Streams) []*cobra.Command {
	wrap := func(use, short string, run tool) *cobra.Command {
		return &cobra.Command{
			Use: use, Short: short, GroupID: "stack", DisableFlagParsing: true,
			RunE: func(cmd *cobra.Command, args []string) error {
				if code := run(cmd.Context(), args, streams); code != 0 {
					return &codeError{code: code}
				}
				return nil
			},
		}
	}
	one := wrap("service NAME", "Run one bundled service: "+strings.Join(serviceNames(), ", "),
		func(ctx context.Context, args []string, s Streams) int {
			if len(args) == 0 || args[0] == "--help" || args[0] == "-h" {
				for _, svc := range services.All() {
					fmt.Fprintf(s.Out, "%-8s %s\n", svc.Name, svc.Summary)
				}
				fmt.Fprint(s.Out, "\n\"workshop service NAME --help\" lists the environment variables that one reads.\n")
				return exitPassed
			}
			return service(args[0])(ctx, args[1:], s)
		})
	one.ValidArgs = serviceNames()
	hidden := wrap(guardName, "Guard a session on a real engine", ending(guardDocker))
	hidden.Hidden = true
	return []*cobra.Command{
		one, hidden,
		wrap("compose [ARG…]", "Docker Compose, as `docker-compose` on the exercise shell's PATH", composeTool(compose.V1)),
		wrap("engine", "Serve the embedded container engine on a socket",
			ending(embeddedEngine)),
		wrap("measure rate|count|latency [ARG…]", "Check a claim about the sample application's speed", tools["measure"]),
		wrap("httping [ARG…] URL", "The stand-in for httping", tools["httping"]),
	}
}
