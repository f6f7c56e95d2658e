"""Every payload and naughty string through every widget and format: not one byte that drives a terminal."""

from __future__ import annotations

import io
import sys
from collections import Counter

import event_scripts as scripts
import pytest
from hostile_texts import PAYLOADS, forbidden
from test_answer_block import Terminal, shown
from test_frame import frame, state_of

from planner_cli.errors import ModelError
from planner_cli.settings import PlanSettings
from planner_cli.ui.board import board_lines
from planner_cli.ui.console import make_console, print_line, print_note
from planner_cli.ui.document import document
from planner_cli.ui.errors import format_error, format_note
from planner_cli.ui.formats import FORMATS
from planner_cli.ui.jsontext import to_json
from planner_cli.ui.look import UNICODE
from tests.corpus.texts import own_texts
from tests.written import write_result


def tables(text: str):
    """As a cell and as a column's name, in every format, to a terminal and to a pipe, where csv and tsv are exact."""
    for name in FORMATS:
        for stream, raw in ((io.StringIO(), False), (Terminal(), False), (Terminal(), True)):
            notes = write_result((text, "b"), ((text, text),), format=name, stream=stream, raw=raw, width=80)
            exact = name in {"csv", "tsv"} and not stream.isatty()
            yield name, ("" if exact else stream.getvalue()) + "".join(notes)


def screens(text: str):
    """The live screen's frames and final board, and the block under an answer."""
    run = scripts.hostile(text)
    state = state_of(run, question=text, database=text)
    for event in run.events():
        state.apply(event)
    yield "frame", "\n".join(line.plain for line in frame(state, 80, 24))
    yield "board", "\n".join(line.plain for line in board_lines(state.board(), UNICODE, 80, budget=64, final=True))
    for tty in (True, False):
        yield "answer", "".join(shown(run, tty=tty))
        yield "sql only", "".join(shown(run, tty=tty, sql_only=True))


def lines(text: str):
    """Errors, notes, and what prints a line."""
    yield "error", format_error(ModelError(text, hint=text))
    yield "note", format_note(text)
    for stream in (io.StringIO(), Terminal()):
        console = make_console(stream, color="never", width=80)
        print_line(console, text, newlines=True)
        print_note(console, text)
        yield "line", stream.getvalue()


def documents(text: str):
    run = scripts.hostile(text)
    made = document(
        question=text, database=text, answer=run.answer, settings=PlanSettings(), models=(), versions={"planner": text}
    )
    yield "document", to_json(made, indent=2)


def render(texts: list[str]) -> Counter[str]:
    """Renders all of them everywhere; returns how often each widget or format was used."""
    renders: Counter[str] = Counter()
    for text in texts:
        for way in (tables, screens, lines, documents):
            for name, rendered in way(text):
                assert not forbidden(rendered, allowed="\n\t"), (name, text)
                renders[name] += 1
    sys.stdout.write(
        f"{len(texts)} texts, {renders.total()} renders by {len(renders)} widgets and formats, 0 control bytes\n"
    )
    return renders


def test_a_sample_of_texts(naughty):
    every_kind = [text for texts in own_texts().values() for text in texts[:: max(1, len(texts) // 6)]]
    renders = render([*PAYLOADS.values(), *every_kind, *naughty[::32]])
    assert len(renders) == len(FORMATS) + 8


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_text(naughty):
    assert render([*PAYLOADS.values(), *naughty]).total() > 30_000


def test_the_check_sees_what_would_get_through():
    """The control: the payloads themselves."""
    harmless = {"markup-close", "markup-link", "emoji-code"}  # dangerous to markup only
    assert {name for name, text in PAYLOADS.items() if not forbidden(text)} == harmless
