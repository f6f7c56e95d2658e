"""Everyday questions over tables that foreign keys link.

A path leads from the rows a question counts, sums or shows up to what they belong to: order lines, their order, its
customer. Groups are made by the key of what they belong to, so that two customers of one name stay two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.distill.everyday import Domain
from models.distill.filters import MEASURES, Draw, category, many, one, rows, said
from planner_cli.prompts.schema import quote

Made = tuple[str, str] | None
_LONGEST = 3
"""Steps of a path."""


@dataclass(frozen=True, slots=True)
class Path:
    start: str
    steps: tuple[tuple[str, str, str], ...]
    """(table, its foreign key, the table it points to), one after another."""

    @property
    def end(self) -> str:
        return self.steps[-1][2]

    @property
    def joined(self) -> str:
        """The joins after the first table."""
        return "".join(
            f" join {quote(parent)} on {quote(table)}.{quote(key)} = {quote(parent)}.id"
            for table, key, parent in self.steps
        )

    @property
    def sql(self) -> str:
        return quote(self.start) + self.joined


def paths(domain: Domain) -> list[Path]:
    """All ways up the foreign keys that visit no table twice."""
    found: list[Path] = []
    waiting = [Path(table, ()) for table in domain.fields]
    while waiting:
        path = waiting.pop()
        here = path.end if path.steps else path.start
        been = {path.start, *(parent for _, _, parent in path.steps)}
        for field in domain.fields[here]:
            if field.parent and field.parent not in been and len(path.steps) < _LONGEST:
                longer = Path(path.start, (*path.steps, (here, field.name, field.parent)))
                found.append(longer)
                waiting.append(longer)
    return sorted(found, key=lambda path: (len(path.steps), path.sql))


def question(draw: Draw, known: Sequence[Path]) -> Made:
    """A question over one of the paths, short ones more often; ``None`` where what was drawn does not fit it."""
    path = draw.rng.choices(known, [1 / len(path.steps) for path in known])[0]
    template = draw.rng.choices([t for t, _ in _TEMPLATES], [w for _, w in _TEMPLATES])[0]
    return template(draw, path)


def _name(draw: Draw, table: str) -> str:
    label = draw.label(table)
    return f"{quote(table)}.{quote(label.name if label else 'id')}"


def _key(path: Path) -> str:
    return f"{quote(path.end)}.id"


def _rows_of_parent(draw: Draw, path: Path) -> Made:
    condition = draw.filter(path.end) if draw.rng.random() < 0.35 else category(draw, path.end)
    if condition is None:
        return None
    label, field = draw.label(path.end), draw.field(path.start, "number")
    by_name = condition.value is not None and label is not None and condition.column == label.name
    slots = {"value": condition.value, "p": one(path.end), "ps": many(path.end), "behind": condition.behind}
    slots |= {"t": many(path.start), "whose": draw.say("of_value" if by_name else "of_those", **slots)}
    kind, tail = draw.rng.random(), f"from {path.sql} where {condition.on(path.end)}"
    if kind < 0.4:
        return draw.say("count_of_value" if by_name else "count_of", **slots), f"select count(*) {tail}"
    if kind < 0.65 and field is not None:
        word, function = draw.rng.choice(MEASURES)
        asked = draw.say("measure_of", word=word, n=said(field), **slots)
        return asked, f"select {function}({quote(path.start)}.{quote(field.name)}) {tail}"
    shown = draw.shown(path.start)
    return draw.say("column_of", a=said(shown), **slots), f"select {quote(path.start)}.{quote(shown.name)} {tail}"


def _per_parent(draw: Draw, path: Path) -> Made:
    field, slots = draw.field(path.start, "number"), {"p": one(path.end), "t": many(path.start)}
    name, tail = _name(draw, path.end), f"from {path.sql} group by {_key(path)}"
    if field is None or draw.rng.random() < 0.5:
        return draw.say("count_per_parent", **slots), f"select {name}, count(*) {tail}"
    word, function = draw.rng.choice(MEASURES)
    asked = draw.say("measure_per_parent", word=word, n=said(field), **slots)
    return asked, f"select {name}, {function}({quote(path.start)}.{quote(field.name)}) {tail}"


def _per_column(draw: Draw, path: Path) -> Made:
    by, field = draw.field(path.end, "category"), draw.field(path.start, "number")
    if by is None:
        return None
    c, t = f"{quote(path.end)}.{quote(by.name)}", many(path.start)
    by_said = draw.say("parent_column", p=one(path.end), by=said(by))
    if field is None or draw.rng.random() < 0.5:
        return draw.say("count_per_column", t=t, by=by_said), f"select {c}, count(*) from {path.sql} group by {c}"
    word, function = draw.rng.choice(MEASURES)
    asked = draw.say("measure_per_column", word=word, n=said(field), t=t, by=by_said)
    return asked, f"select {c}, {function}({quote(path.start)}.{quote(field.name)}) from {path.sql} group by {c}"


def _top_parent(draw: Draw, path: Path) -> Made:
    field, count = draw.field(path.start, "number"), draw.rng.choice((1, 1, 1, 3, 5, 10))
    single = count == 1
    slots = {"ps": one(path.end) if single else f"{count} {many(path.end)}", "t": many(path.start)}
    slots |= {"has": "has" if single else "have"}
    head = f"select {_name(draw, path.end)} from {path.sql} group by {_key(path)} order by"
    if field is None or draw.rng.random() < 0.6:
        word, order = draw.rng.choice((("most", " desc"), ("most", " desc"), ("fewest", "")))
        wording = "parents_most" if not single and order else "parent_most"
        return draw.say(wording, word=word, **slots), f"{head} count(*){order} limit {count}"
    word, function = draw.rng.choice((("total", "sum"), ("average", "avg")))
    asked = draw.say("parent_measure", word=word, n=said(field), **slots)
    return asked, f"{head} {function}({quote(path.start)}.{quote(field.name)}) desc limit {count}"


def _without(draw: Draw, path: Path) -> Made:
    if len(path.steps) > 1:
        return None
    table, key, parent = path.steps[0]
    label = draw.label(parent)
    counted = draw.rng.random() < 0.3
    slots = {"t": many(table), "one": one(table), "ps": many(parent)}
    shown = "count(*)" if counted else quote(label.name if label else "id")
    rest = f"from {quote(parent)} where id not in (select {quote(key)} from {quote(table)})"
    return draw.say("count_without" if counted else "without", **slots), f"select {shown} {rest}"


def _with(draw: Draw, path: Path) -> Made:
    condition = draw.filter(path.start)
    if condition is None:
        return None
    counted = draw.rng.random() < 0.25
    asked = draw.say("count_with" if counted else "with", ps=many(path.end), who=rows(draw, path.start, condition))
    shown = f"count(distinct {_key(path)})" if counted else f"distinct {_name(draw, path.end)}"
    return asked, f"select {shown} from {path.sql} where {condition.on(path.start)}"


def _with_many(draw: Draw, path: Path) -> Made:
    k = draw.rng.randint(1, 10)
    word, sign = draw.rng.choice((("more than", ">"), ("at least", ">="), ("fewer than", "<"), ("exactly", "=")))
    asked = draw.say("with_many", ps=many(path.end), t=many(path.start), word=word, k=k)
    group = f"group by {_key(path)} having count(*) {sign} {k}"
    return asked, f"select {_name(draw, path.end)} from {path.sql} {group}"


def _with_parent(draw: Draw, path: Path) -> Made:
    """Rows with the name of what they belong to."""
    shown, condition = draw.shown(path.start), draw.filter(path.start) if draw.rng.random() < 0.4 else None
    t = many(path.start)
    who = rows(draw, path.start, condition) if condition else draw.say("each_of", one=one(path.start), t=t)
    where = f" where {condition.on(path.start)}" if condition else ""
    asked = draw.say("with_parent", a=said(shown), who=who, its=draw.say("its_parent", p=one(path.end)))
    return asked, f"select {quote(path.start)}.{quote(shown.name)}, {_name(draw, path.end)} from {path.sql}{where}"


def _through(draw: Draw, path: Path) -> Made:
    """From one parent over common rows to another: which customers ordered a Desk Lamp."""
    taken = {parent for _, _, parent in path.steps}
    others = [
        other
        for other in paths(draw.domain)
        if other.start == path.start
        and not taken & {parent for _, _, parent in other.steps}
        and len(other.steps) + len(path.steps) <= _LONGEST + 1
    ]
    if not others:
        return None
    other = draw.rng.choice(others)
    condition = category(draw, other.end)
    if condition is None:
        return None
    label, field, kind = draw.label(other.end), draw.field(path.start, "number"), draw.rng.random()
    by_name = label is not None and condition.column == label.name
    whom = f"{many(other.end)} {condition.behind}"
    if by_name:
        whom = draw.say("named", value=condition.value, o=one(other.end))
    slots = {"t": many(path.start), "p": one(path.end), "ps": many(path.end), "other": whom}
    name, tail = _name(draw, path.end), f"from {path.sql}{other.joined} where {condition.on(other.end)}"
    if kind < 0.5:
        return draw.say("through", **slots), f"select distinct {name} {tail}"
    if kind < 0.75 or field is None:
        return draw.say("count_through", **slots), f"select {name}, count(*) {tail} group by {_key(path)}"
    asked = draw.say("measure_through", n=said(field), **slots)
    return asked, f"select {name}, sum({quote(path.start)}.{quote(field.name)}) {tail} group by {_key(path)}"


_TEMPLATES: tuple[tuple[Callable[[Draw, Path], Made], float], ...] = (
    (_rows_of_parent, 6), (_per_parent, 5), (_per_column, 3), (_top_parent, 4), (_without, 2), (_with, 3),
    (_with_many, 2), (_with_parent, 3), (_through, 4),
)  # fmt: skip
