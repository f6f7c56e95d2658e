"""``planner chat``: lines of a session on a scripted engine, and the whole of it on the built-in models."""

import io
import os
import signal
import sqlite3
from contextlib import closing

import pytest

from planner_cli.app.choices import Choices
from planner_cli.app.models import Loaded, Models
from planner_cli.app.notes import Notes
from planner_cli.app.planner import Planner
from planner_cli.cli import main
from planner_cli.cli.chat.commands import COMMANDS, dispatch, words
from planner_cli.cli.chat.session import Leave, Session
from planner_cli.cli.remembering import last_answered
from planner_cli.cli.result_options import ResultOptions
from planner_cli.cli.screen import ScreenSettings
from planner_cli.cli.signals import Ended
from planner_cli.cli.streams import OutputError
from planner_cli.database import Database
from planner_cli.discriminator import Discriminator
from planner_cli.generator import Generator
from planner_cli.history import History, typed_path
from planner_cli.types import Earlier
from tests.conftest import make_shop
from tests.running import planner
from tests.scripted import ScriptedEngine

COUNT, PARIS = "select count(*) from customers", "select count(*) from customers where city = 'Paris'"


class Scripted:
    """A session whose models follow a script."""

    def __init__(self, database: Database, level="metadata", **options) -> None:
        self.writer, self.judge = ScriptedEngine(), ScriptedEngine()
        choices = Choices({"argument": {"candidates": 3, "budget": 0, "mend": False, "select": "vote", **options}})
        self.database = database
        loaded = Loaded(
            Models(choices), (None, None), Generator(self.writer, "chat"), Discriminator(self.judge, "chat"), (),
            choices, choices.settings(),
        )  # fmt: skip
        self.planner = Planner(
            self.database, self.database.schema, loaded, [], schema_seconds=0, load_seconds=0, written=Notes()
        )
        self.session = Session(
            self.planner, ScreenSettings(color="never"), ResultOptions(format_="csv"), level, command=dispatch
        )

    def will_write(self, *queries: str) -> None:
        self.writer.enqueue(queries)
        distinct = len(dict.fromkeys(queries))
        self.judge.enqueue([""] * distinct, p_true=[0.75] * distinct)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    with Database.open(make_shop(tmp_path_factory.mktemp("shop") / "shop.sqlite")) as opened:
        yield opened


@pytest.fixture
def scripted(database):
    return Scripted(database)


@pytest.fixture
def say(scripted, capsys):
    """Run lines and return the code of the last, and what was printed for it on both streams."""

    def run(*lines: str) -> tuple[int, str, str]:
        code = 0
        for line in lines:
            capsys.readouterr()
            code = scripted.session.line(line)
        found = capsys.readouterr()
        return int(code), found.out, found.err

    return run


def test_questions_follow_each_other_on_one_planner(scripted, say):
    scripted.will_write(COUNT, COUNT, PARIS)
    scripted.will_write(PARIS, PARIS, PARIS)
    code, out, err = say("How many customers?")
    assert (code, out) == (0, "count(*)\n3\n")
    assert "votes 2 of 3" in err
    assert say("How many in Paris?")[:2] == (0, "count(*)\n2\n")
    with History.open() as history:
        assert [entry.question for entry in history.list()] == ["How many in Paris?", "How many customers?"]


LINES = [
    ("a query", ["select name from customers where id = 1"], 0, "name\nAnna\n", ""),
    ("in capitals over lines", ["SELECT 1\nAS x"], 0, "x\n1\n", ""),
    ("a wrong query", ["select nmae from customers"], 1, "", "(if this is a question, put ? before it)"),
    ("not for what is surely SQL", ["select count(*) from custmers"], 1, "", "did you mean customers?\n"),
    ("writing", ["\\sql delete from customers"], 5, "", "refused: DELETE is not allowed"),
    ("nothing", [""], 0, "", ""),
    ("an unknown command", ["\\tabels"], 2, "", "there is no command \\tabels (did you mean \\tables?)"),
    ("as sqlite3 has it", [".tables"], 0, "table,kind,columns,refers to\n", ""),
    ("another name", ["\\d orders"], 0, "orders,customer_id,INTEGER,references customers.id", ""),
    ("a mistyped table", ["\\schema order"], 2, "", "(did you mean orders?)"),
    ("a limit", ["\\limit 1", "select name from customers"], 0, "name\nAnna\n", "raise \\limit to see more"),
    ("a limit that is none", ["\\limit 0"], 2, "", "\\limit takes a number of rows, here up to 1,000"),
    ("a format", ["\\format jsonl", "select 1 as x"], 0, '{"x": 1}\n', ""),
    ("a format is said", ["\\T vertical"], 0, "", "results are shown as vertical"),
    ("a format that is none", ["\\format xml"], 2, "", "table, csv, tsv"),
    ("in plain words", ["select id from customers limit 1", "\\explain"], 0,
     "Read customers.\nShow id.\nTake the first row.\n", ""),
    ("another one in plain words", ["\\explain select city from customers"], 0, "Read customers.\nShow city.\n", ""),
    ("what is none", ["\\explain how many"], 2, "", "the query cannot be explained"),
    ("options are commands here", ["\\format table", f"select {', '.join(map(str, range(60)))}"], 0, "│",
     "50 of 60 columns shown; \\format vertical shows all"),
    ("rerun of nothing", ["\\rerun"], 2, "", "no query has run yet"),
    ("rerun", ["select 1 as x", "\\rerun"], 0, "x\n1\n", ""),
    ("why of nothing", ["\\why"], 2, "", "nothing was asked yet"),
    ("mark of nothing", ["\\mark right"], 2, "", "there is no answer to mark"),
    ("an empty history", ["\\history"], 0, "", "nothing has been asked yet"),
    ("no editor", ["\\sql"], 2, "", "there is no terminal for an editor"),
    ("the budget", ["\\budget"], 0, "budget 0\n", ""),
    ("what is set", ["\\set"], 0, "candidates = 3  (argument)", ""),
    ("an unknown setting", ["\\set tempreature 1"], 2, "", "did you mean temperature?"),
    ("a value out of its range", ["\\set candidates 0"], 2, "", "candidates: 0 is not in its range"),
    ("a fixed setting", ["\\set redact customers.name"], 2, "", "redact cannot change while the database is open"),
    ("no saved query", ["\\run"], 0, "", "no query is saved for this database"),
    ("a plot", ["select 'a' as c, 2 as n union all select 'bc', 1", "\\plot"], 0, "n by c\n a ", ""),
    ("a plot of nothing", ["\\plot"], 2, "", "no query has run yet"),
    ("a plot into a text", ["select 1", "\\plot x.txt"], 2, "", ".png or .svg"),
    ("export without an ending", ["select 1", "\\export x"], 2, "", ".csv, .tsv, .tab, .json"),
    ("help of one", ["\\help e"], 0, "\\sql [QUERY]", ""),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "code", "out", "err"), [x[1:] for x in LINES], ids=[x[0] for x in LINES])
def test_lines(say, lines, code, out, err):
    found = say(*lines)
    assert found[0] == code
    assert out in found[1] if out else found[1] == ""
    assert err in found[2] if err else found[2] == ""


def test_why_shows_the_candidates_and_one_of_them_whole(scripted, say):
    scripted.will_write(COUNT, COUNT, "select count(*) from customer")
    _, out, _ = say("How many customers?", "\\why")
    assert COUNT in out
    assert "2 of 3 samples" in out
    _, out, _ = say("\\why 2")
    assert "candidate 2" in out
    assert "no such table: customer" in out
    assert say("\\why 9")[2] == "planner: there is no candidate 9 (there are 2; \\why lists them)\n"


def test_an_answer_is_marked_and_the_right_query_has_to_run(scripted, say):
    scripted.will_write(COUNT, COUNT, COUNT)
    assert say("How many in Paris?", f"\\mark wrong {PARIS}")[0] == 0
    assert say("\\mark wrong select nothing from nowhere")[0] == 1
    with History.open() as history:
        (marked,) = history.marked()
    assert (marked.mark, marked.right_sql) == ("wrong", PARIS)


def test_queries_are_saved_with_parameters_and_run(scripted, say):
    code, _, err = say("\\save in_city select name from customers where city = :city order by 1")
    assert (code, err) == (0, "saved; \\run in_city city=... runs it\n")
    assert say("\\run in_city city=Paris")[1] == "name\nAnna\nEva\n"
    assert say("\\run in_city city='New York'")[1] == "name\n"
    assert say("\\run in_city")[2] == "planner: the query needs a value for city (add city=...)\n"
    assert say("\\run in_cty")[2] == "planner: no query in_cty is saved (did you mean in_city?)\n"
    assert say("\\run")[1].startswith("in_city: select name")
    assert say("\\forget in_city", "\\run")[1] == ""


def test_the_last_result_is_exported_as_the_files_ending_says(say, tmp_path, database):
    shop = database.path
    for name, expected in (("a.csv", "n\n1\n"), ("a.json", '[{"n": 1}]\n'), ("a.md", "| n |\n| --- |\n| 1 |\n")):
        assert say("select 1 as n", f"\\export {tmp_path / name}")[0] == 0
        assert (tmp_path / name).read_text() == expected
    assert say(f"\\export {shop}")[0] == 2
    assert say(f"\\export {shop.with_suffix('.sqlite-wal')}")[0] == 2


def test_an_edited_query_is_run(scripted, say):
    seen = []

    def edit(text):
        seen.append(text)
        return text + " where city = 'Rome'"

    scripted.session.edit = edit
    scripted.will_write(COUNT, COUNT, COUNT)
    assert say("How many?", "\\sql")[1] == "count(*)\n1\n"
    scripted.session.edit = lambda _text: None
    assert say("\\e")[2] == "nothing was changed\n"
    assert seen == [COUNT]


def test_rerun_of_a_question_of_the_history(scripted, say):
    scripted.will_write(COUNT, COUNT, COUNT)
    scripted.will_write(PARIS, PARIS, PARIS)
    say("How many?", "How many in Paris?")
    assert say("\\rerun 1")[1] == "count(*)\n3\n"
    assert say("\\rerun 7")[2].endswith("(planner history list)\n")
    _, out, _ = say("\\history paris")
    assert "How many in Paris?" in out
    assert "   1  " not in out


def test_nothing_is_kept_with_history_off(database, private_home, capsys):
    made = Scripted(database, level="off")
    made.will_write(COUNT, COUNT, COUNT)
    assert made.session.line("How many?") == 0
    assert made.session.line("\\mark right") == 2
    assert made.session.line("\\save mine") == 2
    assert "nothing is remembered with --history off" in capsys.readouterr().err
    assert not list((private_home / "state").rglob("*"))


def test_a_setting_holds_from_the_next_question_on(scripted, say, monkeypatch):
    monkeypatch.setattr(Models, "pair", lambda _self: (None, None))
    scripted.will_write(COUNT, PARIS)
    assert say("\\set candidates=2", "How many?")[0] == 0
    assert sum(c.samples for c in scripted.session.asked.answer.candidates) == 2
    assert scripted.planner.choices["candidates"].origin == "argument"
    scripted.writer.enqueue([COUNT, COUNT])
    scripted.judge.enqueue(["one two three four five"], p_true=[0.5])
    assert say("\\budget 3", "How many now?")[0] == 0
    (verdict,) = scripted.session.asked.answer.verdicts
    assert verdict.thought.tokens == 3


def test_ctrl_c_ends_a_question_and_keeps_what_is_there(scripted, say, monkeypatch):
    scripted.will_write(COUNT, COUNT, PARIS)
    execute, ran = Database.execute, []

    def interrupted(self, sql, control=None, **limits):
        found = execute(self, sql, control, **limits)
        ran.append(sql)
        if len(ran) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return found

    monkeypatch.setattr(Database, "execute", interrupted)
    code, out, err = say("How many?")
    assert (code, out) == (130, "")
    assert err == "planner: interrupted (\\why shows what there is, \\rerun runs the query that most samples wrote)\n"
    assert scripted.session.last().sql == ran[0]
    assert ran[0] in say("\\why")[1]
    assert scripted.session.asked.answer is None
    assert say(COUNT)[1] == "count(*)\n3\n"


def test_sigterm_ends_the_session(scripted, monkeypatch):
    scripted.will_write(COUNT, COUNT, COUNT)
    execute = Database.execute

    def ended(self, sql, control=None, **limits):
        os.kill(os.getpid(), signal.SIGTERM)
        return execute(self, sql, control, **limits)

    monkeypatch.setattr(Database, "execute", ended)
    with pytest.raises(Ended) as caught:
        scripted.session.line("How many?")
    assert caught.value.status == 143


def test_where_nothing_can_be_written_the_session_ends(scripted, say, monkeypatch):
    assert say("select 1", "\\export /nowhere/a.csv")[0] == 2  # a file of the user's: another one can be named

    class Full(io.StringIO):
        def flush(self):
            raise OutputError("cannot write to standard output: No space left on device")

    monkeypatch.setattr("sys.stdout", Full())
    with pytest.raises(OutputError):
        scripted.session.line("select 1")


@pytest.mark.parametrize("line", ["quit", "exit", "\\q", "\\quit", ".exit"])
def test_leaving(scripted, line):
    with pytest.raises(Leave):
        scripted.session.line(line)


def test_a_question_mark_makes_a_line_a_question(scripted, say):
    scripted.will_write(COUNT, COUNT, COUNT)
    assert say("? select all customers, how many are there")[:2] == (0, "count(*)\n3\n")
    assert scripted.session.asked.question.text == "select all customers, how many are there"


FOLLOWED = [
    ("a sign of it", "and in Paris?", "and in Paris?", False),
    ("forced", "+ customers in Paris", "customers in Paris", True),
    ("no sign", "How many customers are in Paris?", "How many customers are in Paris?", None),
    ("forced to be fresh", "new: and in Paris?", "and in Paris?", None),
    ("forced in capitals", "NEW: and in Paris?", "and in Paris?", None),
]


@pytest.mark.parametrize(("line", "text", "sure"), [f[1:] for f in FOLLOWED], ids=[f[0] for f in FOLLOWED])
def test_a_question_continues_the_one_before_where_it_may(scripted, say, line, text, sure):
    scripted.will_write(COUNT, COUNT, COUNT)
    say("How many customers?")
    for writes in ((PARIS,) * 3,) if sure is not False else ((COUNT,) * 2, (PARIS,)):
        scripted.writer.enqueue(writes)
    for _ in range(2 if sure is False else 1):
        scripted.judge.enqueue([""], p_true=[0.5])
    assert say(line)[0] == 0
    asked = scripted.session.asked.question
    assert asked.text == text
    assert asked.earlier == (None if sure is None else Earlier("How many customers?", COUNT, sure=sure))


def test_a_follow_up_of_a_follow_up_continues_both_and_is_kept_whole(scripted, say):
    for query in (COUNT, PARIS, COUNT):
        scripted.will_write(query, query, query)
    say("How many customers?", "+ in Paris")
    assert "read as a follow-up of the question before" in say("+ and in all cities")[2]
    assert scripted.session.asked.question.earlier == Earlier("How many customers? in Paris", PARIS, sure=True)
    with History.open() as history:
        assert [entry.question for entry in history.list(2)] == [
            "How many customers? in Paris and in all cities",
            "How many customers? in Paris",
        ]
        assert last_answered(scripted.database.path) == Earlier("How many customers? in Paris and in all cities", COUNT)


def test_there_is_nothing_to_continue(say, shop):
    assert say("+ in Paris")[2] == "planner: there is no answered question to continue (ask without the +)\n"
    done = planner("ask", "and in Paris?", shop, "--continue")
    assert done.returncode == 2
    assert done.stderr.endswith("to continue is in the history (ask without --continue)\n")


def test_what_the_toolbar_says(scripted, say):
    assert scripted.session.facts().startswith("shop.sqlite")
    scripted.will_write(COUNT, COUNT, COUNT)
    say("How many?")
    assert "   last " in scripted.session.facts()


def test_every_command_has_its_help_and_no_name_is_there_twice(scripted, say):
    names = [name for command in COMMANDS for name in (command.name, *command.also)]
    assert len(set(names)) == len(names)
    _, out, _ = say("\\help")
    for command in COMMANDS:
        assert f"\\{command.name}" in out
        assert command.help.endswith(".")
    scripted.session.line("\\save mine select 1")
    found = words(scripted.session, scripted.database.schema)
    assert [each.text for each in found.suggestions("\\run m")] == ["mine"]
    assert [each.text for each in found.suggestions("\\mar")] == ["\\mark"]


def test_names_that_could_drive_a_terminal_are_shown_as_escapes(tmp_path, capsys):
    path = tmp_path / "evil.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute('create table "a\x1b[2J" ("b\x1b[2J" text)')
    with Database.open(path) as opened:
        made = Scripted(opened)
        for line in (
            "\\format table",
            "\\tables",
            "\\schema",
            'select * from "a\x1b[2J"',
            "\\x\x1b[2J",
            "\\run \x1b[2J",
        ):
            made.session.line(line)
    found = capsys.readouterr()
    assert "\x1b" not in found.out + found.err
    assert "\\x1b[2J" in found.out


@pytest.mark.model
def test_without_a_terminal_lines_come_from_standard_input(demo_database, monkeypatch, capsys):
    lines = [
        "How many customers are there?",
        "",
        "select 1 as one",
        "\\tabels",
        "\\model",
        "select 2 as two",
        "\\quit",
        "x",
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    options = ["-n", "1", "--budget", "0", "--tables", "customers", "--format", "csv"]
    assert main(["chat", str(demo_database), *options]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("count(*)\n150\none\n1\ngenerator      builtin: ")
    assert out.endswith("two\n2\n")
    assert "did you mean \\tables?" in err
    assert not typed_path().exists()
    monkeypatch.setattr("sys.stdin", io.StringIO(lines[0]))
    assert main(["chat", str(demo_database), *options, "--sql-only", "--no-judge"]) == 0
    assert capsys.readouterr().out == "select count(*) from customers\n"
