"""Learning a :class:`~planner_cli.engine.learned_speeds.LearnedSpeeds`: some seconds of decodes at several widths."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from planner_cli.engine import library
from planner_cli.engine.context import Context
from planner_cli.engine.inprocess import LlamaEngine
from planner_cli.engine.learned_speeds import LearnedSpeeds
from planner_cli.engine.sampler import Sampler
from planner_cli.errors import EngineError
from planner_cli.settings import Sampling

_TEXT = "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, total REAL, status TEXT); "
_PROMPT = 64
"""Tokens of a prefill that is timed, and of the text that the widths continue."""
_WIDTHS = (1, 8, 4, 16, 2, 32, 6, 12, 3, 24)
"""In the order in which they are measured, as far as the time goes."""
_STEPS = 3
"""Timed at each width, after one that is not."""
_PATIENCE = 60.0
"""Seconds it may take on a machine that has other work, however few were asked for."""
_ALIKE = 1.05
"""Thread counts within this factor count as equal: the fewer are taken."""


def learn(engine: LlamaEngine, seconds: float = 8.0) -> LearnedSpeeds:
    """Measure, within about ``seconds`` (a slow model is measured at fewer widths, but always at 1 and 8).

    Raises:
        EngineError: the machine is too slow to say anything in many times that time.

    """
    started, busy = time.perf_counter(), library.busy_seconds()
    own = time.process_time()
    with _bench(engine, started + max(_PATIENCE, 10 * seconds)) as bench:
        batch_threads = _fewest(_thread_counts(), bench.prefill)
        prefill = _PROMPT / bench.prefill(batch_threads)
        bench.threads(1, batch_threads)
        threads = _fewest(_thread_counts(), lambda count: bench.step(1, count, batch_threads))
        steps = {}
        for width in _WIDTHS:
            steps[width] = bench.step(width, threads, batch_threads)
            if time.perf_counter() - started > seconds and len(steps) > 1:
                break
    spent = time.perf_counter() - started
    after = library.busy_seconds()
    others = 0.0 if busy is None or after is None else (after - busy - (time.process_time() - own)) / spent
    ordered = tuple(sorted(steps.items()))
    return LearnedSpeeds(threads, batch_threads, prefill, ordered, spent, quiet=others < library.QUIET)


def _thread_counts() -> list[int]:
    """Those worth a try: all cores, all but one (the rest of the system has work too), half of them."""
    cores = library.physical_cores()
    return sorted({max(1, cores // 2), max(1, cores - 1), cores})


def _fewest(counts: Sequence[int], cost: Callable[[int], float]) -> int:
    """The fewest threads that are about as fast as the fastest; measured twice, the better time counts."""
    costs = {count: cost(count) for count in counts}
    costs = {count: min(first, cost(count)) for count, first in costs.items()}
    return min(count for count in counts if costs[count] <= _ALIKE * min(costs.values()))


class _Bench:
    """A context of its own with a short prompt, and how long its decodes take."""

    def __init__(self, context: Context, tokens: Sequence[int], deadline: float) -> None:
        self._context = context
        self._tokens = list(tokens)
        self._deadline = deadline
        self.threads = context.set_threads

    def prefill(self, threads: int) -> float:
        """Seconds of the prompt."""
        self.threads(threads, threads)
        self._context.clear()
        self._context.clear_batch()
        self._context.add(self._tokens, 0, 0)
        return self._decode()

    def step(self, width: int, threads: int, batch_threads: int) -> float:
        """Seconds of a step at a width: a decode, and the sampling of its rows."""
        self.threads(threads, batch_threads)
        context, sampler = self._context, Sampler(Sampling(temperature=1.0), 0)
        for sequence in range(1, width + 1):
            context.fork(0, sequence)
        spent = []
        for offset in range(_STEPS + 1):
            context.clear_batch()
            position = len(self._tokens) + offset
            rows = [context.add(self._tokens[:1], position, number, output=True) for number in range(1, width + 1)]
            started = time.perf_counter()
            self._decode()
            for row in rows:
                sampler.sample(context, row)
            spent.append(time.perf_counter() - started)
        for sequence in range(1, width + 1):
            context.cut(sequence)
        sampler.close()
        return statistics.median(spent[1:])

    def _decode(self) -> float:
        if time.perf_counter() > self._deadline:
            raise EngineError("too slow to measure", hint="--no-speed leaves it out")
        started = time.perf_counter()
        self._context.decode(None)
        return time.perf_counter() - started


@contextmanager
def _bench(engine: LlamaEngine, deadline: float) -> Iterator[_Bench]:
    tokens = engine.vocabulary.encode(_TEXT * 8)[:_PROMPT]
    most = max(_WIDTHS)
    cells = _PROMPT + most * (_STEPS + 2)
    context = Context(
        engine.weights,
        cells=cells,
        sequences=1 + most,
        threads=1,
        adapter=engine.adapter,
        kv=engine.options.kv,
        flash_attention=engine.flash_attention(cells),
    )
    try:
        bench = _Bench(context, tokens, deadline)
        bench.prefill(library.physical_cores())  # warms up: weights come from the disk
        yield bench
    finally:
        context.close()
