# What a person types. Each target says what it needs, and installs it where it may.
#
#   make demo [FILE=film.mp4]   a film goes in, appears in the library and plays
#   make test                   everything CI runs
#   make lint / make fix        style and lints; fix also writes generated files
#   make long                   the slow suites: 2 GiB upload, 50 kills, long histories, storms, moves that are struck at every step, a long lab
#   make model [MINUTES=10]     the chunk store against its model, on a simulated disk that fails
#   make sim [MINUTES=10]       the cores of a whole cluster under simulated faults, seed after seed
#   make mutants                whether the simulator catches each mistake that is made on purpose, and after how many seeds
#   make coverage [SEEDS=0..200] lines of the cores that the simulator goes through
#   make fuzz [MINUTES=10]      so many minutes of hostile bytes for each decoder
#   make nightly [MINUTES=60]   simulator, model, histories and fuzzers for so long each, and one summary of it
#   make bench [JSON=FILE]      how fast chunk store, metadata and redundancy are, beside peers measured in the same run
#   make bench BENCH=cluster [PARTS="calls death"] [QUICK=1]      one of the three, some of its parts, or only whether it runs

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test lint fix long sim mutants coverage model fuzz nightly bench need build clean

# RocksDB is compiled once for this user (.dev/rocksdb.sh) and shared by every target; without it cargo compiles it as usual.
CARGO = . .dev/env.sh && cargo

help:
	@sed -n '/^# *make/s/^# *//p' Makefile

need:
	@.dev/need.sh

build: need
	@$(CARGO) build --workspace --bins

demo: build
	@.dev/demo.sh "$(FILE)"

test: need
	@$(CARGO) build --workspace --bins --tests
	@$(CARGO) test --workspace --quiet
	@$(CARGO) sim --mutant common --seeds 0..200
	@$(MAKE) --no-print-directory lint

lint: need
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --workspace --all-targets -- -D warnings

fix: need
	@$(CARGO) fmt --all
	@$(CARGO) clippy --workspace --all-targets --fix --allow-dirty --allow-staged
	@VS_FIX=1; export VS_FIX; $(CARGO) test --quiet --package vs-wire --test codegen && $(CARGO) test --quiet --package vs-tests --test drift --test fuzz

long: build
	@$(CARGO) test --package vs-tests --test long -- --ignored --nocapture
	@$(CARGO) test --package vs-tests --test interrupted -- --ignored --nocapture --test-threads 1
	@$(CARGO) test --package vs-tests --test lab -- --ignored --nocapture --test-threads 1
	@$(CARGO) test --package vs-tests --test histories -- --ignored --nocapture --test-threads 1

model: need
	@$(CARGO) model -- --minutes $(or $(MINUTES),10)

sim: need
	@$(CARGO) sim --minutes $(or $(MINUTES),10)

mutants: need
	@$(CARGO) sim --mutant all --seeds 0..3000

coverage: need
	@.dev/coverage.sh $(or $(SEEDS),0..200)

nightly: need
	@.dev/nightly.sh --minutes $(or $(MINUTES),60)

fuzz: need
	@VS_FUZZ_MINUTES=$(or $(MINUTES),10) && export VS_FUZZ_MINUTES && $(CARGO) test --package vs-tests --test fuzz -- --nocapture

# redundancy is measured with the programs that people use
bench: need
	@$(if $(filter redundancy,$(or $(BENCH),redundancy)),$(CARGO) build --release --package vsctl --package vsplay --bins)
	@for bench in $(or $(BENCH),store cluster redundancy); do \
	  $(CARGO) bench --package vsd --bench $$bench -- $(if $(QUICK),--quick) $(PARTS) \
	    $(if $(JSON),--json "$(abspath $(basename $(JSON)))-$$bench$(suffix $(JSON))") || exit 1; \
	done

clean:
	@$(CARGO) clean
