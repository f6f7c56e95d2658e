"""The table of candidates as lines of text: live while a run goes on, compact when it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from planner_cli.types import ClosedBy, Execution
from planner_cli.ui.cells import counted
from planner_cli.ui.look import ACCENT, BAD, FAIR, GOOD, MUTED, TITLE, Look, pad, score_style
from planner_cli.ui.state import BoardRow, ThoughtView

CLOSED_WORDS: dict[ClosedBy, str] = {
    "model": "ended",
    "budget": "budget",
    "time": "time",
    "user": "stopped",
    "decided": "settled",
}
"""Who closed a thought, in one word for the table."""

_MARGIN = 6
"""Cells of marker, number and their gaps."""
_SCORE = 4
_ROOMY = 70
_LEAST_SQL = 20
"""Cells of a query that are kept before bar, sparkline and progress get shorter or are left out."""
_JUDGEMENTS = ((10, 8, 18), (8, 6, 16), (6, 4, 11), (5, 0, 11), (0, 0, 11))
"""Cells of bar, sparkline and progress, from wide to narrow terminals."""


@dataclass(frozen=True, slots=True)
class _Widths:
    """Cells of each column; 0 leaves a column out."""

    sql: int
    result: int
    votes: int
    bar: int
    spark: int
    think: int


def board_lines(
    rows: Sequence[BoardRow], look: Look, width: int, *, budget: int, room: int | None = None
) -> list[Text]:
    """A heading and one line a candidate, each at most ``width`` cells.

    ``room`` bounds the lines: the part around the focused row is shown, and how many are left out is said.
    """
    judged = any(row.thought is not None for row in rows)
    widths = _widths(width, judged=judged)
    lines = [_heading(widths, look, judged=judged)]
    shown = list(rows)
    if room is not None and len(rows) + 1 > room:
        count = max(1, room - 2)
        here = next((at for at, row in enumerate(rows) if row.focused), 0)
        start = min(max(0, here - count // 2), len(rows) - count)
        shown = list(rows[start : start + count])
    lines += [_line(row, widths, look, judged=judged, budget=budget, width=width) for row in shown]
    if len(shown) < len(rows):
        lines.append(look.text(f"   {look.ellipsis} {len(rows) - len(shown)} more candidates", MUTED))
    return lines


def result_text(execution: Execution | None, look: Look, width: int) -> Text:
    """What running a candidate gave: rows, or its error, in at most ``width`` cells."""
    if execution is None:
        return look.text(look.fit("running", width), MUTED)
    if not execution.ok:
        return look.text(look.fit(f"{look.failed} {execution.error}", width), BAD)
    count = f"{len(execution.rows):,}+ rows" if execution.truncated else counted(len(execution.rows), "row")
    return look.text(look.fit(f"{look.ok} {count}", width), GOOD)


def thinking_text(thought: ThoughtView, look: Look, budget: int, width: int) -> Text:
    """How far a thought is: its progress against the budget, or how many tokens it took and who closed it."""
    if thought.verdict is not None:
        tokens = thought.verdict.thought.tokens
        word = CLOSED_WORDS[thought.verdict.thought.closed_by]
        return look.text(look.fit(f"{tokens} {word}" if budget else "none", width), MUTED)
    counter = f"{thought.tokens}/{budget}"
    space = width - len(counter) - 1
    if space < 4:
        return look.text(look.fit(counter, width), ACCENT)
    return Text.assemble(look.bar(thought.tokens / max(1, budget), space, ACCENT), " ", (counter, ACCENT))


def score_text(score: float, look: Look, bar: int) -> Text:
    """A score as a bar (left out when ``bar`` is 0) and its number."""
    number = (f"{score:.2f}", score_style(score))
    return Text.assemble(look.bar(score, bar, score_style(score)), " ", number) if bar else Text.assemble(number)


def _widths(width: int, *, judged: bool) -> _Widths:
    """Give the SQL what is left, and leave out bar and sparkline before it gets too short to recognise."""
    result, votes = 13 if width >= _ROOMY else 11, 5  # 13: "1,000+ rows"
    sql = width - _MARGIN - 2 - result - 2 - votes
    if not judged:
        return _Widths(max(8, sql), result, votes, 0, 0, 0)
    bar, spark, think = next(
        wanted for wanted in _JUDGEMENTS if sql - _judgement_cells(*wanted) >= _LEAST_SQL or wanted == _JUDGEMENTS[-1]
    )
    return _Widths(max(8, sql - _judgement_cells(bar, spark, think)), result, votes, bar, spark, think)


def _judgement_cells(bar: int, spark: int, think: int) -> int:
    return 2 + (bar + 1 if bar else 0) + _SCORE + (2 + spark if spark else 0) + 2 + think


def _heading(widths: _Widths, look: Look, *, judged: bool) -> Text:
    parts = [
        "  #   "[:_MARGIN],
        f"{'SQL':<{widths.sql}}",
        f"  {'result':<{widths.result}}",
        f"  {'votes':<{widths.votes}}",
    ]
    if judged:
        score = _score_cells(widths) + (2 + widths.spark if widths.spark else 0)
        parts.append(f"  {'P(correct)' if score > len('P(correct)') else 'P':<{score}}  thinking")
    return look.text("".join(parts).rstrip(), MUTED)


def _score_cells(widths: _Widths) -> int:
    return widths.bar + 1 + _SCORE if widths.bar else _SCORE


def _line(row: BoardRow, widths: _Widths, look: Look, *, judged: bool, budget: int, width: int) -> Text:
    marker = look.winner if row.won else look.focus if row.focused else " "
    emphasis = TITLE if row.won or row.focused else ""
    failed = row.execution is not None and not row.execution.ok
    start = Text.assemble(
        (f" {marker}", GOOD if row.won else ACCENT),
        look.text(f"{row.number:>2}  ", emphasis),
        pad(_sql(row, look, widths.sql, MUTED if failed or not row.leads else emphasis), widths.sql),
        "  ",
    )
    room = width - start.cell_len
    if failed:
        return start.append_text(result_text(row.execution, look, room))
    if not row.leads:
        return start.append_text(_same_result(row, look, room))
    votes = row.cluster.votes if row.cluster is not None else row.candidate.samples
    start.append_text(pad(result_text(row.execution, look, widths.result), widths.result))
    start.append_text(look.text(f"  {votes:<{widths.votes}}"))
    if judged and row.thought is not None:
        start.append_text(_judgement(row.thought, widths, look, budget))
    start.rstrip()
    return start


def _sql(row: BoardRow, look: Look, width: int, style: str) -> Text:
    sql = " ".join(row.candidate.sql.split())
    text = look.text(look.fit(sql, width), style)
    if not row.candidate.complete:
        text = look.text(look.fit(f"(cut) {sql}", width), style)
        text.stylize(FAIR, 0, min(5, len(text)))
    return text


def _same_result(row: BoardRow, look: Look, width: int) -> Text:
    assert row.cluster is not None
    return look.text(look.fit(f"{look.same} same result as {row.cluster.representative + 1}", width), MUTED)


def _judgement(thought: ThoughtView, widths: _Widths, look: Look, budget: int) -> Text:
    score = _score_cells(widths)
    if thought.score is None:
        text = pad(Text(""), 2 + score)
    else:
        text = Text.assemble("  ", pad(score_text(thought.score, look, widths.bar), score))
    if widths.spark:
        spark = look.sparkline([probe.p_true for probe in thought.probes], widths.spark)
        text.append_text(look.text(f"  {spark:<{widths.spark}}", ACCENT))
    text.append("  ")
    return text.append_text(thinking_text(thought, look, budget, widths.think))
