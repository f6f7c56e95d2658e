"""The first load of a file that is in no catalogue, in a throw-away process.

A file that the catalogue has verified is loaded at once. Any other is tried first, once: its digest is remembered
with the version of llama.cpp that survived it.

What is covered: a file on which llama.cpp aborts, crashes, hangs or fails ends in one line, and this process lives.
What is not: a file made to take over the process that loads it. llama.cpp says that untrusted models belong in
a sandbox of their own; so do we (SECURITY.md).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from planner_cli.control import Control
from planner_cli.engine.parts import with_its_parts
from planner_cli.errors import ModelError
from planner_cli.hub.cache import cache_folder, load, store
from planner_cli.hub.catalog import load_catalog
from planner_cli.hub.checksum import file_sha256
from planner_cli.hub.resolve import ResolvedModel

_SECONDS = 30.0
_BYTES_PER_SECOND = 20e6
"""How slow a machine may be: a trial reads the file once, then decodes a prompt of some 300 tokens."""

_TRIAL = "2"
"""Version of the trial: to be raised when it demands more of a file, so that all are tried again."""

_POLL_SECONDS = 0.05
_REMEMBERED = 200
_CODE = "; ".join(
    (
        "import sys",
        f"sys.path[:] = sys.argv.pop(1).split({os.pathsep!r})",
        "from planner_cli.engine.trial import main",
        "main()",
    )
)
"""Isolated (``-I``), so that nothing in the present folder is imported, but with this process's own path."""


def try_first(model: ResolvedModel, control: Control, *, cache_dir: Path | None = None) -> None:
    """Load the model, and its adapter, in a process of its own, unless this was done before or both are pinned.

    Raises :class:`ModelError` when that process does not survive, and :class:`Stopped` when ``control``
    is stopped.
    """
    files = [path for path in (model.path, model.adapter) if path is not None]
    pins = {entry.sha256 for entry in load_catalog().files if entry.verified}
    pinned = [model.sha256] if model.adapter is None else [model.sha256, model.adapter_sha256]
    if all(digest is not None for digest in pinned):
        return
    digests = [file_sha256(part, cache_dir=cache_dir) for path in files for part in with_its_parts(path)]
    if all(digest in pins for digest in digests):
        return
    key = " ".join([*digests, version("llama-cpp-python"), _TRIAL])
    cache = (cache_dir or cache_folder()) / "trials.json"
    known = _load(cache)
    if key in known:
        return
    _run(files, control)
    store(cache, [*known, key][-_REMEMBERED:])


def _run(files: list[Path], control: Control) -> None:
    """Raises as :func:`try_first` does."""
    size = sum(part.stat().st_size for path in files for part in with_its_parts(path))
    seconds = _SECONDS + size / _BYTES_PER_SECOND
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", _CODE, os.pathsep.join(filter(os.path.isabs, sys.path)), *map(str, files)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is ours to handle
        env={**os.environ, "GGML_NO_BACKTRACE": "1"},  # else an assertion starts a debugger on it
    )
    deadline = time.monotonic() + seconds
    assert process.stdout is not None
    try:
        while True:
            try:
                output, _ = process.communicate(timeout=_POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                if control.should_abort():
                    raise control.stopped() from None
                if time.monotonic() > deadline:
                    raise ModelError(
                        f"{files[0]}: loading it took over {seconds:.0f} s and was ended",
                        hint="the file may be damaged; get it again",
                    ) from None
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    _explain(files[0], process.returncode, output)


def _explain(path: Path, status: int, output: bytes) -> None:
    with suppress(ValueError, KeyError, TypeError):
        reply = json.loads(output)
        if reply["error"] is None:
            return
        raise ModelError(str(reply["error"]), hint=reply["hint"])
    how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    raise ModelError(
        f"{path}: llama.cpp does not survive loading this file ({how})",
        hint="it is damaged, hostile, or too new for this llama.cpp; get the file again from where you trust it",
    )


def _load(cache: Path) -> list[str]:
    found = load(cache)
    return [key for key in found if isinstance(key, str)] if isinstance(found, list) else []
