# `make help` lists what there is. Everything lands in .venv, frontend/node_modules and ANWANG_HOME (default ./var).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
NPM ?= npm
UV_VERSION := 0.13.9
PORT ?= 8000
TEST_POSTGRES_URL ?= postgres://postgres@127.0.0.1:5432/postgres
PYTEST ?= -n 2 --dist worksteal -q

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
DIST := src/anwang/ground/base/static/dist
# Tools that import the settings get a home of their own: checking the code must not touch the data.
TOOL_HOME := ANWANG_HOME=$(CURDIR)/$(VENV)/.home

PO := $(shell find src -name '*.po')
FRONTEND := $(shell find frontend -path frontend/node_modules -prune -o -type f -print 2>/dev/null)
# A stamp is not enough where what it stands for was deleted.
ifeq ($(wildcard $(DIST)/*),)
$(shell rm -f $(STAMPS)/frontend)
endif
ifneq ($(words $(PO)),$(words $(wildcard $(PO:.po=.mo))))
$(shell rm -f $(STAMPS)/messages)
endif

.PHONY: help
help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: setup
setup: $(STAMPS)/python $(STAMPS)/frontend $(STAMPS)/messages ## install everything into this folder (quick the second time)

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed ($(PYTHON) was not found; set PYTHON=…)."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed, this is $$($(PYTHON) --version). Set PYTHON=…"; exit 1; }
	@echo "[1/4] a Python environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { echo "python -m venv failed: on Debian, install python3-venv first."; exit 1; }

$(STAMPS)/python: requirements-dev.lock pyproject.toml | $(BIN)/python
	@mkdir -p $(STAMPS)
	@echo "[2/4] Python packages (hashes checked)"
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --require-hashes -r requirements-dev.lock
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps -e .
	@touch $@

$(STAMPS)/node: frontend/package-lock.json | $(BIN)/python
	@mkdir -p $(STAMPS)
	@command -v $(NPM) >/dev/null || { echo "Node.js 20.19 or newer with npm is needed for the screens ($(NPM) was not found)."; exit 1; }
	@echo "[3/4] packages of the screens"
	@cd frontend && $(NPM) ci --no-audit --no-fund
	@touch $@

$(STAMPS)/frontend: $(STAMPS)/node $(FRONTEND)
	@echo "[3/4] building the screens"
	@cd frontend && $(NPM) run build
	@touch $@

$(STAMPS)/messages: $(PO) tools/messages.py | $(STAMPS)/python
	@echo "[4/4] message catalogues"
	@$(TOOL_HOME) $(BIN)/python tools/messages.py compile
	@touch $@

.PHONY: run
run: setup ## set up, fill an empty house with a demonstration county, serve http://127.0.0.1:8000
	@$(BIN)/anwang demo --if-empty
	@exec $(BIN)/anwang up --port $(PORT)

.PHONY: test
test: setup machine ## every test on SQLite, then those that use the database on PostgreSQL
	@echo "== tests on SQLite"
	@$(BIN)/pytest $(PYTEST)
	@if $(BIN)/python -c 'import sys, psycopg; psycopg.connect(sys.argv[1], connect_timeout=3)' "$(TEST_POSTGRES_URL)" 2>/dev/null; then \
		echo "== tests of the database on PostgreSQL"; \
		DATABASE_URL="$(TEST_POSTGRES_URL)" $(BIN)/pytest $(PYTEST) --only-db -m "not postgres and not browser"; \
	elif [ "$${CI:-}" = true ]; then \
		echo "No PostgreSQL answers at TEST_POSTGRES_URL, and CI must not skip it."; exit 1; \
	else \
		echo "== no PostgreSQL answers at TEST_POSTGRES_URL: the second run was left out"; \
	fi

.PHONY: coverage
coverage: setup ## rules and kernel, every branch of them, by their own tests
	@$(BIN)/pytest -q -n 2 src/anwang/kernel $(wildcard src/anwang/*/*/tests/test_rules*.py) --cov=anwang --cov-branch --cov-report=
	@$(BIN)/coverage report --include='src/anwang/kernel/*,src/anwang/*/*/rules.py,src/anwang/*/*/rules/*' --fail-under=100

.PHONY: machine
machine: # what journeys in the browser need of the machine
	@need=(); \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || need+=(chromium); \
	{ command -v fc-list >/dev/null && fc-list :lang=zh family | grep -q .; } || need+=(fontconfig fonts-noto-cjk); \
	if [ $${#need[@]} -gt 0 ]; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "installing $${need[*]} for the journeys in the browser"; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$${need[@]}" >/dev/null \
				|| echo "could not install $${need[*]}: the tests that need them will say so"; \
		else \
			echo "missing: $${need[*]} (install as root); the tests that need them will say so"; \
		fi; \
	fi

.PHONY: bench
bench: setup ## measure what design asks for; figures go to docs/operate/capacity.md
	@$(BIN)/python -m bench $(BENCH)

.PHONY: lint
lint: setup ## style, types, the plan of the house, catalogues, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(TOOL_HOME) $(BIN)/mypy
	$(BIN)/lint-imports
	$(TOOL_HOME) $(BIN)/python tools/messages.py check
	$(TOOL_HOME) DJANGO_SETTINGS_MODULE=anwang.config.settings $(BIN)/python -m django makemigrations --check --dry-run

.PHONY: plan
plan: $(STAMPS)/python ## the floors and rooms of the house, and whether the code keeps to them
	@sed -n '/^# plan$$/,/^# end of plan$$/p' .importlinter | sed -e '1d;$$d' -e 's/^# \{0,1\}//'
	@$(BIN)/lint-imports

.PHONY: clean
clean: ## drop what setup made (never ANWANG_HOME)
	rm -rf $(VENV) frontend/node_modules $(DIST)
	find src -name '*.mo' -delete
