# Everything a developer does with trapgate, one command each. `make help` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/bash
.SHELLFLAGS := -e -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

COMPILED := $(wildcard src/trapgate/core/*.[ch] src/trapgate/core/bpf/*) \
            $(shell find src/trapgate/catalog -type f -not -name '*.pyc' -not -name catalog.sqlite 2>/dev/null)

.PHONY: help setup build
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.ready build ## make .venv with trapgate in it (editable), installing what is missing

build: $(VENV)/.built ## rebuild the C extension, the BPF programs and the catalogue after a change

# The build requirements are installed beside the tools, so that a rebuild needs no isolated environment.
$(VENV)/.ready: pyproject.toml tools/install-packages.sh
	PYTHON=$(PYTHON) tools/install-packages.sh --build
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) with pip: the requirements of the build and the extra 'dev'"
	$(BIN)/python -m pip install -qq --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install -qq --upgrade-strategy only-if-needed $$($(BIN)/python tools/requirements.py build dev)
	@touch $@

$(VENV)/.built: $(VENV)/.ready setup.py $(COMPILED)
	flock $(VENV)/.lock $(BIN)/python -m pip install -qq --no-build-isolation --no-deps -e .
	@touch $@
