"""What the history keeps, finds and forgets."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from history_values import MODELS, answer, nothing_ran

from planner_cli import __version__
from planner_cli.errors import HistoryError
from planner_cli.history import NOT_KEPT, History, SavedQuery
from planner_cli.settings import DiscriminatorSettings, PlanSettings
from planner_cli.types import Comparison, Doubt, Execution
from planner_cli.ui.document import document

SETTINGS = PlanSettings(discriminator=DiscriminatorSettings(budget=16), seed=3)


@pytest.fixture
def history(tmp_path):
    with History.open(tmp_path / "state" / "history.sqlite") as history:
        yield history


def keep(history: History, question: str = "How many?", *, level="metadata", what=None) -> int:
    return history.record(
        question=question,
        database=Path("/data/shop.sqlite"),
        answer=what or answer(),
        models=MODELS,
        settings=SETTINGS,
        level=level,
    )


def bytes_beside(history: History) -> bytes:
    return b"".join(file.read_bytes() for file in history.path.parent.iterdir())


def expected(question: str = "How many?", *, what=None, **options) -> dict:
    """The document of an answer."""
    made = document(
        question=question, database="shop.sqlite", answer=what or answer(), settings=SETTINGS, models=MODELS,
        versions={"planner": __version__}, **options,
    )  # fmt: skip
    return json.loads(json.dumps(made))


def test_level_full_keeps_the_whole_document(history):
    record = history.show(keep(history, "Wie viele Kühe? 牛", level="full"))
    assert record.document == expected("Wie viele Kühe? 牛")
    assert (record.question, record.database, record.level) == ("Wie viele Kühe? 牛", Path("/data/shop.sqlite"), "full")
    assert abs(datetime.now(timezone.utc) - record.asked_at) < timedelta(seconds=10)


SECRETS = [
    # name, a part of the answer, what of it may stay under the level metadata
    ("rows", Execution(("a secret column",), (("a secret row",),)), {"row_count": 1}),
    ("blob", Execution(("x",), ((b"a secret row",),)), {"row_count": 1}),
    ("message that quotes", Execution(error="bad JSON path: 'a secret'", error_kind="other"), {"error": NOT_KEPT}),
    ("message of no kind", Execution(error="a secret went wrong"), {"error": NOT_KEPT}),
    ("message of the SQL", Execution(error="no such table: t", error_kind="missing"), {"error": "no such table: t"}),
    ("stored spelling", Execution(unmatched=(Comparison("t", "x", "'a'", stored="'a secret'"),)), {"unmatched": []}),
    ("stored moment", Execution(odd=(Doubt("misdated", "date(x) reads t.x wrongly: a secret"),)), {"doubts": []}),
    ("note", Execution(notes=("a secret was cut",)), {"notes": []}),
]


@pytest.mark.parametrize(("execution", "left"), [case[1:] for case in SECRETS], ids=[case[0] for case in SECRETS])
def test_level_metadata_keeps_no_rows_thoughts_or_values(history, execution, left):
    whole = answer(thought="a secret thought")
    executions = (whole.executions[0], execution, *whole.executions[2:])
    whole = replace(
        whole, executions=executions, warnings=("time ran out", *(doubt.text for doubt in execution.doubts))
    )
    shown = history.show(keep(history, what=whole)).document["candidates"][1]["execution"]
    assert {key: shown[key] for key in left} == left
    assert shown["columns"] is shown["rows"] is None
    assert history.show(1).document["warnings"] == ["time ran out"]
    kept = bytes_beside(history)
    for secret in (b"secret", b"secret".hex().encode(), b"bad JSON path", b"00ff"):
        assert secret not in kept
    assert b"secret" in json.dumps(expected(what=whole)).encode()  # else this would prove nothing


def test_level_metadata_keeps_the_rest(history):
    what = nothing_ran()
    assert history.show(keep(history, what=what)).document == expected(what=what, kept=False)
    assert history.list()[0].sql is None


def test_text_that_is_not_unicode_is_kept_readable(history):
    odd = replace(answer(), executions=(replace(answer().executions[0], rows=(("\udc80",),)), *answer().executions[1:]))
    record = history.show(keep(history, "What is \udc80?", level="full", what=odd))
    assert record.question == "What is \\udc80?"
    assert record.document["candidates"][0]["execution"]["rows"] == [["\udc80"]]


def test_list_is_newest_first_and_limited(history):
    ids = [keep(history, f"question {n}") for n in range(5)]
    assert [summary.id for summary in history.list(3)] == ids[:1:-1]
    newest = history.list(1)[0]
    assert (newest.question, newest.confidence, newest.vote_share, newest.seconds) == ("question 4", 0.75, 0.625, 4.5)
    assert newest.sql == "SELECT name, n FROM t"


SEARCHES = [
    ("in a question", "berlin", ["Who lives in Berlin?"]),
    ("in SQL", "FROM T", ["100% of what?", "Who lives in Berlin?", "ÄPFEL in stock"]),
    ("other case, other script", "äpfel", ["ÄPFEL in stock"]),
    ("wildcards are plain", "100%", ["100% of what?"]),
    ("quotes are plain", "' OR 1", []),
    ("nowhere", "paris", []),
]


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in SEARCHES], ids=[case[0] for case in SEARCHES])
def test_search(history, text, expected):
    for question in ("ÄPFEL in stock", "Who lives in Berlin?", "100% of what?"):
        keep(history, question)
    assert [summary.question for summary in history.list(search=text)] == expected


def test_an_unknown_id_is_an_error(history):
    with pytest.raises(HistoryError, match="no question 7"):
        history.show(7)


def test_a_record_is_whole_or_not_there(history):
    history._db.execute("CREATE TRIGGER t AFTER INSERT ON answers BEGIN SELECT RAISE(FAIL, 'disk full'); END")
    with pytest.raises(HistoryError, match="disk full"):
        keep(history)
    assert history._db.table("answers").count == 0
    history._db.execute("DROP TRIGGER t")
    assert keep(history) == 1


# ------------------------------------------------------------------------------------------------- purge


def test_purged_bytes_are_in_no_file(history):
    long = "okapi " * 3000  # several overflow pages
    keep(history, "kept question about a heron")
    doomed = [keep(history, f"okapi {n}?", level="full", what=answer(mark="okapi", thought=long)) for n in range(20)]
    assert b"okapi" in bytes_beside(history)
    assert history.purge(ids=doomed) == 20
    assert b"okapi" not in bytes_beside(history)
    assert [summary.question for summary in history.list()] == ["kept question about a heron"]


def test_purged_bytes_are_in_no_log_after_someone_switched_to_wal(history):
    history.close()
    with closing(sqlite3.connect(history.path)) as other:
        other.execute("PRAGMA journal_mode = wal")
    with History.open(history.path) as again:
        keep(again, "okapi?", level="full", what=answer(mark="okapi"))
        assert again.path.with_name("history.sqlite-wal").exists()
        assert again.purge() == 1
        assert b"okapi" not in bytes_beside(again)


def test_purge_says_so_when_the_log_cannot_be_emptied(history):
    keep(history)
    history.close()
    with closing(sqlite3.connect(history.path)) as other, History.open(history.path) as again:
        other.execute("PRAGMA journal_mode = wal")
        other.execute("BEGIN")
        other.execute("SELECT * FROM answers").fetchone()
        with pytest.raises(HistoryError, match=r"locked|open"):
            again.purge()
        other.rollback()
        assert len(again.list()) == 1


def test_purge_before_a_day(history):
    old, new = keep(history, "old"), keep(history, "new")
    history._db.execute("UPDATE answers SET asked_at = '2024-02-29T23:59:59Z' WHERE id = ?", [old])
    assert history.purge(before=datetime(2024, 2, 29, tzinfo=timezone.utc)) == 0
    assert history.purge(before=datetime(2024, 3, 1, tzinfo=timezone.utc)) == 1
    assert [summary.id for summary in history.list()] == [new]


def test_purge_everything_never_reuses_an_id(history):
    last = [keep(history) for _ in range(3)][-1]
    assert history.purge() == 3
    assert history.list() == ()
    assert keep(history) == last + 1


def test_ids_that_are_not_there(history):
    kept = keep(history)
    assert history.unknown([99, kept, 98]) == (99, 98)
    assert history.unknown([]) == ()


def test_purge_of_ids_that_are_not_there(history):
    keep(history)
    assert history.purge(ids=[99]) == 0
    assert history.purge(ids=[]) == 0
    assert len(history.list()) == 1


def test_importing_the_history_does_not_import_sqlite_utils():
    code = "import sys, planner_cli.history; sys.exit('sqlite_utils' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_marks_are_kept_changed_and_taken_back(history):
    first, second, third = keep(history), keep(history, "Which?"), keep(history, what=nothing_ran())
    history.mark(first, "right")
    history.mark(second, "wrong", "SELECT 2")
    history.mark(third, "wrong")
    assert [entry.mark for entry in history.list()] == ["wrong", "wrong", "right"]
    assert (history.show(second).mark, history.show(second).right_sql) == ("wrong", "SELECT 2")
    right, wrong, nothing = history.marked()
    assert (right.id, right.mark, right.right_sql) == (first, "right", answer().candidates[1].sql)
    assert [answered for _, answered in right.candidates] == [True, True, False, False]
    assert (wrong.question, wrong.right_sql, wrong.database) == ("Which?", "SELECT 2", Path("/data/shop.sqlite"))
    assert (nothing.right_sql, [answered for _, answered in nothing.candidates]) == (None, [False])
    history.mark(second, None)
    assert [each.id for each in history.marked()] == [first, third]
    assert history.show(second).right_sql is None


def test_a_mark_needs_an_answer(history):
    with pytest.raises(HistoryError, match="no question 7"):
        history.mark(7, "right")
    number = keep(history, what=nothing_ran())
    with pytest.raises(HistoryError, match="no answer that could be right"):
        history.mark(number, "right")


def test_purge_takes_the_right_query_with_it(history):
    number = keep(history)
    history.mark(number, "wrong", "SELECT 'aardvark'")
    assert b"aardvark" in bytes_beside(history)
    history.purge(ids=[number])
    assert b"aardvark" not in bytes_beside(history)


# ------------------------------------------------------------------------------------------- saved queries


def test_saved_queries_are_a_databases_own(history):
    shop, other = Path("/data/shop.sqlite"), Path("/data/other.sqlite")
    by_year, names = SavedQuery("by_year", "select :year"), SavedQuery("names", "select 'Kühe'")
    for query in (names, by_year):
        history.save_query(shop, query)
    history.save_query(other, SavedQuery("names", "select 2"))
    assert history.saved_queries(shop) == (by_year, names)
    history.save_query(shop, SavedQuery("names", "select 3"))
    assert [query.sql for query in history.saved_queries(shop)] == ["select :year", "select 3"]
    assert history.forget_query(shop, "names")
    assert not history.forget_query(shop, "names")
    assert [query.name for query in history.saved_queries(shop)] == ["by_year"]
    assert [query.name for query in history.saved_queries(other)] == ["names"]


def test_purging_everything_takes_saved_queries_with_it(history):
    history.save_query(Path("shop.sqlite"), SavedQuery("secret", "select 'zebrafish'"))
    number = keep(history)
    history.purge(ids=[number])
    assert len(history.saved_queries(Path("shop.sqlite"))) == 1
    history.purge()
    assert history.saved_queries(Path("shop.sqlite")) == ()
    assert b"zebrafish" not in bytes_beside(history)
