"""Results that are longer than the terminal, through a pager."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TypeAlias

from rich.console import Console

Pager: TypeAlias = Callable[[str], None]
"""Shows a text that is longer than the terminal."""


class Held(io.StringIO):
    """What goes to a terminal, in memory until its length is known."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._of = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The terminal's."""
        return self._of

    def isatty(self) -> bool:
        """As the terminal says."""
        return True


def turn(text: str, stdout: Console, pager: Pager) -> None:
    """Show text as it is where the terminal has room for all of it, else through the pager."""
    if text.count("\n") < stdout.height:
        stdout.file.write(text)
    else:
        pager(text)
