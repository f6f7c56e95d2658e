"""Frames between this process and the sandbox worker: four bytes of length (big endian), then JSON.

A message with ``payload`` is followed by so many bytes, which stand in its place once read.

JSON rather than pickle or marshal: the worker has read a file that may be hostile, so what it sends is
only ever parsed as data. Integers, floats (``Infinity`` included), text and NULL are JSON's own; a blob
is ``{"b": "<hex>"}``. The worker imports this module as well, so it stays with the standard library.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import IO, Any, Protocol

MAX_FRAME = 64 * 2**20
"""Bytes. More than any honest reply: results and pages of the schema are capped at a few megabytes."""

Message = dict[str, Any]


class WireError(Exception):
    """What arrived is not a frame: cut short, too large, or not valid JSON."""


class _Reader(Protocol):
    def read(self, size: int, /) -> bytes: ...


def write(stream: IO[bytes], message: Message) -> None:
    """Send one frame. Raises ``OSError`` when the other side is gone."""
    payload = message.get("payload", b"")
    if payload:
        message = {**message, "payload": len(payload)}
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    if max(len(body), len(payload)) > MAX_FRAME:
        raise WireError(f"a frame of {max(len(body), len(payload))} bytes is over the limit of {MAX_FRAME}")
    stream.write(len(body).to_bytes(4, "big") + body)
    stream.write(payload)
    stream.flush()


def read(stream: _Reader) -> Message | None:
    """The next frame, or ``None`` at the end of the stream. Raises :class:`WireError`."""
    head = stream.read(4)
    if not head:
        return None
    size = int.from_bytes(head, "big")
    if len(head) < 4 or size > MAX_FRAME:
        raise WireError("bad frame length")
    body = stream.read(size)
    if len(body) < size:
        raise WireError("frame cut short")
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WireError("frame is not JSON") from error
    if not isinstance(message, dict):
        raise WireError("frame is not an object")
    if "payload" in message:
        message["payload"] = _payload(stream, message["payload"])
    return message


def _payload(stream: _Reader, size: Any) -> bytes:
    if type(size) is not int or not 0 <= size <= MAX_FRAME:
        raise WireError("bad payload length")
    payload = stream.read(size)
    if len(payload) < size:
        raise WireError("payload cut short")
    return payload


def pack_path(path: os.PathLike[str]) -> str:
    """A path for JSON: not every file name is text, and the two processes may decode it differently."""
    return os.fsencode(path).hex()


def unpack_path(text: str) -> str:
    """The inverse of :func:`pack_path`."""
    return os.fsdecode(bytes.fromhex(text))


def pack_row(row: Iterable[Any]) -> list[Any]:
    """A row of SQLite values for JSON."""
    return [{"b": value.hex()} if isinstance(value, bytes) else value for value in row]


def unpack_row(row: Iterable[Any]) -> tuple[Any, ...]:
    """The inverse of :func:`pack_row`. Raises :class:`WireError` for anything that is not an SQLite value."""
    return tuple(_value(cell) for cell in row)


def _value(cell: Any) -> Any:
    if cell is None or type(cell) in (int, float, str):
        return cell
    try:
        return bytes.fromhex(cell["b"])
    except (TypeError, KeyError, ValueError) as error:
        raise WireError("a cell is not an SQLite value") from error
