# mesosctl: what can be made. `make` alone prints the targets.
SHELL := /bin/bash
GO    ?= go
BIN   := bin/mesosctl

# The version is the nearest tag, or the commit; a tarball without git is "dev".
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null)
LDFLAGS := -s -w -X github.com/mesosctl/mesosctl/cmd/mesosctl/internal/build.Version=$(VERSION) \
           -X github.com/mesosctl/mesosctl/cmd/mesosctl/internal/build.Commit=$(COMMIT)

.PHONY: help
help: ## print this
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## leave the binary in bin/mesosctl
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/mesosctl

.PHONY: test
test: ## every test: Go packages with the race detector, script tests, foreign clients
	$(GO) test -race ./...
	$(MAKE) compat

.PHONY: compat
compat: build ## clients that others wrote, against the built binary
	./compat/run $(CURDIR)/$(BIN)

.PHONY: sim
sim: ## the simulator on fresh seeds until stopped (Ctrl-C) or until one fails
	$(GO) test ./sim -count=1 -timeout=0 -run=TestSeeds -seeds=forever -v

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (default 30s) each
	./.ci/fuzz $${FUZZTIME:-30s}

.PHONY: bench
bench: build ## the figures of README, as tables
	$(BIN) bench allocator
	$(BIN) bench execute

.PHONY: generate
generate: generate-wire docs coverage-table ## everything that is generated and committed

.PHONY: generate-wire
generate-wire: ## the protocol's Go types and codecs, from wire/proto
	$(GO) generate ./wire

.PHONY: docs
docs: ## completions/ and man/ from the command tree
	$(GO) run ./cmd/mesosctl/internal/gendocs

.PHONY: coverage-table
coverage-table: ## docs/COVERAGE.md from the tests' "covers:" lines
	$(GO) run ./internal/coverage

.PHONY: lint
lint: ## gofmt, vet and golangci-lint
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'not formatted:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) tool -modfile=tools/lint/go.mod golangci-lint run ./...

.PHONY: cross
cross: ## build for the other systems
	for os in darwin windows; do \
	  CGO_ENABLED=0 GOOS=$$os GOARCH=arm64 $(GO) build -o /dev/null ./cmd/mesosctl || exit 1; done

.PHONY: drift
drift: generate ## fail if what is generated is not what is committed
	git diff --exit-code
	@test -z "$$(git status --porcelain)" || { git status --short; exit 1; }

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist
