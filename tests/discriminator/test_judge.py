"""The budget, the probes and who closes a thought, on a scripted engine."""

import pytest

from planner_cli.control import Control
from planner_cli.discriminator import Case, Discriminator
from planner_cli.engine import Reasoning
from planner_cli.errors import Interrupted
from planner_cli.events import Prefilled, Probed, StageFinished, StageStarted, ThoughtClosed, ThoughtToken, Warned
from planner_cli.settings import DiscriminatorSettings
from planner_cli.types import Candidate, Execution, Question, Schema
from tests.scripted import ScriptedEngine

QUESTION = Question("how many?", Schema(()), "shop")
LONG = " ".join(f"w{i}" for i in range(200))


def cases(count):
    return [Case(i, Candidate(i, f"select {i}"), Execution(("n",), ((i,),))) for i in range(count)]


def judge(engine, count=1, *, family="chat", control=None, on_event=None, **settings):
    control = control or Control()
    events = []
    for event in Discriminator(engine, family).judge(
        QUESTION, cases(count), DiscriminatorSettings(**settings), control=control
    ):
        events.append(event)
        if on_event:
            on_event(event, control)
    return events


def verdicts(events):
    return {e.cluster: e.verdict for e in events if isinstance(e, ThoughtClosed)}


CLOSED = [
    # name, text, budget, closed_by, tokens, thought
    ("no thought", LONG, 0, "budget", 0, ""),
    ("by the budget", LONG, 5, "budget", 5, "w0 w1 w2 w3 w4"),
    ("by its own mark", "all fine </think> and more", 50, "model", 3, "all fine"),
    ("by its end", "all fine", 50, "model", 2, "all fine"),
    ("own mark at the last token", "all fine </think>", 3, "model", 3, "all fine"),
    ("budget equals length", "all fine", 2, "budget", 2, "all fine"),
    (
        "because it repeats itself",
        "so the count is right " * 40,
        200,
        "loop",
        16,
        "so the count is right " * 3 + "so",
    ),
]


@pytest.mark.parametrize(
    ("text", "budget", "closed_by", "tokens", "thought"), [c[1:] for c in CLOSED], ids=[c[0] for c in CLOSED]
)
def test_who_closes(text, budget, closed_by, tokens, thought):
    engine = ScriptedEngine()
    engine.enqueue([text], p_true=[0.8])
    verdict = verdicts(judge(engine, budget=budget))[0]
    assert verdict.thought.closed_by == closed_by
    assert verdict.thought.tokens == tokens
    assert verdict.thought.text == thought
    assert verdict.score == 0.8
    assert verdict.hard is True


def test_every_budget_gives_a_score():
    for budget in (0, 1, 16, 17, 64, 256):
        engine = ScriptedEngine()
        engine.enqueue([LONG, "short </think>"], p_true=[0.3, 0.6])
        found = verdicts(judge(engine, 2, budget=budget))
        assert [found[i].score for i in (0, 1)] == [0.3, 0.6]
        assert all(v.thought.tokens <= budget for v in found.values())


def test_probes_stand_at_the_checkpoints_and_the_last_is_the_verdict():
    engine = ScriptedEngine()
    engine.enqueue([LONG], p_true=[lambda tokens: tokens / 100])
    events = judge(engine, budget=40, probe_at=(0, 16, 32, 64))
    verdict = verdicts(events)[0]
    assert [(p.tokens, p.p_true) for p in verdict.probes] == [(0, 0.0), (16, 0.16), (32, 0.32), (40, 0.4)]
    assert verdict.score == verdict.probes[-1].p_true
    assert [e.probe for e in events if isinstance(e, Probed)] == list(verdict.probes)


@pytest.mark.parametrize(
    ("text", "forced"),
    [("fine </think>", '\n\n{"correct":'), (LONG, '\n</think>\n\n{"correct":')],
    ids=["model closed", "budget"],
)
def test_the_forced_text_closes_only_an_open_thought(text, forced):
    engine = ScriptedEngine()
    engine.enqueue([text], p_true=[0.5])
    judge(engine, budget=8, probe_at=())
    assert engine.sessions[0].probed == [(0, forced)]


def test_a_model_without_marks_thinks_in_plain_text():
    engine = ScriptedEngine(reasoning=Reasoning("none"))
    engine.enqueue(["fine </think> so", LONG], p_true=[0.5, 0.5])
    found = verdicts(judge(engine, 2, budget=8))
    assert found[0].thought.text == "fine </think> so"
    assert found[0].thought.closed_by == "model"
    assert found[1].thought.closed_by == "budget"


def test_the_mark_is_not_streamed():
    engine = ScriptedEngine()
    engine.enqueue(["all fine </think> tail"], p_true=[0.5])
    streamed = "".join(e.text for e in judge(engine, budget=9) if isinstance(e, ThoughtToken))
    assert streamed == "all fine "


def test_a_mark_of_many_tokens_is_not_streamed_either():
    engine = ScriptedEngine()
    engine.enqueue(["a < b </th ink> c < / t </th ink>"], p_true=[0.5])
    engine.reasoning = Reasoning("odd", "<th ink>", "</th ink>")
    events = judge(engine, budget=20)
    assert "".join(e.text for e in events if isinstance(e, ThoughtToken)) == "a < b "
    assert verdicts(events)[0].thought.text == "a < b"


def test_order_of_events():
    engine = ScriptedEngine()
    engine.enqueue(["a"], p_true=[0.5])
    kinds = [type(e) for e in judge(engine, budget=4)]
    assert kinds == [StageStarted, Prefilled, Probed, ThoughtToken, ThoughtToken, Probed, ThoughtClosed, StageFinished]


def test_more_thoughts_than_places():
    engine = ScriptedEngine(places=2)
    engine.enqueue([LONG, "b </think>", LONG, "d", LONG], p_true=[0.1, 0.2, 0.3, 0.4, 0.5])
    events = judge(engine, 5, budget=20)
    assert sorted(v.score for v in verdicts(events).values()) == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert engine.sessions[0].stats.widest == 2


def test_the_user_stops_thinking():
    engine = ScriptedEngine(places=2)
    engine.enqueue([LONG] * 3, p_true=[0.1, 0.2, 0.3])

    def stop(event, control):
        if isinstance(event, ThoughtToken) and event.tokens == 7:
            control.stop_thinking()

    found = verdicts(judge(engine, 3, budget=64, on_event=stop))
    assert [v.thought.closed_by for v in found.values()] == ["user"] * 3
    assert [v.thought.tokens for v in found.values()] == [7, 7, 0]  # the third was still waiting


def test_the_user_quits():
    engine = ScriptedEngine()
    engine.enqueue([LONG], p_true=[0.1])
    with pytest.raises(Interrupted):
        judge(engine, budget=64, on_event=lambda event, control: isinstance(event, ThoughtToken) and control.cancel())


class Clock(Control):
    """A time limit that ends when the test says so."""

    def __init__(self, left):
        super().__init__(max_seconds=1000)
        self.left = left

    def seconds_left(self):
        return self.left

    def expired(self):
        return self.left <= 0


def test_time_closes_thoughts_before_the_limit():
    engine = ScriptedEngine()
    engine.enqueue([LONG, LONG], p_true=[0.1, 0.2])
    control = Clock(10.0)

    def tick(event, clock):
        if isinstance(event, ThoughtToken) and event.tokens == 9:
            clock.left = 1e-9  # under twice the last probe, and not over yet

    found = verdicts(judge(engine, 2, control=control, on_event=tick, budget=64))
    assert [(v.thought.closed_by, v.thought.tokens) for v in found.values()] == [("time", 9)] * 2


def test_when_the_limit_strikes_the_last_probe_is_the_score():
    engine = ScriptedEngine(places=1)
    engine.enqueue([LONG, LONG], p_true=[lambda tokens: 0.25 if tokens else 0.5, 0.2])
    control = Clock(10.0)

    def tick(event, clock):
        if isinstance(event, ThoughtToken) and event.tokens == 20:
            clock.left = -1.0

    events = judge(engine, 2, control=control, on_event=tick, budget=64)
    found = verdicts(events)
    assert list(found) == [0]  # the second never had its turn
    assert found[0].score == 0.25
    assert found[0].thought.closed_by == "time"
    assert [e.message for e in events if isinstance(e, Warned)] == ["time ran out before 1 of 2 results were judged"]


OWN = '{"correct": true}'
STATED = [
    # name, thought, its score: 0.9 where it writes its own verdict, 0.4 where that is forced
    ("it ends with it", f"looks right {OWN} </think>", 0.9),
    ("and with the end of its turn", f"looks right {OWN}", 0.9),
    ("and a full stop", f"looks right {OWN} . </think>", 0.9),
    ("in a block of code", 'so ```json { "correct" : true } ``` </think>', 0.9),
    ("without its brace", 'so {"correct": true </think>', 0.9),
    ("the last of two", f"first {OWN} but then {OWN} </think>", 0.9),
    ("it goes on", f"looks right {OWN} or does it? no </think>", 0.4),
    ("it only says so", "the query is correct: true </think>", 0.4),
    ("another key", 'so {"valid": true} </think>', 0.4),
    ("another case", 'so {"Correct": true} </think>', 0.4),
    ("nothing of the kind", "looks right </think>", 0.4),
]


@pytest.mark.parametrize(("text", "score"), [case[1:] for case in STATED], ids=[case[0] for case in STATED])
def test_a_thought_that_ends_with_its_own_verdict_is_judged_there(text, score):
    engine = ScriptedEngine()
    pieces = text.split()
    engine.enqueue([text], p_true=[lambda tokens: 0.9 if "true" in "".join(pieces[tokens : tokens + 1]) else 0.4])
    verdict = verdicts(judge(engine, budget=50))[0]
    assert verdict.score == score
    assert verdict.hard is (score > 0.5)
    assert verdict.probes[-1].p_true == score
    assert verdict.probes[-1].tokens == verdict.thought.tokens
