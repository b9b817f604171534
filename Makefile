# Each target does its own set-up. `make demo` and `make test` are all that a stranger needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test oracle faults soak zones check bench bench-engine bench-import schema lock clean

demo: $(VENV)/.ready
	$(BIN)/oee demo $(ARGS)

test: $(VENV)/.ready-dev
	@tests/install-peers.sh
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile $(ARGS)

oracle: $(VENV)/.ready-dev # the engine against the rules told slowly: 10,000 random cases, ARGS=100000 for more, --seed N, --small
	$(BIN)/python tests/oracle.py $(ARGS)

faults: $(VENV)/.ready-dev # the long versions: ten kills of the collector, the database away for 20 s
	$(BIN)/python -m pytest tests/faults $(ARGS)

soak: $(VENV)/.ready-dev # an hour with a page open while the service is killed or stopped three times; OEE_TEST_PAGE_S shortens it
	$(BIN)/python -m pytest -m slow tests/e2e $(ARGS)

zones: $(VENV)/.ready-dev # shifts in every time zone, 2000 to 2040: some minutes
	$(BIN)/python -m pytest -q -s -m slow tests/unit/test_calendar_zones.py $(ARGS)

check: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

bench: $(VENV)/.ready-dev
	$(BIN)/python -m tests.bench $(ARGS)

bench-engine: $(VENV)/.ready-dev # a thousand machines' shifts from arrays to results on one core, ARGS=100 for fewer machines
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.bench.bench_engine $(ARGS)

bench-import: $(VENV)/.ready-dev # 10 million CSV rows beside psql's \copy of them: some minutes, 3 GB of disk
	$(BIN)/python -m tests.bench.bench_import 10000000

schema: $(VENV)/.ready # after a change of the plant file's keys or of their page
	$(BIN)/oee schema > docs/plant-file.schema.json

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv is missing: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: requirements.lock requirements-build.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing the locked packages into $(VENV) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-build.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock $(VENV)/.ready
	@echo "Installing the locked test packages ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

lock: # maintainers: needs uv
	uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.lock
	uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group dev -o requirements-dev.lock
	printf 'pyarrow>=21\n' | uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate - -o requirements-parquet.lock
	printf 'hatchling>=1.27\neditables\n' | uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate - -o requirements-build.lock

clean:
	rm -rf $(VENV)
