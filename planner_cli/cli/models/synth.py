"""``planner models synth``: a file of a model's shape, to be timed before the model is downloaded."""

from __future__ import annotations

from pathlib import Path

import click

from planner_cli.cli.models.files import progress
from planner_cli.cli.models.info import find_files
from planner_cli.cli.output import say, say_json, say_path
from planner_cli.hub.synth import known_shape, synthesise

_VOCABULARY = "smollm2-135m-instruct"


@click.command()
@click.option("--like", "name", metavar="NAME", required=True, help="A model of the catalogue.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="To write.  [default: NAME-random.gguf here]")
@click.option("--quantisation", metavar="TYPE", help="For example Q8_0.  [default: that of the catalogue's file]")
@click.option(
    "--vocabulary",
    metavar="NAME",
    default=_VOCABULARY,
    show_default=True,
    help="Model (or .gguf file) whose tokenizer it gets, filled up with unused tokens.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress, no notes.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
def synth(
    name: str, output: Path | None, quantisation: str | None, vocabulary: str, quiet: bool, as_json: bool
) -> None:
    """Write a model of NAME's shape with random weights: as fast and as large as the real one, but it writes noise.

    Layers, widths and the quantisation of every tensor are those of the real file. The tokenizer is the built-in
    model's unless --vocabulary names another: llama.cpp's source distribution has some, models/ggml-vocab-*.gguf.

    \b
    planner models synth --like deepseek-r1-distill-qwen-1.5b -o r1.gguf
    planner models speed ./r1.gguf
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    shape = known_shape(name)
    path = output or Path(f"{name}-random.gguf")
    source, _ = find_files(vocabulary, None)
    with progress(str(path), quiet=quiet or as_json) as tell:
        made = synthesise(shape, path, vocabulary=source, file_type=quantisation, progress=tell)
    if as_json:
        document = {"path": str(made.path), "like": name, "size": made.size, "parameters": made.parameters}
        say_json({**document, "quantisation": made.file_type})
        return
    if not quiet:
        say(f"{made.parameters / 1e6:.0f} M parameters, {made.file_type}, {made.size / 1e6:.0f} MB", err=True)
    say_path(made.path)
