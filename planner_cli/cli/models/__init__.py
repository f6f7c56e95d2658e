"""``planner models``: what is known, what is here, what it is."""

from __future__ import annotations

import click

from planner_cli.cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    package=__name__,
    lazy={
        "recommend": "Say which pair of the catalogue fits this machine, and the seconds a question would take.",
        "pull": "Get models from a hub: the one command that opens a connection.",
        "import": "Bring in model files that are on this machine.",
        "info": "Read the header of NAME (a name or a .gguf file) and estimate its memory, before anything is loaded.",
        "speed": "Measure NAME (a name or a .gguf file) on this machine: threads, prompt, and texts beside each other.",
        "synth": "Write a model of NAME's shape with random weights: as fast as the real one, and as large, "
        "but it says nothing.",
        "verify": "Hash model files again and compare: NAME's, or all there are (exit code 3 when one is wrong).",
        "export": "Copy models into FOLDER for a machine without a network, with a manifest of their hashes.",
        "rm": "Remove files from the models folder; of an imported one, the link.",
        "list": "List the catalogue: built-in pair, known files, what is on this machine.",
        "path": "Print where NAME's file is, checked; without NAME, the folder for models.",
        "default": "Show or set which model is used where no option names one.",
    },
)
def models() -> None:
    """Models: which are known, get them, check them, say which are used."""
