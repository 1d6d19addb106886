# mesosctl: what can be made. `make` alone prints the targets.
SHELL := /bin/bash
GO    ?= go
BIN   := bin/mesosctl

# The version is the nearest tag, or the commit; a tarball without git is "dev".
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null)
LDFLAGS := -s -w -X github.com/mesosctl/mesosctl/cmd/mesosctl/internal/build.Version=$(VERSION) \
           -X github.com/mesosctl/mesosctl/cmd/mesosctl/internal/build.Commit=$(COMMIT)

# No C anywhere but in the race detector. The same setting for whatever compiles
# means that everything is compiled once (and once more for that detector).
export CGO_ENABLED := 0

# The cores, and what runs them on one goroutine: here can be no races.
SINGLE := ./allocator ./allocator/firstfit ./allocator/simulate ./agent ./master ./mesos/... ./sim

.PHONY: help
help: ## print this
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## leave the binary in bin/mesosctl
	$(GO) build -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/mesosctl

.PHONY: test
test: test-single test-race compat ## every test: Go packages, script tests, foreign clients

.PHONY: test-single
test-single: ## the packages in which no two goroutines meet
	$(GO) test -vet=off $(SINGLE)

.PHONY: test-race
test-race: ## all other packages, with the race detector
	CGO_ENABLED=1 GORACE=atexit_sleep_ms=10 $(GO) test -race -vet=off -timeout=20m -p 4 $$($(GO) list ./... | grep -vxF "$$($(GO) list $(SINGLE))")

.PHONY: compat
compat: build ## clients that others wrote, against the built binary
	./compat/run $(CURDIR)/$(BIN)

# Packages of whose tests those are run that a kernel decides: the ones in files
# *_linux_test.go.
KERNEL_PACKAGES ?= ./agent/...

KERNEL_MODULES = fs/overlayfs/overlay.ko drivers/block/loop.ko net/ipv4/inet_diag.ko net/ipv4/tcp_diag.ko drivers/net/veth.ko drivers/net/dummy.ko
# Beside busybox, whose own differ from what is on most machines.
KERNEL_PROGRAMS = cat dd df env getent head id ln ls mkdir mknod mount rm sh sleep stat tail tar touch uname unshare
comma := ,
space := $(subst ,, )

.PHONY: kernel-test
kernel-test: bin/kernel/done ## kernel tests in a virtual machine whose cgroups are of version 2 (KERNEL_PACKAGES)
	$(GO) run ./internal/kerneltest -kernel bin/kernel/vmlinuz -busybox bin/kernel/busybox -short -timeout 10m -skip XFS \
	  -modules $(subst $(space),$(comma),$(addprefix bin/kernel/modules/kernel/,$(KERNEL_MODULES))) \
	  -programs $(subst $(space),$(comma),$(KERNEL_PROGRAMS)) $(KERNEL_PACKAGES)

# In the order in which one needs another.
XFS_MODULES = lib/libcrc32c.ko fs/xfs/xfs.ko fs/overlayfs/overlay.ko drivers/block/loop.ko

.PHONY: xfs-test
xfs-test: bin/kernel/done ## tests of disk/xfs, and of images on XFS, in a virtual machine whose XFS has quotas; needs mkfs.xfs (Debian: xfsprogs)
	PATH=$$PATH:/sbin:/usr/sbin $(GO) run ./internal/kerneltest -kernel bin/kernel/vmlinuz -busybox bin/kernel/busybox \
	  -modules $(subst $(space),$(comma),$(addprefix bin/kernel/modules/kernel/,$(XFS_MODULES))) -programs mkfs.xfs -run XFS \
	  ./agent/container/filesystem/xfs ./agent/container/filesystem/disk ./agent/container/image/rootfs

bin/kernel/done:
	./.ci/kernel bin/kernel

.PHONY: sim
sim: ## the simulator on fresh seeds until stopped (Ctrl-C) or until one fails
	$(GO) test ./sim -count=1 -timeout=0 -run=TestSeeds -seeds=forever -v

.PHONY: fire
fire: ## real masters and agents, killed, stopped and cut off at random for FIRETIME (default 10m)
	$(GO) test ./fire -count=1 -timeout=0 -run=TestFire -fire.for=$${FIRETIME:-10m} -v

.PHONY: fire-agents
fire-agents: ## real agents, their supervisors and their tasks, killed at random for FIRETIME (default 10m)
	$(GO) test ./fire -count=1 -timeout=0 -run=TestAgentsOnFire -fire.for=$${FIRETIME:-10m} -v

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (default 30s) each
	./.ci/fuzz $${FUZZTIME:-30s}

.PHONY: bench
bench: build ## the figures of README, as tables
	$(BIN) bench allocator
	$(BIN) bench execute
	$(BIN) bench leader
	$(BIN) bench launch
	$(BIN) bench failover
	$(BIN) bench containers
	$(BIN) bench memory
	$(BIN) bench state

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
lint: ## gofmt and golangci-lint (vet is one of its linters)
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'not formatted:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) tool -modfile=tools/lint/go.mod golangci-lint run ./...

.PHONY: cross
cross: ## type-check the program as the other systems would build it
	$(GO) run ./internal/crosscheck ./cmd/mesosctl darwin/arm64 windows/arm64

.PHONY: drift
drift: generate ## fail if what is generated is not what is committed
	git diff --exit-code
	@test -z "$$(git status --porcelain)" || { git status --short; exit 1; }

.PHONY: screenshots
screenshots: build ## the pictures of `mesosctl top` in docs/images, from a real run; needs tmux
	$(GO) run ./internal/screenshots -mesosctl $(BIN) -to docs/images

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist
