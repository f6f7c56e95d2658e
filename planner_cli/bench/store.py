"""Runs on disk: a folder with ``run.json`` (what fixes the run) and ``rows.jsonl`` (one item a line).

Beside them ``checked.jsonl`` has what is known about the data (:mod:`planner_cli.bench.checked`).

A line counts once its newline is on the disk. Every row is synced before the next one is computed, so ``kill -9``
or a power cut costs at most the item in progress; what such an end left of a line is dropped when the run is
opened again. All files are strict JSON in ASCII: no NaN, and nothing in them drives a terminal.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeAlias

from planner_cli.bench.checked import Checked, CheckedWriter, read_checked, set_aside
from planner_cli.bench.files import append_line, drop_torn_line, refusals, strict, sync_folder, whole_lines, why
from planner_cli.bench.rows import ItemRow
from planner_cli.bench.setaside import SetAside
from planner_cli.errors import PlannerError

Kind: TypeAlias = Literal["intrinsic", "e2e"]

INFO_NAME = "run.json"
ROWS_NAME = "rows.jsonl"
_TEMPORARY_NAME = INFO_NAME + ".part"
_FORMAT = 1

_FIXED = ("kind", "settings", "models", "versions", "dataset")
"""Fields of :class:`RunInfo` that two runs must share for their rows to stand in one table."""
_MEASURED = ("seconds", "peak_memory", "joules")
"""Fields of a row that differ whenever it is computed again."""


@dataclass(frozen=True, kw_only=True)
class RunInfo:
    """What fixes a run, and where it was made. Plain JSON values throughout."""

    kind: Kind
    settings: Mapping[str, Any]
    """Everything that can be set and changes rows; nothing that differs between shards."""
    models: tuple[Mapping[str, Any], ...]
    """One :class:`planner_cli.types.ModelInfo` each, as a mapping: role, name, file, sha256, ..."""
    versions: Mapping[str, str]
    """Library -> version."""
    dataset: Mapping[str, Any]
    """name, fingerprint, items, ... of the whole data set, not of the shard."""
    shard: str | None = None
    """``"1/4"``; ``None`` is the whole data set. Not compared when runs are merged."""
    machine: Mapping[str, Any] = field(default_factory=dict)
    """Processor, cores, memory, system: for the reader, never compared."""
    command: str = ""
    """The command line that started it."""

    def to_json(self) -> dict[str, Any]:
        return {"format": _FORMAT, **{f.name: getattr(self, f.name) for f in fields(RunInfo)}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunInfo:
        values = {key: value for key, value in data.items() if key != "format"}
        return cls(**{**values, "models": tuple(values["models"])})


@dataclass(frozen=True, kw_only=True)
class Run(RunInfo):
    """A run as read from disk."""

    path: Path
    rows: tuple[ItemRow, ...]
    checked: tuple[Checked, ...] = ()
    """What is known about the data."""

    @property
    def set_aside(self) -> tuple[SetAside, ...]:
        """What could not be measured, in the order in which it was found."""
        return set_aside(self.checked, (row.item for row in self.rows))

    @property
    def name(self) -> str:
        """The folder's name, for titles and legends."""
        return self.path.resolve().name

    @property
    def info(self) -> RunInfo:
        return RunInfo(**{f.name: getattr(self, f.name) for f in fields(RunInfo)})


def load_run(path: Path) -> Run:
    """Read a run; a torn last line is left out.

    Raises :class:`PlannerError` when the folder holds no run, or names the file and line that is damaged.
    """
    info = _read_info(path)
    rows_path = path / ROWS_NAME
    with refusals(rows_path):
        data = rows_path.read_bytes() if rows_path.exists() else b""
    rows = _distinct(
        (_row(line, rows_path, number), rows_path) for number, line in enumerate(whole_lines(data), start=1)
    )
    return Run(
        **{f.name: getattr(info, f.name) for f in fields(RunInfo)}, path=path, rows=rows, checked=read_checked(path)
    )


class RunWriter:
    """Appends rows to a run, old or new; a context manager, and the only writer of its folder meanwhile.

    Opening an old run with another ``info`` raises :class:`PlannerError` naming what differs, as does a folder that
    holds something else, or one that another process writes to.
    """

    def __init__(self, path: Path, info: RunInfo) -> None:
        self.path = path
        with refusals(path):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)  # it will hold rows of a database
            self._prepare(info)
            self._file = os.open(path / ROWS_NAME, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            sync_folder(path)
        try:
            self._lock()
            with refusals(path / ROWS_NAME):
                drop_torn_line(self._file, path / ROWS_NAME)
            self._keys = {row.key for row in load_run(path).rows}
            self.checked = CheckedWriter(path)
        except BaseException:
            os.close(self._file)
            raise

    def keys(self) -> Collection[str]:
        """Keys of the rows that are done."""
        return self._keys

    def write(self, row: ItemRow) -> None:
        """Append a row and wait until it is on the disk.

        Raises :class:`PlannerError` when its key is done already or the disk refuses, ``ValueError`` for a NaN or
        infinity in it.
        """
        if row.key in self._keys:
            raise PlannerError(f"{self.path / ROWS_NAME} has item {row.item} already (key {row.key})")
        with refusals(self.path / ROWS_NAME):
            append_line(self._file, row.to_json())
        self._keys.add(row.key)

    def close(self) -> None:
        self.checked.close()
        os.close(self._file)

    def __enter__(self) -> RunWriter:  # noqa: PYI034 - typing.Self needs Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _prepare(self, info: RunInfo) -> None:
        """See to a ``run.json`` that says ``info``."""
        if (self.path / INFO_NAME).exists():
            known = _read_info(self.path)
            different = [*differences(known, info), *_difference("shard", known.shard, info.shard)]
            if different:
                raise PlannerError(
                    f"{self.path} is a run with other settings: {'; '.join(different)}",
                    hint="go on with the same settings, or name another folder",
                )
            return
        others = sorted(entry.name for entry in self.path.iterdir() if entry.name != _TEMPORARY_NAME)
        if others:
            raise PlannerError(
                f"{self.path} is no run, but holds {others[0]!r}", hint="name a folder that is new or empty"
            )
        _write_info(self.path, info)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise PlannerError(f"another process is writing to {self.path}") from error


def merge(runs: Sequence[Run], out: Path) -> Run:
    """Write the rows of several shards as one run, sorted by item, whatever the order of ``runs``.

    A row that stands in several runs is taken once. Raises :class:`PlannerError` when there is nothing to merge,
    when the runs differ in what fixes them, or when the same key has different content (times aside); then
    nothing is written. Raises it also when ``out`` is not new or empty.
    """
    if not runs:
        raise PlannerError("there is no run to merge")
    for run in runs[1:]:
        different = differences(runs[0], run)
        if different:
            raise PlannerError(
                f"{runs[0].path} and {run.path} are not shards of one run: {'; '.join(different)}",
                hint="compare them with planner bench report or planner bench diff",
            )
    rows = sorted(_distinct((row, run.path) for run in runs for row in run.rows), key=lambda row: _natural(row.item))
    with refusals(out):
        if out.exists() and any(out.iterdir()):
            raise PlannerError(f"{out} is not empty", hint="name a folder that is new or empty")
    machines = [run.machine for run in runs]
    same_machine = all(machine == machines[0] for machine in machines)
    info = replace(
        runs[0].info,
        shard=None,
        machine=machines[0] if same_machine else {"several": machines},
        command="\n".join(dict.fromkeys(run.command for run in runs)),
    )
    with RunWriter(out, info) as writer:
        for row in rows:
            writer.write(row)
        for each in (each for run in runs for each in run.checked):
            writer.checked.add(each)
    return load_run(out)


# ------------------------------------------------------------------------------------------------- reading


def _read_info(folder: Path) -> RunInfo:
    path = folder / INFO_NAME
    if not path.is_file():
        raise PlannerError(
            f"{folder} is no run: it has no {INFO_NAME}", hint="planner bench intrinsic or e2e makes one"
        )
    with refusals(path):
        text = path.read_bytes()
    try:
        data = strict(text)
        if data["format"] != _FORMAT:
            raise PlannerError(f"{path} has format {data['format']!r}, this planner reads {_FORMAT}")
        return RunInfo.from_json(data)
    except (ValueError, TypeError, KeyError) as error:
        raise PlannerError(f"{path} is damaged: {why(error)}") from error


def _row(line: bytes, path: Path, number: int) -> ItemRow:
    try:
        return ItemRow.from_json(strict(line))
    except (ValueError, TypeError, KeyError) as error:
        raise PlannerError(
            f"{path}, line {number} is damaged: {why(error)}", hint="delete the line, and the item is computed again"
        ) from error


def _distinct(rows: Iterable[tuple[ItemRow, Path]]) -> tuple[ItemRow, ...]:
    """Each key once, in order of first appearance; ``rows`` come with the place they were read from."""
    seen: dict[str, tuple[ItemRow, Path]] = {}
    for row, place in rows:
        known, known_place = seen.setdefault(row.key, (row, place))
        if known is not row and _content(known) != _content(row):
            raise PlannerError(
                f"item {row.item} has two different rows under one key, in {known_place} and {place}",
                hint="one of the runs is damaged, or was made with a planner that counts keys differently",
            )
    return tuple(row for row, _ in seen.values())


def _content(row: ItemRow) -> dict[str, Any]:
    return {key: value for key, value in asdict(row).items() if key not in _MEASURED}


def _natural(text: str) -> list[tuple[int, str]]:
    """A sort key under which ``q2`` comes before ``q10``."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", text)]


# ------------------------------------------------------------------------------------------------- writing


def _write_info(folder: Path, info: RunInfo) -> None:
    """Write ``run.json`` so that it is there whole or not at all."""
    temporary = folder / _TEMPORARY_NAME
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        json.dump(info.to_json(), file, indent=2, allow_nan=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / INFO_NAME)
    sync_folder(folder)


# ----------------------------------------------------------------------------------------------- comparing


def differences(one: RunInfo, other: RunInfo) -> list[str]:
    """What differs between two runs in the fields that fix them, one text each."""
    return [text for name in _FIXED for text in _difference(name, getattr(one, name), getattr(other, name))]


def _difference(name: str, one: Any, other: Any) -> list[str]:
    one, other = _plain(one), _plain(other)
    if isinstance(one, dict) and isinstance(other, dict):
        keys = [*one, *(key for key in other if key not in one)]
        return [text for key in keys for text in _difference(f"{name}.{key}", one.get(key), other.get(key))]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [text for at, (a, b) in pairs for text in _difference(f"{name}[{at}]", a, b)]
    return [] if one == other else [f"{name} {json.dumps(one)} against {json.dumps(other)}"]


def _plain(value: Any) -> Any:
    """A value as it looks after a trip through JSON: tuples are lists, mappings are dicts."""
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    return list(value) if isinstance(value, (tuple, list)) else value
