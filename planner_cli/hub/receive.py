"""The bytes of a file on a hub: requested from where they ended, and again when the connection breaks."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, BinaryIO, NoReturn, TypeAlias

from planner_cli import __version__
from planner_cli.errors import ModelError, UnreachableError
from planner_cli.hub import store
from planner_cli.hub.client import Library, RemoteFile, explained, library, look_up, whether_to_ask_again
from planner_cli.hub.patience import AgainError, Note, Patience, Pause

Progress: TypeAlias = Callable[[int, "int | None"], None]
"""Bytes so far, and the total where known."""

_OTHER_SERVER = "a proxy or the server is at fault: try again later, or another --endpoint"
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(?:(\d+)|\*)")


def fetch(remote: RemoteFile, target: BinaryIO, *, progress: Progress, note: Note, pause: Pause = time.sleep) -> None:
    """Append the bytes that ``target`` lacks; it is open, unbuffered and positioned at its end.

    A broken connection is resumed where it ended, after a pause, and a few times without a new byte.
    Raises :class:`ModelError`; what has arrived stays in ``target``, unless the server's file is a different one.
    ``OSError`` of writing passes through.
    """
    transfer = _Transfer(library(note), remote, target, progress, note, pause)
    patience = Patience(transfer.what, note, pause, furthest=target.tell())
    while not transfer.done():
        failure = transfer.attempt()
        if failure is not None:
            patience.wait(failure, came=target.tell())


class _Transfer:
    """One file in transit: each try continues where the last one ended."""

    def __init__(
        self, hub: Library, remote: RemoteFile, target: BinaryIO, progress: Progress, note: Note, pause: Pause
    ) -> None:
        self.what = f"{remote.repo}:{remote.path}"
        self._hub = hub
        self._remote = remote
        self._target = target
        self._progress = progress
        self._note = note
        self._pause = pause
        self._renewed_at = 0
        """Bytes received when the address was last looked up again."""
        self._etag: str | None = None
        """From the first answer: a different one means a different file."""
        self._ended = False
        """Whether the server has nothing more; for files whose size it does not report."""

    def done(self) -> bool:
        return self._ended or self._target.tell() == self._remote.size

    def attempt(self) -> AgainError | None:
        """Request what is missing and write what arrives; returns a failure that may pass on another try.

        Raises :class:`ModelError` for one that will not.
        """
        try:
            self._ask()
        except AgainError as again:
            return again
        return None

    def _ask(self) -> None:
        have = self._target.tell()
        headers = self._hub.build_hf_headers(token=False, library_name="planner_cli", library_version=__version__)
        headers["Accept-Encoding"] = "identity"  # offsets and the hash are those of the file, not of a compressed one
        if have:
            headers["Range"] = f"bytes={have}-"
        seconds = self._hub.constants.HF_HUB_DOWNLOAD_TIMEOUT
        try:
            with self._hub.session().stream("GET", self._remote.url, headers=headers, timeout=seconds) as response:
                self._receive(response, have)
        except (self._hub.errors.HTTPError, self._hub.http.InvalidURL) as error:
            again = whether_to_ask_again(self._hub, error) or self._renewed(error)
            if again is None:
                raise explained(self._hub, error, self.what, self._remote.endpoint) from error
            raise again from error
        size = self._remote.size
        if size is not None and self._target.tell() < size:
            raise AgainError(f"the server ended before the {size} bytes it announced")
        self._ended = True

    def _renewed(self, error: Exception) -> AgainError | None:
        """Look the file up again where its address may have expired: a signed one does after an hour or so.

        Raises :class:`ModelError` when it has become another file.
        """
        old = self._remote
        have = self._target.tell()
        if getattr(getattr(error, "response", None), "status_code", 0) not in {401, 403} or have <= self._renewed_at:
            return None
        self._renewed_at, self._etag = have, None  # it may be another server
        self._remote = look_up(
            old.repo, old.path, revision=old.revision, endpoint=old.endpoint, note=self._note, pause=self._pause
        )
        if self._remote.etag != old.etag:
            raise ModelError(
                f"{self.what}: the file was replaced on the hub meanwhile", hint="the same command gets the new one"
            )
        return AgainError("the file's address had expired")

    def _receive(self, response: Any, have: int) -> None:
        if response.status_code == 416:
            if self._remote.size is None and _content_range(response)[1] == have:
                return  # there was nothing more
            self._restart(f"the server has no byte {have}")
        self._hub.hf_raise_for_status(response)
        start, total = _content_range(response)
        if response.status_code not in {200, 206} or (response.status_code == 206 and start != have):
            if have:
                self._restart("the server sent a different part than requested")
            raise UnreachableError(
                f"{self.what}: the server sent no whole file (status {response.status_code})", hint=_OTHER_SERVER
            )
        etag = response.headers.get("ETag")
        if etag is not None:
            known, self._etag = self._etag, etag
            if known not in {None, etag}:
                self._restart("the file was replaced on the server meanwhile")
        if have and response.status_code == 200:
            self._note(f"{self.what}: the server sends the whole file again")
            self._empty()
        self._check_size(total)
        self._write(response)

    def _write(self, response: Any) -> None:
        self._progress(self._target.tell(), self._remote.size)
        for chunk in response.iter_bytes():
            if self._remote.size is not None and self._target.tell() + len(chunk) > self._remote.size:
                self._empty()
                raise UnreachableError(
                    f"{self.what}: more arrived than the {self._remote.size} bytes announced; it was removed",
                    hint=_OTHER_SERVER,
                )
            store.append(self._target, chunk)
            self._progress(self._target.tell(), self._remote.size)

    def _check_size(self, size: int | None) -> None:
        """Refuse a file of another size than the hub says."""
        said = self._remote.size
        if size is None or said is None or size == said:
            return
        self._empty()
        raise UnreachableError(
            f"{self.what}: the server's file has {size} bytes, but {said} were announced; what arrived was removed",
            hint=_OTHER_SERVER,
        )

    def _restart(self, reason: str) -> NoReturn:
        self._empty()
        raise AgainError(f"{reason}: starting over")

    def _empty(self) -> None:
        self._target.seek(0)
        self._target.truncate()


def _content_range(response: Any) -> tuple[int, int | None]:
    """First byte and size of the whole file, as an answer's headers tell."""
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if found is not None:
        return int(found[1] or 0), int(found[2]) if found[2] else None
    length = response.headers.get("Content-Length", "")
    encoded = response.headers.get("Content-Encoding", "identity") != "identity"
    return 0, int(length) if length.isdecimal() and not encoded and response.status_code == 200 else None
