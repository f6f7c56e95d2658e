"""What the numbers were measured on, and how quiet it was meanwhile (Linux; elsewhere less is known)."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def machine() -> dict:
    from planner_cli.engine import library

    return {
        "cpu": _cpu_name(),
        "cores": library.physical_cores(),
        "logical": os.cpu_count(),
        "memory": library.total_memory(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "features": library.features(),
        "spin": os.environ.get("GOMP_SPINCOUNT"),
    }


def versions() -> dict:
    from planner_cli import __version__

    packages = {name: _version(name) for name in ("llama-cpp-python", "numpy", "torch", "transformers")}
    return {"planner": __version__, "python": platform.python_version(), **packages}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


def own_seconds(processes: list[int]) -> float:
    """CPU seconds of these processes, threads included."""
    total = 0
    for process in processes:
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))  # its own, and of children that have ended
    return total / TICKS


def peak_memory(process: int) -> int | None:
    """Bytes of the largest resident set a process has had."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)
