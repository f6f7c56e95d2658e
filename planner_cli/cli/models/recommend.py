"""``planner models recommend``: which pair fits this machine."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from planner_cli.app.speeds import bare_engine
from planner_cli.clean import clean
from planner_cli.cli.models.files import STATES
from planner_cli.cli.output import say
from planner_cli.errors import PlannerError
from planner_cli.hub import known_catalog, read_header, resolve
from planner_cli.hub.memory import tensor_bytes
from planner_cli.hub.sizing import Candidate, Pair, pairs
from planner_cli.ui.jsontext import to_json

if TYPE_CHECKING:
    from planner_cli.engine.speed import Speed

_PROMPT = 700
"""Tokens of a schema of some ten tables with its question, as in the demo."""
_SHOWN = 8
"""Pairs listed, besides those that are here."""
_BUDGETS = (256, 128, 64, 32, 16, 0)
"""The budgets tried where nothing fits the requested one."""
_MEMORY_SHARE = 0.8
"""The largest share of the available memory that a recommendation fills."""


@click.command()
@click.option("--budget", type=click.IntRange(0, 32_768), default=512, show_default=True, help="Tokens per thought.")
@click.option("-n", "--candidates", type=click.IntRange(1, 64), default=8, show_default=True)
@click.option("--max-seconds", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True,
              help="Longest a question may take.")  # fmt: skip
@click.option(
    "--memory",
    "megabytes",
    type=click.IntRange(min=1),
    metavar="MB",
    help="Memory to plan with.  [default: what is free]",
)
@click.option("--no-speed", is_flag=True, help="Consider memory only; measure nothing.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
def recommend(
    budget: int, candidates: int, max_seconds: float, megabytes: int | None, no_speed: bool, as_json: bool
) -> None:
    """Show which pair in the catalogue fits this machine, and the seconds a question would take.

    Larger models are assumed to be better; planner bench shows whether they are on your questions.
    """
    from planner_cli.engine import library  # noqa: PLC0415 - llama.cpp, not for --help
    from planner_cli.engine.speed import SQL_TOKENS  # noqa: PLC0415 - as above

    memory = megabytes * 1_000_000 if megabytes else library.available_memory() or library.total_memory()
    if memory is None:
        raise PlannerError("this system does not report its memory", hint="--memory MB")
    context = _PROMPT + max(candidates * 2 * SQL_TOKENS, candidates * (budget + SQL_TOKENS))
    found = pairs(known_catalog(), context=context, branches=candidates)
    measured = None if no_speed else _measured()
    rows = [_row(pair, memory, measured, budget, candidates, max_seconds) for pair in found]
    best = _best(rows)
    smaller = [b for b in _BUDGETS if b < budget] if best is None else []
    tries = ([_row(pair, memory, measured, less, candidates, max_seconds) for pair in found] for less in smaller)
    less = next((chosen for chosen in map(_best, tries) if chosen is not None), None)
    document = {
        "memory": memory,
        "memory_used_at_most": _MEMORY_SHARE,
        "budget": budget,
        "candidates": candidates,
        "max_seconds": max_seconds,
        "measured": {"model": measured[0].name, **asdict(measured[1])} if measured else None,
        "recommended": best,
        "recommended_at_a_smaller_budget": less,
        "pairs": rows,
    }
    if as_json:
        click.echo(to_json(document, indent=2))
    else:
        _show_recommendation(document, rows, best)


def _best(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The largest pair within the limits; the rows are sorted largest first."""
    return next((row for row in rows if row["fits"] and row["fast_enough"] is not False), None)


def busy_note() -> str | None:
    """A warning about a speed measured next to other work; ``None`` on a quiet machine."""
    from planner_cli.engine.library import physical_cores  # noqa: PLC0415 - llama.cpp, not for --help

    try:
        load = os.getloadavg()[0]
    except (AttributeError, OSError):
        return None
    cores = physical_cores()
    return f"the machine is busy (load {load:.1f} on {cores} cores): alone it is faster" if load > cores else None


def _measured() -> tuple[Candidate, Speed]:
    """The speed of the built-in base on this machine, now, and its size."""
    from planner_cli.engine.learning import learn  # noqa: PLC0415 - llama.cpp, not for --help

    click.echo("measuring the built-in model, about 8 s", err=True)
    model = resolve("builtin", "generator")
    header = read_header(model.path)
    size = tensor_bytes(header)
    engine = bare_engine(model.path)
    try:
        speed = learn(engine).speed()
    finally:
        engine.free()
    return Candidate(
        "builtin", here=True, weights=size, needed=0, parameters=header.parameters, estimated=False, pin="verified"
    ), speed


def _row(
    pair: Pair, memory: int, measured: tuple[Candidate, Speed] | None, budget: int, candidates: int, max_seconds: float
) -> dict[str, Any]:
    """What is reported about one pair; ``seconds`` is scaled from the measured model, ``None`` without one."""
    from planner_cli.engine.speed import CLUSTERS, SQL_TOKENS, question_seconds  # noqa: PLC0415 - llama.cpp, not for --help

    seconds = None
    if measured is not None:
        seconds = question_seconds(
            _scaled(pair.generator, *measured),
            _scaled(pair.discriminator, *measured),
            prompt=_PROMPT,
            candidates=candidates,
            sql_tokens=SQL_TOKENS,
            clusters=min(CLUSTERS, candidates),
            budget=budget,
        )
    return {
        "budget": budget,
        "generator": pair.generator.name,
        "discriminator": pair.discriminator.name,
        "pin": pair.pin,
        "memory": pair.needed,
        "memory_estimated": pair.generator.estimated or pair.discriminator.estimated,
        "seconds": None if seconds is None else round(seconds, 1),
        "fits": pair.needed <= memory * _MEMORY_SHARE,
        "fast_enough": None if seconds is None else seconds <= max_seconds,
        "missing": [entry.name for entry in dict.fromkeys((pair.generator, pair.discriminator)) if not entry.here],
    }


def _scaled(model: Candidate, base: Candidate, speed: Speed) -> Speed:
    """The speed of another model: a prompt scales with the parameters, a token with the bytes read for it.

    On the cautious side: small models are further from what memory could deliver than large ones.
    """
    by_bytes = base.weights / max(1, model.weights)
    by_parameters = base.parameters / max(1, model.parameters)
    return replace(
        speed,
        prefill=speed.prefill * by_parameters,
        decode=speed.decode * by_bytes,
        batched=speed.batched * min(by_bytes, by_parameters),
    )


def _shown(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What fits in memory and is fast enough, largest first; then what is here, however slow; else the fastest."""
    fitting = [row for row in rows if row["fits"]]
    fast = [row for row in fitting if row["fast_enough"] is not False]
    here = [row for row in fitting if not row["missing"] and row not in fast[:_SHOWN]]
    found = [*fast[:_SHOWN], *here]
    return found or sorted(fitting, key=lambda row: row["seconds"] or 0.0)[:_SHOWN]


def _show_recommendation(document: dict[str, Any], rows: list[dict[str, Any]], best: dict[str, Any] | None) -> None:

    measured = document["measured"]
    say(f"memory free: {document['memory'] / 1e9:.1f} GB, of which at most {_MEMORY_SHARE:.0%} is planned", err=True)
    if measured:
        say(
            f"measured: {measured['prefill']:.0f} tokens/s of a prompt, {measured['decode']:.0f} writing one text, "
            f"{measured['batched']:.0f} writing eight (built-in model, 135M)", err=True,
        )  # fmt: skip
    shown = _shown(rows)
    for row in shown:
        seconds = "" if row["seconds"] is None else f"{row['seconds']:>7.0f} s"
        mark = "*" if row is best else " "
        memory = f"{row['memory'] / 1e9:>5.1f} GB"
        where = "to pull" if row["missing"] else "here"
        models = f"{row['generator']:28}{row['discriminator']:32}"
        click.echo(clean(f"{mark} {models}{memory}{seconds}  {where:8}{row['pin']}"))
    if note := busy_note():
        say(note, err=True)
    if best is None:
        less = document["recommended_at_a_smaller_budget"]
        if less is None:
            click.echo("nothing fits within these limits: only the built-in pair remains", err=True)
            return
        click.echo(
            clean(
                f"nothing fits at --budget {document['budget']}; at --budget {less['budget']} "
                f"{less['generator']} with {less['discriminator']} takes about {less['seconds']:.0f} s"
            ),
            err=True,
        )
        best = less
    click.echo(err=True)
    told = "memory is estimated where a file is missing; " if any(row["memory_estimated"] for row in shown) else ""
    told += "seconds per question are scaled from the measured model" if measured else "no speed was measured"
    say(told, err=True)
    say(STATES, err=True)
    if best["missing"]:
        click.echo(clean(f"next: planner models pull {' '.join(best['missing'])}"), err=True)
    sys.stderr.flush()
