# Everything a developer or CI runs. `make help` lists it.
SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO          ?= go
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
PARALLEL    ?= 2
FUZZTIME    ?= 2s
ROUNDS      ?= 20
CHECKROUNDS ?= 10
STAY        ?=
N           ?= 10000
BEFORE      ?=
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.8.0

.PHONY: packages packages-linux packages-msi packages-sums service-test
.PHONY: help build demo test quick check fmt vet lint style windows vuln tidy fresh generate servers fuzz crash crash-short powerloss bench simulate proofs

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## the binary, bin/inbasket
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/inbasket ./agent/cmd/inbasket

packages: packages-sums ## dist/: deb, rpm, tar.gz and MSI, bills of materials, SHA256SUMS (GIVEN_VERSION=1.2.3 names a version)

GIVEN_VERSION ?=
PACKAGES      := $(GO) run ./installer/packages -out dist -version "$(GIVEN_VERSION)"

packages-linux:
	@mkdir -p dist && rm -f dist/inbasket*
	$(PACKAGES) linux

packages-msi: packages-linux # adds the Windows package to dist/ (needs wixl and msitools; SIGN_CERT and SIGN_KEY sign it)
	$(PACKAGES) msi bin/windows/inbasket.exe

packages-sums: packages-linux packages-msi
	$(PACKAGES) sums

demo: ## the whole way of the data, shown step by step (no root, nothing but Go; STAY=1 keeps it running)
	$(GO) run ./test/demo $(if $(STAY),-stay)

test: servers ## all tests with the race detector, real servers included (installs them when missing)
	INBASKET_REAL=1 $(GO) test -race -p $(PARALLEL) -timeout 20m ./...

quick: ## all tests that need nothing but Go, without the race detector
	CI= INBASKET_REAL= $(GO) test ./...

check: fmt vet lint windows tidy fresh vuln fuzz crash-short simulate ## what must hold besides the tests

fmt: ## gofmt has nothing to change
	@files=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$files" ]; then echo "gofmt -w is needed for:" $$files; exit 1; fi

vet: ## go vet finds nothing
	$(GO) vet ./...

lint: ## staticcheck finds nothing (left out where it cannot be fetched)
	@if $(GO) run $(STATICCHECK) -version >/dev/null 2>&1; then echo staticcheck ./...; $(GO) run $(STATICCHECK) ./...; \
	else echo "staticcheck cannot be fetched here; go vet and the style test must do"; fi

windows: ## it builds and vets for Windows, without cgo
	CGO_ENABLED=0 GOOS=windows GOARCH=amd64 $(GO) build -o /dev/null ./agent/cmd/inbasket
	CGO_ENABLED=0 GOOS=windows GOARCH=amd64 $(GO) vet ./...

tidy: ## go.mod and go.sum are what the imports need
	$(GO) mod tidy -diff

fresh: ## generated files are up to date
	@before=$$(git status --porcelain; git diff | sha256sum); $(MAKE) --no-print-directory generate; \
	after=$$(git status --porcelain; git diff | sha256sum); \
	if [ "$$before" != "$$after" ]; then git status --short; echo "generated files were stale: commit what make generate wrote"; exit 1; fi

generate: ## write generated files anew (references, schemas, error list)
	$(GO) generate ./...

PROOFS ?= 100000

proofs: servers ## what is proved of mappings holds for PROOFS=100000 forms a schema, written to PostgreSQL, MariaDB and SQLite
	INBASKET_REAL=1 PROOFS=$(PROOFS) $(GO) test ./test/proofs -run 'TestOffices|TestConfigs' -v -timeout 12h

vuln: ## no known vulnerability in what is used (left out where the database cannot be reached)
	@$(GO) run ./test/vuln $(GOVULNCHECK)

servers: ## install the servers and tools that make test needs, when missing (needs root only then)
	$(GO) run ./test/servers/install

service-test: ## the packages on a real systemd, rpm and Windows by Wine (root; installs what is missing)
	$(GO) run ./test/servers/install debootstrap systemd-container lintian rpm wine64 binutils-mingw-w64-x86-64
	INBASKET_SERVICE=1 $(GO) test -count=1 -timeout 20m ./test/service/...

fuzz: ## every fuzz target for FUZZTIME each
	$(GO) run ./test/fuzz -time $(FUZZTIME)

crash: ## kill the agent ROUNDS times at random moments and system calls; nothing lost, doubled or stuck
	$(GO) run ./test/servers/install strace
	$(GO) run ./test/crash -rounds $(ROUNDS)

SEEDS ?= 2000
SEED  ?=
TRACE ?=
simulate: ## the whole agent in SEEDS simulated worlds (FIRST=n: from there; SEED=n: only that one, TRACE=1: step by step)
	$(GO) run ./test/simulate/run -seeds $(SEEDS) $(if $(FIRST),-first $(FIRST)) $(if $(SEED),-seed $(SEED)) $(if $(TRACE),-trace)

crash-short:
	$(GO) run ./test/servers/install strace
	$(GO) run ./test/crash -rounds $(CHECKROUNDS)

powerloss: ## cut the power of the agent's disk ROUNDS times; then let everything around the agent fail (root)
	$(GO) run ./test/servers/install strace e2fsprogs
	$(GO) run ./test/crash -power -rounds $(ROUNDS)
	$(GO) run ./test/crash -troubles -rounds 8

bench: ## forms per second against hand-written loops, N forms a round (BEFORE=FILE: also against another agent)
	$(GO) run ./test/servers/install python3-psycopg2
	$(GO) run ./test/bench -n $(N) -before "$(BEFORE)"
