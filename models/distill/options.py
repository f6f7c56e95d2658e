"""What several commands of the recipe ask for."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
EXISTING = click.Path(path_type=Path, exists=True)
BASE = click.option("--base", type=EXISTING, help="The model's GGUF file.  [default: the built-in model]")
