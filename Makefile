# Every target sets up what it needs; see `make help`.
SHELL := /bin/bash
.DEFAULT_GOAL := build
.PHONY: help deps build demo run local test sanitize soak bench lint clean
export ONLY SHORT RUNS DATA JOBS MINUTES SEED LENGTH REPLICAS POSTGRES REDIS PORT RESTART

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install every package that building, running, testing and linting need (Debian, by name)
	@scripts/deps.sh build run test lint

build: ## the programs, optimised, into build/bin (the default)
	@scripts/deps.sh build
	@scripts/build.sh release programs

demo: ## one day of contacts and complaints to the report: a made-up sample, or INPUT=calls.csv
	@scripts/deps.sh build run
	@scripts/build.sh release programs
	@scripts/demo.sh $(if $(INPUT),'$(INPUT)')

run: ## start the suite with a development login, until Ctrl-C (DATA=folder keeps the data)
	@scripts/deps.sh build run
	@scripts/build.sh release programs
	@scripts/run.sh

local: ## every service in REPLICAS=2 processes on PostgreSQL and Redis, until Ctrl-C
	@scripts/deps.sh build run $(if $(POSTGRES),,postgres)
	@scripts/build.sh release programs
	@deploy/local/up

test: ## unit, integration, fault and demo tests, every bench briefly, a short run of the fuzzers
	@scripts/deps.sh build run test
	@scripts/test.sh

sanitize: ## the unit and store tests under the address and the thread sanitizer
	@scripts/deps.sh build run test
	@PRESETS="asan tsan" scripts/test.sh

soak: ## histories under faults for long (MINUTES=30, SEED, LENGTH=30 s each, ONLY=scenario); counts at the end
	@scripts/deps.sh build run test
	@scripts/build.sh release suite_history_test
	@scripts/soak.sh

bench: ## measure, into build/bench.json (ONLY=name for one; SHORT=1 checks that each runs)
	@scripts/deps.sh build run test
	@scripts/build.sh release programs bench
	@scripts/bench.sh

lint: ## format, clang-tidy on changed files, buf, shellcheck
	@scripts/deps.sh build lint
	@scripts/lint.sh

clean: ## remove the build folder
	@rm -rf build
