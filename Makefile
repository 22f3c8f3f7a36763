# Recipes are thin lines over what you could type. `make` alone lists them.

PREFIX ?= /usr/local
CORE = libsqlite3-dev zlib1g-dev
# Tests that run side by side. All at once they open more than 1 350 descriptors, and Foundation's Process then reads past
# the end of the list of them.
TEST_WIDTH = 16
# glibc fills what is freed with this byte: whoever still reads it fails there and then, not once in a hundred runs.
FREED_BYTE = 165
TESTS = $(CORE) curl jq prometheus python3-venv strace
SWIFT_FILES = Package.swift Sources Tests demo Benchmarks/Package.swift Benchmarks/Benchmarks

.DEFAULT_GOAL := help
.PHONY: help build release demo test races w3c docs torture fuzz captures fmt lint tidy golden bench install uninstall clean

help: ## list the recipes
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

build: ## build everything, debug
	@scripts/ensure $(CORE)
	swift build

release: ## build the collector and shell, release: .build/release/sonde
	@scripts/ensure $(CORE)
	swift build -c release --product sonde

demo: ## build, start the collector and a small shop, show a checkout's trace (ONCE=1: then stop)
	@ONCE=$(ONCE) demo/run

test: ## run all tests on one debug build (FILTER=NAME: only those)
	@scripts/ensure $(TESTS)
	swift build --build-tests
	MALLOC_PERTURB_=$(FREED_BYTE) SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(TEST_WIDTH) scripts/test $(if $(FILTER),'$(FILTER)')

RACES = --sanitize=thread --scratch-path .build-races --traits default,GRPC -debug-info-format none
races: ## run the library's tests, gRPC's among them, under thread sanitizer (FILTER=NAME: only those)
	@scripts/ensure $(TESTS)
	SONDE_ONLY=library SONDE_SANITIZER=thread swift build --build-tests $(RACES)
	SONDE_ONLY=library SONDE_SANITIZER=thread TSAN_OPTIONS=halt_on_error=1 SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(TEST_WIDTH) swift test --skip-build $(RACES) $(if $(FILTER),--filter '$(FILTER)')

w3c: ## run W3C's own validation of trace context, level 2 and strict (HARNESS=FOLDER: a copy of its tests)
	@scripts/ensure $(CORE) python3-venv git
	swift build --product sonde-w3c
	@scripts/w3c $(HARNESS)

docs: ## render the library's pages to .build/docs; a link that leads nowhere fails
	@scripts/ensure $(CORE)
	@scripts/docs

fuzz: ## try new damaged inputs on every decoder (SECONDS=60 in all, SEED=… to have a run again); findings: .build/fuzz
	swift build --build-tests
	SONDE_FUZZ_SECONDS=$(or $(SECONDS),60) SONDE_FUZZ_SEED=$(SEED) swift test --skip-build --filter FuzzTests

torture: ## kill the store KILLS=200 times at moments of SEED=1, look each time at what it left
	@scripts/ensure $(CORE)
	swift build --product sonde
	swift build --product SondeTorture
	.build/debug/SondeTorture run --kills $(or $(KILLS),200) --seed $(or $(SEED),1)

captures: ## make the pictures of `sonde view` in docs/captures anew, from the shop
	@scripts/ensure $(CORE)
	swift build -c release --product sonde
	swift build -c release --product shop
	@scripts/captures

fmt: ## format all Swift code in place
	swift format --in-place --parallel --recursive $(SWIFT_FILES)

lint: ## say what fmt would change
	swift format lint --strict --parallel --recursive $(SWIFT_FILES)

tidy: ## check the house rules: arrows between rooms, leftovers, long lines
	swift test --filter HouseTests

golden: ## record the golden files anew; read the diff before you commit it
	SONDE_RECORD_GOLDEN=1 swift test

bench: ## run the benchmarks beside the recorded figures (KIND=road, library or load: one kind; Benchmarks/run record keeps new ones)
	@scripts/ensure $(CORE)
	@Benchmarks/run $(KIND)

install: ## install what release built under PREFIX (default /usr/local)
	@[ -x .build/release/sonde ] || $(MAKE) release
	install -D -m 755 .build/release/sonde $(DESTDIR)$(PREFIX)/bin/sonde

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/sonde

clean: ## remove everything that was built
	rm -rf .build .build-*
