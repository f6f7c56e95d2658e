"""Which questions depend on the day on which they are asked, and where a model is shown it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from planner_cli.app.today import is_about_now, on_day
from planner_cli.errors import PlannerError
from planner_cli.prompts.discriminator import discriminator_prompt
from planner_cli.prompts.generator import generator_prompt
from planner_cli.prompts.judging import View
from planner_cli.prompts.shown import Subject
from planner_cli.settings import GeneratorSettings
from planner_cli.types import Candidate, Column, Earlier, Execution, Question, Schema, Table
from tests.scripted import ScriptedEngine

ABOUT_NOW = [
    "How many orders last month?", "sales this year", "visits in the past 7 days", "what is due next Friday",
    "who was born today", "orders from three days ago", "How old is the oldest patient?", "overdue invoices",
    "revenue so far", "tickets within the last two weeks", "Umsatz im letzten Monat", "Termine diese Woche",
    "Bestellungen vor 3 Tagen", "überfällige Rechnungen, heute", "ventes du mois dernier", "commandes aujourd'hui",
    "先月の売上は?", "3日前の注文",
]  # fmt: skip
NOT_ABOUT_NOW = [
    "How many orders in March 2024?", "Which customer bought last?", "List the last 10 orders", "the next invoice number",
    "first and last name of each customer", "orders since 2020", "the oldest customer", "what is known about it",
    "sales last month (today is 2025-06-18)", "Umsatz 2024", "Wie viele Kunden?", "顧客は何人?",
]  # fmt: skip


@pytest.mark.parametrize("text", ABOUT_NOW)
def test_a_question_that_counts_from_now(text):
    assert is_about_now(text)


@pytest.mark.parametrize("text", NOT_ABOUT_NOW)
def test_a_question_that_does_not(text):
    assert not is_about_now(text)


SCHEMA = Schema((Table("orders", (Column("id"),)),))
RELATIVE = Question("How many orders  last month?", SCHEMA, "shop")
SHOWN = [
    # name, prompt of a family, whether it is trained on the day
    ("a general generator", lambda question: generator_prompt("chat").build(question, ScriptedEngine()), True),
    ("the built-in generator", lambda question: generator_prompt("compact-values").build(question, ScriptedEngine()), False),
    ("a general judge", lambda question: judged("chat", question), True),
    ("the built-in judge", lambda question: judged("compact-values", question), False),
]  # fmt: skip


def judged(family, question):
    subject = Subject(Candidate(0, "select 1"), Execution(("1",), ((1,),)))
    return discriminator_prompt(family).build(question, [subject], ScriptedEngine(), View())


@pytest.mark.parametrize(("build", "shown"), [s[1:] for s in SHOWN], ids=[s[0] for s in SHOWN])
def test_general_models_are_shown_the_day(build, shown):
    text = "".join(span.text for span in build(on_day(RELATIVE, "2025-06-18", clock=False)))
    assert ("How many orders last month? (today is 2025-06-18)" in text) is shown
    assert "today" not in "".join(span.text for span in build(on_day(RELATIVE, None, clock=False)))


def test_a_follow_up_has_the_day_of_what_it_continues():
    question = Question("and in Paris?", SCHEMA, "shop", earlier=Earlier("orders last month", "select 1"))
    assert on_day(question, "2025-06-18").today == "2025-06-18"


def test_queries_count_from_the_day_that_is_said():
    said = replace(RELATIVE, text="orders last month (today is 2025-06-18)")
    assert (on_day(said, "2024-01-01").today, on_day(said, "2024-01-01").now) == (None, "2025-06-18")
    assert (on_day(RELATIVE, "2024-01-01").today, on_day(RELATIVE, "2024-01-01").now) == ("2024-01-01", "2024-01-01")
    assert on_day(RELATIVE, None).now is None
    assert on_day(RELATIVE, None).today == dt.datetime.now().astimezone().date().isoformat()


@pytest.mark.parametrize("text", ["18.06.2025", "2025-02-30", "20250618", "today", ""])
def test_a_day_that_is_none_is_refused(text):
    with pytest.raises(PlannerError, match="but must be a day, as YYYY-MM-DD"):
        GeneratorSettings(today=text)
