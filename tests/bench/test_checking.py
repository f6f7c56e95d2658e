"""What is found out about the data before the first question, and that it is found out once."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace

import pytest
from faulty_data import FAULTS, MEASURED, build, faulty, locked

from planner_cli.bench.checked import CHECKED_NAME, Checked, CheckedWriter, read_checked, set_aside
from planner_cli.bench.datasets import Item, load
from planner_cli.bench.equality import EVALUATION_LIMITS, Gold
from planner_cli.bench.running import check
from planner_cli.bench.setaside import TITLES, SetAside, UnmeasurableError, counts, questions
from planner_cli.control import Control
from planner_cli.errors import Interrupted, PlannerError
from planner_cli.settings import Limits

PATIENT = replace(EVALUATION_LIMITS, seconds=60.0)
"""For a busy machine: only :func:`test_gold_that_never_ends_is_set_aside` runs into it."""


def looked_at(items, *, known=None, candidates=False, control=None, evaluation=PATIENT):
    return list(
        check(
            items, Limits(), candidates=candidates, known=known or {}, redacted={}, control=control or Control(),
            evaluation=evaluation,
        )
    )  # fmt: skip


@pytest.mark.parametrize("layout", ["spider", pytest.param("bird", marks=pytest.mark.slow), "paper"])
def test_every_fault_is_set_aside_by_name(tmp_path, layout):
    folder = faulty(tmp_path, layout, candidates=layout == "paper", without={"endless"})
    with locked(folder):
        data = load(folder)
        found = looked_at(data.items, candidates=layout == "paper")
    assert [each.item.id for each in found if each.item is not None] == list(MEASURED)
    faults = [*data.set_aside, *(line.fault for each in found for line in each.found if line.fault is not None)]
    named = {fault.name.split(" (")[0]: fault for fault in faults}
    expected = {name: fault for name, fault in FAULTS.items() if name != "endless"}
    for name, (_, _, kind, reason) in expected.items():
        assert named[name].kind == kind, name
        assert reason in named[name].reason, name
    assert named["plain"].kind == "id"
    assert {named[name].kind for name in ("silent", "homeless")} == {"record"}
    if layout == "paper":
        assert named["alone"].kind == "candidates"
        assert questions(faults) == len(expected) + 4
    else:
        assert [fault.name for fault in faults if fault.kind == "instance"] == ["concert/concert_v2.sqlite"]
        assert questions(faults) == len(expected) + 3
        assert {path.name for each in found if each.item for path in each.item.suite} == {"concert_v1.sqlite"}
    assert list(counts(faults)) == [kind for kind in TITLES if kind in counts(faults)]


def test_gold_that_never_ends_is_set_aside(shop):
    _, gold, kind, reason = FAULTS["endless"]
    (found,) = looked_at([Item("endless", "shop", shop, (), "?", gold)], evaluation=replace(PATIENT, seconds=0.2))
    (line,) = found.found
    assert (found.item, line.fault.kind) == (None, kind)
    assert reason in line.fault.reason


@pytest.fixture
def shop_items(shop):
    def made(name, gold):
        return Item(name, "shop", shop, (), "?", gold)

    return [made("good", "select count(*) from customers"), made("bad", "select nme from customers")]


def kept(found):
    return {line.key: line.fault for each in found for line in each.found if line.key is not None}


CHANGES = [
    # (name, what changes, how many golds run again)
    ("nothing", None, 0),
    ("the database", "database", 2),
    ("one question's gold", "gold", 1),
    ("the limits of gold", "limits", 2),
]


@pytest.mark.parametrize(("change", "again"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_what_is_known_is_not_looked_at_again(shop_items, shop, monkeypatch, change, again):
    first = looked_at(shop_items)
    runs = []
    original = Gold.run.__func__
    monkeypatch.setattr(Gold, "run", classmethod(lambda cls, *a, **k: runs.append(a) or original(cls, *a, **k)))
    evaluation = PATIENT
    if change == "database":
        sqlite3.connect(shop).executescript("insert into customers values (9, 'Zoe', 'Bern')").connection.close()
    elif change == "gold":
        shop_items[1] = replace(shop_items[1], gold="select name from customers")
    elif change == "limits":
        evaluation = replace(PATIENT, rows=7)
    second = looked_at(shop_items, known=kept(first), evaluation=evaluation)
    assert len(runs) == again
    assert [each.item is None for each in second] == [False, change != "gold"]
    if change is None:
        assert second == first


PASSING = [
    # (name, how the database is broken, how it is mended)
    ("it was not there yet", lambda path: path.unlink(), build),
    ("it was damaged", lambda path: path.write_bytes(b"\0" * 4096), lambda path: (path.unlink(), build(path))),
    ("it was a text", lambda path: path.write_text("x" * 999), lambda path: (path.unlink(), build(path))),
    ("it had no tables", lambda path: path.write_bytes(b""), lambda path: (path.unlink(), build(path))),
]


@pytest.mark.parametrize(("breaks", "mends"), [p[1:] for p in PASSING], ids=[p[0] for p in PASSING])
def test_a_database_that_is_mended_is_measured_by_the_same_run(tmp_path, breaks, mends):
    path = build(tmp_path / "concert.sqlite")
    asked = [Item("q", "concert", path, (), "?", "SELECT count(*) FROM singer")]
    breaks(path)
    first = looked_at(asked)
    assert first[0].item is None
    assert first[0].found[0].fault.kind == "database"
    mends(path)
    second = looked_at(asked, known=kept(first))
    assert second[0].item == asked[0]


def test_a_lock_that_is_gone_is_no_fault_any_more(tmp_path):
    path = build(tmp_path / "x/locked/locked.sqlite")
    asked = [Item("q", "locked", path, (), "?", "SELECT count(*) FROM singer")]
    with locked(tmp_path):
        first = looked_at(asked)
    assert (first[0].item, first[0].found[0].key) == (None, None)
    assert looked_at(asked, known=kept(first))[0].item == asked[0]


def test_ctrl_c_ends_the_check(shop_items):
    control = Control()
    control.cancel()
    with pytest.raises(Interrupted):
        looked_at(shop_items, control=control)


# --------------------------------------------------------------------------------------- on the disk

FAULT = SetAside("q1", "gold", "no such column: \x1b[31m\u202e")


def test_the_last_word_on_a_name_counts(tmp_path):
    writer = CheckedWriter(tmp_path)
    lines = [Checked("q1", "a", FAULT), Checked("q2", "b", None), Checked("q1", "a", FAULT), Checked("q1", "c", None)]
    for each in lines:
        writer.add(each)
    writer.close()
    data = (tmp_path / CHECKED_NAME).read_bytes()
    assert data.count(b"\n") == 3  # the same is not written twice
    assert data.isascii()
    assert b"\x1b" not in data
    assert read_checked(tmp_path) == (lines[3], lines[1])
    again = CheckedWriter(tmp_path)
    assert again.known() == {"c": None, "b": None}
    again.close()


def test_a_torn_line_is_dropped_and_a_damaged_one_named(tmp_path):
    path = tmp_path / CHECKED_NAME
    whole = json.dumps(Checked("q1", "a", FAULT).to_json()) + "\n"
    path.write_text(whole + whole[:20])
    assert read_checked(tmp_path) == (Checked("q1", "a", FAULT),)
    CheckedWriter(tmp_path).close()
    assert path.read_text() == whole
    for bad in ("{}", "[1]", whole.replace('"gold"', '"luck"').strip(), "not JSON"):
        path.write_text(f"{whole}{bad}\n")
        with pytest.raises(PlannerError, match=r"checked\.jsonl, line 2 is damaged"):
            read_checked(tmp_path)


def test_what_has_a_row_is_not_set_aside():
    checked = [Checked("q1", None, FAULT), Checked("q2", "b", None), Checked("q3", None, replace(FAULT, name="q3"))]
    assert [each.name for each in set_aside(checked, ["q1"])] == ["q3"]
    assert UnmeasurableError("size", "too large").of("q9") == SetAside("q9", "size", "too large")
