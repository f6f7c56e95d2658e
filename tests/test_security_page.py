"""SECURITY.md names the tests behind its promises; they are there."""

from __future__ import annotations

import re

import pytest

from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([a-z_]+/test_[a-z_]+\.py)`", PAGE)))


@pytest.mark.parametrize("name", NAMED)
def test_the_test_is_there(name):
    assert (REPOSITORY / "tests" / name).is_file()


def test_every_row_of_promises_names_a_test():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "promise" not in line]
    promises = [row for row in rows if row.count("|") == 3 and not row.startswith(("| from", "| |"))]
    assert len(promises) > 15
    assert [row for row in promises if "test_" not in row] == []
