"""What can be known about the data before the first question: what cannot be measured, and why.

Databases are opened, and every gold query runs once, within the limits of an evaluation. The findings are kept in the
run's folder under a key of everything they depend on, so that the same run does not check again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from planner_cli.bench.checked import Checked
from planner_cli.bench.datasets import Item
from planner_cli.bench.equality import EVALUATION_LIMITS
from planner_cli.bench.instances import Instances, Redactions, name_of
from planner_cli.bench.running.shared import Databases, digest_of, hashed
from planner_cli.bench.setaside import SetAside, UnmeasurableError
from planner_cli.control import Control
from planner_cli.settings import Limits


@dataclass(frozen=True, slots=True)
class Checking:
    """One checked question."""

    item: Item | None
    """The question as it will be asked, without unusable instances; ``None``: it is set aside."""
    found: tuple[Checked, ...]
    """What to record about it and about the instances that it is the first to name."""


def check(
    items: Sequence[Item],
    limits: Limits,
    *,
    candidates: bool,
    known: Mapping[str, SetAside | None],
    redacted: Redactions,
    control: Control,
    evaluation: Limits = EVALUATION_LIMITS,
) -> Iterator[Checking]:
    """Check each item; one that is ``known`` by its key is not checked again.

    ``limits`` are those of the plan's queries, ``evaluation`` those of gold. ``candidates``: the items must bring some
    to judge, and there is no answer to try on further instances.

    Raises:
        Interrupted: by the control.
        DatabaseError: the sandbox does not start.

    """
    seen: dict[Path, Checked] = {}
    with Databases(redacted, limits) as databases, Instances(redacted, evaluation) as instances:
        for item in items:
            control.check()
            redact = redacted.get(item.database_path, ())
            fixed = [asdict(evaluation), sorted(redact)]
            yield _checking(item, fixed, databases, instances, seen, known, control, candidates=candidates)


def _checking(
    item: Item,
    fixed: object,
    databases: Databases,
    instances: Instances,
    seen: dict[Path, Checked],
    known: Mapping[str, SetAside | None],
    control: Control,
    *,
    candidates: bool,
) -> Checking:
    key = None
    try:
        if candidates:
            item.given()
        key = hashed([item.digest, digest_of(item.database_path), fixed])
        if key in known:
            fault = known[key]
        else:
            fault = None
            databases.get(item)
            if item.gold is not None:
                instances.gold(item, control)
    except UnmeasurableError as error:
        fault = error.of(item.id)
        if error.passing or error.kind == "database":  # quick to check again, and it may be gone by then
            key = None
    if fault is not None:
        return Checking(None, (Checked(item.id, key, fault),))
    new = [path for path in item.suite if path not in seen and not candidates]
    for path in new:
        seen[path] = _instance(item, path, instances, known)
    usable = tuple(path for path in item.suite if path in seen and seen[path].fault is None)
    return Checking(replace(item, suite=usable), (Checked(item.id, key, None), *(seen[path] for path in new)))


def _instance(item: Item, path: Path, instances: Instances, known: Mapping[str, SetAside | None]) -> Checked:
    """Whether an instance can be opened."""
    name = name_of(path, item.database_path)
    key = None
    try:
        key = hashed(["instance", name, digest_of(path)])
        if key not in known:
            instances.check(item, path)
    except UnmeasurableError as error:
        return Checked(name, None, SetAside(name, "instance", error.message))
    return Checked(name, key, known.get(key))
