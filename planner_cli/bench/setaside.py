"""What a benchmark leaves out: questions, and instances of databases, that cannot be measured, each with its reason.

A fault of the data must not end a run, and must never count against a model: it is set aside by name and counted in
every report. An error of the environment (no model, no disk, a sandbox that does not start) is none of these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, get_args

from planner_cli.errors import PlannerError

Kind: TypeAlias = Literal["record", "id", "database", "gold", "time", "size", "candidates", "context", "instance"]

TITLES: Mapping[Kind, str] = {
    "record": "malformed record",
    "id": "id or name taken",
    "database": "unusable database",
    "gold": "gold does not run",
    "time": "gold over the time limit",
    "size": "gold's result too large",
    "candidates": "no candidates to judge",
    "context": "prompt over the context",
    "instance": "unusable instance",
}
"""Short enough for a column of a terminal."""


HINTS: Mapping[Kind, str] = {
    "candidates": "planner bench e2e writes its own",
    "database": "--database names the folder of the databases",
    "time": "--gold-seconds gives them more time",
}
"""What to do when no question is left."""


@dataclass(frozen=True, slots=True)
class SetAside:
    name: str
    """The question's id, or the position of its record; for an instance, its database's folder and its file."""
    kind: Kind
    reason: str
    """One line. It may quote the data, so it is untrusted text."""

    def error(self) -> PlannerError:
        """The error that ends a run under ``--strict``."""
        return PlannerError(f"{self.name}: {self.reason}", hint="without --strict it is set aside")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SetAside:
        """Raises ``ValueError``, ``TypeError`` or ``KeyError`` for anything :meth:`to_json` would not make."""
        if data["kind"] not in get_args(Kind):
            raise ValueError(f"{data['kind']!r} is not a reason to set something aside")
        return cls(name=str(data["name"]), kind=data["kind"], reason=str(data["reason"]))


class UnmeasurableError(PlannerError):
    """A question cannot be measured because of the data."""

    def __init__(self, kind: Kind, reason: str, *, hint: str | None = None, passing: bool = False) -> None:
        super().__init__(reason, hint=hint)
        self.kind = kind
        self.passing = passing
        """Whether it may be gone the next time, like a lock."""

    def of(self, name: str) -> SetAside:
        return SetAside(name, self.kind, self.message)


def counts(found: Iterable[SetAside]) -> dict[Kind, int]:
    """How many of each kind there are, in the order of :data:`TITLES`; kinds without any are left out."""
    number = Counter(each.kind for each in found)
    return {kind: number[kind] for kind in TITLES if number[kind]}


def nothing_measured(found: Sequence[SetAside]) -> PlannerError:
    """What is said of data of which everything is set aside."""
    first = next(each for each in found if each.kind != "instance")
    return PlannerError(
        f"none of {questions(found):,} questions can be measured; the first, {first.name}: {first.reason}",
        hint=HINTS.get(first.kind),
    )


def questions(found: Iterable[SetAside]) -> int:
    """How many questions are set aside: instances do not count, their questions are measured on the others."""
    return sum(each.kind != "instance" for each in found)
