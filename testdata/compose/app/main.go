// Command app stands in for a service of the sample application: it logs a few
// lines as that service does and then waits until it is told to end.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

var lines = map[string][]string{
	"rng": {
		`172.18.0.6 - - [23/Nov/2026 09:20:31] "GET /32 HTTP/1.1" 200 -`,
		`172.18.0.6 - - [23/Nov/2026 09:20:31] "GET /32 HTTP/1.1" 200 -`,
	},
	"hasher": {
		`172.18.0.6 - - [23/Nov/2026:09:20:30 +0000] "POST / HTTP/1.1" 200 64 0.1004`,
		`172.18.0.6 - - [23/Nov/2026:09:20:31 +0000] "POST / HTTP/1.1" 200 64 0.1003`,
	},
	"webui": {"WEBUI running on port 80"},
	"redis": {"Ready to accept connections"},
	"worker": {
		"INFO:__main__:Coin found: 06b9f1d8...",
		"INFO:__main__:4 units of work done, updating hash counter",
	},
}

func main() {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	role := "stubborn"
	if len(os.Args) > 1 {
		role = os.Args[1]
	}
	switch role {
	case "exit":
		status, _ := strconv.Atoi(os.Args[2])
		fmt.Println("exiting with", status)
		os.Exit(status)
	case "args":
		fmt.Println(os.Args[2:])
		fmt.Fprintln(os.Stderr, os.Getenv("GREETING"))
		return
	case "plain": // a server that knows the usual variable only
		plain(os.Args[2:])
		return
	case "lookup": // the addresses of names, as Go's own resolver finds them
		for _, name := range os.Args[2:] {
			found, _ := (&net.Resolver{PreferGo: true}).LookupHost(context.Background(), name)
			fmt.Println(name, strings.Join(found, " "))
		}
		return
	case "cat":
		b := make([]byte, 64)
		for {
			n, err := os.Stdin.Read(b)
			os.Stdout.Write(b[:n])
			if err != nil {
				return
			}
		}
	}
	for _, line := range lines[role] {
		if role == "worker" || role == "rng" {
			fmt.Fprintln(os.Stderr, line)
		} else {
			fmt.Println(line)
		}
	}
	if role == "stubborn" {
		fmt.Println("not ending")
		for {
			<-end
		}
	}
	<-end
}

// plain answers each connection with its arguments.
func plain(args []string) {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	l, err := net.Listen("tcp", ":"+port)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("plain on", port)
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		var request [512]byte
		_, _ = conn.Read(request[:])
		fmt.Fprintf(conn, "HTTP/1.0 200 OK\r\n\r\n%s", strings.Join(append([]string{"plain", os.Getenv("WHO")}, args...), " "))
		conn.Close()
	}
}
