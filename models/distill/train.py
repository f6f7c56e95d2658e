"""Training: a few packs per step, with the learning rate falling to zero by the end of the given time."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch

from models.distill.network import Network, Pack

_BETAS = (0.9, 0.95)
_CLIP = 1.0
_LEAST = 0.01
"""Of the learning rate, at the end."""


@dataclass(frozen=True, slots=True)
class TrainSettings:
    minutes: float | None = None
    """Wall time of training, without evaluation, over all sittings; the learning rate is linear in it."""
    steps: int | None = None
    """The same as a number of steps, for runs that will be compared with each other: whichever ends first."""
    rate: float = 1.2e-3
    warm_up: int = 20
    """Steps, at each sitting."""
    packs: int = 3
    """A step. The questions of one pack share their schema, so one pack alone is a very noisy sample."""
    save_every: float = 180.0
    """Seconds between two checkpoints."""
    look_every: float = 900.0
    """Seconds between two evaluations on the held-out packs."""
    seed: int = 0


class Stream(Protocol):
    """Where packs come from."""

    def packs(self, seed: str) -> Iterator[tuple[Pack, str]]:
        """Packs without end, each with the name of its source; the same for the same seed."""


@dataclass(slots=True)
class State:
    """How far training has come."""

    step: int = 0
    seconds: float = 0.0
    examples: int = 0
    tokens: int = 0
    sittings: int = 0
    curve: list[dict[str, float]] = field(default_factory=list)
    """A line for each evaluation on the held-out packs."""


class Trainer:
    """Holds the network, its optimiser and how far they have come; :meth:`save` and :meth:`resume` keep all three."""

    def __init__(self, network: Network, settings: TrainSettings, folder: Path) -> None:
        self.network, self.settings, self.folder = network, settings, folder
        self.state = State()
        fused = network.device != "mps"
        self._optimiser = torch.optim.AdamW(
            network.parameters, lr=settings.rate, betas=_BETAS, weight_decay=0.0, fused=fused
        )

    @property
    def checkpoint(self) -> Path:
        return self.folder / "state.pt"

    def resume(self) -> None:
        """Go on from the checkpoint in the folder."""
        saved = torch.load(self.checkpoint, weights_only=True)
        self.network.load(saved["pairs"])
        self._optimiser.load_state_dict(saved["optimiser"])
        self.state = State(**saved["state"])

    def save(self) -> None:
        """Write the checkpoint and, beside it, the settings and figures as JSON."""
        self.folder.mkdir(parents=True, exist_ok=True)
        new = self.checkpoint.with_suffix(".new")
        torch.save(
            {
                "pairs": self.network.pairs(),
                "optimiser": self._optimiser.state_dict(),
                "state": asdict(self.state),
                "alpha": self.network.alpha,
                "behind": self.network.behind,
            },
            new,
        )
        new.replace(self.checkpoint)
        facts = {"settings": asdict(self.settings), "state": asdict(self.state), "rank": self.network.rank}
        (self.folder / "train.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")

    def run(
        self, stream: Stream, held_out: Mapping[str, Sequence[Pack]] | None = None, *, steps: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Train until the time (or ``steps``) is over; yields a line of figures a step, and logs it.

        ``held_out`` are packs that are only looked at, by what they measure.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state.sittings += 1
        started = saved = looked = time.monotonic()
        if not self.state.curve:
            looked = -math.inf  # a sitting that goes on has been looked at by the one before
        before = self.state.seconds
        first = self.state.step
        packs = stream.packs(f"{self.settings.seed}/{first}")
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            while (steps is None or self.state.step < first + steps) and self._progress() < 1:
                now = time.monotonic()
                if held_out and now - looked > self.settings.look_every:
                    self._look(held_out)
                    looked = time.monotonic()
                    started += looked - now
                line = self._step([next(packs) for _ in range(self.settings.packs)], self.state.step - first)
                self.state.seconds = before + time.monotonic() - started
                line |= {"t": round(self.state.seconds, 1)}
                log.write(json.dumps(line) + "\n")
                log.flush()
                yield line
                if time.monotonic() - saved > self.settings.save_every:
                    self.save()
                    saved = time.monotonic()
        if held_out:
            self._look(held_out)
        self.save()

    def _progress(self) -> float:
        """Of the whole training, 0 to 1."""
        minutes, steps = self.settings.minutes, self.settings.steps
        by_time = self.state.seconds / (60 * minutes) if minutes else 0.0
        return max(by_time, self.state.step / steps if steps else 0.0)

    def _step(self, packs: Sequence[tuple[Pack, str]], since: int) -> dict[str, Any]:
        rate = self.settings.rate * max(_LEAST, 1 - self._progress()) * min(1, (since + 1) / self.settings.warm_up)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        count = sum(float(pack.weights.sum()) for pack, _ in packs)
        total = 0.0
        for pack, _ in packs:
            loss = self.network.loss(pack)
            (loss / count).backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters, _CLIP, foreach=True)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self.state.step += 1
        self.state.examples += sum(len(pack.blocks) for pack, _ in packs)
        self.state.tokens += sum(pack.prefix.numel() + pack.blocks.numel() for pack, _ in packs)
        return {
            "step": self.state.step,
            "loss": round(total / count, 4),
            "source": " ".join(source for _, source in packs),
            "examples": self.state.examples,
            "tokens": self.state.tokens,
            "norm": round(float(norm), 3),
            "rate": rate,
        }

    def _look(self, held_out: Mapping[str, Sequence[Pack]]) -> None:
        losses = {f"held_out_{name}": round(mean_loss(self.network, packs), 4) for name, packs in held_out.items()}
        self.state.curve.append({"seconds": round(self.state.seconds, 1), "examples": self.state.examples, **losses})


@torch.no_grad()
def mean_loss(network: Network, packs: Sequence[Pack]) -> float:
    """Mean of -ln P over the packs' targets, in nats a token."""
    total = sum(network.loss(pack).item() for pack in packs)
    return total / sum(float(pack.weights.sum()) for pack in packs)


class Mixture:
    """Packs from several sources, each with its share of the steps."""

    def __init__(self, makers: Mapping[str, Any], shares: Mapping[str, float]) -> None:
        """``makers`` give, for a random generator, one epoch of packs of a source."""
        self._makers = makers
        self._shares = shares

    def packs(self, seed: str) -> Iterator[tuple[Pack, str]]:
        rng = random.Random(seed)
        names = sorted(self._makers)
        streams = {name: self._endless(name, random.Random(f"{seed}/{name}")) for name in names}
        while True:
            name = rng.choices(names, [self._shares[name] for name in names])[0]
            yield next(streams[name]), name

    def _endless(self, name: str, rng: random.Random) -> Iterator[Pack]:
        while True:
            yield from self._makers[name](rng)
