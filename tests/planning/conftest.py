from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import make_shop
from tests.planning.opened import close_all


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One for all tests of a module, none of which changes it."""
    yield make_shop(tmp_path_factory.mktemp("shop") / "shop.sqlite")
    close_all()
