"""From options to a running question: open the database, load the models, run, show.

Shared by every command that asks.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from planner_cli.cli.cache import prefix_folder
from planner_cli.cli.loading import Pair, begun
from planner_cli.cli.run_options import RunOptions, debugging
from planner_cli.cli.signals import interruptible
from planner_cli.control import Control
from planner_cli.settings import PlanSettings
from planner_cli.types import Answer, ModelInfo, Question, Role, Schema, Timings, ValueHint

if TYPE_CHECKING:  # each of these costs start-up time
    from planner_cli.database import Database
    from planner_cli.discriminator import Discriminator
    from planner_cli.engine import LlamaEngine, ServerEngine
    from planner_cli.engine.prefix_cache import PrefixCache
    from planner_cli.generator import Generator
    from planner_cli.hub import ResolvedModel
    from planner_cli.settings import Limits
    from planner_cli.ui.screen import Mode

__all__ = ["Asker", "interruptible", "load_judge", "load_models", "opened", "screen_mode"]


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
    mentioned: tuple[ValueHint, ...] = ()
    """Stored values that the last question mentions, as the models were shown them."""

    @property
    def untrained(self) -> bool:
        """Whether the judge's scores are noise."""
        return any(info.role == "discriminator" and info.untrained for info in self.models)

    def ask(self, text: str, control: Control) -> Answer:
        """Run one question with the screen its options ask for.

        Raises:
            PlannerError: there is no answer and no candidate to show either.

        """
        from planner_cli.planning import plan
        from planner_cli.ui.console import make_console
        from planner_cli.ui.screen import show

        started = time.perf_counter()
        self.mentioned = self._mentioned(text)
        question = Question(text, self.schema, self.database.name, self.mentioned)
        spent = Timings(schema=self.schema_seconds + time.perf_counter() - started, load=self.load_seconds)
        self.schema_seconds = self.load_seconds = 0.0  # a second question on the same database pays neither
        mode = screen_mode(self.options)
        events = plan(
            question, self.database, self.generator, self.discriminator, self.settings, control=control, spent=spent
        )
        return show(
            events,
            console=make_console(sys.stderr, color=self.options.color),
            mode=mode,
            think=self.options.think or ("fold" if mode == "live" else "hide"),
            control=control,
            question=text,
            database=self.database.path.name,
            budget=self.settings.discriminator.budget,
            models=self.models,
        )

    def _mentioned(self, text: str) -> tuple[ValueHint, ...]:
        """Values for models that take them, of the tables that they see."""
        judge = self.discriminator
        if not self.generator.prompt.takes_values and not (judge is not None and judge.prompt.takes_values):
            return ()
        seen = {table.name for table in self.schema.tables}
        return tuple(hint for hint in self.database.mentioned(text) if hint.table in seen)


def screen_mode(options: RunOptions) -> Mode:
    """What a run shows on standard error while it goes on."""
    from planner_cli.ui.console import is_live, make_console

    if options.quiet:
        return "quiet"
    if is_live(make_console(sys.stderr, color=options.color)) and not options.verbose and not debugging():
        return "live"
    return "plain" if options.verbose or options.think == "show" else "quiet"


@contextmanager
def opened(
    path: Path,
    options: RunOptions,
    control: Control,
    *,
    samples: int = 3,
    tables: tuple[str, ...] = (),
    rows: int = 0,
    private_copy: bool = False,
    redact: tuple[str, ...] = (),
) -> Iterator[Asker]:
    """Open the database and load the models; between two of these steps the control may stop it.

    Raises:
        DatabaseError: the file cannot be used, or a table named in ``tables`` is not in it.
        ModelError: a model is missing or cannot be loaded.
        Stopped: the control said so.

    """
    from planner_cli.database import Database
    from planner_cli.ui.console import make_console
    from planner_cli.ui.screen import waiting

    if options.verbose or debugging():
        _log_to_stderr()
    console = make_console(sys.stderr, color=options.color)
    local = options.engine_kind != "server"
    text = f"reading {path.name}, {'loading the models' if local else 'asking the server'}"
    started = time.perf_counter()
    limits = options.limits(rows)
    with ExitStack() as before:
        before.enter_context(waiting(text, console=console, mode=screen_mode(options)))
        found = before.enter_context(begun(functools.partial(_resolve_both, options) if local else None))
        with Database.open(path, limits=limits, samples=samples, private_copy=private_copy, redact=redact) as database:
            if database.private_copy is not None and not options.quiet:
                _say_copied(path, database.private_copy.size)
            schema = _chosen(database.schema, tables, path)
            read = time.perf_counter()
            _go_on(control)
            generator, discriminator, models, settings = load_models(options, limits, control, found())
            before.close()
            _go_on(control)
            asker = Asker(
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
            if asker.untrained and options.relies_on_scores and not options.quiet:
                _warn_of_noise(models, options.relies_on_scores)
            yield asker


def _go_on(control: Control) -> None:
    """Raise the reason if the control says stop."""
    if control.should_abort():
        raise control.stopped()


def _say_copied(path: Path, size: int) -> None:
    _note(f"{path} is read from a private copy of {size / 1e6:.1f} MB, which is removed at the end")


def _note(text: str) -> None:
    from planner_cli.ui.errors import format_note

    sys.stderr.write(f"{format_note(text)}\n")


def _no_note(_text: str) -> None:
    pass


def _warn_of_noise(models: tuple[ModelInfo, ...], option: str) -> None:
    judge = next(info.name for info in models if info.role == "discriminator")
    _note(f"the discriminator {judge} was never trained to judge: its scores are noise, and {option} goes by them")


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
    options: RunOptions, limits: Limits, control: Control | None = None, found: Pair | None = None
) -> tuple[Generator, Discriminator | None, tuple[ModelInfo, ...], PlanSettings]:
    """Both models (``found``, else by the options) and their settings; every file is checked before any is loaded."""
    from planner_cli.generator import Generator

    control = control or Control()
    writer, judge = found or _resolve_both(options)
    settings = _planned(options, judge, limits)
    _go_on(control)
    cache = _prefix_cache(options)
    writing = _engine(writer, options, control, cache)
    generator = Generator(writing, writer.prompt or "chat")
    models: tuple[ModelInfo, ...] = (_info(writer, writing),)
    discriminator = None
    if judge is not None:
        _go_on(control)
        discriminator, info = _load_judge(judge, options, control, cache)
        models = (*models, info)
    return generator, discriminator, models, settings


def load_judge(options: RunOptions, limits: Limits) -> tuple[Discriminator, ModelInfo, PlanSettings]:
    """The discriminator alone, and the settings it recommends."""
    judge = _resolve_judge(options)
    return (*_load_judge(judge, options, Control(), _prefix_cache(options)), _planned(options, judge, limits))


def _resolve(role: Role, options: RunOptions) -> ResolvedModel:
    """The model of a role: a checked file, or what a server runs."""
    if options.engine_kind == "server":
        from planner_cli.cli.served import resolve_served

        return resolve_served(role, options)
    from planner_cli import hub

    if role == "generator":
        return hub.resolve(options.generator, role, adapter=options.generator_adapter)
    return hub.resolve(options.discriminator, role, adapter=options.discriminator_adapter, budget=options.budget)


def _resolve_both(options: RunOptions) -> Pair:
    return _resolve("generator", options), None if options.no_judge else _resolve_judge(options)


def _resolve_judge(options: RunOptions) -> ResolvedModel:
    judge = _resolve("discriminator", options)
    return judge if options.reasoning is None else replace(judge, reasoning=options.reasoning)


def _load_judge(
    judge: ResolvedModel, options: RunOptions, control: Control, cache: PrefixCache
) -> tuple[Discriminator, ModelInfo]:
    from planner_cli.discriminator import Discriminator

    engine = _engine(judge, options, control, cache)
    return Discriminator(engine, judge.prompt or "chat"), _info(judge, engine)


def _planned(options: RunOptions, judge: ResolvedModel | None, limits: Limits) -> PlanSettings:
    return options.plan(budget=judge.budget if judge else None, select=judge.select if judge else None, limits=limits)


def _prefix_cache(options: RunOptions) -> PrefixCache:
    """One for both roles: with the same model and adapter, what one has prefilled serves the other."""
    from planner_cli.engine.prefix_cache import PrefixCache

    return PrefixCache(prefix_folder(), limit=options.cache_mib * 2**20)


def _engine(
    model: ResolvedModel, options: RunOptions, control: Control, cache: PrefixCache
) -> LlamaEngine | ServerEngine:
    """A model's engine: a server where the user names one, else the file, one in no catalogue tried by itself first."""
    if options.engine_kind == "server":
        from planner_cli.cli.served import load_served

        return load_served(model, options)
    from planner_cli import hub

    hub.try_first(model, control)
    model = hub.fast_form(model, _no_note if options.quiet else _note)
    from planner_cli.cli.calibrated import base_identity, known_calibration, model_identity
    from planner_cli.engine import LlamaEngine  # after it: the other process needs the memory and time

    return LlamaEngine(
        model.loaded,
        adapter=model.adapter,
        reasoning=model.reasoning,
        options=options.engine(),
        cache=cache,
        identity=model_identity(model),
        base_identity=base_identity(model),
        calibration=known_calibration(model, options.gpu_layers),
    )


def _info(model: ResolvedModel, engine: LlamaEngine | ServerEngine) -> ModelInfo:
    role: Role = model.role
    return ModelInfo(
        role=role,
        name=model.name,
        file=model.path.name,
        sha256=model.sha256,
        adapter=model.adapter.name if model.adapter else None,
        adapter_sha256=model.adapter_sha256,
        architecture=engine.description,
        parameters=engine.parameters,
        device=engine.device,
        prompt=model.prompt or "chat",
        untrained=model.untrained,
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
