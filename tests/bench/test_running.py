"""Rows of intrinsic and end-to-end runs, on scripted engines and a real database."""

import sqlite3
from dataclasses import asdict, replace

import pytest

from planner_cli.bench.datasets import GivenCandidate, Item
from planner_cli.bench.oracle import Oracle
from planner_cli.bench.running import IntrinsicSettings, key_of, redactions, run_end_to_end, run_intrinsic
from planner_cli.control import Control
from planner_cli.discriminator import Discriminator
from planner_cli.engine import ScriptedEngine
from planner_cli.errors import Interrupted, PlannerError
from planner_cli.generator import Generator
from planner_cli.settings import DiscriminatorSettings, GeneratorSettings, PlanSettings

GOLD = "select count(*) from customers"
WRONG = "select count(*) from orders"
BROKEN = "select count(*) from customer"


def item(shop, **changes):
    made = Item(
        id="one",
        database_id="shop",
        database_path=shop,
        suite=(),
        question="How many customers?",
        gold=GOLD,
        hardness="easy",
        candidates=(GivenCandidate(GOLD, True), GivenCandidate(WRONG, False), GivenCandidate(BROKEN, None)),
    )
    return replace(made, **changes)


def judge_of(*scores, text="a thought of five words"):
    engine = ScriptedEngine()
    engine.enqueue([text] * len(scores), p_true=list(scores))
    return Discriminator(engine, "chat"), engine


def settings_of(mode, **settings):
    return IntrinsicSettings(mode=mode, discriminator=DiscriminatorSettings(budget=16, probe_at=(0, 2, 4), **settings))


@pytest.mark.parametrize(("mode", "judged"), [("base", 3), ("check", 2), ("exec", 3), ("pro", 2)])
def test_modes(shop, mode, judged):
    judge, engine = judge_of(*[0.8, 0.3, 0.6][:judged])
    (row,) = run_intrinsic([item(shop)], judge, settings_of(mode), models=())
    assert [c.label for c in row.candidates] == [True, False, False]
    assert [c.executable for c in row.candidates] == [True, True, False]
    assert [c.judged for c in row.candidates] == [True, True, judged == 3]
    assert [c.score for c in row.candidates[:2]] == [0.8, 0.3]
    seen = "".join(s.text for s in engine.sessions[0].branches[0].suffix)
    assert ("Its result" in seen) is (mode in ("exec", "pro"))


def test_a_row_holds_every_budget(shop):
    judge, _ = judge_of(lambda tokens: tokens / 10, 0.3)
    (row,) = run_intrinsic([item(shop)], judge, replace(settings_of("pro"), thoughts=True), models=())
    first = row.candidates[0]
    assert [(p.tokens, p.p_true) for p in first.probes] == [(0, 0.0), (2, 0.2), (4, 0.4), (5, 0.5)]
    assert (first.closed_by, first.tokens, first.thought) == ("model", 5, "a thought of five words")
    assert row.tokens["judge"] == 10
    assert row.to_json() == type(row).from_json(row.to_json()).to_json()


def test_what_is_done_is_not_done_again(shop):
    settings = settings_of("pro")
    key = key_of(item(shop), asdict(settings), ())
    judge, engine = judge_of()
    assert list(run_intrinsic([item(shop)], judge, settings, models=(), done={key})) == [None]
    assert engine.sessions == []


def test_the_key_knows_what_matters(shop):
    settings = settings_of("pro")
    key = key_of(item(shop), asdict(settings), ())
    assert key == key_of(item(shop), asdict(settings), ())
    assert key != key_of(item(shop, question="How many?"), asdict(settings), ())
    assert key != key_of(item(shop), asdict(settings_of("check")), ())
    assert key != key_of(item(shop), asdict(settings_of("pro", schema=False)), ())
    sqlite3.connect(shop).executescript("insert into customers values (9, 'Zoe', 'Bern')").connection.close()
    assert key != key_of(item(shop), asdict(settings), ())


def test_environment_errors_stop_the_run(shop, tmp_path):
    settings = settings_of("pro")
    with pytest.raises(PlannerError, match="gold query does not run"):
        list(run_intrinsic([item(shop, gold=BROKEN)], judge_of()[0], settings, models=()))
    with pytest.raises(PlannerError, match=r"none\.sqlite"):
        list(run_intrinsic([item(shop, database_path=tmp_path / "none.sqlite")], judge_of()[0], settings, models=()))
    with pytest.raises(PlannerError, match="no candidates"):
        list(run_intrinsic([item(shop, candidates=())], judge_of()[0], settings, models=()))


REDACTED = [
    # name, columns, whether the judge sees a customer's name, and a city
    ("none", (), True, True),
    ("one", ("customers.name",), False, True),
    ("one that another database has", ("customers.name", "animals.kind"), False, True),
    ("two", ("customers.name", "customers.city"), False, False),
]


@pytest.mark.parametrize(("redact", "names", "cities"), [r[1:] for r in REDACTED], ids=[r[0] for r in REDACTED])
def test_a_redacted_column_is_in_no_prompt_and_no_row(shop, tmp_path, redact, names, cities):
    zoo = tmp_path / "zoo.sqlite"
    sqlite3.connect(zoo).executescript("create table animals (kind); insert into animals values ('lynx')").close()
    given = (GivenCandidate("select name, city from customers", None),)
    asked = [
        item(shop, candidates=given),
        item(zoo, id="two", database_id="zoo", gold="select kind from animals", candidates=given),
    ]
    judge, engine = judge_of(0.8)
    rows = list(run_intrinsic(asked, judge, settings_of("pro"), models=(), redacted=redactions(asked, redact)))
    seen = repr([(session.prefix, [branch.suffix for branch in session.branches]) for session in engine.sessions])
    for found, words in ((names, ("Anna", "Ben")), (cities, ("Paris", "Rome"))):
        assert all((word in seen) == found for word in words)
        assert not any(word in repr(rows) for word in words)
    plain = key_of(asked[0], asdict(settings_of("pro")), ())
    assert (rows[0].key == plain) == (not redact)  # other data: not to be taken for the same row


@pytest.mark.parametrize(("others", "told"), [(0, "did you mean customers.name?"), (1, "did you mean customers.name?")])
def test_a_column_to_redact_that_is_nowhere_is_an_error(shop, tmp_path, others, told):
    zoo = tmp_path / "zoo.sqlite"
    sqlite3.connect(zoo).executescript("create table animals (kind)").close()
    asked = [item(shop), item(zoo, id="two", database_id="zoo")][: 1 + others]
    with pytest.raises(PlannerError, match=r"customers\.nme") as caught:
        redactions(asked, ("customers.nme",))
    assert told in f"{caught.value.message} {caught.value.hint}"


def answer(shop, texts, scores, *, suite=(), control=None, **settings):
    writer = ScriptedEngine()
    writer.enqueue(texts)
    judge, _ = judge_of(*scores)
    plan_settings = PlanSettings(
        generator=GeneratorSettings(candidates=len(texts)), discriminator=DiscriminatorSettings(budget=4), **settings
    )
    (row,) = run_end_to_end(
        [item(shop, suite=suite)], Generator(writer, "compact-values"), judge, plan_settings, models=(), control=control
    )
    return row


def test_end_to_end(shop):
    row = answer(shop, [WRONG, GOLD, "select count(id) from customers", BROKEN], [0.2, 0.9])
    assert row.method == "rerank"
    assert row.correct is True
    assert row.exact is True
    assert row.correct_suite is None
    assert sorted((c.sql, c.label) for c in row.candidates) == sorted(
        [(WRONG, False), (GOLD, True), ("select count(id) from customers", True), (BROKEN, False)]
    )
    assert set(row.seconds) == {"generate", "execute", "judge", "prefill", "total"}
    assert row.tokens["generate"] > 0
    assert row.peak_memory > 1_000_000


@pytest.mark.parametrize(("accuracy", "correct"), [(1.0, True), (0.0, False)])
def test_an_oracle_is_as_right_as_it_is_told(shop, accuracy, correct):
    writer = ScriptedEngine()
    writer.enqueue([WRONG, WRONG, GOLD])
    settings = PlanSettings(generator=GeneratorSettings(candidates=3))
    (row,) = run_end_to_end([item(shop)], Generator(writer, "compact-values"), Oracle(accuracy), settings, models=())
    assert row.correct is correct
    assert row.candidates[row.chosen].score == 1.0


def test_an_oracle_errs_by_its_seed():
    said = {seed: [Oracle(0.5, seed)._honest("item", i) for i in range(200)] for seed in (1, 2)}
    assert said[1] == [Oracle(0.5, 1)._honest("item", i) for i in range(200)]
    assert said[1] != said[2]
    assert 70 < sum(said[1]) < 130


def test_without_a_right_query_only_given_labels_count(shop):
    judge, _ = judge_of(0.8, 0.3)
    (row,) = run_intrinsic([item(shop, gold=None)], judge, settings_of("pro"), models=())
    assert [c.label for c in row.candidates] == [True, False, None]
    assert (row.gold, row.gold_steps) == (None, None)
    assert row.to_json() == type(row).from_json(row.to_json()).to_json()
    writer = Generator(ScriptedEngine(), "compact-values")
    with pytest.raises(PlannerError, match="no right query"):
        list(run_end_to_end([item(shop, gold=None)], writer, None, PlanSettings(), models=()))


def test_what_a_query_cost_is_in_the_row(shop):
    broken = "select count(*) from nothing_like_it"
    row = answer(shop, ["select count(*) from customers where id + 0 > 0", broken], [0.9])
    slow, broken = sorted(row.candidates, key=lambda c: not c.executable)
    assert slow.steps > row.gold_steps > 0
    assert slow.scanned > 0
    assert (broken.steps, broken.scanned) == (None, None)


@pytest.mark.parametrize(("thoughts", "kept"), [(True, "a thought of five words"), (False, None)])
def test_thoughts_are_kept_where_they_are_wanted(shop, thoughts, kept):
    writer = ScriptedEngine()
    writer.enqueue([GOLD])
    settings = PlanSettings(generator=GeneratorSettings(candidates=1))
    (row,) = run_end_to_end(
        [item(shop)], Generator(writer, "compact-values"), judge_of(0.9)[0], settings, models=(), thoughts=thoughts
    )
    assert row.candidates[0].thought == kept


def test_no_answer_is_wrong(shop):
    row = answer(shop, ["select count(*) from nowhere"], [])
    assert (row.chosen, row.correct, row.exact) == (None, False, False)


def test_right_by_chance_is_seen_on_another_instance(shop, tmp_path):
    other = tmp_path / "other.sqlite"
    other.write_bytes(shop.read_bytes())
    sqlite3.connect(other).executescript("delete from orders where id > 1").connection.close()
    lucky = "select count(*) from orders where status = 'shipped'"  # three, as there are customers
    row = answer(shop, [lucky], [0.9], suite=(other,))
    assert (row.correct, row.correct_suite) == (True, False)
    assert answer(shop, [GOLD], [0.9], suite=(other,)).correct_suite is True


def test_ctrl_c_ends_a_run(shop):
    control = Control()
    control.cancel()
    with pytest.raises(Interrupted):
        answer(shop, [GOLD], [0.5], control=control)
