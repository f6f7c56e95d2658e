"""The whole loop on a scripted engine and a real database: selection, exit facts, hostile candidates."""

import hashlib
import sqlite3
import time
from contextlib import closing

import pytest

from planner_cli.control import Control
from planner_cli.database import Database
from planner_cli.discriminator import Discriminator
from planner_cli.errors import Interrupted
from planner_cli.events import (
    Answered,
    CandidateExecuted,
    CandidateWritten,
    Clustered,
    GenerationProgress,
    Prefilled,
    Probed,
    Ranked,
    StageFinished,
    StageStarted,
    ThoughtClosed,
    ThoughtToken,
    Warned,
)
from planner_cli.generator import Generator
from planner_cli.planning import plan
from planner_cli.settings import DiscriminatorSettings, GeneratorSettings, Limits, PlanSettings
from planner_cli.types import Question
from tests.planning.opened import opened
from tests.running import children_computed
from tests.scripted import ScriptedEngine

COUNT = "select count(*) from customers"
COUNT_TOO = "select count(id) from customers"
PARIS = "select count(*) from customers where city = 'Paris'"
BROKEN = "select count(*) from customer"


def run(path, texts, *, scores=(), mass=1.0, judge=True, control=None, seconds=0.5, mend=True, now=None, **settings):
    writer, thinker = ScriptedEngine(), ScriptedEngine()
    writer.enqueue(texts)
    writer.enqueue([])  # for the likelihood of mended queries
    thinker.enqueue(["thinking about it"] * len(scores), p_true=scores, mass=mass)
    plan_settings = PlanSettings(
        generator=GeneratorSettings(candidates=len(texts), mend=mend),
        discriminator=DiscriminatorSettings(budget=8),
        limits=Limits(seconds=seconds),
        **settings,
    )
    database = opened(path, plan_settings.limits)
    question = Question("How many?", database.schema, database.name, now=now)
    return list(
        plan(
            question,
            database,
            Generator(writer, "compact-values"),
            Discriminator(thinker, "chat") if judge else None,
            plan_settings,
            control=control,
        )
    )


def answer_of(events):
    assert isinstance(events[-1], Answered)
    return events[-1].answer


def test_the_answer_says_that_it_asks_for_what_no_row_has(shop):
    berlin = PARIS.replace("Paris", "Berlin")
    events = run(shop, [berlin], scores=[0.9])
    assert answer_of(events).warnings == ("the query asks for values that no row has: customers.city = 'Berlin'",)
    assert answer_of(run(shop, [berlin, PARIS], scores=[0.2, 0.9])).warnings == ()


@pytest.mark.parametrize(
    ("mode", "best", "judged", "sees_results"),
    [("base", BROKEN, 2, False), ("check", COUNT, 1, False), ("exec", BROKEN, 2, True), ("pro", COUNT, 1, True)],
)
def test_modes_decide_what_the_judge_knows(shop, mode, best, judged, sees_results):
    writer, thinker = ScriptedEngine(), ScriptedEngine()
    writer.enqueue([BROKEN, COUNT])
    thinker.enqueue(["a thought"] * judged, p_true=[0.9, 0.4][:judged])
    settings = PlanSettings(generator=GeneratorSettings(candidates=2), mode=mode)
    with Database.open(shop) as database:
        question = Question("How many?", database.schema, database.name)
        events = list(
            plan(question, database, Generator(writer, "compact-values"), Discriminator(thinker, "chat"), settings)
        )
    answer = answer_of(events)
    assert answer.best_candidate.sql == best
    assert len(answer.clusters) == judged
    seen = ["".join(s.text for s in branch.suffix) for branch in thinker.sessions[0].branches]
    assert len(seen) == judged
    assert all(("Its result" in text) is sees_results for text in seen)
    assert any("error: no such table" in text for text in seen) is (mode == "exec")


def test_the_best_score_wins(shop):
    answer = answer_of(run(shop, [COUNT, PARIS, COUNT_TOO, BROKEN], scores=[0.2, 0.9]))
    assert answer.best_candidate.sql == PARIS
    assert answer.best_execution.rows == ((2,),)
    assert answer.score == 0.9
    assert answer.vote_share == 0.25
    assert [[answer.candidates[i].sql for i in c.candidates] for c in answer.clusters] == [[COUNT, COUNT_TOO], [PARIS]]
    assert [c.votes for c in answer.clusters] == [2, 1]


def test_votes_win_where_they_shall(shop):
    answer = answer_of(run(shop, [COUNT, PARIS, COUNT_TOO], scores=[0.2, 0.9], select="vote"))
    assert answer.best_candidate.sql == COUNT
    assert answer.score == 0.2


def test_without_a_judge_the_votes_decide(shop):
    answer = answer_of(run(shop, [PARIS, COUNT, COUNT_TOO], judge=False))
    assert answer.best_candidate.sql == COUNT
    assert answer.score is None
    assert answer.verdicts == (None, None)


def test_nothing_runs(shop):
    events = run(shop, [BROKEN, "delete from orders"], mend=False)
    answer = answer_of(events)
    assert answer.best is None
    assert answer.ranking == ()
    found = {c.sql: e for c, e in zip(answer.candidates, answer.executions, strict=True)}
    assert found[BROKEN].error_kind == "missing"
    assert "customers" in found[BROKEN].error  # the nearest table is named
    assert found["delete from orders"].error_kind == "refused"
    assert not [e for e in events if isinstance(e, StageStarted) and e.stage == "judge"]


def test_a_missing_name_is_mended_beside_what_was_written(shop):
    written = ["select nmae from customers", "select customer_id from customers", "select nmae, from customers", PARIS]
    answer = answer_of(run(shop, written, judge=False))
    assert [(c.sql, c.samples, c.greedy) for c in answer.candidates[4:]] == [
        ("select customers.name from customers", 0, True),
        ("select customers.id from customers", 0, False),
    ]
    assert [e.ok for e in answer.executions] == [False, False, False, True, True, True]
    assert answer.best_candidate.sql == PARIS  # a guess has no votes
    assert [c.logprob is None for c in answer.candidates[4:]] == [False, False]  # but a probability
    assert answer_of(run(shop, written, judge=False, select="greedy")).best_candidate.sql == answer.candidates[4].sql


def test_a_mended_query_that_was_written_anyway_is_no_second_one(shop):
    answer = answer_of(run(shop, [BROKEN, COUNT], judge=False, select="greedy"))
    assert [(c.sql, c.greedy) for c in answer.candidates] == [(BROKEN, True), (COUNT, True)]
    assert answer.best_candidate.sql == COUNT


SPELLINGS = [
    ("blanks at the end", "Berlin      ", "'Berlin'", "'Berlin      '"),
    ("blanks in front", "  Rome", "'Rome'", "'  Rome'"),
    ("two blanks", "New  York", "'New York'", "'New  York'"),
    ("a tab", "a\tb", "'a b'", "'a' || char(9) || 'b'"),
    ("decomposed letters", "Ko\u0308ln", "'K\u00f6ln'", "'Ko\u0308ln'"),
    ("composed letters", "K\u00f6ln", "'Ko\u0308ln'", "'K\u00f6ln'"),
    ("full-width letters", "\uff21\uff22", "'AB'", "'\uff21\uff22'"),
    ("their other side", "AB", "'\uff21\uff22'", "'AB'"),
    ("another case", "berlin", "'Berlin'", None),
    ("other letters", "Koln", "'K\u00f6ln'", None),
]


@pytest.mark.parametrize(("stored", "asked", "spelled"), [s[1:] for s in SPELLINGS], ids=[s[0] for s in SPELLINGS])
def test_a_text_is_asked_for_as_the_rows_spell_it(tmp_path, stored, asked, spelled):
    path = tmp_path / "cities.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table customers (id integer primary key, city text)")
        connection.executemany("insert into customers (city) values (?)", [(stored,), (stored,), ("Oslo",)])
    sql = "select count(*) from customers where city = {}"
    answer = answer_of(run(path, [sql.format(asked)], judge=False, select="weighted-vote"))
    best = sql.format(asked if spelled is None else spelled)
    assert answer.best_candidate.sql == best
    assert answer.best_execution.rows == ((0 if spelled is None else 2,),)
    assert ["no row has" in warning for warning in answer.warnings] == [True] * (spelled is None)
    unmended = answer_of(run(path, [sql.format(asked)], judge=False, select="weighted-vote", mend=False))
    assert [c.sql for c in unmended.candidates] == [sql.format(asked)]
    assert ("but for white space or Unicode normal form" in unmended.warnings[0]) is (spelled is not None)


DATED = [
    ("a text", "select count(*) from visits where at >= '2024-03-01'", "select count(*) from visits where date(at / 1000, 'unixepoch') >= '2024-03-01'", 2),
    ("a function", "select count(*) from visits where strftime('%Y', at) = '2024'", "select count(*) from visits where strftime('%Y', at / 1000, 'unixepoch') = '2024'", 2),
    ("right as it is", "select count(*) from visits where at >= 1709251200000", None, 2),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "mended", "count"), [d[1:] for d in DATED], ids=[d[0] for d in DATED])
def test_a_time_is_read_as_what_it_is(tmp_path, sql, mended, count):
    path = tmp_path / "visits.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table visits (id integer primary key, at integer)")
        moments = [(1_672_531_200_000,), (1_718_700_000_000,), (1_728_700_000_000,)]
        connection.executemany("insert into visits (at) values (?)", moments)
    answer = answer_of(run(path, [sql], judge=False, select="weighted-vote"))
    assert answer.best_candidate.sql == (mended or sql)
    assert answer.best_execution.rows == ((count,),)
    assert answer.warnings == ()
    unmended = answer_of(run(path, [sql], judge=False, select="weighted-vote", mend=False))
    assert [c.sql for c in unmended.candidates] == [sql]
    assert ["it holds epoch milliseconds, such as 1672531200000" in w for w in unmended.warnings] == [True] * (
        mended is not None
    )


def test_a_query_counts_from_the_day_on_which_it_is_asked(shop):
    sql = "select date('now'), count(*) from customers"
    mended = "select date('2025-06-18'), count(*) from customers"
    answer = answer_of(run(shop, [sql], judge=False, select="weighted-vote", now="2025-06-18"))
    assert (answer.best_candidate.sql, answer.warnings) == (mended, ())
    (doubt,) = answer_of(run(shop, [sql], judge=False, select="weighted-vote", now="2025-06-18", mend=False)).warnings
    assert doubt == "the query counts from the clock's day, but the question is asked on 2025-06-18"
    by_the_clock = answer_of(run(shop, [sql], judge=False, select="weighted-vote"))
    assert (by_the_clock.best_candidate.sql, by_the_clock.warnings) == (sql, ())


def test_order_of_events(shop):
    kinds = [type(e) for e in run(shop, [COUNT], scores=[0.5]) if not isinstance(e, (GenerationProgress, ThoughtToken))]
    generating = [StageStarted, Prefilled, CandidateWritten, CandidateExecuted, StageFinished, Clustered]
    judging = [StageStarted, Prefilled, Probed, Probed, ThoughtClosed, StageFinished]
    assert kinds == [*generating, *judging, Ranked, Answered]


def test_low_mass_is_reported(shop):
    events = run(shop, [COUNT, PARIS], scores=[0.5, 0.4], mass=0.01)
    expected = (
        "the discriminator was not about to give a verdict (only 1% of its probability is on the words of one): "
        "its score means little"
    )
    assert [e.message for e in events if isinstance(e, Warned)] == [expected]
    assert answer_of(events).warnings == (expected,)


def test_only_the_chosen_one_is_judged(shop):
    answer = answer_of(run(shop, [COUNT, PARIS], scores=[0.7], select="first"))
    assert answer.best_candidate.sql == COUNT
    assert answer.score == 0.7
    assert answer.verdicts[1] is None


def test_ctrl_c_ends_the_run(shop):
    control = Control()
    control.cancel()
    with pytest.raises(Interrupted):
        run(shop, [COUNT], scores=[0.5], control=control)


HOSTILE = [
    ("delete", "delete from orders", "refused"),
    ("update returning", "update orders set total = 0 returning id", "refused"),
    ("attach", "attach '{folder}/evil.db' as z", "refused"),
    ("pragma", "pragma journal_mode = wal", "refused"),
    ("pragma function", "select file from pragma_database_list", "refused"),
    ("vacuum into", "vacuum into '{folder}/copy.db'", "refused"),
    ("endless rows", "with recursive r(i) as (select 1 union all select i + 1 from r) select count(*) from r", "time"),
    ("printf bomb", "select printf('%.*c', 999999999, 'x')", None),
    ("two statements", "select 1; delete from orders", "not_a_query"),
    ("explain", "explain select 1", "not_a_query"),
    ("comment", "-- nothing", "not_a_query"),
    ("empty", "", "not_a_query"),
]


def snapshot(folder):
    return {p.name: (p.stat().st_mtime_ns, hashlib.sha256(p.read_bytes()).hexdigest()) for p in folder.iterdir()}


@pytest.mark.parametrize(("sql", "kind"), [h[1:] for h in HOSTILE], ids=[h[0] for h in HOSTILE])
def test_hostile_candidates_change_nothing(shop, sql, kind):
    before = snapshot(shop.parent)
    started = time.process_time() + children_computed()
    answer = answer_of(run(shop, [sql.format(folder=shop.parent), COUNT], scores=[0.5]))
    seconds = time.process_time() + children_computed() - started
    hostile = next(c for c in answer.candidates if c.sql != COUNT)
    execution = answer.executions[hostile.index]
    assert not execution.ok
    if kind:
        assert execution.error_kind == kind
    assert answer.best_candidate.sql == COUNT  # the worker is back for the next candidate
    assert snapshot(shop.parent) == before
    assert seconds < 5  # a limit of 0.5 s, one second of grace, and the start of two workers on a busy machine
