"""The table of candidates as lines of text: live during a run, compact when it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.text import Text

from planner_cli.types import ClosedBy, Execution
from planner_cli.ui.cells import counted
from planner_cli.ui.look import ACCENT, BAD, FAIR, GOOD, MUTED, TITLE, Look, pad, score_style
from planner_cli.ui.sqltext import fit_sql
from planner_cli.ui.state import BoardRow, ThoughtView

CLOSED_WORDS: dict[ClosedBy, str] = {
    "model": "ended",
    "budget": "budget",
    "time": "time",
    "user": "stopped",
    "decided": "settled",
    "behind": "dropped",
    "loop": "looped",
}
"""Who closed a thought, in one word for the table."""

UNTRAINED = "untrained judge: noise"
"""Shown next to every score of a judge that was never trained to judge."""

_MARGIN = 6
"""Cells of marker, number and their gaps."""
_SCORE = 4
_NOISE = "noise"
"""Heading over the scores of an untrained judge."""
_ROOMY = 70
_LEAST_SQL = 20
"""Cells of a query that are kept before bar, sparkline and progress get shorter or are left out."""
_JUDGEMENTS = ((10, 8, 18), (8, 6, 16), (6, 4, 11), (5, 0, 11), (0, 0, 11))
"""Cells of bar, sparkline and progress, from wide to narrow terminals."""
_FINAL_JUDGEMENTS = ((10, 8, 18), (6, 0, 0), (0, 0, 0))
_ROOM_FOR_ALL = 120
"""Cells from which the table that stays behind includes the thinking; under that the SQL gets the space."""


@dataclass(frozen=True, slots=True)
class _Widths:
    """Cells of each column; 0 leaves a column out."""

    sql: int
    result: int
    votes: int
    bar: int = 0
    score: int = 0
    """Cells of the number, or of its heading."""
    spark: int = 0
    think: int = 0


def board_lines(
    rows: Sequence[BoardRow],
    look: Look,
    width: int,
    *,
    budget: int,
    room: int | None = None,
    untrained: bool = False,
    final: bool = False,
) -> list[Text]:
    """A heading and one line per candidate, each at most ``width`` cells.

    ``room`` limits the lines: the part around the focused row is shown, with the number of those left out.
    Scores of an ``untrained`` judge have no bar. ``final`` is the table that stays when the run is over.
    """
    judged = any(row.thought is not None for row in rows)
    widths = _widths(rows, look, width, judged=judged, untrained=untrained, final=final)
    lines = [_heading(widths, look, untrained=untrained)]
    shown = list(rows)
    if room is not None and len(rows) + 1 > room:
        count = max(1, room - 2)
        here = next((at for at, row in enumerate(rows) if row.focused), 0)
        start = min(max(0, here - count // 2), len(rows) - count)
        shown = list(rows[start : start + count])
    lines += [_line(row, widths, look, budget=budget, width=width, untrained=untrained) for row in shown]
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
    """The state of a thought: its progress against the budget, or how many tokens it took and who closed it."""
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


def _widths(rows: Sequence[BoardRow], look: Look, width: int, *, judged: bool, untrained: bool, final: bool) -> _Widths:
    """Give the SQL what is left, and leave out bar and sparkline before it gets too short to recognise."""
    result, votes = 13 if width >= _ROOMY else 11, 5  # 13: "1,000+ rows"
    # A failed row has its error instead of all that follows: it gets up to two fifths of the line.
    errors = [result_text(row.execution, look, width).cell_len for row in rows if _failed(row)]
    most = width - _MARGIN - 2 - min(max(errors, default=0), width * 2 // 5)
    sql = width - _MARGIN - 2 - result - 2 - votes
    if not judged:
        return _Widths(max(8, min(sql, most)), result, votes)
    score = len(_NOISE) if untrained else _SCORE
    choices = _FINAL_JUDGEMENTS[width < _ROOM_FOR_ALL :] if final else _JUDGEMENTS
    if untrained:
        choices = tuple((0, 0, think) for _, _, think in choices)
    for bar, spark, think in choices:
        widths = _Widths(0, result, votes, bar, score, spark, think)
        left = sql - _judgement_cells(widths)
        if left >= _LEAST_SQL:
            break
    return replace(widths, sql=max(8, min(left, most)))


def _judgement_cells(widths: _Widths) -> int:
    return sum(2 + cells for cells in (_score_cells(widths), widths.spark, widths.think) if cells)


def _score_cells(widths: _Widths) -> int:
    return widths.score + (widths.bar + 1 if widths.bar else 0)


def _heading(widths: _Widths, look: Look, *, untrained: bool) -> Text:
    parts = [
        "  #   "[:_MARGIN],
        f"{'SQL':<{widths.sql}}",
        f"  {'result':<{widths.result}}",
        f"  {'votes':<{widths.votes}}",
    ]
    cells = _score_cells(widths)
    if cells:
        score = cells + (2 + widths.spark if widths.spark else 0)
        name = _NOISE if untrained else "P(correct)" if score >= len("P(correct)") else "P"
        parts.append(f"  {name:<{score}}")
    if widths.think:
        parts.append("  thinking")
    return look.text("".join(parts).rstrip(), MUTED)


def _line(row: BoardRow, widths: _Widths, look: Look, *, budget: int, width: int, untrained: bool) -> Text:
    marker = look.winner if row.won else look.focus if row.focused else " "
    emphasis = TITLE if row.won or row.focused else ""
    failed = _failed(row)
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
    if row.thought is not None:
        start.append_text(_judgement(row.thought, widths, look, budget, untrained=untrained))
    start.rstrip()
    return start


def _failed(row: BoardRow) -> bool:
    return row.execution is not None and not row.execution.ok


def _sql(row: BoardRow, look: Look, width: int, style: str) -> Text:
    if row.candidate.complete:
        return look.text(fit_sql(row.candidate.sql, look, width), style)
    mark = look.text(look.fit("(cut) ", width), FAIR)
    return mark.append_text(look.text(fit_sql(row.candidate.sql, look, width - mark.cell_len), style))


def _same_result(row: BoardRow, look: Look, width: int) -> Text:
    assert row.cluster is not None
    return look.text(look.fit(f"{look.same} same result as {row.cluster.representative + 1}", width), MUTED)


def _judgement(thought: ThoughtView, widths: _Widths, look: Look, budget: int, *, untrained: bool) -> Text:
    cells = _score_cells(widths)
    score = Text("")
    if thought.score is not None:
        score = look.text(f"{thought.score:.2f}", MUTED) if untrained else score_text(thought.score, look, widths.bar)
    text = Text.assemble("  ", pad(score, cells))
    if widths.spark:
        spark = look.sparkline([probe.p_true for probe in thought.probes], widths.spark)
        text.append_text(look.text(f"  {spark:<{widths.spark}}", ACCENT))
    if not widths.think:
        return text
    text.append("  ")
    return text.append_text(thinking_text(thought, look, budget, widths.think))
