"""Results at hand, written as the program writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any

from planner_cli.clean import Clean
from planner_cli.database.block import block
from planner_cli.types import Row
from planner_cli.ui.formats import write_blocks


def write_result(columns: Sequence[str], rows: Sequence[Row], *, stream: IO[str], **options: Any) -> tuple[Clean, ...]:
    """All rows as one block: see :func:`planner_cli.ui.formats.write_blocks` for the options."""
    return write_blocks(columns, [block(rows)] if rows else [], stream=stream, **options)
