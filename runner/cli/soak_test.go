//go:build soak && linux

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// These tests take hours; `make soak` runs them, and prints their figures. SOAK_COUNT and
// SOAK_LOOPS say how much of everything, and beside how many busy loops, instead of what
// each says itself; SOAK_SEED repeats what was chosen at random.

// figure is a number of the environment.
func figure(t *testing.T, name string, otherwise int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		t.Fatalf("%s: %q is no number", name, s)
	}
	return n
}

// random is a generator whose seed has been printed.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	seed := figure(t, "SOAK_SEED", int(rand.Uint32()))
	fmt.Printf("%s: SOAK_SEED=%d\n", t.Name(), seed)
	return rand.New(rand.NewPCG(uint64(seed), 0))
}

// busy keeps loops running until the test ends, or is killed.
func busy(t *testing.T, loops int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	for range loops {
		cmd := exec.CommandContext(ctx, "/bin/sh", "-c", "while kill -0 $PPID 2>/dev/null; do :; done")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() { _ = cmd.Wait() })
	}
}

// soak checks decks beside busy loops and prints how many exercises came out otherwise.
func soak(t *testing.T, what string, loops int, decks []*verdictDeck) {
	t.Helper()
	busy(t, loops)
	begun := time.Now()
	judged, wrong := checkDecks(t, decks)
	fmt.Printf("%s: %d exercises beside %d busy loops, %d differences, in %v\n", what, judged, loops, wrong,
		time.Since(begun).Round(time.Second))
}

// TestSoakTable runs the table of known verdicts again and again.
func TestSoakTable(t *testing.T) {
	decks := readVerdictDecks(t)
	for round := range figure(t, "SOAK_COUNT", 20) {
		t.Run(strconv.Itoa(round+1), func(t *testing.T) {
			soak(t, fmt.Sprintf("table, round %d", round+1), figure(t, "SOAK_LOOPS", 16), decks)
		})
	}
}

// TestSoakStops runs the table while its runs and their shells stop for up to two seconds, as on a machine
// that lends its processors: no verdict may depend on when which of them goes on. A command in the
// foreground is not stopped, as its shell would take that for ^Z.
func TestSoakStops(t *testing.T) {
	rnd := random(t)
	decks := readVerdictDecks(t)
	over := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for running := true; running; {
			running = stopSome(rnd, over)
		}
	})
	for round := range figure(t, "SOAK_COUNT", 5) {
		t.Run(strconv.Itoa(round+1), func(t *testing.T) {
			soak(t, fmt.Sprintf("table among stops, round %d", round+1), figure(t, "SOAK_LOOPS", 0), decks)
		})
	}
	close(over)
	wg.Wait()
}

// stopSome stops up to four runs and shells for a moment. It reports false from the end on.
func stopSome(rnd *rand.Rand, over <-chan struct{}) bool {
	var chosen []int
	for _, pid := range descendants(os.Getpid()) {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		session, _ := unix.Getsid(pid)
		if bytes.HasPrefix(line, []byte("workshop\x00check")) || session == pid && bytes.Contains(line, []byte("\x00--rcfile")) {
			chosen = append(chosen, pid)
		}
	}
	rnd.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	chosen = chosen[:min(len(chosen), 1+rnd.IntN(4))]
	for _, pid := range chosen {
		_ = syscall.Kill(pid, syscall.SIGSTOP)
	}
	defer func() {
		for _, pid := range chosen {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	}()
	select {
	case <-over:
		return false
	case <-time.After(time.Duration(1<<rnd.IntN(12)) * time.Millisecond):
		return true
	}
}

// descendants are the processes below one.
func descendants(pid int) (all []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		b, _ := os.ReadFile(list)
		for _, child := range strings.Fields(string(b)) {
			if n, err := strconv.Atoi(child); err == nil {
				all = append(append(all, n), descendants(n)...)
			}
		}
	}
	return all
}

// TestSoakNeighbours types behind each sort of interrupt.
func TestSoakNeighbours(t *testing.T) {
	loads := []int{0, 3, 20}
	if os.Getenv("SOAK_LOOPS") != "" {
		loads = []int{figure(t, "SOAK_LOOPS", 0)}
	}
	for _, loops := range loads {
		for _, s := range neighbourSorts {
			t.Run(fmt.Sprintf("%s, %d", s.name, loops), func(t *testing.T) {
				soak(t, "neighbours behind "+s.name, loops, s.decks(t, figure(t, "SOAK_COUNT", 10_000), 200))
			})
		}
	}
}

// TestSoakLoad runs sessions of a hundred exercises in which all sorts come in any order.
func TestSoakLoad(t *testing.T) {
	const each = 100
	rnd := random(t)
	var decks []*verdictDeck
	for from := 0; from < figure(t, "SOAK_COUNT", 3000); from += each {
		var b strings.Builder
		for i := 0; i < each; i++ {
			s, next := neighbourSorts[rnd.IntN(len(neighbourSorts))], behind[rnd.IntN(len(behind))]
			switch rnd.IntN(3) {
			case 0:
				writeExercise(&b, next.expect, i, next.steps)
			case 1:
				if s.expect == "" {
					writeExercise(&b, next.expect, i, s.steps, next.steps)
				} else {
					writeExercise(&b, s.expect, i, s.steps)
				}
			default:
				e := ordinary[rnd.IntN(len(ordinary))]
				writeExercise(&b, e.expect, i, e.steps)
			}
		}
		d, err := parseVerdictDeck(fmt.Sprintf("mixed, from %d", from), b.String())
		if err != nil {
			t.Fatal(err)
		}
		decks = append(decks, d)
	}
	soak(t, "mixed", figure(t, "SOAK_LOOPS", 48), decks)
}

// ordinary are exercises as decks have them.
var ordinary = []struct {
	expect string
	steps  []string
}{
	{"passed", []string{"bash echo to''k%d", "wait tok%d"}},
	{"passed", []string{"bash sleep 0.1; echo to''k%d; sleep 0.1", "wait tok%d", "check"}},
	{`failed "did not appear"`, []string{"bash : tok%d", "wait tok%d", "timeout 100ms"}},
	{`failed "status 41"`, []string{"bash echo to''k%d; sleep 0.2; (exit 41)", "wait tok%d"}},
	{`failed "status 42"`, []string{"bash (exit 42)\necho %d"}},
	{"passed", []string{"bash (exit 43)", "status 43"}},
	{`failed "status 43"`, []string{"bash (exit 43)", "status 44"}},
	{"passed", []string{"bash seq %d 1000", "output %d\n...\n1000"}},
	{`failed "not as expected"`, []string{"bash seq %d 1000", "output %d\n...\n999"}},
	{"passed", []string{"bash read -r x; echo \"<$x>\"", "keys a%d", "key Enter", "wait <a%d>"}},
	{`failed "status 45"`, []string{"bash read -r x; exit 45 <<<\"$x\" | (exit 45)", "keys a%d", "key Enter"}},
	{"passed", []string{"bash dash\necho %d\nexit"}},
	{`failed "status 46"`, []string{"bash dash\n(exit 46)\nexit"}},
	{"passed", []string{"bash while :; do echo to''k%d; sleep 0.05; done", "wait tok%d", "key ^C"}},
	{`failed "appeared"`, []string{"bash echo er''ror%d; echo to''k%d", "reject /^error%d$/", "wait tok%d"}},
	{`failed "appeared"`, []string{"bash echo '[1] Done: er'\"\"'ror%d'", "reject error%d"}},
}

// TestSoakKill ends runs with SIGKILL at random moments, as root and as an ordinary user,
// in every isolation: nothing of them lives on, and their folders go.
func TestSoakKill(t *testing.T) {
	binary, warden := static(t), filepath.Join(public(t), "warden")
	if out, err := exec.Command("go", "build", "-o", warden, "../../.ci/warden.go").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.Chmod(filepath.Dir(binary), 0o755); err != nil {
		t.Fatal(err)
	}
	rnd := random(t)
	users := []string{"an ordinary user"}
	if os.Geteuid() == 0 {
		users = []string{"root", "an ordinary user"}
	} else {
		fmt.Println("kill: not root, so runs as root are left out")
	}
	for _, user := range users {
		for _, isolation := range []string{"", "guardian", "group"} {
			t.Run(fmt.Sprintf("%s, isolation %q", user, isolation), func(t *testing.T) {
				k := killer{t: t, binary: binary, warden: warden, isolation: isolation}
				if user != "root" && os.Geteuid() == 0 {
					k.credential = &syscall.Credential{Uid: 65534, Gid: 65534}
				}
				k.rounds(user, figure(t, "SOAK_COUNT", 100), rnd)
			})
		}
	}
}

// public is a folder for everybody, removed with the test.
func public(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "workshop-soak-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// killer kills runs of one user in one isolation.
type killer struct {
	t              *testing.T
	binary, warden string
	isolation      string
	credential     *syscall.Credential
}

// shortLived is how long a run is let live at the most: long enough for its last exercise.
const shortLived = 2 * time.Second

// killed is a deck of processes that do not want to die, of a server, and of shells in
// shells; its last step would take minutes.
const killed = `## Stubborn

.exercise[
` + "```bash" + `
(trap '' INT TERM HUP QUIT; sleep 1000; sleep 1000) &
nohup sleep 1000 >/dev/null 2>&1 &
setsid sleep 1000 &
(setsid sh -c 'trap "" INT TERM HUP; sleep 1000 & sleep 1000' &)
` + "```" + `
]

---

## A server

.exercise[
` + "```bash" + `
LISTEN=ADDRESS setsid BINARY service hasher &
sleep 0.2
` + "```" + `
]

---

## Shells in shells

.exercise[
` + "```bash" + `
bash
sh
trap '' INT TERM HUP
sleep 1000 &
sleep 1000
` + "```" + `
]
`

func (k *killer) rounds(user string, n int, rnd *rand.Rand) {
	patience := 20 * time.Second // on a busy machine
	if k.isolation == "group" {
		patience = time.Second // which promises nothing
	}
	var slowest, sum time.Duration
	survived, folders, ports, gone := 0, 0, 0, 0
	for range n {
		dir := public(k.t)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			k.t.Fatal(err)
		}
		address := listener.Addr().String()
		listener.Close()
		deck, temp := filepath.Join(dir, "deck.md"), filepath.Join(dir, "tmp")
		text := strings.NewReplacer("ADDRESS", address, "BINARY", k.binary).Replace(killed)
		err = errors.Join(os.WriteFile(deck, []byte(text), 0o644), os.Chmod(deck, 0o644), os.Mkdir(temp, 0o777), os.Chmod(temp, 0o777))
		if err != nil {
			k.t.Fatal(err)
		}
		delay := time.Duration(rnd.Int64N(int64(shortLived)))
		args := []string{delay.String(), patience.String(), k.binary, "check", "--no-ledger", "--network", "host", deck}
		if k.isolation != "" {
			args = append(args, "--isolation", k.isolation)
		}
		cmd := exec.Command(k.warden, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "TMPDIR="+temp, "HOME="+temp)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: k.credential}
		out, err := cmd.Output()
		if err != nil {
			k.t.Fatalf("%v: %s", err, out)
		}
		verdict, rest, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
		if verdict == "gone" {
			microseconds, err := strconv.Atoi(rest)
			if err != nil {
				k.t.Fatalf("%s", out)
			}
			took := time.Duration(microseconds) * time.Microsecond
			gone, sum, slowest = gone+1, sum+took, max(slowest, took)
		} else {
			survived++
			k.complain("after %v: %s", delay, out)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			folders++
			k.t.Errorf("killed after %v: %v are left behind, %v", delay, left, err)
		}
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			ports++
			k.complain("killed after %v: %s still answers", delay, address)
		}
	}
	isolation := k.isolation
	if isolation == "" {
		isolation = "the best"
	}
	fmt.Printf("kill: %s, isolation %s: %d SIGKILLs, %d runs left processes, %d a folder, %d a port; "+
		"the last process ended after %v on average, %v at the most\n",
		user, isolation, n, survived, folders, ports, (sum / time.Duration(max(gone, 1))).Round(100*time.Microsecond),
		slowest.Round(100*time.Microsecond))
}

// complain fails the test, but for the isolation that promises nothing.
func (k *killer) complain(format string, args ...any) {
	if k.isolation != "group" {
		k.t.Errorf(format, args...)
	}
}
