from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from database_files import build, picture

from planner_cli.database import Database, schema, unmatched
from planner_cli.settings import Limits


@pytest.fixture(autouse=True)
def time_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table or column is given up after a tenth of a second: too soon, on a busy machine, for what a test looks for."""
    for name in ("_TABLE_SECONDS", "_TEXT_SECONDS"):
        monkeypatch.setattr(schema, name, 1.0)
    monkeypatch.setattr(unmatched, "SECONDS", 5.0)


@pytest.fixture(scope="session")
def quick() -> Limits:
    """For queries that run until they are stopped; killing one takes as long again."""
    return Limits(seconds=0.2)


@pytest.fixture(scope="module")
def shop_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("shop") / "shop.db")


@pytest.fixture(scope="module")
def shop(shop_path: Path) -> Iterator[Database]:
    """One open database for a whole module; its folder must be as it was when the module is over."""
    before = picture(shop_path.parent)
    with Database.open(shop_path, limits=Limits(seconds=10)) as database:
        yield database
    assert picture(shop_path.parent) == before


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Database]]:
    """Databases by script and what is redacted, each opened once."""
    with ExitStack() as stack:

        @functools.cache
        def one(script: str, redact: tuple[str, ...]) -> Database:
            path = build(tmp_path_factory.mktemp("opened") / "a.db", script)
            return stack.enter_context(Database.open(path, redact=redact))

        yield one
