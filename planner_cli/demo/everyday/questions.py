"""The questions: what people ask, and every query that is a right answer to it.

A right query is written once with its alternatives in braces, because people leave open what a program must choose:

* ``{, amount}`` may be left out;
* ``{one|other}`` is either;
* ``{~avg(mark)}`` is the value, or the value rounded to 0, 1 or 2 places;
* ``{%sum(a) / sum(b)}`` is a share: of 1 or of 100, rounded or not.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner_cli.demo.everyday.databases import DATABASES, Third, third
from planner_cli.demo.everyday.making import TODAY
from planner_cli.tomlfile import read_toml

UNANSWERABLE = ("unanswerable", "write", "off-topic")
"""Kinds of questions that no query answers: the planner should end without an answer."""

KINDS: tuple[str, ...] = (
    "plain", "top", "date", "relative", "epoch", "units", "codes", "soft-delete", "join", "negation", "ratio", "yes-no",
    "list", "group", "wide", "language", "follow-up", "null", "text", *UNANSWERABLE,
)  # fmt: skip
"""What makes a question hard; a question may be of several kinds."""

_WORDS = (("yes", "no"), ("Yes", "No"), ("YES", "NO"), ("true", "false"))
_SEPARATORS = re.compile(r"(\|\||[{}|])")


@dataclass(frozen=True, slots=True)
class EverydayQuestion:
    id: str
    database: str
    third: Third
    ask: str
    """As a person typed it; a follow-up makes sense only after the question that it follows."""
    golds: tuple[str, ...]
    """Right queries: an answer is right if its rows equal those of any. Empty: nothing in the data answers it."""
    check: str | None
    """A second query for the first of ``golds``, written another way: both give the same rows on every instance."""
    kinds: tuple[str, ...]
    """Of :data:`KINDS`."""
    follows: str | None = None
    """The earlier question that a follow-up continues."""
    earlier: str = ""
    """What was asked there."""

    @property
    def text(self) -> str:
        """The question for a planner that answers one at a time and has a clock of its own.

        A follow-up begins with the question that it follows, and where a date counts from today, today is named.
        """
        asked = f"{self.earlier} {self.ask}" if self.earlier else self.ask
        return f"{asked} (today is {TODAY})" if "relative" in self.kinds else asked


@functools.cache
def questions() -> tuple[EverydayQuestion, ...]:
    """All questions, by database in the order of ``DATABASES``."""
    return tuple(question for name in DATABASES for question in _read(name))


def _read(name: str) -> Iterator[EverydayQuestion]:
    asked: dict[int, str] = {}
    for entry in read_toml(Path(__file__).with_name("sets") / f"{name}.toml")["q"]:
        asked[entry["id"]] = entry["ask"]
        yield _question(name, entry, asked)


def _question(name: str, entry: Mapping[str, Any], asked: Mapping[int, str]) -> EverydayQuestion:
    written = entry.get("gold", [])
    texts = [*_yes_or_no(entry), *([written] if isinstance(written, str) else written)]
    golds = [query for text in texts for query in expanded(text)]
    return EverydayQuestion(
        id=f"{name}-{entry['id']:02d}",
        database=name,
        third=third(name),
        ask=entry["ask"],
        golds=tuple(dict.fromkeys(golds)),
        check=entry.get("check"),
        kinds=tuple(entry["kinds"].split()),
        follows=f"{name}-{entry['follows']:02d}" if "follows" in entry else None,
        earlier=asked[entry["follows"]] if "follows" in entry else "",
    )


def _yes_or_no(entry: Mapping[str, Any]) -> Iterator[str]:
    """For a question whether there is any: ``any`` has the FROM of what would be."""
    if "any" in entry:
        there = f"EXISTS(SELECT 1 {entry['any']})"
        yield f"SELECT {there}"
        yield f"SELECT count(*) {entry['any']}"
        yield from (f"SELECT CASE WHEN {there} THEN '{yes}' ELSE '{no}' END" for yes, no in _WORDS)


def expanded(text: str) -> Iterator[str]:
    """Every query that the braces of ``text`` allow; the first is without what may be left out, and not rounded."""
    before, brace, rest = text.partition("{")
    if not brace:
        yield text
        return
    inside, after = _closed(rest)
    tails = tuple(expanded(after))
    for choice in _choices(inside):
        for chosen, tail in itertools.product(expanded(choice), tails):
            yield before + chosen + tail


def _closed(text: str) -> tuple[str, str]:
    """What is inside of the brace that has been opened, and what is after it."""
    depth = 1
    for place, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if not depth:
            return text[:place], text[place + 1 :]
    raise ValueError(f"a brace is not closed: {{{text}")


def _choices(inside: str) -> Iterator[str]:
    value = inside[1:]
    if inside.startswith("~"):
        yield value
        yield from (f"round({value}, {places})" for places in (0, 1, 2))
    elif inside.startswith("%"):
        yield value
        yield from (f"round({value}, {places})" for places in (2, 3, 4))
        yield f"100.0 * ({value})"
        yield from (f"round(100.0 * ({value}), {places})" for places in (0, 1, 2))
    else:
        either = _either(inside)
        yield from either if len(either) > 1 else ("", inside)


def _either(inside: str) -> list[str]:
    """Its alternatives; SQL's own ``||`` and inner braces separate nothing."""
    found, depth = [""], 0
    for part in _SEPARATORS.split(inside):
        depth += (part == "{") - (part == "}")
        if part == "|" and not depth:
            found.append("")
        else:
            found[-1] += part
    return found
