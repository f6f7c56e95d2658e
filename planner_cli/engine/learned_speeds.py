"""What this machine does with one model: threads, what a step costs at each width, widths worth using.

Batching does not pay evenly. On two cores a 1.5B model in Q4_K_M gains nothing up to a batch of seven texts, is
slower at eight and gains again at sixteen (``llama-cpp.md`` section 5), so widths are chosen by their measured cost,
which :mod:`planner_cli.engine.learning` finds out once.
How OpenMP's threads wait cannot be chosen any more when llama.cpp is loaded: see :mod:`planner_cli.engine.library`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from planner_cli.engine import library
from planner_cli.engine.speed import BRANCHES, Speed

_FORMAT = 2
_WORTH = 0.9
"""Waves are used only where they take less than this part of the time of all branches at once."""


@dataclass(frozen=True, slots=True)
class LearnedSpeeds:
    """What was learnt; times in seconds."""

    threads: int
    """For one text at a time."""
    batch_threads: int
    """For prompts, and for several texts in one batch (llama.cpp knows two counts)."""
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
        """How many of so many branches (no more than ``most``) are best advanced together.

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
    def read(cls, record: object) -> LearnedSpeeds | None:
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
    """Under which a model's speeds are kept: another library, CPU share or GPU setting is another machine."""
    facts = [_FORMAT, identity, library.version(), library.features(), library.physical_cores(), gpu_layers]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:40]
