package web

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"workshop/runner/present"
)

// What outlives the process are digests, in a private file; a seat is valid behind the same door, and
// the pen is where it was.
func TestSeatsOutliveTheServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "talks", "x.seats")
	h := openRoom(t, plainDeck, present.Options{}, Options{Seats: file, Room: true})
	link := h.server.Invite(Remote) // is not used
	guests := []*guest{h.guest(Audience), h.guest(Remote), h.guest(Presenter)}
	code, host := h.server.Room(), h.server.Hosts()[0]
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info, err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range guests {
		if strings.Contains(string(data), g.cookie.Value) {
			t.Errorf("a secret is in the file: %s", data)
		}
	}
	if strings.Contains(string(data), link[strings.LastIndex(link, "/")+1:]) {
		t.Errorf("a link is in the file: %s", data)
	}

	// Meanwhile another talk of the deck has seats of its own.
	other, err := Open(t.Context(), h.Talk, Options{Seats: file})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Warning(); err == nil || !strings.Contains(err.Error(), "presented elsewhere") || other.Hosts()[0] == host {
		t.Errorf("%v %v", err, other.Hosts())
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}

	if err := h.server.Close(); err != nil {
		t.Fatal(err)
	}
	if h.server, err = Open(t.Context(), h.Talk, Options{Seats: file, Room: true}); err != nil {
		t.Fatal(err)
	}
	if h.server.Hosts()[0] != host || h.server.Room() != code || h.server.Warning() != nil {
		t.Errorf("%v %s, was %s %s: %v", h.server.Hosts(), h.server.Room(), host, code, h.server.Warning())
	}
	client.CloseIdleConnections() // those to the server that has ended
	for i, want := range []int{403, 204, 204} {
		if resp, _ := guests[i].ask("POST", "do", `{"do":"next"}`, nil); resp.StatusCode != want {
			t.Errorf("%d: %s, want %d", i, resp.Status, want)
		}
		wrong := &http.Cookie{Name: cookieName, Value: strings.Repeat("A", 43)}
		if resp, _ := ask(t, "GET", guests[i].place, "", func(r *http.Request) { r.AddCookie(wrong) }); resp.StatusCode != 401 {
			t.Errorf("%d: a wrong secret: %s", i, resp.Status)
		}
	}
	if resp, _ := ask(t, "POST", link, "", nil); resp.StatusCode != 401 {
		t.Errorf("the remote's link outlives its process: %s", resp.Status)
	}
	if err := h.server.Close(); err != nil {
		t.Fatal(err)
	}
	if h.server, err = Open(t.Context(), h.Talk, Options{Seats: file, Room: true, Empty: true}); err != nil {
		t.Fatal(err)
	}
	if resp, _ := guests[2].ask("GET", "", "", nil); resp.StatusCode != 401 || h.server.Room() == code {
		t.Errorf("nobody was to be let in: %s, code %s", resp.Status, h.server.Room())
	}
}

// The code lets in the audience, and cannot be guessed.
func TestRoomCode(t *testing.T) {
	h := openRoom(t, plainDeck, present.Options{}, Options{Room: true})
	link := h.server.Room()
	at := strings.LastIndex(link, "/") + 1
	for _, typed := range []string{link, link[:at] + strings.ToUpper(link[at:])} {
		if resp, body := ask(t, "GET", typed, "", nil); resp.StatusCode != 200 || !strings.Contains(body, "Come in") {
			t.Errorf("%s: %s", typed, resp.Status)
		}
		resp, _ := ask(t, "POST", typed, "", nil)
		if resp.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %s", typed, resp.Status)
		}
		g := &guest{h, link[:at-1] + resp.Header.Get("Location"), resp.Cookies()[0]}
		if resp, body := g.ask("GET", "", "", nil); resp.StatusCode != 200 || !strings.Contains(body, `data-role="audience"`) {
			t.Errorf("%s: %s", resp.Status, body)
		}
	}
	for _, change := range []func(*http.Request){
		func(r *http.Request) { r.Host = "evil.example" },
		func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") },
		func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
	} {
		if resp, _ := ask(t, "POST", link, "", change); resp.StatusCode != 403 {
			t.Errorf("from elsewhere: %s", resp.Status)
		}
	}
	for _, path := range []string{"/", "/x", "/log", "/do"} { // the code is no seat
		if resp, _ := ask(t, "GET", link+path, "", nil); resp.StatusCode != 401 {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	for i := range maxWrong {
		if resp, _ := ask(t, "GET", fmt.Sprintf("%szzzz%02d", link[:at], i), "", nil); resp.StatusCode != 401 {
			t.Fatalf("wrong code %d: %s", i, resp.Status)
		}
	}
	if resp, _ := ask(t, "GET", link, "", nil); resp.StatusCode != 429 {
		t.Errorf("after %d wrong codes: %s", maxWrong, resp.Status)
	}
	plain := openRoom(t, plainDeck, present.Options{}, Options{})
	if resp, _ := ask(t, "GET", "http://"+plain.server.Hosts()[0]+"/zzzz00", "", nil); resp.StatusCode != 401 || plain.server.Room() != "" {
		t.Errorf("a code without a room: %s", resp.Status)
	}
}

func TestGuesses(t *testing.T) {
	var g guesses
	now := time.Now()
	for range maxWrong {
		g.wrong("192.0.2.7:1", now)
	}
	if g.allowed("192.0.2.7:99", now) || !g.allowed("192.0.2.9:1", now) {
		t.Error("one address is not counted by itself")
	}
	later := now.Add(3 * forgiven)
	for range 3 {
		if !g.allowed("192.0.2.7:99", later) {
			t.Error("not one guess for each time that has passed")
		}
		g.wrong("192.0.2.7:99", later)
	}
	if g.allowed("192.0.2.7:99", later) {
		t.Error("more than one guess for each time that has passed")
	}
	for i := range 2 * maxGuesser {
		if from := fmt.Sprintf("[2001:db8::%x]:1", i); g.allowed(from, now) {
			g.wrong(from, now)
		}
	}
	if len(g.of) > maxGuesser {
		t.Errorf("%d addresses are remembered", len(g.of))
	}
}
