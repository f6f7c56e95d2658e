# Every target makes the virtual environment it needs. PYTHON picks the interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO ?= demo.sqlite
COMPILER := apt install build-essential, dnf install gcc-c++ or xcode-select --install; or without one: make demo PREBUILT=1
# 1: take llama-cpp-python's own prebuilt wheel for any CPU instead of compiling; another value is an index to take it from.
PREBUILT ?=
WHEELS := $(if $(filter 1,$(PREBUILT)),https://abetlen.github.io/llama-cpp-python/whl/cpu,$(PREBUILT))

.PHONY: demo compiler test test-all lint fix docs bench bench-full vocabularies clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

# llama-cpp-python builds llama.cpp's command-line helpers (its common library, an HTTP client) and its picture reader too.
# Nothing here uses them, and they are half of the compiling: 7:50 minutes of CPU time with them, 3:25 without. The helpers
# are forced on in the CMake cache, where no -D reaches them, but a normal variable set inside llama.cpp's project wins.
# CMAKE_ARGS of your own (a GPU: -DGGML_CUDA=on) are added to.
export CMAKE_ARGS := $(CMAKE_ARGS) -DLLAVA_BUILD=OFF -DCMAKE_PROJECT_llama.cpp_INCLUDE="$(abspath $(VENV))/llama.cmake"

# llama-cpp-python compiles here, once: a minute or two, then pip has the wheel cached.
$(VENV)/.run: pyproject.toml | $(BIN)/python
ifeq ($(PREBUILT),)
	@$(BIN)/python -m pip show --quiet llama-cpp-python 2>/dev/null || $(MAKE) --no-print-directory compiler
	@echo 'set(LLAMA_BUILD_COMMON OFF)' >$(VENV)/llama.cmake
	@echo "installing planner and llama.cpp (compiles for two minutes or so the first time)"
else
	$(BIN)/python -m pip install --quiet --extra-index-url $(WHEELS) --only-binary llama-cpp-python llama-cpp-python
endif
	$(BIN)/python -m pip install --quiet -e '.[embedded]'
	@touch $@

# One line for what is missing, before pip's three hundred. CMake and Ninja come from the package index where they are not here.
compiler:
	@for tool in $${CC:-cc} $${CXX:-c++}; do command -v $$tool >/dev/null || { \
		echo "make: no compiler ($$tool) to build llama.cpp with: $(COMPILER)" >&2; exit 1; }; done
	@printf '#include <vector>\n#include <pthread.h>\n' | $${CXX:-c++} -x c++ -fsyntax-only - 2>/dev/null || { \
		echo "make: the C++ compiler finds no standard headers: $(COMPILER)" >&2; exit 1; }

$(VENV)/.dev: pyproject.toml $(VENV)/.run
	$(BIN)/python -m pip install --quiet -e '.[embedded,bench,dev]'
	@touch $@

demo: $(VENV)/.run  ## answer questions about a demo database on the built-in models
	$(BIN)/planner demo $(DEMO)

# What is compiled is kept: the processes that tests start would compile the same modules again.
unexport PYTHONDONTWRITEBYTECODE

# One worker a core, one thread a worker (tests/conftest.py); each takes the tests in order, then some of another's.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist worksteal --durations 10

test: $(VENV)/.dev  ## the tests every commit passes, on all cores
	$(PYTEST)

test-all: $(VENV)/.dev  ## everything: the runs behind SECURITY.md's table too, an hour and more
	$(PYTEST) -m ""

lint: $(VENV)/.dev  ## style, types, layers, generated documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/lint-imports
	$(BIN)/cog --check --diff docs/api.md docs/cli.md docs/injection.md docs/speed.md planner_cli/app/keywords.py

fix: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.dev  ## bring what is generated in docs/ up to date
	$(BIN)/cog -r docs/api.md docs/cli.md docs/injection.md docs/speed.md planner_cli/app/keywords.py

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
