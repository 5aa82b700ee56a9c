// Package engine is a container engine without containers: it speaks the part of
// the Docker Engine HTTP API that Compose and the docker command use, over any
// listener, and runs each "container" as a group of ordinary processes.
//
// # Images
//
// There are two images to build on. "scratch" is empty. "workshop" is this very
// binary under the names in [Options.Commands] (rng, hasher, …), found first on
// PATH, together with the programs of the machine. A Dockerfile may set what an
// image says about itself and COPY files of its context into it; anything that
// would have to be run to build an image is an error that says so. The files of an
// image are kept in one directory that all its containers share: there is no
// isolation of the file system, and an absolute path is looked up among the
// image's files only for the program to start.
//
// # Ports
//
// The engine opens a loopback listener for every port that a container exposes and
// hands it over as systemd's socket activation does: descriptors from 3 on,
// LISTEN_FDS their number, LISTEN_FDNAMES the container's ports in that order
// ("80:443"), no LISTEN_PID. No port is ever picked, closed and bound later, and
// none below 1024 is bound. A program that binds its port itself is not reached.
//
// Other containers are reached by service name, alias, container name, id or
// address through a SOCKS5 proxy on loopback, one for each container, given as
// ALL_PROXY=socks5h://127.0.0.1:PORT. It answers for the container's networks at
// the time of the request; several containers with one name take turns.
//
// Published ports are bound on 127.0.0.1 and, where there is one, on ::1, whatever
// address is shown.
//
// # Processes
//
// The main process of a container leads a session and a process group. When it
// ends, what is left of its group is killed. All are killed when the engine is
// closed; on Linux those that the engine started itself also die with an engine
// that is killed. Descendants that left the group are beyond its reach.
//
// The API is that of version 1.47, documented at
// https://docs.docker.com/reference/api/engine/version/v1.47/. Objects live as long
// as the engine. What is not understood is refused, never ignored.
package engine
