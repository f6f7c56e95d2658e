"""A wide schema of which a part was shown: what the answer says of it, and when a second round sees another part."""

import pytest

from planner_cli.control import Control
from planner_cli.database import Database
from planner_cli.events import Answered
from planner_cli.generator import Generator
from planner_cli.planning import Pooled, plan
from planner_cli.settings import CorrectSettings, GeneratorSettings, Limits, PlanSettings, TreeSettings
from planner_cli.types import Column, Question, Schema, Table
from tests.planning.opened import opened
from tests.scripted import ScriptedEngine

COUNT = "select count(*) from customers"
ORDERS = "select count(*) from orders"
BROKEN = "select count(*) from nothing_like_it"
SLOW = "with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) from n"
CITY = "select city from customers"
LINE = "1 of 2 tables shown: {}; name others with --tables"
NAMED = "a second round, as a candidate names what was not shown: "
FAILED = "a second round, as no candidate runs: "

ROUNDS = [
    # name, what the first round writes, the mode, the names that the second choice is given and why; None: no such round
    ("what was shown is enough", [COUNT, BROKEN], "pro", None),
    ("no candidate runs", [BROKEN, BROKEN + " limit 1"], "pro", (set(), FAILED)),
    ("no candidate runs, and a hidden column is named", ["select total from customers"], "pro", ({"total"}, FAILED)),
    ("a table is named that exists", [COUNT, ORDERS], "pro", ({"orders"}, NAMED)),
    ("in another case, quoted", [COUNT, 'select 1 from "Orders"'], "pro", ({"orders"}, NAMED)),
    ("as an alias it names no table", ["select count(*) orders from customers"], "pro", None),
    ("a column is named that was cut", [COUNT, CITY], "pro", ({"city"}, NAMED)),
    ("one is only slow", [BROKEN, SLOW], "pro", None),
    ("nobody may know that nothing runs", [BROKEN], "base", None),
    ("nobody may know what runs, but a table is named", [ORDERS], "base", ({"orders"}, NAMED)),
]


def asked(database):
    """The question about customers, whose city is cut, of the two tables; and the other choice."""
    customers, orders = database.schema.tables
    narrow = Table("customers", tuple(column for column in customers.columns if column.name != "city"))
    return Question("How many?", Schema((narrow,)), database.name, whole=Schema((customers, orders)))


def run(path, texts, *, mode="pro", later=(COUNT,), others=True, **settings):
    writer = ScriptedEngine()
    for each in (texts, later, later):
        writer.enqueue(each)
    given = []

    def other(question, missing):
        given.append(missing.names)
        return Question(question.text, Schema(question.whole.tables[1:]), question.database, whole=question.whole)

    limits = Limits(seconds=0.2, patience=0)
    generating = GeneratorSettings(candidates=len(texts), mend=False)
    made = PlanSettings(generator=generating, mode=mode, limits=limits, **settings)
    database = opened(path, limits)
    generator = Generator(writer, "compact-values")
    events = list(plan(asked(database), database, generator, None, made, others=other if others else None))
    assert isinstance(events[-1], Answered)
    prompts = ["".join(span.text for span in session.prefix) for session in writer.sessions]
    return events[-1].answer, given, prompts


@pytest.mark.parametrize(("texts", "mode", "expected"), [case[1:] for case in ROUNDS], ids=[case[0] for case in ROUNDS])
def test_there_is_a_second_round_where_the_first_saw_too_little(shop, texts, mode, expected):
    answer, given, prompts = run(shop, texts, mode=mode, later=[COUNT] * len(texts))
    assert answer.warnings[0] == LINE.format("customers (2 of 3 columns)")
    assert "customers: id, name" in prompts[0]
    if expected is None:
        assert (given, len(prompts), len(answer.warnings)) == ([], 1, 1)
        assert answer.shown == ("customers",)
    else:
        names, why = expected
        assert given == [names]
        assert answer.warnings[1] == why + LINE.format("orders")
        assert answer.shown == ("orders",)
        assert "orders: id" in prompts[1]
        assert "customers:" not in prompts[1]


def test_the_candidates_of_both_rounds_count(shop):
    answer, _, _ = run(shop, [BROKEN, BROKEN + " limit 1"], later=[COUNT, COUNT])
    assert answer.sql == COUNT
    assert answer.vote_share == 0.5
    assert len(answer.candidates) == 3


@pytest.mark.parametrize(
    "settings",
    [
        {"select": "correct", "correct": CorrectSettings(rounds=1)},
        {"select": "tree", "tree": TreeSettings(expansions=1)},
    ],
    ids=["correct", "tree"],
)
def test_methods_that_generate_by_themselves_have_it_too(shop, settings):
    texts = [BROKEN] * TreeSettings().width
    answer, given, _ = run(shop, texts, later=[COUNT] * len(texts), **settings)
    assert given == [set()]
    assert answer.sql == COUNT


def test_without_another_choice_there_is_none(shop):
    answer, _, prompts = run(shop, [BROKEN], others=False)
    assert len(prompts) == 1
    assert answer.best is None
    assert answer.shown == ("customers",)


def test_one_pool_for_several_methods_says_the_same(shop):
    writer = ScriptedEngine()
    writer.enqueue([BROKEN])
    writer.enqueue([COUNT])
    settings = PlanSettings(generator=GeneratorSettings(candidates=1, mend=False))

    def other(question, _missing):
        return Question(question.text, Schema(question.whole.tables), question.database, whole=question.whole)

    with Database.open(shop) as database:
        pooled = Pooled(
            asked(database), database, Generator(writer, "compact-values"), None, settings, Control(), other
        )
        answer = pooled.answer("vote")
    assert answer.sql == COUNT
    assert answer.shown == ("customers", "orders")
    assert answer.warnings[1].startswith(FAILED)


def test_a_whole_schema_says_nothing(shop):
    writer = ScriptedEngine()
    writer.enqueue([BROKEN])
    with Database.open(shop) as database:
        question = Question("How many?", Schema((Table("customers", (Column("id"),)),)), database.name)
        settings = PlanSettings(generator=GeneratorSettings(candidates=1, mend=False))
        *_, last = plan(question, database, Generator(writer, "compact-values"), None, settings)
    assert last.answer.warnings == ()
    assert last.answer.shown is None
