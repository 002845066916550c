# Everything a developer does with trapgate, one command each. `make help` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/bash
.SHELLFLAGS := -e -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

COMPILED := $(wildcard src/trapgate/core/*.[ch] src/trapgate/core/bpf/*.[ch]) \
            $(shell find src/trapgate/calls src/trapgate/catalog -type f -not -name '*.pyc' -not -name plans.bin \
              -not -name catalog.sqlite 2>/dev/null)

.PHONY: help setup build
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.ready build ## make .venv with trapgate in it (editable), installing what is missing

build: $(VENV)/.built ## rebuild the C extension, the BPF programs and the catalogue after a change

# The build requirements are installed beside the tools, so that a rebuild needs no isolated environment.
$(VENV)/.ready: pyproject.toml tools/install-packages.sh
	PYTHON=$(PYTHON) tools/install-packages.sh --build
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) with pip: the requirements of the build and the extras 'web' and 'dev'"
	$(BIN)/python -m pip install -qq --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install -qq --upgrade-strategy only-if-needed $$($(BIN)/python tools/requirements.py build web dev)
	@touch $@

$(VENV)/.built: $(VENV)/.ready setup.py $(COMPILED)
	flock $(VENV)/.lock $(BIN)/python -m pip install -qq --no-build-isolation --no-deps -e .
	$(BIN)/python -m compileall -qq src/trapgate # start-up must not hang on PYTHONDONTWRITEBYTECODE
	@touch $@

.PHONY: demo test fuzz sanitize check format bench conformance docs reference wheel clean
demo: setup ## trace a real tar of a folder, with the best source available, and count its calls
	tools/demo.sh $(BIN)/trapgate

test: setup ## run every test; live tests that cannot run are skipped, or fail with REQUIRE_LIVE=1
	tools/install-packages.sh $$(sed 's/#.*//' tests/apt-packages.txt)
	$(BIN)/python -m pytest $(TESTS)

MINUTES ?= 5
fuzz: setup ## feed damaged files to every reader of tables, then MINUTES=5 more, guided by coverage
	$(BIN)/python -m pip install -qq $$($(BIN)/python tools/requirements.py fuzz)
	$(BIN)/python fuzz/readers.py
	mkdir -p build/fuzz
	$(BIN)/python fuzz/readers.py --atheris -max_total_time=$$((60 * $(MINUTES))) -artifact_prefix=build/fuzz/

sanitize: setup ## trace programs with the C extension under the address and undefined-behaviour sanitizers
	tools/sanitize.sh $(BIN)/python

check: setup ## format, lint, types, layers, and whether the generated pages are current
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/reference.py --check

format: setup ## put the code into the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup ## measure the cost beside strace, perf trace, bpftrace and ltrace; prints ratios
	tools/install-packages.sh $$(sed 's/#.*//' bench/apt-packages.txt)
	$(BIN)/python bench/run.py $(BENCH)

SOURCE ?= ptrace
conformance: setup ## strace's own tests: STRACE_TREE=DIR (built), SOURCE=ptrace|bpf, CATEGORY=GLOB, ARGS=...
	@test -n "$(STRACE_TREE)" || { echo "usage: make conformance STRACE_TREE=DIR [SOURCE=ptrace|bpf] [CATEGORY=GLOB]" >&2; exit 2; }
	@$(BIN)/python tools/conformance.py $(STRACE_TREE) --source $(SOURCE) $(if $(CATEGORY),--category '$(CATEGORY)') $(ARGS)

docs: $(VENV)/.docs build ## the documentation as web pages, in docs/_build
	$(BIN)/python tools/reference.py --check
	$(BIN)/sphinx-build -q -n -W docs docs/_build

$(VENV)/.docs: $(VENV)/.ready
	$(BIN)/python -m pip install -qq $$($(BIN)/python tools/requirements.py docs)
	@touch $@

reference: setup ## write docs/reference and the README's cost table anew from the code
	$(BIN)/python tools/reference.py

wheel: setup ## build the wheel into dist
	$(BIN)/python -m pip wheel -qq --no-build-isolation --no-deps -w dist .

clean: ## remove what was built, and .venv
	rm -rf build dist docs/_build $(VENV) src/trapgate/_core.*.so src/trapgate/core/bpf/*.bpf.o src/trapgate/catalog/catalog.sqlite \
	  src/trapgate/calls/plans.bin
