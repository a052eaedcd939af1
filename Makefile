.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& { echo $$python; exit; }; done; echo python3)
VENV ?= .venv
IMAGE ?= epcis-repo
T ?=
B ?=

BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: $(RUNTIME) ## Start the repository, with sample events when its log is empty
	$(BIN)/epcis-repo serve --sample

.PHONY: test
test: $(DEV) ## Run the tests; T=tests/store for a part
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist worksteal $(T)

.PHONY: format
format: $(DEV) ## Rewrite the code in the one format
	$(BIN)/ruff check --select I --fix .
	$(BIN)/ruff format .

.PHONY: lint
lint: $(DEV) ## Look for likely mistakes
	$(BIN)/ruff check .

.PHONY: types
types: $(DEV) ## Check the types, strictly
	$(BIN)/mypy

.PHONY: check
check: $(DEV) ## What CI runs: format, lint, types, tests
	$(BIN)/ruff format --check .
	$(MAKE) lint
	$(MAKE) types
	$(MAKE) test

.PHONY: fuzz
fuzz: $(DEV) ## Try other examples than the gate, F=20 times as many schema documents; T=tests/query for a part
	EPCIS_REPO_FUZZ=$(or $(F),20) $(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 \
		$(or $(T),tests/validation/test_schema_differences.py tests/rest/test_description_holds.py)

# What holds chains of chance against a slow walk, and puts each defect into a long chain.
CHAINS := tests/operations/test_against_oracle.py tests/findings/test_mutations.py \
	tests/validation/test_mutations.py tests/reconciliation/test_lots.py

.PHONY: chains
chains: $(DEV) ## Hold thousands of chains against a slow walk, put each defect into 5,000 events
	EPCIS_REPO_FUZZ=20 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 \
		$(or $(T),$(CHAINS))

.PHONY: faults
faults: $(DEV) ## Break it thousands of times and print what was found; T=tests/faults/test_kills.py
	EPCIS_REPO_FAULTS=full $(BIN)/python -m pytest $(or $(T),tests/faults)

.PHONY: bench
bench: $(DEV) ## Measure all, in minutes; B='growth --rows 10_000_000' for a part, B=--help for which
	$(BIN)/python -m benchmarks $(B)

.PHONY: image
image: ## Build the container image; IMAGE=name:tag
	docker build --tag $(IMAGE) .

# A lock serves every machine: one resolution for all Pythons and platforms that we support, with
# the hash of every file of every pin, and no word about where the files come from. To move one
# library: make lock UPGRADE='--upgrade-package lxml'. To move all: make lock UPGRADE=--upgrade.
LOCK = $(BIN)/uv --quiet pip compile --no-config --no-sources --universal \
	--python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	$(UPGRADE)

.PHONY: lock
lock: $(DEV) ## Pin the libraries of pyproject.toml in requirements/; UPGRADE=--upgrade to move them
	$(PIP) install --require-hashes -r requirements/lock.txt
	$(LOCK) pyproject.toml --group dev --output-file requirements/dev.txt
	$(LOCK) pyproject.toml --constraints requirements/dev.txt --output-file requirements/runtime.txt
	$(LOCK) --constraints requirements/dev.txt --group build --output-file requirements/build.txt
	$(LOCK) --group lock --output-file requirements/lock.txt

.PHONY: clean
clean: ## Remove what tools and tests leave behind; .venv stays
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist *.egg-info
	find epcis_repo tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
		echo "epcis-repo needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
		echo "Say which to take: make PYTHON=/path/to/python3.13"; exit 1; } >&2
	$(PYTHON) -m venv $(VENV)

# The package is installed as a link to this checkout, built by the pinned and hash-checked
# hatchling, so that nothing is fetched that the locks do not name.
$(RUNTIME): requirements/runtime.txt requirements/build.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements/dev.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ $(RUNTIME)
