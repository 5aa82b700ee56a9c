// Package compose is the Compose command: it brings the services of a Compose
// file up on a container engine, scales them, shows and follows their logs and
// takes them down.
//
// The command is a client of the Docker Engine HTTP API and of nothing else, so
// that an embedded engine and a real one, found at DOCKER_HOST, are driven by the
// same code. The file is read by compose-go.
//
// It has two looks, which differ in names, texts and layouts only: [V1] is that of
// docker-compose 1.29.2 (dockercoins_worker_2), [V5] that of docker compose
// (dockercoins-worker-2). Containers carry the labels of the command that is
// imitated, so that the real one and this one recognise each other's.
//
// The parts, each in a file of its own: the project (file.go) is read from the
// Compose file; a service becomes a container's configuration (create.go); plans
// are made and carried out (converge.go); every step is reported as it happens
// (progress.go); look_v1.go and look_v5.go hold the texts.
package compose
