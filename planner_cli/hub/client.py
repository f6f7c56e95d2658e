"""The hub, through ``huggingface_hub``: the only module that imports it, or opens a socket for a model file.

Its ``hf_hub_download`` (2.x) writes to a file of a random name and starts anew after an interruption, and compares
sizes only. Here its two halves are used: the metadata request, and ``http_get``, which resumes at a byte; the bytes
are hashed by :mod:`planner_cli.hub.pull`.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from planner_cli import __version__
from planner_cli.errors import ModelError

Progress = Callable[[int, "int | None"], None]
"""Bytes there are so far, and bytes in all where known."""

_SETTINGS = {
    "HF_HUB_DISABLE_TELEMETRY": "1",  # else it also asks the hub for a list of agents to report
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_XET": "1",  # one code path; the other cannot resume at a byte, nor be pointed at a mirror
    "HF_HUB_DISABLE_PROGRESS_BARS": "0",  # ours is told through the bar it would draw
}
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_CHUNK = 2**20
"""Bytes between two writes; the library's 10 MiB would be lost at each interruption."""
_SHA256 = re.compile("[0-9a-f]{64}")
_LONGEST_WAIT = 60
"""Seconds a server may ask to wait; longer, and the user is told instead."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on a hub, as it answers now."""

    repo: str
    path: str
    revision: str
    """Commit; what was asked for where the server does not tell."""
    size: int | None
    """Bytes."""
    etag: str
    url: str
    """Where its bytes are, perhaps on another host."""
    endpoint: str

    @property
    def sha256(self) -> str | None:
        """What the hub says the file's sha256 is: the etag of a large file."""
        return self.etag if _SHA256.fullmatch(self.etag) else None


def look_up(
    repo: str, path: str, *, revision: str | None, endpoint: str | None, note: Callable[[str], None]
) -> RemoteFile:
    """Ask the hub about one file.

    ``endpoint`` is a mirror's address instead of ``HF_ENDPOINT`` or huggingface.co; ``note`` is told of retries.
    Raises :class:`ModelError` when there is no such file, or no answer.
    """
    hub = _library(note)
    base = (endpoint or hub.constants.ENDPOINT).rstrip("/")
    if urlsplit(base).scheme not in {"http", "https"} or not urlsplit(base).hostname:
        raise ModelError(f"{base!r} is not the address of a hub", hint="for example https://huggingface.co")
    what = f"{repo}:{path}"
    try:
        url = hub.hf_hub_url(repo, path, revision=revision, endpoint=base)
        found = _metadata(hub, url, base)
    except hub.errors.HFValidationError as error:
        raise ModelError(f"{what}: {_one_line(error)}", hint="owner/repository:folder/file.gguf") from error
    except Exception as error:
        raise _explained(hub, error, what, base) from error
    if not found.etag:
        raise ModelError(f"{what}: {base} sends no etag, so it is no hub", hint="check --endpoint")
    commit = found.commit_hash or revision or hub.constants.DEFAULT_REVISION
    return RemoteFile(repo, path, commit, found.size, found.etag, found.location, base)


def _metadata(hub: Any, url: str, base: str) -> Any:
    """The answer to a HEAD request; a busy server is asked again, one that is not there is not."""
    about = {"token": False, "library_name": "planner_cli", "library_version": __version__, "endpoint": base}
    try:
        return hub.get_hf_file_metadata(url, **about)
    except hub.errors.HfHubHTTPError as error:
        wait = error.response.headers.get("Retry-After", "0")
        if error.response.status_code not in _TRANSIENT or not wait.isdecimal() or int(wait) > _LONGEST_WAIT:
            raise
    return hub.get_hf_file_metadata(url, retry_on_errors=True, **about)


def fetch(remote: RemoteFile, target: BinaryIO, *, have: int, progress: Progress, note: Callable[[str], None]) -> None:
    """Append the bytes from ``have`` on to ``target``, which is open, unbuffered and positioned there.

    A broken connection is taken up again, as long as each try brings bytes (the library retries five times without).
    Raises :class:`ModelError`; what has come so far stays in ``target``. ``OSError`` of writing passes through.
    """
    hub = _library(note)
    what = f"{remote.repo}:{remote.path}"
    headers = hub.build_hf_headers(token=False, library_name="planner_cli", library_version=__version__)
    headers["Accept-Encoding"] = "identity"  # offsets and the hash are those of the file, not of a compressed one
    while True:
        try:
            hub.http_get(
                remote.url,
                target,
                resume_size=have,
                headers=headers,
                expected_size=remote.size,
                displayed_filename="model",
                tqdm_class=_bar(progress),
            )
        except hub.errors.HTTPError as error:
            came = target.tell()
            if not hasattr(error, "response") and came > have:
                note(f"the connection broke after {came} bytes; going on from there")
                have = came
                continue
            raise _explained(hub, error, what, remote.endpoint) from error
        return


# ------------------------------------------------------------------------------------------------- library


class _Library:
    """The parts of huggingface_hub that are used, imported together."""

    def __init__(self) -> None:
        for name, value in _SETTINGS.items():  # read once, at import
            os.environ[name] = value
        from huggingface_hub import constants, errors, file_download, get_hf_file_metadata, hf_hub_url
        from huggingface_hub.utils._headers import build_hf_headers

        constants.DOWNLOAD_CHUNK_SIZE = _CHUNK
        self.constants = constants
        self.errors = errors
        self.hf_hub_url = hf_hub_url
        self.get_hf_file_metadata = get_hf_file_metadata
        self.http_get = file_download.http_get
        self.build_hf_headers = build_hf_headers


class _Notes(logging.Handler):
    """Hands the library's warnings (retries, waits) on instead of printing them."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._note = note

    def emit(self, record: logging.LogRecord) -> None:
        self._note(_one_line(re.sub(r"\?\S*", "", record.getMessage())))  # without the query of a signed address


def _library(note: Callable[[str], None]) -> _Library:
    hub = _Library()
    logger = logging.getLogger("huggingface_hub")
    logger.handlers = [_Notes(note)]
    logger.propagate = False
    return hub


def _bar(progress: Progress) -> type:
    """A class with as much of tqdm's interface as ``http_get`` uses."""

    class Bar:
        """Not a subclass of tqdm: that one starts a thread."""

        def __init__(self, *, total: int | None = None, initial: int = 0, **_look: object) -> None:
            self._total = total
            self._done = initial
            progress(initial, total)

        def update(self, count: int) -> None:
            self._done += count
            progress(self._done, self._total)

        def __enter__(self) -> Bar:  # noqa: PYI034 - Self needs Python 3.11 or another dependency
            return self

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
        ) -> None:
            pass

    return Bar


# -------------------------------------------------------------------------------------------------- errors


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:300]


def _explained(hub: _Library, error: Exception, what: str, base: str) -> ModelError:
    """What a failed request means for the user."""
    errors = hub.errors
    response = getattr(error, "response", None)
    if isinstance(error, ModelError):
        return error
    if isinstance(error, errors.OfflineModeIsEnabled):
        return ModelError("HF_HUB_OFFLINE is set: nothing is pulled", hint="unset it, or planner models import a file")
    if isinstance(error, errors.RevisionNotFoundError):
        return ModelError(f"{what}: there is no such revision", hint="leave --revision out for the newest")
    if isinstance(error, errors.RemoteEntryNotFoundError):
        return ModelError(f"{what}: there is no such file in the repository")
    if response is None:
        hint = "check the connection; what has come is kept, the same command goes on from there"
        return ModelError(f"{what}: no answer from {base}: {_one_line(error) or type(error).__name__}", hint=hint)
    status = response.status_code
    if status in {401, 403} or isinstance(error, errors.GatedRepoError):
        hint = "no token is ever sent: get the file in a browser, then planner models import FILE"
        return ModelError(f"{what}: private, behind a consent form, or not there ({status})", hint=hint)
    if status == 404:
        return ModelError(f"{what}: {base} has no such repository or file (404)")
    if status == 429:
        wait = response.headers.get("Retry-After")
        later = f"in {wait} s" if wait else "later"
        return ModelError(f"{what}: {base} limits how often it is asked (429)", hint=f"try again {later}")
    return ModelError(f"{what}: {base} answered {status}", hint="try again later, or another --endpoint")
