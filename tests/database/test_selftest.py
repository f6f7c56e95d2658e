"""The self-test of ``planner doctor --safety``: passes on the real sandbox, fails on one with a hole."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import apsw
import pytest

from planner_cli.database import selftest
from planner_cli.database.sandbox import Database
from planner_cli.types import Execution


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for temporary files of its own: another worker's may hold others' at any moment."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = tmp_path_factory.mktemp("temporary")
        monkeypatch.setattr("tempfile.tempdir", str(folder))
        yield folder


@pytest.fixture(scope="module")
def checks(temporary: Path) -> tuple[selftest.Check, ...]:
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


def test_nothing_is_left(temporary: Path, checks: tuple[selftest.Check, ...]) -> None:
    assert checks
    assert list(temporary.iterdir()) == []


def test_what_is_late_once_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "_ATTACKS", selftest._ATTACKS[:1])
    for moments, passed in ([0, 9, 10, 10.1], True), ([0, 9, 10, 19, 20, 29], False):
        clock = iter(moments)
        monkeypatch.setattr(selftest, "time", SimpleNamespace(monotonic=lambda clock=clock: next(clock)))
        assert selftest.run()[0].passed is passed
        assert next(clock, None) is None


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
    assert "new next to it: evil.db, out.db" in state.detail
    assert "changed: target.db" in state.detail
