"""More time for a query that ran out of it: which one, for how long, and what Ctrl-C keeps."""

import sqlite3

import pytest

from planner_cli.control import Control
from planner_cli.database import Database
from planner_cli.events import Answered, CandidateExecuted, RunningLonger
from planner_cli.generator import Generator
from planner_cli.planning import plan
from planner_cli.planning.longer import undecided
from planner_cli.settings import GeneratorSettings, Limits, PlanSettings
from planner_cli.types import Candidate, Cluster, Execution, Question, Schema
from tests.scripted import ScriptedEngine

RAN, LATE, FAILED = Execution(rows=((1,),)), Execution(error="late", error_kind="time", limit=2.0), Execution(error="x")
STOPPED = Execution(error="stopped while it ran", error_kind="time")
COUNT, KINDS = "select count(*) from t where k is null or k is not null", "select k, count(*) from t group by k"
CROSS = "select count(*) from t, u"


def candidates_of(*parts):
    """From (query, samples, logprob)."""
    return [Candidate(i, sql, samples, logprob=logprob) for i, (sql, samples, logprob) in enumerate(parts)]


@pytest.mark.parametrize(
    ("name", "parts", "executions", "expected"),
    [
        ("nothing ran out", [(COUNT, 8, -0.1)], [RAN], ()),
        ("the only one", [(COUNT, 8, -0.1)], [LATE], (0,)),
        ("what failed otherwise is no rival", [(COUNT, 6, -0.1), (KINDS, 2, -2)], [FAILED, LATE], (1,)),
        ("stopped by Ctrl-C", [(COUNT, 8, -0.1)], [STOPPED], ()),
        ("less probable than a result", [(COUNT, 2, -0.5), (KINDS, 6, -2)], [RAN, LATE], ()),
        ("more probable than a result", [(COUNT, 6, -2), (KINDS, 2, -0.5)], [RAN, LATE], (1,)),
        ("by samples without probabilities", [(COUNT, 6, None), (KINDS, 2, -0.5)], [RAN, LATE], ()),
        ("more samples", [(COUNT, 2, None), (KINDS, 6, None)], [RAN, LATE], (1,)),
        ("as many samples", [(COUNT, 4, None), (KINDS, 4, None)], [RAN, LATE], ()),
        ("two together", [(COUNT, 4, None), (KINDS, 3, None), (KINDS, 2, None)], [RAN, LATE, LATE], (1, 2)),
        ("the heaviest first", [(COUNT, 1, -3), (KINDS, 1, -2), (COUNT, 1, -1)], [LATE, LATE, LATE], (2, 1, 0)),
        ("a cross join is doubted", [(COUNT, 2, None), (CROSS, 6, None)], [RAN, LATE], ()),
        ("a cross join is run if there is nothing else", [(CROSS, 6, None)], [LATE], (0,)),
        ("a cross join comes last", [(CROSS, 6, None), (KINDS, 2, None)], [LATE, LATE], (1, 0)),
        ("mended, so without samples", [(COUNT, 0, None)], [LATE], (0,)),
    ],
)  # fmt: skip
def test_which_run_on(name, parts, executions, expected):
    ran = [i for i, execution in enumerate(executions) if execution.ok]
    candidates = candidates_of(*parts)
    clusters = [Cluster(n, (i,), candidates[i].samples) for n, i in enumerate(ran)]
    assert undecided(candidates, executions, clusters) == expected, name


class Clock:
    """An executor whose queries need as many seconds as they are said to, without waiting for any."""

    def __init__(self, needed, *, control=None):
        self.needed, self.control, self.asked = needed, control, []

    def execute(self, sql, control=None, *, seconds=None):
        self.asked.append((sql, seconds))
        limit = 2.0 if seconds is None else seconds
        if self.control is not None and seconds is not None:
            self.control.interrupt()
            return Execution(error="stopped while it ran", error_kind="time")
        if self.needed[sql] > limit:
            return Execution(error=f"over the time limit of {limit:g} s", error_kind="time", limit=limit, seconds=limit)
        return Execution(columns=("n",), rows=((len(sql),),))


def run(texts, executor, *, patience=60.0, control=None, max_seconds=None):
    writer = ScriptedEngine()
    writer.enqueue(texts)
    settings = PlanSettings(
        generator=GeneratorSettings(candidates=len(texts), mend=False), limits=Limits(patience=patience), select="vote",
        max_seconds=max_seconds,
    )  # fmt: skip
    question = Question("How many?", Schema(()), "t")
    events = list(plan(question, executor, Generator(writer, "compact-values"), None, settings, control=control))
    assert isinstance(events[-1], Answered)
    return events, events[-1].answer


def test_the_best_query_gets_the_time_it_needs():
    events, answer = run([KINDS, COUNT, COUNT], Clock({COUNT: 20, KINDS: 1}), patience=100)
    assert (answer.sql, answer.warnings) == (KINDS, ()), "the slow one is less likely"
    events, answer = run([KINDS, KINDS, COUNT], Clock({COUNT: 1, KINDS: 20}), patience=100)
    assert (answer.sql, answer.rows, answer.warnings) == (KINDS, ((len(KINDS),),), ())
    longer = [event for event in events if isinstance(event, RunningLonger)]
    assert [(event.index, event.alone) for event in longer] == [(0, False)]
    assert [event.index for event in events if isinstance(event, CandidateExecuted)] == [0, 1, 0]
    assert longer[0].seconds == pytest.approx(25, abs=1), "a quarter of the patience, as there is a result"


@pytest.mark.parametrize(
    ("name", "needed", "patience", "max_seconds", "best", "said"),
    [
        ("alone it gets all", {KINDS: 50}, 60, None, KINDS, "the only result"),
        ("too slow", {KINDS: 70}, 60, None, None, "1 ran out of time (a larger --query-patience gives more)"),
        ("switched off", {KINDS: 3}, 0, None, None, "1 ran out of time"),
        ("no longer than the first run", {KINDS: 3}, 1.5, None, None, "1 ran out of time"),
        ("not beyond the question's limit", {KINDS: 50}, 60, 40, None, "1 ran out of time"),
        ("two need it", {KINDS: 3, COUNT: 4}, 60, None, KINDS, ""),
    ],
)
def test_how_long_it_runs(name, needed, patience, max_seconds, best, said):
    executor = Clock(needed)
    _, answer = run(list(needed), executor, patience=patience, max_seconds=max_seconds)
    assert answer.sql == best, name
    assert said in answer.reason
    assert all(seconds is None or seconds <= min(patience, max_seconds or patience) for _, seconds in executor.asked)


def test_a_result_that_may_not_be_the_best_says_so():
    _, answer = run([KINDS, KINDS, COUNT], Clock({COUNT: 1, KINDS: 70}))
    assert answer.sql == COUNT
    assert answer.warnings == (
        "candidate 1 may be better, but needs more than 15 s: a larger --query-patience gives more",
    )


def test_an_endless_query_costs_nothing_where_there_is_a_good_answer():
    executor = Clock({COUNT: 1, CROSS: 1e9})
    _, answer = run([CROSS, CROSS, CROSS, COUNT], executor)
    assert (answer.sql, answer.warnings) == (COUNT, ())
    assert [seconds for _, seconds in executor.asked] == [None, None]


def test_ctrl_c_keeps_the_result_that_is_there():
    control = Control()
    _, answer = run([KINDS, KINDS, COUNT], Clock({COUNT: 1, KINDS: 20}, control=control), control=control)
    assert answer.sql == COUNT
    assert answer.warnings == ("candidate 1 was stopped after 0 s: it might have been better",)
    assert not control.cancelled
    control.interrupt()
    assert control.cancelled, "nothing runs any more that can be done without"


def test_the_second_ctrl_c_ends_everything():
    control = Control()
    with control.part() as part:
        control.interrupt()
        assert (part.should_abort(), control.cancelled) == (True, False)
        control.interrupt()
        assert control.cancelled


@pytest.mark.parametrize("stop", [Control.cancel, Control.stop_thinking])
def test_what_ends_the_whole_ends_its_part(stop):
    control = Control()
    with control.part() as part:
        assert not part.should_abort()
        stop(control)
        assert part.should_abort()


def test_a_longer_run_of_a_real_query(tmp_path):
    with sqlite3.connect(tmp_path / "t.db") as made:
        made.execute("create table t as with recursive n(i) as (select 1 union all select i + 1 from n where i < 2e5)"
                     " select i % 7 as k, i from n")  # fmt: skip
    made.close()
    with Database.open(tmp_path / "t.db", limits=Limits(seconds=0.001)) as database:
        late = database.execute(KINDS)
        assert (late.error, late.error_kind, late.limit) == ("over the time limit of 0.001 s", "time", 0.001)
        assert len(database.execute(KINDS, seconds=60).rows) == 7
        again = database.execute(KINDS, seconds=0.002)
        assert (again.error, again.limit) == ("over the time limit of 0.002 s", 0.002)
