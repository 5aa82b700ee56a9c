package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"workshop/runner/present"
)

// guest is a seat, without a browser.
type guest struct {
	*room
	place  string // http://HOST/SEAT/
	cookie *http.Cookie
}

var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// ask sends a request, and returns the status and the body.
func ask(t *testing.T, method, url, body string, change func(*http.Request)) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Origin", "http://"+r.Host)
		r.Header.Set("Content-Type", "application/json")
	}
	if change != nil {
		change(r)
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("Content-Type") == "text/event-stream" {
		line, _ := bufio.NewReader(resp.Body).ReadString('\n')
		return resp, line
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(data)
}

func (r *room) guest(role Role) *guest {
	r.t.Helper()
	link := r.server.Invite(role)
	resp, _ := ask(r.t, "POST", link, "", nil)
	if resp.StatusCode != http.StatusSeeOther || len(resp.Cookies()) != 1 {
		r.t.Fatalf("%s: %s", link, resp.Status)
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(link, "http://"), "/")
	return &guest{r, "http://" + host + resp.Header.Get("Location"), resp.Cookies()[0]}
}

func (g *guest) ask(method, path, body string, change func(*http.Request)) (*http.Response, string) {
	g.t.Helper()
	return ask(g.t, method, g.place+path, body, func(r *http.Request) {
		r.AddCookie(g.cookie)
		if change != nil {
			change(r)
		}
	})
}

const plainDeck = "# One\n\n.exercise[\n```bash\necho marco\n```\n]\n\n---\n\n# Two\n\n![a picture](shown.png)\n"

// Every route is closed to whoever has no token, comes from another page, or by another
// name. The routes are those of the table, which is the only one there is.
func TestEveryRouteIsBehindTheDoor(t *testing.T) {
	h := openRoom(t, plainDeck, present.Options{Yes: true}, Options{Resizes: true})
	for _, role := range []Role{Audience, Remote, Presenter} {
		g := h.guest(role)
		for _, route := range routes() {
			url := g.place + route.path
			if route.path == joins+"/" {
				url = h.server.Invite(role)
			}
			foreign := func(origin string) func(*http.Request) {
				return func(r *http.Request) { r.AddCookie(g.cookie); r.Header.Set("Origin", origin) }
			}
			host := strings.Split(url, "/")[2]
			port := host[strings.LastIndex(host, ":"):]
			wrong := strings.Repeat("A", 43)
			tests := []struct {
				name   string
				change func(*http.Request)
				want   int
			}{
				{"no token", nil, 401},
				{"a wrong token", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookieName, Value: wrong}) }, 401},
				{"a foreign origin", foreign("http://evil.example"), 403},
				{"the origin of another port", foreign("http://127.0.0.1:1"), 403},
				{"https", foreign("https://" + host), 403},
				{"null", foreign("null"), 403},
				{"two origins", func(r *http.Request) { r.AddCookie(g.cookie); r.Header["Origin"] = []string{"http://" + host, "null"} }, 403},
				{"another site, as the browser says", func(r *http.Request) {
					r.AddCookie(g.cookie)
					r.Header.Set("Sec-Fetch-Site", "cross-site")
				}, 403},
				{"another port, as the browser says", func(r *http.Request) {
					r.AddCookie(g.cookie)
					r.Header.Set("Sec-Fetch-Site", "same-site")
				}, 403},
				{"a rebound host", func(r *http.Request) {
					r.AddCookie(g.cookie)
					r.Host = "evil.example" + port
					if route.method == "POST" {
						r.Header.Set("Origin", "http://evil.example"+port)
					}
				}, 403},
				{"no port", func(r *http.Request) { r.AddCookie(g.cookie); r.Host = "127.0.0.1" }, 403},
				{"another port", func(r *http.Request) { r.AddCookie(g.cookie); r.Host = "127.0.0.1:1" }, 403},
			}
			for _, tt := range tests {
				at := url
				if route.path == joins+"/" && tt.want == 401 {
					at = strings.TrimSuffix(url, url[strings.LastIndex(url, "/")+1:]) + wrong // the link is the token
				}
				resp, body := ask(t, route.method, at, "{}", tt.change)
				if resp.StatusCode != tt.want {
					t.Errorf("%s, %s %q, %s: %s", role, route.method, route.path, tt.name, resp.Status)
				}
				for name := range resp.Header {
					if strings.HasPrefix(name, "Access-Control-") || name == "Set-Cookie" {
						t.Errorf("%s %q, %s: %s", route.method, route.path, tt.name, name)
					}
				}
				if strings.Contains(body, "One") {
					t.Errorf("%s %q, %s: the deck is in the answer", route.method, route.path, tt.name)
				}
			}
			if route.method == "POST" { // no origin at all
				if resp, _ := g.ask("POST", route.path, "{}", func(r *http.Request) { r.Header.Del("Origin") }); resp.StatusCode != 403 {
					t.Errorf("%s %q without an origin: %s", role, route.path, resp.Status)
				}
			}
		}
	}
	if s := h.State(); s.Slide != 0 || len(s.Log) != 0 || s.Terminal != nil {
		t.Errorf("something was done: slide %d, %d steps, terminal %v", s.Slide, len(s.Log), s.Terminal)
	}
}

// What each seat may do, and that nothing is done by looking.
func TestWhoMayDoWhat(t *testing.T) {
	h := openRoom(t, plainDeck, present.Options{Yes: true}, Options{Resizes: true})
	audience, remote, presenter := h.guest(Audience), h.guest(Remote), h.guest(Presenter)
	for _, verb := range []present.Verb{
		present.VerbNext, present.VerbPrev, present.VerbGoto, present.VerbSearch, present.VerbSelect, present.VerbMove,
		present.VerbRun, present.VerbForward, present.VerbContinue, present.VerbStop, present.VerbAgain, present.VerbSkip,
		present.VerbDismiss, present.VerbFresh, present.VerbShell, present.VerbInput, present.VerbKey, present.VerbPaste,
		present.VerbResize, present.VerbToggle, present.VerbAllow, present.VerbRefuse, present.VerbLink, present.VerbClock,
		present.VerbReload, present.VerbReplay,
	} {
		body := fmt.Sprintf(`{"do":%q,"text":"one","what":"x"}`, verb)
		if resp, _ := audience.ask("POST", "do", body, nil); resp.StatusCode != 403 {
			t.Errorf("the audience may %s: %s", verb, resp.Status)
		}
		want := 403
		switch verb {
		case present.VerbNext, present.VerbPrev, present.VerbRun, present.VerbStop, present.VerbAgain, present.VerbSkip,
			present.VerbReplay, present.VerbForward:
			want = 204
		}
		if resp, _ := remote.ask("POST", "do", body, nil); resp.StatusCode != want {
			t.Errorf("the remote may %s: %s, want %d", verb, resp.Status, want)
		}
		want = 204
		if verb == present.VerbLink {
			want = 403
		}
		if resp, _ := presenter.ask("POST", "do", body, nil); resp.StatusCode != want {
			t.Errorf("the presenter may %s: %s, want %d", verb, resp.Status, want)
		}
	}
	for text, want := range map[string]int{"blank": 204, "verify": 403, "hidden": 403, "typing": 403, "figures": 403, "notes": 403, "": 403} {
		if resp, _ := remote.ask("POST", "do", fmt.Sprintf(`{"do":"toggle","text":%q}`, text), nil); resp.StatusCode != want {
			t.Errorf("the remote may switch %q: %s, want %d", text, resp.Status, want)
		}
	}
	for _, g := range []*guest{audience, remote, presenter} {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS"} {
			if resp, _ := g.ask(method, "do", `{"do":"next"}`, nil); resp.StatusCode != 405 && resp.StatusCode != 403 {
				t.Errorf("%s do: %s", method, resp.Status)
			}
		}
	}
	for _, path := range []string{"invite", "hand"} {
		for _, g := range []*guest{audience, remote} {
			if resp, _ := g.ask("POST", path, `{"role":"presenter"}`, nil); resp.StatusCode != 403 {
				t.Errorf("%s: %s", path, resp.Status)
			}
		}
	}
	for body, want := range map[string]int{
		`{"do":"next"`: 400, `{"do":"next","more":1}`: 400, `{"do":"input","text":"` + strings.Repeat("x", maxBody) + `"}`: 400,
		`{"do":"run"}`: 400, `{"do":"quit"}`: 403,
	} {
		if resp, _ := presenter.ask("POST", "do", body, nil); resp.StatusCode != want {
			t.Errorf("%.30s: %s, want %d", body, resp.Status, want)
		}
	}
	plain := func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }
	if resp, _ := presenter.ask("POST", "do", "do=next", plain); resp.StatusCode != 415 {
		t.Errorf("a form: %s", resp.Status)
	}
}

// One presenter writes. The pen goes from hand to hand, and is never taken by a link that
// another page has made.
func TestOneHasThePen(t *testing.T) {
	h := openRoom(t, plainDeck, present.Options{Yes: true}, Options{})
	first := h.guest(Presenter)
	_, body := first.ask("POST", "invite", `{"role":"presenter"}`, nil)
	var made struct{ URL string }
	if err := json.Unmarshal([]byte(body), &made); err != nil {
		t.Fatal(err)
	}
	resp, _ := ask(t, "POST", made.URL, "", nil)
	host := strings.TrimSuffix(first.place, strings.Split(first.place, "/")[3]+"/")
	second := &guest{h, host + strings.TrimPrefix(resp.Header.Get("Location"), "/"), resp.Cookies()[0]}
	next := `{"do":"next"}`
	status := func(g *guest, path, body string) int { r, _ := g.ask("POST", path, body, nil); return r.StatusCode }
	if got := status(second, "do", next); got != 403 {
		t.Errorf("the second presenter writes: %d", got)
	}
	if got := status(second, "hand", `{"to":"`+strings.Split(second.place, "/")[3]+`"}`); got != 403 {
		t.Errorf("the second presenter takes the pen: %d", got)
	}
	if got := status(first, "hand", `{"to":"`+strings.Split(second.place, "/")[3]+`"}`); got != 204 {
		t.Errorf("hand over: %d", got)
	}
	if a, b := status(first, "do", next), status(second, "do", next); a != 403 || b != 204 {
		t.Errorf("after the pen was handed over: %d, %d", a, b)
	}
	if resp, _ := ask(t, "POST", made.URL, "", nil); resp.StatusCode != 401 {
		t.Errorf("the invitation works twice: %s", resp.Status)
	}
	third := h.guest(Presenter) // with a link of the terminal's
	if a, b := status(second, "do", next), status(third, "do", next); a != 403 || b != 204 {
		t.Errorf("after the terminal has given the pen: %d, %d", a, b)
	}
}

// Whoever has the audience's link cannot keep those out who lead.
func TestTheAudienceLeavesSeats(t *testing.T) {
	s := newSeats(func() {})
	find := func(role Role) *invitation {
		i, ok := s.invitation(s.invite(role, 2*maxSeats, false))
		if !ok {
			t.Fatal("the invitation is gone")
		}
		return i
	}
	audience, presenter := find(Audience), find(Presenter)
	n := 0
	for ; n <= maxSeats; n++ {
		if _, _, err := s.accept(audience); err != nil {
			break
		}
	}
	if n != maxSeats-ahead {
		t.Errorf("%d of the audience have seats", n)
	}
	for n = 0; n <= maxSeats; n++ {
		if _, _, err := s.accept(presenter); err != nil {
			break
		}
	}
	if n != ahead {
		t.Errorf("%d presenters have seats", n)
	}
}

// What comes with every answer, refusals too, and the cookie.
func TestHeaders(t *testing.T) {
	h := openRoom(t, plainDeck, present.Options{}, Options{})
	link := h.server.Invite(Presenter)
	if token := link[strings.LastIndex(link, "/")+1:]; len(token) != 43 { // 256 bits
		t.Errorf("a token of %d characters", len(token))
	}
	for range 2 { // looking does not use it
		if resp, body := ask(t, "GET", link, "", nil); resp.StatusCode != 200 || strings.Contains(body, link[strings.LastIndex(link, "/"):]) {
			t.Errorf("%s\n%s", resp.Status, body)
		}
	}
	resp, _ := ask(t, "POST", link, "", nil)
	c := resp.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != resp.Header.Get("Location") || len(c.Value) != 43 || c.Domain != "" {
		t.Errorf("cookie %v for %s", c, resp.Header.Get("Location"))
	}
	if strings.Contains(resp.Header.Get("Location"), c.Value) {
		t.Error("the token is in the address")
	}
	g := h.guest(Presenter)
	nonces := map[string]bool{}
	for _, path := range []string{"", "audience", "missed", "print", "asset/link.js", "nothing", "do"} {
		resp, body := g.ask("GET", path, "", nil)
		policy := resp.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'nonce-", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%q: policy %q", path, policy)
			}
		}
		if strings.Contains(policy, "unsafe") || nonces[policy] {
			t.Errorf("%q: policy %q", path, policy)
		}
		nonces[policy] = true
		for name, want := range map[string]string{
			"Referrer-Policy": "strict-origin", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
			"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%q: %s: %q", path, name, got)
			}
		}
		if strings.Contains(body, g.cookie.Value) || strings.Contains(body, "style=") ||
			strings.Contains(body, " on") && strings.Contains(body, "onclick=") {
			t.Errorf("%q: %s", path, body)
		}
	}
}

// Pictures are those of the deck.
func TestPicturesAreConfined(t *testing.T) {
	h := openRoom(t, plainDeck, present.Options{}, Options{})
	h.write("shown.png", "a picture")
	h.write("secret.txt", "a secret")
	g := h.guest(Audience)
	if resp, body := g.ask("GET", "file/shown.png", "", nil); resp.StatusCode != 200 || body != "a picture" ||
		resp.Header.Get("Content-Type") != "image/png" ||
		!strings.Contains(resp.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%s %v %q", resp.Status, resp.Header, body)
	}
	for _, path := range []string{
		"file/secret.txt", "file/deck.md", "file/../shown.png", "file/%2e%2e/shown.png", "file//etc/passwd.png",
		"file/x/../../shown.png", "file/", "file/none.png", "asset/../doc.go", "asset/%2e%2e/doc.go", "asset/join.html",
	} {
		if resp, _ := g.ask("GET", path, "", nil); resp.StatusCode != 404 {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
}

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"": "127.0.0.1:0", "8080": "127.0.0.1:8080", ":8080": "127.0.0.1:8080", "127.0.0.1": "127.0.0.1:0", "192.0.2.7:80": "192.0.2.7:80",
		"[::1]:99": "[::1]:99", "0.0.0.0:99": "0.0.0.0:99",
	} {
		if got, err := address(in); err != nil || got != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	if got, err := address("localhost:http"); err == nil {
		t.Errorf("a name for a port: %q", got)
	}
	h := openRoom(t, plainDeck, present.Options{}, Options{})
	if s, err := Open(context.WithoutCancel(t.Context()), h.Talk, Options{Addr: "0.0.0.0:0"}); err == nil ||
		!strings.Contains(err.Error(), "say by which name (--web-host)") {
		t.Errorf("%v %v", s, err)
	}
	s, err := Open(t.Context(), h.Talk, Options{Addr: "0.0.0.0:0", Hosts: []string{"here.example"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, port, _ := strings.Cut(s.Hosts()[0], ":")
	link := s.Invite(Audience)
	if !s.Shared() || !strings.HasPrefix(link, "http://here.example:"+port+"/join/") {
		t.Errorf("%s", link)
	}
	for range 3 { // it is for the room
		resp, _ := ask(t, "POST", strings.Replace(link, "here.example", "127.0.0.1", 1), "", func(r *http.Request) {
			r.Host = "here.example:" + port
			r.Header.Set("Origin", "http://here.example:"+port)
		})
		if resp.StatusCode != 303 {
			t.Errorf("%s", resp.Status)
		}
	}
}
