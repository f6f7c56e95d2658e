"""One sampled pool under several methods: each answer is the one that the method gives alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner_cli.control import Control
from planner_cli.database import Database
from planner_cli.discriminator import Discriminator
from planner_cli.errors import Interrupted, TimeLimit
from planner_cli.events import Answered
from planner_cli.generator import Generator
from planner_cli.planning import GENERATING, Pooled, judged_as, plan
from planner_cli.settings import (
    SELECT_CHOICES,
    DiscriminatorSettings,
    GeneratorSettings,
    PlanSettings,
    RaceSettings,
)
from planner_cli.types import Question, Timings
from tests.conftest import make_shop
from tests.scripted import Script, ScriptedEngine, ScriptedSession

COUNT = "select count(*) from customers"
SAME = "select count(id) from customers"
PARIS = "select count(*) from customers where city = 'Paris'"
OSLO = "select count(*) from customers where city = 'Oslo'"
BROKEN = "select count(*) from customr"
THOUGHT = " ".join(f"w{i}" for i in range(40))
RANKING = [method for method in SELECT_CHOICES if method not in GENERATING]

POOLS = [
    # (name, samples, score by query, what the settings change)
    ("votes and scores disagree", [PARIS, COUNT, COUNT, SAME, OSLO], {COUNT: 0.3, PARIS: 0.9, OSLO: 0.1}, {}),
    ("one result", [COUNT, SAME, COUNT], {COUNT: 0.4}, {}),
    ("nothing runs", ["select nothing", "select 1 from nowhere"], {}, {}),
    ("some samples fail", ["select nothing", PARIS, COUNT], {COUNT: 0.7, PARIS: 0.2}, {}),
    ("a mended name", [BROKEN, PARIS], {COUNT: 0.8, PARIS: 0.1}, {}),
    ("nothing is mended", [BROKEN, PARIS], {PARIS: 0.1}, {"mend": False}),
    ("equal scores", [COUNT, PARIS, OSLO], {COUNT: 0.5, PARIS: 0.5, OSLO: 0.5}, {}),
    ("judged whether it runs or not", ["select nothing", PARIS], {"select nothing": 0.8, PARIS: 0.3}, {"mode": "base"}),
    ("no thought", [COUNT, PARIS], {COUNT: 0.2, PARIS: 0.6}, {"budget": 0}),
    ("no judge", [PARIS, COUNT, SAME], None, {}),
]


class Judging(ScriptedSession):
    """Reads its scores from the queries that it is shown, whoever asks and in whatever company."""

    def __init__(self, scores, prefix, places, control):
        super().__init__(Script([THOUGHT] * 64, [], 1.0), prefix, places, control)
        self.scores = scores

    def probe(self, branches, forced, choices):
        self._script = replace(self._script, p_true=[self._score(branch) for branch in self.branches])
        return super().probe(branches, forced, choices)

    def _score(self, branch):
        text = "".join(part.text for part in branch.suffix)
        shown = [sql for sql in self.scores if sql in text]
        return self.scores[max(shown, key=len)] if shown else 0.5


class Judge(ScriptedEngine):
    def __init__(self, scores):
        super().__init__()
        self.scores = scores

    def open(self, prefix, *, branches, room, control):
        self.sessions.append(Judging(self.scores, prefix, branches, control))
        return self.sessions[-1]


def of(samples, changes):
    mend, mode, budget = (changes.get(name, usual) for name, usual in (("mend", True), ("mode", "pro"), ("budget", 24)))
    return PlanSettings(
        generator=GeneratorSettings(candidates=len(samples), mend=mend),
        discriminator=DiscriminatorSettings(budget=budget, race=RaceSettings(slice=8)),
        mode=mode,
    )


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Opened once: what was run before changes no answer, since every plan runs its queries itself."""
    with Database.open(make_shop(tmp_path_factory.mktemp("pooled") / "shop.sqlite")) as opened:
        yield opened


def asked(database, samples, scores):
    """What a plan is made of, the generator with one round of samples, and its judge's engine."""
    writer = ScriptedEngine()
    writer.enqueue(samples)
    writer.enqueue([])  # where mended queries are weighed
    judge = None if scores is None else Judge(scores)
    question = Question("How many?", database.schema, database.name)
    return (question, database, Generator(writer, "compact-values"), judge and Discriminator(judge, "chat")), judge


def plain(answer):
    """An answer without the seconds."""
    times = answer.timings
    kept = [replace(each, seconds=0.0, prefill_seconds=0.0) for each in (times.generate, times.judge)]
    executions = tuple(replace(each, seconds=0.0) for each in answer.executions)
    return replace(answer, executions=executions, timings=Timings(generate=kept[0], judge=kept[1]))


@pytest.mark.parametrize(("samples", "scores", "changes"), [p[1:] for p in POOLS], ids=[p[0] for p in POOLS])
def test_each_answer_is_the_one_of_a_plan_of_its_own(database, samples, scores, changes):
    settings = of(samples, changes)
    alone, judged = {}, {}
    for method in RANKING:
        parts, judge = asked(database, samples, scores)
        *_, last = plan(*parts, replace(settings, select=method), control=Control())
        assert isinstance(last, Answered)
        alone[method] = plain(last.answer)
        judged[method] = len(judge.sessions) if judge else 0
    for order in (RANKING, RANKING[::-1]):
        parts, judge = asked(database, samples, scores)
        pooled = Pooled(*parts, settings, Control())
        for method in order:
            assert plain(pooled.answer(method)) == alone[method], method
        ways = {judged_as(method): judged[method] for method in RANKING}
        assert (len(judge.sessions) if judge else 0) == sum(ways.values())  # each way of judging once


@pytest.mark.parametrize("method", GENERATING)
def test_a_method_that_generates_by_itself_is_refused(database, method):
    parts, _ = asked(database, [COUNT], {COUNT: 0.5})
    with pytest.raises(ValueError, match=method):
        Pooled(*parts, of([COUNT], {}), Control()).answer(method)


def test_the_limit_of_time_counts_for_each_method(database):
    parts, _ = asked(database, [COUNT, PARIS], {COUNT: 0.9, PARIS: 0.2})
    control = Control()
    pooled = Pooled(*parts, replace(of([COUNT, PARIS], {}), max_seconds=1000.0), control)
    for method in ("rerank", "race", "greedy"):
        control.restart(1e-9)  # all of it is used up by what came before
        assert pooled.answer(method).score == 0.9, method


def test_time_that_ends_before_a_candidate_and_ctrl_c_are_raised(database):
    settings = of([COUNT], {})
    parts, _ = asked(database, [COUNT], None)
    with pytest.raises(TimeLimit):
        Pooled(*parts, replace(settings, max_seconds=1e-9), Control())
    control = Control()
    control.cancel()
    parts, _ = asked(database, [COUNT], None)
    with pytest.raises(Interrupted):
        Pooled(*parts, settings, control)
