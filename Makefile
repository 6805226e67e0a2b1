# The targets that people and CI use. Only python3 (3.11 or later) and make are needed:
# scripts/env.sh makes .venv on the first call.
#
#   make run ARGS="--as-of 2018-12-31"        make test ARGS="-k metrics"

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

ENV := scripts/env.sh
PY := .venv/bin/python

# Dagster asks for an absolute path; Chinese output needs UTF-8 whatever the locale.
export DAGSTER_HOME := $(CURDIR)/.dagster_home
export PYTHONUTF8 := 1

.PHONY: help
help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run:  ## build everything from the bundled data and publish it (ARGS: options of `duibiao run`)
	@$(ENV)
	@.venv/bin/duibiao run --offline $(ARGS)

.PHONY: test
test:  ## run the tests on all cores (ARGS: options of pytest)
	@$(ENV) test
	@$(PY) -m pytest -n auto --dist worksteal $(ARGS)

.PHONY: check
check: lint types test  ## everything that CI asks for: lint, types, tests

.PHONY: lint
lint:  ## formatting and lint, changing nothing
	@$(ENV) test
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .

.PHONY: format
format:  ## format, and fix what lint can fix
	@$(ENV) test
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

.PHONY: types
types:  ## mypy, strict
	@$(ENV) test
	@$(PY) -m mypy

.PHONY: dev
dev:  ## Dagster's web interface on this machine (ARGS: options of `dagster dev`)
	@$(ENV) ui
	@$(PY) -m dagster dev -w workspace.yaml $(ARGS)

.PHONY: notebook
notebook:  ## list the notebooks, or open one in marimo (ARGS: 02, 02 --app, 02 --html FILE)
	@$(ENV) notebooks
	@.venv/bin/duibiao notebook $(ARGS)

.PHONY: export
export:  ## everything for other systems, SDMX included (ARGS: options of `duibiao export`)
	@$(ENV) exports
	@.venv/bin/duibiao export $(ARGS)

.PHONY: serve
serve:  ## the report in a browser, on this machine (ARGS: --port N)
	@$(ENV)
	@.venv/bin/duibiao serve $(ARGS)

.PHONY: bench
bench:  ## how a night scales, on synthetic data (ARGS: --sizes 1 --json FILE --plot FILE)
	@$(ENV) test
	@$(PY) -m benchmarks.scale $(ARGS)

.PHONY: dictionary
dictionary:  ## docs/dictionary.md again, after a change of tables, views or examples
	@$(MAKE) run
	@.venv/bin/duibiao dictionary --markdown > docs/dictionary.md

.PHONY: clean
clean:  ## remove .venv, caches, stage and builds; what was fetched or handed in stays
	rm -rf notebooks/__marimo__ .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	rm -rf data/stage data/builds data/warehouse.duckdb* data/report data/exports data/*.lock
	find .dagster_home -mindepth 1 -maxdepth 1 ! -name dagster.yaml -exec rm -rf {} +
	find assets benchmarks pipelines schemas tests notebooks -name __pycache__ -type d -prune -exec rm -rf {} +
