"""The files of a model that was split: llama.cpp is given the first and finds the others by their names."""

from __future__ import annotations

import re
from pathlib import Path

PART_NAME = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.gguf")


def with_its_parts(path: Path) -> tuple[Path, ...]:
    """The file, and the other parts of the model where its name says that it is the first of several and they exist."""
    match = PART_NAME.fullmatch(path.name)
    if match is None or int(match[2]) != 1:
        return (path,)
    others = (path.with_name(f"{match[1]}-{number:05d}-of-{match[3]}.gguf") for number in range(2, int(match[3]) + 1))
    return (path, *(each for each in others if each.exists()))
