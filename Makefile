# `make help` lists the targets. Everything runs without root.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# The packages for test, race, golden, fuzz and bench: make test PKGS=./markdown/...
PKGS ?= ./...
# More flags of go test: make test TESTFLAGS='-run TestParse -v'
TESTFLAGS ?=
# The time for each fuzz target, and for each measurement of a benchmark.
FUZZTIME ?= 20s
BENCHTIME ?= 1s

GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
LINT := .cache/bin/golangci-lint-v2.15.0

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build ./workshop, a static binary without debugging information
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o workshop .

# The platforms of a release: make release PLATFORMS=linux/amd64
PLATFORMS ?= linux/amd64,linux/arm64,darwin/amd64,darwin/arm64

.PHONY: release
release: ## build the archives of a release in .cache/release, with checksums and SBOMs
	cd .ci/release && CGO_ENABLED=0 go run . -platforms $(PLATFORMS) -out $(CURDIR)/.cache/release

# An image with a deck in /course: make image NAME=linux COURSE=/home/me/linux/slides
NAME ?= workshop
COURSE ?=

.PHONY: image
image: ## build the image in .cache/release, for docker load and ctr images import (needs apt)
	cd .ci/release && CGO_ENABLED=0 go run . -cache $(CURDIR)/.cache/debian -out $(CURDIR)/.cache/release -name $(NAME) $(if $(COURSE),-course $(abspath $(COURSE)))

.PHONY: image-pins
image-pins: ## list the newest versions of the image's Debian packages (needs apt)
	cd .ci/release && go run . -pins

# The packages whose tests take longest start first: then no processor waits for them at the end.
LONGEST := ./runner/cli ./services/compose

# Tests to leave out, a regular expression for go test -skip: SKIP='^TestRun' make test
.PHONY: test
test: ## run all tests; list the skipped ones with their reasons
	@go test -json -timeout 25m $${SKIP:+-skip "$$SKIP"} $(TESTFLAGS) $(if $(filter ./...,$(PKGS)),$(LONGEST)) $(PKGS) | go run .ci/testlog.go

.PHONY: race
race: ## run all tests under the race detector (needs a C compiler)
	@CGO_ENABLED=1 go test -json -race -timeout 25m $(TESTFLAGS) $(PKGS) | go run .ci/testlog.go

# Parts of soak, as a regular expression. SOAK_COUNT, SOAK_LOOPS and SOAK_SEED replace the
# figures of a part: rounds, exercises or kills; busy loops; the seed of random choices.
SOAK ?= Table|Stops|Neighbours|Load|Kill|Audit

.PHONY: soak
soak: ## check known verdicts beside busy loops, for hours, and kill runs: make soak SOAK=Kill
	cd runner/cli && go test -tags soak -count 1 -timeout 0 -run '^TestSoak($(SOAK))$$'

.PHONY: screens
screens: ## make pictures of all views of present in .cache/screens (needs Chromium)
	rm -rf .cache/screens
	mkdir -p .cache/screens
	SCREENSHOTS=$(CURDIR)/.cache/screens go test -count 1 -run '^(TestPictures|TestScreens)$$' ./runner/present/web ./runner/cli
	@ls .cache/screens

.PHONY: golden
golden: ## rewrite the golden files; read the diff before you commit it
	UPDATE_GOLDEN=1 go test $(TESTFLAGS) $(PKGS)
	@git status --short -- '*testdata*'

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME
	@go list -f '{{$$dir := .Dir}}{{range .TestGoFiles}}{{$$dir}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$$dir}}/{{.}}{{"\n"}}{{end}}' $(PKGS) | \
	while read -r file; do \
		test -n "$$file" || continue; \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			echo "$$target, $$file"; \
			(cd "$$(dirname "$$file")" && go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x .) < /dev/null; \
		done; \
	done

.PHONY: lint
lint: $(LINT) ## check formatting, style and imports
	$(LINT) run --allow-parallel-runners
	go vet .ci/testlog.go
	go vet .ci/warden.go
	go vet .ci/prose.go
	cd .ci/release && go vet .
	go vet ./.ci/kubernetes/pause

# The version is part of the name: a new version here is built by the next make lint.
$(LINT):
	mkdir -p $(@D)
	GOBIN=$(CURDIR)/$(@D) go install $(GOLANGCI_LINT)
	mv $(@D)/golangci-lint $@

# Docker Compose itself, a client that tests compare with. Building it takes about a minute, once.
COMPOSE_V5 := .cache/bin/docker-compose-v5.6.0

.PHONY: compose
compose: $(COMPOSE_V5) ## build Docker Compose, a client for the tests of the embedded engine

$(COMPOSE_V5):
	mkdir -p $(@D)
	cd testdata/compose/client && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X github.com/docker/compose/v5/internal.Version=v5.6.0' \
		-o $(CURDIR)/$@ github.com/docker/compose/v5/cmd

# Tools for the workflows that init writes. Building them takes about a minute and a half, once; act
# has 31 MB.
ACTIONLINT := .cache/bin/actionlint-v1.7.12
ACT := .cache/bin/act-v0.2.89

.PHONY: actions
actions: $(ACTIONLINT) $(ACT) ## build actionlint and act, for the tests of the workflows that init writes

$(ACTIONLINT):
	mkdir -p $(@D)
	GOBIN=$(CURDIR)/$(@D) go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
	mv $(@D)/actionlint $@

$(ACT):
	mkdir -p $(@D)
	GOBIN=$(CURDIR)/$(@D) go install github.com/nektos/act@v0.2.89
	mv $(@D)/act $@

# Engines that run the shards of a deck. Each is skipped with a reason where it is not installed.
.PHONY: slurm
slurm: ## run the array that init writes on a Slurm of its own (root; Debian's slurmctld slurmd slurm-client munge)
	@bash .ci/slurm

.PHONY: bazel
bazel: ## run the rule that init writes with Bazel, offline (root; Debian's bazel-bootstrap bazel-platforms bazel-rules-java bazel-rules-proto)
	@bash .ci/bazel

# Kubernetes has 150 MB. Building it takes about a quarter of an hour on two processors, once.
.PHONY: kubernetes
kubernetes: ## build Kubernetes, and run the Job that init writes on it (root; Debian's containerd runc iproute2 openssl)
	@REQUIRE_KUBERNETES=1 bash .ci/kubernetes/run build

.PHONY: bench
bench: ## run the benchmarks
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) $(PKGS)

.PHONY: demo
demo: ## run the deck that ships, live
	go run . run slides

.PHONY: check
check: lint test ## run the checks that every change must pass
