package engine

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// client is an HTTP client of an engine on a unix socket.
type client struct {
	t      testing.TB
	socket string
	http   *http.Client
}

// patience is how long anything in these tests may take that is waited for.
const patience = 20 * time.Second

// startEngine serves a new engine until the end of the test.
func startEngine(t testing.TB) *client {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: the path of a unix socket has to be short.
	dir, err := os.MkdirTemp("", "engine")
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Options{Executable: executable, Commands: commands, State: dir, Env: []string{"HOME=" + dir}})
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- e.Serve(ctx, l) }()
	c := newClient(t, socket)
	t.Cleanup(func() {
		c.http.CloseIdleConnections()
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := e.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != 0 {
			t.Errorf("left in the state directory: %v %v", left, err)
		}
		os.RemoveAll(dir)
	})
	return c
}

func newClient(t testing.TB, socket string) *client {
	return &client{t, socket, &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}}
}

// try makes a request of "METHOD /path" and returns the answer's status and body.
func (c *client) try(request string, body any) (int, string) {
	c.t.Helper()
	resp := c.open(request, body)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatalf("%s: %v", request, err)
	}
	return resp.StatusCode, string(b)
}

func (c *client) open(request string, body any) *http.Response {
	c.t.Helper()
	method, path, _ := strings.Cut(request, " ")
	var r io.Reader
	switch body := body.(type) {
	case nil:
	case io.Reader:
		r = body
	case string:
		r = strings.NewReader(body)
	default:
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, "http://engine"+path, r)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatalf("%s: %v", request, err)
	}
	return resp
}

// do makes a request that must succeed.
func (c *client) do(request string, body any) string {
	c.t.Helper()
	status, answer := c.try(request, body)
	if status >= 400 {
		c.t.Fatalf("%s: %d %s", request, status, answer)
	}
	return answer
}

// get decodes an answer.
func get[T any](c *client, request string, body any) T {
	c.t.Helper()
	var v T
	answer := c.do(request, body)
	if err := json.Unmarshal([]byte(answer), &v); err != nil {
		c.t.Fatalf("%s: %v in %s", request, err, answer)
	}
	return v
}

// message is the text of an error's answer.
func message(answer string) string {
	var m struct{ Message string }
	if json.Unmarshal([]byte(answer), &m) != nil {
		return answer
	}
	return m.Message
}

type object map[string]any

// create makes a container of the image "workshop", with more fields if given.
func (c *client) create(name string, argv []string, more ...object) string {
	c.t.Helper()
	config := object{"Image": "workshop", "Cmd": argv}
	for _, m := range more {
		for k, v := range m {
			config[k] = v
		}
	}
	return get[struct{ ID string }](c, "POST /containers/create?name="+name, config).ID
}

// start makes and starts a container.
func (c *client) start(name string, argv []string, more ...object) string {
	c.t.Helper()
	id := c.create(name, argv, more...)
	c.do("POST /containers/"+id+"/start", nil)
	return id
}

// wait waits for a container's end and returns its status.
func (c *client) wait(id string) int {
	c.t.Helper()
	return get[struct{ StatusCode int }](c, "POST /containers/"+id+"/wait", nil).StatusCode
}

// details are the fields of an inspected container that the tests read.
type details struct {
	Name  string
	State struct {
		Status, Error         string
		Running, Paused       bool
		OOMKilled             bool
		Restarting            bool
		ExitCode, Pid         int
		StartedAt, FinishedAt time.Time
		Health                *struct{ Status string }
	}
	RestartCount    int
	Config          config
	HostConfig      map[string]json.RawMessage
	ExecIDs         []string
	NetworkSettings struct {
		Ports    map[string][]portBinding
		Networks map[string]endpointSettings
	}
}

func (c *client) inspect(id string) details {
	c.t.Helper()
	return get[details](c, "GET /containers/"+id+"/json", nil)
}

// logs returns a container's log, each frame as "1 line", or as it is.
func (c *client) logs(id, query string) string {
	c.t.Helper()
	resp := c.open("GET /containers/"+id+"/logs?"+query, nil)
	defer resp.Body.Close()
	return frames(c.t, resp.Body)
}

// frames reads a multiplexed stream to its end.
func frames(t testing.TB, r io.Reader) string {
	t.Helper()
	var b strings.Builder
	for {
		stream, data, err := frame(r)
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%d %s", stream, data)
	}
}

func frame(r io.Reader) (byte, string, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, "", err
	}
	data := make([]byte, binary.BigEndian.Uint32(head[4:]))
	_, err := io.ReadFull(r, data)
	return head[0], string(data), err
}

// lines follows a stream frame by frame; it ends with the test.
type follower struct {
	t testing.TB
	r io.ReadCloser
}

func (c *client) follow(id, query string) *follower {
	c.t.Helper()
	resp := c.open("GET /containers/"+id+"/logs?follow=1&"+query, nil)
	if resp.StatusCode != 200 {
		c.t.Fatalf("follow: %s", resp.Status)
	}
	c.t.Cleanup(func() { resp.Body.Close() })
	return &follower{c.t, resp.Body}
}

// until reads until a line holds a text, and returns the line.
func (f *follower) until(text string) string {
	f.t.Helper()
	limit := time.AfterFunc(patience, func() { f.r.Close() })
	defer limit.Stop()
	for {
		_, line, err := frame(f.r)
		if err != nil {
			f.t.Fatalf("no %q in the log: %v", text, err)
		}
		if strings.Contains(line, text) {
			return strings.TrimSuffix(line, "\n")
		}
	}
}

// running makes a container, starts it and waits for a line of its log.
func (c *client) running(name, line string, argv []string, more ...object) string {
	c.t.Helper()
	id := c.start(name, argv, more...)
	c.follow(id, "stdout=1&stderr=1").until(line)
	return id
}

// hijacked is a raw connection after an upgrade.
type hijacked struct {
	net.Conn
	r *bufio.Reader
}

func (c *client) hijack(request, body string) *hijacked {
	c.t.Helper()
	method, path, _ := strings.Cut(request, " ")
	conn, err := net.Dial("unix", c.socket)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn,
		"%s %s HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		method, path, len(body), body)
	h := &hijacked{conn, bufio.NewReader(conn)}
	resp, err := http.ReadResponse(h.r, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close() // of an answer without one, or of an error's
	if resp.StatusCode != http.StatusSwitchingProtocols {
		b, _ := io.ReadAll(resp.Body)
		c.t.Fatalf("%s: %s %s", request, resp.Status, b)
	}
	return h
}

// watch returns a function that waits for the next event whose "type action name"
// has a beginning.
func (c *client) watch(query string) func(beginning string) event {
	c.t.Helper()
	resp := c.open("GET /events?"+query, nil)
	c.t.Cleanup(func() { resp.Body.Close() })
	d := json.NewDecoder(resp.Body)
	return func(beginning string) event {
		c.t.Helper()
		limit := time.AfterFunc(patience, func() { resp.Body.Close() })
		defer limit.Stop()
		for {
			var ev event
			if err := d.Decode(&ev); err != nil {
				c.t.Fatalf("no event %q: %v", beginning, err)
			}
			if strings.HasPrefix(ev.Type+" "+ev.Action+" "+ev.Actor.Attributes["name"], beginning) {
				return ev
			}
		}
	}
}

// fetch gets a page over a published port.
func fetch(t testing.TB, address string) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	resp, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// publish is the HostConfig that publishes port 80 on a free port.
var publish = object{
	"ExposedPorts": object{"80/tcp": object{}},
	"HostConfig":   object{"PortBindings": object{"80/tcp": []object{{"HostPort": ""}}}},
}

// address is where port 80 of a container is published.
func (c *client) address(id string) string {
	c.t.Helper()
	bindings := c.inspect(id).NetworkSettings.Ports["80/tcp"]
	if len(bindings) == 0 {
		c.t.Fatalf("port 80 of %s is not published", id)
	}
	return "http://127.0.0.1:" + bindings[0].HostPort
}

func query(filters object) string {
	b, err := json.Marshal(filters)
	if err != nil {
		panic(err)
	}
	return "filters=" + url.QueryEscape(string(b))
}
