"""A thought that begins before the candidates are shown: written once, and every budget still has its score."""

import math

import pytest

from planner_cli.control import Control
from planner_cli.discriminator import Case, Discriminator
from planner_cli.events import ThoughtClosed, ThoughtToken, Warned
from planner_cli.prompts import discriminator as families
from planner_cli.prompts.compact_discriminator import CompactDiscriminator, CompactLikelihood
from planner_cli.prompts.judging import Blend
from planner_cli.settings import DiscriminatorSettings
from planner_cli.types import Candidate, Execution, Question, Schema
from tests.scripted import ScriptedEngine

PLAN = "show n from t\n SQL: more"


def judge(engine, *, control=None, **settings):
    cases = [Case(i, Candidate(i, f"select {i}"), Execution(("n",), ((i,),))) for i in range(2)]
    question = Question("how many?", Schema(()), "shop")
    asked = DiscriminatorSettings(**settings)
    return list(Discriminator(engine, "compact-verdict").judge(question, cases, asked, control=control or Control()))


def verdicts(events):
    return [e.verdict for e in sorted((e for e in events if isinstance(e, ThoughtClosed)), key=lambda e: e.cluster)]


def scripted(*texts, p_true=(0.5, 0.9, 0.2)):
    engine = ScriptedEngine()
    engine.enqueue(texts, p_true=p_true)
    return engine


CLOSED = [
    # name, budget, tokens, thoughts, what closed them
    ("no thought", 0, (0, 0), ("", ""), "budget"),
    ("in the plan", 2, (2, 2), ("show n", "show n"), "budget"),
    ("in the check", 6, (6, 6), ("show n from t\nfrom", "show n from t\nshow"), "budget"),
    ("on its own", 50, (8, 7), ("show n from t\nfrom same", "show n from t\nshow other"), "model"),
]


@pytest.mark.parametrize(
    ("budget", "tokens", "thoughts", "closed_by"), [c[1:] for c in CLOSED], ids=[c[0] for c in CLOSED]
)
def test_one_plan_for_all(budget, tokens, thoughts, closed_by):
    checks = ["from same\n x", "show other\n"]
    found = verdicts(judge(scripted(*([PLAN, *checks] if budget else checks)), budget=budget))
    assert tuple(v.thought.tokens for v in found) == tokens
    assert tuple(v.thought.text for v in found) == thoughts
    assert {v.thought.closed_by for v in found} == {closed_by}


def test_candidates_follow_the_plan_and_its_line_ends_once():
    for plan, end in (("show n\n SQL", ""), ("show n", "\n")):
        engine = scripted(plan, "a\n b", "b\n c")
        judge(engine, budget=20, probe_at=())
        session = engine.sessions[0]
        assert "".join(s.text for s in session.prefix).endswith("Plan:" + plan[: len("show n\n SQL")])
        assert [text_of(branch) for branch in session.branches[1:]] == [
            f"{end}SQL: select {i}\nResult: 1 row, 1 column; [{i}]\nCheck:" for i in range(2)
        ]


def text_of(branch):
    return "".join(span.text for span in branch.suffix)


def test_probes_within_the_plan_show_each_candidate_for_a_moment():
    engine = scripted(PLAN, "from same\n x", "show other\n", p_true=(lambda tokens: 0.1 * tokens, 0.9, 0.2))
    found = verdicts(judge(engine, budget=50, probe_at=(0, 2, 6)))
    assert [[(p.tokens, p.p_true) for p in v.probes] for v in found] == [
        [(0, 0.0), (2, 0.2), (6, 0.9), (8, 0.9)],
        [(0, 0.0), (2, 0.2), (6, 0.2), (7, 0.2)],
    ]
    texts = [text for branch, text in engine.sessions[0].probed if branch == 0]
    assert texts[:2] == [f'\nSQL: select {i}\nResult: 1 row, 1 column; [{i}]\nCheck:\n{{"correct":' for i in range(2)]


def test_they_are_left_out_where_nobody_asked_and_no_time_limit_may_need_them():
    def read_at(**control):
        engine = scripted(PLAN, "from same\n x", "show other\n")
        (first, _) = verdicts(judge(engine, budget=50, control=Control(**control)))
        return [probe.tokens for probe in first.probes]

    assert read_at() == [8]
    assert read_at(max_seconds=600) == [0, 8]


def test_the_plan_is_streamed_to_each_of_its_thoughts():
    events = judge(scripted("show n", "all same\n x", "none\n"), budget=50)
    for cluster, text in enumerate(("show n\nall same\n x", "show n\nnone\n")):
        streamed = "".join(e.text for e in events if isinstance(e, ThoughtToken) and e.cluster == cluster)
        assert streamed.rstrip() == text.partition("\n x")[0].rstrip()


def test_the_score_is_blended_with_the_likelihood_where_it_is_told(monkeypatch):
    blend = Blend(verdict=1.0, likelihood=0.5, bias=1.0)
    monkeypatch.setitem(families._FAMILIES, "compact-verdict", CompactDiscriminator(CompactLikelihood(blend)))
    told = verdicts(judge(scripted(PLAN, "from same\n", "show other\n"), budget=50, probe_at=(0,)))
    # the scripted engine's ln P of "\nSQL: select 0" is -1 a word
    assert [v.score for v in told] == [pytest.approx(blend.score(p, -3.0)) for p in (0.9, 0.2)]
    assert [v.hard for v in told] == [True, False]
    assert told[0].probes[0].p_true == pytest.approx(blend.score(0.5, -3.0))

    engine = scripted(PLAN, "from same\n", "show other\n")
    engine.reads_likelihood = False
    events = judge(engine, budget=50)
    assert [v.score for v in verdicts(events)] == [0.9, 0.2]
    assert "scores are the verdicts' alone" in next(e.message for e in events if isinstance(e, Warned))


def test_a_blend():
    assert Blend(1.0, 0.0, 0.0).score(0.7, -50.0) == pytest.approx(0.7)
    assert Blend(1.0, 0.1, 0.0).score(0.5, -10.0) == pytest.approx(1 / (1 + math.e))
    assert 0 <= Blend(9.0, 9.0, 0.0).score(0.0, -1e9) < Blend(9.0, 9.0, 0.0).score(1.0, 0.0) <= 1


def test_a_user_who_stops_during_the_plan_gets_scores():
    control = Control()
    control.stop_thinking()
    found = verdicts(judge(scripted(PLAN, p_true=(0.7,)), budget=50, control=control))
    assert [(v.score, v.thought.closed_by, v.thought.tokens) for v in found] == [(0.7, "user", 0)] * 2
