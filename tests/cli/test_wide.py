"""A schema of 300 tables, which no prompt of the built-in pair holds: asked, said what was shown, and overruled."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from benchmarks.wide.generated import write
from planner_cli import Planner
from planner_cli.text import nocase
from tests.running import document, planner

QUICK = ("-n", "1", "--no-judge", "--max-tokens", "24", "--history", "off")


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    path = tmp_path_factory.mktemp("wide") / "wide.sqlite"
    write(path, 300)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table museums (id integer primary key, name text, city text)")
        connection.executemany("insert into museums values (?, ?, ?)", [(n, f"m{n}", "Oslo") for n in range(7)])
    return path


@pytest.mark.model
def test_a_schema_of_300_tables_is_asked(wide):
    found = document("How many museums are there?", wide, *QUICK)
    assert found["answer"]["rows"] == [[7]]
    assert "museums" in found["shown"]
    assert len(found["shown"]) < 40
    (said,) = found["warnings"]
    assert said.startswith(f"{len(found['shown'])} of 301 tables shown: ")
    assert said.endswith("; name others with --tables")


@pytest.mark.model
def test_tables_that_are_named_are_shown_and_nothing_is_said(wide):
    done = planner("ask", "How many museums are there?", wide, *QUICK, "--tables", "museums")
    assert done.stdout.splitlines()[-2].strip("\u2502| ") == "7"
    assert "tables shown" not in done.stderr


def test_what_was_read_for_other_tables_changes_no_answer(wide, tiny_random_model):
    with Planner.open(
        wide, generator=str(tiny_random_model), no_judge=True, candidates=2, max_tokens=8, threads=1, schema_tokens=300
    ) as opened:
        first, other, again = (
            opened.ask(text)
            for text in ("How many museums?", "How many invoices are in the ledger?", "How many museums?")
        )
    assert first.shown != other.shown
    assert first.shown == again.shown
    assert first.candidates == again.candidates
    assert first.timings.generate.cached_tokens == other.timings.generate.cached_tokens == 0
    assert again.timings.generate.cached_tokens > 0
    assert "museums" in map(nocase, first.shown)


def test_another_model_chooses_with_its_own_tokens(wide, tiny_random_model, tmp_path):
    other = shutil.copy(tiny_random_model, tmp_path / "other.gguf")
    with Planner.open(
        wide, generator=str(tiny_random_model), no_judge=True, candidates=1, max_tokens=4, threads=1, schema_tokens=300
    ) as opened:
        first = opened.ask("How many museums?")
        opened.change(generator=str(other))  # the first one's memory is gone
        assert opened.ask("How many museums?").shown == first.shown
        assert opened.models[0].file == "other.gguf"
