"""What branches have in common is decoded once, and nothing else is different."""

from contextlib import contextmanager

import pytest

from planner_cli.control import Control
from planner_cli.engine import LlamaEngine, Span, context, prefill
from planner_cli.engine.sharing import shared_parts
from planner_cli.settings import EngineOptions, Sampling

PROMPT = (Span(" customers: id, name, city\nQ: Which customers live in Berlin?\nSQL:"),)

TREES = [
    ("nothing", [], []),
    ("empty texts", [[], []], []),
    ("one text", [[1, 2]], [([0], 0, 2)]),
    ("nothing in common", [[1, 2], [3]], [([0], 0, 2), ([1], 0, 1)]),
    ("all in common", [[1, 2], [1, 2]], [([0, 1], 0, 2)]),
    ("one is the beginning of the other", [[1], [1, 2]], [([0, 1], 0, 1), ([1], 1, 2)]),
    ("a beginning in common", [[1, 2, 3], [4], [1, 2, 5]], [([0, 2], 0, 2), ([0], 2, 3), ([2], 2, 3), ([1], 0, 1)]),
    ("a fork behind a fork", [[1, 2, 3], [1, 2, 4], [1, 5]],
     [([0, 1, 2], 0, 1), ([0, 1], 1, 2), ([0], 2, 3), ([1], 2, 3), ([2], 1, 2)]),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "expected"), [tree[1:] for tree in TREES], ids=[tree[0] for tree in TREES])
def test_shared_parts(texts, expected):
    assert list(shared_parts(texts)) == expected


def write(session, samplings, *, suffixes=None, max_tokens=24):
    """Every branch's text and its log-probability; the branches stay open."""
    branches = [
        session.branch(suffix, sampling, max_tokens=max_tokens, logprobs=True)
        for suffix, sampling in zip(suffixes or [()] * len(samplings), samplings, strict=True)
    ]
    texts, totals = [""] * len(branches), [0.0] * len(branches)
    while steps := session.step():
        for step in steps:
            texts[step.branch] += step.text
            totals[step.branch] += step.logprob
    return branches, texts, totals


def opened(engine, branches, *, shares=True, room=400):
    session = engine.open(PROMPT, branches=branches, room=room, control=Control())
    session.shares_rows = shares
    return session


@contextmanager
def decoded_tokens(context):
    """How many tokens each decode has."""
    counts, decode = [], context.decode

    def counted(control):
        counts.append(int(context._batch.n_tokens))
        decode(control)

    context.decode = counted
    try:
        yield counts
    finally:
        del context.decode


@pytest.mark.model
def test_branches_that_are_the_same_take_one_row(writing_engine):
    session = opened(writing_engine, 8)
    branches, texts, _ = write(session, [Sampling()] * 8)
    session.close()
    assert len(set(texts)) == 1
    assert session.stats.rows == session.stats.decodes == branches[0].tokens + 1
    assert session.stats.new_tokens == 8 * branches[0].tokens


@pytest.mark.model
def test_each_goes_its_own_way_where_they_part(writing_engine):
    """The probabilities reported for a branch's tokens are those they have when its text is read alone."""
    samplings = [Sampling(), *(Sampling(temperature=1.5, top_p=1.0, seed=seed) for seed in range(7))]
    session = opened(writing_engine, 8)
    branches, texts, totals = write(session, samplings)
    for branch in branches:
        branch.close()
    ended = [number for number, branch in enumerate(branches) if branch.finished == "model"]
    found = session.likelihood([(Span(texts[number]),) for number in ended])
    session.close()
    assert len(set(texts)) > 3
    assert len(ended) > 3
    tokens = sum(branch.tokens for branch in branches)
    assert session.stats.new_tokens == tokens
    assert tokens / 3 < session.stats.rows < tokens
    # a text may have been written in other tokens than it is read in: then it is less likely as it was written
    close = [abs(totals[number] - likelihood) < 0.3 for number, likelihood in zip(ended, found, strict=True)]
    assert sum(close) > 0.7 * len(close)
    assert close[0]


SUFFIXES = [
    (Span(" The first of them is named"),),
    (Span(" The first of them lives in the city of"),),
    (),
    (Span(" The first of them is named"),),
    (Span(" x, y" * 50 + " The"),),
    (Span(" x, y" * 50 + " Those"),),
]
"""Alike, alike at first, none, and longer than a batch."""


@pytest.fixture
def small_batches(tiny_random_model, monkeypatch):
    """Any model, with contexts that take 128 tokens at once."""
    for module in (context, prefill):
        monkeypatch.setattr(module, "BATCH", 128)
    engine = LlamaEngine(tiny_random_model, options=EngineOptions(threads=1))
    yield engine
    engine.close()


@pytest.mark.model
def test_suffixes_are_prefilled_once_where_they_are_alike(small_batches):
    prefilled = []
    probes = []
    for shares in (True, False):
        small_batches.close()
        session = opened(small_batches, 6, shares=shares, room=640)
        with decoded_tokens(session._context) as counts:
            branches = [session.branch(suffix, Sampling(), max_tokens=8) for suffix in SUFFIXES]
            session.admit()
        prefilled.append(sum(counts))
        forced = (Span("\nA customer's name is in the answer:"),)
        probes.append(session.probe(branches, [forced] * 6, {"yes": (" yes",), "no": (" no",)}))
        assert session.stats.prompt_tokens > prefilled[0]
        session.close()
    assert prefilled[0] < 0.8 * prefilled[1]
    for shared, alone in zip(*probes, strict=True):
        assert shared.probabilities["yes"] == pytest.approx(alone.probabilities["yes"], abs=0.05)


@pytest.mark.model
def test_likelihoods_are_the_same_where_beginnings_are_read_once(writing_engine):
    texts = [" select name from customers", " select name from customers where city = 'Berlin'", " select city", ""]
    texts += [f" select name from customers where city = 'Berlin' and id < {number}" for number in range(10, 14)]
    found, rows = [], []
    for shares in (True, False):
        session = opened(writing_engine, 8, shares=shares)
        with decoded_tokens(session._context) as counts:
            found.append(session.likelihood([(Span(text),) for text in texts]))
        rows.append(sum(counts))
        session.close()
    assert rows[0] < 0.5 * rows[1]
    assert found[0] == pytest.approx(found[1], rel=0.03, abs=0.1)
    assert found[0].index(max(found[0])) == 1
