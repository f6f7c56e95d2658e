"""One frame of the live screen, as lines that fit the terminal."""

from __future__ import annotations

import time
from itertools import zip_longest
from typing import Literal, TypeAlias

from rich.cells import cell_len
from rich.text import Text

from planner_cli.clean import Clean
from planner_cli.text import on_one_line
from planner_cli.types import PromptProgress
from planner_cli.ui.board import UNTRAINED, board_lines
from planner_cli.ui.look import ACCENT, FAIR, MUTED, TITLE, Look, pad, score_style, wrap
from planner_cli.ui.state import BoardRow, Phase, RunState, ThoughtView

Think: TypeAlias = Literal["show", "fold", "hide"]
THINK_CHOICES: tuple[Think, ...] = ("show", "fold", "hide")

SIDE_BY_SIDE = 100
"""Cells from which the thought is next to the table; with fewer it is below."""

_FOLDED_LINES = 4
_SHOWN_LINES = 14
_SMALLEST_PANEL = 4
"""Lines of a panel with its borders; where there is room for both, it also keeps a third of it."""
_NARROWEST_PANEL = 16
"""Width in cells under which the table gets all the room."""
_SMALLEST_TABLE = 2
"""A heading and a row."""
_QUESTION_LINES = 2
_MINUTES_FROM = 100
"""Seconds from which a time is given in minutes."""


def frame_lines(state: RunState, look: Look, *, width: int, height: int, think: Think, seconds: float) -> list[Text]:
    """The screen as at most ``height`` lines of at most ``width`` cells; ``seconds`` is the time since the start."""
    top = _header(state, look, width, seconds)
    footer = _footer(state, look, width, think)
    room = max(2, height - len(top) - 2)
    body = _body(state, look, width, room, think)
    lines = [*top, *body, Text(""), footer][:height]
    for line in lines:
        line.truncate(width)  # under 60 columns the fixed parts alone can be too wide
    return lines


def _header(state: RunState, look: Look, width: int, seconds: float) -> list[Text]:
    frame = look.spinner[int(seconds * 8) % len(look.spinner)]
    status = look.text(f"{frame} {_status(state, look)}{look.dot}{seconds:.1f} s", ACCENT)
    room = max(8, width - status.cell_len - 2)
    models = look.dot.join(dict.fromkeys(info.name for info in state.models))
    place = state.database + (look.dot + models if models else "")
    left = look.text(look.fit(place, room), MUTED)
    first = Text.assemble(pad(left, width - status.cell_len), status)
    if first.cell_len > width:
        first = look.text(look.fit(status.plain, width), ACCENT)
    question = wrap(look.plain(on_one_line(state.question)), width)
    lines = [first, *(look.text(line, TITLE) for line in question[:_QUESTION_LINES])]
    if len(question) > _QUESTION_LINES:
        lines[-1] = look.text(look.fit(question[_QUESTION_LINES - 1] + " " + question[_QUESTION_LINES], width), TITLE)
    lines += [look.text(look.fit("! " + warning, width), FAIR) for warning in state.warnings[-1:]]
    return [*lines, look.rule(width)]


_PHASES: dict[Phase, str] = {
    "start": "getting ready",
    "prompt": "reading the schema",
    "run": "running queries",
    "group": "comparing results",
    "judge-prompt": "reading the results",
    "done": "done",
}


def _status(state: RunState, look: Look) -> str:
    if state.phase == "write":
        return f"{state.samples - state.live} of {state.samples} written"
    if state.phase == "run" and state.longer is not None:
        left = max(0.0, state.longer_until - time.monotonic())
        return f"candidate {state.longer.index + 1} needs more time{look.dot}at most {left:.0f} s more"
    if state.phase == "judge":
        return f"{state.judged} of {state.to_judge} judged"
    expected = state.reading_left
    return _PHASES[state.phase] + (f"{look.dot}{about(expected)} left" if expected is not None else "")


def reading_parts(reading: PromptProgress) -> list[str]:
    """How far a prompt is read, in words."""
    parts = [f"{reading.done:,} of {reading.total:,} tokens read"]
    if reading.cached:
        parts.append(f"{reading.cached:,} of them by an earlier run")
    new = reading.done - reading.cached
    return [*parts, f"{new / reading.seconds:,.0f} a second"] if new and reading.seconds else parts


def reading_text(reading: PromptProgress) -> str:
    """The same with the time left, on one line."""
    left = [] if reading.left is None or reading.done == reading.total else [f"{about(reading.left)} left"]
    return ", ".join([*reading_parts(reading), *left])


def about(seconds: float) -> str:
    """A time that is estimated."""
    return f"about {duration(seconds)}"


def duration(seconds: float) -> str:
    """A time in whole seconds, or minutes."""
    return f"{max(1, round(seconds))} s" if seconds < _MINUTES_FROM else f"{seconds / 60:.0f} min"


def _footer(state: RunState, look: Look, width: int, think: Think) -> Text:
    """The keys that do something now."""
    if state.notice is not None:
        return look.text(look.fit(f" {state.notice}", width), FAIR)
    quits = "do without it" if state.longer is not None and not state.longer.alone else "quit"
    keys = [("q" if state.reads_keys else "Ctrl-C", quits)]
    if state.reads_keys and state.thinking:
        keys.insert(0, ("s", "stop thinking, answer now"))
    if state.reads_keys and think != "hide" and len(state.thoughts) > 1:
        keys.insert(0, (look.arrows, "branch"))
    text = Text(" ")
    for at, (key, meaning) in enumerate(keys):
        text.append_text(look.text("   " if at else ""))
        text.append_text(Text.assemble((key, TITLE), (f" {meaning}", MUTED)))
    return text if text.cell_len <= width else look.text(look.fit(text.plain, width), MUTED)


def _body(state: RunState, look: Look, width: int, room: int, think: Think) -> list[Text]:
    rows = state.board()
    budget, untrained = state.budget, state.untrained
    if not rows:
        waiting = f"{state.new_tokens} tokens" if state.phase == "write" else "no candidates yet"
        if state.reading is not None:
            waiting = look.dot.join(reading_parts(state.reading))
        return [look.text(look.fit(f"   {waiting}", width), MUTED)]
    focus = state.focus
    if think == "hide" or focus is None or focus not in state.thoughts:
        table = board_lines(rows, look, width, budget=budget, room=room, untrained=untrained)
        return _with_pending(state, table, look, room, width)
    number = next((row.number for row in rows if row.focused), 0)
    if width >= SIDE_BY_SIDE and room >= _SMALLEST_PANEL:
        return _side_by_side(state, rows, number, look, width=width, room=room, think=think)
    wanted = 2 + (_FOLDED_LINES if think == "fold" else _SHOWN_LINES)
    panel_room = min(wanted, max(_SMALLEST_PANEL, room // 3, room - len(rows) - 1))
    if room - panel_room < _SMALLEST_TABLE or width < _NARROWEST_PANEL:
        return board_lines(rows, look, width, budget=budget, room=room, untrained=untrained)
    table = board_lines(rows, look, width, budget=budget, room=room - panel_room, untrained=untrained)
    return [*table, *_panel(state, state.thoughts[focus], number, look, width=width, height=panel_room)]


def _side_by_side(
    state: RunState, rows: list[BoardRow], number: int, look: Look, *, width: int, room: int, think: Think
) -> list[Text]:
    assert state.focus is not None
    left_width = max(58, min(width * 60 // 100, width - 44))
    left = board_lines(rows, look, left_width, budget=state.budget, room=room, untrained=state.untrained)
    most = max(len(left), _SHOWN_LINES) if think == "show" else 2 + _FOLDED_LINES
    thought = state.thoughts[state.focus]
    right = _panel(state, thought, number, look, width=width - left_width - 2, height=min(room, most))
    pairs = zip_longest(left, right, fillvalue=Text(""))
    return [Text.assemble(pad(one, left_width + 2), other) for one, other in pairs]


def _with_pending(state: RunState, lines: list[Text], look: Look, room: int, width: int) -> list[Text]:
    if state.live and state.phase == "write" and len(lines) < room:
        pending = f"     {look.ellipsis} {state.live} still being written{look.dot}{state.new_tokens} tokens so far"
        lines.append(look.text(look.fit(pending, width), MUTED))
    return lines


def _panel(state: RunState, thought: ThoughtView, number: int, look: Look, *, width: int, height: int) -> list[Text]:
    """The end of a thought in a box of exactly ``height`` (3 or more) lines of exactly ``width`` cells."""
    inner, count = width - 4, height - 2
    lines = list(wrap(look.plain(thought.tail, newlines=True), inner))
    while lines and not lines[-1].strip():
        lines.pop()
    if lines and (thought.cut or len(lines) > count):
        lines = lines[-count:]
        lines[0] = _continued(lines[0], look, inner)
    if not lines:
        lines = [look.plain("not thinking" if not state.budget else "about to think")]
    left_top, right_top, left_low, right_low = look.corners
    title = look.text(look.fit(f" thought about {number} ", inner), TITLE)
    top = Text.assemble((f"{left_top}{look.line}", MUTED), title)
    top.append(look.line * (width - 1 - top.cell_len) + right_top, style=MUTED)
    low = _panel_foot(state, thought, look, inner)
    bottom = Text.assemble(
        (left_low + look.line * (width - 3 - low.cell_len), MUTED), low, (look.line + right_low, MUTED)
    )
    wall = Text(look.wall, style=MUTED)
    padded = [pad(look.text(line), inner) for line in lines] + [Text(" " * inner)] * (count - len(lines))
    return [top, *(Text.assemble(wall, " ", line, " ", wall) for line in padded), bottom]


def _continued(line: Clean, look: Look, width: int) -> Clean:
    """A line with an ellipsis in front; words at its start make room, since the end is what matters."""
    rest = str(line)
    while rest and cell_len(f"{look.ellipsis} {rest}") > width:
        _, space, shorter = rest.partition(" ")
        rest = shorter if space else rest[1:]
    return Clean(f"{look.ellipsis} {rest}")


def _panel_foot(state: RunState, thought: ThoughtView, look: Look, width: int) -> Text:
    """The progress of the thought and what the judge would say now; the parts that fit, the score first."""
    closed = "" if thought.verdict is None else f", closed by {thought.verdict.thought.closed_by}"
    parts = [(f"{thought.tokens}/{state.budget} tokens{closed}", MUTED)]
    if thought.score is not None and state.untrained:
        parts.append((f"score {thought.score:.2f} ({UNTRAINED})", MUTED))
    elif thought.score is not None:
        spark = look.sparkline([probe.p_true for probe in thought.probes], 12)
        parts = [(spark, ACCENT), *parts, (f"P(correct) {thought.score:.2f}", score_style(thought.score))]
    while len(parts) > 1 and sum(len(part) + 3 for part, _ in parts) > width:
        parts.pop(0)
    return Text(look.line, style=MUTED).join(look.text(look.fit(f" {part} ", width), style) for part, style in parts)
