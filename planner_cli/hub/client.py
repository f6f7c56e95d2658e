"""The hub, through ``huggingface_hub``: the only module that imports it, or opens a socket for a model file.

Its ``hf_hub_download`` (2.x) writes to a file of a random name and starts anew after an interruption, and compares
sizes only; its ``http_get`` resumes, but takes whatever range comes and gives up at a reset. Here its metadata
request, headers and session are used; the bytes are asked for by :mod:`planner_cli.hub.receive` and hashed by
:mod:`planner_cli.hub.pull`.
"""

from __future__ import annotations

import logging
import math
import os
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from planner_cli import __version__
from planner_cli.errors import ModelError, UnreachableError
from planner_cli.hub.patience import AgainError, Note, Patience, Pause

_SETTINGS = {
    "HF_HUB_DISABLE_TELEMETRY": "1",  # else it also asks the hub for a list of agents to report
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_XET": "1",  # one code path; the other cannot resume at a byte, nor be pointed at a mirror
}
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_SHA256 = re.compile("[0-9a-f]{64}")
_LONGEST_WAIT = 60
"""The longest wait, in seconds, that a server's request is honoured for; beyond it the user gets an error."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on a hub, according to its current answer."""

    repo: str
    path: str
    revision: str
    """Commit; the requested revision where the server does not report one."""
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
    repo: str,
    path: str,
    *,
    revision: str | None,
    endpoint: str | None,
    note: Note,
    pause: Pause = time.sleep,
) -> RemoteFile:
    """Ask the hub about one file.

    ``endpoint`` is a mirror's address instead of ``HF_ENDPOINT`` or huggingface.co; ``note`` is called with retries.
    Raises :class:`UnreachableError` when there is no such file, or no answer, and :class:`ModelError` for what no
    other way would mend.
    """
    hub = library(note)
    base = (endpoint or hub.constants.ENDPOINT).rstrip("/")
    if urlsplit(base).scheme not in {"http", "https"} or not urlsplit(base).hostname:
        raise ModelError(f"{base!r} is not the address of a hub", hint="for example https://huggingface.co")
    what = f"{repo}:{path}"
    try:
        url = hub.hf_hub_url(repo, path, revision=revision, endpoint=base)
    except hub.errors.HFValidationError as error:
        raise ModelError(f"{what}: {_one_line(error)}", hint="owner/repository:folder/file.gguf") from error
    about: dict[str, Any] = {
        "token": False,
        "library_name": "planner_cli",
        "library_version": __version__,
        "endpoint": base,
    }
    patience = Patience(what, note, pause)
    while True:
        try:
            found = hub.get_hf_file_metadata(url, **about)
            break
        except Exception as error:
            again = whether_to_ask_again(hub, error)
            if again is None or again.unreachable:  # one that is not there at all is not asked again
                raise explained(hub, error, what, base) from error
            patience.wait(again, came=0)
    if not found.etag:
        raise UnreachableError(f"{what}: {base} sends no etag, so it is no hub", hint="check --endpoint")
    commit = found.commit_hash or revision or hub.constants.DEFAULT_REVISION
    return RemoteFile(repo, path, commit, found.size, found.etag, found.location, base)


# ------------------------------------------------------------------------------------------------- library


class Library:
    """The parts of huggingface_hub that are used, imported together."""

    def __init__(self) -> None:
        for name, value in _SETTINGS.items():  # read once, at import
            os.environ[name] = value
        from huggingface_hub import constants, errors, get_hf_file_metadata, get_session, hf_hub_url
        from huggingface_hub.utils import _http
        from huggingface_hub.utils._headers import build_hf_headers

        self.constants = constants
        self.errors = errors
        self.hf_hub_url = hf_hub_url
        self.get_hf_file_metadata = get_hf_file_metadata
        self.session = get_session
        self.hf_raise_for_status = _http.hf_raise_for_status
        self.http: Any = vars(_http)["httpx2"]
        """The library's own HTTP client."""
        self.build_hf_headers = build_hf_headers


class _Notes(logging.Handler):
    """Passes the library's warnings (retries, waits) on instead of printing them."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._note = note

    def emit(self, record: logging.LogRecord) -> None:
        self._note(_one_line(re.sub(r"\?\S*", "", record.getMessage())))  # without the query of a signed address


def library(note: Callable[[str], None]) -> Library:
    hub = Library()
    logger = logging.getLogger("huggingface_hub")
    logger.handlers = [_Notes(note)]
    logger.propagate = False
    return hub


# -------------------------------------------------------------------------------------------------- errors


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:300]


def whether_to_ask_again(hub: Library, error: Exception) -> AgainError | None:
    """A failure that may pass, and how long the server asks to wait; ``None`` for one that will not."""
    response = getattr(error, "response", None)
    if response is not None:
        seconds = _retry_after(response)
        if response.status_code not in _TRANSIENT or seconds > _LONGEST_WAIT:
            return None
        return AgainError(f"the server is busy ({response.status_code})", seconds=seconds)
    if not isinstance(error, hub.http.TransportError) or _untrusted(error):
        return None
    unreachable = isinstance(error, (hub.http.ConnectError, hub.http.ConnectTimeout, hub.http.UnsupportedProtocol))
    if isinstance(error, hub.http.TimeoutException):
        return AgainError("nothing came for a while", unreachable=unreachable)
    return AgainError(f"the connection broke ({_one_line(error) or type(error).__name__})", unreachable=unreachable)


def _retry_after(response: Any) -> int:
    """Seconds the server asks to wait, 0 where it asks for none or cannot be understood."""
    asked = response.headers.get("Retry-After", "").strip()
    if asked.isdecimal():
        return int(asked)
    try:
        until = parsedate_to_datetime(asked)
        return max(0, math.ceil((until - datetime.now(tz=timezone.utc)).total_seconds()))
    except (ValueError, TypeError):  # TypeError: a date without a zone
        return 0


def _untrusted(error: BaseException | None) -> bool:
    """Whether the server's certificate was refused."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None


def explained(hub: Library, error: Exception, what: str, base: str) -> ModelError:
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
        return UnreachableError(f"{what}: there is no such file in the repository")
    if isinstance(error, errors.HTTPError) and _untrusted(error):
        hint = "a proxy may be in between; --endpoint gives another address, planner models import takes a file"
        return UnreachableError(f"{what}: the certificate of {base} is not trusted: {_one_line(error)}", hint=hint)
    if isinstance(error, hub.http.TooManyRedirects):
        return UnreachableError(f"{what}: {base} redirects without an end", hint="check --endpoint")
    if response is None:
        hint = "check the connection; what has arrived is kept, and the same command continues from there"
        return UnreachableError(f"{what}: no answer from {base}: {_one_line(error) or type(error).__name__}", hint=hint)
    status = response.status_code
    if status in {401, 403} or isinstance(error, errors.GatedRepoError):
        hint = "no token is ever sent: get the file in a browser, then planner models import FILE"
        return UnreachableError(f"{what}: private, behind a consent form, or not there ({status})", hint=hint)
    if status == 404:
        return UnreachableError(f"{what}: {base} has no such repository or file (404)")
    wait = _retry_after(response)
    if status == 429 or wait:
        said = "limits how often it is asked" if status == 429 else "is busy"
        return UnreachableError(
            f"{what}: {base} {said} ({status})", hint=f"try again {f'in {wait} s' if wait else 'later'}"
        )
    return UnreachableError(f"{what}: {base} answered {status}", hint="try again later, or another --endpoint")
