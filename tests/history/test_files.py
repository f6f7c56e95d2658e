"""The history file itself: private, recognised, upgraded, and never a reason to crash."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from contextlib import closing
from copy import deepcopy
from pathlib import Path

import pytest
from history_values import MODELS, answer

from planner_cli.cli import main
from planner_cli.errors import ExitCode, HistoryError
from planner_cli.history import History, history_path, migrations, store
from planner_cli.settings import PlanSettings


def keep(history: History) -> int:
    return history.record(
        question="How many?",
        database=Path("shop.sqlite"),
        answer=answer(),
        models=MODELS,
        settings=PlanSettings(),
        level="full",
    )


def modes(folder: Path) -> dict[str, str]:
    return {file.name: oct(stat.S_IMODE(file.stat().st_mode)) for file in folder.iterdir()}


@pytest.fixture
def state(tmp_path, monkeypatch):
    """The folder of a user's state; everything that a umask would allow is allowed."""
    monkeypatch.delenv("PLANNER_HISTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    before = os.umask(0)
    yield tmp_path / "state" / "planner_cli"
    os.umask(before)


def test_path_follows_the_environment(state, monkeypatch, tmp_path):
    assert history_path() == state / "history.sqlite"
    monkeypatch.setenv("PLANNER_HISTORY", str(tmp_path / "mine.sqlite"))
    assert history_path() == tmp_path / "mine.sqlite"


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_nobody_else_can_read_it_or_what_lies_beside_it(state, mode):
    with History.open() as history:
        history._db.execute(f"PRAGMA journal_mode = {mode}")
        keep(history)
        with history._transaction():
            history._db.execute("UPDATE answers SET question = 'x'")
            during = modes(state)
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert set(during.values()) == {"0o600"}
    beside = {"delete": {"history.sqlite-journal"}, "wal": {"history.sqlite-wal", "history.sqlite-shm"}}[mode]
    assert set(during) == {"history.sqlite"} | beside


def test_an_open_door_is_closed(state):
    History.open().close()
    state.chmod(0o755)
    (state / "history.sqlite").chmod(0o644)
    History.open().close()
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert modes(state) == {"history.sqlite": "0o600"}


def test_a_folder_the_user_named_keeps_its_mode(state, monkeypatch, tmp_path):
    (tmp_path / "shared").mkdir(mode=0o755)
    monkeypatch.setenv("PLANNER_HISTORY", str(tmp_path / "shared" / "history.sqlite"))
    History.open().close()
    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o755
    assert modes(tmp_path / "shared") == {"history.sqlite": "0o600"}


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mine (x)")


def damaged(path: Path) -> None:
    with History.open(path) as history:
        keep(history)
    data = bytearray(path.read_bytes())
    data[100:4096] = os.urandom(3996)
    path.write_bytes(data)


def newer(path: Path) -> None:
    History.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")


UNUSABLE = [
    ("text file", lambda path: path.write_text("notes " * 100), "not a database"),
    ("another database", foreign, "something else"),
    ("damaged", damaged, "malformed"),
    ("of a newer planner", newer, "newer planner"),
    ("folder", lambda path: path.mkdir(), "not a regular file"),
    ("fifo", os.mkfifo, "not a regular file"),
]


@pytest.mark.parametrize(("make", "message"), [case[1:] for case in UNUSABLE], ids=[case[0] for case in UNUSABLE])
def test_what_is_no_history_is_named_and_left_alone(tmp_path, make, message):
    path = tmp_path / "history.sqlite"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(HistoryError, match=message) as caught:
        History.open(path)
    assert str(path) in caught.value.message
    assert caught.value.exit_code == ExitCode.USAGE
    assert (path.read_bytes() if path.is_file() else None) == before


LEVELS = [
    # what the variable of the file holds, the level that is meant
    ("off", "off"), ("OFF", "off"), ("none", "off"), ("0", "off"), ("false", "off"), ("no", "off"),
    ("metadata", "metadata"), ("full", "full"), ("on", "metadata"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "level"), LEVELS)
def test_a_level_is_no_file(tmp_path, monkeypatch, value, level):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLANNER_HISTORY", value)
    with pytest.raises(HistoryError, match=f"PLANNER_HISTORY is '{value}'") as caught:
        History.open()
    assert f"PLANNER_HISTORY_LEVEL={level} " in caught.value.hint
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("PLANNER_HISTORY", f"./{value}")
    History.open().close()
    assert (tmp_path / value).is_file()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(HistoryError, match=r"Not a directory|exists"):
        History.open(tmp_path / "file" / "history.sqlite")


def test_looking_does_not_make_one(tmp_path):
    with pytest.raises(HistoryError, match="no history yet"):
        History.open(tmp_path / "no" / "history.sqlite", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_locked_file_is_an_error_soon(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.1)
    path = tmp_path / "history.sqlite"
    with History.open(path) as history, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for use in (lambda: keep(history), history.list, history.purge, lambda: History.open(path)):
            with pytest.raises(HistoryError, match="locked") as caught:
                use()
            assert "close" in (caught.value.hint or "")
        other.rollback()
        assert keep(history) == 1


# ---------------------------------------------------------------------------------------------- versions

OLD = Path(__file__).parent / "version3.sql"
"""A history that the last planner of version 3 wrote: levels, marks, a purged question, odd values, nothing that ran."""
SAID = json.loads(OLD.with_suffix(".json").read_text(encoding="utf-8"))
"""What that planner's `history list --json`, `history show` and `bench ... history` made of it."""
LATER = {3: {"answers": "mark right_sql"}, 2: {"answers": "warnings", "candidates": "cut_by", "models": "untrained"}}
"""Columns by the version that added them."""


def old_file(path: Path, version: int) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD.read_text(encoding="utf-8"))
        for later in range(3, version, -1):
            for table, columns in LATER[later].items():
                for column in columns.split():
                    connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
    return path


def said_of(version: int) -> dict:
    """What a planner of that version would have said: defaults for what it did not know."""
    said = deepcopy(SAID)
    if version < 3:
        said["marked"] = []
        for entry in (*said["list"], *said["show"]):
            entry["mark"] = None
    for entry in said["show"] if version < 3 else ():
        entry["right_sql"] = None
    for entry in said["show"] if version < 2 else ():
        entry["warnings"] = []
        for model in entry["models"]:
            model["untrained"] = False
        for part in (each["execution"] for each in entry["candidates"]):
            part["cut_by"] = None
    return said


@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_old_file_says_what_it_said(tmp_path, monkeypatch, capsys, version):
    monkeypatch.setenv("PLANNER_HISTORY", str(old_file(tmp_path / "history.sqlite", version)))
    said = said_of(version)
    for _ in range(2):  # as it is converted, and then as it is
        assert main(["history", "list", "--json", "-n", "100"]) == 0
        assert json.loads(capsys.readouterr().out) == said["list"]
        for entry in said["show"]:
            assert main(["history", "show", str(entry["id"])]) == 0
            assert json.loads(capsys.readouterr().out) == entry
    with History.open() as history:
        marked = [[m.id, m.question, str(m.database), m.mark, m.right_sql, m.candidates] for m in history.marked()]
        assert json.loads(json.dumps(marked)) == said["marked"]
        assert keep(history) == 7, "a purged number is never given again"
    with closing(sqlite3.connect(history_path())) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert tables == ["sqlite_sequence", "answers", "queries"]
        assert connection.execute("PRAGMA user_version").fetchone() == (migrations.VERSION,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_conversion_that_fails_changes_nothing(tmp_path):
    path = old_file(tmp_path / "history.sqlite", 3)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE clusters SET probes = 'not JSON' WHERE answer_id = 6 AND cluster = 0")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(HistoryError, match="question 6 cannot be read"):
        History.open(path)
    assert path.read_bytes() == before


def test_a_version_is_never_edited():
    # Files of every version lie on users' disks: a change of the table must be a new version, with a step to it.
    with closing(sqlite3.connect(":memory:")) as connection:
        migrations.migrate(connection)
        columns = {
            table: " ".join(column[1] for column in connection.execute(f"PRAGMA table_info({table})"))
            for table in ("answers", "queries")
        }
    assert (migrations.VERSION, columns) == (
        5,
        {
            "answers": "id asked_at level question database_path sql confidence vote_share seconds mark right_sql document",
            "queries": "database_path name sql saved_at",
        },
    )


def test_a_file_of_version_4_gets_what_is_new(tmp_path):
    path = tmp_path / "history.sqlite"
    with History.open(path) as history:
        keep(history)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE queries")
        connection.execute("PRAGMA user_version = 4")
    with History.open(path) as history:
        assert len(history.list()) == 1
        assert history.saved_queries(Path("shop.sqlite")) == ()
