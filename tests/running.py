"""Ways to run ``planner``: in this process, where models stay loaded, or in one of its own where the process is the point."""

from __future__ import annotations

import functools
import io
import json
import logging
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from planner_cli.cli import main

PATIENCE = 120.0
"""Seconds after which what was waited for is taken to be stuck; far beyond what a loaded machine needs."""


def command(*arguments: object) -> list[str]:
    """The command line that runs ``planner`` with this interpreter."""
    return [sys.executable, "-m", "planner_cli", *map(str, arguments)]


def planner_process(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    """``planner`` in a process of its own, as a user runs it."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=PATIENCE, check=False, **options)


def planner(*arguments: object) -> subprocess.CompletedProcess[str]:
    """``planner`` in this process: the same result without a start, imports and loading of models.

    Standard output and error are files as in a script: no terminal, UTF-8.
    """
    if arguments[0] in {"ask", "check", "demo", "bench"}:
        keep_the_base()
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n", write_through=True) for _ in range(2))
    line = [*map(str, arguments)]
    with _as_at_start(), redirect_stdout(out), redirect_stderr(err):
        code = main(line)
    printed, told = (stream.buffer.getvalue().decode() for stream in (out, err))
    return subprocess.CompletedProcess(line, code, printed, told)


@functools.cache
def keep_the_base() -> None:
    """Load the built-in base once more than it is freed, in the form it runs in: each run closes what it has opened."""
    from planner_cli.app.models import ready
    from planner_cli.engine.weights import load_weights  # llama.cpp, which most users of this module do without

    load_weights(ready("builtin", "generator").loaded)


def document(*arguments: object) -> dict:
    """The JSON document of ``planner ask``."""
    done = planner("ask", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextmanager
def _as_at_start() -> Iterator[None]:
    """What a run changes in its process, and must not leave to the next one: the log's handlers, standard input."""
    logger = logging.getLogger("planner_cli")
    handlers, level, stdin = logger.handlers[:], logger.level, sys.stdin
    sys.stdin = io.StringIO()
    try:
        yield
    finally:
        logger.handlers[:], sys.stdin = handlers, stdin
        logger.setLevel(level)


def wait_for(condition, what: str, *, seconds: float = PATIENCE) -> None:
    """Wait until ``condition()`` holds; fails, naming ``what``, only when something is stuck."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(0.005)


def cpu_seconds(pid: int) -> float:
    """Seconds a process has computed: what other work on the machine does not add to, as it does to wall time."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children_computed() -> float:
    """The same of all processes of this one that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime
