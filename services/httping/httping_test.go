package httping

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answer is a server's handler that reads a request and sends text.
func answer(text string) func(net.Conn) {
	return func(c net.Conn) {
		readRequest(c)
		io.WriteString(c, text)
	}
}

func readRequest(c net.Conn) string {
	var b strings.Builder
	in := bufio.NewReader(c)
	for {
		line, err := in.ReadString('\n')
		b.WriteString(line)
		if err != nil || line == "\r\n" {
			return b.String()
		}
	}
}

// serve runs handle on each connection until the test ends.
func serve(t *testing.T, handle func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				stop := context.AfterFunc(ctx, func() { c.Close() })
				defer stop()
				handle(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		cancel()
		wg.Wait()
	})
	return l.Addr().String()
}

const page = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"

// refused is an address without a listener.
const refused = "127.0.0.1:1"

// cases are also compared with the real tool, except those with a reason in ours.
var cases = []struct {
	name   string
	handle func(net.Conn) // nil: there is no listener
	args   string         // ADDR stands for the server's address
	want   string         // standard output and standard error, normalised
	status int
	ours   string // the reason why the real tool differs
}{
	{
		name: "answers", handle: answer(page), args: "-c 2 -f ADDR",
		want: `PING 127.0.0.1:PORT (/):
connected to 127.0.0.1:PORT (42 bytes), seq=0 time=T ms$
connected to 127.0.0.1:PORT (42 bytes), seq=1 time=T ms$
--- http://127.0.0.1:PORT/ ping statistics ---
2 connects, 2 ok, 0.00% failed, time Tms
round-trip min/avg/max = T/T/T ms
`,
	},
	{
		name: "interval", handle: answer(page), args: "-c2 -i 0.01 -- http://ADDR/a/b?c=1",
		want: `PING 127.0.0.1:PORT (/a/b?c=1):
connected to 127.0.0.1:PORT (42 bytes), seq=0 time=T ms$
connected to 127.0.0.1:PORT (42 bytes), seq=1 time=T ms$
--- http://127.0.0.1:PORT/a/b?c=1 ping statistics ---
2 connects, 2 ok, 0.00% failed, time Tms
round-trip min/avg/max = T/T/T ms
`,
	},
	{
		name: "options after the address", handle: answer(page), args: "ADDR --flood --cou=1",
		want: `PING 127.0.0.1:PORT (/):
connected to 127.0.0.1:PORT (42 bytes), seq=0 time=T ms$
--- http://127.0.0.1:PORT/ ping statistics ---
1 connects, 1 ok, 0.00% failed, time Tms
round-trip min/avg/max = T/T/T ms
`,
	},
	{
		name: "URL as an option", handle: answer(page), args: "-fg http://ADDR -c 1",
		want: `PING 127.0.0.1:PORT (/):
connected to 127.0.0.1:PORT (42 bytes), seq=0 time=T ms$
--- http://127.0.0.1:PORT/ ping statistics ---
1 connects, 1 ok, 0.00% failed, time Tms
round-trip min/avg/max = T/T/T ms
`,
	},
	{
		name: "refused", args: "-c 2 -f ADDR", status: 127,
		want: `PING 127.0.0.1:PORT (/):
could not connect (Connection refused)

could not connect (Connection refused)

--- http://127.0.0.1:PORT/ ping statistics ---
2 connects, 0 ok, 100.00% failed, time Tms
`,
	},
	{
		name: "an error status is an answer", handle: answer("HTTP/1.1 404 Not Found\r\n\r\n"), args: "-c 1 -f ADDR",
		want: `PING 127.0.0.1:PORT (/):
connected to 127.0.0.1:PORT (30 bytes), seq=0 time=T ms$
--- http://127.0.0.1:PORT/ ping statistics ---
1 connects, 1 ok, 0.00% failed, time Tms
round-trip min/avg/max = T/T/T ms
`,
	},
	{
		name: "status shown", handle: answer(page), args: "-c 1 -f -s ADDR",
		want: `PING 127.0.0.1:PORT (/):
connected to 127.0.0.1:PORT (42 bytes), seq=0 time=T ms 200 OK
--- http://127.0.0.1:PORT/ ping statistics ---
1 connects, 1 ok, 0.00% failed, time Tms
round-trip min/avg/max = T/T/T ms
`,
	},
	{
		name: "status shown is judged", handle: answer("HTTP/1.1 404 Not Found\r\n\r\n"), args: "-c 1 -f -s ADDR", status: 127,
		want: `PING 127.0.0.1:PORT (/):
connected to 127.0.0.1:PORT (30 bytes), seq=0 time=T ms 404 Not Found
--- http://127.0.0.1:PORT/ ping statistics ---
1 connects, 0 ok, 100.00% failed, time Tms
`,
	},
	{
		name: "statuses that are fine", handle: answer("HTTP/1.1 404 Not Found\r\n\r\n"), args: "-c 1 -f -s -o 200,404 ADDR",
		want: `PING 127.0.0.1:PORT (/):
connected to 127.0.0.1:PORT (30 bytes), seq=0 time=T ms 404 Not Found
--- http://127.0.0.1:PORT/ ping statistics ---
1 connects, 1 ok, 0.00% failed, time Tms
round-trip min/avg/max = T/T/T ms
`,
	},
	{
		name: "not HTTP at all", handle: answer("hello world\r\n\r\n"), args: "-c 1 -f -s ADDR", status: 127,
		want: `PING 127.0.0.1:PORT (/):
connected to 127.0.0.1:PORT (19 bytes), seq=0 time=T ms world
--- http://127.0.0.1:PORT/ ping statistics ---
1 connects, 0 ok, 100.00% failed, time Tms
`,
	},
	{
		name: "split", handle: answer(page), args: "-c 1 -f -S -s ADDR",
		want: `PING 127.0.0.1:PORT (/):
connected to 127.0.0.1:PORT (42 bytes), seq=0 time=T+T+T+T+T=T ms 200 OK
--- http://127.0.0.1:PORT/ ping statistics ---
1 connects, 1 ok, 0.00% failed, time Tms
round-trip min/avg/max = T/T/T ms
`,
	},
	{
		name: "closed without an answer", handle: answer(""), args: "-c 1 -f ADDR", status: 127,
		want: `PING 127.0.0.1:PORT (/):
short read during receiving reply-headers from host
--- http://127.0.0.1:PORT/ ping statistics ---
1 connects, 0 ok, 100.00% failed, time Tms
`,
	},
	{
		name: "header cut short", handle: answer("HTTP/1.0 200 OK\r\nContent-"), args: "-c 1 -f ADDR", status: 127,
		want: `PING 127.0.0.1:PORT (/):
short read during receiving reply-headers from host
--- http://127.0.0.1:PORT/ ping statistics ---
1 connects, 0 ok, 100.00% failed, time Tms
`,
	},
	{
		name: "no answer in time", handle: func(c net.Conn) { io.Copy(io.Discard, c) }, args: "-c 1 -f -t 1 ADDR", status: 127,
		want: `PING 127.0.0.1:PORT (/):
timeout while receiving reply-headers from host
--- http://127.0.0.1:PORT/ ping statistics ---
1 connects, 0 ok, 100.00% failed, time Tms
`,
	},
	{name: "quiet", handle: answer(page), args: "-c 1 -fq ADDR"},
	{name: "quiet failure", args: "-c 1 -fq ADDR", status: 127},
	{
		name: "no pings", handle: answer(page), args: "-c x ADDR", status: 127,
		want: `PING 127.0.0.1:PORT (/):
--- http://127.0.0.1:PORT/ ping statistics ---
0 connects, 0 ok, -nan% failed, time Tms
`,
	},
	{
		name: "unknown host", args: "-c 1 -f nosuch.invalid", status: 1,
		want: `PING nosuch.invalid:80 (/):
No valid IPv4 or IPv6 address found for nosuch.invalid
Resolving nosuch.invalid failed: Name or service not known
`,
	},
	{name: "no URL", status: 1, want: "No URL/host to ping given\n\n"},
	{name: "unknown option", args: "--nosuch x", status: 1, want: wantUsage("unrecognized option '--nosuch'")},
	{name: "unknown short option", args: "-fk x", status: 1, want: wantUsage("invalid option -- 'k'")},
	{name: "missing argument", args: "x -c", status: 1, want: wantUsage("option requires an argument -- 'c'")},
	{name: "missing argument of a long option", args: "x --count", status: 1, want: wantUsage("option '--count' requires an argument")},
	{name: "argument too many", args: "--flood=1 x", status: 1, want: wantUsage("option '--flood' doesn't allow an argument")},
	{
		name: "ambiguous", args: "--co 1 x", status: 1,
		want: wantUsage("option '--co' is ambiguous; possibilities: '--count' '--cookie' '--colors'"),
	},
	{name: "negative interval", args: "-i -1 x", status: 1, want: "-i cannot have a value smaller than zero\n"},
	{
		name: "unsupported", args: "-Y x", status: 1, ours: "it has the option",
		want: "httping: the bundled httping has no option -Y; install the real one to use it\n",
	},
	{
		name: "port", handle: answer(page), args: "-c 1 -f -h 127.0.0.1 -p PORT", ours: "it ignores -p",
		want: `PING 127.0.0.1:PORT (/):
connected to 127.0.0.1:PORT (42 bytes), seq=0 time=T ms$
--- http://127.0.0.1:PORT/ ping statistics ---
1 connects, 1 ok, 0.00% failed, time Tms
round-trip min/avg/max = T/T/T ms
`,
	},
}

func wantUsage(text string) string {
	return "httping: " + text + "\n\nPlease run:\n\thttping --help\nto see a list of options.\n\n"
}

var (
	times  = regexp.MustCompile(`[ \d]{3}\.\d\d( ms|\+|=)`)
	means  = regexp.MustCompile(`\b\d+\.\d( ms|/)`)
	totals = regexp.MustCompile(`time \d+ms`)
	port   = regexp.MustCompile(`\b127\.0\.0\.1:\d+`)
	banner = regexp.MustCompile(`(?m)^HTTPing v2\.5.*\n( \*.*\n)*\n+`)
	errno  = regexp.MustCompile(`(?m)\n*^errno=.*\n`)
)

// normalise replaces the parts that differ from run to run, and the real tool's lines with its
// authors and libc's errno.
func normalise(s string) string {
	s = times.ReplaceAllString(s, "T$1")
	s = means.ReplaceAllString(s, "T$1")
	s = totals.ReplaceAllString(s, "time Tms")
	s = port.ReplaceAllString(s, "127.0.0.1:PORT")
	s = errno.ReplaceAllString(s, "\n")
	s = strings.ReplaceAll(s, " \n", "$\n") // goldens have no blanks at line ends
	return banner.ReplaceAllString(s, "")
}

// real returns the path of the real tool, or "".
func real(t *testing.T) string {
	path, err := exec.LookPath("httping")
	if err != nil && os.Getenv("REQUIRE_HTTPING") == "1" {
		t.Fatal(err)
	}
	return path
}

func TestMainAgainstTheRealTool(t *testing.T) {
	path := real(t)
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			addr := refused
			if tt.handle != nil {
				addr = serve(t, tt.handle)
			}
			_, port, _ := net.SplitHostPort(addr)
			args := strings.Fields(strings.NewReplacer("ADDR", addr, "PORT", port).Replace(tt.args))
			check := func(who string, stdout, stderr string, status int) {
				t.Helper()
				if diff := cmp.Diff(tt.want, normalise(stdout+stderr)); diff != "" {
					t.Errorf("%s: output (-want +got):\n%s", who, diff)
				}
				if status != tt.status {
					t.Errorf("%s: status %d, want %d", who, status, tt.status)
				}
			}
			var stdout, stderr bytes.Buffer
			status := Main(t.Context(), args, &stdout, &stderr)
			check("ours", stdout.String(), stderr.String(), status)
			if path == "" || tt.ours != "" {
				return
			}
			cmd, out, errs := command(t, path, args)
			if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
				t.Fatal(err)
			}
			check("real", out.String(), errs.String(), cmd.ProcessState.ExitCode())
		})
	}
	if path == "" {
		t.Skip("not compared with the real httping: it is not installed")
	}
}

func command(t *testing.T, path string, args []string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	cmd = exec.CommandContext(t.Context(), path, args...)
	cmd.Args[0] = "httping"
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TERM=dumb")
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr
}

// TestInterrupt checks that a ^C ends the run with the statistics, both after a ping and during
// one.
func TestInterrupt(t *testing.T) {
	path := real(t)
	tests := []struct {
		name   string
		handle func(c net.Conn, interrupt func())
		want   string
		status int
		ours   string // the reason why it is not compared with the real tool
	}{
		{
			name: "after a ping",
			handle: func(c net.Conn, interrupt func()) {
				answer(page)(c)
				io.Copy(io.Discard, c) // until the client closes the connection
				interrupt()
			},
			want: `PING 127.0.0.1:PORT (/):
connected to 127.0.0.1:PORT (42 bytes), seq=0 time=T ms$
--- http://127.0.0.1:PORT/ ping statistics ---
1 connects, 1 ok, 0.00% failed, time Tms
round-trip min/avg/max = T/T/T ms
Got signal 2
`,
		},
		{
			name: "within a ping",
			handle: func(c net.Conn, interrupt func()) {
				readRequest(c)
				interrupt()
				io.Copy(io.Discard, c)
			},
			want: `PING 127.0.0.1:PORT (/):

--- http://127.0.0.1:PORT/ ping statistics ---
1 connects, 0 ok, 100.00% failed, time Tms
Got signal 2
`,
			status: 127,
			ours:   "it does so too, unless the signal comes just before it waits: then it is seen at the timeout only",
		},
	}
	for _, tt := range tests {
		run := func(t *testing.T, do func(args []string, interrupted <-chan struct{}) (output string, status int)) {
			interrupted := make(chan struct{})
			var once sync.Once
			addr := serve(t, func(c net.Conn) {
				tt.handle(c, func() { once.Do(func() { close(interrupted) }) })
			})
			output, status := do([]string{"-i", "5", addr}, interrupted)
			if diff := cmp.Diff(tt.want, normalise(output)); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
			if status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
		}
		t.Run(tt.name+"/ours", func(t *testing.T) {
			run(t, func(args []string, interrupted <-chan struct{}) (string, int) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var wg sync.WaitGroup
				wg.Go(func() {
					select {
					case <-interrupted:
					case <-ctx.Done():
					}
					cancel()
				})
				var stdout, stderr bytes.Buffer
				status := Main(ctx, args, &stdout, &stderr)
				cancel()
				wg.Wait()
				return stdout.String() + stderr.String(), status
			})
		})
		t.Run(tt.name+"/real", func(t *testing.T) {
			if path == "" {
				t.Skip("httping is not installed")
			}
			if tt.ours != "" {
				t.Skip(tt.ours)
			}
			run(t, func(args []string, interrupted <-chan struct{}) (string, int) {
				cmd, stdout, stderr := command(t, path, args)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				<-interrupted
				if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
					t.Error(err)
				}
				var exit *exec.ExitError
				if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
					t.Fatal(err)
				}
				return stdout.String() + stderr.String(), cmd.ProcessState.ExitCode()
			})
		})
	}
}

// TestConnectTimeout pings a server that accepts no connection in time: its queue is full.
func TestConnectTimeout(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: sa.(*syscall.SockaddrInet4).Port}).String()
	var d net.Dialer
	first, err := d.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()

	const want = `PING 127.0.0.1:PORT (/):
connect time out

--- http://127.0.0.1:PORT/ ping statistics ---
1 connects, 0 ok, 100.00% failed, time Tms
`
	args := []string{"-c", "1", "-f", "-t", "1", addr}
	var stdout, stderr bytes.Buffer
	if status := Main(t.Context(), args, &stdout, &stderr); status != 127 {
		t.Errorf("ours: status %d", status)
	}
	if diff := cmp.Diff(want, normalise(stdout.String()+stderr.String())); diff != "" {
		t.Errorf("ours (-want +got):\n%s", diff)
	}
	if path := real(t); path != "" {
		cmd, stdout, stderr := command(t, path, args)
		cmd.Run()
		if diff := cmp.Diff(want, normalise(stdout.String()+stderr.String())); diff != "" {
			t.Errorf("real (-want +got):\n%s", diff)
		}
	}
}

// TestRequest compares the request with the real tool's, byte for byte.
func TestRequest(t *testing.T) {
	path := real(t)
	for name, args := range map[string]string{
		"plain":   "",
		"get":     "-G",
		"headers": "-Z -I me -R ref --header X-A:b -U u -P p",
		"no host": "--no-host-header",
	} {
		t.Run(name, func(t *testing.T) {
			requests := make(chan string, 2)
			addr := serve(t, func(c net.Conn) {
				requests <- readRequest(c)
				io.WriteString(c, page)
			})
			all := append(strings.Fields(args), "-f", "-c", "1", addr+"/zz")
			if status := Main(t.Context(), all, io.Discard, io.Discard); status != 0 {
				t.Fatalf("status %d", status)
			}
			ours := <-requests
			if path == "" {
				t.Skip("httping is not installed")
			}
			cmd, _, _ := command(t, path, all)
			if err := cmd.Run(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(<-requests, ours); diff != "" {
				t.Errorf("request (-real +ours):\n%s", diff)
			}
		})
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	var stdout, stderr bytes.Buffer
	if status := Main(t.Context(), []string{"-c", "1", "-f", server.URL}, &stdout, &stderr); status != 0 {
		t.Errorf("status %d: %s%s", status, &stdout, &stderr)
	}
	if !strings.HasPrefix(stdout.String(), "PING 127.0.0.1:") || !strings.Contains(stdout.String(), "--- https://127.0.0.1:") {
		t.Errorf("output:\n%s", &stdout)
	}
}

func TestHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := Main(t.Context(), []string{"--help"}, &stdout, &stderr); status != 0 {
		t.Errorf("status %d", status)
	}
	for _, want := range []string{"-c, --count N ", "-G, --get-request "} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %q in:\n%s", want, &stdout)
		}
	}
	if strings.Contains(stdout.String(), "--ncurses") {
		t.Error("help lists an option that is not supported")
	}
}

func FuzzParse(f *testing.F) {
	for _, tt := range cases {
		f.Add(tt.args)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c, err := parse(strings.Fields(line))
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without a text")
			}
			return
		}
		if c.help || c.version {
			return
		}
		if !strings.HasPrefix(c.target.path, "/") || c.target.port == "" || c.timeout <= 0 || c.interval < 0 {
			t.Errorf("%q: %+v", line, c)
		}
	})
}
