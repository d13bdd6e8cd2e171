# What a developer or reader types. `make demo` and `make test` set up all they need in .venv.

PYTHON ?= python3
CORES ?= $(shell getconf _NPROCESSORS_ONLN)
VENV := .venv
BIN := $(VENV)/bin
DEMO := --configfile config/demo.yaml
# Files of tests side by side: each keeps its fixtures, and none needs all cores all the time.
SIDE_BY_SIDE := -n logical --maxprocesses 4 --dist loadfile
# The Python with pip: $(PYTHON), or the one behind it where that is an environment without pip, as
# $(VENV) is when it is activated.
BASE_PYTHON = "$(shell $(PYTHON) -c 'import importlib.util as u, sys; \
	print(sys.executable if u.find_spec("pip") else sys._base_executable)')"
PIP = $(BASE_PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check install --quiet

.PHONY: help demo test test-slurm fast lint format docs control bench clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

demo: $(VENV)/run ## the whole study on the synthetic corpus, to the report
	$(BIN)/snakemake --cores $(CORES) $(DEMO) --quiet reason host
	@echo
	@cat results/demo/report/tables/table-2.md
	@echo
	@echo "The report: $(CURDIR)/results/demo/report/index.html"

test: $(VENV)/dev lint ## all tests, the fast ones first
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not workflow and not slurm"
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m workflow --durations=10

test-slurm: $(VENV)/dev ## the demo on a Slurm of this machine, its jobs disturbed; as root, and fails without
	$(BIN)/python -m pytest -m slurm tests/test_slurm.py

fast: $(VENV)/dev ## the tests that take seconds
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not workflow and not slurm" -x -q

lint: $(VENV)/dev ## ruff, import-linter, snakefmt and snakemake's own lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint $(DEMO)

format: $(VENV)/dev ## lay the code out
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/snakefmt Snakefile workflow

docs: $(VENV)/docs ## the documentation as a website, in site/
	$(BIN)/mkdocs build --strict --quiet
	@echo "Documentation: $(CURDIR)/site/index.html"

control: $(VENV)/dev ## the demo and its control on shuffled labels, held against chance and shown in the report
	$(BIN)/python -m tests.control --cores $(CORES)

bench: $(VENV)/dev ## time and memory against the usual way and the bare minimum, some minutes
	$(BIN)/python -m benchmarks

clean: ## remove the demo's results; the environment and other results stay
	rm -rf results/demo

# pip works on the new environment from outside, so that no ensurepip is needed.
$(VENV)/run: envs/requirements.txt envs/lock.txt
	@echo "Setting up $(VENV): this takes a minute or two, and longer on a slow line"
	$(BASE_PYTHON) -m venv --without-pip $(VENV)
	$(PIP) -r envs/requirements.txt -c envs/lock.txt
	@touch $@

$(VENV)/dev: $(VENV)/run envs/requirements-dev.txt
	$(PIP) -r envs/requirements-dev.txt -c envs/lock.txt
	@touch $@

$(VENV)/docs: $(VENV)/run envs/requirements-docs.txt
	$(PIP) -r envs/requirements-docs.txt -c envs/lock.txt
	@touch $@
