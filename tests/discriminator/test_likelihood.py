"""P(query) under a generator as a judge: the control, on the real built-in generator."""

import pytest

from planner_cli.cli.bench.request import PROMPTS
from planner_cli.control import Control
from planner_cli.discriminator import Case, Discriminator
from planner_cli.events import Prefilled, Prefilling, StageFinished, StageStarted, ThoughtClosed
from planner_cli.prompts import discriminator
from planner_cli.settings import DiscriminatorSettings
from planner_cli.types import Candidate, Column, Execution, Question, Schema, Table

pytestmark = pytest.mark.model

SCHEMA = Schema((Table("customers", (Column("id", "INTEGER", primary_key=True), Column("city", "TEXT"))),))
QUERIES = (
    "select max(id) from customers where city != 'x' group by city",
    "SELECT COUNT(*) FROM Customers AS T1",
    "select city, id from customers",
)


@pytest.mark.parametrize("family", ["likelihood", "likelihood-chat"])
def test_the_likeliest_query_scores_highest(family, writing_engine, base_engine):
    engine = writing_engine if family == "likelihood" else base_engine
    cases = [Case(i, Candidate(i, sql), Execution(("x",), ((1,),))) for i, sql in enumerate(QUERIES)]
    question = Question("How many customers are there?", SCHEMA, "shop")
    events = list(Discriminator(engine, family).judge(question, cases, DiscriminatorSettings(), control=Control()))
    assert [type(e) for e in events if type(e) is not Prefilling] == [
        StageStarted,
        Prefilled,
        *[ThoughtClosed] * 3,
        StageFinished,
    ]
    scores = [e.verdict.score for e in events if isinstance(e, ThoughtClosed)]
    assert all(0 < score < 1 for score in scores)
    if family == "likelihood":
        assert max(scores) == scores[1] > 100 * scores[0]


def test_every_family_that_judges_one_candidate_can_be_measured():
    assert {*PROMPTS, "pair"} == set(discriminator._FAMILIES)
