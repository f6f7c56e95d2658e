"""llama.cpp as a library: loaded once, its log kept off the screen, its features named.

Importing this module imports ``llama_cpp`` (about 0.2 s) and sets the environment it reads at load time.
"""

from __future__ import annotations

import ctypes
import functools
import logging
import os
from collections.abc import Container
from pathlib import Path
from typing import Any

# A failed assertion would otherwise start gdb on us and print to the terminal (sqlite-safety.md section 5).
os.environ.setdefault("GGML_NO_BACKTRACE", "1")
# OpenMP threads that spin for ever collapse when another process is using a core. A short spin costs nothing on an
# idle machine (2 cores, 135M: 253 against 224 tokens/s at width 8) and is the best of all on a busy one
# (105 against 65-91); never spinning costs a third (164). See llama-cpp.md, "Contention".
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import llama_cpp

L: Any = llama_cpp
"""The binding: ctypes throughout, so nothing in it has a useful static type."""

log = logging.getLogger("planner_cli.llama")

_LEVELS = {1: logging.DEBUG, 2: logging.DEBUG, 3: logging.INFO, 4: logging.INFO, 5: logging.DEBUG}
"""ggml's level (debug, info, warn, error, continuation) to ours: its warnings are not the user's."""


@L.llama_log_callback  # type: ignore[untyped-decorator]
def _forward_log(level: int, text: bytes, _data: ctypes.c_void_p) -> None:
    line = text.decode("utf-8", "replace").rstrip()
    if line:
        log.log(_LEVELS.get(level, logging.DEBUG), line)


@functools.cache
def start() -> None:
    """Initialise the backend once per process."""
    L.llama_log_set(_forward_log, ctypes.c_void_p(0))
    L.llama_backend_init()


def gpu_supported() -> bool:
    """Whether this build of llama.cpp can put layers on a GPU."""
    return bool(L.llama_supports_gpu_offload())


def features() -> dict[str, str]:
    """What llama.cpp was built with and found, for example ``{"AVX2": "1", "OPENMP": "1"}``; absent is off."""
    found: dict[str, str] = {}
    for part in L.llama_print_system_info().decode("utf-8", "replace").split("|"):
        name, _, value = part.rpartition("=")
        if name:
            found[name.rpartition(":")[2].strip()] = value.strip()
    return found


_FLAGS = {
    "avx2": "AVX2",
    "f16c": "F16C",
    "fma": "FMA",
    "avx_vnni": "AVX_VNNI",
    "avx512f": "AVX512",
    "avx512_vnni": "AVX512_VNNI",
    "avx512_bf16": "AVX512_BF16",
    "amx_int8": "AMX_INT8",
}
"""The kernel's names of an x86 CPU's vector units, and llama.cpp's names of those it has code for."""


def unused_units(cpuinfo: str, built_with: Container[str]) -> tuple[str, ...] | None:
    """The vector units that a CPU has and this build of llama.cpp does not use, by llama.cpp's names.

    ``cpuinfo`` is the text of ``/proc/cpuinfo``, ``built_with`` the names of :func:`features`. ``None`` where the text
    lists no flags (anything but Linux on x86). A build made on the machine leaves none out; a prebuilt wheel is made
    for any CPU and leaves out what is newer than AVX2.
    """
    for line in cpuinfo.splitlines():
        if line.startswith("flags"):
            flags = line.partition(":")[2].split()
            return tuple(unit for flag, unit in _FLAGS.items() if flag in flags and unit not in built_with)
    return None


def repacks_weights() -> bool:
    """Whether llama.cpp copies 4-bit weights into another order for this CPU (memory: they are there twice)."""
    known = features()
    return "REPACK" in known and ("AVX2" in known or "DOTPROD" in known)


def version() -> str:
    return str(L.__version__)


def logical_cores() -> int:
    """Hardware threads that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def physical_cores() -> int:
    """Cores this process may use: hyper-threads of one core counted once, a container's share respected (Linux)."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    allowed = sorted(os.sched_getaffinity(0))
    cores = len(dict.fromkeys(_siblings(cpu) for cpu in allowed))
    return max(1, min(cores, _container_share(cores)))


def _container_share(otherwise: int) -> int:
    """Whole CPUs the control group grants, ``otherwise`` where it sets no limit."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return otherwise if quota == "max" else int(quota) // int(period)
    except (OSError, ValueError):
        return otherwise


def _siblings(cpu: int) -> str:
    try:
        return Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text().strip()
    except OSError:
        return str(cpu)


QUIET = 0.3
"""Cores' worth of other processes' work up to which a machine counts as quiet."""


def busy_seconds() -> float | None:
    """CPU seconds that all cores have been busy since the system started (Linux; elsewhere ``None``)."""
    return _worked({"cpu"}, niced=True)


def rival_seconds() -> float | None:
    """CPU seconds that the cores of this process have spent on anyone who does not yield to it.

    That is all work except by processes with a nice value, unless this one has one too (Linux; elsewhere ``None``).
    """
    if not hasattr(os, "sched_getaffinity"):
        return None
    return _worked({f"cpu{core}" for core in os.sched_getaffinity(0)}, niced=os.nice(0) > 0)


def _worked(cores: Container[str], *, niced: bool) -> float | None:
    """Of the named lines of ``/proc/stat``, with what a virtual machine's host took from them."""
    ticks = 0
    try:
        for line in Path("/proc/stat").read_text().splitlines():
            name, *fields = line.split()
            if name in cores:
                user, nice, system, _idle, _waiting, *others = map(int, fields[:8])
                ticks += user + system + sum(others) + (nice if niced else 0)
    except (OSError, ValueError):
        return None
    return ticks / os.sysconf("SC_CLK_TCK")


def available_memory() -> int | None:
    """Bytes available without swapping, a container's limit respected (Linux; elsewhere ``None``)."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError, IndexError):
        return None
    return min(free, _container_memory(free))


def _container_memory(otherwise: int) -> int:
    """What the control group still grants, ``otherwise`` where it sets no limit."""
    try:
        bound = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        return otherwise if bound == "max" else max(0, int(bound) - used)
    except (OSError, ValueError):
        return otherwise


def total_memory() -> int | None:
    """Physical memory in bytes, where the system reports it."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
