package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// client runs Compose commands on an engine.
type client struct {
	t   *testing.T
	exe string
	dir string
	env []string
}

func (c client) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.exe, append([]string{"compose"}, args...)...)
	cmd.Dir, cmd.Env = c.dir, c.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (c client) ok(args ...string) string {
	c.t.Helper()
	out, err := c.try(args...)
	if err != nil {
		c.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

var processID = regexp.MustCompile(`(?m)^\S+ +(\d+) +\d+ `)

// processes returns a descriptor for each process of the containers; it becomes readable when the
// process has ended.
func (c client) processes() (fds []int) {
	c.t.Helper()
	for _, m := range processID.FindAllStringSubmatch(c.ok("top"), -1) {
		pid, err := strconv.Atoi(m[1])
		if err != nil {
			c.t.Fatal(err)
		}
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			c.t.Fatalf("process %d: %v", pid, err)
		}
		fds = append(fds, fd)
	}
	return fds
}

// gone waits until all processes have ended.
func gone(t *testing.T, fds []int) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for _, fd := range fds {
		for {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(time.Until(deadline).Milliseconds()))
			if err == unix.EINTR {
				continue
			}
			if n != 1 {
				t.Errorf("a process lives on: %v", err)
			}
			break
		}
		unix.Close(fd)
	}
}

// TestKills kills a service, and then the engine: no process survives, and the next `up -d` works.
func TestKills(t *testing.T) {
	exe := named(t)
	dir, err := os.MkdirTemp("", "ws")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	engine, env := engineIn(t, exe, dir)
	c := client{t, exe, sample(t), env}
	c.ok("up", "-d")
	pids := processID.FindStringSubmatch(c.ok("top", "hasher"))
	if pids == nil {
		t.Fatal("hasher has no process")
	}
	before := c.processes()
	pid, err := strconv.Atoi(pids[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(20 * time.Second); ; { // the engine has to notice
		out := c.ok("ps", "hasher")
		if strings.Contains(out, "Exit 137") {
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("after the kill of a service: %s", out)
		}
	}
	if out := c.ok("up", "-d"); !strings.Contains(out, "Starting dockercoins_hasher_1") || strings.Contains(out, "Creating") {
		t.Errorf("up after the kill of a service: %s", out)
	}
	before = append(before, c.processes()...)
	if err := engine.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = engine.Wait()
	gone(t, before)
	_, c.env = engineIn(t, exe, dir) // the directory of the killed engine
	if out := c.ok("up", "-d"); !strings.Contains(out, "Creating dockercoins_rng_1") {
		t.Errorf("up on the next engine: %s", out)
	}
	after := c.processes()
	c.ok("down", "-t", "0")
	gone(t, after)
}

// TestStandaloneKilled kills an engine by itself: a process that has left its container's session and
// process group ends as well, and the state directory goes.
func TestStandaloneKilled(t *testing.T) {
	needsPrograms(t, "setsid")
	exe := named(t)
	temp, err := os.MkdirTemp("", "ws") // the path of a socket has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(temp) })
	t.Setenv("TMPDIR", temp)
	engine, env := startEngine(t, exe)
	dir := filepath.Join(t.TempDir(), "detached")
	fifo := filepath.Join(dir, "pid")
	file := "services:\n  a:\n    image: none\n    x-workshop:\n      command: \"setsid sh -c 'echo $$$$ > " + fifo +
		"; exec sleep 1000' & exec sleep 1000\"\n"
	if err := errors.Join(os.Mkdir(dir, 0o700), unix.Mkfifo(fifo, 0o600),
		os.WriteFile(filepath.Join(dir, "docker-compose.yml"), []byte(file), 0o600)); err != nil {
		t.Fatal(err)
	}
	client{t, exe, dir, env}.ok("up", "-d")
	text, err := os.ReadFile(fifo)
	if err != nil {
		t.Fatal(err)
	}
	var fds []int
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", engine.Process.Pid)) // its guardian
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text = append(append(text, b...), ' ')
	}
	for _, word := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			t.Fatal(err)
		}
		fds = append(fds, fd)
	}
	if err := engine.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = engine.Wait()
	gone(t, fds)
	if len(fds) != 2 {
		t.Errorf("%d processes, not the guardian and the detached one", len(fds))
	}
	if left, err := filepath.Glob(filepath.Join(temp, "workshop-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// TestManyEngines runs twenty engines at once. Each has ten services, sockets of its own and ports
// that the system chooses. With -short there are four: the race detector checks each process by
// itself.
func TestManyEngines(t *testing.T) {
	engines, services := 20, 10
	if testing.Short() {
		engines = 4
	}
	exe := named(t)
	var file strings.Builder
	file.WriteString("services:\n")
	for i := range services {
		fmt.Fprintf(&file, "  s%d: {image: workshop, command: hasher, ports: [\"80\"]}\n", i)
	}
	var clients []client
	for i := range engines {
		_, env := startEngine(t, exe)
		dir := filepath.Join(t.TempDir(), fmt.Sprintf("many%d", i))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "docker-compose.yml"), []byte(file.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		clients = append(clients, client{t, exe, dir, env})
	}
	all := func(args ...string) []string {
		out := make([]string, engines)
		var wg sync.WaitGroup
		for i, c := range clients {
			wg.Go(func() {
				var err error
				if out[i], err = c.try(args...); err != nil {
					t.Errorf("engine %d: %v: %v\n%s", i, args, err, out[i])
				}
			})
		}
		wg.Wait()
		return out
	}
	all("up", "-d")
	published := regexp.MustCompile(`0\.0\.0\.0:(\d+)->80/tcp`)
	ports := map[string]string{} // the answer of the service at each port
	for _, ps := range all("--look=v5", "ps") {
		for _, m := range published.FindAllStringSubmatch(ps, -1) {
			ports[m[1]] = ask(m[1])
		}
	}
	if len(ports) != engines*services {
		t.Errorf("%d ports are published, want %d", len(ports), engines*services)
	}
	for port, answer := range ports {
		if !strings.HasPrefix(answer, "HASHER running on ") {
			t.Errorf("port %s answers %q", port, answer)
		}
	}
	var processes []int
	for _, c := range clients {
		processes = append(processes, c.processes()...)
	}
	if len(processes) != engines*services {
		t.Errorf("%d processes, want %d", len(processes), engines*services)
	}
	all("down", "-t", "0")
	gone(t, processes)
	for port, answer := range ports { // the system may have given the port to another program by now
		if ask(port) == answer {
			t.Errorf("port %s is still open", port)
		}
	}
}

// ask returns the answer of the service at a port, or the error.
func ask(port string) string {
	conn, err := net.DialTimeout("tcp", "127.0.0.1:"+port, 10*time.Second)
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprint(conn, "GET / HTTP/1.0\r\n\r\n")
	answer, err := io.ReadAll(conn)
	if _, body, ok := strings.Cut(string(answer), "\r\n\r\n"); ok {
		return body
	}
	return fmt.Sprintf("%q, %v", answer, err)
}
