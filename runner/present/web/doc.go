// Package web is the face of a talk in the browser: the audience's view, the presenter's,
// a remote for the phone, and the list of commands for people who missed them.
//
// # The door
//
// A page that can type into a shell is worth attacking, and that it is on the loopback is
// no protection: every page that the same browser shows can send requests there, and a
// name that was made to point at 127.0.0.1 makes them look like our own. So there is one
// handler for everything ([Server.ServeHTTP], in door.go). It compares the Host with a
// list, then the Origin with the Host, then a secret with a digest of it; only then it
// looks into the one table of routes (routes.go), which says who may ask for each path.
//
// Every admitted browser has a seat. A seat is made by an invitation, a link that holds 256
// random bits and can be used once. It leaves a cookie of another 256 bits in the browser,
// for the path of that seat alone. Browsers send cookies to all ports of a host, and
// the application of the workshop is on one of them: it never gets ours, for it does not
// know the path.
//
// A seat is one of the audience, a remote, or a presenter's. Of the presenters one has
// the pen: that one alone types, runs, and allows. It is handed on by the one who has it,
// or with a link that the terminal has printed.
//
// A room has a short code besides (code.go), which makes seats of the audience. Seats, port and code
// outlive the process in a private file of digests (remember.go).
//
// # The stream
//
// A page gets one stream of server-sent events (stream.go). The first event holds the whole
// state, each further one the changes since the event before it. Nothing is queued for a
// page: a slow one misses states and gets the latest. A person's actions come as POST
// requests, each of which is a command of package present.
//
// # Slides and terminal
//
// Slides become HTML in html.go, from the tree that package markdown makes: only
// elements that are named there come out, with text that is escaped and addresses that
// were looked at. The terminal is text with looks (screen.js), never a byte as a program
// wrote it. The pages load nothing from elsewhere, and their policy forbids it.
package web
