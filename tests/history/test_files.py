"""The history file itself: private, recognised, upgraded, and never a reason to crash."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from history_values import MODELS, answer

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

NEXT = ("ALTER TABLE answers ADD COLUMN stars INTEGER", "UPDATE answers SET stars = 5")


def test_an_old_file_gets_the_steps_it_lacks(tmp_path, monkeypatch):
    with History.open(tmp_path / "history.sqlite") as history:
        keep(history)
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, NEXT))
    for _ in range(2):
        with History.open(tmp_path / "history.sqlite") as history:
            assert list(history._db.query("SELECT id, stars FROM answers")) == [{"id": 1, "stars": 5}]
            assert history._db.execute("PRAGMA user_version").fetchone() == (len(migrations.MIGRATIONS),)
            assert history.show(1).answer == answer()


def test_a_step_that_fails_changes_nothing(tmp_path, monkeypatch):
    with History.open(tmp_path / "history.sqlite") as history:
        keep(history)
    before = (tmp_path / "history.sqlite").read_bytes()
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, (*NEXT, "UPDATE missing SET x = 1")))
    with pytest.raises(HistoryError, match="no such table: missing"):
        History.open(tmp_path / "history.sqlite")
    assert (tmp_path / "history.sqlite").read_bytes() == before


FIRST = {
    "answers": "id asked_at level question database_name database_path sql best confidence vote_share reason"
    " seconds timings settings version",
    "candidates": "answer_id candidate sql samples tokens logprob complete error_kind error row_count truncated"
    " ordered seconds columns rows",
    "clusters": "answer_id cluster candidates votes place spokesman score hard mass closed_by tokens probes thought",
    "models": "answer_id role name file sha256 adapter adapter_sha256 architecture parameters device prompt",
    "sqlite_sequence": "name seq",
}
SECOND = {"answers": " warnings", "candidates": " cut_by", "models": " untrained"}
THIRD = {"answers": " mark right_sql"}


def version(*steps):
    """Columns of each table after the first version and the later steps."""
    return {table: names + "".join(step.get(table, "") for step in steps) for table, names in FIRST.items()}


@pytest.mark.parametrize(
    ("steps", "expected"),
    [(1, version()), (2, version(SECOND)), (3, version(SECOND, THIRD))],
    ids=["first", "second", "third"],
)
def test_a_version_is_never_edited(tmp_path, monkeypatch, steps, expected):
    # Files of every version lie on users' disks: a change of the tables must be a new step.
    monkeypatch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:steps])
    History.open(tmp_path / "history.sqlite").close()
    with closing(sqlite3.connect(tmp_path / "history.sqlite")) as connection:
        columns = {
            table: " ".join(column[1] for column in connection.execute(f"PRAGMA table_info({table})"))
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
    assert columns == expected


def test_a_record_of_the_first_version_is_read(tmp_path):
    path = tmp_path / "history.sqlite"
    with History.open(path) as history:
        keep(history)
    with closing(sqlite3.connect(path)) as connection:
        for step in (THIRD, SECOND):
            for table, columns in step.items():
                for column in columns.split():
                    connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.execute("PRAGMA user_version = 1")
    with History.open(path) as history:
        record = history.show(1)
    assert record.answer.warnings == ()
    assert record.mark is None
    assert record.answer.candidates == answer().candidates
    assert not any(model.untrained for model in record.models)
