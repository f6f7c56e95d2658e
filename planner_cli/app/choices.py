"""Who wins where several sources set one thing: :meth:`Choices.of` is the one rule.

command line, or argument of a function > environment > configuration file > what the model recommends > default
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from planner_cli.app.settings import BY_KEYWORD, BY_SCORE, KNOBS, Settings
from planner_cli.database.names import CUTOFF, nearest
from planner_cli.errors import PlannerError
from planner_cli.knobs import Knob, Origin, with_value

_PREFIX = "PLANNER_"
VARIABLES = (
    "PLANNER_CATALOG", "PLANNER_CONFIG", "PLANNER_DEBUG", "PLANNER_ENDPOINT", "PLANNER_HISTORY",
    "PLANNER_HISTORY_LEVEL", "PLANNER_MODELS", "PLANNER_SERVER_KEY", "PLANNER_SET", *(knob.variable for knob in KNOBS),
)  # fmt: skip
"""Environment variables that are read."""

_PRIVATE = tuple(knob.name for knob in KNOBS if knob.group in {"database", "redact"})
"""Knobs that keep something private."""

ORDER: tuple[Origin, ...] = ("command line", "argument", "environment", "configuration", "model")
"""The first that sets a value wins; where none does, it is the default."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A value, and where it comes from."""

    value: Any
    origin: Origin

    @property
    def by_user(self) -> bool:
        """Whether the user set it: neither a model's recommendation nor the default."""
        return self.origin not in {"model", "default"}


@dataclass(frozen=True, slots=True)
class Choices:
    """What each source sets, by the knobs' keywords."""

    sources: Mapping[Origin, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, knob: Knob) -> Chosen:
        """The value that counts."""
        for origin in ORDER:
            said = self.sources.get(origin, {})
            if knob.keyword in said:
                return Chosen(said[knob.keyword], origin)
        if knob.keyword == "select" and self["no_judge"].value:
            return Chosen("weighted-vote", "default")  # nobody judges
        return Chosen(knob.default, "default")

    def __getitem__(self, keyword: str) -> Chosen:
        return self.of(BY_KEYWORD[keyword])

    def saying(self, origin: Origin, said: Mapping[str, Any]) -> Choices:
        """The same with another source, or with more values from one."""
        return Choices({**self.sources, origin: {**self.sources.get(origin, {}), **said}})

    def settings(self) -> Settings:
        """All of them as settings.

        Raises:
            PlannerError: a value is out of its range, or two contradict each other.

        """
        settings = Settings()
        for knob in KNOBS:
            settings = with_value(settings, knob.path, self.of(knob).value)
        settings.check()
        return settings

    @property
    def wants_judge(self) -> bool:
        """Whether the user asked for a judge: by ``--judge``, or by what makes sense only with one."""
        without = self["no_judge"]
        if without.by_user:
            return not without.value
        return self["budget"].by_user or self.relies_on_scores is not None

    @property
    def relies_on_scores(self) -> str | None:
        """The option with which the user made the scores decide; ``None`` where they are only shown."""
        if self["min_confidence"].value is not None:
            return "--min-confidence"
        select = self["select"]
        return f"--select {select.value}" if select.by_user and select.value in BY_SCORE else None

    def all(self) -> dict[str, Chosen]:
        """Every knob's, by its name."""
        return {knob.name: self.of(knob) for knob in KNOBS}


# ------------------------------------------------------------------------------------------------- sources


def keyword(name: str) -> str:
    """A knob's name as a function's argument."""
    return name.replace("-", "_").replace(".", "_")


def from_environment(knobs: Iterable[Knob], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What variables set of these knobs.

    Raises:
        PlannerError: one has a value that its knob does not take.

    """
    environment = os.environ if environment is None else environment
    refuse_slips(name for name in environment if name.startswith(_PREFIX) and name not in VARIABLES)
    return {
        knob.keyword: _named(knob.variable, knob.parse, text)
        for knob in knobs
        if (text := environment.get(knob.variable))  # empty is as good as unset, as everywhere in a shell
    }


def refuse_slips(names: Iterable[str]) -> None:
    """Refuse what is almost the name of a knob that keeps something private.

    Raises:
        PlannerError: one of these names is.

    """
    for name in names:
        if found := nearest(name.removeprefix(_PREFIX), _PRIVATE, cutoff=CUTOFF):
            raise PlannerError(f"there is no setting {name!r}", hint=f"did you mean {found}?")


def from_mapping(values: Mapping[str, Any], known: Mapping[str, Knob]) -> dict[str, Any]:
    """Values by keyword or by key (``query-seconds``), checked, as arguments of a function.

    Raises:
        PlannerError: a name is unknown, or a value is not what its knob takes.

    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        knob = known.get(keyword(name))
        if knob is None:
            raise PlannerError(f"there is no setting {name!r}", hint=_nearest(name, known))
        found[knob.keyword] = _named(name, knob.check, value)
    return found


def method_settings(texts: Iterable[str], knobs: Iterable[Knob] = KNOBS) -> Iterator[tuple[Knob, Any]]:
    """What ``NAME=VALUE`` texts (``race.margin=0.2``) set of planning methods.

    Raises:
        ValueError: a name is unknown, or a value is not what its knob takes.

    """
    known = {knob.name: knob for knob in knobs if knob.group == "method"}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in known:
            raise ValueError(f"there is no setting {name!r}; known: {', '.join(known)}")
        try:
            yield known[name], known[name].parse(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None


def _named(name: str, read: Any, value: Any) -> Any:
    try:
        return read(value)
    except ValueError as error:
        raise PlannerError(f"{name}: {error}") from None


def _nearest(name: str, known: Iterable[str]) -> str:
    found = nearest(name, known)
    return f"did you mean {found}?" if found else "docs/api.md lists them"
