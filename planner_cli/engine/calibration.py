"""What this machine does with one model, learnt once: threads, what a step costs at each width, widths worth using.

Batching does not pay evenly. On two cores a 1.5B model in Q4_K_M gains nothing up to seven texts beside each other, is
slower at eight and gains again at sixteen (``llama-cpp.md`` section 5), so widths are chosen by their measured cost.
How OpenMP's threads wait cannot be chosen any more when llama.cpp is loaded: see :mod:`planner_cli.engine.library`.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from planner_cli.engine import library
from planner_cli.engine.speed import BRANCHES, Speed
from planner_cli.errors import EngineError

if TYPE_CHECKING:
    from planner_cli.engine.context import Context
    from planner_cli.engine.inprocess import LlamaEngine

_FORMAT = 2
_TEXT = "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, total REAL, status TEXT); "
_PROMPT = 64
"""Tokens of a prefill that is timed, and of the text that the widths continue."""
_WIDTHS = (1, 8, 4, 16, 2, 32, 6, 12, 3, 24)
"""In the order in which they are measured, as far as the time goes."""
_STEPS = 3
"""Timed at each width, after one that is not."""
_WORTH = 0.9
"""Waves are used only where they take less than this part of the time of all branches at once."""
_PATIENCE = 60.0
"""Seconds it may take on a machine that has other work, however few were asked for."""
_ALIKE = 1.05
"""Thread counts within this factor count as equal: the fewer are taken."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was learnt; times in seconds."""

    threads: int
    """For one text at a time."""
    batch_threads: int
    """For prompts, and for several texts beside each other (llama.cpp knows two counts)."""
    prefill: float
    """Tokens of a prompt a second."""
    steps: tuple[tuple[int, float], ...]
    """Widths, ascending from 1, and the seconds of a step there: one token for each of so many texts."""
    seconds: float
    """What learning took."""
    quiet: bool
    """Whether the machine did little else meanwhile."""

    def step_seconds(self, width: int) -> float:
        """A step at any width: between measured ones on the straight line, beyond them by the last one's rate."""
        last_width, last = self.steps[-1]
        if width >= last_width:
            return last * width / last_width
        at = next(place for place, (known, _) in enumerate(self.steps) if known >= width)
        (high, upper), (low, lower) = self.steps[at], self.steps[max(0, at - 1)]
        return upper if high == width else lower + (upper - lower) * (width - low) / (high - low)

    def wave(self, branches: int, most: int) -> int:
        """How many of so many branches (no more than ``most``) are best advanced beside each other.

        As many as there can be, unless fewer at a time take clearly less: then the width with the least total.
        """
        most = min(branches, most)
        narrower = [width for width, _ in self.steps if width < most]
        best = min((most, *narrower), key=lambda width: (self._waves(branches, width), -width))
        return best if self._waves(branches, best) < _WORTH * self._waves(branches, most) else most

    def _waves(self, branches: int, width: int) -> float:
        """Seconds of a token for every branch, so many at a time."""
        whole, rest = divmod(branches, width)
        return whole * self.step_seconds(width) + (self.step_seconds(rest) if rest else 0.0)

    def speed(self) -> Speed:
        """The same as tokens a second."""
        batched = BRANCHES / self._waves(BRANCHES, self.wave(BRANCHES, BRANCHES))
        return Speed(self.prefill, 1 / self.step_seconds(1), batched, self.seconds)

    def record(self) -> dict[str, Any]:
        """As JSON, for :meth:`read`."""
        return {"format": _FORMAT, **asdict(self)}

    @classmethod
    def read(cls, record: object) -> Calibration | None:
        """What was recorded; ``None`` when it is damaged or of another version of planner."""
        if not isinstance(record, Mapping) or record.get("format") != _FORMAT:
            return None
        try:
            steps = tuple((int(width), float(seconds)) for width, seconds in record["steps"])
            made = cls(
                threads=int(record["threads"]),
                batch_threads=int(record["batch_threads"]),
                prefill=float(record["prefill"]),
                steps=steps,
                seconds=float(record["seconds"]),
                quiet=bool(record["quiet"]),
            )
        except (KeyError, TypeError, ValueError):
            return None
        sound = min(made.threads, made.batch_threads) >= 1 and made.prefill > 0 and all(s > 0 for _, s in steps)
        return made if sound and steps and steps[0][0] == 1 and sorted(steps) == list(steps) else None


def key(identity: str, gpu_layers: int | None) -> str:
    """Under which a model's calibration is kept: another library, CPU share or GPU setting is another machine."""
    facts = [_FORMAT, identity, library.version(), library.features(), library.physical_cores(), gpu_layers]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:40]


def learn(engine: LlamaEngine, seconds: float = 8.0) -> Calibration:
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
    return Calibration(threads, batch_threads, prefill, ordered, spent, quiet=others < library.QUIET)


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
        from planner_cli.engine.sampler import Sampler
        from planner_cli.settings import Sampling

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
    from planner_cli.engine.context import Context

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
