"""Everyday questions over one table, and the drawing of questions over a whole domain.

A template draws from a table and returns (question, query), or ``None`` where the table has nothing for it. Queries
are SQLite's, in the normal form of :mod:`planner_cli.prompts.normal_form`.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from models.distill import joins
from models.distill.everyday import Domain
from models.distill.filters import MEASURES, Draw, many, number, one, rows, said, text, verb
from models.distill.renaming import plural
from planner_cli.prompts.schema import quote

Made = tuple[str, str] | None


def _count_all(draw: Draw, table: str) -> Made:
    return draw.say("count_all", t=many(table)), f"select count(*) from {quote(table)}"


def _list_all(draw: Draw, table: str) -> Made:
    t = many(table)
    if draw.rng.random() < 0.4:
        return draw.say("everything", t=t), f"select * from {quote(table)}"
    a, b = draw.shown(table), draw.rng.choice(draw.domain.fields[table])
    if a is b:
        question = draw.say("one_column", **{"a": said(a), "as": plural(said(a)), "t": t, "one": one(table)})
        return question, f"select {quote(a.name)} from {quote(table)}"
    question = draw.say("two_columns", a=said(a), b=said(b), t=t, one=one(table))
    return question, f"select {quote(a.name)}, {quote(b.name)} from {quote(table)}"


def _list_where(draw: Draw, table: str) -> Made:
    condition, field = draw.filter(table), draw.shown(table)
    if condition is None:
        return None
    who, where = rows(draw, table, condition), condition.bare
    second = draw.filter(table) if draw.rng.random() < 0.15 else None
    if second is not None and second.column != condition.column:
        join = draw.rng.choice(("and", "and", "or"))
        who, where = f"{who} {join} {second.behind}", f"{where} {join} {second.bare}"
    wording = "which" if field is draw.label(table) else "what_of"
    question = draw.say(wording, **{"who": who, "a": said(field), "as": plural(said(field))})
    return question, f"select {quote(field.name)} from {quote(table)} where {where}"


def _count_where(draw: Draw, table: str) -> Made:
    condition = draw.filter(table)
    if condition is None:
        return None
    question = draw.say("count", who=rows(draw, table, condition))
    return question, f"select count(*) from {quote(table)} where {condition.bare}"


def _look_up(draw: Draw, table: str) -> Made:
    label, field = draw.label(table), draw.rng.choice(draw.domain.fields[table])
    if label is None or not label.values or field is label:
        return None
    value = draw.rng.choice(label.values)
    question = draw.say("look_up", a=said(field), value=value, one=one(table))
    return question, f"select {quote(field.name)} from {quote(table)} where {quote(label.name)} = {text(value)}"


def _measure(draw: Draw, table: str) -> Made:
    field = draw.field(table, "number")
    if field is None:
        return None
    word, function = draw.rng.choice(MEASURES)
    condition = draw.filter(table) if draw.rng.random() < 0.4 else None
    who = rows(draw, table, condition) if condition else draw.say("all_of", t=many(table))
    where = f" where {condition.bare}" if condition else ""
    question = draw.say("measure", word=word, n=said(field), who=who)
    return question, f"select {function}({quote(field.name)}) from {quote(table)}{where}"


_FACTORS = ("quantity", "days", "in_stock", "hours", "nights", "stock")
_PRICES = ("unit_price", "price", "unit_cost", "daily_rate")


def _product(draw: Draw, table: str) -> Made:
    """The sum of a quantity times a price."""
    fields = {field.name: field for field in draw.fields(table, "number")}
    pairs = [(a, b) for a in _FACTORS for b in _PRICES if a in fields and b in fields]
    if not pairs:
        return None
    a, b = draw.rng.choice(pairs)
    slots = {"t": many(table), "a": said(fields[a]), "b": said(fields[b])}
    group = draw.field(table, "category")
    if group is None or draw.rng.random() < 0.5:
        return draw.say("value_of_all", **slots), f"select sum({a} * {b}) from {quote(table)}"
    name = quote(group.name)
    question = draw.say("value_per", by=said(group), **slots)
    return question, f"select {name}, sum({a} * {b}) from {quote(table)} group by {name}"


_EXTREMES = {
    "price": ("most expensive", "cheapest"),
    "salary": ("best paid", "worst paid"),
    "rating": ("best rated", "worst rated"),
    "birth_date": ("youngest", "oldest"),
    "age": ("oldest", "youngest"),
    "height": ("tallest", "shortest"),
    "weight": ("heaviest", "lightest"),
    "pages": ("longest", "shortest"),
    "seconds": ("longest", "shortest"),
    "minutes": ("longest", "shortest"),
}
"""What the rows with the largest and the smallest value are called."""
_LARGEST = (("highest", "largest", "most"), ("lowest", "smallest", "least"))
_LATEST = (("latest", "newest", "most recent"), ("earliest", "oldest", "first"))


def _extreme(draw: Draw, table: str) -> Made:
    field, shown = draw.field(table, "number", "date", "year"), draw.shown(table)
    if field is None or field is shown:
        return None
    count, descending = draw.rng.choice((1, 1, 2, 3, 5, 10)), draw.rng.random() < 0.6
    direct = field.name in _EXTREMES or field.kind != "number"
    if field.name in _EXTREMES:
        word = _EXTREMES[field.name][0 if descending else 1]
    else:
        word = draw.rng.choice((_LARGEST if field.kind == "number" else _LATEST)[0 if descending else 1])
    wording = ("most" if count == 1 else "top") + ("_direct" if direct else "")
    if shown is not draw.label(table) and wording != "top":
        wording += "_column"
    by = f" by {said(field)}" if direct and field.name not in _EXTREMES and draw.rng.random() < 0.7 else ""
    question = draw.say(
        wording, one=f"{one(table)}{by}", t=f"{many(table)}{by}", a=said(shown), n=said(field), word=word,
        count=count, rank="top" if descending else "bottom",
    )  # fmt: skip
    order = f"{quote(field.name)}{' desc' if descending else ''}"
    return question, f"select {quote(shown.name)} from {quote(table)} order by {order} limit {count}"


def _group(draw: Draw, table: str) -> Made:
    by, field = draw.field(table, "category", "category", "flag", "year"), draw.field(table, "number")
    if by is None:
        return None
    c, t, kind = quote(by.name), many(table), draw.rng.random()
    if kind < 0.4 or (field is None and kind < 0.8):
        return draw.say("count_per", t=t, by=said(by)), f"select {c}, count(*) from {quote(table)} group by {c}"
    if kind < 0.52 or field is None:
        question = draw.say("commonest", t=t, by=said(by))
        return question, f"select {c} from {quote(table)} group by {c} order by count(*) desc limit 1"
    n = quote(field.name)
    if kind < 0.87:
        word, function = draw.rng.choice(MEASURES)
        question = draw.say("measure_per", t=t, by=said(by), word=word, n=said(field))
        return question, f"select {c}, {function}({n}) from {quote(table)} group by {c}"
    word, function = draw.rng.choice((("average", "avg"), ("total", "sum")))
    question = draw.say("highest_group", t=t, by=said(by), word=word, n=said(field))
    return question, f"select {c} from {quote(table)} group by {c} order by {function}({n}) desc limit 1"


def _having(draw: Draw, table: str) -> Made:
    by, field = draw.field(table, "category"), draw.field(table, "number")
    if by is None:
        return None
    c, slots = quote(by.name), {"by": said(by), "bys": plural(said(by)), "t": many(table)}
    head = f"select {c} from {quote(table)} group by {c} having"
    if field is None or draw.rng.random() < 0.6:
        word, sign = draw.rng.choice((("more than", ">"), ("at least", ">="), ("fewer than", "<")))
        k = draw.rng.randint(1, 10)
        return draw.say("groups_counted", word=word, k=k, **slots), f"{head} count(*) {sign} {k}"
    value, (word, function) = number(draw, field), draw.rng.choice((("average", "avg"), ("total", "sum")))
    question = draw.say("groups_measured", word=word, n=said(field), value=value, **slots)
    return question, f"{head} {function}({quote(field.name)}) > {value}"


def _over_time(draw: Draw, table: str) -> Made:
    by, field = draw.field(table, "date"), draw.field(table, "number")
    if by is None:
        return None
    word, pattern = draw.rng.choice(
        (("year", "%Y"), ("year", "%Y"), ("month", "%Y-%m"), ("month", "%Y-%m"), ("day", "%Y-%m-%d"))
    )
    part = f"strftime('{pattern}', {quote(by.name)})"
    if field is None or draw.rng.random() < 0.6:
        question = draw.say("count_over_time", t=many(table), word=word, n=said(by), verb=verb(by))
        return question, f"select {part}, count(*) from {quote(table)} group by {part}"
    measure, function = draw.rng.choice((("total", "sum"), ("average", "avg"), ("total", "sum")))
    question = draw.say("measure_over_time", t=many(table), word=word, n=said(field), measure=measure, by=said(by))
    return question, f"select {part}, {function}({quote(field.name)}) from {quote(table)} group by {part}"


def _different(draw: Draw, table: str) -> Made:
    field = draw.field(table, "category", "label")
    if field is None:
        return None
    counted = draw.rng.random() < 0.5
    question = draw.say("count_different" if counted else "different", **{"as": plural(said(field)), "t": many(table)})
    name = quote(field.name)
    return question, f"select {f'count(distinct {name})' if counted else f'distinct {name}'} from {quote(table)}"


def _ordered(draw: Draw, table: str) -> Made:
    field, shown = draw.field(table, "number", "date", "label", "year"), draw.shown(table)
    if field is None:
        return None
    ends = (" alphabetically", " in reverse order") if field.kind == "label" else (", lowest first", ", highest first")
    how, order = draw.rng.choice(
        (("", ""), (" in ascending order", ""), (ends[0], ""), (" in descending order", " desc"), (ends[1], " desc"))
    )
    both = field is not shown and draw.rng.random() < 0.35
    a = f"{said(shown)} and {said(field)}" if both else said(shown)
    columns = f"{quote(shown.name)}, {quote(field.name)}" if both else quote(shown.name)
    question = draw.say("ordered", a=a, t=many(table), n=said(field), how=how)
    return question, f"select {columns} from {quote(table)} order by {quote(field.name)}{order}"


def _above_average(draw: Draw, table: str) -> Made:
    field, shown = draw.field(table, "number"), draw.shown(table)
    if field is None:
        return None
    word, sign = draw.rng.choice((("above", ">"), ("higher than", ">"), ("below", "<"), ("more than", ">")))
    n, t = quote(field.name), quote(table)
    question = draw.say("above_average", t=many(table), n=said(field), a=said(shown), word=word)
    return question, f"select {quote(shown.name)} from {t} where {n} {sign} (select avg({n}) from {t})"


def _several(draw: Draw, table: str) -> Made:
    field = draw.field(table, "number")
    if field is None:
        return None
    chosen = draw.rng.sample((("minimum", "min"), ("maximum", "max"), ("average", "avg")), draw.rng.choice((2, 3)))
    listed = ", ".join(word for word, _ in chosen[:-1]) + f" and {chosen[-1][0]}"
    measures = ", ".join(f"{function}({quote(field.name)})" for _, function in chosen)
    question = draw.say("several_measures", words=listed, n=said(field), t=many(table))
    return question, f"select {measures} from {quote(table)}"


_TEMPLATES: tuple[tuple[Callable[[Draw, str], Made], float], ...] = (
    (_count_all, 2), (_list_all, 2), (_list_where, 8), (_count_where, 5), (_look_up, 3), (_measure, 5), (_product, 1),
    (_extreme, 5), (_group, 6), (_having, 2), (_over_time, 3), (_different, 2.5), (_ordered, 2), (_above_average, 1),
    (_several, 1),
)  # fmt: skip


def questions(domain: Domain, rng: random.Random, count: int, joined: float = 0.5) -> list[tuple[str, str]]:
    """``count`` different questions with their queries, fewer where the domain has not that many.

    ``joined`` is the share of draws over several tables.
    """
    draw = Draw(domain, rng)
    paths = joins.paths(domain)
    tables = list(domain.fields)
    found: dict[str, str] = {}
    for _ in range(50 * count):
        if len(found) == count:
            break
        if paths and rng.random() < joined:
            made = joins.question(draw, paths)
        else:
            template = rng.choices([t for t, _ in _TEMPLATES], [w for _, w in _TEMPLATES])[0]
            made = template(draw, rng.choice(tables))
        if made is not None:
            found.setdefault(_typed(made[0], rng), made[1])
    return list(found.items())


def _typed(question: str, rng: random.Random) -> str:
    """As people type: in lower case, without a final question mark, with a polite word in front."""
    question = question[0].upper() + question[1:]
    kind = rng.random()
    if kind < 0.2 and '"' not in question and "'" not in question:
        return question.lower().rstrip("?")
    if kind < 0.35:
        return question.rstrip("?")
    if kind < 0.4 and question.startswith(("Show", "List", "Count")):
        return f"Please {question[0].lower()}{question[1:]}."
    return question if question.endswith("?") or kind < 0.7 else f"{question}."
