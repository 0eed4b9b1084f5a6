# Everything that a person or CI runs. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
DEMO := .cache/demo
# uv comes from a small environment of its own, so a fresh machine needs Python alone.
UV := .cache/tools/bin/uv
UV_VERSION := 0.13.9
TWINE_VERSION := 7.0.0
# Behind a company's proxy the certificates of the system count, not the lists inside uv and pip.
# pip asks the system from 24.2 on; Python 3.11 often brings an older one, which is told the place.
# What the user has set goes first.
export UV_SYSTEM_CERTS ?= true
CERTS = $$($(PYTHON) -c 'import ssl; at = ssl.get_default_verify_paths(); print(at.cafile or at.capath or "")')
# CI splits its two cores between test processes; threads of one would wait for cores of the other.
JOBS ?= 2
# How many streams `make fuzz` tries, and which.
COUNT ?= 1000000
ALTERED ?= 20000
SEED ?= 0
quick unit pandas3 flavors oldest: export OMP_NUM_THREADS ?= 1
# Where it is set, every process that a test or a measurement starts would compile this package anew.
quick unit pandas3 flavors oldest slow bench: export PYTHONDONTWRITEBYTECODE =

.PHONY: r jvm help env demo test check lint types quick unit pandas3 flavors java oldest slow fuzz bench conformance conformance-peers mutation generate trustlist dist clean

help: ## Show this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mlmodel needs Python 3.11 or newer; name it: make PYTHON=python3.11 …" >&2; exit 1; }
	@$(PYTHON) -m venv .cache/tools
	@REQUESTS_CA_BUNDLE="$${REQUESTS_CA_BUNDLE:-$${CURL_CA_BUNDLE:-$(CERTS)}}" \
	  .cache/tools/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# Each environment is its folder and its lock; one is made again when its lock or the project's
# own metadata changes. The demo's is apart, so that nobody waits for what only tests need.
.venv/.made: python/requirements/dev.txt
.venv/.made: COMPILE := --compile-bytecode
$(DEMO)/.made: python/requirements/demo.txt
.venv/.made $(DEMO)/.made: python/pyproject.toml | $(UV)
	@echo "making the environment ($(@D))"
	@$(UV) venv --quiet --clear --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(@D)
	@$(UV) pip install --quiet $(COMPILE) --python $(@D)/bin/python -r $(filter python/requirements/%,$^)
	@$(UV) pip install --quiet --python $(@D)/bin/python --no-deps -e python
	@touch $@

env: .venv/.made ## Make the environment with every tool and library (.venv)

demo: $(DEMO)/.made ## Train, save, validate, serve and score a real model, and see what is refused
	@$(DEMO)/bin/python python/examples/demo.py

test: env lint types unit pandas3 flavors java slow ## Everything: what CI runs

check: env lint types quick ## Lint, types and most unit tests, in two minutes

lint: env ## Style
	@cd python && ../$(BIN)/ruff check --config pyproject.toml . ../conformance
	@cd python && ../$(BIN)/ruff format --check --config pyproject.toml . ../conformance

types: env ## Static types
	@cd python && ../$(BIN)/mypy

# On a fresh machine of Debian's, root gets it; everywhere else tests that need R skip, and say so.
r:
	@command -v R > /dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && \
	  apt-get update -qq > /dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	  --no-install-recommends r-base-core r-cran-yaml r-cran-jsonlite r-cran-testthat r-cran-curl > /dev/null; } || \
	  echo "R is not installed (r-base-core): the tests of models of R are skipped" >&2

# Likewise Java and Maven, which Spark, H2O and the bridge to the JVM need.
jvm:
	@{ command -v java && command -v mvn; } > /dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && \
	  apt-get update -qq > /dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	  --no-install-recommends openjdk-17-jdk-headless maven > /dev/null; } || \
	  echo "Java and Maven are not installed (openjdk-17-jdk-headless, maven): tests that need them are skipped" >&2

quick: env r ## The unit tests, but for those that take long for what they are
	@cd python && ../$(BIN)/pytest -n $(JOBS) -m "not slow and not libraries and not thorough"

unit: env r ## Tests that start no server and build no package
	@cd python && ../$(BIN)/pytest -n $(JOBS) -m "not slow and not libraries"

pandas3: env ## The core's tests on pandas 3, in an environment of their own
	@cd python && peer=$$(../$(BIN)/python tools/peer_environment.py pandas3) && \
	  PYTHONPATH=src $$peer -m pytest -n $(JOBS) -m "not slow and not libraries" \
	  tests/signature tests/scoring tests/test_conformance.py

flavors: env r jvm ## Tests that need every flavor's library, in an environment that has them all
	@cd python && peer=$$(../$(BIN)/python tools/peer_environment.py flavors) && \
	  PYTHONPATH=$$PWD/src $$peer -m pytest -n $(JOBS) --dist loadgroup -m libraries

java: jvm ## The bridge to the JVM: built, and its own tests
	@if command -v mvn > /dev/null; then cd java-bridge && mvn --quiet --batch-mode verify; else \
	  echo "Maven is not installed: what needs the bridge to the JVM is not tested" >&2; fi

# What MLflow of today writes and reads is a matter of `flavors`.
oldest: env ## The flavors' tests with the oldest libraries that the extras take, in two environments
	@cd python && for lock in oldest oldest-deep; do \
	  peer=$$(../$(BIN)/python tools/peer_environment.py $$lock) && \
	  PYTHONPATH=$$PWD/src $$peer -m pytest -n $(JOBS) --dist loadgroup tests/flavors -m "not slow" \
	  -k "not test_interchange" || exit 1; done

slow: env r jvm ## Tests with real servers, clients, packages and MLflow itself
	@cd python && ../$(BIN)/pytest -n $(JOBS) --dist loadfile -m "slow and not libraries"

fuzz: env ## Random pickles against CPython's unpickler (COUNT); altered models against their libraries, requests (ALTERED)
	@cd python && PYTHONPATH=src:tests/trust ../$(BIN)/python tests/trust/differential.py $(COUNT) $(SEED)
	@cd python && OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MALLOC_PERTURB_=165 PYTHONPATH=src:tests/trust \
	  ../$(BIN)/python tests/trust/numbers_fuzz.py $(ALTERED) $(SEED)
	@cd python && for kind in boosters graphs; do \
	  PYTHONPATH=src:tests/flavors ../$(BIN)/python tests/flavors/mutants.py $$kind $(ALTERED) $(SEED); done
	@cd python && peer=$$(../$(BIN)/python tools/peer_environment.py flavors) && for kind in catboost lightgbm; do \
	  PYTHONPATH=src:tests/flavors $$peer tests/flavors/mutants.py $$kind $(ALTERED) $(SEED); done
	@cd python && for target in bodies v2 http; do \
	  PYTHONPATH=src ../$(BIN)/python tests/fuzz/guided.py $$target $$((10 * $(ALTERED))) $$(($(SEED) + 1)); done

bench: env ## Measure beside MLflow and a bare server; prints the rows of docs/speed.md in one table
	@$(BIN)/python python/benchmarks/run.py

conformance: env ## Ask the reference every conformance vector, through the runner's pipe
	@OMP_NUM_THREADS=1 $(BIN)/python -m conformance run \
	  --known-failing conformance/harnesses/python/known-failing.txt -- \
	  $(BIN)/python -W ignore -m conformance.harnesses.python

conformance-peers: env r jvm ## Ask the reference, R, Node, Java, MLflow and MLServer, and write conformance/report
	@$(BIN)/python -m conformance.report
	@$(BIN)/python python/tools/generate.py

mutation: env ## Break the reference on purpose, and tell which breaks the vectors notice (RULES="MLM SIG-01")
	@OMP_NUM_THREADS=1 $(BIN)/python -m conformance.mutation.run $(RULES)

generate: env ## Write the generated files again (schemas in the package, protobuf code, lists)
	@$(BIN)/python python/tools/generate.py

trustlist: env ## Write the list of names that need no trust again, from every supported version
	@$(BIN)/python python/tools/trust_list.py

dist: env ## Build sdist and wheel into python/dist; REPOSITORY=https://… is where they say they are from
	@rm -rf python/dist
	@cd python && MLMODEL_REPOSITORY="$(REPOSITORY)" ../$(BIN)/python -m build --no-isolation .
	@$(UV) tool run --quiet twine@$(TWINE_VERSION) check --strict python/dist/*

clean: ## Remove what the targets above made
	rm -rf .venv .cache python/dist
