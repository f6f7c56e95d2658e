# Every target makes the virtual environment it needs. PYTHON picks the interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO ?= demo.sqlite

.PHONY: demo test test-all lint fix docs bench bench-full vocabularies clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

# llama-cpp-python compiles here, once: some minutes, then pip has the wheel cached.
$(VENV)/.run: pyproject.toml | $(BIN)/python
	@echo "installing planner and llama.cpp (compiles some minutes the first time)"
	$(BIN)/python -m pip install --quiet -e '.[embedded]'
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.run
	$(BIN)/python -m pip install --quiet -e '.[embedded,bench,dev]'
	@touch $@

demo: $(VENV)/.run  ## answer questions about a demo database on the built-in models
	$(BIN)/planner demo $(DEMO)

test: $(VENV)/.dev  ## the tests every commit passes
	$(BIN)/python -m pytest -m "not slow"

test-all: $(VENV)/.dev  ## with the long ones
	$(BIN)/python -m pytest

lint: $(VENV)/.dev  ## style, types, layers, README against the help texts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/lint-imports
	$(BIN)/cog --check --diff README.md planner_cli/app/keywords.py docs/api.md

fix: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.dev  ## bring the README's help texts up to date
	$(BIN)/cog -r README.md planner_cli/app/keywords.py docs/api.md

bench: $(VENV)/.dev  ## a minute or two: is the engine still as fast against its peers as it was?
	$(BIN)/python -m benchmarks.speed --check

bench-full: $(VENV)/.dev build/peers/bin/llama-server  ## the README's table; half an hour and more, on a quiet machine
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.speed --model synth-1.5b

build/peers/bin/llama-server: | $(VENV)/.dev  ## llama.cpp's own programs to compare with
	$(BIN)/python benchmarks/speed/peers/build.py

vocabularies: .vocabularies/ggml-vocab-gpt-2.gguf  ## llama.cpp's test vocabularies and templates, for test_vocabularies.py

.vocabularies/ggml-vocab-gpt-2.gguf: | $(BIN)/python
	mkdir -p .vocabularies
	$(BIN)/python -m pip download --quiet --no-deps --no-binary llama-cpp-python -d .vocabularies 'llama-cpp-python>=0.3.36,<0.4'
	tar -xzf .vocabularies/llama_cpp_python-*.tar.gz -C .vocabularies --strip-components=4 --wildcards \
		'*/vendor/llama.cpp/models/ggml-vocab-*.gguf' '*/vendor/llama.cpp/models/templates/*'
	rm .vocabularies/llama_cpp_python-*.tar.gz

clean:
	rm -rf $(VENV) .vocabularies .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
