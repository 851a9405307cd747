# Every target works as the first command on a fresh clone: what it needs is set up before it runs.
#   make train ARGS="env=tokyo algo=sac seed=3"      make test ARGS="tests/envs -k seed"
#   make test-python PYTHON=python3.13               make clients ARGS="torchrl skrl"
PYTHON ?= python3
WORKERS ?= auto
ARGS ?=

VENV := .venv
LEFT_OUT :=
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# One thread in each test worker: thread pools that share cores cost far more than they give. Intel's
# short vector maths library is off because with it a result may depend on its place in the batch.
SINGLE := NUMBA_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
EXACT := NUMBA_DISABLE_INTEL_SVML=1
PYTEST := $(EXACT) $(SINGLE) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup train test test-fast test-slow test-install test-python clients fuzz lint format bench docs warm clean

help:  ## list the targets
	@grep -hE '^[a-z-]+.*:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+)[^#]*## */\1\t/' | expand -t 14

setup: $(READY)  ## .venv with the locked versions and this checkout in it (PYTHON=... picks the interpreter)
	@:

# The stamp is newer than the lock only when an installation has ended well.
$(READY): requirements/lock.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	    { echo 'nea_env needs Python 3.11 to 3.13: make $(MAKECMDGOALS) PYTHON=<such an interpreter>' >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	grep -vE '^($(LEFT_OUT))==' requirements/lock.txt > $(VENV)/lock.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement $(VENV)/lock.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

train: setup  ## train PPO on nea/KETS-v0 and compare it with the baselines
	$(BIN)/python train.py $(ARGS)

warm: setup  ## compile the kernels and solve the exact track into the cache, in one process
	@$(EXACT) $(BIN)/python -m nea_env.core.warm
	@$(EXACT) $(BIN)/python -m nea_env.solvers solve

test test-fast: warm  ## the tests but the slow ones, in parallel
	$(PYTEST) -m "not slow" $(ARGS)

test-slow: warm  ## the tests marked slow
	$(PYTEST) -m slow $(ARGS)

test-install: setup  ## the wheel with its base dependencies alone, newest and lowest, in new environments
	$(PYTEST) -m slow tests/install/test_base_install.py $(ARGS)

# torch's CPU build is not at hand for every Python; what needs it is skipped, with the reason.
OTHER = .venvs/python$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
test-python:  ## the tests that need no torch and the base install, on another Python: PYTHON=python3.13
	$(MAKE) test test-install VENV=$(OTHER) LEFT_OUT='torch|stable-baselines3|sb3-contrib'

clients: setup  ## other libraries, each in its own environment, and the table of releases: ARGS="torchrl skrl"
	@$(BIN)/python -m tests.clients $(ARGS)

lint: setup  ## ruff (rules and format) and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup  ## let ruff fix what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

fuzz: warm  ## scenarios with other numbers, played to the end by firms that act at random: ARGS="--scenarios 10000 --rows 120"
	@$(EXACT) $(BIN)/python -m tests.fuzz $(ARGS)

bench: setup  ## starting, stepping, training and drawing, beside Gymnasium's CartPole in one run: ARGS="--cold --no-ppo"
	$(BIN)/python -m benchmarks $(ARGS)

# Every table that code can make, from the YAML, the field tables, the markets as solved, and stored results: nothing
# is trained. What other libraries did is from `make clients`, in environments of their own.
docs: setup  ## every table of docs/ and of the README that code can make; it renders stored results and never trains
	$(BIN)/python -m nea_env.library docs $(ARGS)
	$(BIN)/python -m nea_env.envs.reference --readme README.md $(ARGS)
	$(BIN)/python -m nea_env.market calibration $(ARGS)
	$(BIN)/python -m nea_env.envs.reference.in_pages $(ARGS)
	$(BIN)/python -m nea_env.market record $(ARGS)
	$(BIN)/python -m nea_env.solvers closed_form --out docs/theory.md $(ARGS)
	$(BIN)/python -m agents.learners $(ARGS)
	$(BIN)/python -m agents.exact_learners $(ARGS)
	$(if $(ARGS),,$(BIN)/python -m nea_env.market waiting --write docs/markets.md)
	$(if $(ARGS),,$(BIN)/python -m nea_env.policies.compliance --out docs/compliance.md)
	$(if $(ARGS),,$(BIN)/python -m nea_env rollout kets --episodes 1000 \
	    --policies just_in_time,searched_rule,invest_at_trigger,tuned_rule --out docs/figures/kets_policies.png)

clean:  ## remove the environments, caches and build products; runs stay
	rm -rf $(VENV) .venvs build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
