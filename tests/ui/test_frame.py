from __future__ import annotations

import os
from pathlib import Path

import event_scripts as scripts
import pytest
from hostile_texts import PAYLOADS, forbidden

from planner_cli.events import (
    CandidateExecuted,
    Clustered,
    Prefilled,
    Prefilling,
    RunningLonger,
    StageStarted,
    ThoughtToken,
)
from planner_cli.types import Execution, PromptProgress
from planner_cli.ui.board import board_lines
from planner_cli.ui.frame import THINK_CHOICES, frame_lines
from planner_cli.ui.look import ASCII, UNICODE
from planner_cli.ui.state import THOUGHT_KEPT, RunState

GOLDEN = Path(__file__).parent / "golden"
WRITE_GOLDEN = os.environ.get("PLANNER_GOLDEN") == "write"  # here: tests run without the user's PLANNER_ variables
SIZES = [(60, 15), (60, 20), (80, 24), (99, 24), (100, 24), (120, 40), (200, 50), (250, 60)]
OFTEN = {"many": 211}
"""A frame each so many events: 37, but fewer of the run with the most candidates, whose frames cost ten times as much."""

RUNS = {
    "judged": scripts.judged,
    "unjudged": scripts.unjudged,
    "nothing-runs": scripts.nothing_runs,
    "many": scripts.many,
    "wide-letters": lambda: scripts.hostile("日本語の" * 30),
}


def state_of(
    run, *, budget=scripts.BUDGET, question=scripts.QUESTION, database=scripts.DATABASE, models=scripts.MODELS
):
    return RunState(question=question, database=database, budget=budget, models=models)


def frame(state, width, height, think="show", look=UNICODE, seconds=3.0):
    return frame_lines(state, look, width=width, height=height, think=think, seconds=seconds)


READING = [
    # name, progress, the status, what stands in the body
    ("nothing known yet", PromptProgress(0, 6012, 0, 0.0, None), "reading the schema · 3.0 s", "0 of 6,012 tokens read"),
    ("a speed", PromptProgress(1088, 6012, 0, 8.0, 41.4), "reading the schema · about 41 s left · 3.0 s",
     "1,088 of 6,012 tokens read · 136 a second"),
    ("minutes", PromptProgress(64, 6012, 0, 2.0, 250.0), "about 4 min left", "64 of 6,012 tokens read · 32 a second"),
    ("gone on", PromptProgress(3200, 6012, 3136, 0.5, 9.0), "about 9 s left",
     "3,200 of 6,012 tokens read · 3,136 of them by an earlier run · 128 a second"),
    ("later than expected", PromptProgress(6000, 6012, 0, 60.0, 0.0), "about 1 s left", "6,000 of 6,012"),
]  # fmt: skip


@pytest.mark.parametrize(("progress", "status", "body"), [c[1:] for c in READING], ids=[c[0] for c in READING])
def test_a_prompt_that_is_read_says_how_far_it_is(progress, status, body):
    state = state_of(None)
    for event in (StageStarted("generate", 8), Prefilling("generate", progress)):
        state.apply(event)
    lines = [line.plain for line in frame(state, 100, 20)]
    assert status in lines[0]
    assert any(body in line for line in lines)
    for width in (60, 40, 20):
        assert max(line.cell_len for line in frame(state, width, 20)) <= width
    state.apply(Prefilled("generate", 6012, 0, 60.0))
    assert "read" not in frame(state, 100, 20)[0].plain


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", RUNS)
def test_no_frame_of_a_run_overflows(name, size):
    run, often = RUNS[name](), OFTEN.get(name, 37)
    width, height = size
    state = state_of(run, question="日本語 " * 100, database="d" * 300)
    for number, event in enumerate(run.events()):
        state.apply(event)
        if number % often == 0 or isinstance(event, Clustered):
            turn = number // often % len(THINK_CHOICES)  # of the many frames, each in another way
            for think in THINK_CHOICES if isinstance(event, Clustered) else THINK_CHOICES[turn : turn + 1]:
                lines = frame(state, width, height, think, ASCII if number % 2 else UNICODE)
                assert len(lines) <= height
                assert max(line.cell_len for line in lines) <= width
                assert "quit" in lines[-1].plain
    for final, untrained in ((False, False), (True, False), (False, True), (True, True)):
        for line in board_lines(state.board(), UNICODE, width, budget=scripts.BUDGET, final=final, untrained=untrained):
            assert line.cell_len <= width


@pytest.mark.parametrize(
    ("width", "height"),
    [(10, 3), (30, 5), (40, 8), (59, 12), (100, 4), (200, 7), *((width, 60) for width in (1, 2, 5, 8, 15, 16))],
)
def test_terminals_too_small_to_be_useful_do_no_harm(width, height):
    state = state_of(scripts.many())
    for number, event in enumerate(scripts.many().events()):
        state.apply(event)
        if number % 331 == 0:
            for think in THINK_CHOICES:
                lines = frame(state, width, height, think)
                assert len(lines) <= height
                assert max(line.cell_len for line in lines) <= width


def test_a_thought_of_blank_lines_only():
    state = midway(scripts.judged())
    for number in range(4 * THOUGHT_KEPT):
        state.apply(ThoughtToken(0, "\n", number))
    assert "about to think" in "\n".join(line.plain for line in frame(state, 80, 24))


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_payloads_never_reach_a_frame(payload):
    run = scripts.hostile(payload)
    state = state_of(run, question=payload, database=payload)
    for event in run.events():
        state.apply(event)
        for width, height in ((60, 15), (120, 40)):
            for line in frame(state, width, height):
                assert not forbidden(line.plain, allowed="")
                assert "link" not in str(line.spans)


def test_naughty_strings_in_frames(naughty):
    """One in six: that nothing of any of them is left is proved where they are cleaned (``test_renders.py``)."""
    for payload in naughty[::6]:
        run = scripts.hostile(payload)
        state = state_of(run, question=payload, database=payload)
        for event in run.events():
            state.apply(event)
        lines = frame(state, 80, 24)
        assert max(line.cell_len for line in lines) <= 80
        assert not forbidden("".join(line.plain for line in lines), allowed="")


@pytest.mark.parametrize(
    ("alone", "keys", "footer"),
    [(False, True, "q do without it"), (True, True, "q quit"), (False, False, "Ctrl-C do without it")],
)
def test_a_query_that_gets_more_time(alone, keys, footer, monkeypatch):
    monkeypatch.setattr("planner_cli.ui.state.time.monotonic", lambda: 100.0)
    state = state_of(scripts.judged())
    for event in scripts.judged().events():
        state.apply(event)
        if isinstance(event, CandidateExecuted):
            break
    state.reads_keys = keys
    state.apply(RunningLonger(0, 45.0, alone))
    monkeypatch.setattr("planner_cli.ui.frame.time.monotonic", lambda: 112.0)
    lines = [line.plain for line in frame(state, 100, 24)]
    assert "candidate 1 needs more time · at most 33 s more" in lines[0]
    assert lines[-1].strip() == footer
    assert any("running" in line for line in lines[3:]), "its row has no result yet"
    state.notice = "stopping"
    state.apply(CandidateExecuted(0, Execution(rows=((1,),))))
    assert (state.notice, state.longer) == (None, None)


def midway(run, tokens=12):
    """The state when the first thought has ``tokens`` tokens."""
    state = state_of(run)
    for event in run.events():
        state.apply(event)
        if isinstance(event, ThoughtToken) and event.cluster == 0 and event.tokens == tokens:
            break
    return state


@pytest.mark.parametrize(
    ("name", "width", "height", "think", "look", "tokens"),
    [
        ("80x24-show", 80, 24, "show", UNICODE, 40),
        ("60x15-fold-ascii", 60, 15, "fold", ASCII, 40),
        ("140x24-show", 140, 24, "show", UNICODE, 63),
        ("80x24-hide", 80, 24, "hide", UNICODE, 12),
    ],
)
def test_golden_frames(name, width, height, think, look, tokens):
    """``PLANNER_GOLDEN=write pytest tests/ui/test_frame.py`` writes the files anew; read the difference."""
    lines = frame(midway(scripts.judged(), tokens), width, height, think, look)
    text = "\n".join(line.plain.rstrip() for line in lines) + "\n"
    path = GOLDEN / f"{name}.txt"
    if WRITE_GOLDEN:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def finished(run, **options):
    state = state_of(run, **options)
    for event in run.events():
        state.apply(event)
    return state


@pytest.mark.parametrize("width", [100, 140])
def test_golden_final_board(width):
    state = finished(scripts.judged())
    lines = board_lines(state.board(), UNICODE, width, budget=64, final=True)
    text = "\n".join(line.plain.rstrip() for line in lines) + "\n"
    path = GOLDEN / f"board-{width}.txt"
    if WRITE_GOLDEN:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_think_hide_shows_progress_but_no_text():
    text = "\n".join(line.plain for line in frame(midway(scripts.judged()), 80, 24, "hide"))
    assert "12/64" in text
    assert "The question asks" not in text
    assert "thought about" not in text


def test_long_thoughts_show_their_end():
    state = midway(scripts.judged())
    for number in range(5000):
        state.apply(ThoughtToken(0, f" w{number}", number))
    text = "\n".join(line.plain for line in frame(state, 80, 24))
    assert "w4999" in text
    assert "w10 " not in text
    assert "│ … " in text
    assert len(state.thoughts[0].tail) <= 2 * THOUGHT_KEPT


def test_focus_follows_open_thoughts_until_a_branch_is_chosen():
    run = scripts.judged()
    state = state_of(run)
    events = list(run.events())
    first_token = next(at for at, event in enumerate(events) if isinstance(event, ThoughtToken))
    state.move_focus(1)
    assert state.focus is None
    for event in events[: first_token + 10]:
        state.apply(event)
    assert state.focus == 0
    state.move_focus(1)
    assert state.focus == 1
    state.move_focus(1)
    state.move_focus(1)
    assert state.focus == 0
    state.move_focus(-1)
    assert state.focus == 2
    for event in events[first_token + 10 :]:
        state.apply(event)
    assert state.focus == 2


def test_focus_moves_on_when_the_thought_closes():
    state = state_of(scripts.judged())
    seen = []
    for event in scripts.judged().events():
        state.apply(event)
        seen.append(state.focus)
    order = list(dict.fromkeys(seen))
    assert order == [None, 0]  # the last to close stays
    short = scripts.Run(
        scripts.candidates(), scripts.EXECUTIONS, scripts.CLUSTERS, {0: "a b", 1: "c d e f", 2: "g"}, curves={}
    )
    state = state_of(short)
    seen = []
    for event in short.events():
        state.apply(event)
        seen.append(state.focus)
    assert list(dict.fromkeys(seen)) == [None, 0, 1]


def test_more_candidates_than_lines_keep_the_focus_in_sight():
    run = scripts.many()
    state = state_of(run)
    tokens = 0
    for event in run.events():
        state.apply(event)
        tokens += isinstance(event, ThoughtToken)
        if tokens == 100:
            break
    for _ in range(20):
        text = [line.plain for line in frame(state, 60, 15)]
        assert sum("▸" in line for line in text) == 1
        assert any("more candidates" in line for line in text)
        state.move_focus(1)


def test_the_answer_marks_its_row_without_colour():
    rows = board_lines(finished(scripts.judged()).board(), UNICODE, 80, budget=64)
    assert [line.plain[1] for line in rows].count("★") == 1
    assert "✗" in rows[-1].plain
    assert "✓" in rows[1].plain


def test_the_final_board_gives_the_query_the_space():
    state = finished(scripts.judged())
    live, final = (board_lines(state.board(), UNICODE, 100, budget=64, final=final)[1].plain for final in (False, True))
    assert "▅▅▆▇" in live
    assert "▅▅▆▇" not in final
    assert "64 budget" not in final
    assert final.index("✓") > live.index("✓")
    assert "64 budget" in board_lines(state.board(), UNICODE, 140, budget=64, final=True)[1].plain


@pytest.mark.parametrize("run", [scripts.judged, scripts.unjudged], ids=lambda run: run.__name__)
@pytest.mark.parametrize("width", [140, 200])
def test_an_error_gets_the_space_there_is(run, width):
    error = scripts.EXECUTIONS[3].error
    lines = board_lines(finished(run()).board(), UNICODE, width, budget=64)
    assert any(error in line.plain for line in lines)


def keys_of(state, think="show", width=120):
    return frame(state, width, 24, think)[-1].plain


def test_the_footer_shows_only_keys_that_act_now():
    state = state_of(scripts.judged())
    assert keys_of(state) == " q quit"
    seen = []
    for event in scripts.judged().events():
        state.apply(event)
        if keys_of(state) not in seen:
            seen.append(keys_of(state))
    both = " s stop thinking, answer now   q quit"
    assert seen == [" q quit", both, " ←/→ branch  " + both, " ←/→ branch   q quit"]
    assert "branch" not in keys_of(state, "hide")
    no_budget = scripts.judged(budget=0)
    state = state_of(no_budget)
    state.budget = 0
    for event in no_budget.events():
        state.apply(event)
        assert "stop thinking" not in keys_of(state)


def test_without_keys_the_footer_names_none():
    state = midway(scripts.judged())
    state.reads_keys = False
    assert keys_of(state) == " Ctrl-C quit"


def test_scores_of_an_untrained_judge_have_no_bar_and_are_called_noise():
    state = finished(scripts.judged(), models=scripts.UNTRAINED)
    live = "\n".join(line.plain for line in frame(state, 140, 30))
    final = "\n".join(
        line.plain for line in board_lines(state.board(), UNICODE, 140, budget=64, untrained=True, final=True)
    )
    for text in (live, final):
        assert "noise" in text
        assert "P(correct)" not in text
        assert "█" not in text
        assert "0.86" in text
    assert "score 0.12 (untrained judge: noise)" in live or "score 0.86 (untrained judge: noise)" in live
