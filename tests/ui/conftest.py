"""Fixtures shared by the ui tests."""

from __future__ import annotations

import pytest

from tests.corpus.texts import naughty_strings


@pytest.fixture(scope="session")
def naughty() -> list[str]:
    return naughty_strings()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """The developer's own colour settings must not change what a test sees."""
    for name in ("NO_COLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "COLUMNS", "LINES", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
