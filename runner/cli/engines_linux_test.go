package cli

import (
	"context"
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

// client runs commands of Compose on an engine.
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

// processes are the processes of the containers, each as a descriptor that tells when
// it has ended.
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

// gone waits for the end of processes.
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

// TestKills kills a service, and the engine: nothing survives, and the next `up -d`
// works.
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
	kill := exec.CommandContext(t.Context(), "kill", "-9", pids[1])
	if out, err := kill.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
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
	_, c.env = engineIn(t, exe, dir) // where the other one was killed
	if out := c.ok("up", "-d"); !strings.Contains(out, "Creating dockercoins_rng_1") {
		t.Errorf("up on the next engine: %s", out)
	}
	after := c.processes()
	c.ok("down", "-t", "0")
	gone(t, after)
}

// TestManyEngines runs twenty engines at once, of ten services each, with sockets of
// their own and ports that the system chooses.
func TestManyEngines(t *testing.T) {
	const engines, services = 20, 10
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
	ports := map[string]string{} // what answers there
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
	for port, answer := range ports { // the system may have given it to somebody else by now
		if ask(port) == answer {
			t.Errorf("port %s is still open", port)
		}
	}
}

// ask is what the service at a port says of itself, or why it does not.
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
