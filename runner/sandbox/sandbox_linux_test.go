package sandbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// nobody is the number of an ordinary user and its group.
const nobody = 65534

// stubborn are processes that resist their end. They inherit descriptor 3, a pipe that ends with
// the last of them, and write a line to it when they have started.
const stubborn = `
sh -c 'trap "" TERM HUP INT; echo trap >&3; while :; do sleep 1000; done' &
nohup sh -c 'echo nohup >&3; exec sleep 1000' &
setsid sh -c 'echo setsid >&3; exec sleep 1000' &
(setsid sh -c '(echo double >&3; exec sleep 1000) &' &)
trap '' TERM HUP INT
echo shell >&3
wait
`

const settled = 5 // lines of stubborn

// The main goroutine of the helper that ends its first thread must run on it, which is sure during initialisation only.
var _ = func() bool {
	headless := os.Getenv("SANDBOX_TEST_HELPER") == "headless"
	if headless {
		runtime.LockOSThread()
	}
	return headless
}()

func helper(name string) {
	switch name {
	case "owner":
		owner(Isolation(os.Getenv("SANDBOX_TEST_ISOLATION")))
	case "server":
		server()
	case "client":
		client()
	case "headless":
		headless()
	}
	os.Exit(3)
}

// owner runs stubborn in a sandbox: descriptor 3 is their pipe. It writes the sandbox's isolation
// and the PID of the supervisor to descriptor 4. It waits to be killed.
func owner(isolation Isolation) {
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, "owner:", err)
		os.Exit(1)
	}
	s, err := Start(context.Background(), Options{
		Isolation: isolation, PrivateNetwork: true, Remove: os.Getenv("SANDBOX_TEST_DIR"), Place: "/srv/sandbox-test",
	})
	if err != nil {
		fail(err)
	}
	ptmx, tty, err := pty.Open()
	if err != nil {
		fail(err)
	}
	pipe := os.NewFile(3, "pipe")
	cmd := shell(stubborn, pipe)
	cmd.Dir = os.Getenv("SANDBOX_TEST_DIR")
	if _, err := s.Start(cmd); err != nil {
		fail(err)
	}
	// Another sandbox with a terminal: it reports its start through the terminal.
	if _, err := s.Start(Cmd{
		Argv: []string{"sh", "-c", "trap '' TERM HUP INT; echo up; while :; do sleep 1000; done"},
		Env:  environment(), TTY: tty,
	}); err != nil {
		fail(err)
	}
	tty.Close()
	pipe.Close()
	if line, err := bufio.NewReader(ptmx).ReadString('\n'); err != nil {
		fail(fmt.Errorf("%q: %w", line, err))
	}
	fmt.Fprintf(os.NewFile(4, "news"), "%d %s\n", s.supervisor.Pid, s.Isolation())
	<-s.Done()
	fail(errors.New("the supervisor has ended before its owner"))
}

// victim is a process that runs owner.
type victim struct {
	cmd        *exec.Cmd
	pipe       *os.File // of stubborn; only they have its other end
	supervisor int      // pidfd
	isolation  Isolation
	dir        string // the directory that the supervisor must remove
}

// breed starts an owner in a process group of its own and waits until its stubborn processes have
// started.
func breed(t *testing.T, isolation Isolation, uid int) *victim {
	t.Helper()
	parent := t.TempDir()
	v := &victim{dir: filepath.Join(parent, "session")}
	if err := errors.Join(os.Mkdir(v.dir, 0o755), os.Chmod(filepath.Dir(parent), 0o755)); err != nil {
		t.Fatal(err)
	}
	if uid != os.Getuid() { // that user must have access to the folder, and remove it
		if err := errors.Join(os.Chown(parent, uid, uid), os.Chown(v.dir, uid, uid)); err != nil {
			t.Fatal(err)
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	news, newsW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer news.Close()
	v.pipe = r
	// The magic link leads to the binary even if the user has no access to its path.
	v.cmd = exec.CommandContext(t.Context(), "/proc/self/exe")
	v.cmd.Args = []string{"owner"}
	v.cmd.Env = environment("SANDBOX_TEST_HELPER=owner", "SANDBOX_TEST_ISOLATION="+string(isolation), "SANDBOX_TEST_DIR="+v.dir)
	v.cmd.ExtraFiles = []*os.File{w, newsW}
	v.cmd.Stderr = os.Stderr
	v.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if uid != os.Getuid() {
		v.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
	}
	err = v.cmd.Start()
	w.Close()
	newsW.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		v.cmd.Process.Kill()
		v.cmd.Wait()
	})
	r.SetReadDeadline(time.Now().Add(patience))
	lines := bufio.NewScanner(r)
	for i := range settled {
		if !lines.Scan() {
			t.Fatalf("%d of %d are settled: %v", i, settled, lines.Err())
		}
	}
	news.SetReadDeadline(time.Now().Add(patience))
	line, err := bufio.NewReader(news).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	number, name, _ := strings.Cut(strings.TrimSpace(line), " ")
	v.isolation = Isolation(name)
	pid, err := strconv.Atoi(number)
	if err != nil {
		t.Fatal(err)
	}
	if v.supervisor, err = unix.PidfdOpen(pid, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(v.supervisor) })
	return v
}

// gone waits until no part of the sandbox is left and returns the time that took.
func (v *victim) gone(t *testing.T) time.Duration {
	t.Helper()
	from := time.Now()
	readAll(t, v.pipe)
	took := time.Since(from)
	awaitEnd(t, v.supervisor)
	if _, err := os.Lstat(v.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
	return took
}

// awaitEnd waits until a process, given by its pidfd, has ended.
func awaitEnd(t *testing.T, pidfd int) {
	t.Helper()
	fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, int(patience.Milliseconds()))
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			t.Fatal(err)
		case n == 0:
			t.Fatal("the supervisor has not ended")
		}
		return
	}
}

// TestOwnerKilled kills owners in many ways. SANDBOX_KILLS is the number of times for each way.
func TestOwnerKilled(t *testing.T) {
	times := 5
	if text := os.Getenv("SANDBOX_KILLS"); text != "" {
		var err error
		if times, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	users := []int{os.Getuid()}
	if os.Getuid() == 0 {
		users = append(users, nobody)
	}
	modes := []Isolation{Guardian}
	for _, isolation := range available(t) {
		if isolation == Namespace {
			modes = append(modes, Namespace)
		}
	}
	for _, uid := range users {
		for _, isolation := range modes {
			for _, way := range []struct {
				name   string
				signal unix.Signal
				group  bool
			}{
				{"killed", unix.SIGKILL, false},
				{"group killed", unix.SIGKILL, true},
				{"group interrupted", unix.SIGINT, true},
				{"hung up", unix.SIGHUP, true},
			} {
				n := times
				if way.signal != unix.SIGKILL {
					n = 1
				}
				t.Run(fmt.Sprintf("user %d/%s/%s", uid, isolation, way.name), func(t *testing.T) {
					if signal.Ignored(way.signal) {
						t.Skip("the tests, and so the owners, run under nohup or the like")
					}
					var longest time.Duration
					for range n {
						v := breed(t, isolation, uid)
						if v.isolation != isolation {
							t.Fatalf("isolation is %q", v.isolation)
						}
						pid := v.cmd.Process.Pid
						if way.group {
							pid = -pid
						}
						if err := unix.Kill(pid, way.signal); err != nil {
							t.Fatal(err)
						}
						longest = max(longest, v.gone(t))
					}
					t.Logf("%d times, at the longest after %v", n, longest.Round(100*time.Microsecond))
				})
			}
		}
	}
}

// TestSupervisorKilled kills supervisors: in a namespace no process survives, and the owner removes
// the folder.
func TestSupervisorKilled(t *testing.T) {
	each(t, func(t *testing.T, isolation Isolation) {
		dir := filepath.Join(t.TempDir(), "session")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		s, err := Start(testContext(t), Options{Isolation: isolation, Remove: dir})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		line, lines := "trap '' TERM HUP INT; echo shell >&3; exec sleep 1000", 1
		if isolation == Namespace {
			line, lines = stubborn, settled
		}
		p, err := s.Start(shell(line, w))
		w.Close()
		if err != nil {
			t.Fatal(err)
		}
		for scanner := bufio.NewScanner(r); lines > 0 && scanner.Scan(); lines-- {
		}
		if err := s.supervisor.Kill(); err != nil {
			t.Fatal(err)
		}
		readAll(t, r)
		if status, err := p.Wait(testContext(t)); !errors.Is(err, errEnded) || status != (Status{-1, "SIGKILL"}) {
			t.Errorf("%+v %v", status, err)
		}
		if err := s.Close(); err == nil || err.Error() != "sandbox: supervisor: signal: killed" {
			t.Errorf("close: %v", err)
		}
		if _, err := s.Start(shell("exit")); !errors.Is(err, os.ErrClosed) {
			t.Errorf("start afterwards: %v", err)
		}
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the folder is still there: %v", err)
		}
	})
}

// TestCloseStubborn closes a sandbox of stubborn processes, some of which fork all the time. None
// is left when Close returns.
func TestCloseStubborn(t *testing.T) {
	each(t, func(t *testing.T, isolation Isolation) {
		if isolation == Group {
			t.Skip("promises less")
		}
		s := open(t, Options{Isolation: isolation})
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for _, line := range []string{stubborn, "echo forks >&3; while :; do (setsid sh -c : &); done"} {
			if _, err := s.Start(shell(line, w)); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		lines := bufio.NewScanner(r)
		for i := range settled + 1 {
			if !lines.Scan() {
				t.Fatalf("only %d lines: %v", i, lines.Err())
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		raw, err := r.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Read(func(fd uintptr) bool {
			if n, err := unix.Read(int(fd), make([]byte, 1)); n != 0 || err != nil {
				t.Errorf("the pipe is still held: %d %v", n, err)
			}
			return true
		})
	})
}

// headless continues after its first thread has ended; it then looks like a zombie.
func headless() {
	pipe := os.NewFile(3, "pipe")
	go func() {
		fmt.Fprintln(pipe, "up")
		select {}
	}()
	if unix.Gettid() != os.Getpid() {
		fmt.Fprintln(pipe, "not the first thread")
	}
	_, _, err := unix.Syscall(unix.SYS_EXIT, 0, 0, 0)
	panic(err)
}

func TestCloseHeadless(t *testing.T) {
	each(t, func(t *testing.T, isolation Isolation) {
		s := open(t, Options{Isolation: isolation})
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		exe, err := os.Open("/proc/self/exe")
		if err != nil {
			t.Fatal(err)
		}
		defer exe.Close()
		// In a session of its own, so it is not in the group that the supervisor knows.
		cmd := shell("setsid /proc/self/fd/4 & wait", w, exe)
		cmd.Env = append(cmd.Env, "SANDBOX_TEST_HELPER=headless")
		p, err := s.Start(cmd)
		w.Close()
		if err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(r).ReadString('\n'); err != nil || line != "up\n" {
			t.Fatalf("%q %v", line, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		<-p.Done()
		readAll(t, r)
	})
}

// TestCloseDenied closes a guardian of a process that it may not kill.
func TestCloseDenied(t *testing.T) {
	program := os.Getenv("SANDBOX_TEST_SETUID") // runs a command as root
	if program == "" {
		t.Skip("run by TestOrdinaryUser")
	}
	dir := filepath.Join(t.TempDir(), "session")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{Isolation: Guardian, Remove: dir})
	in, inW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer inW.Close() // ends the process
	out, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := s.Start(shell("sleep 1000 & setsid "+program+" --reuid 0 sh -c 'echo up; exec cat' <&3 >&4 2>&1; wait", in,
		outW)); err != nil {
		t.Fatal(err)
	}
	in.Close()
	outW.Close()
	lines := bufio.NewScanner(out)
	out.SetReadDeadline(time.Now().Add(patience))
	if !lines.Scan() || lines.Text() != "up" {
		t.Fatalf("%q %v", lines.Text(), lines.Err())
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
	io.WriteString(inW, "still here\n")
	if !lines.Scan() || lines.Text() != "still here" {
		t.Errorf("so it could be killed: %q %v", lines.Text(), lines.Err())
	}
}

// TestGroupOrphans looks for processes of a group whose leader has ended.
func TestGroupOrphans(t *testing.T) {
	s := open(t, Options{Isolation: Group})
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p, err := s.Start(shell("sleep 1000 &", w))
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if status, err := p.Wait(testContext(t)); err != nil || status != (Status{}) {
		t.Errorf("%+v %v", status, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	readAll(t, r)
}

// TestOrphanReaped looks for zombies of processes that the supervisor has adopted.
func TestOrphanReaped(t *testing.T) {
	each(t, func(t *testing.T, isolation Isolation) {
		if isolation == Group {
			t.Skip("adopts nothing")
		}
		s := open(t, Options{Isolation: isolation})
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		p, err := s.Start(shell("sh -c 'read line <&3' &", r))
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Wait(testContext(t)); err != nil {
			t.Fatal(err)
		}
		adopted := func() (pids []int) {
			for _, p := range processes() {
				if p.parent == s.supervisor.Pid {
					pids = append(pids, p.pid)
				}
			}
			return pids
		}
		pids := adopted()
		if len(pids) != 1 {
			t.Fatalf("adopted: %v", pids)
		}
		orphan, err := unix.PidfdOpen(pids[0], 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(orphan)
		w.Close()
		awaitEnd(t, orphan)
		// The end of the first process may be reported before the orphan's end is noticed, that of
		// the second one may not.
		output(t, s, "exit")
		output(t, s, "exit")
		if pids := adopted(); len(pids) != 0 {
			t.Errorf("still there: %v", pids)
		}
	})
}

// TestSupervisorSignalled sends signals to supervisors that would end other programs.
func TestSupervisorSignalled(t *testing.T) {
	each(t, func(t *testing.T, isolation Isolation) {
		s := open(t, Options{Isolation: isolation})
		for _, number := range []syscall.Signal{
			unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM,
			unix.SIGPIPE, unix.SIGCHLD, unix.SIGTSTP,
		} {
			if err := unix.Kill(s.supervisor.Pid, number); err != nil {
				t.Fatal(err)
			}
			if _, status := output(t, s, "exit 3"); status.Code != 3 {
				t.Errorf("after %v: %+v", number, status)
			}
		}
	})
}

// TestSignalsReset starts sandboxes from a process whose signals are ignored, as under nohup and in
// shells, or blocked.
func TestSignalsReset(t *testing.T) {
	if os.Getenv("SANDBOX_TEST_SIGNALS") != "" {
		own, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		// The runtime has taken over most of them.
		if !strings.Contains(string(own), "380003\n") {
			t.Errorf("nothing is ignored here:\n%s", own)
		}
		each(t, func(t *testing.T, isolation Isolation) {
			s := open(t, Options{Isolation: isolation})
			got, _ := output(t, s, "exec grep -E 'Sig(Ign|Blk)' /proc/self/status")
			// 32 and 33 belong to the C library, and Go does not change them.
			got = strings.Replace(got, "SigIgn:\t0000000080000000", "SigIgn:\t0000000000000000", 1)
			want := "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
		return
	}

	self, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	var out strings.Builder
	cmd := exec.CommandContext(t.Context(), "sh", "-c",
		"trap '' HUP INT QUIT TERM TSTP TTIN TTOU USR1 PIPE WINCH; exec /proc/self/fd/3 -test.run='^TestSignalsReset$' -test.v")
	cmd.Env = append(os.Environ(), "SANDBOX_TEST_SIGNALS=1")
	cmd.ExtraFiles = []*os.File{self}
	cmd.Stdout, cmd.Stderr = &out, &out
	started := make(chan error)
	go func() {
		// A process has the mask of the thread that starts it. This one is never
		// unlocked, so it ends with the goroutine.
		runtime.LockOSThread()
		all := unix.Sigset_t{Val: [16]uint64{^uint64(0)}}
		if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, nil); err != nil {
			started <- err
			return
		}
		started <- cmd.Start()
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(out.String(), "--- PASS: TestSignalsReset/") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// TestNamespace examines a namespace from inside.
func TestNamespace(t *testing.T) {
	if !slices.Contains(available(t), Namespace) {
		t.Skip("there are none here")
	}
	s := open(t, Options{PrivateNetwork: true})
	if s.Isolation() != Namespace || !s.PrivateNetwork() || s.Weaker() != nil {
		t.Errorf("%q, private network %v: %v", s.Isolation(), s.PrivateNetwork(), s.Weaker())
	}
	for _, test := range []struct{ name, line, want string }{
		{"user", "id -u; id -g", fmt.Sprintf("%d\n%d\n", os.Getuid(), os.Getgid())},
		{"processes", "set -- /proc/[0-9]*; echo $#", "2\n"}, // the supervisor and sh
		{"first process", "tr '\\0' ' ' </proc/1/cmdline", "workshop sandbox pid namespace private "},
		{"its environment", "cat /proc/1/environ 2>/dev/null | tr '\\0' '\\n' | grep -v ^GORACE=", ""}, // only root reads it
		{"network", "tail -n +3 /proc/net/dev | cut -d: -f1", "    lo\n"},
		{"kills all", "sleep 1000 & kill -KILL -1 && echo alive", "alive\n"},
		{"kills the first process", "kill -KILL 1; echo alive", "alive\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, status := output(t, s, test.line); got != test.want {
				t.Errorf("%+v\ngot  %q\nwant %q", status, got, test.want)
			}
		})
	}
	t.Run("capabilities", func(t *testing.T) {
		if os.Getuid() == 0 {
			t.Skip("root keeps them; see TestOrdinaryUser")
		}
		got, _ := output(t, s, "grep -E 'Cap(Prm|Eff|Amb)' /proc/self/status")
		if want := "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapAmb:\t0000000000000000\n"; got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

// TestForced forces isolations and checks the isolation in force.
func TestForced(t *testing.T) {
	for _, isolation := range []Isolation{Guardian, Group} {
		s := open(t, Options{Isolation: isolation, PrivateNetwork: true})
		if s.Isolation() != isolation || s.PrivateNetwork() || s.Weaker() != nil {
			t.Errorf("%s: %q, private network %v: %v", isolation, s.Isolation(), s.PrivateNetwork(), s.Weaker())
		}
	}
	if _, err := Start(testContext(t), Options{Isolation: "wishes"}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

// TestWeaker starts where no namespaces are available.
func TestWeaker(t *testing.T) {
	if !slices.Contains(available(t), Namespace) {
		s := open(t, Options{})
		if s.Isolation() != Guardian || s.Weaker() == nil {
			t.Errorf("%q: %v", s.Isolation(), s.Weaker())
		}
		return
	}
	// A namespace that allows none inside. The test runs again in it.
	s := open(t, Options{Isolation: Namespace})
	if os.Getuid() != 0 {
		t.Skip("only root may set limits")
	}
	limits := "for kind in pid user mnt net ipc; do echo 0 >/proc/sys/user/max_${kind}_namespaces || exit; done; "
	cmd := shell("unshare --user --map-root-user --pid --fork --mount-proc sh -c '" + limits +
		`SANDBOX_TEST_WEAKER=1 exec "$SELF" -test.run="^(TestWeaker|TestStatus)$" -test.v'`)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = environment("SELF="+self, "TMPDIR="+t.TempDir())
	got, status := run(t, s, cmd)
	if strings.HasPrefix(got, "unshare:") {
		t.Skip(got)
	}
	if status.Code != 0 || !strings.Contains(got, "--- PASS: TestStatus/guardian") || !strings.Contains(got, "--- PASS: TestWeaker") {
		t.Errorf("%+v\n%s", status, got)
	}
}

// server listens on the same port as another server, reports this on descriptor 3, and answers a
// connection with its name.
func server() {
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:8001")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintln(os.NewFile(3, "news"), "listening")
	for {
		conn, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		io.WriteString(conn, os.Getenv("NAME"))
		conn.Close()
	}
}

// client prints the answer of a server.
func client() {
	var dialer net.Dialer
	conn, err := dialer.DialContext(context.Background(), "tcp", "localhost:8001")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	io.Copy(os.Stdout, conn)
	os.Exit(0)
}

// self returns the command that starts this binary as a helper.
func self(helper, name string, files ...*os.File) Cmd {
	return Cmd{
		Argv: []string{"/proc/self/exe"}, Env: environment("SANDBOX_TEST_HELPER="+helper, "NAME="+name),
		Files: append([]*os.File{nil, nil, nil}, files...),
	}
}

// TestPrivateNetworks lets two sandboxes listen on the same port.
func TestPrivateNetworks(t *testing.T) {
	if !slices.Contains(available(t), Namespace) {
		t.Skip("there are none here")
	}
	boxes := map[string]*Sandbox{}
	for _, name := range []string{"one", "other"} {
		s := open(t, Options{PrivateNetwork: true})
		if !s.PrivateNetwork() {
			t.Fatal(s.Weaker())
		}
		boxes[name] = s
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := s.Start(self("server", name, w)); err != nil {
			t.Fatal(err)
		}
		w.Close()
		if line, err := bufio.NewReader(r).ReadString('\n'); err != nil {
			t.Fatalf("%q %v", line, err)
		}
	}
	for name, s := range boxes {
		if got, status := run(t, s, self("client", "")); got != name {
			t.Errorf("%+v, got %q, want %q", status, got, name)
		}
	}
}

// TestRemoveKeepsMounts removes a folder in which foreign directories are mounted.
func TestRemoveKeepsMounts(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may mount")
	}
	each(t, func(t *testing.T, isolation Isolation) {
		outside := filepath.Join(t.TempDir(), "outside")
		if err := errors.Join(os.Mkdir(outside, 0o755), os.WriteFile(outside+"/precious", nil, 0o644)); err != nil {
			t.Fatal(err)
		}
		// A symbolic link in the path must not hide the mounts.
		parent := t.TempDir()
		if err := errors.Join(os.MkdirAll(parent+"/real/session", 0o755), os.Symlink("real", parent+"/link")); err != nil {
			t.Fatal(err)
		}
		dir := parent + "/link/session"
		s := open(t, Options{Isolation: isolation, Remove: dir})
		cmd := shell(`mkdir "bind me" tmpfs && mount --bind "$OUTSIDE" "bind me" && mount -t tmpfs none tmpfs &&
			mkdir tmpfs/again && mount --bind "$OUTSIDE" tmpfs/again && ls "bind me" tmpfs/again`)
		cmd.Dir, cmd.Env = dir, environment("OUTSIDE="+outside)
		got, status := run(t, s, cmd)
		if status.Code != 0 || strings.Count(got, "precious") != 2 {
			t.Fatal(got)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(parent + "/real/session"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the folder is still there: %v", err)
		}
		if _, err := os.Stat(outside + "/precious"); err != nil {
			t.Error(err)
		}
	})
}

// TestPlace starts two sandboxes at once whose directories are at the same place.
func TestPlace(t *testing.T) {
	each(t, func(t *testing.T, isolation Isolation) {
		// The kernel's list of mounts has no symbolic links.
		top, err := filepath.EvalSymlinks(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		parent := filepath.Join(top, "a parent")
		place := filepath.Join(parent, "place")
		if err := errors.Join(os.MkdirAll(parent+"/beside", 0o755), os.WriteFile(parent+"/file", []byte("a file"), 0o644),
			os.Symlink("file", parent+"/link"), os.Chmod(parent, 0o555)); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.Chmod(parent, 0o755) }() // for its removal
		var all []*Sandbox
		var dirs []string
		for i := range 2 {
			dir := filepath.Join(top, fmt.Sprint("session", i))
			if err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(dir+"/number", []byte(fmt.Sprint(i)), 0o644)); err != nil {
				t.Fatal(err)
			}
			all, dirs = append(all, open(t, Options{Isolation: isolation, Remove: dir, Place: place})), append(dirs, dir)
		}
		if isolation != Namespace {
			if err := all[0].Unplaced(); err == nil || err.Error() != "no mount namespace" {
				t.Errorf("unplaced: %v", err)
			}
			if got := all[0].Inside(dirs[0] + "/number"); got != dirs[0]+"/number" {
				t.Errorf("inside: %s", got)
			}
			return
		}
		for i, s := range all {
			if err := s.Unplaced(); err != nil {
				t.Fatal(err)
			}
			for path, want := range map[string]string{
				dirs[i]: place, dirs[i] + "/number": place + "/number", dirs[i] + "more": dirs[i] + "more", "/bin": "/bin",
			} {
				if got := s.Inside(path); got != want {
					t.Errorf("inside: %s is %s, not %s", path, got, want)
				}
			}
			cmd := shell("pwd -P; cat number; echo > made; cd ..; ls; cat link; echo > beside/made; mkdir own 2> /dev/null && echo own")
			cmd.Dir = s.Inside(dirs[i])
			got, _ := run(t, s, cmd)
			want := place + "\n" + fmt.Sprint(i) + "beside\nfile\nlink\nplace\na file"
			if os.Getuid() == 0 {
				want += "own\n" // root writes everywhere
			}
			if got != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			if _, err := os.Stat(dirs[i] + "/made"); err != nil {
				t.Error(err)
			}
			if os.Getuid() == 0 { // the end must not remove the content of a directory that is mounted there
				if got, status := output(t, s, "mkdir '"+place+"/m' && mount --bind '"+parent+"/beside' '"+place+"/m'"); status.Code != 0 {
					t.Error(got)
				}
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if _, err := os.Lstat(dirs[i]); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the folder is still there: %v", err)
			}
		}
		left, err := filepath.Glob(parent + "/*")
		if want := []string{parent + "/beside", parent + "/file", parent + "/link"}; err != nil || !slices.Equal(left, want) {
			t.Errorf("the parent holds %q: %v", left, err)
		}
		if _, err := os.Stat(parent + "/beside/made"); err != nil {
			t.Error(err)
		}
	})
}

// TestUnplaced asks for places that cannot be had: the sandboxes start, and say why.
func TestUnplaced(t *testing.T) {
	available(t)
	top := t.TempDir()
	crowd := filepath.Join(top, "crowd")
	if err := errors.Join(os.Mkdir(top+"/full", 0o755), os.Mkdir(crowd, 0o755), os.WriteFile(top+"/full/place", nil, 0o644),
		os.Symlink("full", top+"/link")); err != nil {
		t.Fatal(err)
	}
	for i := range maxNeighbours + 1 {
		if err := os.Mkdir(filepath.Join(crowd, fmt.Sprint(i)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for place, want := range map[string]string{
		"full/place": "file already exists", "none/place": "no such file or directory", "link/place2": "not a directory",
		"crowd/place": "more than 256 entries",
	} {
		dir := filepath.Join(top, "session")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		s := open(t, Options{Remove: dir, Place: filepath.Join(top, place)})
		if s.Isolation() != Namespace {
			want = "no mount namespace"
		}
		if err := s.Unplaced(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, not %q", place, err, want)
		}
		if got := s.Inside(dir); got != dir {
			t.Errorf("%s: inside: %s", place, got)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestDescendants(t *testing.T) {
	all := []process{
		{pid: 9, parent: 4},
		{pid: 4, parent: 2},
		{pid: 2, parent: 1},
		{pid: 3, parent: 1},
		{pid: 5, parent: 3, zombie: true},
		{pid: 6, parent: 5},
		{pid: 7, parent: 6},
		{pid: 1},
	}
	for _, test := range []struct {
		name string
		root int
		want []int
	}{
		{"all", 1, []int{2, 3, 4, 5, 9, 6, 7}},
		{"some", 2, []int{4, 9}},
		{"none", 9, nil},
		{"unknown", 8, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []int
			for _, p := range descendants(all, test.root) {
				got = append(got, p.pid)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// setuid copies setpriv, which runs a command as another user, with the permission for everybody.
func setuid(dir string) (string, error) {
	original, err := exec.LookPath("setpriv")
	if err != nil {
		return "", err
	}
	program, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "setpriv")
	return path, errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.WriteFile(path, program, 0o755), os.Chmod(path, 0o755|fs.ModeSetuid))
}

// TestOrdinaryUser runs the tests as an ordinary user.
func TestOrdinaryUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("they run as one")
	}
	tmp := t.TempDir()
	if err := errors.Join(os.Chown(tmp, nobody, nobody), os.Chmod(filepath.Dir(tmp), 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.v", "-test.skip=^(TestOwnerKilled|TestLibrary)$")
	cmd.Dir = tmp
	cmd.Env = environment("TMPDIR=" + tmp)
	if program, err := setuid(t.TempDir()); err == nil {
		cmd.Env = append(cmd.Env, "SANDBOX_TEST_SETUID="+program)
	} else {
		t.Logf("no TestCloseDenied: %v", err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestStatus/") {
		t.Errorf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "--- SKIP") || strings.Contains(line, "is not to be had") {
			t.Log(strings.TrimSpace(line))
		}
	}
}
