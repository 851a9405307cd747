# Every target works as the first command on a fresh clone: what it needs is set up before it runs.
#   make train ARGS="env=tokyo algo=sac seed=3"      make test ARGS="tests/envs -k seed"
PYTHON ?= python3
WORKERS ?= auto
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# One thread in each test worker: thread pools that share cores cost far more than they give. Intel's
# short vector maths library is off because with it a result may depend on its place in the batch.
SINGLE := NUMBA_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
EXACT := NUMBA_DISABLE_INTEL_SVML=1
PYTEST := $(EXACT) $(SINGLE) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup train test test-fast lint format bench docs warm clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */\1\t/' | expand -t 12

setup: $(READY)  ## .venv with the locked versions and this checkout in it (PYTHON=... picks the interpreter)
	@:

# The stamp is newer than the lock only when an installation has ended well.
$(READY): requirements/lock.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	    { echo 'nea_env needs Python 3.11 to 3.13: make $(MAKECMDGOALS) PYTHON=<such an interpreter>' >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements/lock.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

train: setup  ## train PPO on nea/KETS-v0 and compare it with the baselines
	$(BIN)/python train.py $(ARGS)

warm: setup  ## compile the kernels into the cache, in one process
	@$(EXACT) $(BIN)/python -m nea_env.core.warm

test: warm  ## every test, in parallel
	$(PYTEST) $(ARGS)

test-fast: warm  ## the tests that are not marked slow
	$(PYTEST) -m "not slow" $(ARGS)

lint: setup  ## ruff (rules and format) and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup  ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup  ## throughput, as ratios to Gymnasium's CartPole in one run
	$(BIN)/python -m benchmarks.throughput $(ARGS)

docs: setup  ## a page for every regime, the credits, and the README's table of systems, from the YAML
	$(BIN)/python -m nea_env.library docs --readme README.md $(ARGS)
	$(BIN)/python -m nea_env.market calibration $(ARGS)

clean:  ## remove .venv, caches and build products; runs stay
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
