"""The public interface: an open database and loaded models to ask."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, cast

from planner_cli.app.aside import aside
from planner_cli.app.asking import Asking
from planner_cli.app.checking import Check
from planner_cli.app.choices import Choices, from_environment, from_mapping
from planner_cli.app.configuration import from_configuration
from planner_cli.app.fitting import with_known
from planner_cli.app.interrupting import steps_of
from planner_cli.app.language import is_english
from planner_cli.app.loading import begun
from planner_cli.app.models import Models, Note, no_note
from planner_cli.app.notes import Notes
from planner_cli.app.opening import noted, open_database, part_of
from planner_cli.app.settings import BY_KEYWORD, BY_SCORE, KNOBS, Settings
from planner_cli.app.today import on_day
from planner_cli.control import Control
from planner_cli.errors import ExportError, PlannerError, Stopped
from planner_cli.events import Answered, Event
from planner_cli.settings import PlanSettings
from planner_cli.types import Answer, Earlier, Example, Execution, ModelInfo, Question, Row, Schema, Timings

if TYPE_CHECKING:
    from collections.abc import Generator as Generated

    from typing_extensions import Unpack

    from planner_cli.app.keywords import Keywords
    from planner_cli.app.models import Loaded
    from planner_cli.database import Database
    from planner_cli.database.block import Block
    from planner_cli.engine import Engine

_COLUMNS_NAMED = 3
"""In a note about many."""
UNLIKELY = 0.1
"""A confidence under which an answer is withheld, where the database knows no word of the question.

Chosen on training databases with the built-in pair: of 209 questions that can be answered 9 are withheld, none of them
with a right answer."""


class Planner:
    """An open database and loaded models: ask it questions, one after another. A context manager.

    Models are loaded once, and what they have read of the database's schema is kept between questions.
    :meth:`close` frees all of it. Not for use by several threads at once.
    """

    def __init__(
        self, database: Database, schema: Schema, loaded: Loaded, notes: list[str], *, schema_seconds: float,
        load_seconds: float, written: Notes, rows: int | None = None,
    ) -> None:  # fmt: skip
        """Use :meth:`open`."""
        self.database = database
        self.schema = schema
        """What there is to show the models: all tables, or those that were named. Of a wide one each question has a
        part."""
        self._loaded = loaded
        self._asking = self._asking_of(loaded)
        self._notes = notes
        self._written = written
        self._examples: tuple[Example, ...] = ()
        self._spent = Timings(schema=schema_seconds, load=load_seconds)
        self._running: Generated[Event, None, None] | None = None
        self._closed = False
        self._rows = rows
        """Rows of the answer that are wanted, where these are more than candidates are compared by."""

    @classmethod
    def open(
        cls,
        database: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        pair: str | None = None,
        rows: int | None = None,
        control: Control | None = None,
        note: Note | None = None,
        **settings: Unpack[Keywords],
    ) -> Planner:
        """Open a database, or files of CSV, TSV or JSON lines as one, and load the models.

        ``pair`` names generator and discriminator at once (``"builtin"``); ``settings`` are those of ``planner ask``,
        under the same names: ``budget=64, candidates=4``. What is not given is taken from the environment and the
        configuration file, or else from what the model recommends. ``rows`` are the most wanted of an answer, beyond
        those that candidates are compared and judged by.
        ``control`` can stop the loading; ``note`` is called with what a user should know (a private copy, a judge that
        was never trained), which :attr:`notes` keeps too.

        Raises:
            PlannerError: a setting is unknown or out of its range, or two contradict each other.
            DatabaseError: the file cannot be used, or a named table or column is not in it.
            ModelError: a model is missing or cannot be loaded.
            Stopped: the control said so.

        """
        both = {} if pair is None else {"generator": pair, "discriminator": pair}
        choices = Choices(
            {
                "argument": from_mapping({**both, **settings}, BY_KEYWORD),
                "environment": from_environment(KNOBS),
                "configuration": from_configuration(BY_KEYWORD),
            }
        )
        files = [database] if isinstance(database, str | os.PathLike) else database
        return cls.chosen([Path(file) for file in files], choices, rows=rows, control=control, note=note)

    @classmethod
    def chosen(
        cls,
        files: Path | Sequence[Path],
        choices: Choices,
        *,
        rows: int | None = None,
        control: Control | None = None,
        note: Note | None = None,
        progress: Note | None = None,
    ) -> Planner:
        """The same from choices already made; see :meth:`open`. ``progress`` is called while files are read."""
        control = control or Control()
        notes: list[str] = []

        def said(text: str) -> None:
            notes.append(text)
            (note or no_note)(text)

        models = Models(choices, control, said, progress=progress)
        wanted = models.settings.database
        limits = models.settings.plan.limits
        started = time.perf_counter()
        with ExitStack() as on_failure, begun(models.pair if models.local else None) as found:
            opened = open_database(files, wanted, limits, said, control=control, progress=progress or no_note)
            on_failure.callback(opened.close)
            written = noted(opened, said)
            schema = part_of(opened.schema, wanted.tables, opened.path)
            read = time.perf_counter()
            _go_on(control)
            loaded = models.load(found())
            on_failure.callback(loaded.close)
            _go_on(control)
            loaded_at = time.perf_counter()
            planner = cls(
                opened, schema, loaded, notes, schema_seconds=read - started, load_seconds=loaded_at - read,
                written=written, rows=rows,
            )  # fmt: skip
            planner._warn_of_noise(said)
            on_failure.pop_all()
        return planner

    # --------------------------------------------------------------------------------------------- asking

    def ask(self, question: str | Question, *, control: Control | None = None) -> Answer:
        """Answer one question.

        Raises:
            PlannerError: there is no answer and no candidate to show either, or the planner is closed.
            Stopped: the control said so, or the time limit ended, before there was an answer.

        """
        for event in self.events(question, control=control):
            if isinstance(event, Answered):
                return event.answer
        raise RuntimeError("the plan ended without an Answered event")

    def check(self, question: str, sql: str, *, control: Control | None = None) -> Check:
        """Judge a query that you have for a question, as one of the candidates; SQL that does not run is a value.

        Raises what :meth:`ask` does, and :class:`PlannerError` where ``sql`` is empty.
        """
        for event in self.events(question, control=control, given=sql):
            if isinstance(event, Answered):
                return self.checked(sql, event.answer)
        raise RuntimeError("the plan ended without an Answered event")

    def checked(self, sql: str, answer: Answer) -> Check:
        """The check that the last of :meth:`events` stands for, where ``sql`` was given."""
        from planner_cli.planning import better

        return Check(sql, answer, better(answer, self.plan.select, self.plan.confidence, trusted=not self.untrained))

    def events(
        self, question: str | Question, *, control: Control | None = None, given: str | None = None
    ) -> Iterator[Event]:
        """What happens while one question is answered, as it happens; the last event holds the answer.

        A query that is ``given`` is one of the candidates, and the answer is about it. A question that is still running
        is ended by the next one. Raises what :meth:`ask` does.
        """
        from planner_cli.planning import plan

        if given is not None and not given.strip():
            raise PlannerError("the query is empty")
        asked = self.question(question) if isinstance(question, str) else question
        self._end_running()
        spent, self._spent = self._spent, Timings()  # the first question pays for reading and loading
        loaded = self._loaded
        if loaded.generator is None or self._asking is None:
            raise RuntimeError("a planner without a generator")
        control = control or Control(self.plan.max_seconds)
        other = None if given is not None else aside(asked.text, self.schema, self.database, control, spent)
        events = other or plan(
            asked, self.database, loaded.generator, loaded.discriminator, self.plan, control=control, spent=spent,
            given=given, others=self._asking.others,
        )  # fmt: skip
        self._running = steps_of(self._filled(events, control), control)
        return self._running

    def warm(self, *, control: Control | None = None) -> Iterator[Event]:
        """Read ahead what every question about this database begins with: ``Prefilling`` and ``Prefilled`` events.

        It is kept, in the user's cache unless ``cache_mib`` is 0, so that the first question starts at once.

        Raises:
            PlannerError: each question is shown another part of a wide schema, or the planner is closed.
            Stopped: the control said so; what was read by then is kept, and the next time goes on there.

        """
        asked = self.question("?")
        if asked.whole is not None:
            raise PlannerError(
                f"{self.database.path} cannot be read ahead: of {len(asked.whole.tables)} tables each question is "
                "shown others", hint="--tables names a part of it, a larger --schema-tokens allows more",
            )  # fmt: skip
        self._end_running()
        loaded, control = self._loaded, control or Control()
        assert loaded.generator is not None, "there was a question"
        yield from steps_of(loaded.generator.warm(asked, self.plan.generator, control=control), control)
        if loaded.discriminator is not None:
            yield from steps_of(loaded.discriminator.warm(asked, self.plan.discriminator, control=control), control)

    def _filled(self, events: Iterator[Event], control: Control) -> Iterator[Event]:
        """The same, with as many rows of the answer as are wanted: what the models see does not depend on that."""
        with closing(cast("Generated[Event, None, None]", events)):
            for event in events:
                yield Answered(self._with_rows(event.answer, control)) if isinstance(event, Answered) else event

    def _with_rows(self, answer: Answer, control: Control) -> Answer:
        execution, sql = answer.best_execution, answer.sql
        if execution is None or sql is None or not execution.truncated or (self._rows or 0) <= len(execution.rows):
            return answer
        with closing(self.database.blocks(sql, control)) as blocks, suppress(ExportError, Stopped):
            wanted = (self._rows or 0) + 1
            rows = tuple(islice((row for block in blocks for row in block.rows()), wanted))
            more = len(rows) == wanted
            filled = replace(
                execution, rows=rows[: wanted - 1], truncated=more, cut_by="rows" if more else None, cut_values=()
            )
            executions = [filled if at == answer.best else each for at, each in enumerate(answer.executions)]
            return replace(answer, executions=tuple(executions))
        return answer

    def question(self, text: str, *, earlier: Earlier | None = None) -> Question:
        """A question as the models will see it: with the schema, and the stored values that it mentions.

        Of a schema over ``schema_tokens`` it has the part that the text is about. ``earlier`` is the question before
        with its query, which this one may continue. Both readings are tried then, unless it is ``sure``.

        Raises:
            PlannerError: it is empty, or the planner is closed.

        """
        self._check_open()
        if not text.strip():
            raise PlannerError("the question is empty")
        started = time.perf_counter()
        if self._asking is None:
            raise RuntimeError("a planner without a generator")
        question = on_day(self._asking.question(text, earlier), self.plan.generator.today)
        if self.takes_notes:
            question = with_known(question, self._written, self._examples)
        self._spent = replace(self._spent, schema=self._spent.schema + time.perf_counter() - started)
        self._note_late_values()
        foreign = self.not_understood(text)
        self._notes += [foreign] if foreign is not None and foreign not in self._notes else []
        return question

    def sql(self, query: str, *, control: Control | None = None) -> Execution:
        """Run a query of your own, under the same protection and limits as those that models write.

        Whatever is wrong with it is in the result. Raises :class:`DatabaseError` after :meth:`close`.
        """
        return self.database.execute(query, control)

    def change(self, *, control: Control | None = None, **settings: Unpack[Keywords]) -> None:
        """Set something else from the next question on: ``change(budget=64, candidates=4)``.

        Models are loaded only where the change asks for it. What the database was opened with (``redact``, ``tables``)
        stays. A question that is still running is ended.

        Raises:
            PlannerError: a setting is unknown, out of its range, fixed, or contradicts another one.
            ModelError: a model is missing or cannot be loaded; the planner is as it was.

        """
        from planner_cli.app.changing import changed

        self._check_open()
        self._end_running()
        said = from_mapping(settings, BY_KEYWORD)
        before = self._loaded
        self._loaded = loaded = changed(before, said, control or Control(), self._notes.append)
        if (loaded.generator, loaded.discriminator) != (before.generator, before.discriminator):
            self._asking = self._asking_of(loaded)

    def _asking_of(self, loaded: Loaded) -> Asking | None:
        if loaded.generator is None:
            return None
        loaded.models.reading(self.database.path.name)
        most = loaded.settings.database.schema_tokens
        return Asking(self.database, loaded.generator, loaded.discriminator, schema=self.schema, most=most)

    def blocks(self, answer: Answer, *, control: Control | None = None) -> Iterator[Block]:
        """All rows of an answer, a block at a time: where not all were fetched, the query runs again, without limits.

        Raises:
            ExportError: the query could not be run to its end.
            Stopped: the control said so.

        """
        if answer.best_execution is not None and answer.sql is not None:
            yield from self.database.whole(answer.sql, answer.best_execution, control)

    def rows(self, answer: Answer, *, control: Control | None = None) -> Iterator[Row]:
        """The same, row by row."""
        for found in self.blocks(answer, control=control):
            yield from found.rows()

    def learn(self, examples: Sequence[Example]) -> None:
        """Questions whose right queries are known, beside those of the notes, in the place of any learnt before.

        A general generator is shown those that are similar to the question; the built-in one is not.
        """
        self._examples = tuple(examples)

    # ---------------------------------------------------------------------------------------------- facts

    def not_understood(self, text: str) -> str | None:
        """Why a question is in a language that the generator does not know, in words; ``None``: it is not."""
        generator = self._loaded.generator
        if generator is None or not generator.prompt.english_only or is_english(text):
            return None
        return (
            f"the generator {self.models[0].name} knows English only, and this question is in another language: "
            "ask in English, or use a general model (planner models pull coder-1.5b)"
        )

    @property
    def takes_notes(self) -> bool:
        """Whether the generator is shown notes and examples."""
        generator = self._loaded.generator
        return generator is not None and generator.prompt.takes_notes

    @property
    def settings(self) -> Settings:
        """The values in effect, including the models' recommendations."""
        return self._loaded.settings

    @property
    def plan(self) -> PlanSettings:
        """How a question is answered."""
        return self.settings.plan

    @property
    def choices(self) -> Choices:
        """Where each setting comes from."""
        return self._loaded.choices

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        """What is loaded: the generator, and the discriminator if there is one."""
        return self._loaded.infos

    @property
    def engines(self) -> tuple[Engine, ...]:
        """The engines that run the models, in the order of :attr:`models`: for measuring them."""
        roles = (self._loaded.generator, self._loaded.discriminator)
        return tuple(role.engine for role in roles if role is not None)

    def expected_seconds(self, question: Question) -> float | None:
        """At most how long a question takes, by what was measured of this machine; ``None`` where nothing was."""
        from planner_cli.app.speeds import expected_seconds

        loaded = self._loaded
        if loaded.generator is None:
            return None
        return expected_seconds(loaded.generator, loaded.discriminator, self.plan, question)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know about the opening."""
        return tuple(self._notes)

    @property
    def untrained(self) -> bool:
        """Whether the judge was never trained to judge: its scores are noise."""
        return any(info.role == "discriminator" and info.untrained for info in self.models)

    @property
    def unasked(self) -> str | None:
        """The judge that was left out, since nothing says that it was trained to judge and nobody asked for it."""
        left_out = self.choices["no_judge"]
        name: str = self.choices["discriminator"].value
        return Path(name).name if left_out.value and left_out.origin == "model" else None

    def is_sure(self, answer: Answer) -> bool:
        """Whether an answer's score reaches ``min_confidence``, where that is set."""
        least = self.settings.min_confidence
        return least is None or (answer.confidence is not None and answer.confidence >= least)

    def is_about(self, answer: Answer) -> bool:
        """Whether a question may be about this database: it names something in it, or the answer is not unlikely.

        Where ``min_confidence`` is set, that alone decides.
        """
        unlikely = answer.confidence is not None and answer.confidence < UNLIKELY
        return self.settings.min_confidence is not None or not unlikely or answer.known > 0

    def _warn_of_noise(self, noted: Note) -> None:
        option = self.choices.relies_on_scores
        if option is None and self.plan.select in BY_SCORE:
            option = f"--select {self.plan.select}"
        if self.untrained and option:
            judge = next(info.name for info in self.models if info.role == "discriminator")
            noted(f"the discriminator {judge} was never trained to judge: its scores are noise, and {option} uses them")

    def _note_late_values(self) -> None:
        late = self.database.late_columns
        if late:
            more = f" and {len(late) - _COLUMNS_NAMED} more" if len(late) > _COLUMNS_NAMED else ""
            named = ", ".join(late[:_COLUMNS_NAMED])
            note = f"of large tables only the beginning was searched for what the question names: {named}{more}"
            self._notes += [note] if note not in self._notes else []

    # --------------------------------------------------------------------------------------------- closing

    def close(self) -> None:
        """End the sandbox and free the models. May be called again; asking may not."""
        if not self._closed:
            self._closed = True
            self._end_running()
            self._loaded.close()
            self.database.close()

    def _check_open(self) -> None:
        if self._closed:
            raise PlannerError("this planner is closed", hint="Planner.open opens another")

    def _end_running(self) -> None:
        if self._running is not None:
            self._running.close()
            self._running = None

    def __enter__(self) -> Planner:  # noqa: PYI034 - typing.Self needs Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        names = "".join(f", {info.role}={info.name!r}" for info in self.models)
        return f"<Planner {str(self.database.path)!r}{names}{', closed' if self._closed else ''}>"


def _go_on(control: Control) -> None:
    """Raise the reason if the control says stop."""
    if control.should_abort():
        raise control.stopped()
