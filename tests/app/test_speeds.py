"""How long a question is expected to take."""

from __future__ import annotations

from planner_cli.app.speeds import expected_seconds
from planner_cli.discriminator import Discriminator
from planner_cli.engine.learned_speeds import LearnedSpeeds
from planner_cli.generator import Generator
from planner_cli.settings import PlanSettings
from planner_cli.types import Question, Schema
from tests.scripted import ScriptedEngine

LEARNT = LearnedSpeeds(threads=1, batch_threads=1, prefill=100.0, steps=((1, 0.1), (8, 0.2)), seconds=1.0, quiet=True)


def test_how_long_a_question_takes_is_known_where_both_models_were_measured():
    question = Question("How many?", Schema(()), "shop")
    plan = PlanSettings()
    writer, judge = ScriptedEngine(), ScriptedEngine()
    roles = Generator(writer, "chat"), Discriminator(judge, "chat")
    assert expected_seconds(*roles, plan, question) is None
    writer.speeds = LEARNT
    assert expected_seconds(*roles, plan, question) is None
    assert (alone := expected_seconds(roles[0], None, plan, question)) is not None
    judge.speeds = LEARNT
    both = expected_seconds(*roles, plan, question)
    assert both is not None
    thinking = LEARNT.speed().thinking_seconds(plan.discriminator.budget, 4)
    assert both > alone + thinking > thinking
