"""Shards of one run on the workers of a Dask scheduler; the run's folder comes back as bytes, no disk is shared.

Dask and not Ray: its two wheels are 2.5 MB against 79 MB, and a shard is one long task, which either could run.
Each worker needs planner, the models and the data where the command names them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from planner_cli.errors import PlannerError

_CONNECT_SECONDS = "10s"


def run_shards(
    command: str,
    arguments: Sequence[str],
    *,
    shards: int | None,
    scheduler: str | None,
    workers: int,
    folder: Path,
    told: Callable[[str], None],
) -> list[Path]:
    """Run ``planner bench COMMAND ARGUMENTS --shard I/N`` for every I; returns the shards' run folders in ``folder``.

    ``scheduler`` is the address of a running one; without it ``workers`` processes are started on this machine.
    ``shards`` is N (``None``: one per worker). A shard whose folder already exists is not run again.

    Raises:
        PlannerError: Dask is not installed, the scheduler does not answer, or a shard failed.

    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise PlannerError("Dask is not installed", hint="pip install 'planner_cli[distributed]'") from error
    with _client(Client, scheduler, workers) as client:
        count = shards or max(1, len(client.scheduler_info()["workers"]))
        names = {index: folder / f"{index}-of-{count}" for index in range(1, count + 1)}
        missing = {index: path for index, path in names.items() if not path.exists()}
        tasks = {
            client.submit(run_shard, command, tuple(arguments), f"{index}/{count}", pure=False): index
            for index in missing
        }
        for task in as_completed(tasks):
            index = tasks[task]
            files, failure = task.result()
            if failure is not None:
                raise PlannerError(f"shard {index}/{count}: {failure}", hint="the same command runs what is missing")
            _write(missing[index], files)
            told(f"shard {index}/{count} is done")
    return list(names.values())


def run_shard(command: str, arguments: Sequence[str], shard: str) -> tuple[dict[str, bytes], str | None]:
    """On a worker: one shard in its own process; returns the files of its run, or why there are none."""
    with tempfile.TemporaryDirectory(prefix="planner-shard-") as scratch:
        folder = Path(scratch) / "run"
        line = [sys.executable, "-m", "planner_cli", "bench", command, *arguments]
        done = subprocess.run(
            [*line, "--shard", shard, "--out", str(folder)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            said = [text for text in done.stderr.splitlines() if text.startswith("planner: ")]
            return {}, said[-1].removeprefix("planner: ") if said else f"exit code {done.returncode}"
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}, None


def _client(make: Any, scheduler: str | None, workers: int) -> Any:
    if scheduler is None:
        return make(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None)
    try:
        return make(scheduler, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise PlannerError(f"no Dask scheduler answers at {scheduler}: {' '.join(str(error).split())}") from error


def _write(folder: Path, files: dict[str, bytes]) -> None:
    part = folder.with_name(f".{folder.name}.part")
    try:
        part.mkdir(mode=0o700, parents=True, exist_ok=True)  # its content is that of the run's own folder
        for name, data in files.items():
            (part / Path(name).name).write_bytes(data)
        part.replace(folder)  # whole, or not there
    except OSError as error:
        raise PlannerError(f"cannot write {folder}: {error.strerror or error}") from error
