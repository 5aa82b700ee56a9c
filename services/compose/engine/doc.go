// Package engine is a container engine without containers. It serves the part of the
// Docker Engine HTTP API that Compose and the docker command use, on any listener, and
// runs each "container" as a group of ordinary processes.
//
// # Images
//
// There are two images to build on. "scratch" is empty. "workshop" is this binary under
// the names in [Options.Commands] (rng, hasher, …), which come first on PATH, together
// with the programs of the machine. A Dockerfile may set the configuration of an image
// and COPY files of its context into it. An instruction that would have to run a program
// is an error. The files of an image are in one directory that all its containers share:
// the file system is not isolated. An absolute path is looked up among the image's files
// only for the program to start.
//
// # Networks
//
// On Linux, if [Options.Network] asks for it and the system allows it, each container has a network
// namespace of its own. A bridge for each network connects its members; nothing leads out. The
// container opens its ports by itself, at any address. Its name server, at 127.0.0.11 as in Docker,
// knows the service names, aliases, container names, ids and addresses of its networks at the
// time of the query. The engine needs CAP_SYS_ADMIN and CAP_NET_ADMIN; without them the command
// starts itself again in a user namespace. Published ports are bound in the engine's own network.
//
// Otherwise containers share the engine's network, as follows.
//
// # Ports
//
// The engine opens a loopback listener for every port that a container exposes and
// passes it on as systemd's socket activation does: descriptors from 3 on, LISTEN_FDS
// their number, LISTEN_FDNAMES the container's ports in that order ("80:443"), no
// LISTEN_PID. No port is ever chosen, closed and bound later. A program that binds its port itself
// cannot be reached.
//
// Other containers are reached by service name, alias, container name, id or address
// through a SOCKS5 proxy on loopback. Each container has its own, given as
// ALL_PROXY=socks5h://127.0.0.1:PORT. It resolves names in the container's networks at
// the time of the request. Several containers with one name take turns.
//
// Published ports are bound on 127.0.0.1 and, if there is IPv6, on ::1, independently
// of the address that is shown.
//
// # Processes
//
// The main process of a container leads a session and a process group. When it ends,
// the rest of its group is killed. All are killed when the engine is closed; on Linux
// the processes that the engine started itself also die with an engine that is killed.
// Descendants that left the group are out of its reach, unless the container's memory has a
// limit: then they are in a control group, and end with it. See control groups in cgroups(7).
//
// The API is version 1.47, documented at
// https://docs.docker.com/reference/api/engine/version/v1.47/. Objects live as long as
// the engine. An unsupported request is refused, never ignored.
package engine
