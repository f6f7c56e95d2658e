"""``planner calibrate``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from planner_cli.app.calibrated import keep_weights, pair_key, weights_of, weights_path
from planner_cli.bench.fitting import Fitted, Known, Quality, fit
from planner_cli.bench.store import load_run
from planner_cli.cli.output import say, say_json
from planner_cli.confidence import Evidence
from planner_cli.errors import ExitCode, PlannerError
from planner_cli.history import History, history_path
from planner_cli.ui.cells import counted

_LEAST = 20
"""Answers, below which a fit says nothing."""


@click.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path))
@click.option("--forget", is_flag=True, help="Go back to the weights that came with planner, for the models of RUNS.")
@click.option("--dry-run", is_flag=True, help="Only show what it would do.")
@click.option("--json", "as_json", is_flag=True, help="The fit as a JSON document.")
def calibrate(runs: Sequence[Path], *, forget: bool, dry_run: bool, as_json: bool) -> int:
    """Learn how sure to be: fit the confidence of a pair of models to answers known to be right or wrong.

    RUNS are folders of `planner bench e2e` with one pair of models. Without them it takes what you marked with
    `planner history mark`, with the models of the newest marked question.
    """
    models, known = _from_runs(runs) if runs else _from_marks()
    if forget:
        keep_weights(models, None)
        say(f"forgotten: {_names(models)} has the confidence that came with planner")
        return ExitCode.OK
    if len(known) < _LEAST or len({each.right for each in known}) < 2:
        raise PlannerError(
            f"{counted(len(known), 'answer')} of {_names(models)}, {sum(each.right for each in known)} of them right: "
            f"that is too little to learn from (at least {_LEAST}, right and wrong ones)",
            hint="mark more with planner history mark N right|wrong, or name runs of planner bench e2e",
        )
    found = fit(known, weights_of(models))
    if not dry_run:
        keep_weights(models, found.weights)
    if as_json:
        say_json(_document(models, found, kept=not dry_run))
    else:
        _show(models, found, kept=not dry_run)
    return ExitCode.OK


_Models = Sequence[Mapping[str, Any]]


def _from_runs(runs: Sequence[Path]) -> tuple[_Models, list[Known]]:
    """Models and answers of runs."""
    loaded = [load_run(path) for path in runs]
    models = loaded[0].models
    for run in loaded[1:]:
        if pair_key(run.models) != pair_key(models):
            raise PlannerError(f"{run.path} has other models than {loaded[0].path}", hint="name runs of one pair")
    rows = [row for run in loaded for row in run.rows if row.evidence is not None]
    if not rows:
        raise PlannerError(
            f"{runs[0]} has no answers with the evidence about them", hint="make a run with planner bench e2e"
        )
    right = [row.correct_suite if row.correct_suite is not None else bool(row.correct) for row in rows]
    return models, [
        Known(row.database, Evidence(**dict(row.evidence or {})), each) for row, each in zip(rows, right, strict=True)
    ]


def _from_marks() -> tuple[_Models, list[Known]]:
    """The models of the newest marked question, and all marked answers of theirs."""
    marked = []
    if history_path().exists():
        with History.open(create=False) as opened:
            marked = [each for each in opened.marked() if each.evidence is not None]
    if not marked:
        raise PlannerError(
            "no question in the history is marked right or wrong",
            hint="planner history mark N right|wrong, or name runs of planner bench e2e",
        )
    models = marked[-1].models
    return models, [
        Known(str(each.database), Evidence(**dict(each.evidence or {})), each.mark == "right")
        for each in marked
        if pair_key(each.models) == pair_key(models)
    ]


def _show(models: _Models, found: Fitted, *, kept: bool) -> None:
    say(f"{_names(models)}: {counted(found.after.count, 'answer')}, {found.after.right:.0%} of them right")
    say()
    say("                                    now     learnt*")
    for name, now, learnt in zip(_LINES, _figures(found.before), _figures(found.after), strict=True):
        say(f"{name:33} {now:>9} {learnt:>11}")
    say()
    say("* each answer by weights that were fitted without its database")
    say(f"kept in {weights_path()}; planner calibrate --forget undoes it" if kept else "nothing was changed")


_LINES = (
    "mean error of the confidence",
    "right over wrong (AUROC)",
    "wrong with 0.5 or more",
    "right ones with 0.5 or more",
    "right of those with 0.8 or more",
)


def _figures(quality: Quality) -> tuple[str, ...]:
    """As in :data:`_LINES`."""
    return (
        f"{quality.ece:.3f}",
        "-" if quality.auroc is None else f"{quality.auroc:.3f}",
        f"{quality.sure_wrong:.1%}",
        f"{quality.kept:.1%}",
        f"{quality.sure_right} of {quality.sure}",
    )


def _document(models: _Models, found: Fitted, *, kept: bool) -> dict[str, object]:
    return {
        "models": [dict(each) for each in models],
        "weights": asdict(found.weights),
        "strength": found.strength,
        "now": asdict(found.before),
        "learnt": asdict(found.after),
        "kept": kept,
    }


def _names(models: _Models) -> str:
    return " and ".join(dict.fromkeys(str(each["name"]) for each in models))
