// Package compose is the Compose command: it starts the services of a Compose file on a
// container engine, scales them, shows and follows their logs, and removes them.
//
// The command uses only the Docker Engine HTTP API. The same code drives the embedded
// engine and a real one, at DOCKER_HOST. compose-go reads the file.
//
// There are two looks, which differ only in names, texts and layouts: [V1] imitates
// docker-compose 1.29.2 (dockercoins_worker_2), [V5] docker compose
// (dockercoins-worker-2). Containers carry the labels of the imitated command, so that
// it and this one recognise each other's containers.
//
// Each part is a file: the project is read from the Compose file (file.go); a service
// becomes a container's configuration (create.go); plans are made and carried out
// (converge.go); every step is reported at once (progress.go). The differences between
// the looks are in a look_*.go for each command (look.go).
package compose
