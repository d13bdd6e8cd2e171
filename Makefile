# Commands for users and developers. Each sets up what it needs in .venv.

PYTHON ?= python3
CORES ?= $(shell getconf _NPROCESSORS_ONLN)
VENV := .venv
BIN := $(VENV)/bin
DEMO := --configfile config/demo.yaml
EMODB := --configfile config/emodb.yaml
ifdef AUDIO
FILES := results/emodb_files
EMODB += --config results=$(FILES) "training={unlabelled: [emodb_files]}" \
	"corpora={labelled: emodb_files, manifests: {emodb_files: {folder: $(FILES)/manifest}}}"
endif
# Test files run in parallel, each in one process, so that its tests share their fixtures.
PARALLEL := -n logical --maxprocesses 4 --dist loadfile
# A Python with pip: $(PYTHON), or its base if it is an environment without pip, such as an activated
# $(VENV).
BASE_PYTHON = "$(shell $(PYTHON) -c 'import importlib.util as u, sys; \
	print(sys.executable if u.find_spec("pip") else sys._base_executable)')"
PIP = $(BASE_PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check install --quiet

.PHONY: help estimate demo emodb test test-slurm fast lint format docs control bench clean

help: ## show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*##/ {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/run ## run the study on a synthetic corpus and print its results
	@PYTHONPATH=workflow/logger $(BIN)/snakemake --cores $(CORES) $(DEMO) --logger progress
	@echo
	@$(BIN)/python -m emospeech results results/demo

emodb: $(VENV)/$(if $(AUDIO),run,audb) ## run a small study on Emo-DB, downloaded or from AUDIO=<folder>
ifdef AUDIO
	@$(BIN)/python -m emospeech manifest emodb "$(AUDIO)" --output $(FILES)/manifest --keep
endif
	@PYTHONPATH=workflow/logger $(BIN)/snakemake --cores $(CORES) $(EMODB) --logger progress
	@echo
	@$(BIN)/python -m emospeech results $(or $(FILES),results/emodb)

estimate: $(VENV)/run ## estimate time, memory and disk of the study, or of CONFIG=<file>
	@PYTHONPATH=workflow/logger $(BIN)/snakemake estimate --cores $(CORES) --logger progress \
		$(if $(CONFIG),--configfile $(CONFIG))

test: $(VENV)/dev lint ## run the linters and all tests, the fast ones first
	$(BIN)/python -m pytest $(PARALLEL) -m "not workflow and not slurm"
	$(BIN)/python -m pytest $(PARALLEL) -m workflow --durations=10

test-slurm: $(VENV)/dev ## run the demo on a local Slurm cluster and interrupt jobs; needs root
	$(BIN)/python -m pytest -m slurm tests/test_slurm.py

fast: $(VENV)/dev ## run the tests that do not start a workflow
	$(BIN)/python -m pytest $(PARALLEL) -m "not workflow and not slurm" -x -q

lint: $(VENV)/dev ## run ruff, import-linter, pyright, snakefmt and snakemake --lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/pyright
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint $(DEMO)

format: $(VENV)/dev ## format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/snakefmt Snakefile workflow

docs: $(VENV)/docs ## rewrite docs/configuration.md and build the documentation in site/
	$(BIN)/python docs/generate_configuration.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "Documentation: $(CURDIR)/site/index.html"

control: $(VENV)/dev ## run the demo with shuffled labels too, and compare both with chance level
	$(BIN)/python -m tests.control --cores $(CORES)

bench: $(VENV)/dev ## run the benchmarks of time and memory (8 minutes)
	$(BIN)/python -m benchmarks

clean: ## remove the results of the demo
	rm -rf results/demo

# pip installs into the new environment from outside, which then needs no pip of its own.
$(VENV)/run: envs/requirements.txt envs/requirements-workflow.txt envs/lock.txt
	@echo "Setting up $(VENV), which takes a few minutes"
	$(BASE_PYTHON) -m venv --without-pip $(VENV)
	$(PIP) -r envs/requirements.txt -r envs/requirements-workflow.txt -c envs/lock.txt
	@touch $@

$(VENV)/dev: $(VENV)/audb $(VENV)/mlflow $(VENV)/onnx $(VENV)/tensorboard

# Additional packages, such as .venv/audb for envs/requirements-audb.txt.
$(VENV)/%: envs/requirements-%.txt $(VENV)/run
	$(PIP) -r $< -c envs/lock.txt
	@touch $@
