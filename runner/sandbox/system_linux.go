package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// executable is the path of this binary. It works even if the file has been replaced or removed.
func executable() string { return "/proc/self/exe" }

// attempts lists the ways to start a supervisor, the best one first. Each must be tried to see
// whether it works, because too many settings matter (see user_namespaces(7), and AppArmor and
// seccomp besides).
func attempts(opts Options) []attempt {
	var all []attempt
	if opts.Isolation == "" || opts.Isolation == Namespace {
		if opts.PrivateNetwork {
			all = append(all, namespaces(true)...)
		}
		all = append(all, namespaces(false)...)
	}
	for _, isolation := range []Isolation{Guardian, Group} {
		if opts.Isolation == "" && isolation == Guardian || opts.Isolation == isolation {
			all = append(all, attempt{isolation: isolation, attr: &syscall.SysProcAttr{Setsid: true}})
		}
	}
	return all
}

// namespaces lists the ways into a PID namespace.
func namespaces(private bool) []attempt {
	flags := uintptr(unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWIPC)
	if private {
		flags |= unix.CLONE_NEWNET
	}
	uid, gid := os.Geteuid(), os.Getegid()
	user := attempt{Namespace, private, &syscall.SysProcAttr{
		Setsid:      true,
		Cloneflags:  flags | unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}},
		// Users other than root lose their capabilities by exec, except these. isolate needs them
		// and gives them up.
		AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN},
	}}
	if os.Geteuid() != 0 {
		return []attempt{user}
	}
	root := attempt{Namespace, private, &syscall.SysProcAttr{Setsid: true, Cloneflags: flags}}
	return []attempt{root, user}
}

// isolate is the supervisor's part in setting up its isolation. op is the failed operation.
func isolate(isolation Isolation, private bool) (op string, err error) {
	switch isolation {
	case Guardian:
		return "prctl", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	case Namespace:
		if os.Getpid() != 1 {
			return "enter pid namespace", unix.EINVAL
		}
		// Mounts from outside still appear inside, but not the reverse.
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
			return "make mounts private", err
		}
		if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
			return "mount /proc", err
		}
		if private {
			if err := loopbackUp(); err != nil {
				return "bring lo up", err
			}
			// Nobody else is there whom low ports could be kept for. Where it fails, they are refused.
			_ = os.WriteFile("/proc/sys/net/ipv4/ip_unprivileged_port_start", []byte("0"), 0)
		}
		return "drop capabilities", unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	}
	return "", nil
}

// maxNeighbours is the greatest number of entries beside a place: each becomes a mount.
const maxNeighbours = 256

// mountAt mounts a directory at a place where nothing is. The place's parent becomes a file system
// in memory that holds the place and the entries of the parent, which are mounted there. So
// nothing is made on the machine that would have to be removed.
func mountAt(directory, place string) (err error) {
	parent := filepath.Dir(place)
	fd, err := unix.Open(parent, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: parent, Err: err}
	}
	below := os.NewFile(uintptr(fd), parent)
	defer below.Close()
	entries, err := below.ReadDir(maxNeighbours + 1)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return err
	case len(entries) > maxNeighbours:
		return fmt.Errorf("%s has more than %d entries", parent, maxNeighbours)
	case slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == filepath.Base(place) }):
		return &os.PathError{Op: "mount", Path: place, Err: fs.ErrExist}
	}
	writable := unix.Access(parent, unix.W_OK) == nil
	if err := unix.Mount("workshop", parent, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
		return &os.PathError{Op: "mount", Path: parent, Err: err}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, unix.Unmount(parent, unix.MNT_DETACH))
		}
	}()
	for _, e := range entries {
		if err := mountEntry(fmt.Sprintf("/proc/self/fd/%d/%s", fd, e.Name()), filepath.Join(parent, e.Name()), e.Type()); err != nil {
			return err
		}
	}
	if err := mountEntry(directory, place, fs.ModeDir); err != nil || writable {
		return err
	}
	return os.Chmod(parent, 0o555) // its owner is this user
}

// mountEntry makes a file or directory and mounts another on it. It copies a symbolic link.
func mountEntry(from, to string, kind fs.FileMode) error {
	switch {
	case kind&fs.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	case kind.IsDir():
		if err := os.Mkdir(to, 0o755); err != nil {
			return err
		}
	default:
		if err := os.WriteFile(to, nil, 0o644); err != nil {
			return err
		}
	}
	if err := unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return &os.PathError{Op: "mount", Path: to, Err: err}
	}
	return nil
}

// loopbackUp brings lo up; the kernel assigns its addresses.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, lo); err != nil {
		return err
	}
	lo.SetUint16(lo.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}

// ignoredSignals lists the signals that are ignored (proc_pid_status(5), SigIgn).
func ignoredSignals() (ignored []os.Signal) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "SigIgn:"); ok {
			set, _ := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
			for ; set != 0; set &= set - 1 {
				ignored = append(ignored, syscall.Signal(bits.TrailingZeros64(set)+1))
			}
		}
	}
	return ignored
}

// unblockSignals clears the signal mask of the calling thread, which its children
// inherit.
func unblockSignals() error {
	return os.NewSyscallError("sigprocmask", unix.PthreadSigmask(unix.SIG_SETMASK, new(unix.Sigset_t), nil))
}

// closeOnExec prevents that the processes of the sandbox inherit descriptors which the owner has
// inherited itself, for example of a lock or of make's job server. Before Linux 5.9 they inherit
// them, as from any other parent.
func closeOnExec() {
	_ = unix.CloseRange(4, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
}

func processAttr(isolation Isolation, pidfd *int) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{PidFD: pidfd}
	if isolation != Namespace {
		attr.Pdeathsig = unix.SIGKILL // in case the supervisor is killed
	}
	return attr
}

// ownPID translates the PID that a supervisor has reported, with the pidfd that was sent with it.
// The kernel shows the number for the reader's namespace in /proc (proc_pid_fdinfo(5), -1 for a
// process that has ended).
func ownPID(isolation Isolation, pid int, fds []int) int {
	if isolation != Namespace {
		return pid
	}
	if len(fds) == 0 {
		return 0 // before Linux 5.2
	}
	info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fds[0]))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(info)) {
		if value, ok := strings.CutPrefix(line, "Pid:"); ok {
			number, _ := strconv.Atoi(strings.TrimSpace(value))
			return max(number, 0)
		}
	}
	return 0
}

// processes lists the system's processes (proc_pid_stat(5)). The lists of children would be faster
// to read, but not all kernels have them.
func processes() []process {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // an incomplete list is better than none
	var all []process
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // it has ended
		}
		// PID (name) state parent …; the name may hold any character.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) < 2 {
			continue
		}
		parent, err := strconv.Atoi(string(fields[1]))
		if err != nil {
			continue
		}
		all = append(all, process{pid: pid, parent: parent, zombie: fields[0][0] == 'Z' || fields[0][0] == 'X'})
	}
	return all
}

// detach unmounts everything that is mounted in or on a directory, so that the contents of mounted
// directories are not treated as part of it (proc_pid_mountinfo(5)).
func detach(directory string) error {
	info, err := os.ReadFile("/proc/self/mountinfo")
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not removed: its mounts are unknown without /proc", directory)
	}
	if err != nil {
		return err
	}
	var points []string
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	for line := range strings.Lines(string(info)) {
		if fields := strings.Fields(line); len(fields) > 4 {
			point := unescape.Replace(fields[4])
			if point == directory || strings.HasPrefix(point, directory+"/") {
				points = append(points, point)
			}
		}
	}
	for _, point := range slices.Backward(points) { // the last mount is on top
		if err := unix.Unmount(point, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil {
			return &os.PathError{Op: "unmount", Path: point, Err: err}
		}
	}
	return nil
}
