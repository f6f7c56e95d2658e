"""``planner bench distribute``."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import click

from planner_cli.bench.store import load_run, merge
from planner_cli.cli.output import say
from planner_cli.errors import ExitCode, PlannerError


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder of the merged run.")
@click.option("--shards", type=click.IntRange(1, 10_000), metavar="N", help="Parts.  [default: one per worker]")
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler's.  [default: workers on this machine]")
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True, help="Without --scheduler.")
@click.option("--allow-network", is_flag=True, help="Allow a scheduler on another machine.")
@click.argument("command", type=click.Choice(["intrinsic", "sweep", "e2e"]))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def distribute(
    out: Path,
    shards: int | None,
    scheduler: str | None,
    workers: int,
    allow_network: bool,
    command: str,
    arguments: tuple[str, ...],
) -> int:
    """Run the shards of one bench command on the workers of a Dask scheduler, and merge them.

    The options of this command come before COMMAND, those of COMMAND after it; environment variables and configuration
    (PLANNER_REDACT too) are each worker's own.  Interrupted, the same command runs the
    shards that are missing.

    \b
    planner bench distribute -o runs/all --workers 4 e2e demo --budget 64
    planner bench distribute -o runs/all --scheduler tcp://10.0.0.5:8786 --allow-network e2e /data/spider
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    from planner_cli.bench.distribute import run_shards  # noqa: PLC0415 - Dask

    if scheduler is not None and not allow_network and not _on_this_machine(scheduler):
        raise PlannerError(
            f"{scheduler} is not this machine: its workers would run this command",
            hint="--allow-network if that is what you want",
        )
    for taken in ("--shard", "--out", "-o"):
        if taken in arguments:
            raise PlannerError(f"{taken} is set by planner bench distribute", hint="put -o before the command")
    if out.exists() and any(out.iterdir()):
        raise PlannerError(f"{out} is not empty", hint="name a folder that is new or empty")
    folders = run_shards(
        command,
        arguments,
        shards=shards,
        scheduler=scheduler,
        workers=workers,
        folder=out.with_name(f"{out.name}-shards"),
        told=lambda text: say(text, err=True),
    )
    merged = merge([load_run(folder) for folder in folders], out)
    say(f"{out}: {len(merged.rows)} rows")
    return ExitCode.OK


def _on_this_machine(scheduler: str) -> bool:
    from planner_cli.engine.server.http import is_loopback  # noqa: PLC0415 - httpx2, only for an address

    address = scheduler if "://" in scheduler else f"tcp://{scheduler}"
    return is_loopback(urlsplit(address).hostname or "")
