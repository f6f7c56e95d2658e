"""The commands of a session: one table, from which their help and completion are made."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from planner_cli.app.listing import columns_listed, tables_listed
from planner_cli.app.opening import part_of
from planner_cli.app.parameters import parameters, read_values, with_values
from planner_cli.app.settings import BY_KEYWORD
from planner_cli.cli.chat.session import Leave, Session
from planner_cli.cli.output import say
from planner_cli.cli.own import print_execution
from planner_cli.cli.remembering import learnt
from planner_cli.cli.results import wanted
from planner_cli.cli.signals import interruptible
from planner_cli.cli.streams import check_target, output_stream
from planner_cli.control import Control
from planner_cli.database.names import nearest
from planner_cli.errors import PlannerError
from planner_cli.explaining import explain
from planner_cli.history import History, SavedQuery, history_path
from planner_cli.knobs import Knob
from planner_cli.lexer import shortened
from planner_cli.types import Answer, Execution, Schema
from planner_cli.ui.comparison import show_separation
from planner_cli.ui.completing import Words
from planner_cli.ui.console import make_console, print_line
from planner_cli.ui.formats import ENDINGS, FORMATS, PICTURES
from planner_cli.ui.picture import check_matplotlib
from planner_cli.ui.screen import waiting
from planner_cli.ui.why import show_candidate, show_why

_VALUE = re.compile(r"\s*([:@$]?\w+=(?:'(?:[^']|'')*'|\S*))(?:\s+|\Z)")
_LISTED = 20
_WIDEST, _NARROWEST = 100, 40
_LINES = (
    "A line that begins as SQL does (select, with, values) runs in the sandbox; any other is a question.",
    "? before a line makes it a question. Alt-Enter begins another line.",
    "+ before a question says that it continues the one before, new: that it does not.",
    "Ctrl-C ends a question and keeps what there is, Ctrl-D leaves.",
)


@dataclass(frozen=True, slots=True)
class Command:
    """One of them."""

    name: str
    arguments: str
    help: str
    run: Callable[[Session, str], None]
    also: tuple[str, ...] = ()
    """Other names, as litecli and sqlite3 have them."""


def dispatch(session: Session, line: str) -> None:
    """Run the command that a line names, without its backslash.

    Raises:
        PlannerError: there is no such command, or it cannot do what it should.

    """
    name, _, rest = line.strip().partition(" ")
    known = {each: command for command in COMMANDS for each in (command.name, *command.also)}
    command = known.get(name) or known.get(name.lower())
    if command is None:
        close = nearest(name, [command.name for command in COMMANDS])
        raise PlannerError(f"there is no command \\{name}", hint=f"did you mean \\{close}?" if close else "\\help")
    command.run(session, rest.strip())


def words(session: Session, schema: Schema) -> Words:
    """What can be completed."""

    def arguments(command: str) -> Iterable[str]:
        match command:
            case "schema" | "d":
                return [table.name for table in schema.tables]
            case "run" | "forget":
                return [query.name for query in _saved(session)]
            case "mark":
                return ["right", "wrong"]
            case "format":
                return FORMATS
            case "set":
                return [knob.name for knob in BY_KEYWORD.values()]
        return []

    return Words(schema, {command.name: command.help for command in COMMANDS}, arguments)


# -------------------------------------------------------------------------------------------- the question


def _why(session: Session, rest: str) -> None:
    state = session.state()
    console = make_console(sys.stdout, color=session.screen.color)
    if not rest:
        assert session.asked is not None, "there is a state of it"
        show_why(state, session.asked.question.hints, console)
        _separate(session, state.answer, console)
        return
    row = next((row for row in state.board() if str(row.number) == rest), None)
    if row is None:
        raise PlannerError(f"there is no candidate {rest}", hint=f"there are {len(state.board())}; \\why lists them")
    show_candidate(row, console)


def _separate(session: Session, answer: Answer | None, console: Console) -> None:
    """The rows on which the answer and the next result differ, where there is another."""
    if answer is not None and answer.sql is not None and len(answer.ranking) > 1:
        other = answer.candidates[answer.ranking[1].candidate].sql
        show_separation(session.planner.database.separating(answer.sql, other), console)


def _mark(session: Session, rest: str) -> None:
    verdict, _, sql = rest.partition(" ")
    if verdict not in {"right", "wrong"} or (sql and verdict == "right"):
        raise PlannerError("\\mark takes right or wrong", hint="\\mark wrong select ... also keeps the right query")
    if session.asked is None or session.asked.number is None:
        off = "nothing is remembered with --history off" if session.level == "off" else "there is no answer to mark"
        raise PlannerError(off)
    right = sql.strip() or None
    if right is not None:
        session.run(right)
    with History.open(create=False) as history:
        history.mark(session.asked.number, "right" if verdict == "right" else "wrong", right)
    learnt(session.planner)
    say(f"question {session.asked.number} is marked {verdict}", err=True)


def _history(session: Session, rest: str) -> None:
    if not history_path().exists():
        say("nothing has been asked yet", err=True)
        return
    with History.open(create=False) as history:
        found = history.list(_LISTED, search=rest or None, database=session.planner.database.path)
    for entry in reversed(found):
        when = entry.asked_at.astimezone().strftime("%Y-%m-%d %H:%M")
        _print(session, f"{entry.id:4}  {when}  {entry.mark or '':5}  {entry.question}")
        _print(session, f"      {shortened(entry.sql or '(no query could be run)')}")
    if not found:
        say("nothing found" if rest else "nothing has been asked yet", err=True)


# ----------------------------------------------------------------------------------------------- the query


def _sql(session: Session, rest: str) -> None:
    if rest:
        session.run(rest)
        return
    if session.edit is None:
        raise PlannerError("there is no terminal for an editor", hint="\\sql select ... runs a query at once")
    text = session.edit(session.ran.sql if session.ran is not None else "")
    if text is None or not text.strip():
        say("nothing was changed", err=True)
        return
    say(shortened(text.strip(), keep_lines=True), err=True)
    session.run(text.strip())


def _rerun(session: Session, rest: str) -> None:
    if not rest:
        session.run(session.last().sql)
        return
    if not rest.isdecimal():
        raise PlannerError("\\rerun takes a question's number", hint="\\history lists them")
    with History.open(create=False) as history:
        made = history.show(int(rest)).document
    if made["answer"] is None:
        raise PlannerError(f"question {rest} has no query")
    say(shortened(made["answer"]["sql"]), err=True)
    session.run(made["answer"]["sql"])


def _explain(session: Session, rest: str) -> None:
    lines = explain(rest or session.last().sql)
    if lines is None:
        raise PlannerError("the query cannot be explained: it is not read as one select", hint="\\sql edits it")
    for line in lines:
        indent = len(line) - len(line.lstrip())
        say(textwrap.fill(
            line.lstrip(), max(_NARROWEST, session.screen.console().width), initial_indent=" " * indent,
            subsequent_indent=" " * (indent + 2), break_long_words=False, break_on_hyphens=False,
        ))  # fmt: skip


def _export(session: Session, rest: str) -> None:
    ran, target = session.last(), Path(rest).expanduser()
    if target.suffix.lower() not in ENDINGS:
        raise PlannerError("\\export takes a file whose ending says the format", hint=", ".join(ENDINGS))
    database = session.planner.database
    check_target(target, database.path)
    if target.suffix.lower() in PICTURES:
        check_matplotlib()
    results = replace(session.results, format_=None, limit=None, output=target)
    control = Control()
    with interruptible(control):
        whole = wanted(database, ran.sql, ran.execution, results, session.screen, control)
        with output_stream(target) as stream:
            print_execution(ran.execution, session.screen, stream, results, limit_option=None, whole=whole)
    say(f"wrote {target}", err=True)


def _plot(session: Session, rest: str) -> None:
    if rest:
        if Path(rest).suffix.lower() not in PICTURES:
            raise PlannerError("\\plot takes a file that ends in .png or .svg, or nothing", hint="\\plot sales.png")
        _export(session, rest)
        return
    ran, results = session.last(), replace(session.results, format_="plot", limit=None)
    control = Control()
    with interruptible(control):
        whole = wanted(session.planner.database, ran.sql, ran.execution, results, session.screen, control)
        print_execution(ran.execution, session.screen, sys.stdout, results, limit_option="\\limit", whole=whole)


def _save(session: Session, rest: str) -> None:
    name, _, sql = rest.partition(" ")
    if not name.isidentifier():
        raise PlannerError("\\save takes a name, and a query where it is not the last one", hint="\\save by_year")
    if session.level == "off":
        raise PlannerError("nothing is kept with --history off", hint="start without it to save queries")
    query = sql.strip() or session.last().sql
    with History.open() as history:
        history.save_query(session.planner.database.path, SavedQuery(name, query))
    wanted = "".join(f" {each}=..." for each in parameters(query))
    say(f"saved; \\run {name}{wanted} runs it", err=True)


def _run(session: Session, rest: str) -> None:
    saved = _saved(session)
    if not rest:
        for query in saved:
            _print(session, f"{query.name}: {shortened(query.sql)}")
        if not saved:
            say("no query is saved for this database; \\save NAME saves the last one", err=True)
        return
    name, _, values = rest.partition(" ")
    found = next((query for query in saved if query.name == name), None)
    if found is None:
        close = nearest(name, [query.name for query in saved])
        raise PlannerError(f"no query {name} is saved", hint=f"did you mean {close}?" if close else "\\run lists them")
    sql = with_values(found.sql, read_values(_values(values)))
    say(shortened(sql), err=True)
    session.run(sql)


def _forget(session: Session, rest: str) -> None:
    with History.open() as history:
        known = history.forget_query(session.planner.database.path, rest)
    if not known:
        raise PlannerError(f"no query {rest} is saved", hint="\\run lists them")
    say(f"{rest} is deleted", err=True)


def _values(text: str) -> list[str]:
    """``NAME=VALUE`` words, where a value with blanks is in quotes."""
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _VALUE.match(text, at)
        if match is None:
            raise PlannerError(f"{text[at:]!r} is not NAME=VALUE", hint="for example year=2024 city='New York'")
        found.append(match[1])
        at = match.end()
    return found


def _saved(session: Session) -> tuple[SavedQuery, ...]:
    if not history_path().exists():
        return ()
    with History.open(create=False) as history:
        return history.saved_queries(session.planner.database.path)


# ---------------------------------------------------------------------------------------------- the schema


def _tables(session: Session, _rest: str) -> None:
    _show(session, tables_listed(session.planner.schema))


def _schema(session: Session, rest: str) -> None:
    database = session.planner.database
    if not rest:
        _tables(session, rest)
        return
    shown = part_of(database.schema, tuple(rest.rstrip(";").split()), database.path)
    _show(session, columns_listed(shown))


def _show(session: Session, found: Execution) -> None:
    print_execution(found, session.screen, sys.stdout, session.results, limit_option="\\limit")


# -------------------------------------------------------------------------------------------- the settings


def _limit(session: Session, rest: str) -> None:
    most = session.planner.plan.limits.rows
    if not rest.isdecimal() or not 1 <= int(rest) <= most:
        raise PlannerError(f"\\limit takes a number of rows, here up to {most:,}", hint=_more_rows(session))
    session.set_results(limit=int(rest))
    say(f"up to {int(rest):,} rows of a result are shown", err=True)


def _more_rows(session: Session) -> str:
    return f"planner chat {session.planner.database.path} --limit N allows more"


def _format(session: Session, rest: str) -> None:
    if rest not in FORMATS:
        raise PlannerError("\\format takes a name", hint=", ".join(FORMATS))
    session.set_results(format_=rest)
    say(f"results are shown as {rest}", err=True)


def _budget(session: Session, rest: str) -> None:
    if not rest:
        say(f"budget {session.planner.plan.discriminator.budget}")
        return
    _change(session, BY_KEYWORD["budget"], rest)


def _model(session: Session, rest: str) -> None:
    if not rest:
        for info in session.planner.models:
            adapter = f" with {info.adapter}" if info.adapter else ""
            _print(session, f"{info.role:13}  {info.name}: {info.file}{adapter}, {info.device}")
        return
    role, _, name = rest.rpartition(" ")
    if (role or "generator") not in {"generator", "discriminator"}:
        raise PlannerError("\\model takes generator or discriminator, and a model's name", hint="planner models list")
    _change(session, BY_KEYWORD[role or "generator"], name)


def _set(session: Session, rest: str) -> None:
    name, _, value = (rest if "=" in rest else rest.replace(" ", "=", 1)).partition("=")
    if not name:
        for each, chosen in session.planner.choices.all().items():
            if chosen.origin != "default":
                say(f"{each} = {chosen.value}  ({chosen.origin})")
        return
    knob = BY_KEYWORD.get(re.sub(r"[-.]", "_", name.strip()))
    if knob is None:
        close = nearest(name, [knob.name for knob in BY_KEYWORD.values()])
        raise PlannerError(f"there is no setting {name}", hint=f"did you mean {close}?" if close else None)
    _change(session, knob, value.strip())


def _change(session: Session, knob: Knob, text: str) -> None:
    try:
        value: Any = knob.parse(text)
    except ValueError as error:
        raise PlannerError(f"{knob.name}: {error}") from None
    control = Control()
    said: Any = {knob.keyword: value}
    with (
        interruptible(control),
        waiting(f"setting {knob.name}", console=session.screen.console(), mode=session.screen.mode),
    ):
        session.planner.change(control=control, **said)
    say(f"{knob.name} is {session.planner.choices[knob.keyword].value}", err=True)


def _print(session: Session, text: str) -> None:
    """A line on standard output, broken at words on a terminal."""
    print_line(make_console(sys.stdout, color=session.screen.color), text)


def _help(session: Session, rest: str) -> None:
    asked = rest.lstrip("\\")
    shown = [command for command in COMMANDS if asked in {"", command.name, *command.also}]
    if not shown:
        raise PlannerError(f"there is no command \\{asked}", hint="\\help lists them")
    formatter = click.HelpFormatter(width=min(session.screen.console().width, _WIDEST))
    formatter.write_dl([(f"\\{command.name} {command.arguments}", _said(command)) for command in shown])
    if not asked:
        formatter.write_paragraph()
        for text in _LINES:
            formatter.write_text(text)
    say(formatter.getvalue().rstrip("\n"))


def _said(command: Command) -> str:
    other = ", ".join(f"\\{each}" for each in command.also)
    return f"{command.help}  Also {other}." if other else command.help


def _quit(_session: Session, _rest: str) -> None:
    raise Leave


COMMANDS = (
    Command("why", "[N]", "Show the candidates, what decided and the thought; or candidate N whole.", _why),
    Command("sql", "[QUERY]", "Edit the last query in $EDITOR and run it, or run QUERY.", _sql, ("e", "edit")),
    Command("explain", "[QUERY]", "Say in plain words what the last query, or QUERY, does.", _explain),
    Command("rerun", "[N]", "Run the last query again, or that of question N.", _rerun),
    Command("export", "FILE", "Write the last result; the file's ending says the format.", _export, ("o", "output")),
    Command("plot", "[FILE]", "Draw the last result (bars, a line, points), or into a .png or .svg.", _plot),
    Command("mark", "right|wrong [QUERY]", "Mark the last answer, with the right query if you know it.", _mark),
    Command("save", "NAME [QUERY]", "Save the last query, or QUERY, for this database; it may have :parameters.", _save,
            ("fs",)),
    Command("run", "[NAME [X=1 ...]]", "Run a saved query; without a name list them.", _run, ("f",)),
    Command("forget", "NAME", "Delete a saved query.", _forget, ("fd",)),
    Command("tables", "", "List the tables.", _tables, ("dt",)),
    Command("schema", "[TABLE ...]", "List the columns of tables.", _schema, ("d", "describe")),
    Command("history", "[TEXT]", "List what was asked of this database, or what contains TEXT.", _history),
    Command("limit", "ROWS", "Show at most so many rows of a result.", _limit),
    Command("format", "NAME", f"Show results as {', '.join(FORMATS)}.", _format, ("T", "mode")),
    Command("budget", "[TOKENS]", "Let the judge think for so many tokens.", _budget),
    Command("model", "[ROLE] [NAME]", "Show the models, or change generator or discriminator.", _model),
    Command("set", "[NAME VALUE]", "Change any setting of planner ask; without a name show those that are set.", _set),
    Command("help", "[COMMAND]", "Show this.", _help, ("?", "h")),
    Command("quit", "", "Leave.", _quit, ("q", "exit")),
)  # fmt: skip
