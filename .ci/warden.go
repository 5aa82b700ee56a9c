// Warden starts a command, kills it with SIGKILL after a while, and waits for all its descendants.
// They cannot escape by new sessions or groups, because orphans go to the nearest subreaper.
//
//	warden DELAY PATIENCE COMMAND [ARGUMENT…]
//
// It prints one line: "gone MICROSECONDS", the time from the kill to the end of the last process,
// or "left NUMBER: NAMES" for processes that still live after PATIENCE. It then kills them.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	if err := watch(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "warden:", err)
		os.Exit(1)
	}
}

func watch(args []string) error {
	if len(args) < 3 {
		return errors.New("usage: warden DELAY PATIENCE COMMAND [ARGUMENT…]")
	}
	delay, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	patience, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	program, err := exec.LookPath(args[2])
	if err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	p, err := os.StartProcess(program, args[2:], &os.ProcAttr{Files: []*os.File{null, null, null}, Sys: &unix.SysProcAttr{Setsid: true}})
	if err != nil {
		return err
	}
	<-time.After(delay)
	if err := unix.Kill(p.Pid, unix.SIGKILL); err != nil {
		return err
	}
	killed := time.Now()
	gone := make(chan time.Duration)
	go func() {
		for {
			if _, err := unix.Wait4(-1, nil, 0, nil); errors.Is(err, unix.ECHILD) {
				gone <- time.Since(killed)
				return
			}
		}
	}()
	select {
	case took := <-gone:
		fmt.Println("gone", took.Microseconds())
	case <-time.After(patience):
		left := descendants()
		var names []string
		for _, pid := range left {
			line, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
			names = append(names, strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " ")))
		}
		fmt.Printf("left %d: %s\n", len(left), strings.Join(names, "; "))
		for len(left) > 0 { // killed processes may have left children
			for _, pid := range left {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
			select {
			case <-gone:
				return nil
			case <-time.After(patience):
				left = descendants()
			}
		}
	}
	return nil
}

// descendants returns the processes below this one.
func descendants() (pids []int) {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		// The name, in parentheses, may hold any character. The state and the parent come after it.
		fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		if len(fields) > 1 && fields[0] != "Z" {
			parent, _ := strconv.Atoi(fields[1])
			children[parent] = append(children[parent], pid)
		}
	}
	for next := []int{os.Getpid()}; len(next) > 0; next = next[1:] {
		pids = append(pids, children[next[0]]...)
		next = append(next, children[next[0]]...)
	}
	return pids
}
