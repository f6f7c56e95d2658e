"""What is known about a run's data: ``checked.jsonl`` in its folder, one question or instance per line.

The last line about a name counts. One with a key need not be checked again while the key is the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner_cli.bench.files import append_line, drop_torn_line, refusals, strict, whole_lines, why
from planner_cli.bench.setaside import SetAside
from planner_cli.errors import PlannerError

CHECKED_NAME = "checked.jsonl"


@dataclass(frozen=True, slots=True)
class Checked:
    name: str
    """The question's id, or the instance's name."""
    key: str | None
    """Hash of everything the finding depends on; ``None``: it must be checked again the next time."""
    fault: SetAside | None
    """``None``: it can be measured."""

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "key": self.key, "fault": self.fault and self.fault.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Checked:
        fault = data["fault"]
        return cls(str(data["name"]), data["key"], None if fault is None else SetAside.from_json(fault))


def read_checked(folder: Path) -> tuple[Checked, ...]:
    """What a run's folder knows, the last finding for each name, in the order of their first lines.

    Raises:
        PlannerError: names the file and line that is damaged.

    """
    path = folder / CHECKED_NAME
    with refusals(path):
        data = path.read_bytes() if path.exists() else b""
    found: dict[str, Checked] = {}
    for number, line in enumerate(whole_lines(data), start=1):
        try:
            each = Checked.from_json(strict(line))
        except (ValueError, TypeError, KeyError) as error:
            raise PlannerError(
                f"{path}, line {number} is damaged: {why(error)}",
                hint="delete the file, and the data are checked again",
            ) from error
        found[each.name] = each
    return tuple(found.values())


def set_aside(checked: Iterable[Checked], measured: Iterable[str]) -> tuple[SetAside, ...]:
    """What is set aside, except for questions that have a row nevertheless."""
    rows = frozenset(measured)
    return tuple(each.fault for each in checked if each.fault is not None and each.name not in rows)


class CheckedWriter:
    """Appends to a folder's file; its folder must be locked by the caller."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / CHECKED_NAME
        self._last = {each.name: each for each in read_checked(folder)}
        with refusals(self._path):
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            drop_torn_line(self._file, self._path)

    def known(self) -> dict[str, SetAside | None]:
        """What was found, by key."""
        return {each.key: each.fault for each in self._last.values() if each.key is not None}

    def add(self, checked: Checked) -> None:
        """Record a finding, unless it is known."""
        if self._last.get(checked.name) == checked:
            return
        with refusals(self._path):
            append_line(self._file, checked.to_json())
        self._last[checked.name] = checked

    def close(self) -> None:
        os.close(self._file)
