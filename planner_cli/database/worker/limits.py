"""What the operating system enforces on the worker. Each layer is tested after it is set, not assumed.

memory    address space (not enforced by macOS, absent on Windows)
core      no core dump, which would hold the user's rows
size      no file can grow
files     no file can be opened, once the database is (see :class:`FileBelt`)
landlock  no file can be written, made, renamed, removed or run, no TCP socket used (Linux 5.13 and later)
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

resource: Any
try:
    import resource
except ImportError:  # Windows
    resource = None

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_GET_VERSION = 1
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

# From linux/landlock.h: every access right that changes or runs something, by the ABI that brought it.
# READ_FILE and READ_DIR (bits 2 and 3) stay allowed: Python and the system library read their own files.
_CHANGES = 0b1_1111_1111_0011
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_FILE_RIGHTS = ((1, _CHANGES), (2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEVICE))
_MENDING = 1 << 1 | 1 << 5 | 1 << 8 | _TRUNCATE
"""Write, remove and make regular files, and shorten them."""
_NET_ABI, _NET_RIGHTS = 4, 0b11
"""Bind and connect of TCP."""


def apply(memory: int, *, writable: str | None = None, size: int = 0) -> dict[str, bool]:
    """Set every limit this system has. Returns which of them were seen to hold.

    ``writable`` is a folder whose files may be created, written (up to ``size`` bytes each) and removed: a private
    copy to be repaired. A worker that runs queries has none.
    """
    return {
        "memory": _address_space(memory),
        "core": _set("RLIMIT_CORE", 0),
        "size": _set("RLIMIT_FSIZE", size),
        "files": resource is not None,
        "landlock": sys.platform == "linux" and _landlock(writable),
    }


def _set(name: str, value: int) -> bool:
    number = getattr(resource, name, None)
    if number is None:
        return False
    _, hard = resource.getrlimit(number)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    with suppress(ValueError, OSError):
        resource.setrlimit(number, (value, value))
    return bool(resource.getrlimit(number)[0] == value)


def _address_space(size: int) -> bool:
    if not _set("RLIMIT_AS", size):
        return False
    import mmap  # only for this test

    try:
        mmap.mmap(-1, size).close()
    except (OSError, MemoryError):
        return True
    return False


def _landlock(writable: str | None) -> bool:
    import ctypes  # 5 ms, and only needed on Linux

    class Beneath(ctypes.Structure):
        _pack_ = 1
        _layout_ = "ms"  # what _pack_ implies; newer Pythons want it explicit
        _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))

    class Rules(ctypes.Structure):
        _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64))

    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_long(0)
    abi = libc.syscall(_CREATE_RULESET, None, zero, _GET_VERSION)
    if abi < 1:
        return False
    rules = Rules(fs=sum(rights for since, rights in _FILE_RIGHTS if abi >= since))
    size = 8
    if abi >= _NET_ABI:
        rules.net, size = _NET_RIGHTS, 16
    descriptor = libc.syscall(_CREATE_RULESET, ctypes.byref(rules), ctypes.c_long(size), 0)
    if descriptor < 0:
        return False
    try:
        if writable is not None:
            folder = os.open(writable, os.O_RDONLY)
            beneath = Beneath(allowed=_MENDING & rules.fs, folder=folder)
            failed = libc.syscall(_ADD_RULE, descriptor, _PATH_BENEATH, ctypes.byref(beneath), 0)
            os.close(folder)
            if failed:
                return False
        one = ctypes.c_ulong(1)
        none = ctypes.c_ulong(0)
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, one, none, none, none):
            return False
        if libc.syscall(_RESTRICT_SELF, descriptor, 0):
            return False
    finally:
        os.close(descriptor)
    try:
        os.close(os.open(os.devnull, os.O_WRONLY))
    except PermissionError:
        return True
    return False


class FileBelt:
    """Allows no more files to be opened than are open now; loosened while the connection is renewed.

    Below the authorizer and Landlock, and the only one of the three that also stops reading: ATTACH,
    VACUUM INTO and temporary files all fail with "unable to open database file".
    """

    _SPARE = 1
    """SQLite looks into a ``-journal`` that appears, through its own descriptor."""

    def __init__(self) -> None:
        self._normal = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if resource else 0

    def loosen(self) -> None:
        self._set(self._normal)

    def tighten(self) -> None:
        """To be called with the connection open and used once."""
        if resource:
            probe = os.dup(0)  # the lowest free descriptor
            os.close(probe)
            self._set(probe + self._SPARE)

    def _set(self, soft: int) -> None:
        if resource:
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
