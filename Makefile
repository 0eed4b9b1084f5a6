# Everything that a person or CI runs. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# uv comes from a small environment of its own, so a fresh machine needs Python alone.
UV := .cache/tools/bin/uv
UV_VERSION := 0.13.9
# CI splits its two cores between test processes.
JOBS ?= 2

.PHONY: help env demo test check lint types unit pandas3 slow bench generate clean

help: ## Show this list
	@awk -F':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mlmodel needs Python 3.11 or newer; name it: make PYTHON=python3.11 …" >&2; exit 1; }
	@$(PYTHON) -m venv .cache/tools
	@.cache/tools/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# The environment is made again when a lock or the project's own metadata changes.
.venv/.made: python/requirements/dev.txt python/pyproject.toml | $(UV)
	@echo "making the environment (.venv)"
	@$(UV) venv --quiet --clear --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv
	@$(UV) pip install --quiet --python $(BIN)/python -r python/requirements/dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps -e python
	@touch $@

env: .venv/.made ## Make the environment with every tool and library (.venv)

demo: env ## Train, save, validate, serve and score a real model, and see what is refused
	@$(BIN)/python python/examples/demo.py

test: env lint types unit pandas3 slow ## Everything: what CI runs

check: env lint types unit ## The quick part: lint, types, unit tests (under two minutes)

lint: env ## Style
	@cd python && ../$(BIN)/ruff check --config pyproject.toml . ../conformance
	@cd python && ../$(BIN)/ruff format --check --config pyproject.toml . ../conformance

types: env ## Static types
	@cd python && ../$(BIN)/mypy

unit: env ## Tests that start no server and build no package
	@cd python && ../$(BIN)/pytest -n $(JOBS) -m "not slow"

pandas3: env ## The core's tests on pandas 3, in an environment of their own
	@cd python && peer=$$(../$(BIN)/python tools/peer_environment.py pandas3) && \
	  PYTHONPATH=src $$peer -m pytest -n $(JOBS) -m "not slow" \
	  tests/signature tests/scoring tests/test_conformance.py

slow: env ## Tests with real servers, clients, packages and MLflow itself
	@cd python && ../$(BIN)/pytest -m slow

bench: env ## Measure beside MLflow and a bare server; prints the table of the README
	@$(BIN)/python python/benchmarks/run.py

generate: env ## Write the generated files again (schemas in the package, protobuf code, lists)
	@$(BIN)/python python/tools/generate.py

clean: ## Remove what the targets above made
	rm -rf .venv .cache python/dist
