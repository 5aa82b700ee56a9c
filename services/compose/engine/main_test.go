package engine

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/net/proxy"
)

// commands are the names under which the test binary is started again: the services
// of the images in these tests, and an engine of its own.
var commands = []string{"web", "say", "stubborn", "reader", "server", "dial", "lookup"}

func TestMain(m *testing.M) {
	args := os.Args[1:]
	switch filepath.Base(os.Args[0]) {
	case "web":
		os.Exit(web())
	case "say":
		os.Exit(say(args))
	case "stubborn":
		os.Exit(stubborn())
	case "reader":
		os.Exit(readLines())
	case "server":
		server(args)
		os.Exit(1)
	case "dial":
		dialOnce(args[0])
		os.Exit(0)
	case "lookup":
		lookUp(args[0])
		os.Exit(0)
	case "engine":
		os.Exit(engineCommand(args))
	}
	goleak.VerifyTestMain(m)
}

// web serves on the listener that it was passed. "/" returns its host name, "/get?url=" the answer
// of another service through its proxy, "/env?name=" a variable.
func web() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if os.Getenv("LISTEN_FDS") != "1" || os.Getenv("LISTEN_FDNAMES") != "80" || os.Getenv("LISTEN_PID") != "" {
		fmt.Fprintln(os.Stderr, "no listener for port 80")
		return 1
	}
	l, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, os.Getenv("HOSTNAME"))
	})
	http.HandleFunc("/env", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, os.Getenv(r.FormValue("name")))
	})
	http.HandleFunc("/get", func(w http.ResponseWriter, r *http.Request) {
		body, err := getThroughProxy(r.Context(), r.FormValue("url"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		io.WriteString(w, body)
	})
	fmt.Fprintln(os.Stderr, "web is up")
	context.AfterFunc(ctx, func() { l.Close() })
	http.Serve(l, nil)
	fmt.Fprintln(os.Stderr, "web is down")
	return 0
}

func getThroughProxy(ctx context.Context, address string) (string, error) {
	u, err := url.Parse(os.Getenv("ALL_PROXY"))
	if err != nil {
		return "", err
	}
	dialer, err := proxy.SOCKS5("tcp", u.Host, nil, nil)
	if err != nil {
		return "", err
	}
	client := http.Client{Transport: &http.Transport{DialContext: dialer.(proxy.ContextDialer).DialContext, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, "GET", address, nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

// server opens the ports of its arguments by itself. "/" returns its host name, "/get?url=" the
// answer of another service, through a proxy if it has one.
func server(ports []string) {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		name, _ := os.Hostname()
		fmt.Fprintln(w, name)
	})
	http.HandleFunc("/get", func(w http.ResponseWriter, r *http.Request) {
		get := getDirectly
		if os.Getenv("ALL_PROXY") != "" {
			get = getThroughProxy
		}
		body, err := get(r.Context(), r.FormValue("url"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		io.WriteString(w, body)
	})
	over := make(chan error)
	for _, port := range ports {
		l, err := net.Listen("tcp", ":"+port)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		go func() { over <- http.Serve(l, nil) }()
	}
	fmt.Println("serving")
	fmt.Fprintln(os.Stderr, <-over)
}

func getDirectly(_ context.Context, address string) (string, error) {
	resp, err := http.Get(address)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

// dialOnce prints whether an address can be connected to.
func dialOnce(address string) {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		fmt.Println("no connection")
		return
	}
	conn.Close()
	fmt.Println("connected")
}

// lookUp prints the addresses of a name as Go's own resolver finds them, sorted.
func lookUp(name string) {
	r := net.Resolver{PreferGo: true}
	found, err := r.LookupHost(context.Background(), name)
	if err != nil {
		fmt.Println("unknown")
		return
	}
	slices.Sort(found)
	fmt.Println(strings.Join(found, " "))
}

// say does what its arguments say, one after the other: out:TEXT and err:TEXT write
// (\n is a newline), exit:N exits, kill:N sends itself a signal, wait waits for
// SIGTERM, background starts a child that holds the output and never ends, in its
// own session with "escape".
func say(args []string) int {
	term := make(chan os.Signal, 1)
	if slices.Contains(args, "wait") {
		signal.Notify(term, syscall.SIGTERM) // before anybody is told that it runs
	}
	for _, arg := range args {
		verb, text, _ := strings.Cut(arg, ":")
		text = strings.ReplaceAll(text, `\n`, "\n")
		n, _ := strconv.Atoi(text)
		switch verb {
		case "out":
			io.WriteString(os.Stdout, text)
		case "err":
			io.WriteString(os.Stderr, text)
		case "exit":
			return n
		case "kill":
			syscall.Kill(os.Getpid(), syscall.Signal(n))
			return forever()
		case "wait":
			<-term
		case "use": // so many megabytes of memory
			held := make([]byte, n<<20)
			for i := 0; i < len(held); i += os.Getpagesize() {
				held[i] = 1
			}
			fmt.Println("used", len(held))
		case "lines":
			for i := range n {
				fmt.Printf("line %0100d\n", i)
			}
		case "background", "escape":
			executable, err := os.Executable()
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
			cmd := exec.Command(executable)
			cmd.Args = []string{"stubborn"}
			cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: verb == "escape"}
			if err := cmd.Start(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
			fmt.Println("child", cmd.Process.Pid)
		}
	}
	return 0
}

// stubborn ignores SIGTERM.
func stubborn() int {
	signal.Ignore(syscall.SIGTERM)
	fmt.Println("stubborn is up")
	return forever()
}

// forever never returns. In a program without cgo an empty select is a deadlock that the
// runtime ends the program for; waiting for a signal is not.
func forever() int {
	never := make(chan os.Signal, 1)
	signal.Notify(never, syscall.SIGUSR2)
	for range never {
	}
	return 0
}

// readLines answers each line of its input and ends with it.
func readLines() int {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Printf("got %s\n", lines.Text())
	}
	fmt.Fprintln(os.Stderr, "end of input")
	return 7
}

// engineCommand is an engine as a process of its own.
func engineCommand(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	executable, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 4
	}
	return Main(ctx, args, Options{Executable: executable, Commands: commands}, os.Stdout, os.Stderr, os.Getenv)
}
