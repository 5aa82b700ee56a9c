# `make help` lists the targets. Everything runs without root.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# What test, race, golden, fuzz and bench are about: make test PKGS=./markdown/...
PKGS ?= ./...
# Further flags of go test: make test TESTFLAGS='-run TestParse -v'
TESTFLAGS ?=
# Time for each fuzz target, and for a round of all benchmarks' measurements.
FUZZTIME ?= 20s
BENCHTIME ?= 1s

GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
LINT := .cache/bin/golangci-lint-v2.15.0

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build ./workshop, a static binary
	CGO_ENABLED=0 go build -trimpath -o workshop .

.PHONY: test
test: ## run all tests; say which were skipped, and why
	@go test -json -timeout 15m $(TESTFLAGS) $(PKGS) | go run .ci/testlog.go

.PHONY: race
race: ## run all tests under the race detector (needs a C compiler)
	@CGO_ENABLED=1 go test -json -race -timeout 15m $(TESTFLAGS) $(PKGS) | go run .ci/testlog.go

.PHONY: golden
golden: ## write the golden files anew; read the diff before you commit it
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
lint: $(LINT) ## check formatting, style and who imports whom
	$(LINT) run --allow-parallel-runners
	go vet .ci/testlog.go

# The version is part of the name: a new one is built when this file asks for it.
$(LINT):
	mkdir -p $(@D)
	GOBIN=$(CURDIR)/$(@D) go install $(GOLANGCI_LINT)
	mv $(@D)/golangci-lint $@

# Docker Compose itself, a client that tests compare with: about a minute, and once.
COMPOSE_V5 := .cache/bin/docker-compose-v5.6.0

.PHONY: compose
compose: $(COMPOSE_V5) ## build Docker Compose, which tests drive the embedded engine with

$(COMPOSE_V5):
	mkdir -p $(@D)
	cd testdata/compose/client && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X github.com/docker/compose/v5/internal.Version=v5.6.0' \
		-o $(CURDIR)/$@ github.com/docker/compose/v5/cmd

.PHONY: bench
bench: ## measure
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) $(PKGS)

.PHONY: demo
demo: ## run the deck that ships, and watch
	go run . run slides

.PHONY: check
check: lint test ## what a change must pass
