"""From options to a running question: open the database, load the models, run, show.

Shared by every command that asks.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from planner_cli.cli.options import RunOptions, debugging
from planner_cli.control import Control
from planner_cli.errors import ExitCode, PlannerError
from planner_cli.settings import PlanSettings
from planner_cli.types import Answer, ModelInfo, Question, Role, Schema, Timings

if TYPE_CHECKING:  # each of these costs start-up time
    from planner_cli.database import Database
    from planner_cli.discriminator import Discriminator
    from planner_cli.engine import LlamaEngine
    from planner_cli.generator import Generator
    from planner_cli.hub import ResolvedModel
    from planner_cli.settings import Limits


@dataclass(slots=True)
class Asker:
    """An open database and loaded models, ready for questions."""

    database: Database
    schema: Schema
    generator: Generator
    discriminator: Discriminator | None
    models: tuple[ModelInfo, ...]
    settings: PlanSettings
    options: RunOptions
    schema_seconds: float
    load_seconds: float

    def ask(self, text: str, control: Control) -> Answer:
        """Run one question with the screen its options ask for.

        Raises:
            PlannerError: there is no answer and no candidate to show either.

        """
        from planner_cli.planning import plan
        from planner_cli.ui.console import is_live, make_console
        from planner_cli.ui.screen import show

        question = Question(text, self.schema, self.database.name)
        spent = Timings(schema=self.schema_seconds, load=self.load_seconds)
        self.schema_seconds = self.load_seconds = 0.0  # a second question on the same database pays neither
        console = make_console(sys.stderr, color=self.options.color)
        live = is_live(console) and not self.options.verbose and not debugging()
        think = self.options.think or ("fold" if live else "hide")
        talks = self.options.verbose or self.options.think == "show"
        events = plan(
            question, self.database, self.generator, self.discriminator, self.settings, control=control, spent=spent
        )
        with interruptible(control):
            return show(
                events,
                console=console,
                mode="quiet" if self.options.quiet else "live" if live else "plain" if talks else "quiet",
                think=think,
                control=control,
                question=text,
                database=self.database.path.name,
                budget=self.settings.discriminator.budget,
                models=self.models,
            )


@contextmanager
def opened(
    path: Path, options: RunOptions, *, samples: int = 3, tables: tuple[str, ...] = (), rows: int = 0
) -> Iterator[Asker]:
    """Open the database and load the models.

    Raises:
        DatabaseError: the file cannot be used, or a table named in ``tables`` is not in it.
        ModelError: a model is missing or cannot be loaded.

    """
    from planner_cli.database import Database

    if options.verbose or debugging():
        _log_to_stderr()
    started = time.perf_counter()
    limits = options.limits(rows)
    with Database.open(path, limits=limits, samples=samples) as database:
        schema = _chosen(database.schema, tables, path)
        read = time.perf_counter()
        generator, discriminator, models, settings = load_models(options, limits)
        yield Asker(
            database,
            schema,
            generator,
            discriminator,
            models,
            settings,
            options,
            schema_seconds=read - started,
            load_seconds=time.perf_counter() - read,
        )


def _chosen(schema: Schema, tables: tuple[str, ...], path: Path) -> Schema:
    from planner_cli.errors import DatabaseError

    if not tables:
        return schema
    chosen = schema.select(tables)
    known = {t.name.casefold() for t in schema.tables}
    for name in tables:
        if name.casefold() not in known:
            names = ", ".join(t.name for t in schema.tables[:12])
            raise DatabaseError(f"{path}: no table {name!r}", hint=f"it has {names}")
    return chosen


def load_models(
    options: RunOptions, limits: Limits
) -> tuple[Generator, Discriminator | None, tuple[ModelInfo, ...], PlanSettings]:
    """Both models and the settings they recommend; every file is checked before any is loaded."""
    from planner_cli import hub
    from planner_cli.generator import Generator

    writer = hub.resolve(options.generator, "generator", adapter=options.generator_adapter)
    judge = None if options.no_judge else _resolve_judge(options)
    writing = _engine(writer, options)
    generator = Generator(writing, writer.prompt or "chat")
    models: tuple[ModelInfo, ...] = (_info(writer, writing),)
    discriminator = None
    if judge is not None:
        discriminator, info = _load_judge(judge, options)
        models = (*models, info)
    return generator, discriminator, models, _planned(options, judge, limits)


def load_judge(options: RunOptions, limits: Limits) -> tuple[Discriminator, ModelInfo, PlanSettings]:
    """The discriminator alone, and the settings it recommends."""
    judge = _resolve_judge(options)
    return (*_load_judge(judge, options), _planned(options, judge, limits))


def _resolve_judge(options: RunOptions) -> ResolvedModel:
    from planner_cli import hub

    return hub.resolve(options.discriminator, "discriminator", adapter=options.discriminator_adapter)


def _load_judge(judge: ResolvedModel, options: RunOptions) -> tuple[Discriminator, ModelInfo]:
    from planner_cli.discriminator import Discriminator

    engine = _engine(judge, options)
    return Discriminator(engine, judge.prompt or "chat"), _info(judge, engine)


def _planned(options: RunOptions, judge: ResolvedModel | None, limits: Limits) -> PlanSettings:
    return options.plan(budget=judge.budget if judge else None, select=judge.select if judge else None, limits=limits)


def _engine(model: ResolvedModel, options: RunOptions) -> LlamaEngine:
    from planner_cli.engine import LlamaEngine

    return LlamaEngine(model.path, adapter=model.adapter, reasoning=model.reasoning, options=options.engine())


def _info(model: ResolvedModel, engine: LlamaEngine) -> ModelInfo:
    role: Role = model.role
    return ModelInfo(
        role=role,
        name=model.name,
        file=model.path.name,
        sha256=model.sha256,
        adapter=model.adapter.name if model.adapter else None,
        adapter_sha256=model.adapter_sha256,
        architecture=engine.weights.description,
        parameters=engine.weights.parameters,
        device=engine.device,
        prompt=model.prompt or "chat",
    )


@contextmanager
def interruptible(control: Control) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP set the control's flag; a second Ctrl-C ends the process the hard way."""

    def stop(number: int, _frame: FrameType | None) -> None:
        if control.cancelled and number == signal.SIGINT:
            raise KeyboardInterrupt
        control.cancel()

    numbers = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_code(answer: Answer, min_confidence: float | None) -> ExitCode:
    """What the process returns for an answer."""
    if answer.best is None:
        refused = all(e.error_kind == "refused" for e in answer.executions)
        return ExitCode.REFUSED if refused and answer.executions else ExitCode.NO_ANSWER
    if min_confidence is not None and (answer.confidence is None or answer.confidence < min_confidence):
        return ExitCode.ABSTAINED
    return ExitCode.OK


def abstained(answer: Answer, min_confidence: float) -> PlannerError:
    """The line that goes with :attr:`ExitCode.ABSTAINED`."""
    score = "not judged" if answer.confidence is None else f"only {answer.confidence:.2f}"
    best = answer.best_candidate
    return PlannerError(
        f"not sure enough to answer: the best query's score is {score}, --min-confidence is {min_confidence:g}",
        hint=f"it was: {best.sql}" if best else None,
    )


def _log_to_stderr() -> None:
    """Show llama.cpp's warnings, and all of its log under PLANNER_DEBUG, cleaned like everything else."""
    import logging

    from planner_cli.ui.clean import clean

    class Cleaned(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return clean(super().format(record), newlines=True)

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Cleaned("%(name)s: %(message)s"))
    logger = logging.getLogger("planner_cli")
    if not logger.handlers:
        logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if debugging() else logging.INFO)
