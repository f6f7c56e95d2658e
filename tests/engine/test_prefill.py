"""A prompt in batches: what is said meanwhile, and what is kept where it is stopped."""

from __future__ import annotations

import itertools

import pytest

from planner_cli.control import Control
from planner_cli.engine import LlamaEngine, Span
from planner_cli.engine.context import BATCH, Context
from planner_cli.engine.prefill import FIRST, Clock, batch_ends
from planner_cli.engine.prefix_cache import PrefixCache, entries
from planner_cli.engine.protocol import STABLE, drained
from planner_cli.errors import Interrupted
from planner_cli.settings import EngineOptions, Sampling

SCHEMA = Span(" customers: id, name, city\n orders: id, customer_id, total\n" * 90, "data")
PROMPT = (SCHEMA, STABLE, Span("Q: How many orders are open?", "data"), Span("\nSQL:"))

ENDS = [
    # name, stable tokens, all tokens, where batches end
    ("one batch", 300, 320, [300, 320]),
    ("two", 600, 620, [512, 600, 620]),
    ("a long one begins with a short batch", 1500, 1520, [64, 576, 1088, 1500, 1520]),
    ("nothing stable", 0, 600, [512, 600]),
    ("nothing behind it", 64, 64, [64]),
    ("nothing", 0, 0, []),
]


@pytest.mark.parametrize(("stable", "total", "ends"), [case[1:] for case in ENDS], ids=[case[0] for case in ENDS])
def test_batches_end_where_the_stable_part_does(stable, total, ends):
    assert (FIRST, BATCH) == (64, 512)
    assert batch_ends(stable, total) == ends


TIMES = [
    # name, growth, known rate, tokens read at these seconds, seconds left after each
    ("nothing known", 0.0, None, [(0, 0)], [None]),
    ("a known rate", 0.0, 200.0, [(0, 0)], [5.0]),
    ("as fast as so far", 0.0, 200.0, [(0, 0), (100, 1), (200, 2)], [5.0, 9.0, 8.0]),
    (
        "slower by now",
        0.0,
        None,
        [(0, 0), (100, 1), (200, 2), (300, 3), (400, 6), (500, 9)],
        [None, 9, 8, 7, 10, 11.667],
    ),
    ("attention grows", 0.002, None, [(0, 0), (500, 1)], [None, 5 / 3]),
]


@pytest.mark.parametrize(("growth", "rate", "marks", "left"), [c[1:] for c in TIMES], ids=[c[0] for c in TIMES])
def test_the_time_left_follows_what_was_read(growth, rate, marks, left):
    times = iter([0.0, *(seconds for _, seconds in marks)])
    clock = Clock(0, 1000, growth=growth, rate=rate, now=lambda: next(times))
    found = [clock.at(done) for done, _ in marks]
    assert [each.left for each in found] == [None if one is None else pytest.approx(one, rel=1e-3) for one in left]
    assert [(each.done, each.seconds) for each in found] == [(done, float(seconds)) for done, seconds in marks]


def new(model, folder):
    return LlamaEngine(model, cache=PrefixCache(folder, limit=2**30), options=EngineOptions(threads=1))


def written(session):
    branch = session.branch((), Sampling(), max_tokens=4, logprobs=True)
    steps = [step for _ in range(4) for step in session.step()]
    session.close()
    assert branch.tokens
    return steps


def opening(engine, control=None):
    return engine.opening(PROMPT, branches=1, room=8, control=control or Control(), seen=lambda progress: progress)


@pytest.fixture
def decoded(monkeypatch):
    """The tokens of every decode."""
    counts: list[int] = []
    decode = Context.decode

    def counting(self, control):
        decode(self, control)
        counts.append(int(self._batch.n_tokens))

    monkeypatch.setattr(Context, "decode", counting)
    return counts


@pytest.mark.parametrize("how", ["interrupted", "abandoned"])
def test_a_prompt_that_was_stopped_goes_on_where_it_was(tiny_random_model, tmp_path, decoded, how):
    expected = written(new(tiny_random_model, tmp_path / "other").open(PROMPT, branches=1, room=8, control=Control()))
    stopped, control = new(tiny_random_model, tmp_path / "kept"), Control()
    steps = opening(stopped, control)
    seen = list(itertools.islice(steps, 3))
    assert [each.done for each in seen] == [0, 64, 576]
    (total,) = {each.total for each in seen}
    if how == "interrupted":
        control.cancel()
        with pytest.raises(Interrupted) as error:
            next(steps)
        assert error.value.hint.startswith("576 tokens of the prompt's ")
    else:
        steps.close()
    stopped.close()
    (kept,) = entries(tmp_path / "kept")
    assert kept.tokens == 576
    decoded.clear()
    again = new(tiny_random_model, tmp_path / "kept")
    steps = opening(again)
    first = next(steps)
    assert (first.done, first.cached) == (576, 576)
    session = drained(steps)
    assert sum(decoded) == total - 576, "the other part only"
    assert session.stats.cached_tokens == 576
    assert written(session) == expected, "and no bit is different"
    again.close()
    (kept,) = entries(tmp_path / "kept")
    assert kept.tokens > 1024, "the whole instead of the part"


def test_a_prompt_that_is_there_is_not_said_to_be_read(tiny_random_model, tmp_path):
    engine = new(tiny_random_model, tmp_path)
    drained(opening(engine)).close()
    progress = list(opening(engine))
    assert [each.done for each in progress] == [progress[0].cached, progress[0].total]
    engine.close()
