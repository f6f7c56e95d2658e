"""The planning methods beyond one round of sampling, on a scripted engine and a real database."""

import pytest

from planner_cli.control import Control
from planner_cli.database import Database
from planner_cli.discriminator import Discriminator
from planner_cli.events import Answered, StageStarted, ThoughtClosed
from planner_cli.generator import Generator
from planner_cli.planning import plan
from planner_cli.planning.tree import boundaries, next_step
from planner_cli.settings import (
    CorrectSettings,
    DiscriminatorSettings,
    GeneratorSettings,
    PlanSettings,
    RaceSettings,
    TreeSettings,
)
from planner_cli.types import Question
from tests.scripted import ScriptedEngine

COUNT = "select count(*) from customers"
PARIS = "select count(*) from customers where city = 'Paris'"
ROME = "select name from customers where city = 'Rome'"
LONG = " ".join(f"w{i}" for i in range(200))


def run(path, writer, thinker, *, count=2, budget=64, mend=True, keep=0.5, **settings):
    plan_settings = PlanSettings(
        generator=GeneratorSettings(candidates=count, mend=mend),
        discriminator=DiscriminatorSettings(
            budget=budget, race=RaceSettings(slice=16, margin=0.3, keep=keep, stable=0.02)
        ),
        **settings,
    )
    with Database.open(path) as database:
        question = Question("How many?", database.schema, database.name)
        events = list(
            plan(
                question,
                database,
                Generator(writer, "compact-values"),
                Discriminator(thinker, "chat"),
                plan_settings,
                control=Control(),
            )
        )
    assert isinstance(events[-1], Answered)
    return events, events[-1].answer


def prompt_of(session):
    return "".join(s.text for s in session.prefix)


# --------------------------------------------------------------------------------------------------- race


def race(path, *curves, budget=64, keep=0.5):
    writer, thinker = ScriptedEngine(), ScriptedEngine()
    texts = [COUNT, PARIS, ROME][: len(curves)]
    writer.enqueue(texts)
    thinker.enqueue([LONG] * len(curves), p_true=list(curves))
    _, answer = run(path, writer, thinker, count=len(curves), select="race", budget=budget, keep=keep)
    # scores by the order of the script, since clusters come in the order in which queries are finished
    by_sql = {answer.candidates[c.representative].sql: v for c, v in zip(answer.clusters, answer.verdicts, strict=True)}
    return answer, list(by_sql.values())


def test_a_clear_leader_needs_no_thought(shop):
    _, verdicts = race(shop, 0.9, 0.2)
    assert [(v.thought.tokens, v.thought.closed_by) for v in verdicts] == [(0, "decided"), (0, "behind")]


def test_a_single_result_needs_no_thought(shop):
    _, verdicts = race(shop, 0.4)
    assert verdicts[0].thought.tokens == 0


def test_what_cannot_win_is_dropped(shop):
    _, verdicts = race(shop, lambda t: 0.6 + t / 1000, lambda t: 0.62 - t / 1000, 0.1, keep=1)
    assert [v.thought.tokens for v in verdicts] == [32, 32, 0]  # the other two settle when three readings are stable
    assert [v.thought.closed_by for v in verdicts] == ["decided", "decided", "behind"]


def test_a_stable_lead_ends_the_race(shop):
    answer, verdicts = race(shop, 0.6, 0.55, keep=1)
    assert [v.thought.tokens for v in verdicts] == [32, 32]
    assert answer.score == 0.6


def test_a_moving_race_goes_to_the_budget(shop):
    _, verdicts = race(shop, lambda t: 0.5 + (t % 32) / 100, 0.5, budget=40, keep=1)
    assert [v.thought.closed_by for v in verdicts] == ["budget", "budget"]


def test_the_better_part_goes_on_after_each_slice(shop):
    _, verdicts = race(shop, 0.5, lambda t: 0.45 + t / 200, lambda t: 0.55 - t / 200)
    # at 16 tokens 0.50, 0.53 and 0.47: two go on; at 32 0.50 and 0.61: the one is left
    assert [v.thought.tokens for v in verdicts] == [32, 32, 16]
    assert [v.thought.closed_by for v in verdicts] == ["behind", "decided", "behind"]


def test_what_was_dropped_is_out_whatever_its_score_was(shop):
    """Scores fall as the thoughts go on: what was dropped early had more than the winner has at the end."""
    answer, verdicts = race(shop, lambda t: 0.9 - t / 100, lambda t: 0.88 - t / 100, lambda t: 0.80 - t / 200)
    scores = [v.score for v in verdicts]
    assert answer.score < max(scores)
    winner = answer.verdicts[answer.ranking[0].cluster]
    assert winner.thought.closed_by != "behind"
    assert [v.thought.closed_by for v in verdicts].count("behind") == 2
    assert "ahead at the end of the race" in answer.reason


# ----------------------------------------------------------------------------------------------- pairwise


def test_pairwise_averages_both_orders(shop):
    writer, thinker = ScriptedEngine(), ScriptedEngine()
    writer.enqueue([COUNT, COUNT, PARIS, PARIS, ROME])
    thinker.enqueue(["a", "b"], p_true=[0.9, 0.7])  # position bias: the one shown first is always preferred
    events, answer = run(shop, writer, thinker, count=5, select="pairwise")
    scores = [v.score if v else None for v in answer.verdicts]
    assert sorted(s for s in scores if s is not None) == pytest.approx([0.4, 0.6])
    assert scores.count(None) == 1
    assert len([e for e in events if isinstance(e, ThoughtClosed)]) == 2
    first, second = ("".join(s.text for s in b.suffix) for b in thinker.sessions[0].branches)
    assert "First SQL query" in first
    assert first != second


# ---------------------------------------------------------------------------------------------- correction


def test_correction_shows_the_best_so_far_and_its_error(shop):
    writer, thinker = ScriptedEngine(), ScriptedEngine()
    writer.enqueue(["select nmae from customers"] * 2)
    writer.enqueue([COUNT] * 2)
    writer.enqueue([PARIS] * 2)
    thinker.enqueue(["hm"], p_true=[0.5])
    thinker.enqueue(["yes"], p_true=[0.995])
    _, answer = run(shop, writer, thinker, select="correct", mend=False)
    assert answer.best_candidate.sql == PARIS
    assert "SQL: select nmae from customers\nError: no such column: nmae" in prompt_of(writer.sessions[1])
    assert prompt_of(writer.sessions[2]).endswith(f"SQL: {COUNT}\nError: not the answer\nSQL:")
    assert len(writer.sessions) == 3  # 0.995 is good enough


def test_correction_ends_without_gain(shop):
    writer, thinker = ScriptedEngine(), ScriptedEngine()
    for _ in range(10):
        writer.enqueue([COUNT] * 2)
    thinker.enqueue(["hm"], p_true=[0.5])
    events, answer = run(shop, writer, thinker, select="correct", correct=CorrectSettings(patience=3))
    assert len(writer.sessions) == 4
    assert answer.candidates[0].samples == 8
    assert len([e for e in events if isinstance(e, StageStarted) and e.stage == "judge"]) == 1  # judged once


# ---------------------------------------------------------------------------------------------------- tree

STEPS = [
    ("clauses", "select a from t where b = 1 order by a", ["select a", "select a from t", "select a from t where b = 1"]),
    ("joins", "select a from t join u on t.i = u.i group by a", ["select a", "select a from t", "select a from t join u", "select a from t join u on t.i = u.i"]),
    ("inside parentheses", "select (select max(x) from y) from t", ["select (select max(x) from y)"]),
    ("inside quotes", "select 'a from b' from t", ["select 'a from b'"]),
    ("none", "select 1", []),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), [s[1:] for s in STEPS], ids=[s[0] for s in STEPS])
def test_boundaries(sql, expected):
    assert [sql[:at].rstrip() for at in boundaries(sql)] == expected


def test_next_step():
    sql = "select a from t where b = 1"
    assert next_step("", sql) == "select a"
    assert next_step("select a", sql) == "select a from t"
    assert next_step("select a from t", sql) is None


def test_the_tree_goes_where_rollouts_score_best(shop):
    writer, thinker = ScriptedEngine(), ScriptedEngine()
    writer.enqueue([COUNT, ROME])
    writer.enqueue([" from customers where city = 'Paris'", " from customers where city = 'Rome'"])
    writer.enqueue(["", " where id = 1"])
    for _ in range(20):
        writer.enqueue(["", ""])
    thinker.enqueue(["a", "b"], p_true=[0.6, 0.4])
    thinker.enqueue(["c", "d"], p_true=[0.5, 0.995])
    _, answer = run(shop, writer, thinker, select="tree", tree=TreeSettings(expansions=5, width=2))
    assert prompt_of(writer.sessions[1]).endswith("SQL: select count(*)")  # the better half first
    assert answer.score == 0.995
    assert len(writer.sessions) == 2
    assert answer.best_candidate.sql.startswith("select count(*) from customers where city =")
