"""What a user can set, declared once: in the field that holds it.

:func:`knob` makes a dataclass field that also carries its help, range and group. :func:`knobs_of` reads them back, with
the name and type of the field, as :class:`Knob` values, from which everything else is derived: the command line's
options, the environment's variables, the keys of the configuration file, ``--set`` and the keyword arguments of
:class:`planner_cli.Planner`. Standard library only.
"""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from planner_cli.errors import PlannerError

Group: TypeAlias = Literal[
    "database",
    "redact",
    "generator",
    "judge",
    "plan",
    "sure",
    "query",
    "method",
    "engine",
    "server",
    "cache",
    "answer",
    "screen",
]
"""What a knob is about. A command takes the groups that matter to it."""

Origin: TypeAlias = Literal["command line", "argument", "environment", "configuration", "model", "default"]
"""Where a value comes from; the earlier source wins."""

T = TypeVar("T")
_KEY, _RANGE = "knob", "range"


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers that a knob takes; an infinite end means any finite number."""

    low: float
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, value: float) -> bool:
        over = self.low < value if self.low_open else self.low <= value
        return over and (value < self.high if self.high_open or self.high == math.inf else value <= self.high)

    def __str__(self) -> str:
        low = f"over {self.low:g}" if self.low_open else f"{self.low:g} or more"
        if self.high == math.inf:
            return low
        if not (self.low_open or self.high_open):
            return f"between {self.low:g} and {self.high:g}"
        return f"{low} and {'under' if self.high_open else 'at most'} {self.high:g}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a field declares besides its name, type and default."""

    help: str
    group: Group
    within: Range | None = None
    name: str | None = None
    """Where it is not the field's."""
    short: str | None = None
    """One-letter option."""
    metavar: str | None = None
    words: Mapping[str, Any] | None = None
    """Words for values that have no spelling of their own, such as ``auto``."""
    usual: str | None = None
    """The default in words, where ``None`` stands for it."""
    split: Callable[[str], tuple[str, ...]] | None = None
    """Takes a text with several values apart; raises :class:`ValueError`."""
    again: bool = False
    """Whether several values come as several texts, each of which may hold several."""
    main: bool = False
    """Whether ``--help`` shows it; ``--help-all`` shows every one."""
    choices: tuple[str, ...] = ()
    """Where the type does not say them."""
    opposite: str | None = None
    """The option for false, of a knob whose option is for true."""


def knob(default: T, text: str, group: Group, **more: Any) -> T:
    """A dataclass field with this default and the contents of :class:`Facts`."""
    made: T = field(default=default, metadata={_KEY: Facts(text, group, **more)})
    return made


def ranged(within: Range) -> dict[str, Range]:
    """Metadata of a field that has a range but is not for users to set."""
    return {_RANGE: within}


@dataclass(frozen=True, slots=True)
class Knob:
    """One setting, with everything known about it."""

    name: str
    """As an option and a configuration key: ``query-seconds``, or ``race.margin`` for ``--set``."""
    path: tuple[str, ...]
    """Where the value goes: fields from the settings' root on."""
    kind: type
    """``int``, ``float``, ``str``, ``bool`` or ``Path``; of each element where it is ``many``."""
    many: bool
    optional: bool
    """Whether ``None`` is a value: nothing chosen."""
    default: Any
    choices: tuple[str, ...]
    facts: Facts

    @property
    def keyword(self) -> str:
        """As a function's argument."""
        return self.name.replace("-", "_").replace(".", "_")

    @property
    def variable(self) -> str:
        """Of the environment."""
        return f"PLANNER_{self.keyword.upper()}"

    @property
    def group(self) -> Group:
        return self.facts.group

    def parse(self, text: str) -> Any:
        """The value that a text stands for.

        Raises:
            ValueError: it stands for none; the message says why, without the knob's name.

        """
        words = self.facts.words or {}
        if text in words:
            return words[text]
        if self.facts.split is not None:
            return self.facts.split(text)
        try:
            value = _READERS[self.kind](text)
        except ValueError as error:
            raise ValueError(f"{error}{self._or_words()}") from None
        return self.check(value)

    def check(self, value: Any) -> Any:
        """``value`` if the knob takes it.

        Raises:
            ValueError: it does not; the message says why, without the knob's name.

        """
        words = self.facts.words or {}
        if isinstance(value, str) and value in words:
            return words[value]
        if (value is None and self.optional) or any(value is word for word in words.values()):
            return value
        if not self.many:
            return self._check_one(value)
        split, again = self.facts.split, self.facts.again
        if isinstance(value, str) and split is not None and not again:
            return split(value)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ValueError(f"{value!r} is not a list of texts")  # noqa: TRY004 - one error for whatever is not taken
        each = tuple(self._check_one(one) for one in value)
        return each if split is None or not again else tuple(part for text in each for part in split(text))

    def _check_one(self, value: Any) -> Any:
        kind: Any = self.kind
        if kind is Path and isinstance(value, str):
            return Path(value)
        taken = (int, float) if kind is float else kind
        if not isinstance(value, taken) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"{value!r} is not {CALLED[kind]}{self._or_words()}")
        if self.choices and value not in self.choices:
            raise ValueError(f"{value!r} is not {_one_of(self.choices)}")
        if kind is float:
            value = float(value)
            if not math.isfinite(value):
                raise ValueError(f"'{value:g}' is not a finite number")
        within = self.facts.within
        if within is not None and value not in within:
            raise ValueError(f"{value:g} is not in its range: it must be {within}")
        return value

    def _or_words(self) -> str:
        return "".join(f" or {word}" for word in self.facts.words or ())


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


def _real(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None


def _truth(text: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in known:
        raise ValueError(f"{text!r} is not true or false")
    return known[text.lower()]


_READERS: dict[type, Callable[[str], Any]] = {int: _whole, float: _real, bool: _truth, str: str, Path: Path}
CALLED: dict[type, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    Path: "a path",
}


# ------------------------------------------------------------------------------------------ of a dataclass


@functools.cache
def knobs_of(root: Any) -> tuple[Knob, ...]:
    """The knobs of a settings class and of the settings in its fields, in the order of their declaration.

    Of two with the same name the first counts: a nested class may be used in several places (``sampling``), and be
    settable in one.
    """
    found: dict[str, Knob] = {}
    for each in _walk(root(), ()):
        found.setdefault(each.name, each)
    return tuple(found.values())


def _walk(settings: Any, above: tuple[str, ...]) -> Iterator[Knob]:
    """From the settings with their defaults: a nested class has different ones where it is used differently."""
    hints = get_type_hints(type(settings))
    for each in fields(settings):
        facts, path, value = each.metadata.get(_KEY), (*above, each.name), getattr(settings, each.name)
        if isinstance(facts, Facts):
            yield _knob(facts, hints[each.name], path, value)
        elif is_dataclass(value):
            yield from _walk(value, path)


def _knob(facts: Facts, hint: Any, path: tuple[str, ...], default: Any) -> Knob:
    alternatives = [part for part in get_args(hint) if part is not types.NoneType] if _is_union(hint) else [hint]
    inner = alternatives[0]
    many = get_origin(inner) is tuple
    inner = get_args(inner)[0] if many else inner
    literal = get_origin(inner) is Literal
    return Knob(
        name=facts.name or (f"{path[-2]}.{path[-1]}" if facts.group == "method" else path[-1].replace("_", "-")),
        path=path,
        kind=str if literal else inner,
        many=many,
        optional=_is_union(hint),
        default=default,
        choices=get_args(inner) if literal else facts.choices,
        facts=facts,
    )


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)


class Checked:
    """Base of settings classes: their values are within the ranges and choices that their fields declare."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for name, within, choices, optional in _bounds(cast("Any", type(self))):
            value = getattr(self, name)
            if (value is None and optional) or value in (within or choices):
                continue
            raise PlannerError(f"{name.replace('_', '-')} is {value!r}, but must be {within or _one_of(choices)}")


@functools.cache
def _bounds(kind: Any) -> tuple[tuple[str, Range | None, tuple[str, ...], bool], ...]:
    found = []
    for each in fields(kind):
        facts = each.metadata.get(_KEY)
        within = facts.within if isinstance(facts, Facts) else each.metadata.get(_RANGE)
        choices = facts.choices if isinstance(facts, Facts) else ()
        if within or choices:
            found.append((each.name, within, choices, each.default is None))
    return tuple(found)


def _one_of(choices: Sequence[str]) -> str:
    return f"one of {', '.join(choices)}"


def with_value(settings: T, path: Sequence[str], value: Any) -> T:
    """The settings with one value, perhaps deep inside, changed."""
    name, *rest = path
    inner = with_value(getattr(settings, name), rest, value) if rest else value
    return replace(settings, **{name: inner})  # type: ignore[type-var]
