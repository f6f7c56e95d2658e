"""How fast models are on this machine: measured once, kept, and used by later runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from planner_cli.discriminator import Discriminator
    from planner_cli.engine import LlamaEngine
    from planner_cli.engine.learned_speeds import LearnedSpeeds
    from planner_cli.generator import Generator
    from planner_cli.hub import ResolvedModel
    from planner_cli.settings import PlanSettings
    from planner_cli.types import Question

SECONDS = 8.0
"""Roughly how long measuring may take."""


def speeds_path() -> Path:
    """Where it is kept."""
    from planner_cli.hub import cache_folder

    return cache_folder() / "calibrations.json"


def model_identity(model: ResolvedModel) -> str:
    """What identifies a model and adapter: their digests where known, otherwise the files' size and time."""
    from planner_cli.engine.inprocess import stat_identity

    if model.sha256 is not None and (model.adapter is None or model.adapter_sha256 is not None):
        form = "" if model.weights is None else f" {model.runs_as}"
        return f"{model.sha256} {model.adapter_sha256}{form}"
    return stat_identity(model.path, model.adapter)


def base_identity(model: ResolvedModel) -> str:
    """The same for the model without its adapter."""
    return model_identity(replace(model, adapter=None, adapter_sha256=None))


def known_speeds(model: ResolvedModel, gpu_layers: int | None) -> LearnedSpeeds | None:
    """What was learnt about a model; ``None`` when nothing was."""
    from planner_cli.engine.learned_speeds import LearnedSpeeds, key
    from planner_cli.hub import cache

    records = cache.load(speeds_path())
    return (
        LearnedSpeeds.read(records.get(key(model_identity(model), gpu_layers))) if isinstance(records, dict) else None
    )


def learn_speeds(model: ResolvedModel, seconds: float = SECONDS) -> LearnedSpeeds:
    """Learn about a model now; kept for later runs unless other work disturbed it.

    Raises:
        ModelError: the model cannot be loaded.
        EngineError: the machine is too slow.

    """
    from planner_cli.engine.learned_speeds import key
    from planner_cli.engine.learning import learn
    from planner_cli.hub import cache

    engine = bare_engine(model.loaded, adapter=model.adapter)
    try:
        learnt = learn(engine, seconds)
    finally:
        engine.free()
    if learnt.quiet:
        records = cache.load(speeds_path())
        records = records if isinstance(records, dict) else {}
        cache.store(speeds_path(), {**records, key(model_identity(model), None): learnt.record()})
    return learnt


def expected_seconds(
    generator: Generator, discriminator: Discriminator | None, plan: PlanSettings, question: Question
) -> float | None:
    """At most how long a question takes if nothing of its prompts is kept; ``None`` where the speeds are not known."""
    from planner_cli.engine.speed import CLUSTERS, SQL_TOKENS, question_seconds

    roles = (generator,) if discriminator is None else (generator, discriminator)
    found = [getattr(role.engine, "speeds", None) for role in roles]
    known = [each.speed() for each in found if each is not None]
    if len(known) < len(roles):
        return None
    writer, judge = known[0], known[-1]
    prompt = generator.engine.count(generator.prompt.build(question, generator.engine))
    return question_seconds(
        writer, None if discriminator is None else judge, prompt=prompt, candidates=plan.generator.candidates,
        sql_tokens=SQL_TOKENS, clusters=CLUSTERS, budget=plan.discriminator.budget,
    )  # fmt: skip


def bare_engine(path: Path, *, adapter: Path | None = None, threads: int | None = None) -> LlamaEngine:
    """An engine over a file as it is: nothing kept from earlier runs is used, and nothing is kept.

    Raises:
        ModelError: llama.cpp cannot load it.

    """
    from planner_cli.engine import LlamaEngine
    from planner_cli.settings import EngineOptions

    return LlamaEngine(path, adapter=adapter, options=EngineOptions(threads=threads))
