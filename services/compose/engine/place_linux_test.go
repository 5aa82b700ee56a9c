package engine

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// nobody is the id of an ordinary user.
const nobody = 65534

// startPlaces starts an engine as a command, with networks for its containers. The test is skipped
// if the system does not allow them.
func startPlaces(t *testing.T, user *syscall.Credential, args ...string) *client {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "engine")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if user != nil { // that user cannot read the folder of the tests
		program := filepath.Join(dir, "program")
		copyTo(t, program, executable)
		executable = program
		if err := os.Chown(dir, int(user.Uid), int(user.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	state, socket := filepath.Join(dir, "state"), filepath.Join(dir, "sock")
	cmd := exec.Command(executable, slices.Concat([]string{"--state", state, "--socket", socket}, args)...)
	cmd.Args[0], cmd.Dir = "engine", dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: user}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, socket)
	t.Cleanup(func() {
		c.http.CloseIdleConnections()
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the engine's end: %v", err)
		}
		left, err := filepath.Glob(filepath.Join(state, statePrefix+"*"))
		if err != nil || len(left) > 0 {
			t.Errorf("left: %v %v", left, err)
		}
	})
	if why := get[struct{ Warnings []string }](c, "GET /info", nil).Warnings; len(why) > 0 {
		if os.Getenv("REQUIRE_NAMESPACE") == "1" {
			t.Fatalf("REQUIRE_NAMESPACE=1, but %s", why)
		}
		t.Skip(why)
	}
	return c
}

func copyTo(t *testing.T, to, from string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// run runs a command in a container and returns what it prints.
func (c *client) run(container string, argv ...string) string {
	c.t.Helper()
	x := get[struct{ ID string }](c, "POST /containers/"+container+"/exec", object{"Cmd": argv, "AttachStdout": true, "AttachStderr": true}).ID
	conn := c.hijack("POST /exec/"+x+"/start", `{"Detach":false}`)
	defer conn.Close()
	var out strings.Builder
	for {
		_, data, err := frame(conn.r)
		if err != nil {
			return strings.TrimSpace(out.String())
		}
		out.WriteString(data)
	}
}

// on makes a container a member of a network, with aliases.
func on(network string, aliases ...string) object {
	return object{
		"HostConfig":       object{"NetworkMode": network},
		"NetworkingConfig": object{"EndpointsConfig": object{network: object{"Aliases": aliases}}},
	}
}

// asUsers runs a test as this user and, if that is root, as an ordinary one.
func asUsers(t *testing.T, test func(t *testing.T, user *syscall.Credential)) {
	t.Run("this user", func(t *testing.T) { test(t, nil) })
	t.Run("ordinary user", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("this user is one")
		}
		test(t, &syscall.Credential{Uid: nobody, Gid: nobody})
	})
}

func TestNames(t *testing.T) {
	asUsers(t, func(t *testing.T, user *syscall.Credential) {
		c := startPlaces(t, user)
		c.do("POST /networks/create", object{"Name": "one"})
		c.do("POST /networks/create", object{"Name": "two"})
		serve := []string{"server", "80"}
		published := object{
			"ExposedPorts": object{"80/tcp": object{}},
			"HostConfig":   object{"NetworkMode": "one", "PortBindings": object{"80/tcp": []object{{"HostPort": ""}}}},
		}
		a := c.running("aa", "serving", serve, on("one", "web"), published)
		b := c.running("bb", "serving", serve, on("one", "twin", "Other"))
		b2 := c.running("bb2", "serving", serve, on("one", "twin"))
		far := c.running("far", "serving", serve, on("two", "web"))
		address := func(name, network string) string { return c.inspect(name).NetworkSettings.Networks[network].IPAddress }
		both := []string{address("bb", "one"), address("bb2", "one")}
		slices.Sort(both)
		for _, test := range []struct{ from, name, want string }{
			{"aa", "bb", address("bb", "one")},
			{"aa", "BB.one", address("bb", "one")},
			{"aa", "other", address("bb", "one")},
			{"aa", b[:12], address("bb", "one")},
			{"aa", a[:12], address("aa", "one")},
			{"aa", "twin", strings.Join(both, " ")},
			{"bb", "web", address("aa", "one")},
			{"far", "web", address("far", "two")},
			{"far", "aa", "unknown"},
			{"aa", "far", "unknown"},
			{"aa", "localhost", "127.0.0.1 ::1"},
			{"aa", "nosuch.example", "unknown"},
		} {
			if got := c.run(test.from, "lookup", test.name); got != test.want {
				t.Errorf("%s of %s: got %q, want %q", test.name, test.from, got, test.want)
			}
			alone := !strings.Contains(test.want, " ") && test.want != "unknown"
			for _, program := range [][]string{
				{"getent", "hosts", test.name}, {"python3", "-c", "import socket; print(socket.gethostbyname('" + test.name + "'))"},
			} {
				if _, err := exec.LookPath(program[0]); err != nil || !alone {
					continue
				}
				if got := c.run(test.from, program...); !strings.HasPrefix(got+" ", test.want+" ") {
					t.Errorf("%s by %s: got %q, want %q", test.name, program[0], got, test.want)
				}
			}
		}
		if _, err := exec.LookPath("getent"); err == nil {
			if got := strings.Fields(c.run("aa", "getent", "hosts", address("bb", "one"))); len(got) != 2 || got[1] != "bb.one" {
				t.Errorf("name of an address: %q", got)
			}
		}

		// Each has a port 80, which its network reaches, and the published port.
		if got := fetch(t, c.address(a)+"/get?url=http://other/"); got != b[:12]+"\n" {
			t.Errorf("b answers %q, not %s", got, b[:12])
		}
		if got := c.run("aa", "dial", address("bb2", "one")+":80"); got != "connected" {
			t.Error("b2: " + got)
		}
		// Nobody reaches another network, or the machine.
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for _, to := range []string{
			address("far", "two") + ":80", l.Addr().String(), strings.TrimPrefix(c.address(a), "http://"), "172.18.0.1:80", "192.0.2.1:80",
		} {
			if got := c.run("aa", "dial", to); got != "no connection" {
				t.Errorf("%s: %s", to, got)
			}
		}

		// The names follow what runs.
		c.do("POST /containers/bb2/stop?t=0", nil)
		if got := c.run("aa", "lookup", "twin"); got != address("bb", "one") {
			t.Errorf("without b2: %q", got)
		}
		c.do("POST /containers/bb2/start", nil)
		c.do("POST /containers/bb/restart?t=0", nil)
		both = []string{address("bb", "one"), address("bb2", "one")}
		slices.Sort(both)
		if got := c.run("aa", "lookup", "twin"); got != strings.Join(both, " ") {
			t.Errorf("after restarts: %q, want %q", got, both)
		}
		c.follow(b2, "stdout=1&tail=1").until("serving")
		c.do("POST /networks/two/connect", object{"Container": "bb2", "EndpointConfig": object{"Aliases": []string{"late"}}})
		if got := c.run("far", "lookup", "late"); got != address("bb2", "two") {
			t.Errorf("late: %q", got)
		}
		if got := c.run("bb2", "dial", address("far", "two")+":80"); got != "connected" {
			t.Error("from b2 to far: " + got)
		}
		c.do("POST /networks/two/disconnect", object{"Container": "bb2"})
		if got := c.run("far", "lookup", "late") + ", " + c.run("bb2", "dial", address("far", "two")+":80"); got != "unknown, no connection" {
			t.Error("after the disconnection: " + got)
		}
		for _, id := range []string{a, b, b2, far} {
			c.do("DELETE /containers/"+id+"?force=1", nil)
		}
		c.do("DELETE /networks/one", nil)
	})
}

// A container has its host name, and no network if it asks for none.
func TestHostName(t *testing.T) {
	c := startPlaces(t, nil)
	id := c.running("alone", "up", []string{"say", "out:up\\n", "wait"}, object{"HostConfig": object{"NetworkMode": "none"}})
	if got := c.run(id, "uname", "-n"); got != id[:12] {
		t.Errorf("host name %q, want %s", got, id[:12])
	}
	if got := c.run(id, "lookup", "alone"); got != "unknown" {
		t.Errorf("without a network: %q", got)
	}
}

// Many answers do not fit into a datagram: they are asked for by TCP.
func TestManyReplicas(t *testing.T) {
	c := startPlaces(t, nil)
	c.do("POST /networks/create", object{"Name": "one"})
	const n = 40
	for i := range n {
		c.start(fmt.Sprintf("r%d", i), []string{"say", "wait"}, on("one", "all"))
	}
	if got := strings.Fields(c.run("r0", "lookup", "all")); len(got) != n {
		t.Errorf("%d addresses of %d: %v", len(got), n, got)
	}
}

// An engine that observes sees the calls of our own programs.
func TestObservedNames(t *testing.T) {
	c := startPlaces(t, nil, "--observe")
	c.do("POST /networks/create", object{"Name": "one"})
	c.running("bb", "serving", []string{"server", "80"}, on("one"))
	id := c.running("aa", "serving", []string{"server", "80"}, on("one"), object{
		"ExposedPorts": object{"80/tcp": object{}},
		"HostConfig":   object{"NetworkMode": "one", "PortBindings": object{"80/tcp": []object{{"HostPort": ""}}}},
	})
	fetch(t, c.address(id)+"/get?url=http://bb/")
	seen, err := os.ReadFile(filepath.Join(filepath.Dir(c.socket), "state", SightingsFile))
	if err != nil || !strings.Contains(string(seen), `{"service":"bb","port":80,"from":"aa","http":true}`) {
		t.Errorf("seen: %s %v", seen, err)
	}
}

// TestReadOnlyDirectories writes to the directories of a container, those that start later included: a
// read-only one takes nothing, and a writable one in it does.
func TestReadOnlyDirectories(t *testing.T) {
	asUsers(t, func(t *testing.T, user *syscall.Credential) {
		c := startPlaces(t, user)
		dir := t.TempDir()
		inner := filepath.Join(dir, "inner")
		if err := os.Mkdir(inner, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{filepath.Dir(dir), dir, inner} {
			if err := os.Chmod(name, 0o777); err != nil {
				t.Fatal(err)
			}
		}
		binds := func(all ...string) object {
			return object{"HostConfig": object{"Binds": all}, "Labels": object{processLabel: "web"}}
		}
		c.running("reader", "serving", []string{"server", "80"}, binds(dir+":/all:ro", inner+":/inner", "cache:/cache:ro"))
		c.running("writer", "serving", []string{"server", "80"}, binds(dir+":/all", "cache:/cache"))
		touch := func(from, variable string) string {
			return c.run(from, "sh", "-c", `echo x 2> /dev/null > "$VOLUME_`+variable+`/file" && echo written || echo refused`)
		}
		for range 2 { // the writer has just been looked at
			for _, test := range []struct{ from, variable, want string }{
				{"reader", "ALL", "refused"},
				{"reader", "CACHE", "refused"},
				{"reader", "INNER", "written"},
				{"writer", "ALL", "written"},
				{"writer", "CACHE", "written"},
			} {
				if got := touch(test.from, test.variable); got != test.want {
					t.Errorf("%s of %s: %q, want %q", test.variable, test.from, got, test.want)
				}
			}
		}
		if f, err := os.Create(filepath.Join(dir, "ours")); err != nil {
			t.Error(err)
		} else {
			f.Close()
		}
	})
}
