package web

import (
	"crypto/rand"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxBody is how much a request may hold: a paste.
const maxBody = 128 << 10

// ServeHTTP is the one way in. It refuses every request that is not for a name of the server
// (Host), from a page of the server (Origin), and with one of its secrets. A request without a
// secret learns nothing, not even which routes there are.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		return
	}
	defer s.visits.Done()
	v := &visit{Server: s, w: w, r: r, nonce: secret()}
	v.headers()
	if !slices.Contains(s.hosts, r.Host) {
		v.refuse(http.StatusForbidden, "This is not an address of this talk.")
		return
	}
	if !v.fromHere() {
		v.refuse(http.StatusForbidden, "This request comes from another page.")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	place, rest, deeper := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	var found bool
	switch {
	case place == joins:
		v.invitation, found = s.seats.invitation(rest)
		rest = joins + "/"
	case len(place) == codeLength && !deeper:
		var ok bool
		if v.invitation, found, ok = s.seats.byCode(place, r.RemoteAddr, time.Now()); !ok {
			v.refuse(http.StatusTooManyRequests, "There were too many wrong codes from here: wait a minute.")
			return
		}
		rest = joins + "/"
	default:
		var given []string
		for _, c := range r.CookiesNamed(cookieName) {
			given = append(given, c.Value)
		}
		v.seat, found = s.seats.find(place, given)
	}
	if !found {
		v.refuse(http.StatusUnauthorized, "This needs an invitation that was not used yet: ask whoever presents for a link.")
		return
	}
	v.route(rest)
}

// visit is one request that is being answered.
type visit struct {
	*Server
	w          http.ResponseWriter
	r          *http.Request
	nonce      string
	seat       *seat       // whose it is
	invitation *invitation // that is being accepted, in place of a seat
	rest       string      // of the path, behind that of the route
}

// fromHere reports whether a request comes from one of our pages, or from the address
// bar. Browsers leave Origin out of requests that only look, and name another page
// there, or null, otherwise. A link to an invitation may be followed from anywhere.
func (v *visit) fromHere() bool {
	origins := v.r.Header.Values("Origin")
	looks := v.r.Method == http.MethodGet
	switch {
	case len(origins) > 1, len(origins) == 0 && !looks:
		return false
	case len(origins) == 1 && origins[0] != "http://"+v.r.Host:
		return false
	}
	switch v.r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return true
	}
	return looks && strings.HasPrefix(v.r.URL.Path, "/"+joins+"/") &&
		v.r.Header.Get("Sec-Fetch-Mode") == "navigate" && v.r.Header.Get("Sec-Fetch-Dest") == "document"
}

// headers are those of every answer, refusals too.
func (v *visit) headers() {
	h := v.w.Header()
	nonce := "'nonce-" + v.nonce + "'"
	h.Set("Content-Security-Policy", strings.Join([]string{
		"default-src 'none'", "script-src " + nonce, "style-src " + nonce, "img-src 'self'", "connect-src 'self'",
		"form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
		"require-trusted-types-for 'script'", "trusted-types slide",
	}, "; "))
	// Of the address no more than the origin: with no-referrer a form would say null.
	h.Set("Referrer-Policy", "strict-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cache-Control", "no-store")
}

// refuse says no in plain words.
func (v *visit) refuse(status int, why string) {
	v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = io.WriteString(v.w, why+"\n")
}

// secret is 256 random bits.
func secret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hosts are the values of Host, with the port, that a server on an address answers to.
func hosts(bound *net.TCPAddr, names []string) []string {
	_, port, _ := net.SplitHostPort(bound.String())
	if bound.IP.IsLoopback() {
		names = append([]string{bound.IP.String(), "localhost"}, names...)
	} else if !bound.IP.IsUnspecified() {
		names = append([]string{bound.IP.String()}, names...)
	}
	var all []string
	for _, name := range names {
		host := net.JoinHostPort(strings.ToLower(strings.Trim(name, "[]")), port)
		all = append(all, host)
		if port == "80" {
			all = append(all, strings.TrimSuffix(host, ":80"))
		}
	}
	return all
}
