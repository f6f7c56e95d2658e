"""The questions a user marked in the history, as a data set."""

from __future__ import annotations

from pathlib import Path

from planner_cli.bench.datasets import Dataset, GivenCandidate, Item, from_items
from planner_cli.cli.output import say
from planner_cli.errors import PlannerError
from planner_cli.history import History, Marked, history_path


def from_history(
    *, needs_gold: bool, limit: int | None, shard: tuple[int, int] | None, strict: bool = False
) -> Dataset:
    """One item per marked question; what cannot be used is left out, and reported on standard error.

    ``needs_gold`` leaves out those whose right query is not known.

    Raises:
        PlannerError: nothing is left, or the history cannot be read.

    """
    marked: tuple[Marked, ...] = ()
    if history_path().exists():
        with History.open(create=False) as opened:
            marked = opened.marked()
    if not marked:
        raise PlannerError("no answer in the history is marked", hint="planner history mark NUMBER right")
    here = [each for each in marked if each.database.is_file()]
    _tell(len(marked) - len(here), "their database no longer exists")
    usable = [each for each in here if each.right_sql is not None or not needs_gold]
    _tell(len(here) - len(usable), 'their right query is not known (planner history mark NUMBER wrong --sql "...")')
    if not usable:
        raise PlannerError("no marked question can be used", hint="planner history list shows the marks")
    return from_items("history", _items(usable), limit=limit, shard=shard, strict=strict)


def _tell(count: int, why: str) -> None:
    if count:
        say(f"{count} marked question{'s' if count != 1 else ''} left out: {why}", err=True)


def _items(marked: list[Marked]) -> list[Item]:

    paths = {each.database for each in marked}
    names = [path.stem for path in sorted(paths)]

    def name(path: Path) -> str:
        return path.stem if names.count(path.stem) == 1 else str(path)

    return [
        Item(
            id=str(each.id),
            database_id=name(each.database),
            database_path=each.database,
            suite=(),
            question=each.question,
            gold=each.right_sql,
            candidates=tuple(
                # With a right query every label comes from running it; without, only the answer is known: it is wrong.
                GivenCandidate(sql, False if answered and each.right_sql is None else None)
                for sql, answered in each.candidates
            ),
        )
        for each in marked
    ]
