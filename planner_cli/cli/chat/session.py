"""A session: an open planner, what was last asked and run, and one line after another."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from planner_cli.app.following import may_continue
from planner_cli.app.planner import Planner
from planner_cli.cli.own import failure, print_execution
from planner_cli.cli.remembering import remember
from planner_cli.cli.result_options import ResultOptions
from planner_cli.cli.results import exit_code, print_answer, print_warnings, wanted, withheld
from planner_cli.cli.screen import ScreenSettings, question_of, watch
from planner_cli.cli.signals import Ended, interruptible
from planner_cli.cli.streams import OutputError
from planner_cli.control import Control
from planner_cli.errors import ExitCode, Interrupted, PlannerError
from planner_cli.types import Earlier
from planner_cli.ui.completing import is_sql
from planner_cli.ui.errors import format_error
from planner_cli.ui.state import RunState

if TYPE_CHECKING:
    from planner_cli.events import Event
    from planner_cli.history import Level
    from planner_cli.types import Answer, Execution, Question

FORCED = "?"
"""Before a question that begins like a query."""
FOLLOWING, FRESH = "+", "new:"
"""Before a question that continues the one before, or does not; without them both readings are tried if it may."""
_MARKS = set("*(),;='\"<>.")
"""Signs that a query has and a question hardly ever."""
LEAVING = ("quit", "exit")


class Leave(Exception):
    """The user wants to go."""


@dataclass(slots=True)
class Asked:
    """A question, and what was seen of it."""

    question: Question
    events: list[Event] = field(default_factory=list)
    answer: Answer | None = None
    """``None`` while it runs, and where it was stopped."""
    number: int | None = None
    """In the history."""


@dataclass(slots=True)
class Ran:
    """A query that ran, whoever wrote it."""

    sql: str
    execution: Execution


class Session:
    """What the lines of a session change, and the way a line is dealt with."""

    def __init__(
        self,
        planner: Planner,
        screen: ScreenSettings,
        results: ResultOptions,
        level: Level,
        *,
        command: Callable[[Session, str], None],
        sql_only: bool = False,
        edit: Callable[[str], str | None] | None = None,
    ) -> None:
        """``command`` deals with a line behind its backslash; ``edit`` is the user's editor, if there is one."""
        self.planner = planner
        self.screen = screen
        self.results = results
        self.level = level
        self.edit = edit
        self.asked: Asked | None = None
        self.ran: Ran | None = None
        self._command = command
        self._sql_only = sql_only

    def line(self, text: str) -> ExitCode:
        """Deal with one line; errors end in a line on standard error, and in the code that is returned.

        Raises:
            Leave: the user wants to go.
            Ended: a signal other than Ctrl-C says so.
            OutputError: answers can no longer be written.

        """
        text = text.strip()
        if text in LEAVING:
            raise Leave
        is_command = text.startswith("\\") or (text.startswith(".") and text[1:2].isalpha())
        try:
            if is_command:
                self._command(self, text[1:])
            elif is_sql(text):
                self.run(text)
            elif text:
                return self.ask(*self._reading(text.removeprefix(FORCED).strip()))
        except Ended as error:
            if error.exit_code is not ExitCode.INTERRUPTED or error.status != ExitCode.INTERRUPTED:
                raise
            if isinstance(error.__cause__, PlannerError):
                error.hint = error.__cause__.hint
            return self._say(error)
        except PlannerError as error:
            if isinstance(error, OutputError) and not is_command:
                raise
            return self._say(error)
        return ExitCode.OK

    def ask(self, text: str, earlier: Earlier | None = None) -> ExitCode:
        """Answer a question, which may continue an ``earlier`` one.

        Raises:
            PlannerError: there is no answer, and why.

        """
        planner = self.planner
        control = Control(planner.plan.max_seconds)
        with interruptible(control):
            asked = Asked(question_of(planner, text, self.screen, earlier))
            self.asked, self.ran = asked, None
            try:
                answer = watch(planner, asked.question, self.screen, control, asked.events.append)
            except Interrupted as error:
                self._keep_what_is_there(error)
                raise
        asked.answer = answer
        if answer.best_candidate is not None and answer.best_execution is not None:
            self.ran = Ran(answer.best_candidate.sql, answer.best_execution)
        code = exit_code(planner, answer)
        try:
            if code is ExitCode.ABSTAINED:
                raise withheld(planner, asked.question, answer)
            self._print(answer)
            print_warnings(self.screen, answer)
        finally:
            asked.number = remember(planner, asked.question, answer, self.level)
        return code

    def _reading(self, text: str) -> tuple[str, Earlier | None]:
        """A question without the mark that forces a reading, and what it may continue.

        Raises:
            PlannerError: it is to continue a question, and there is none.

        """
        before = self._before()
        if text.lower().startswith(FRESH):
            return text[len(FRESH) :].strip(), None
        if text.startswith(FOLLOWING):
            if before is None:
                raise PlannerError("there is no answered question to continue", hint=f"ask without the {FOLLOWING}")
            return text[len(FOLLOWING) :].strip(), replace(before, sure=True)
        return text, before if may_continue(text) else None

    def _before(self) -> Earlier | None:
        asked = self.asked
        if asked is None or asked.answer is None or asked.answer.sql is None:
            return None
        question = asked.question
        return Earlier(question.with_earlier if asked.answer.continues else question.text, asked.answer.sql)

    def run(self, sql: str) -> None:
        """Run a query of the user's own in the sandbox, and print its result.

        Raises:
            PlannerError: it gave none, and why.

        """
        control = Control()
        with interruptible(control):
            found = self.planner.sql(sql, control=control)
            control.check()
        if not found.ok:
            error = failure(found, seconds_option="planner chat --query-seconds")
            if found.error_kind in {"syntax", "missing"} and not set(sql) & _MARKS:
                error.hint = f"if this is a question, put {FORCED} before it"
            raise error
        self.ran = Ran(sql, found)
        with interruptible(control):
            whole = wanted(self.planner.database, sql, found, self.results, self.screen, control)
            print_execution(found, self.screen, sys.stdout, self.results, limit_option="\\limit", whole=whole)
        sys.stdout.flush()

    def _print(self, answer: Answer) -> None:
        control = Control()
        with interruptible(control):
            sql = None if self._sql_only else answer.sql
            whole = wanted(self.planner.database, sql, answer.best_execution, self.results, self.screen, control)
            print_answer(
                self.planner, answer, self.screen, sys.stdout, self.results, limit_option="\\limit",
                sql_only=self._sql_only, whole=whole,
            )  # fmt: skip

    def state(self) -> RunState:
        """The picture of the last question, from its events.

        Raises:
            PlannerError: nothing was asked yet.

        """
        if self.asked is None:
            raise PlannerError("nothing was asked yet", hint="type a question first")
        asked, planner = self.asked, self.planner
        state = RunState(
            question=asked.question.text,
            database=planner.database.path.name,
            budget=planner.plan.discriminator.budget,
            models=planner.models,
        )
        for event in asked.events:
            state.apply(event)
        return state

    def last(self) -> Ran:
        """What ran last.

        Raises:
            PlannerError: nothing did.

        """
        if self.ran is None:
            raise PlannerError("no query has run yet", hint="ask a question, or type a query")
        return self.ran

    def set_results(self, *, limit: int | None = None, format_: str | None = None) -> None:
        """Change how results are shown from now on."""
        if limit is not None:
            self.results = replace(self.results, limit=limit)
        if format_ is not None:
            self.results = replace(self.results, format_=format_)  # type: ignore[arg-type]  # checked by the command

    def facts(self) -> str:
        """What is loaded and how long the last question took, on one line."""
        planner = self.planner
        names = list(dict.fromkeys(info.name for info in planner.models))
        facts = [planner.database.path.name, " / ".join(names)]
        if any(info.role == "discriminator" for info in planner.models):
            facts.append(f"budget {planner.plan.discriminator.budget}")
        if self.asked is not None and self.asked.answer is not None:
            facts.append(f"last {self.asked.answer.timings.total:.1f} s")
        return "   ".join(facts)

    def _keep_what_is_there(self, error: Interrupted) -> None:
        """The candidate that most samples wrote of those that ran can be used like an answer's query."""
        state = self.state()
        ran = [index for index, execution in state.executions.items() if execution.ok and index in state.candidates]
        if ran:
            best = max(ran, key=lambda index: state.candidates[index].samples)
            self.ran = Ran(state.candidates[best].sql, state.executions[best])
            error.hint = "\\why shows what there is, \\rerun runs the query that most samples wrote"

    def _say(self, error: PlannerError) -> ExitCode:
        sys.stdout.flush()
        sys.stderr.write(f"{format_error(error)}\n")
        return error.exit_code
