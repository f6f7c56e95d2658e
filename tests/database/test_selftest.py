"""The self-test of ``planner doctor --safety``: passes on the real sandbox, fails on one with a hole."""

from __future__ import annotations

import sys
import tempfile
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from planner_cli.database import selftest
from planner_cli.database.sandbox import Database
from planner_cli.types import Execution


@pytest.fixture(scope="module")
def checks() -> tuple[selftest.Check, ...]:
    return selftest.run()


def test_every_attack_fails_here(checks: tuple[selftest.Check, ...]) -> None:
    attacks = [check for check in checks if check.kind == "attack"]
    assert len(attacks) == len(selftest._ATTACKS)
    assert [check for check in checks if check.kind != "layer" and not check.passed] == []
    assert all("\n" not in check.detail for check in checks)


@pytest.mark.skipif(sys.platform != "linux", reason="what Linux enforces")
def test_layers_are_those_the_worker_saw(checks: tuple[selftest.Check, ...]) -> None:
    layers = {check.detail: check.passed for check in checks if check.kind == "layer"}
    assert set(layers) == {"memory", "core", "size", "files", "landlock"}
    assert all(holds for name, holds in layers.items() if name != "landlock")


def test_nothing_is_left(checks: tuple[selftest.Check, ...]) -> None:
    assert not list(Path(tempfile.gettempdir()).glob("planner-selftest-*"))


def test_a_hole_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox that runs everything, in this process: the statements are real attacks."""

    def hole(database: Database, sql: str) -> Execution:
        try:
            with closing(apsw.Connection(str(database.path))) as connection:
                return Execution(("x",), tuple(connection.execute(sql).fetchall()))
        except apsw.Error as error:
            return Execution(error=str(error), error_kind="other")

    quick = tuple(attack for attack in selftest._ATTACKS if attack[2] == selftest._REFUSED)
    monkeypatch.setattr(selftest, "_ATTACKS", quick)
    monkeypatch.setattr(Database, "execute", hole)
    found = {check.name: check for check in selftest.run()}
    assert not any(check.passed for check in found.values() if check.kind == "attack")
    state = found["the file and its folder after all of it"]
    assert not state.passed
    assert "new beside it: evil.db, out.db" in state.detail
    assert "changed: target.db" in state.detail
