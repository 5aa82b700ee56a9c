package engine

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// groups makes the control groups that bound the memory of containers, see cgroups(7).
type groups struct {
	dir     string // their parent
	unified bool   // it is in the one hierarchy of version 2
	err     error  // the reason why there is none
}

// group is the control group of a run. Its directory is locked as long as the engine lives.
type group struct {
	dir     string
	unified bool
	lock    *os.File
}

const groupPrefix = "workshop-"

// newGroups finds the place of the groups, and removes those of engines that were killed.
func newGroups() *groups {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	own, err2 := os.ReadFile("/proc/self/cgroup")
	gs := &groups{err: errors.Join(err, err2)}
	if gs.err == nil {
		gs.find(string(mounts), string(own))
	}
	if gs.err == nil {
		gs.sweep()
	}
	return gs
}

// find looks for a directory below which groups can be made: the process's own one in the old memory
// hierarchy; in the new one the nearest one that lets groups bound their memory, because a group with
// processes cannot.
func (gs *groups) find(mounts, own string) {
	var path, kind string
	for line := range strings.Lines(own) { // such as 4:memory:/path, or 0::/path in the new hierarchy
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(f) == 3 && slices.Contains(strings.Split(f[1], ","), "memory"):
			path, kind = f[2], "cgroup"
		case len(f) == 3 && f[1] == "" && kind == "":
			path, kind = f[2], "cgroup2"
		}
	}
	top := ""
	for line := range strings.Lines(mounts) { // columns: the fourth and fifth are the root in the file system, and the place
		f, after, ok := strings.Cut(strings.TrimSpace(line), " - ")
		where, what := strings.Fields(f), strings.Fields(after) // kind, source, options
		if !ok || len(where) < 5 || len(what) < 3 || what[0] != kind ||
			kind == "cgroup" && !slices.Contains(strings.Split(what[2], ","), "memory") {
			continue
		}
		if rel, err := filepath.Rel(where[3], path); err == nil && filepath.IsLocal(rel) {
			top, gs.dir = where[4], filepath.Join(where[4], rel)
		}
	}
	gs.unified = kind == "cgroup2"
	for gs.unified && gs.dir != "" && !lets(gs.dir) {
		if gs.dir == top {
			gs.dir = ""
			break
		}
		gs.dir = filepath.Dir(gs.dir)
	}
	if gs.dir == "" {
		gs.err = errors.New("no control group for memory is there")
	} else if err := unix.Access(gs.dir, unix.W_OK); err != nil {
		gs.err = fmt.Errorf("no control group can be made here: %w", err)
	}
}

// lets reports whether the groups below one of the new hierarchy can bound their memory.
func lets(dir string) bool {
	text, _ := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
	return slices.Contains(strings.Fields(string(text)), "memory")
}

// ours reports whether a directory has the name of a group that an engine made. One of a service of the system
// may begin alike, such as workshop-web.service.
func ours(dir string) bool {
	id, err := hex.DecodeString(strings.TrimPrefix(filepath.Base(dir), groupPrefix))
	return err == nil && len(id) == 6
}

// sweep removes the groups of engines that were killed, with the processes that are left in them.
func (gs *groups) sweep() {
	dirs, _ := filepath.Glob(filepath.Join(gs.dir, groupPrefix+"*")) // the pattern is well-formed
	for _, dir := range slices.DeleteFunc(dirs, func(dir string) bool { return !ours(dir) }) {
		g := &group{dir: dir, unified: gs.unified}
		var err error
		if g.lock, err = os.Open(dir); err != nil {
			continue // it has gone
		}
		if syscall.Flock(int(g.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			g.close()
		} else {
			g.lock.Close()
		}
	}
}

// open makes a group with a limit of memory in bytes, and one of memory and swap together; -1 is none.
func (gs *groups) open(memory, swap int64) (g *group, err error) {
	if gs.err != nil {
		return nil, gs.err
	}
	for range 10 { // another engine can take it for one that was left, until it is locked
		g = &group{dir: filepath.Join(gs.dir, groupPrefix+short(newID())), unified: gs.unified}
		if err = os.Mkdir(g.dir, 0o755); err != nil {
			break
		}
		if g.lock, err = os.Open(g.dir); err == nil {
			err = syscall.Flock(int(g.lock.Fd()), syscall.LOCK_EX)
		}
		if err == nil {
			err = g.bound(memory, swap)
		}
		if err == nil {
			return g, nil
		}
		g.close()
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENODEV) {
			break
		}
	}
	return nil, fmt.Errorf("control group: %w", unwrapPath(err))
}

// bound sets the limits. Where swap is not counted, that limit is left out.
func (g *group) bound(memory, swap int64) error {
	file, swapFile := "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"
	if g.unified {
		file, swapFile = "memory.max", "memory.swap.max"
		swap = max(swap-memory, -1)
	}
	err := g.write(file, memory)
	if _, missing := os.Stat(filepath.Join(g.dir, swapFile)); err == nil && missing == nil && swap >= 0 {
		err = g.write(swapFile, swap)
	}
	return err
}

func (g *group) write(name string, n int64) error {
	f, err := os.OpenFile(filepath.Join(g.dir, name), os.O_WRONLY, 0) // the kernel makes these files
	if err != nil {
		return err
	}
	_, err = f.WriteString(strconv.FormatInt(n, 10))
	return cmp.Or(err, f.Close())
}

// add moves a process to the group.
func (g *group) add(pid int) error {
	if g == nil {
		return nil
	}
	return g.write("cgroup.procs", int64(pid))
}

// killed reports whether a process was killed because the memory was used up.
func (g *group) killed() bool {
	if g == nil {
		return false
	}
	name := "memory.oom_control"
	if g.unified {
		name = "memory.events"
	}
	return numbers(filepath.Join(g.dir, name))["oom_kill"] > 0
}

// close kills the processes that are left in the group, waits for their end, and removes it. A group
// that cannot be removed is left to the next engine.
func (g *group) close() {
	if g == nil {
		return
	}
	removeGroup(g.dir)
	g.lock.Close()
}

// removeGroup removes a group with those below it: an engine in a container makes some.
func removeGroup(dir string) {
	for {
		text, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		pids := strings.Fields(string(text))
		if err != nil || len(pids) == 0 {
			break
		}
		for _, pid := range pids {
			n, _ := strconv.Atoi(pid)
			if !killAndWait(n) {
				pids = nil
			}
		}
		if pids == nil {
			break
		}
	}
	below, _ := filepath.Glob(filepath.Join(dir, "*", "cgroup.procs")) // the pattern is well-formed
	for _, file := range below {
		removeGroup(filepath.Dir(file))
	}
	_ = unix.Rmdir(dir)
}

// killAndWait reports false for a process that does not end in ten seconds, as one that waits for a disk.
func killAndWait(pid int) bool {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err == unix.ESRCH
	}
	defer unix.Close(fd)
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil {
		return err == unix.ESRCH
	}
	for {
		var n int
		if n, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 10_000); err != unix.EINTR {
			return n == 1
		}
	}
}
