"""Whether the end of a database file is missing.

SQLite refuses a file from which whole pages are missing as malformed, but reads what is missing of the last page as
zeros: its rows silently come back as NULL, or not at all.
"""

from __future__ import annotations

import os
from typing import Any

_MAGIC = b"SQLite format 3\0"
_HEADER = 100
_PAGES = (512, 65536)
"""Bytes of the smallest and the largest page."""


class CutOffError(Exception):
    """The file is shorter than its header says; the text says by how much."""


def check_open(raw: Any, uri: str) -> None:
    """Compare the file with the pages that SQLite counts in it. Raises :class:`CutOffError`."""
    path = _path(uri)
    if _size(path + b"-wal"):
        return  # the last pages may be there only
    with raw:  # once something has been read, no writer changes the file before the end of this transaction
        pages = raw.pragma("page_count")
        _compare(_size(path), pages * raw.pragma("page_size"))


def check_closed(uri: str) -> None:
    """The same from the header alone, for a file that SQLite could not read and has closed again."""
    try:
        with open(_path(uri), "rb", buffering=0) as file:  # noqa: PTH123 - the worker starts sooner without pathlib
            head = file.read(_HEADER)
            size = os.fstat(file.fileno()).st_size
    except OSError:
        return  # SQLite's own reason stands
    if head.startswith(_MAGIC):
        _compare(size, expected(head))


def expected(head: bytes) -> int:
    """Bytes of the whole file according to its header, or the least possible where that does not say."""
    smallest, largest = _PAGES
    page = largest if head[16:18] == b"\0\1" else int.from_bytes(head[16:18], "big")
    if len(head) < _HEADER or page < smallest or page & (page - 1):
        return smallest
    counted = head[24:28] == head[92:96]  # otherwise the last writer predates the count
    return page * max(1, int.from_bytes(head[28:32], "big") if counted else 1)


def _path(uri: str) -> bytes:
    """The inverse of ``Path.as_uri``, without :mod:`urllib`: not every file name is text."""
    first, *rest = uri.removeprefix("file://").partition("?")[0].split("%")
    return first.encode() + b"".join(bytes.fromhex(part[:2]) + part[2:].encode() for part in rest)


def _size(path: bytes) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - as above
    except OSError:
        return None


def _compare(size: int | None, whole: int) -> None:
    if size is not None and size < whole:
        raise CutOffError(f"it has {size:,} bytes of {whole:,}; SQLite refuses it, or reads what is missing as zeros")
