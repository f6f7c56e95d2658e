"""A query that is given, among scripted candidates: judged as one of them, and compared with the best of them."""

from __future__ import annotations

import pytest

from planner_cli.confidence import GENERAL
from planner_cli.control import Control
from planner_cli.discriminator import Discriminator
from planner_cli.events import Answered, CandidateExecuted, CandidateWritten, StageStarted, Warned
from planner_cli.generator import Generator
from planner_cli.planning import better, plan
from planner_cli.settings import DiscriminatorSettings, GeneratorSettings, Limits, PlanSettings
from planner_cli.types import Question
from tests.planning.opened import opened
from tests.scripted import ScriptedEngine

COUNT = "select count(*) from customers"
COUNT_TOO = "select count(id) from customers"
PARIS = "select count(*) from customers where city = 'Paris'"
BERLIN = "select count(*) from customers where city = 'Berlin'"
MISSPELT = "select count(*) from customer"
FAILS = "select nothing_like_it from nowhere_near"


def run(path, given, texts, scores=(), *, judge=True, control=None, mend=False, mass=1.0, **settings):
    """Events of one question; ``scores`` are P(true) of what is judged, in the order of the clusters."""
    writer, thinker = ScriptedEngine(), ScriptedEngine()
    writer.enqueue(texts)
    writer.enqueue([])  # for the likelihood of the given one
    for batch in scores if scores and isinstance(scores[0], list) else [scores]:
        thinker.enqueue(["thinking"] * len(batch), p_true=batch, mass=mass)
    plan_settings = PlanSettings(
        generator=GeneratorSettings(candidates=len(texts), mend=mend),
        discriminator=DiscriminatorSettings(budget=4),
        limits=Limits(seconds=5),
        **settings,
    )
    database = opened(path, plan_settings.limits)
    return list(
        plan(
            Question("How many?", database.schema, database.name),
            database,
            Generator(writer, "compact-values"),
            Discriminator(thinker, "chat") if judge else None,
            plan_settings,
            control=control,
            given=given,
        )
    )


def answer_of(events):
    assert isinstance(events[-1], Answered)
    return events[-1].answer


CASES = [
    # name, given, texts, scores, settings, (best, confidence, vote share), reason, better at a trusted judge, at another
    ("the likeliest", COUNT, [COUNT_TOO, COUNT_TOO, PARIS], [0.9, 0.2], {},
     (0, 0.9, 2 / 3), "2 of 3 samples give its result; number 1 of 2 results", None, None),
    ("the only result", COUNT, [COUNT_TOO], [0.7], {}, (0, 0.7, 1.0), "1 of 1 samples give its result; the only result", None, None),
    ("written by a sample too", COUNT, [COUNT.upper(), PARIS], [0.9, 0.2], {},
     (0, 0.9, 0.5), "1 of 2 samples give its result; number 1 of 2 results", None, None),
    ("wrong", PARIS, [COUNT, COUNT_TOO], [0.1, 0.8], {},
     (0, 0.1, 0.0), "0 of 2 samples give its result; number 2 of 2 results", COUNT, COUNT),
    ("rather right, another more so", PARIS, [COUNT, COUNT, PARIS], [0.6, 0.9], {},
     (0, 0.6, 1 / 3), "1 of 3 samples give its result; number 2 of 2 results", None, COUNT),
    ("rather right, but nobody agrees", PARIS, [COUNT, COUNT_TOO], [0.6, 0.9], {},
     (0, 0.6, 0.0), "0 of 2 samples give its result; number 2 of 2 results", COUNT, COUNT),
    ("nobody agrees, but the judge", PARIS, [COUNT, COUNT_TOO], [0.6, 0.5], {"select": "vote"},
     (0, 0.6, 0.0), "0 of 2 samples give its result; number 2 of 2 results", None, COUNT),
    ("wrong, as is the other", PARIS, [COUNT, PARIS], [0.1, 0.4], {},
     (0, 0.1, 0.5), "1 of 2 samples give its result; number 2 of 2 results", None, None),
    ("fails", FAILS, [COUNT], [0.3], {}, (None, None, 0.0), "the given query cannot be executed: no such table", COUNT, COUNT),
    ("fails, and so do all", FAILS, [MISSPELT], [], {}, (None, None, 0.0), "the given query cannot be executed: no such table", None, None),
    ("fails for a name", MISSPELT, [PARIS], [0.3, 0.9], {"mend": True},
     (None, None, 0.0), "the given query cannot be executed: no such table: customer", "select count(*) from customers", "select count(*) from customers"),
    ("tries to write", "delete from customers", [COUNT], [0.9], {},
     (None, None, 0.0), "the given query cannot be executed: refused", COUNT, COUNT),
    ("no judge, few agree", PARIS, [COUNT, COUNT_TOO, PARIS], [], {"judge": False, "select": "vote"},
     (0, None, 1 / 3), "1 of 3 samples give its result; number 2 of 2 results", COUNT, COUNT),
    ("no judge, half agree", PARIS, [COUNT, PARIS], [], {"judge": False, "select": "vote"},
     (0, None, 0.5), "1 of 2 samples give its result; number 2 of 2 results", None, None),
    ("greedy decides", PARIS, [COUNT, PARIS], [[0.9], [0.3]], {"select": "greedy"},
     (0, 0.3, 0.5), "1 of 2 samples give its result; number 2 of 2 results", COUNT, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "texts", "scores", "settings", "expected", "reason", "trusted", "other"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_a_given_query_is_one_of_the_candidates(shop, given, texts, scores, settings, expected, reason, trusted, other):
    answer = answer_of(run(shop, given, texts, scores, **settings))
    assert (answer.candidates[0].sql, answer.executions[0].ok) == (given, answer.best is not None)
    assert (answer.best, answer.score, answer.vote_share) == expected
    assert (answer.confidence is None) == (answer.best is None)
    assert answer.reason.startswith(reason)
    select = settings.get("select", "rerank")
    for trust, wanted in ((True, trusted), (False, other)):
        found = better(answer, select, GENERAL, trusted=trust)
        assert (found and found.sql) == wanted
        assert found is None or (found.rows and found.reason)


def test_it_comes_first_and_the_first_sample_is_still_greedy(shop):
    events = run(shop, PARIS, [COUNT, PARIS], [0.9, 0.8])
    assert [type(event) for event in events[:3]] == [CandidateWritten, CandidateExecuted, StageStarted]
    answer = answer_of(events)
    assert [(c.index, c.samples, c.greedy) for c in answer.candidates] == [(0, 1, False), (1, 1, True)]
    assert [len(cluster.candidates) for cluster in answer.clusters] == [1, 1]
    assert all(candidate.tokens for candidate in answer.candidates)
    assert all(candidate.logprob is not None for candidate in answer.candidates)


def test_doubts_are_about_the_given_query(shop):
    doubt = "the query asks for values that no row has: customers.city = 'Berlin'"
    assert answer_of(run(shop, BERLIN, [COUNT], [0.2, 0.9])).warnings == (doubt,)
    assert answer_of(run(shop, COUNT, [BERLIN], [0.2, 0.9])).warnings == ()


def test_when_time_runs_out_before_the_first_sample_the_result_is_there(shop):
    control = Control(1e-9)
    events = run(shop, COUNT, [PARIS], [0.9], control=control)
    answer = answer_of(events)
    assert (answer.rows, answer.score, answer.vote_share) == (((3,),), None, 0.0)
    assert [event.message for event in events if isinstance(event, Warned)] == [
        "time ran out before the generator had written a query",
        "time ran out before 1 of 1 results were judged",
    ]
    assert better(answer, "rerank", GENERAL, trusted=True) is None
