"""When two results are equal, and the clusters that follow."""

from __future__ import annotations

import math
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner_cli.database import cluster, same_result
from planner_cli.types import Candidate, Cluster, Execution, Row


def result(*rows: Row, ordered: bool = False, truncated: bool = False) -> Execution:
    width = len(rows[0]) if rows else 1
    return Execution(columns=tuple(f"c{n}" for n in range(width)), rows=rows, ordered=ordered, truncated=truncated)


FAILED = Execution(error="no such table: x", error_kind="missing")


def test_what_failed_is_a_cluster_of_its_own_where_that_is_wanted() -> None:
    candidates = [Candidate(i, f"select {i}", samples=i + 1) for i in range(4)]
    executions = [FAILED, result((1,)), FAILED, result((1,))]
    assert cluster(candidates, executions) == (Cluster(0, (1, 3), 6),)
    assert cluster(candidates, executions, failed=True) == (
        Cluster(0, (0,), 1),
        Cluster(1, (1, 3), 6),
        Cluster(2, (2,), 3),
    )


PAIRS = [
    # name, left, right, equal
    ("identical", result((1, "a")), result((1, "a")), True),
    ("both empty", result(), result(), True),
    ("empty and one row", result(), result((1,)), False),
    ("other rows", result((1,)), result((2,)), False),
    ("rows in any order", result((1,), (2,)), result((2,), (1,)), True),
    ("one ordered", result((1,), (2,), ordered=True), result((2,), (1,)), True),
    ("both ordered, same", result((1,), (2,), ordered=True), result((1,), (2,), ordered=True), True),
    ("both ordered, other order", result((1,), (2,), ordered=True), result((2,), (1,), ordered=True), False),
    ("duplicates count", result((1,), (1,), (2,)), result((1,), (2,), (2,)), False),
    ("duplicate more", result((1,), (1,)), result((1,)), False),
    ("columns in any order", result((1, "a"), (2, "b")), result(("b", 2), ("a", 1)), True),
    ("columns in any order, both ordered", result((1, "a"), (2, "b"), ordered=True), result(("a", 1), ("b", 2), ordered=True), True),
    ("same columns, other pairing", result((1, 1), (2, 2)), result((1, 2), (2, 1)), False),
    ("columns look alike, pairing decides", result((1, 2, 1), (2, 1, 1), (1, 1, 2)), result((2, 1, 1), (1, 2, 1), (1, 1, 2)), True),
    ("equal columns", result((1, 1, 2)), result((1, 2, 1)), True),
    ("more columns", result((1, 1)), result((1,)), False),
    ("whole float", result((1,)), result((1.0,)), True),
    ("text and number", result((1,)), result(("1",)), False),
    ("null and empty", result((None,)), result(("",)), False),
    ("null and zero", result((None,)), result((0,)), False),
    ("blob and text", result((b"a",)), result(("a",)), False),
    ("case", result(("a",)), result(("A",)), False),
    ("sum in another order", result((0.1 + 0.2,)), result((0.3,)), True),
    ("across a rounding limit", result((0.12345678905,)), result((0.12345678905000001,)), True),
    ("noise around zero", result((0.1 + 0.2 - 0.3,)), result((0,)), True),
    ("ten digits", result((1.000000001,)), result((1.000000002,)), False),
    ("eleventh digit", result((1.00000000001,)), result((1.00000000002,)), True),
    ("large integers", result((2**53 + 1,)), result((2**53,)), False),
    ("large integer and its float", result((2**53,)), result((float(2**53),)), True),
    ("close large integers", result((12345678901,)), result((12345678902,)), False),
    ("infinity", result((math.inf,)), result((math.inf,)), True),
    ("infinities", result((math.inf,)), result((-math.inf,)), False),
    ("both cut", result((1,), truncated=True), result((1,), truncated=True), True),
    ("one cut", result((1,), truncated=True), result((1,)), False),
    ("failed", FAILED, FAILED, False),
    ("failed and empty", FAILED, result(), False),
    ("names do not count", Execution(("a",), ((1,),)), Execution(("b",), ((1,),)), True),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right", "equal"), [p[1:] for p in PAIRS], ids=[p[0] for p in PAIRS])
def test_pairs(left: Execution, right: Execution, equal: bool) -> None:
    assert same_result(left, right) is equal
    assert same_result(right, left) is equal


cells = st.one_of(
    st.none(),
    st.integers(-3, 3),
    st.sampled_from([0.5, 1.0, -0.0, math.inf, 1e300]),
    st.sampled_from(["", "a", "1"]),
    st.sampled_from([b"", b"a"]),
)
tables = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width).map(tuple), min_size=1, max_size=8)
)


@given(tables, st.randoms(use_true_random=False))
def test_any_shuffle_of_rows_and_columns_is_equal(rows: list[Row], rng: random.Random) -> None:
    order = list(range(len(rows[0])))
    rng.shuffle(order)
    moved = [tuple(row[column] for column in order) for row in rows]
    assert same_result(result(*rows, ordered=True), result(*moved, ordered=True))
    rng.shuffle(moved)
    assert same_result(result(*rows), result(*moved))


@given(tables, tables)
@settings(max_examples=150)
def test_agrees_with_trying_every_order_of_columns(left: list[Row], right: list[Row]) -> None:
    from itertools import permutations

    def bag(rows: list[Row]) -> list[str]:
        # numbers by value, everything else by type and value
        return sorted(repr([float(v) + 0.0 if isinstance(v, int | float) else v for v in row]) for row in rows)

    expected = len(left[0]) == len(right[0]) and any(
        bag(left) == bag([tuple(row[column] for column in order) for row in right])
        for order in permutations(range(len(right[0])))
    )
    assert same_result(result(*left), result(*right)) is expected


@given(tables, st.data())
def test_one_changed_cell_is_different(rows: list[Row], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, len(rows[0]) - 1))
    changed = list(rows)
    changed[row] = (*rows[row][:column], "changed", *rows[row][column + 1 :])
    assert not same_result(result(*rows), result(*changed))


WIDE = [
    # name, rows made from a seeded generator
    ("bits", lambda rng: tuple(rng.randint(0, 1) for _ in range(60)), 1000),
    ("all the same", lambda rng: (0,) * 200, 1000),
    ("floats", lambda rng: tuple(rng.random() for _ in range(20)), 1000),
    ("one bit in a row", lambda rng: tuple(int(n == rng.randrange(30)) for n in range(30)), 200),
]


@pytest.mark.parametrize(("make", "count"), [w[1:] for w in WIDE], ids=[w[0] for w in WIDE])
def test_wide_results_take_bounded_time(make, count: int) -> None:
    rng = random.Random(1)
    rows = [make(rng) for _ in range(count)]
    order = list(range(len(rows[0])))
    rng.shuffle(order)
    moved = [tuple(row[column] for column in order) for row in rows]
    rng.shuffle(moved)
    started = time.process_time()
    same_result(result(*rows), result(*moved))
    assert time.process_time() - started < 5


def test_look_alike_columns_beyond_the_tries_end_as_different() -> None:
    # every column has one 1 in each block: all look alike, and no order of them fits
    size = 24
    rows = [tuple(int(r == c) + int(r == (c + 1) % size) for c in range(size)) for r in range(size)]
    other = [tuple(int(r == c) + int(r == c ^ 1) for c in range(size)) for r in range(size)]
    started = time.process_time()
    assert not same_result(result(*rows), result(*other))
    assert time.process_time() - started < 5


def test_clusters() -> None:
    executions = [result((1,)), FAILED, result((2,)), result((1.0,)), result((2,), truncated=True), result((2,))]
    candidates = [Candidate(index, "", samples=index + 1) for index in range(6)]
    assert cluster(candidates, executions) == (
        Cluster(0, (0, 3), votes=5),
        Cluster(1, (2, 5), votes=9),
        Cluster(2, (4,), votes=5),
    )


def test_no_cluster_without_a_result() -> None:
    assert cluster([], []) == ()
    assert cluster([Candidate(0, "")], [FAILED]) == ()
