"""A report as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from planner_cli.bench.report.document import (
    Block,
    Bullets,
    Case,
    Document,
    Heading,
    Paragraph,
    Picture,
    Table,
    heading,
    shown,
    shown_interval,
)
from planner_cli.bench.report.escape import fenced, markdown


def markdown_page(document: Document) -> str:
    """The whole page; pictures are links to ``NAME.png`` next to it."""
    blocks = [f"# {markdown(document.title)}", *(_block(block) for block in document.blocks)]
    return "\n\n".join(blocks) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {markdown(text)}"
        case Paragraph(text):
            return markdown(text)
        case Bullets(items):
            return "\n".join(f"- {markdown(item)}" for item in items)
        case Picture(name, title, alternative, _):
            return f"![{markdown(f'{title}. {alternative}')}]({name}.png)"
        case Table():
            return _table(block)
        case Case(title, texts):
            parts = [f"**{markdown(title)}**"]
            for caption, text in texts:
                parts.append(f"{markdown(caption)}:\n\n{fenced(text, 'sql' if caption.startswith('SQL') else 'text')}")
            return "\n\n".join(parts)


def _table(table: Table) -> str:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cells) + " |"

    lines = [line([markdown(heading(column)) for column in table.columns])]
    lines.append(line(["---" if column.unit == "text" else "---:" for column in table.columns]))
    for row in table.lines:
        cells = []
        for value, column in zip(row.cells, table.columns, strict=True):
            interval = shown_interval(value, column.unit) if column.interval else ""
            text = markdown(" ".join(filter(None, (shown(value, column.unit), interval))))
            cells.append(f"*{text}*" if row.published and text else text)
        lines.append(line(cells))
    title = f"**{markdown(table.title)}**"
    return "\n\n".join(filter(None, (title, "\n".join(lines), markdown(table.note))))
