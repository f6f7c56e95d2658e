"""KV states of prompts' stable parts, kept so that the second question about a database starts at once.

A state is what llama.cpp needs to continue after a prefix (23 KB a token for the built-in model; 15 MB for a schema of
600 tokens). Reading one back takes milliseconds where prefill takes seconds, in this process from memory and in the
next from the user's cache folder.

llama.cpp silently takes the state of another model and aborts the process on a truncated one (``llama-cpp.md``
section 4), so everything a state depends on is in its key, and length and checksum are compared before llama.cpp
sees it. A cache only saves time: an entry that is missing, damaged or cannot be written changes nothing else.

Not covered: the states hold the schema (and the sample values that a prompt shows), readable by whoever can read the
files. They are 0600 in a 0700 folder; ``planner cache clear`` removes them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger("planner_cli.cache")

_FORMAT = 1
_SUFFIX = ".kv"
_PART = ".part"
_IN_MEMORY = 4
"""States kept in this process: two models, two databases."""
_HEADER_LIMIT = 4096
_STALE_SECONDS = 3600.0
"""Age at which a file that was never finished (its writer was killed) is removed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One state on disk."""

    path: Path
    model: str
    """Name of the model's file: text from outside, to be cleaned before it is shown."""
    about: str | None
    """What the prompt is about, a database's name: text from outside too."""
    tokens: int
    size: int
    """Bytes of the file."""
    used: float
    """When it was last used, in seconds since 1970."""


class PrefixCache:
    """States by key, the last few in memory, more of them on disk.

    ``folder`` is ``None`` for memory alone; ``limit`` bounds the bytes on disk, least recently used out first.
    """

    def __init__(self, folder: Path | None = None, *, limit: int = 0) -> None:
        self.folder = folder if limit > 0 else None
        self.limit = limit
        self.about: str | None = None
        """What the prompts that are read now are about, for people who look at what is kept."""
        self._memory: OrderedDict[str, bytes] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        """The state under ``key``, complete and as it was written; ``None`` where there is none."""
        state = self._memory.get(key)
        if state is None and self.folder is not None:
            state = self._read(self.folder / (key + _SUFFIX))
        if state is not None:
            self._remember(key, state)
        return state

    def put(self, key: str, state: bytes, *, model: str, tokens: int) -> None:
        """Keep a state; on disk only if it fits the limit."""
        self._remember(key, state)
        if self.folder is None or len(state) > self.limit:
            return
        try:
            self._write(self.folder / (key + _SUFFIX), state, {"model": model, "tokens": tokens, "about": self.about})
            self._evict()
        except OSError as error:
            log.debug("the prefix cache is not written: %s", error)

    def drop(self, key: str) -> None:
        """Forget a state that proved useless."""
        self._memory.pop(key, None)
        if self.folder is not None:
            with suppress(OSError):
                (self.folder / (key + _SUFFIX)).unlink(missing_ok=True)

    def forget(self) -> None:
        """Give up what is in memory; the disk keeps its states."""
        self._memory.clear()

    def _remember(self, key: str, state: bytes) -> None:
        self._memory[key] = state
        self._memory.move_to_end(key)
        while len(self._memory) > _IN_MEMORY:
            self._memory.popitem(last=False)

    def _read(self, path: Path) -> bytes | None:
        try:
            with path.open("rb") as file:
                header = _header(file.readline(_HEADER_LIMIT))
                state = file.read()
            if header is None or len(state) != header["bytes"] or _checksum(state) != header["checksum"]:
                log.debug("%s is damaged and is removed", path)
                path.unlink(missing_ok=True)
                return None
            os.utime(path)  # used now
        except OSError as error:
            log.debug("the prefix cache is not read: %s", error)
            return None
        return state

    def _write(self, path: Path, state: bytes, about: dict[str, Any]) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        header = {"format": _FORMAT, **about, "bytes": len(state), "checksum": _checksum(state)}
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=_PART)  # created with mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(json.dumps(header).encode("ascii") + b"\n")
                file.write(state)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _evict(self) -> None:
        if self.folder is None:
            return
        total = 0
        for entry in sorted(entries(self.folder), key=lambda entry: -entry.used):
            total += entry.size
            if total > self.limit:
                entry.path.unlink(missing_ok=True)
        for part in self.folder.glob("*" + _PART):
            if time.time() - part.stat().st_mtime > _STALE_SECONDS:
                part.unlink(missing_ok=True)


def state_key(identity: Sequence[object], tokens: Sequence[int]) -> str:
    """Name of the state of ``tokens`` under everything in ``identity`` it depends on, as 40 hexadecimal digits."""
    content = json.dumps([_FORMAT, list(identity), list(tokens)], separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:40]


def entries(folder: Path) -> Iterator[Entry]:
    """What is in the folder, without damaged headers; nothing where there is no folder."""
    for path in sorted(folder.glob("*" + _SUFFIX)):
        try:
            with path.open("rb") as file:
                header = _header(file.readline(_HEADER_LIMIT))
            facts = path.stat()
        except OSError:
            continue
        if header is not None:
            about = header.get("about")
            yield Entry(
                path, str(header["model"]), None if about is None else str(about), int(header["tokens"]), facts.st_size,
                facts.st_mtime,
            )  # fmt: skip


def clear(folder: Path) -> int:
    """Remove all states, and what was left of unfinished ones; returns how many states.

    Raises:
        OSError: one cannot be removed.

    """
    states = sorted(folder.glob("*" + _SUFFIX))
    for path in (*states, *folder.glob("*" + _PART)):
        path.unlink(missing_ok=True)
    return len(states)


def _header(line: bytes) -> dict[str, Any] | None:
    try:
        header = json.loads(line)
    except ValueError:
        return None
    known = isinstance(header, dict) and header.get("format") == _FORMAT
    return header if known and {"model", "tokens", "bytes", "checksum"} <= header.keys() else None


def _checksum(state: bytes) -> str:
    return hashlib.sha256(state).hexdigest()
