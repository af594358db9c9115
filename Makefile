# Everything that a developer or CI runs. Each target sets up what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test check bench docs format clean

help:
	@echo "make demo    the whole story on this machine: build, verify, tamper, refuse"
	@echo "make test    all tests"
	@echo "make check   style, types, import contracts, branch coverage"
	@echo "make bench   speed and memory, against other ways of doing the same"
	@echo "make docs    write the generated pages of docs/ again"

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing; on Debian: apt install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --group dev --editable '.[sandbox]'
	@touch $(READY)

demo: $(READY)
	$(BIN)/lockstick demo

test: $(READY)
	$(BIN)/python -m pytest -n auto

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m coverage erase
	$(BIN)/python -m pytest -n auto -q --cov --cov-report=term

bench: $(READY)
	$(BIN)/python bench/run.py

docs: $(READY)
	$(BIN)/python tools/generate_docs.py

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* .import_linter_cache
