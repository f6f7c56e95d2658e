"""Which pair of the catalogue fits a machine: memory from sizes, seconds from a measured speed.

For a file that is not on this machine, memory is estimated from the parameters in its model card and the format
in its file name; seconds of a model that was not measured are scaled from one that was. Both are marked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from planner_cli.hub.catalog import PINS, Catalog, CatalogFile, Pin
from planner_cli.hub.gguf import read_header
from planner_cli.hub.locate import find
from planner_cli.hub.memory import PROCESS, estimate
from planner_cli.types import Role

BITS = {"Q4_0": 4.5, "Q4_1": 5.0, "Q4_K_M": 4.85, "Q5_K_M": 5.7, "Q6_K": 6.56, "Q8_0": 8.5, "F16": 16.0}
"""Bits a weight of the common file types, on average over a model (llama.cpp's own tables for 7B models)."""
_UNKNOWN_BITS = 8.5
_WORKING_SHARE = 0.15
"""KV cache, scratch and tokenizer of a model whose header was not read, as a share of its weights."""
_WORKING_LEAST = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model of the catalogue for one role."""

    name: str
    here: bool
    """Whether its file is on this machine."""
    weights: int
    """Bytes of its weights."""
    needed: int
    """Bytes of memory with its KV cache, without what every process needs."""
    parameters: int
    estimated: bool
    """Whether these come from the model card and not from the file."""
    pin: Pin


@dataclass(frozen=True, slots=True)
class Pair:
    generator: Candidate
    discriminator: Candidate

    @property
    def needed(self) -> int:
        """Bytes of memory of one process with both; the weights of a model in both roles count once."""
        shared = self.generator.weights if self.generator.name == self.discriminator.name else 0
        return PROCESS + self.generator.needed + self.discriminator.needed - shared

    @property
    def pin(self) -> Pin:
        """What the less sure of the two is compared with."""
        return max(self.generator.pin, self.discriminator.pin, key=PINS.index)

    @property
    def rank(self) -> tuple[int, int, int]:
        """Larger is assumed to be better, comparing the smaller of the two first; then what is already here."""
        sizes = (self.generator.parameters, self.discriminator.parameters)
        return min(sizes), sum(sizes), self.generator.here + self.discriminator.here


def pairs(catalog: Catalog, *, context: int, branches: int) -> tuple[Pair, ...]:
    """All pairs of a generator and a reasoning discriminator, the largest first.

    Only files anyone may use commercially, and only discriminators that mark their thoughts.
    """
    usable = [entry for entry in catalog.files if not entry.noncommercial and entry.kind == "model"]
    generators = [_candidate(catalog, entry, context, branches) for entry in usable if _trained(entry, "generator")]
    judges = [
        _candidate(catalog, entry, context, branches)
        for entry in usable
        if _trained(entry, "discriminator") and entry.reasoning is not None
    ]
    made = [Pair(generator, judge) for generator in generators for judge in judges]
    return tuple(sorted(made, key=lambda pair: pair.rank, reverse=True))


def _trained(entry: CatalogFile, role: Role) -> bool:
    return role in entry.roles and not entry.untrained and entry.template not in {None, "none"}


def _candidate(catalog: Catalog, entry: CatalogFile, context: int, branches: int) -> Candidate:
    path = find(entry, catalog.folder)
    if path is not None:
        header = read_header(path)
        parts = estimate(header, context=context, branches=branches)
        return Candidate(
            entry.name,
            here=True,
            weights=parts.weights,
            needed=parts.needed - PROCESS,
            parameters=header.parameters,
            estimated=False,
            pin=entry.pin,
        )
    parameters = entry.parameters or 0
    weights = entry.size or int(parameters * bits(entry.file or "") / 8)
    working = max(_WORKING_LEAST, int(weights * _WORKING_SHARE))
    return Candidate(
        entry.name,
        here=False,
        weights=weights,
        needed=weights + working,
        parameters=parameters,
        estimated=True,
        pin=entry.pin,
    )


def bits(file: str) -> float:
    """Bits a weight of the format a file name ends in; 8.5 where it says none."""
    found = re.search(r"(I?Q\d\w*|F16|BF16)\.gguf$", file.upper().replace(".GGUF", ".gguf"))
    return BITS.get(found.group(1), _UNKNOWN_BITS) if found else _UNKNOWN_BITS
