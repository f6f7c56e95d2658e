"""Rows of intrinsic and end-to-end runs, on scripted engines and a real database."""

import errno
import json
import shutil
import sqlite3
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from planner_cli.bench.datasets import GivenCandidate, Item
from planner_cli.bench.equality import EVALUATION_LIMITS
from planner_cli.bench.oracle import Oracle
from planner_cli.bench.running import (
    IntrinsicSettings,
    key_of,
    redactions,
    run_end_to_end,
    run_intrinsic,
    run_methods,
    with_written,
)
from planner_cli.bench.setaside import SetAside
from planner_cli.control import Control
from planner_cli.database.process import WorkerStartError
from planner_cli.discriminator import Discriminator
from planner_cli.errors import ContextOverflow, DatabaseError, Interrupted, PlannerError
from planner_cli.generator import Generator
from planner_cli.planning import GENERATING
from planner_cli.settings import SELECT_CHOICES, DiscriminatorSettings, GeneratorSettings, Limits, PlanSettings
from tests.scripted import ScriptedEngine

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


def test_candidates_that_the_data_lack_are_written(shop, tmp_path):
    engine = ScriptedEngine()
    engine.enqueue([GOLD, WRONG, GOLD, BROKEN])
    lacking, gone = item(shop, candidates=()), item(tmp_path / "gone.sqlite", id="two", candidates=())
    found = with_written(
        [lacking, gone], Generator(engine, "compact-values"), GeneratorSettings(candidates=4), seed=0, redacted={},
        limits=Limits(), control=Control(),
    )  # fmt: skip
    written, other = found
    assert written == replace(lacking, candidates=tuple(GivenCandidate(sql, None) for sql in (GOLD, WRONG, BROKEN)))
    assert other == gone, "it is set aside where it is judged"
    (row,) = run_intrinsic([written], judge_of(0.8, 0.3)[0], settings_of("pro"), models=())
    assert [c.label for c in row.candidates] == [True, False, False]


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


def fixed(settings):
    """What of its settings is in the key of an intrinsic row."""
    return [asdict(settings), asdict(EVALUATION_LIMITS)]


def test_what_is_done_is_not_done_again(shop):
    settings = settings_of("pro")
    key = key_of(item(shop), fixed(settings), ())
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


UNMEASURABLE = [
    # (name, changes of the item, kind, reason)
    ("gold names what is not there", {"gold": BROKEN}, "gold", "no such table: customer"),
    ("gold is no SQL", {"gold": "how many?"}, "gold", "syntax error"),
    ("gold writes", {"gold": "delete from orders"}, "gold", "refused: DELETE is not allowed"),
    ("gold is two queries", {"gold": f"{GOLD}; {GOLD}"}, "gold", "not a query"),
    ("the database is gone", {"database_path": Path("none.sqlite")}, "database", "none.sqlite"),
    ("the database is a folder", {"database_path": Path()}, "database", "irectory"),
    ("there are no candidates", {"candidates": ()}, "candidates", "no candidates"),
]


def test_what_cannot_be_measured_is_set_aside_and_the_next_is_measured(shop):
    asked = [item(shop, id=name, **changes) for name, changes, _, _ in UNMEASURABLE]
    *aside, row = run_intrinsic([*asked, item(shop)], judge_of(0.8, 0.3)[0], settings_of("pro"), models=())
    assert row.item == "one"
    assert [(each.name, each.kind) for each in aside] == [(name, kind) for name, _, kind, _ in UNMEASURABLE]
    for each, (name, _, _, reason) in zip(aside, UNMEASURABLE, strict=True):
        assert reason in each.reason, name


def test_a_prompt_that_does_not_fit_sets_its_question_aside(shop):
    class Full(ScriptedEngine):
        def open(self, *_arguments, **_options):
            raise ContextOverflow("the prompt of 9,000 tokens does not fit")

    judge = Discriminator(Full(), "chat")
    assert list(run_intrinsic([item(shop)], judge, settings_of("pro"), models=())) == [
        SetAside("one", "context", "the prompt of 9,000 tokens does not fit")
    ]
    writer = Generator(Full(), "compact-values")
    (aside,) = run_end_to_end([item(shop)], writer, None, PlanSettings(), models=())
    assert aside.kind == "context"


ENVIRONMENT = [
    # (name, what is broken, how)
    ("the sandbox does not start", "planner_cli.database.process._START_SECONDS", 1e-6, WorkerStartError),
    ("no more processes", "subprocess.Popen", OSError(errno.EAGAIN, "Resource temporarily unavailable"), WorkerStartError),
    ("no more open files", "planner_cli.database.sandbox._read", OSError(errno.EMFILE, "Too many open files"), DatabaseError),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "error"), [e[1:] for e in ENVIRONMENT], ids=[e[0] for e in ENVIRONMENT])
def test_errors_of_the_environment_stop_the_run(shop, monkeypatch, place, value, error):
    def broken(*_arguments, **_options):
        if place.endswith("_read"):
            raise DatabaseError("cannot be opened") from value
        raise value

    monkeypatch.setattr(place, broken if isinstance(value, OSError) else value)
    with pytest.raises(error):
        list(run_intrinsic([item(shop)], judge_of()[0], settings_of("pro"), models=()))
    with pytest.raises(error):
        list(run_end_to_end([item(shop)], Generator(ScriptedEngine(), "chat"), None, PlanSettings(), models=()))


REDACTED = [
    # name, columns, whether the judge sees a customer's name, and a city
    ("none", (), True, True),
    ("one", ("customers.name",), False, True),
    ("one that another database has", ("customers.name", "animals.kind"), False, True),
    ("two", ("customers.name", "customers.city"), False, False),
]


@pytest.mark.parametrize(
    ("redact", "names", "cities"),
    [pytest.param(*case, id=name, marks=pytest.mark.slow if name == "one" else ()) for name, *case in REDACTED],
)
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
    plain = key_of(asked[0], fixed(settings_of("pro")), ())
    assert (rows[0].key == plain) == (not redact)  # other data: not to be taken for the same row


def test_a_database_that_is_broken_for_a_moment_is_not_read_without_redaction(shop):
    whole = shop.read_bytes()
    zoo = shop.with_name("zoo.sqlite")
    sqlite3.connect(zoo).executescript("create table animals (kind)").close()
    asked = [item(shop), item(zoo, id="two", database_id="zoo")]
    shop.write_bytes(b"not now")
    redacted = redactions(asked, ("animals.kind",))
    assert redacted == {zoo: ("animals.kind",), shop: ("animals.kind",)}
    shop.write_bytes(whole)
    (aside,) = run_intrinsic(asked[:1], judge_of()[0], settings_of("pro"), models=(), redacted=redacted)
    assert aside.kind == "database"
    assert "animals" in aside.reason


@pytest.mark.parametrize(("others", "told"), [(0, "did you mean customers.name?"), (1, "did you mean customers.name?")])
def test_a_column_to_redact_that_is_nowhere_is_an_error(shop, tmp_path, others, told):
    zoo = tmp_path / "zoo.sqlite"
    sqlite3.connect(zoo).executescript("create table animals (kind)").close()
    asked = [item(shop), item(zoo, id="two", database_id="zoo")][: 1 + others]
    with pytest.raises(PlannerError, match=r"customers\.nme") as caught:
        redactions(asked, ("customers.nme",))
    assert told in f"{caught.value.message} {caught.value.hint}"


def answer(shop, texts, scores, *, suite=(), control=None, asked=None, **settings):
    writer = ScriptedEngine()
    writer.enqueue(texts)
    judge, _ = judge_of(*scores)
    plan_settings = PlanSettings(
        generator=GeneratorSettings(candidates=len(texts)), discriminator=DiscriminatorSettings(budget=4), **settings
    )
    (row,) = run_end_to_end(
        [asked or item(shop, suite=suite)], Generator(writer, "compact-values"), judge, plan_settings, models=(),
        control=control,
    )  # fmt: skip
    return row


NO_SQL = "I cannot tell."
ENDS = [
    # (name, changes of the item, what the generator writes, right on the main database, on every instance, exact)
    ("another right query", {"others": ("select 7", WRONG)}, WRONG, True, True, True),
    ("none of them", {"others": ("select 7",)}, WRONG, False, False, False),
    ("no answer where there is none", {"gold": None, "unanswerable": True}, NO_SQL, True, True, None),
    ("an answer where there is none", {"gold": None, "unanswerable": True}, GOLD, False, False, None),
    ("no answer where there is one", {}, NO_SQL, False, False, False),
]


@pytest.mark.parametrize(
    ("changes", "written", "main", "every", "exact"), [e[1:] for e in ENDS], ids=[e[0] for e in ENDS]
)
def test_what_is_right_where_a_question_leaves_something_open(shop, changes, written, main, every, exact):
    other = shutil.copy(shop, shop.with_name("other.sqlite"))
    asked = item(shop, suite=(other,), part="tune", kinds=("top", "join"), **changes)
    row = answer(shop, [written], [0.7] if written != NO_SQL else [], asked=asked)
    assert (row.correct, row.correct_suite, row.exact) == (main, every, exact)
    assert (row.confidence is None) == (row.evidence is None) == (written == NO_SQL)
    assert (row.part, row.kinds) == ("tune", ("top", "join"))
    assert type(row).from_json(json.loads(json.dumps(row.to_json()))) == row


def test_an_oracle_knows_that_nothing_is_right(shop):
    writer = ScriptedEngine()
    writer.enqueue([GOLD])
    asked = item(shop, gold=None, unanswerable=True)
    settings = PlanSettings(generator=GeneratorSettings(candidates=1))
    (row,) = run_end_to_end([asked], Generator(writer, "compact-values"), Oracle(1.0), settings, models=())
    assert (row.correct, row.candidates[0].score) == (False, 0.0)


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
    (aside,) = run_end_to_end([item(shop, gold=None)], writer, None, PlanSettings(), models=())
    assert aside == SetAside("one", "gold", "there is no right query to compare an answer with")


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


# ------------------------------------------------------------------------------------------- limits

SLOW = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000) select count(*) from n"
ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
MANY = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20662) select i from n"

LIMITED = [
    # (name, gold, candidate, limits of the plan, of gold, executable, right; None: set aside)
    ("gold may be larger than a candidate", MANY, GOLD, Limits(seconds=60, rows=10), EVALUATION_LIMITS, True, False),
    ("a candidate that takes longer is a failure", GOLD, ENDLESS, Limits(seconds=0.1, patience=0), Limits(seconds=60), False, False),
    ("with more time it is right", SLOW, SLOW, Limits(seconds=60), Limits(seconds=60), True, True),
    ("gold that is over its own limit", ENDLESS, GOLD, Limits(seconds=60), Limits(seconds=0.1), None, None),
    ("gold as large as Spider's largest", MANY, MANY, EVALUATION_LIMITS, EVALUATION_LIMITS, True, True),
    ("one row more than it", MANY, MANY.replace("20662", "20663"), EVALUATION_LIMITS, EVALUATION_LIMITS, True, False),
    ("a candidate with more rows than are fetched", GOLD, MANY, Limits(seconds=60, rows=10), EVALUATION_LIMITS, True, False),
    ("gold with more rows than are fetched", MANY, MANY, EVALUATION_LIMITS, Limits(seconds=60, rows=20_661), None, None),
    ("gold with exactly as many", MANY, MANY, EVALUATION_LIMITS, Limits(seconds=60, rows=20_662, bytes=20_000_000), True, True),
    ("gold with more bytes than are fetched", MANY, MANY, EVALUATION_LIMITS, Limits(seconds=60, rows=100_000, bytes=1_000), None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "gold", "candidate", "limits", "evaluation", "executable", "right"),
    [
        pytest.param(kind, *case, id=f"{kind}-{name}", marks=pytest.mark.slow if at % 2 != turn else ())
        for turn, kind in enumerate(("e2e", "intrinsic"))
        for at, (name, *case) in enumerate(LIMITED)
    ],
)
def test_a_run_keeps_the_limits_that_it_records(shop, kind, gold, candidate, limits, evaluation, executable, right):
    asked = [item(shop, gold=gold, candidates=(GivenCandidate(candidate, None),))]
    if kind == "e2e":
        writer = ScriptedEngine()
        writer.enqueue([candidate])
        settings = PlanSettings(generator=GeneratorSettings(candidates=1), limits=limits, select="vote")
        (row,) = run_end_to_end(asked, Generator(writer, "chat"), None, settings, models=(), evaluation=evaluation)
    else:
        settings = replace(settings_of("check"), limits=limits)
        (row,) = run_intrinsic(asked, judge_of(0.5)[0], settings, models=(), evaluation=evaluation)
    if executable is None:
        assert isinstance(row, SetAside)
        assert row.kind in {"time", "size"}
    else:
        assert [(c.executable, c.label) for c in row.candidates] == [(executable, right)]


def test_the_key_knows_the_limits(shop):
    settings = PlanSettings(generator=GeneratorSettings(candidates=1), select="vote")

    def key(limits, evaluation):
        writer = ScriptedEngine()
        writer.enqueue([GOLD])
        changed = replace(settings, limits=limits)
        (row,) = run_end_to_end(
            [item(shop)], Generator(writer, "chat"), None, changed, models=(), evaluation=evaluation
        )
        return row.key

    keys = [key(settings.limits, EVALUATION_LIMITS)]
    for changed in ({"seconds": 3.0}, {"rows": 7}, {"bytes": 7_000}):
        keys.append(key(replace(settings.limits, **changed), EVALUATION_LIMITS))
        keys.append(key(settings.limits, replace(EVALUATION_LIMITS, **changed)))
    assert len(set(keys)) == len(keys)


def test_a_question_whose_time_ends_before_a_candidate_has_no_answer(shop):
    writer = ScriptedEngine()
    writer.enqueue([GOLD])
    settings = PlanSettings(generator=GeneratorSettings(candidates=1), max_seconds=1e-9)
    (row,) = run_end_to_end([item(shop)], Generator(writer, "compact-values"), None, settings, models=())
    assert (row.candidates, row.chosen, row.correct) == ((), None, False)


# ---------------------------------------------------------------------------------- several methods

POOL = [WRONG, GOLD, "select count(id) from customers", BROKEN, "select 7", "select 7", "select 7 + 0"]
RANKING = tuple(method for method in SELECT_CHOICES if method not in GENERATING)


def rows_of(shop, methods, *, together, oracle=None, suite=()):
    """The rows of the methods over one question, and how often the generator was asked."""
    asked = [item(shop, suite=suite), item(shop, id="two", question="How many are there?")]
    settings = PlanSettings(
        generator=GeneratorSettings(candidates=len(POOL)), discriminator=DiscriminatorSettings(budget=4)
    )
    made, opened = [], 0
    for group in [methods] if together else [[method] for method in methods]:
        writer = ScriptedEngine()
        for _ in asked:
            writer.enqueue(POOL)
        generator, judge = Generator(writer, "compact-values"), oracle or Oracle(1.0)
        if together:
            found = run_methods(asked, generator, judge, settings, group, models=(), done=[()] * len(group))
            made = [list(each) for each in zip(*found, strict=True)]
        else:
            alone = replace(settings, select=group[0])
            made.append(list(run_end_to_end(asked, generator, judge, alone, models=())))
        opened += len(writer.sessions)
    return made, opened


def without_times(rows):
    return [replace(row, seconds={}, joules=None, peak_memory=None) for row in rows]


@pytest.mark.parametrize(
    "accuracy", [pytest.param(1.0, marks=pytest.mark.slow), 0.7, pytest.param(0.0, marks=pytest.mark.slow)]
)
def test_methods_over_one_pool_give_the_rows_that_each_gives_alone(shop, tmp_path, accuracy):
    other = tmp_path / "shop_v1.sqlite"
    other.write_bytes(shop.read_bytes())
    oracle = Oracle(accuracy, seed=3)
    together, sampled = rows_of(shop, RANKING, together=True, oracle=oracle, suite=(other,))
    alone, each_sampled = rows_of(shop, RANKING, together=False, oracle=oracle, suite=(other,))
    assert len(RANKING) == 9
    for method, one, two in zip(RANKING, together, alone, strict=True):
        assert without_times(one) == without_times(two), method
    assert (sampled, each_sampled) == (2, 18)


def test_what_is_done_of_a_method_is_not_judged_again(shop):
    (rerank, vote), _ = rows_of(shop, ("rerank", "vote"), together=True)
    settings = PlanSettings(
        generator=GeneratorSettings(candidates=len(POOL)), discriminator=DiscriminatorSettings(budget=4)
    )
    asked = [item(shop), item(shop, id="two", question="How many are there?")]
    writer = ScriptedEngine()
    writer.enqueue(POOL)
    done = [{rerank[0].key, rerank[1].key}, {vote[0].key}]
    found = list(
        run_methods(
            asked, Generator(writer, "compact-values"), Oracle(1.0), settings, ("rerank", "vote"), models=(), done=done
        )
    )
    assert found[0] == (None, None)
    assert found[1][0] is None
    assert without_times(found[1][1:]) == without_times(vote[1:])
    assert len(writer.sessions) == 1


def test_a_fault_is_set_aside_under_every_method(shop):
    found = list(
        run_methods(
            [item(shop, gold=BROKEN)], Generator(ScriptedEngine(), "chat"), None, PlanSettings(), ("vote", "first"),
            models=(), done=[(), ()],
        )
    )  # fmt: skip
    assert [[each.kind for each in row] for row in found] == [["gold", "gold"]]


def test_an_instance_that_gold_does_not_run_on_is_left_out_and_named(shop, tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    main, other, bare = folder / "shop.sqlite", folder / "shop_v1.sqlite", folder / "shop_v2.sqlite"
    for path in (main, other):
        path.write_bytes(shop.read_bytes())
    sqlite3.connect(bare).executescript("create table t (a)").close()
    for suite, everywhere in (((other, bare), True), ((bare,), None)):
        writer = ScriptedEngine()
        writer.enqueue([GOLD])
        settings = PlanSettings(generator=GeneratorSettings(candidates=1))
        row, aside = run_end_to_end(
            [item(main, suite=suite)], Generator(writer, "compact-values"), None, settings, models=()
        )
        assert (row.correct, row.correct_suite) == (True, everywhere)
        assert (aside.name, aside.kind) == ("one on shop/shop_v2.sqlite", "instance")
        assert "no such table: customers" in aside.reason
