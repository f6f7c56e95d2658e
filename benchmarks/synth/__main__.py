"""A file of a known model's shape with random weights, to time the model before it is downloaded.

    python -m benchmarks.synth --like deepseek-r1-distill-qwen-1.5b -o r1.gguf
    planner models speed ./r1.gguf

Layers, widths and the quantisation of every tensor are those of the real file, so it is as fast and as large; what it
writes means nothing. The tokenizer is the built-in model's unless --vocabulary names another file: llama.cpp's source
distribution has some, models/ggml-vocab-*.gguf.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.synth import QUANTISATIONS, known_shape, known_shapes, synthesise
from planner_cli.errors import PlannerError
from planner_cli.hub import resolve

VOCABULARY = "smollm2-135m-instruct"


def vocabulary_file(name: str) -> Path:
    """A path is taken as it is: a file that holds a tokenizer alone is no model to resolve."""
    return Path(name) if name.endswith(".gguf") else resolve(name, "generator").path


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--like", required=True, metavar="NAME", help=f"one of {', '.join(known_shapes())}")
    parser.add_argument("-o", "--output", type=Path, help="which file (default: NAME-random.gguf here)")
    parser.add_argument("--quantisation", choices=QUANTISATIONS, help="(default: that of the catalogue's file)")
    parser.add_argument("--vocabulary", default=VOCABULARY, help="model or .gguf file (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        made = synthesise(
            known_shape(options.like),
            options.output or Path(f"{options.like}-random.gguf"),
            vocabulary=vocabulary_file(options.vocabulary),
            file_type=options.quantisation,
        )
    except PlannerError as error:
        print(f"benchmarks.synth: {error.message}" + (f" ({error.hint})" if error.hint else ""), file=sys.stderr)
        return int(error.exit_code)
    print(f"{made.parameters / 1e6:.0f} M parameters, {made.file_type}, {made.size / 1e6:.0f} MB", file=sys.stderr)
    print(made.path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
