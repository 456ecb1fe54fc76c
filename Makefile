# Every target makes .venv and installs what it needs; with nothing changed, a second call installs nothing.
# Another interpreter: make test PYTHON=python3.12         Arguments: make test ARGS="-k softmax", make report ARGS="--seed 1"

PYTHON ?= python3
ARGS =
VENV := .venv
BIN := $(VENV)/bin
# The oldest Python that pyproject.toml allows, and an environment of the oldest versions for it.
OLDEST_PYTHON ?= python$(shell sed -n 's/^requires-python = ">=\(.*\)"/\1/p' pyproject.toml)
OLDEST := .venv-oldest

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

# The stamps below do not count when the environment's interpreter has gone, for example after an upgrade.
$(shell test -e $(BIN)/python || rm -f $(VENV)/.installed-*)

.PHONY: help demo report pictures docs test test-fast test-oldest lint check bench venv clean

help:
	@echo "make demo         reproduce the initialisation experiment, then train on real handwritten digits"
	@echo "make report       run all experiments in quick mode; one page of expected and measured in runs/report"
	@echo "make test         run the tests"
	@echo "make test-fast    run the tests with compiled kernels for arrays of every size"
	@echo "make test-oldest  run the tests with the oldest versions that pyproject.toml allows"
	@echo "make check        lint, formatting and types (make lint), then the tests"
	@echo "make bench        speed and memory beside hand-written NumPy and, where installed, PyTorch: ten minutes"
	@echo "make docs         build the site: these pages, the reference, notebooks, experiments; runs/site/html/index.html"
	@echo "make clean        remove .venv, caches and build output (runs/ stays)"

demo: $(VENV)/.installed-examples
	@$(BIN)/python examples/initialization.py
	@$(BIN)/python examples/digits.py
	@echo
	@echo "The pictures are here:"
	@find runs -type f \( -name '*.png' -o -name '*.svg' -o -name '*.gv' \) | sort | sed 's/^/  /'

report: $(VENV)/.installed-examples
	@$(BIN)/python -m examples report $(ARGS)

# The pictures that the documentation shows: a complete run of everything, half an hour on two cores.
pictures: $(VENV)/.installed-docs $(VENV)/.installed-examples
	@$(BIN)/python -m examples report --full --out runs/pictures $(ARGS)
	@$(BIN)/python docs/site/build.py --pictures $$(dirname $$(ls runs/pictures/*/receipt.json))

# As many tests at a time as there are cores, each in one thread.
test test-fast test-oldest: export OMP_NUM_THREADS = 1
test: $(VENV)/.installed-dev
	@command -v dot >/dev/null 2>&1 || echo "note: tests that draw with Graphviz skip, because its program 'dot' is missing;" \
	  "install it with 'sudo apt install graphviz' or 'brew install graphviz'"
	@$(BIN)/python -m pytest -n auto $(ARGS)

# With no least size, so that kernels are tested and not the rules that they stand for.
test-fast: export MINIGRAD_FAST = 1
test-fast: export MINIGRAD_FAST_MINIMUM = 0
test-fast: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -n auto $(ARGS)

test-oldest: $(OLDEST)/.installed
	@$(OLDEST)/bin/python -m pytest -n auto $(ARGS)

lint: $(VENV)/.installed-dev
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m mypy

check: lint test

# Everybody gets two threads, or OMP_NUM_THREADS. Some of it: make bench ARGS="--quick --only gpt"
bench: $(VENV)/.installed-bench
	@$(BIN)/python -c 'import importlib.util as u, sys; sys.exit(u.find_spec("torch") is None)' \
	  || echo "note: no comparison with PyTorch; install it with '$(BIN)/python -m pip install torch==2.13.0'"
	@$(BIN)/python -m benchmarks --json runs/benchmarks.json --plot runs/benchmarks.png $(ARGS)

# Warnings are errors, and so are links that lead nowhere and anything that would come from the network.
docs: $(VENV)/.installed-docs
	@$(BIN)/python docs/site/build.py --fresh $(ARGS)

venv: $(VENV)/.installed-dev
	@:

# One stamp for each extra: older than pyproject.toml, and the extra is installed again.
$(VENV)/.installed-%: pyproject.toml | $(BIN)/python
	@echo "Installing minigrad[$*] into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

# Made anew when a bound changes, so that what runs is always what pyproject.toml says.
$(OLDEST)/.installed: pyproject.toml tests/oldest.py
	@command -v $(OLDEST_PYTHON) >/dev/null 2>&1 || { echo "error: the oldest Python that minigrad allows was not found:" \
	  "install $(OLDEST_PYTHON), or name it: make test-oldest OLDEST_PYTHON=/path/to/$(OLDEST_PYTHON)" >&2; exit 1; }
	@echo "Installing the oldest versions that pyproject.toml allows into $(OLDEST) ..."
	@$(OLDEST_PYTHON) -m venv --clear $(OLDEST)
	@$(OLDEST)/bin/python tests/oldest.py > $(OLDEST)/constraints.txt
	@$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint $(OLDEST)/constraints.txt --editable '.[test]'
	@touch $@

# Debian ships Python without ensurepip; looking for it first leaves no half-made environment behind.
$(BIN)/python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "error: '$(PYTHON)' was not found:" \
	  "install Python 3.11 or newer, or name yours, for example: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: minigrad needs Python 3.11 or newer," \
	  "but '$(PYTHON)' is older; name a newer one, for example: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "error: '$(PYTHON)' cannot make virtual environments:" \
	  "install its venv module, for example: sudo apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)

clean:
	rm -rf $(VENV) $(OLDEST) build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
