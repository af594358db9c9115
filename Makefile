# Everything that a developer or CI runs. Each target sets up what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test check bench bench-http2 mutants fuzz docs format clean

help:
	@echo "make demo    the whole story on this machine: build, verify, tamper, refuse"
	@echo "make test    all tests"
	@echo "make check   style, types, import contracts, branch coverage"
	@echo "make bench   speed and memory, against other ways of doing the same"
	@echo "make bench-http2 what HTTP/2 would bring"
	@echo "make mutants change the code in a thousand places: does a test notice? (an hour)"
	@echo "make fuzz    hostile input for every reader, ten minutes (FUZZ_SECONDS=600)"
	@echo "make docs    write the generated pages of docs/ again"

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "Python 3.11 or newer is needed; $(PYTHON) is %d.%d. Name another one: make demo PYTHON=python3.12" % v[:2])'
	@echo "Setting up (once, about a minute) …"
	@made=; [ -d $(VENV) ] || made=$(VENV); \
	{ $(PYTHON) -m venv $(VENV) \
	  || { echo "Python's venv module is missing; on Debian: apt install python3-venv" >&2; false; }; } \
	&& $(PIP) --upgrade 'pip>=25.1' \
	&& $(PIP) -c constraints.txt --group dev --editable '.[sandbox,s3,images,keyring]' \
	&& touch $(READY) \
	|| { [ -z "$$made" ] || rm -rf "$$made"; echo "Setting up failed, see above; it needs the internet." >&2; exit 1; }

demo: $(READY)
	$(BIN)/lockstick demo

# Programs that mount and make file systems lie in folders that not everybody's PATH has.
test check: export PATH := $(PATH):/usr/sbin:/sbin

test: $(READY)
	@sh tests/install.sh
	$(BIN)/python -m pytest -n auto

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@sh tests/install.sh
	$(BIN)/python -m coverage erase
	$(BIN)/python -m pytest -n auto -q --cov --cov-report=term

# Servers lie in folders that not everybody's PATH has.
bench bench-http2: export PATH := $(PATH):/usr/sbin:/sbin

bench: $(READY)
	@sh bench/install.sh
	$(BIN)/python bench/run.py

# Whether HTTP/2 would help (docs/adr/0021); only this needs the HTTP/2 library.
bench-http2: $(READY)
	@sh bench/install.sh
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group http2
	$(BIN)/python bench/http2.py

# The tools of these two are no part of the developer's everyday set, and one of them does not exist everywhere.
mutants: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group mutants
	HYPOTHESIS_PROFILE=mutants $(BIN)/mutmut run $(MUTANTS)
	$(BIN)/python tools/mutants.py

fuzz: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group fuzz || echo "without atheris: by chance"
	$(BIN)/python tests/fuzz/searching.py

docs: $(READY)
	$(BIN)/python tools/generate_docs.py

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* .import_linter_cache mutants .fuzz
