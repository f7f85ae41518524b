# Set-up happens by itself, once, and again when requirements.lock changes. It needs python3 (>= 3.11, with venv).
# make PYTHON=python3.12 ...  uses another interpreter;  make UV= ...  uses pip although uv is on the PATH.

PYTHON ?= python3
UV ?= $(shell command -v uv 2>/dev/null)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH_READY := $(VENV)/.bench-ready
# Other libraries that `bench/peers.py` and some tests are held against; each wants versions of its own.
PEERS := $(patsubst bench/peers/%.txt,$(VENV)/peers/%/.ready,$(wildcard bench/peers/*.txt))
COMPILE := pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --quiet $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help demo test lint format soak bench peers laws lock audit clean

help: ## list these targets
	@echo "make TARGET [ARGS=...], where TARGET is:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1	\2/p' Makefile

demo: $(READY) ## set up, tell the grocer's story in the terminal (under a minute), then serve its pages (ARGS=--no-serve)
	$(BIN)/bailee demo --serve $(ARGS)

test: $(READY) ## set up, then run the tests on all cores (ARGS="tests/policy -k places" for some)
	$(BIN)/python -m pytest -n auto $(ARGS)

lint: $(READY) ## style, format, types, and which room may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict src
	$(BIN)/lint-imports --no-logo

format: $(READY) ## put the code in the form that lint asks for
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

soak: $(READY) ## the laws over at least a million generated cases (takes many minutes)
	$(BIN)/python -m pytest -m soak -n auto --hypothesis-profile=soak -rP $(ARGS)

bench: $(BENCH_READY) ## measure speed and memory, print the ratios, write bench/RESULTS.md
	$(BIN)/python bench/run.py $(ARGS)

peers: $(READY) $(PEERS) ## set up the libraries that de-identification is compared with, and compare (Python 3.11 or 3.12)
	BAILEE_PEERS=$(abspath $(VENV)/peers) $(BIN)/python -m pytest -q tests/deid/test_peers.py $(ARGS)

laws: $(READY) ## write tests/laws/LAWS.md from the first lines of the law tests
	$(BIN)/python tests/laws/generate.py

lock: ## resolve the dependencies again, keeping pins (ARGS=--upgrade for newer ones); needs uv
	@if [ -z "$(UV)" ]; then echo "make lock: uv was not found; install it (python3 -m pip install uv, or pipx install uv), or name it: make lock UV=/path/to/uv" >&2; exit 1; fi
	$(UV) $(COMPILE) pyproject.toml --extra all --group dev --no-emit-package bailee -o requirements.lock
	$(UV) $(COMPILE) --group bench --constraint requirements.lock -o bench/requirements.lock
	@if grep -nE '(https?|file):|^-|^ *--(index|find|extra)' requirements.lock bench/requirements.lock; then \
		echo "make lock: the lines above name an address; a lock must install from any registry" >&2; exit 1; fi

audit: ## look up known vulnerabilities of everything that the lock names (needs the network)
	@$(PYTHON) .ci/audit.py $(ARGS)

clean: ## remove the environment and everything that was generated
	rm -rf $(VENV) .audit .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

HOW_PYTHON := Debian, Ubuntu: apt-get install python3 python3-venv; Fedora: dnf install python3; Alpine: apk add python3; macOS: brew install python
NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))'

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo "make: \`$(PYTHON)\` was not found; Bailee needs Python 3.11 or newer." >&2; \
		echo "Install it ($(HOW_PYTHON)), or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) $(NEW_ENOUGH) || { \
		echo "make: \`$(PYTHON)\` says \"$$($(PYTHON) -V 2>&1)\"; Bailee needs Python 3.11 or newer." >&2; \
		echo "Install it ($(HOW_PYTHON)), or name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
ifneq ($(strip $(UV)),)
	@$(BIN)/python $(NEW_ENOUGH) 2>/dev/null || $(UV) venv --quiet --clear --no-python-downloads --python "$$(command -v $(PYTHON))" $(VENV)
	@echo "installing what requirements.lock names into $(VENV) with uv"
	@$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps -e .
else
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "make: \`$(PYTHON)\` ($$($(PYTHON) -V 2>&1)) has no venv with ensurepip, so it cannot make an environment." >&2; \
		echo "Install it. Debian, Ubuntu: apt-get install python3-venv (python3.12-venv for a python3.12, and so on)." >&2; \
		echo "Elsewhere it comes with python3 (Fedora: dnf install python3; Alpine: apk add python3; macOS: brew install python)." >&2; exit 1; }
	@{ $(BIN)/python $(NEW_ENOUGH) && $(BIN)/python -m pip --version >/dev/null; } 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@echo "installing what requirements.lock names into $(VENV) with pip (a minute or so)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
endif
	@touch $@

$(BENCH_READY): $(READY) bench/requirements.lock
ifneq ($(strip $(UV)),)
	@$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r bench/requirements.lock
else
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bench/requirements.lock
endif
	@touch $@

$(VENV)/peers/%/.ready: bench/peers/%.txt | $(READY)
	@echo "installing what $< names into $(VENV)/peers/$*"
ifneq ($(strip $(UV)),)
	@$(UV) venv --quiet --clear --no-python-downloads --python $(BIN)/python $(VENV)/peers/$*
	@$(UV) pip install --quiet --python $(VENV)/peers/$*/bin/python -r $<
else
	@$(BIN)/python -m venv --clear $(VENV)/peers/$*
	@$(VENV)/peers/$*/bin/python -m pip install --quiet --disable-pip-version-check -r $<
endif
	@touch $@
