//go:build unix

package sandbox

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if code, ok := Main(); ok {
		os.Exit(code)
	}
	if name := os.Getenv("SANDBOX_TEST_HELPER"); name != "" {
		helper(name)
	}
	goleak.VerifyTestMain(m)
}

// patience is the time limit for an event that must occur.
const patience = 20 * time.Second

func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), patience, errors.New("the test has lost patience"))
	t.Cleanup(cancel)
	return ctx
}

// open starts a sandbox that is closed when the test ends.
func open(t testing.TB, opts Options) *Sandbox {
	t.Helper()
	s, err := Start(testContext(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if opts.Isolation != "" && s.Isolation() != opts.Isolation {
		t.Fatalf("isolation is %q, not %q", s.Isolation(), opts.Isolation)
	}
	return s
}

// each runs a test under each available isolation.
func each(t *testing.T, test func(t *testing.T, isolation Isolation)) {
	t.Helper()
	for _, isolation := range available(t) {
		t.Run(string(isolation), func(t *testing.T) { test(t, isolation) })
	}
}

// available lists the available isolations. REQUIRE_NAMESPACE=1 makes it an error if namespaces are
// not among them.
func available(t testing.TB) (all []Isolation) {
	t.Helper()
	for _, isolation := range []Isolation{Namespace, Guardian, Group} {
		s, err := Start(testContext(t), Options{Isolation: isolation})
		if err != nil {
			if isolation == Namespace && os.Getenv("REQUIRE_NAMESPACE") == "1" {
				t.Fatal(err)
			}
			t.Logf("%s is not to be had: %v", isolation, err)
			continue
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		all = append(all, isolation)
	}
	if len(all) == 0 {
		t.Fatal("no isolation is to be had")
	}
	return all
}

func environment(extra ...string) []string {
	return append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, extra...)
}

// shell returns a command line with the null device as its streams and further descriptors from 3
// on.
func shell(line string, files ...*os.File) Cmd {
	return Cmd{Argv: []string{"sh", "-c", line}, Env: environment(), Files: append([]*os.File{nil, nil, nil}, files...)}
}

// output runs a command line and returns its output and status.
func output(t testing.TB, s *Sandbox, line string) (string, Status) {
	t.Helper()
	return run(t, s, shell(line))
}

func run(t testing.TB, s *Sandbox, cmd Cmd) (string, Status) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	cmd.Files[1], cmd.Files[2] = w, w
	p, err := s.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	text := readAll(t, r)
	status, err := p.Wait(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	return text, status
}

// readAll reads until all holders of the other end of a pipe have ended.
func readAll(t testing.TB, r *os.File) string {
	t.Helper()
	r.SetReadDeadline(time.Now().Add(patience))
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read after %q: %v", data, err)
	}
	return string(data)
}

func TestStatus(t *testing.T) {
	each(t, func(t *testing.T, isolation Isolation) {
		s := open(t, Options{Isolation: isolation})
		for _, test := range []struct {
			name, line string
			want       Status
		}{
			{"success", "exit 0", Status{}},
			{"failure", "exit 7", Status{Code: 7}},
			{"highest", "exit 255", Status{Code: 255}},
			{"killed", "kill -KILL $$", Status{-1, "SIGKILL"}},
			{"terminated", "kill -TERM $$", Status{-1, "SIGTERM"}},
			{"broken pipe", "kill -PIPE $$", Status{-1, "SIGPIPE"}},
		} {
			t.Run(test.name, func(t *testing.T) {
				if _, got := output(t, s, test.line); got != test.want {
					t.Errorf("%q ended with %+v, not %+v", test.line, got, test.want)
				}
			})
		}
	})
}

func TestCommand(t *testing.T) {
	each(t, func(t *testing.T, isolation Isolation) {
		s := open(t, Options{Isolation: isolation})
		t.Run("bytes of any kind", func(t *testing.T) {
			odd := "a b\xff\n\"é"
			cmd := Cmd{
				Argv:  []string{"sh", "-c", `printf '%s|%s' "$1" "$ODD"`, "sh", odd},
				Env:   environment("ODD=" + odd),
				Files: make([]*os.File, 3),
			}
			if got, _ := run(t, s, cmd); got != odd+"|"+odd {
				t.Errorf("got %q", got)
			}
		})
		t.Run("environment is all there is", func(t *testing.T) {
			cmd := Cmd{Argv: []string{"env"}, Env: environment("A=1", "A=2"), Files: make([]*os.File, 3)}
			got, _ := run(t, s, cmd)
			if !strings.HasSuffix(got, "A=2\n") || strings.Contains(got, "HOME=") {
				t.Errorf("got %q", got)
			}
		})
		t.Run("large environment", func(t *testing.T) {
			env := environment()
			for range 10 { // more than a socket holds, less than the kernel's limit of 128 KiB for one string
				env = append(env, "X"+string(rune('A'+len(env)))+"="+strings.Repeat("x", 100_000))
			}
			got, status := run(t, s, Cmd{Argv: []string{"sh", "-c", "env | wc -c"}, Env: env, Files: make([]*os.File, 3)})
			if status.Code != 0 || len(strings.TrimSpace(got)) != 7 {
				t.Errorf("status %+v, %q", status, got)
			}
		})
		t.Run("folder", func(t *testing.T) {
			dir, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			cmd := shell("pwd -P")
			cmd.Dir = dir
			if got, _ := run(t, s, cmd); got != dir+"\n" {
				t.Errorf("got %q", got)
			}
		})
		t.Run("descriptors", func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			p, err := s.Start(shell("echo four >&4; cat <&3 >&4; ls /dev/fd >&4", nil, w))
			w.Close()
			if err != nil {
				t.Fatal(err)
			}
			got := readAll(t, r)
			if status, err := p.Wait(testContext(t)); err != nil || status != (Status{}) {
				t.Errorf("%+v %v", status, err)
			}
			// ls opens the folder as 5; there are no other descriptors.
			if got != "four\n0\n1\n2\n3\n4\n5\n" {
				t.Errorf("got %q", got)
			}
		})
		t.Run("no descriptors", func(t *testing.T) {
			p, err := s.Start(Cmd{Argv: []string{"sh", "-c", "cat && echo && echo >&2"}, Env: environment()})
			if err != nil {
				t.Fatal(err)
			}
			if status, err := p.Wait(testContext(t)); err != nil || status != (Status{}) {
				t.Errorf("%+v %v", status, err)
			}
		})
	})
}

func TestStartErrors(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("#!/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	closed, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	each(t, func(t *testing.T, isolation Isolation) {
		s := open(t, Options{Isolation: isolation})
		for _, test := range []struct {
			name string
			cmd  Cmd
			is   error
			want string
		}{
			{"no command", Cmd{}, nil, "sandbox: no command"},
			{
				"not in PATH",
				Cmd{Argv: []string{"no-such-program"}, Env: environment()},
				exec.ErrNotFound,
				`exec: "no-such-program": executable file not found in $PATH`,
			},
			{"no PATH", Cmd{Argv: []string{"sh"}}, exec.ErrNotFound, `exec: "sh": executable file not found in $PATH`},
			{
				"no such file",
				Cmd{Argv: []string{dir + "/nothing"}},
				fs.ErrNotExist,
				"exec " + dir + "/nothing: no such file or directory",
			},
			{"not executable", Cmd{Argv: []string{plain}}, fs.ErrPermission, "exec " + plain + ": permission denied"},
			{
				"no such folder",
				Cmd{Argv: []string{"/bin/sh"}, Dir: dir + "/nowhere"},
				fs.ErrNotExist,
				"chdir " + dir + "/nowhere: no such file or directory",
			},
			{"folder is a file", Cmd{Argv: []string{"/bin/sh"}, Dir: plain}, syscall.ENOTDIR, "chdir " + plain + ": not a directory"},
			{
				"closed file",
				Cmd{Argv: []string{"/bin/sh"}, Files: []*os.File{closed}},
				syscall.EBADF,
				"sandbox: sendmsg: bad file descriptor",
			},
		} {
			t.Run(test.name, func(t *testing.T) {
				p, err := s.Start(test.cmd)
				if err == nil {
					t.Fatalf("started %d", p.Pid())
				}
				if test.is != nil && !errors.Is(err, test.is) {
					t.Errorf("%v is not %v", err, test.is)
				}
				if err.Error() != test.want {
					t.Errorf("got  %s\nwant %s", err, test.want)
				}
			})
		}
		if _, status := output(t, s, "exit 3"); status.Code != 3 {
			t.Errorf("afterwards: %+v", status)
		}
	})
}

func TestTTY(t *testing.T) {
	each(t, func(t *testing.T, isolation Isolation) {
		s := open(t, Options{Isolation: isolation})
		ptmx, tty, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer ptmx.Close()
		defer tty.Close()
		p, err := s.Start(Cmd{
			Argv: []string{"sh", "-c", `test -t 0 && test -t 1 && test -t 2 && tty </dev/tty && [ "$(ps -o tpgid= -p $$)" -eq $$ ] && echo end`},
			Env:  environment(), TTY: tty,
		})
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(ptmx)
		for _, want := range []string{"/dev/tty", "end"} {
			if !lines.Scan() || lines.Text() != want {
				t.Fatalf("got %q (%v), want %q", lines.Text(), lines.Err(), want)
			}
		}
		if status, err := p.Wait(testContext(t)); err != nil || status != (Status{}) {
			t.Errorf("%+v %v", status, err)
		}
	})
}

// TestInterrupt types ^C: it ends the foreground job of an interactive shell, not the shell.
func TestInterrupt(t *testing.T) {
	each(t, func(t *testing.T, isolation Isolation) {
		s := open(t, Options{Isolation: isolation})
		ptmx, tty, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer ptmx.Close()
		defer tty.Close()
		p, err := s.Start(Cmd{
			Argv: []string{"bash", "--norc", "--noprofile", "-i"},
			Env:  environment("PS1=", "TERM=dumb", "HISTFILE="), TTY: tty,
		})
		if errors.Is(err, exec.ErrNotFound) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(ptmx)
		expect := func(want string) {
			t.Helper()
			for lines.Scan() {
				if strings.TrimSpace(lines.Text()) == want {
					return
				}
			}
			t.Fatalf("%q did not come: %v", want, lines.Err())
		}
		io.WriteString(ptmx, "sh -c 'echo \"in the\" foreground; exec sleep 1000'\n")
		expect("in the foreground")
		io.WriteString(ptmx, "\x03")
		io.WriteString(ptmx, "echo status \"\"$?\n")
		expect("status 130")
		io.WriteString(ptmx, "exit 5\n")
		if status, err := p.Wait(testContext(t)); err != nil || status.Code != 5 {
			t.Errorf("%+v %v", status, err)
		}
	})
}

func TestSignal(t *testing.T) {
	each(t, func(t *testing.T, isolation Isolation) {
		s := open(t, Options{Isolation: isolation})
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		p, err := s.Start(shell("sleep 1000 & echo up >&3; wait", w))
		w.Close()
		if err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(r).ReadString('\n'); err != nil || line != "up\n" {
			t.Fatalf("%q %v", line, err)
		}
		if err := syscall.Kill(p.Pid(), 0); p.Pid() <= 1 || err != nil {
			t.Errorf("no process %d: %v", p.Pid(), err)
		}
		if err := p.Signal(os.Signal(syscall.SIGUSR1)); err != nil {
			t.Error(err)
		}
		if status, err := p.Wait(testContext(t)); err != nil || status != (Status{-1, "SIGUSR1"}) {
			t.Errorf("%+v %v", status, err)
		}
		readAll(t, r) // the signal went to the whole group, with sleep in it
		if err := p.Signal(os.Kill); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("signal after the end: %v", err)
		}
	})
}

func TestWaitGivesUp(t *testing.T) {
	s := open(t, Options{})
	p, err := s.Start(shell("sleep 1000"))
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := p.Wait(ctx); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}

func TestStartGivesUp(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	dir := t.TempDir()
	for range 20 {
		s, err := Start(ctx, Options{Remove: dir})
		if err == nil { // the supervisor may be faster
			s.Close()
			os.Mkdir(dir, 0o755)
		} else if !errors.Is(err, cause) {
			t.Errorf("got %v", err)
		} else if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	}
}

// TestMake lets the supervisor make the folder.
func TestMake(t *testing.T) {
	each(t, func(t *testing.T, isolation Isolation) {
		dir := filepath.Join(t.TempDir(), "session")
		s := open(t, Options{Isolation: isolation, Remove: dir})
		if info, err := os.Stat(dir); err != nil || info.Mode() != fs.ModeDir|0o700 {
			t.Errorf("%v %v", info, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the folder is still there: %v", err)
		}
		dir = "/proc/session" // where nobody can make one
		if s, err := Start(testContext(t), Options{Isolation: isolation, Remove: dir}); err == nil {
			t.Error(errors.Join(errors.New("started"), s.Close()))
		} else if !strings.Contains(err.Error(), "mkdir "+dir) {
			t.Error(err)
		}
	})
}

func TestClose(t *testing.T) {
	each(t, func(t *testing.T, isolation Isolation) {
		dir := filepath.Join(t.TempDir(), "session")
		if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o755); err != nil {
			t.Fatal(err)
		}
		s := open(t, Options{Isolation: isolation, Remove: dir})
		p, err := s.Start(shell("exec sleep 1000"))
		if err != nil {
			t.Fatal(err)
		}
		closed := make(chan error)
		for range 4 {
			go func() { closed <- s.Close() }()
		}
		for range 4 {
			if err := <-closed; err != nil {
				t.Error(err)
			}
		}
		select {
		case <-s.Done():
		default:
			t.Error("not done")
		}
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the folder is still there: %v", err)
		}
		if status, err := p.Wait(testContext(t)); err != nil || status != (Status{-1, "SIGKILL"}) {
			t.Errorf("%+v %v", status, err)
		}
		if _, err := s.Start(shell("exit")); !errors.Is(err, os.ErrClosed) {
			t.Errorf("start after close: %v", err)
		}
		if err := p.Signal(os.Kill); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("signal after close: %v", err)
		}
	})
}

// TestRemove removes folders that are hard to remove.
func TestRemove(t *testing.T) {
	each(t, func(t *testing.T, isolation Isolation) {
		outside := filepath.Join(t.TempDir(), "outside")
		if err := os.WriteFile(outside, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "session")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		s := open(t, Options{Isolation: isolation, Remove: dir})
		cmd := shell(`mkdir -p a/b && touch a/b/c && ln -s "$OUTSIDE" link && ln -s .. up && chmod 500 a/b && chmod 0 a`)
		cmd.Dir, cmd.Env = dir, environment("OUTSIDE="+outside)
		if got, status := run(t, s, cmd); status.Code != 0 {
			t.Fatal(got)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the folder is still there: %v", err)
		}
		if _, err := os.Stat(outside); err != nil {
			t.Error(err)
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, isolation Isolation) {
		s := open(t, Options{Isolation: isolation})
		const n = 50
		statuses := make(chan error, n)
		for i := range n {
			go func() {
				p, err := s.Start(Cmd{Argv: []string{"sh", "-c", `exit "$N"`}, Env: environment("N=" + string(rune('0'+i%10)))})
				if err != nil {
					statuses <- err
					return
				}
				status, err := p.Wait(t.Context())
				if err == nil && status.Code != i%10 {
					err = errors.New("status of another process")
				}
				statuses <- err
			}()
		}
		for range n {
			if err := <-statuses; err != nil {
				t.Error(err)
			}
		}
	})
}

// BenchmarkStart measures the time from the start of a sandbox to the first byte of a process in
// it, and that of the process without a sandbox.
func BenchmarkStart(b *testing.B) {
	first := func(b *testing.B, start func(w *os.File) (end func())) {
		for b.Loop() {
			r, w, err := os.Pipe()
			if err != nil {
				b.Fatal(err)
			}
			end := start(w)
			w.Close()
			if _, err := r.Read(make([]byte, 1)); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			end()
			r.Close()
			b.StartTimer()
		}
	}
	b.Run("plain", func(b *testing.B) {
		first(b, func(w *os.File) func() {
			cmd := exec.CommandContext(b.Context(), "sh", "-c", "echo >&3; exec sleep 1000")
			cmd.ExtraFiles = []*os.File{w}
			if err := cmd.Start(); err != nil {
				b.Fatal(err)
			}
			return func() {
				cmd.Process.Kill()
				cmd.Wait()
			}
		})
	})
	for _, opts := range []Options{
		{Isolation: Group},
		{Isolation: Guardian},
		{Isolation: Namespace},
		{Isolation: Namespace, PrivateNetwork: true},
	} {
		name := string(opts.Isolation)
		if opts.PrivateNetwork {
			name += ", private network"
		}
		b.Run(name, func(b *testing.B) {
			first(b, func(w *os.File) func() {
				s, err := Start(b.Context(), opts)
				if err != nil {
					b.Skip(err)
				}
				if _, err := s.Start(shell("echo >&3; exec sleep 1000", w)); err != nil {
					b.Fatal(err)
				}
				return func() { s.Close() }
			})
		})
	}
}
