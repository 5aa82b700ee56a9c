package engine

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// limited asks for 100 MB of memory.
func limited() object { return object{"HostConfig": object{"Memory": 100 << 20}} }

// needGroups skips the test where no control groups for memory can be made.
func needGroups(t *testing.T) {
	if err := newGroups().err; err != nil {
		t.Skip(err)
	}
}

// groupOf returns the directory of a container's control group.
func groupOf(t *testing.T, pid int) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	gs := &groups{}
	gs.find(string(mounts), string(own))
	for dir := gs.dir; dir != "/"; dir = filepath.Dir(dir) {
		if strings.HasPrefix(filepath.Base(dir), groupPrefix) {
			return dir
		}
	}
	t.Fatalf("no group of its own: %s", own)
	return ""
}

// A process that uses more than its container's memory is killed, and its control group goes.
func TestMemoryLimit(t *testing.T) {
	needGroups(t)
	c := startEngine(t)
	next := c.watch(query(object{"type": []string{"container"}}))
	greedy := c.start("greedy", []string{"say", "use:300"}, limited())
	if code := c.wait(greedy); code != 137 {
		t.Errorf("status %d: %s", code, c.logs(greedy, "stdout=1&stderr=1"))
	}
	next("container oom greedy")
	if ev := next("container die greedy"); ev.Actor.Attributes["exitCode"] != "137" {
		t.Errorf("event %+v", ev)
	}
	d := c.inspect(greedy)
	if !d.State.OOMKilled || string(d.HostConfig["Memory"]) != "104857600" || string(d.HostConfig["MemorySwap"]) != "209715200" {
		t.Errorf("%+v %s", d.State, d.HostConfig)
	}
	if code := c.wait(c.start("killed", []string{"say", "kill:9"}, limited())); code != 137 || c.inspect("killed").State.OOMKilled {
		t.Errorf("another SIGKILL: %d %+v", code, c.inspect("killed").State)
	}
	if code := c.wait(c.start("free", []string{"say", "use:300"})); code != 0 {
		t.Errorf("without a limit: status %d", code)
	}

	// A child that has left the session is in the group, too.
	id := c.start("modest", []string{"say", "use:5", "escape", "wait"}, limited())
	child := childOf(t, c.follow(id, "stdout=1"))
	group := groupOf(t, c.inspect(id).State.Pid)
	if other := groupOf(t, child); other != group {
		t.Errorf("the child is in %s, not %s", other, group)
	}
	if out := c.run(id, "say", "use:300", "out:lived"); strings.Contains(out, "lived") {
		t.Errorf("exec: %s", out)
	}
	if d := c.inspect(id); !d.State.Running || !d.State.OOMKilled {
		t.Errorf("after the end of another process: %+v", d.State)
	}
	if s := get[sample](c, "GET /containers/modest/stats?stream=0&one-shot=1", nil); s.Memory.Limit != 100<<20 {
		t.Errorf("limit %d", s.Memory.Limit)
	}
	c.do("POST /containers/modest/restart", nil)
	gone(t, child)
	if _, err := os.Stat(group); !os.IsNotExist(err) {
		t.Errorf("group %s: %v", group, err)
	}
	if c.inspect(id).State.OOMKilled {
		t.Error("a new run was killed")
	}
	group = groupOf(t, c.inspect(id).State.Pid)
	// A group below it, such as that of an engine in the container, goes with its processes.
	child = childOf(t, c.follow(id, "stdout=1&since="+c.inspect(id).State.FinishedAt.Format(time.RFC3339Nano)))
	if err := os.Mkdir(filepath.Join(group, "inner"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(group, "inner", "cgroup.procs"), []byte(strconv.Itoa(child)), 0); err != nil {
		t.Fatal(err)
	}
	c.do("DELETE /containers/modest?force=1", nil)
	gone(t, child)
	if _, err := os.Stat(group); !os.IsNotExist(err) {
		t.Errorf("group %s: %v", group, err)
	}
}

// The next engine removes the group of an engine that was killed, and what is left in it. That of a living
// one is left.
func TestGroupsAreSwept(t *testing.T) {
	needGroups(t)
	dir, err := os.MkdirTemp("", "engine")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "sock")
	cmd := startCommand(t, socket, dir)
	c := newClient(t, socket)
	id := c.start("up", []string{"say", "escape", "wait"}, limited())
	child := childOf(t, c.follow(id, "stdout=1"))
	group := groupOf(t, child)

	_ = newGroups()
	if groupOf(t, child) != group || !alive(child) {
		t.Errorf("the group of a living engine is gone")
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	c.http.CloseIdleConnections()
	if !alive(child) {
		t.Error("the child ended with the engine, so nothing was tested")
	}
	service := filepath.Join(filepath.Dir(group), "workshop-web.service")
	if err := os.Mkdir(service, 0o755); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Rmdir(service) }()
	_ = newGroups()
	gone(t, child)
	if _, err := os.Stat(group); !os.IsNotExist(err) {
		t.Errorf("group %s: %v", group, err)
	}
	if _, err := os.Stat(service); err != nil {
		t.Error("a service of the system:", err)
	}
}

// Engines that begin at the same time do not remove each other's groups.
func TestGroupsBesideSweeps(t *testing.T) {
	needGroups(t)
	var engines sync.WaitGroup
	for range 4 {
		engines.Go(func() {
			for range 50 {
				g, err := newGroups().open(50<<20, 100<<20)
				if err != nil {
					t.Error(err)
					continue
				}
				if info, err := os.Stat(g.dir); err != nil || !info.IsDir() {
					t.Errorf("the group has gone: %v", err)
				}
				g.close()
			}
		})
	}
	engines.Wait()
}

// An ordinary user's engine says that the limit has no effect.
func TestMemoryWithoutRights(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can start processes of others")
	}
	c := startPlaces(t, &syscall.Credential{Uid: nobody, Gid: nobody})
	made := get[struct {
		ID       string
		Warnings []string
	}](c, "POST /containers/create?name=web", object{
		"Image": "workshop", "Cmd": []string{"say", "use:300"},
		"HostConfig": limited()["HostConfig"],
	})
	want := "the limit of memory has no effect: no control group can be made here: permission denied"
	if strings.Join(made.Warnings, "\n") != want {
		t.Errorf("warnings %q, want %q", made.Warnings, want)
	}
	c.do("POST /containers/web/start", nil)
	if code := c.wait("web"); code != 0 {
		t.Errorf("status %d", code)
	}
	if d := c.inspect("web"); string(d.HostConfig["Memory"]) != "0" {
		t.Errorf("memory %s", d.HostConfig["Memory"])
	}
}

// The places of groups in both hierarchies. The directories are a stand-in for the kernel's: they show which
// one is chosen, and what is written, not what comes of it.
func TestGroupPlaces(t *testing.T) {
	top := t.TempDir()
	user := filepath.Join(top, "user.slice", "user")
	if err := os.MkdirAll(filepath.Join(user, "own.scope"), 0o755); err != nil {
		t.Fatal(err)
	}
	for dir, text := range map[string]string{top: "cpu memory", user: "memory pids", filepath.Join(user, "own.scope"): ""} {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const own1, own2 = "4:cpu,memory:/user.slice/user\n0::/\n", "0::/user.slice/user/own.scope\n"
	mount1 := "32 31 0:29 / /elsewhere rw - cgroup cgroup rw,cpu\n35 31 0:32 / " + top + " rw,relatime shared:9 - cgroup cgroup rw,memory\n"
	mount2 := "41 31 0:38 / " + top + " rw - cgroup2 cgroup2 rw\n"
	for name, test := range map[string]struct{ mounts, own, want string }{
		"old":           {mount1, own1, user},
		"new":           {mount2, own2, user},
		"both":          {mount1 + "41 31 0:38 / /unified rw - cgroup2 cgroup2 rw\n", own1, user},
		"a part of it":  {strings.Replace(mount2, " / ", " /user.slice/user ", 1), own2, top},
		"not mounted":   {"", own1, ""},
		"not our part":  {strings.Replace(mount2, " / ", " /other ", 1), own2, ""},
		"none of them":  {mount2, "1:cpu:/\n", ""},
		"new, from top": {mount2, "0::/\n", top},
	} {
		gs := &groups{}
		if gs.find(test.mounts, test.own); gs.dir != test.want || (gs.err == nil) != (test.want != "") {
			t.Errorf("%s: %q %v, want %q", name, gs.dir, gs.err, test.want)
		}
	}
	g := &group{dir: t.TempDir(), unified: true}
	for _, file := range []string{"memory.max", "memory.swap.max"} {
		if err := os.WriteFile(filepath.Join(g.dir, file), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.bound(50<<20, 80<<20); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"memory.max": "52428800", "memory.swap.max": "31457280"} {
		if got, err := os.ReadFile(filepath.Join(g.dir, file)); string(got) != want {
			t.Errorf("%s: %q %v, want %q", file, got, err, want)
		}
	}
}
