package engine

import (
	"fmt"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// top is GET /containers/{id}/top: the processes of a container as ps -ef lists them. They are read
// from /proc, so no ps is needed.
func (e *Engine) top(w http.ResponseWriter, r *http.Request) error {
	switch args := strings.TrimSpace(r.URL.Query().Get("ps_args")); args {
	case "", "-ef", "ef":
	default:
		return fail(http.StatusNotImplemented, "ps arguments other than -ef are not supported by the embedded engine: %s", args)
	}
	sessions, err := e.sessionsOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	rows, err := processes(sessions)
	if err != nil {
		return fail(http.StatusNotImplemented, "the processes cannot be listed on this system: %v", err)
	}
	return writeJSON(w, http.StatusOK, struct {
		Titles    []string
		Processes [][]string
	}{[]string{"UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"}, rows})
}

// ticksPerSecond is USER_HZ, which is 100 on every system that Go runs on.
const ticksPerSecond = 100

// sessionsOf returns the process sessions of a running container: its own and those of its execs.
func (e *Engine) sessionsOf(ref string) (sessions []int, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, err := e.findContainer(ref)
	switch {
	case err != nil:
		return nil, err
	case c.run == nil:
		return nil, conflict("Container %s is not running", c.id)
	}
	sessions = append(sessions, c.run.process.pid)
	for _, id := range c.execs {
		if x := e.execs.get(id); x.process != nil && !x.over {
			sessions = append(sessions, x.process.pid)
		}
	}
	return sessions, nil
}

// procStat is a process as /proc/PID/stat describes it, see proc_pid_stat(5).
type procStat struct {
	dir    string // in /proc
	text   []byte
	fields []string // those after the name, which may hold blanks and parentheses
}

// field returns a field by its number in the manual.
func (p procStat) field(n int) int {
	v, _ := strconv.Atoi(p.fields[n-3])
	return v
}

// processStats returns the processes of the sessions, by pid.
func processStats(sessions []int) ([]procStat, error) {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	slices.SortFunc(dirs, func(a, b string) int {
		m, _ := strconv.Atoi(filepath.Base(a)) // the pattern has digits
		n, _ := strconv.Atoi(filepath.Base(b))
		return m - n
	})
	var all []procStat
	for _, dir := range dirs {
		text, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err != nil {
			continue // it has ended
		}
		p := procStat{dir, text, strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))}
		if len(p.fields) > 22 && slices.Contains(sessions, p.field(6)) {
			all = append(all, p)
		}
	}
	return all, nil
}

// processes returns the rows of all processes of the sessions, by pid.
func processes(sessions []int) ([][]string, error) {
	booted, err := bootTime()
	if err != nil {
		return nil, err
	}
	all, err := processStats(sessions)
	if err != nil {
		return nil, err
	}
	rows := [][]string{}
	for _, p := range all {
		begun := booted.Add(time.Duration(p.field(22)) * time.Second / ticksPerSecond)
		used := time.Duration(p.field(14)+p.field(15)) * time.Second / ticksPerSecond
		percent := 0
		if lived := time.Since(begun); lived > 0 {
			percent = int(100 * used / lived)
		}
		rows = append(rows, []string{
			owner(p.dir), filepath.Base(p.dir), p.fields[1], strconv.Itoa(min(percent, 99)), begun.Format("15:04"), terminal(p.field(7)),
			fmt.Sprintf("%02d:%02d:%02d", int(used.Hours()), int(used.Minutes())%60, int(used.Seconds())%60), commandLine(p.dir, p.text),
		})
	}
	return rows, nil
}

func bootTime() (time.Time, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return time.Time{}, err
	}
	for line := range strings.Lines(string(stat)) {
		if seconds, ok := strings.CutPrefix(line, "btime "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(seconds), 10, 64)
			return time.Unix(n, 0), err
		}
	}
	return time.Time{}, fmt.Errorf("no btime in /proc/stat")
}

func owner(dir string) string {
	uid := "?"
	if status, err := os.ReadFile(filepath.Join(dir, "status")); err == nil {
		for line := range strings.Lines(string(status)) {
			if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "Uid:" {
				uid = fields[1]
			}
		}
	}
	if u, err := user.LookupId(uid); err == nil {
		return u.Username
	}
	return uid
}

// terminal names a device number: minor in bits 0–7 and 20–31, major in 8–19.
func terminal(device int) string {
	if major := device >> 8 & 0xfff; major >= 136 && major < 144 {
		return "pts/" + strconv.Itoa((major-136)<<8|device&0xff|device>>12&0xfff00)
	}
	return "?"
}

func commandLine(dir string, stat []byte) string {
	line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil || len(line) == 0 { // a kernel thread, or a zombie
		name, _, _ := strings.Cut(string(stat), ")")
		_, name, _ = strings.Cut(name, "(")
		return "[" + name + "]"
	}
	return strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " "))
}
