"""A report as one HTML page: plots included, no scripts, no external requests."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from planner_cli.bench.report.document import (
    Block,
    Bullets,
    Case,
    Column,
    Document,
    Heading,
    Paragraph,
    Picture,
    Table,
    Value,
    heading,
    shown,
    shown_interval,
)
from planner_cli.bench.report.escape import page

_STYLE = """
:root { color-scheme: light dark; --muted: #5b6470; --line: #d8dde3; --theirs: #f1f3f6; --code: #f6f7f9; }
@media (prefers-color-scheme: dark) {
  :root { --muted: #a3adb9; --line: #3a424c; --theirs: #262c34; --code: #20252c; }
  body { background: #16191e; color: #e4e7eb; }
}
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 76rem; padding: 1rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.3rem; margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin-top: 2rem; }
figure { margin: 1.5rem 0; } .wide { overflow-x: auto; }
figcaption, .note, .interval { color: var(--muted); font-size: 0.85rem; }
img { background: white; border: 1px solid var(--line); border-radius: 6px; max-width: 100%; }
table { border-collapse: collapse; font-size: 0.92rem; font-variant-numeric: tabular-nums; }
caption { font-weight: 600; padding: 0.4rem 0; text-align: left; }
th, td { border-bottom: 1px solid var(--line); padding: 0.25rem 0.5rem; text-align: left; vertical-align: top; }
th { border-bottom-width: 2px; vertical-align: bottom; }
.number { text-align: right; } td.number { white-space: nowrap; } td.text { overflow-wrap: anywhere; min-width: 5rem; }
.interval { display: block; }
.theirs td { background: var(--theirs); font-style: italic; }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; padding: 0.3rem 0.8rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
pre { background: var(--code); border-radius: 6px; overflow-wrap: anywhere; padding: 0.5rem; white-space: pre-wrap; }
@media print { details > * { display: block; } body { max-width: none; } }
"""

_POLICY = "default-src 'none'; img-src data:; style-src '{}'; base-uri 'none'; form-action 'none'"


def html_page(document: Document, pictures: Mapping[str, bytes]) -> str:
    """The whole page; ``pictures`` holds an SVG by name for each picture in the document."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")
    body = "\n".join(_block(block, pictures) for block in document.blocks)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(f"sha256-{digest}")}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{page(document.title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<h1>{page(document.title)}</h1>\n{body}\n</body>\n</html>\n"
    )


def _block(block: Block, pictures: Mapping[str, bytes]) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{page(text)}</h{level}>"
        case Paragraph(text):
            return f"<p>{page(text)}</p>"
        case Bullets(items):
            return "<ul>" + "".join(f"<li>{page(item)}</li>" for item in items) + "</ul>"
        case Picture():
            return _picture(block, pictures[block.name])
        case Table():
            return _table(block)
        case Case():
            return _case(block)


def _picture(picture: Picture, svg: bytes) -> str:
    # an image, not inline SVG: ids of several plots would clash, and nothing in an image can act on the page
    data = base64.b64encode(svg).decode("ascii")
    alternative = page(f"{picture.title}. {picture.alternative}")
    return (
        f'<figure><img src="data:image/svg+xml;base64,{data}" alt="{alternative}">'
        f"<figcaption>{page(picture.alternative)}</figcaption></figure>"
    )


def _case(case: Case) -> str:
    texts = "".join(f"<p>{page(caption)}:</p><pre>{page(text, newlines=True)}</pre>" for caption, text in case.texts)
    return f"<details><summary>{page(case.title)}</summary>{texts}</details>"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col" class="{_class(c)}">{page(heading(c))}</th>' for c in table.columns)
    lines = []
    for line in table.lines:
        cells = "".join(_cell(value, column) for value, column in zip(line.cells, table.columns, strict=True))
        lines.append(f'<tr class="theirs">{cells}</tr>' if line.published else f"<tr>{cells}</tr>")
    note = f'<p class="note">{page(table.note)}</p>' if table.note else ""
    return (
        f'<div class="wide"><table><caption>{page(table.title)}</caption>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(lines) + f"\n</tbody></table></div>{note}"
    )


def _cell(value: Value, column: Column) -> str:
    interval = shown_interval(value, column.unit) if column.interval else ""
    beside = f'<span class="interval">{page(interval)}</span>' if interval else ""
    return f'<td class="{_class(column)}">{page(shown(value, column.unit))}{beside}</td>'


def _class(column: Column) -> str:
    return "text" if column.unit == "text" else "number"
