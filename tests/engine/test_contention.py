"""Threads given up beside other work: the arithmetic, a real load, and that no result depends on it."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

from planner_cli.engine import library
from planner_cli.engine.contention import Contention, fitting
from planner_cli.engine.context import Context
from planner_cli.engine.library import L
from planner_cli.engine.weights import load_weights
from tests.running import wait_for

FITTING = [
    # name, most, in use now, cores, others, expected
    ("a quiet machine", 2, 2, 2, 0.0, 2),
    ("a little work", 2, 2, 2, 0.3, 2),
    ("an endless loop beside two threads", 2, 2, 2, 0.5, 1),
    ("the same loop beside one", 2, 1, 2, 1.0, 1),
    ("it is gone", 2, 1, 2, 0.0, 2),
    ("a little work brings no thread back", 2, 1, 2, 0.3, 1),
    ("never none", 2, 2, 2, 2.0, 1),
    ("never more than were asked for", 2, 2, 8, 0.0, 2),
    ("cores enough for both", 4, 4, 8, 3.5, 4),
    ("half of them held", 8, 8, 8, 4.0, 4),
    ("more threads than cores", 8, 8, 2, 0.0, 2),
]


@pytest.mark.parametrize(("most", "now", "cores", "others", "expected"), [c[1:] for c in FITTING], ids=[c[0] for c in FITTING])  # fmt: skip
def test_fitting(most, now, cores, others, expected):
    assert fitting(most, now, cores, others) == expected


@pytest.mark.skipif(library.rival_seconds() is None, reason="the system does not tell what its cores do")
def test_held_cores_are_seen():
    cores = library.logical_cores()
    contention = Contention()
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    try:
        fewest = max(1, cores // 2)
        wait_for(lambda: contention.threads(cores, cores) <= fewest, "a look that sees the loops")
        assert all(loop.poll() is None for loop in loops)
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def test_where_the_system_does_not_tell_all_threads_stay(monkeypatch):
    monkeypatch.setattr(library, "rival_seconds", lambda: None)
    contention = Contention()
    time.sleep(0.2)
    assert contention.threads(1, 1) == 1
    assert contention.threads(2, 2) == min(2, library.logical_cores())


class Falling(Contention):
    """Says a thread less at every look."""

    def threads(self, most: int, now: int) -> int:
        return max(1, now - 1)


@pytest.mark.model
@pytest.mark.parametrize(("flash", "widths"), [(False, (1, 8)), (True, (8,))], ids=["plain", "flash"])
def test_threads_given_up_change_no_bit(fast_generator, flash, widths):
    weights = load_weights(fast_generator.loaded, 0)
    found = []
    for contention in (None, Falling()):
        context = Context(
            weights, cells=256, sequences=9, threads=2, batch_threads=3, contention=contention, flash_attention=flash
        )
        context.add(range(100, 148), 0, 0, output=True)
        context.decode(None)
        given = [context.logits(47).copy()]
        for width in widths:
            context.clear_batch()
            rows = []
            for sequence in range(1, width + 1):
                context.cut(sequence)
                context.fork(0, sequence)
                rows.append(context.add([500 + sequence], 48, sequence, output=True))
            context.decode(None)
            given += [context.logits(row).copy() for row in rows]
        counts = (L.llama_n_threads(context.handle), L.llama_n_threads_batch(context.handle))
        context.close()
        found.append((np.stack(given), counts))
    (kept, all_threads), (lent, fewer) = found
    assert all_threads == (2, 3)
    assert fewer == ((2, 1) if flash else (1, 1))  # the flash kernel splits a single token's sum by threads
    assert np.array_equal(kept, lent)
