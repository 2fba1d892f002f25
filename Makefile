# `make help` lists what there is. Everything made here stays in .venv, .tools and the caches; `make clean` removes it.
PYTHON ?= python3
ARGS ?=

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help render check prove test demo reference bench soak tools lock clean

# HOST_PATH is where PYTHON is looked for: the PATH of recipes has .venv first.
HOST_PATH := $(PATH)
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.tools/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
LOCK_FLAGS := --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options
EXPORTER_LOCK := generator/truegauge_generator/exporter.lock
EXPORTER_EXTRA := import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["exporter"], sep="\n")
PIP := .venv/bin/python -m pip --quiet

# Sets the shell's $python to the interpreter that PYTHON means (the base of a venv), or says what to install.
define FIND_PYTHON
set -eu; \
python=$$(PATH='$(HOST_PATH)' $(PYTHON) -c 'import sys; sys.version_info >= (3, 11) and print(sys._base_executable)') || python=; \
test -n "$$python" || { echo 'make: $(PYTHON) is not Python 3.11 or newer. Install it (apt install python3 python3-venv) or name another: make PYTHON=python3.12' >&2; exit 1; }; \
"$$python" -c 'import ensurepip, venv' 2> /dev/null || { echo 'make: $(PYTHON) cannot make virtual environments. Install its venv module: apt install python3-venv' >&2; exit 1; }
endef

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 10

render: .venv/made ## write everything that the spec describes
	@truegauge render $(ARGS)

check: .venv/made tools ## find problems in the spec, and what differs from it on disk
	@truegauge check $(ARGS)

prove: .venv/made tools ## show that every alert fires, stays silent, and that the tests would notice a wrong rule
	@truegauge prove $(ARGS)

test: .venv/made-demo tools ## lint, types, tests (ARGS='-k name' for some of the tests)
	@echo 'test: ruff check';           ruff check --quiet
	@echo 'test: ruff format --check';  ruff format --quiet --check
	@echo 'test: mypy';                 mypy --no-error-summary
	@echo 'test: pytest';               pytest $(ARGS)

demo: .venv/made-demo tools ## make each alert fire and arrive, with a real database and real servers
	@.venv/bin/python tests/demo/run.py $(ARGS)

reference: .venv/made ## write docs/reference.md from the models
	@.venv/bin/python -m truegauge_spec.reference > docs/reference.md

bench: .venv/made-demo tools ## measure speed, beside jsonnet and promtool
	@.venv/bin/python tests/bench/run.py $(ARGS)

soak: .venv/made-demo ## ten minutes of a mixed workload: no scrape missed, equal counts, no leak (ARGS='--seconds 60')
	@.venv/bin/python tests/soak/soak.py $(ARGS)

tools: ## get prometheus, promtool, alertmanager, amtool into .tools, if the PATH has none
	@.ci/get-tools .tools

lock: ## choose dependencies anew and write the lock files (with Python 3.11, the oldest supported)
	@$(FIND_PYTHON); \
	"$$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo 'make lock: use Python 3.11: make lock PYTHON=python3.11' >&2; exit 1; }; \
	echo 'lock: writing requirements.lock, requirements-demo.lock and the lock of what an exporter needs'; \
	"$$python" -m venv --clear .tools/lock; \
	.tools/lock/bin/pip install --quiet pip-tools; \
	export CUSTOM_COMPILE_COMMAND='make lock'; \
	.tools/lock/bin/pip-compile $(LOCK_FLAGS) --extra exporter --extra web --extra test --output-file requirements.lock pyproject.toml requirements.in; \
	.tools/lock/bin/pip-compile $(LOCK_FLAGS) --output-file requirements-demo.lock requirements-demo.in; \
	"$$python" -c '$(EXPORTER_EXTRA)' | .tools/lock/bin/pip-compile $(LOCK_FLAGS) --no-annotate --constraint requirements.lock --output-file $(EXPORTER_LOCK) -

clean: ## remove .venv, .tools, build output and caches
	@rm -rf .venv .tools dist .truegauge_cache .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -prune -exec rm -rf {} +

# .venv is made anew when a file named here changes, or when the checkout was copied or moved: its scripts hold their place.
ifneq ($(file < .venv/made),$(CURDIR))
.PHONY: .venv/made
endif
.venv/made: requirements.lock pyproject.toml
	@$(FIND_PYTHON); \
	echo "venv: making .venv with $$("$$python" --version) from requirements.lock"; \
	rm -rf .venv; \
	"$$python" -m venv .venv; \
	$(PIP) install --require-hashes -r requirements.lock; \
	$(PIP) install --no-deps --no-build-isolation --editable .; \
	echo '$(CURDIR)' > $@

.venv/made-demo: .venv/made requirements-demo.lock
	@echo 'venv: adding requirements-demo.lock'; \
	$(PIP) install --require-hashes --no-build-isolation --use-pep517 -r requirements-demo.lock; \
	touch $@
