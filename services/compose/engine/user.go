package engine

import (
	"bufio"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// userOf returns the credentials of a user of this machine, such as NAME, UID:GROUP or :GROUP; nil for the one who runs
// the engine, or with the reason why there is none.
func userOf(text string) (_ *syscall.Credential, why string) {
	name, group, _ := strings.Cut(text, ":")
	if name == "" { // a group alone
		name = strconv.Itoa(os.Geteuid())
	}
	credential := &syscall.Credential{}
	uid, err := strconv.ParseUint(name, 10, 32)
	found, unknown := user.LookupId(name)
	if err != nil {
		found, unknown = user.Lookup(name)
	}
	if unknown == nil {
		uid, _ = strconv.ParseUint(found.Uid, 10, 32)
		gid, _ := strconv.ParseUint(found.Gid, 10, 32)
		credential.Gid = uint32(gid)
	} else if err != nil {
		return nil, "this machine has no such user"
	}
	credential.Uid = uint32(uid)
	if group != "" {
		gid, err := strconv.ParseUint(group, 10, 32)
		if g, unknown := user.LookupGroup(group); err != nil && unknown != nil {
			return nil, "this machine has no such group"
		} else if err != nil {
			gid, _ = strconv.ParseUint(g.Gid, 10, 32)
		}
		credential.Gid = uint32(gid)
	}
	if int(credential.Uid) == os.Geteuid() && (group == "" || int(credential.Gid) == os.Getegid()) {
		return nil, ""
	}
	return credential, ""
}

// asOthers is the refusal of a user who does not run the engine.
func asOthers(name string) error {
	return badRequest("User %q is not supported by the embedded engine: its containers run as the user who runs it", name)
}

// identity returns the credentials of a container's user; nil for the engine's own, with the reason why it is not
// the wanted one.
func (e *Engine) identity(c *container) (*syscall.Credential, string) {
	without := func(format string, args ...any) (*syscall.Credential, string) {
		return nil, "user " + c.config.User + " has no effect: " + fmt.Sprintf(format, args...)
	}
	credential, why := userOf(c.config.User)
	switch {
	case why != "":
		return without("%s", why)
	case credential == nil:
		return nil, ""
	case os.Geteuid() != 0 || !mapped(credential.Uid):
		return without("only root can start processes of others")
	case credential.Uid == 0: // it may enter everything
		return credential, ""
	}
	cmd := e.command(c)
	needs := []string{cmd.dir}
	cmd.argv = c.argv()
	if program, err := cmd.lookUp(e.path("bin")); err == nil {
		needs = append(needs, filepath.Dir(program))
	}
	for _, m := range c.host.Binds { // volumes are made below
		if source, _, _ := strings.Cut(m, ":"); filepath.IsAbs(source) {
			needs = append(needs, filepath.Dir(source))
		} else {
			needs = append(needs, e.state)
		}
	}
	for _, dir := range needs {
		if closed := closedTo(credential, dir); closed != "" {
			return without("%s is closed to it", closed)
		}
	}
	return credential, ""
}

// mapped reports whether a user exists in the engine's user namespace, see user_namespaces(7). Without
// such a file there are none.
func mapped(uid uint32) bool {
	f, err := os.Open("/proc/self/uid_map")
	if err != nil {
		return true
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var first, outside, n uint64
		if _, err := fmt.Sscan(lines.Text(), &first, &outside, &n); err == nil && first <= uint64(uid) && uint64(uid) < first+n {
			return true
		}
	}
	return false
}

// closedTo returns the first directory on a path that a user may not enter.
func closedTo(c *syscall.Credential, dir string) string {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "" // the start reports it
	}
	at := ""
	for _, part := range strings.Split(filepath.Clean(dir), "/") {
		at += part + "/"
		info, err := os.Stat(at)
		if err != nil {
			return ""
		}
		bit := os.FileMode(0o001)
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid == c.Uid {
			bit = 0o100
		} else if ok && stat.Gid == c.Gid {
			bit = 0o010
		}
		if info.Mode()&bit == 0 {
			return filepath.Clean(at)
		}
	}
	return ""
}

// ulimit is a resource limit of each process of a container, see getrlimit(2).
type ulimit struct {
	Name       string
	Soft, Hard int64
}
