// Package measure checks a deck's claims about the sample application: the units of work
// that it does in a second, and the time that a service takes to answer. It is meant for
// hidden steps: it prints one line for people and has an exit status for the runner.
//
// On a machine that is too busy to wake programs up in time, a measurement is not reliable.
// While it measures, the command therefore also checks the delay of its own timers. A
// missed bound on a machine that overslept is reported as inconclusive, which is not a
// failure.
package measure

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

// The exit statuses of [Main].
const (
	statusOK          = 0 // within the bounds, or inconclusive
	statusFailed      = 1 // outside the bounds, or nothing could be measured
	statusUsage       = 2
	statusInterrupted = 130
)

const usage = `Measure checks the claims of a deck about the sample application.

Usage:
  measure rate [flags] [URL]     units of work per second, by the counter that
                                 the web page draws (default ` + defaultRateURL + `)
  measure count [URL]            the units of work so far, by the same counter: a
                                 line each time that it changes, until ^C
  measure latency [flags] URL    median time until a server answers, over a
                                 new connection each time

"measure rate --help" and "measure latency --help" list the flags.

It prints one line. It exits with 0 if the figure is within the given bounds, with 1 if
it is not or cannot be measured, and with 2 on wrong usage. If a bound is missed and this
machine overslept meanwhile, it prints "inconclusive" and exits with 0.
`

// Main runs the command with the arguments after its name, and returns its exit status. It ends
// early when ctx is cancelled.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	m := &meter{
		client: newClient(),
		dir:    stateDir(os.Getenv),
		probe:  oversleep,
		stdout: stdout,
		stderr: stderr,
	}
	return m.main(ctx, args)
}

// meter is one invocation of the command.
type meter struct {
	client         *http.Client
	dir            string // directory of saved rates
	probe          func(context.Context) time.Duration
	stdout, stderr io.Writer
}

// newClient returns a client that opens a connection for each request, as the worker and httping
// do, and uses no proxy.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:       (&net.Dialer{}).DialContext,
			DisableKeepAlives: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       30 * time.Second,
	}
}

func (m *meter) main(ctx context.Context, args []string) int {
	if len(args) == 0 {
		fmt.Fprint(m.stderr, usage)
		return statusUsage
	}
	var err error
	switch args[0] {
	case "rate":
		err = m.rate(ctx, args[1:])
	case "count":
		err = m.count(ctx, args[1:])
	case "latency":
		err = m.latency(ctx, args[1:])
	case "help", "-h", "-help", "--help":
		fmt.Fprint(m.stdout, usage)
	default:
		err = &usageError{fmt.Sprintf("unknown measurement %q: rate, count and latency can be measured", args[0])}
	}

	var wrong *usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return statusOK
	case errors.Is(err, errOutside): // the report is on stdout already
		return statusFailed
	case errors.As(err, &wrong):
		fmt.Fprintf(m.stderr, "measure: %v\n", err)
		return statusUsage
	case ctx.Err() != nil:
		fmt.Fprintln(m.stderr, "measure: interrupted")
		return statusInterrupted
	}
	fmt.Fprintf(m.stderr, "measure: %v\n", err)
	return statusFailed
}

// usageError is a mistake in the arguments.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

// errOutside means that a figure is outside its bounds.
var errOutside = errors.New("outside of the bounds")

// newFlags returns the flag set of one measurement; [meter.parse] reports its errors.
func newFlags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	return fs
}

// parse reads flags and an optional argument. With --help it prints the help and returns
// [flag.ErrHelp].
func (m *meter) parse(fs *flag.FlagSet, args []string) (arg string, err error) {
	err = fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(m.stdout, "Usage: measure %s [flags] [URL]\n\n", fs.Name())
		fs.SetOutput(m.stdout)
		fs.PrintDefaults()
		return "", err
	case err != nil:
		return "", &usageError{err.Error()}
	case fs.NArg() > 1:
		return "", &usageError{fmt.Sprintf("too many arguments: %q (flags come before the URL)", fs.Args())}
	}
	return fs.Arg(0), nil
}

// limits are the bounds of a figure; 0 means no bound.
type limits[T float64 | time.Duration] struct{ min, max T }

func (l limits[T]) contain(v T) bool {
	return v >= l.min && (l.max == 0 || v <= l.max)
}

// valid returns a usage error if no value is within the bounds.
func (l limits[T]) valid(min, max string) error {
	if l.min < 0 || l.max < 0 || l.max != 0 && l.min > l.max {
		return &usageError{fmt.Sprintf("nothing lies between %s %v and %s %v", min, l.min, max, l.max)}
	}
	return nil
}

func (l limits[T]) String() string {
	switch {
	case l.min == 0:
		return fmt.Sprintf("at most %v", l.max)
	case l.max == 0:
		return fmt.Sprintf("at least %v", l.min)
	}
	return fmt.Sprintf("%v to %v", l.min, l.max)
}

// report prints the line about a figure and returns an error if the figure is not accepted. missed
// is the expected value if a bound was missed, else "".
func (m *meter) report(figure, missed string, overslept time.Duration) error {
	switch {
	case missed == "":
		fmt.Fprintln(m.stdout, figure)
		return nil
	case overslept > tolerance:
		fmt.Fprintf(m.stdout, "inconclusive: %s, expected %s, but this machine is too busy to tell: sleeps of %v took %v longer on average\n",
			figure, missed, nap, overslept.Round(100*time.Microsecond))
		return nil
	}
	fmt.Fprintf(m.stdout, "%s, expected %s\n", figure, missed)
	return errOutside
}

// saved is a rate that was saved for later comparisons.
type saved struct {
	Rate      float64       `json:"rate"`      // units per second
	Overslept time.Duration `json:"overslept"` // nanoseconds, the result of oversleep at that time
}

var validName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`) })

// stateDir returns the directory of saved rates, by the XDG Base Directory Specification. In an
// exercise's shell, whose home is temporary, they last as long as the session.
func stateDir(getenv func(string) string) string {
	state := getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		state = filepath.Join(getenv("HOME"), ".local", "state")
	}
	return filepath.Join(state, "workshop", "measure")
}

func (m *meter) save(name string, s saved) error {
	data, err := json.Marshal(s)
	if err == nil {
		err = os.MkdirAll(m.dir, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(m.dir, name+".json"), append(data, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("save the rate %q: %w", name, err)
	}
	return nil
}

func (m *meter) load(name string) (saved, error) {
	var s saved
	data, err := os.ReadFile(filepath.Join(m.dir, name+".json"))
	if errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("there is no rate called %q yet: measure one with --save %s", name, name)
	}
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err == nil && s.Rate <= 0 {
		err = errors.New("it is not positive, nothing can be compared with it")
	}
	if err != nil {
		return s, fmt.Errorf("load the rate %q: %w", name, err)
	}
	return s, nil
}
