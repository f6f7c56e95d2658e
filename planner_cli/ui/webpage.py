"""A result as a page of HTML: whole values, escaped; nothing in it is loaded from anywhere or run."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import IO

from planner_cli.clean import clean
from planner_cli.database.block import INTEGER, REAL, Block
from planner_cli.types import Value
from planner_cli.ui.cells import exact

_HEAD = """<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>result</title>
<style>
table { border-collapse: collapse; font: 14px sans-serif; }
th, td { border: 1px solid #bbb; padding: 2px 8px; text-align: left; vertical-align: top; white-space: pre-wrap; }
th { background: #eee; position: sticky; top: 0; }
.n { text-align: right; } .null { color: #888; }
</style>
</head>
<body>
<table>
"""


def write_webpage(columns: Sequence[str], blocks: Iterable[Block], stream: IO[str]) -> None:
    """Write the page."""
    ascii_only = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "") != "utf8"

    def write(text: str) -> None:
        stream.write(text.encode("ascii", "xmlcharrefreplace").decode() if ascii_only else text)

    write(_HEAD)
    write("<thead><tr>" + "".join(f"<th>{_escaped(name)}</th>" for name in columns) + "</tr></thead>\n<tbody>\n")
    for block in blocks:
        cells = [
            [_cell(value, number=kind in (INTEGER, REAL)) for value in column]
            for kind, column in zip(block.kinds, block.columns, strict=True)
        ]
        write("".join(f"<tr>{''.join(row)}</tr>\n" for row in zip(*cells, strict=True)))
    write("</tbody>\n</table>\n</body>\n</html>\n")


def _cell(value: Value, *, number: bool) -> str:
    if value is None:
        return '<td class="null">NULL</td>'
    start = '<td class="n">' if number or isinstance(value, int | float) else "<td>"
    return f"{start}{_escaped(exact(value))}</td>"


def _escaped(text: str) -> str:
    return html.escape(clean(text, newlines=True))
