import pytest

from planner_cli.control import Control
from planner_cli.database import Database
from planner_cli.errors import TimeLimit
from planner_cli.events import CandidateRepeated, CandidateWritten, StageFinished, Warned
from planner_cli.generator import Generator
from planner_cli.lexer import code
from planner_cli.prompts.grammar import schema_grammar
from planner_cli.settings import GeneratorSettings, Sampling
from planner_cli.types import Question, Schema
from tests.scripted import ScriptedEngine

QUESTION = Question("how many?", Schema(()), "shop")


def write(texts, *, control=None, on_event=None, places=32, **settings):
    engine = ScriptedEngine(places=places)
    engine.enqueue(texts)
    control = control or Control()
    events = []
    settings = GeneratorSettings(candidates=len(texts), **settings)
    for event in Generator(engine, "compact-values").write(QUESTION, settings, seed=1, control=control):
        events.append(event)
        if on_event:
            on_event(event, control)
    return events


def final(events):
    found = {}
    for event in events:
        if isinstance(event, (CandidateWritten, CandidateRepeated)):
            found[event.candidate.index] = event.candidate
    return list(found.values())


def test_equal_queries_are_one_candidate():
    texts = ["select a from t", "SELECT  a FROM t;", "select b from t", 'select "a" from t -- yes']
    found = final(write(texts))
    assert [(c.sql, c.samples) for c in found] == [("select a from t", 3), ("select b from t", 1)]


def test_the_greedy_sample_is_marked_wherever_it_ends_up():
    found = final(write(["select one + two from t", "select 1", "select 1"]))
    assert [(c.sql, c.greedy) for c in found] == [("select 1", False), ("select one + two from t", True)]


def test_the_greedy_sample_is_marked_though_the_callers_list_grows_meanwhile():
    engine = ScriptedEngine()
    engine.enqueue(["select one + two from t", "select 1"])
    known, found = [], []
    settings = GeneratorSettings(candidates=2)
    for event in Generator(engine, "compact-values").write(QUESTION, settings, seed=1, control=Control(), known=known):
        if isinstance(event, CandidateWritten):
            known.append(event.candidate)
            found.append((event.candidate.sql, event.candidate.greedy))
    assert found == [("select 1", False), ("select one + two from t", True)]


def test_candidates_come_as_they_finish():
    events = write(["select a , b , c from t", "select 1"])
    written = [e.candidate.sql for e in events if isinstance(e, CandidateWritten)]
    assert written == ["select 1", "select a , b , c from t"]


def test_a_length_limit_is_told():
    (candidate,) = final(write(["select a , b , c from t"], max_tokens=3))
    assert candidate.complete is False
    assert candidate.tokens == 3


def test_a_whole_query_is_closed_before_the_model_goes_on():
    (candidate,) = final(write(["select 1\nQ: what else is there to ask?"]))
    assert candidate.sql == "select 1"
    assert candidate.tokens < 8


def test_logprobs_add_up():
    (candidate,) = final(write(["select a"]))
    assert candidate.logprob == pytest.approx(-0.2)


def test_waves():
    found = final(write([f"select {i}" for i in range(9)], places=2))
    assert sorted(c.sql for c in found) == sorted(f"select {i}" for i in range(9))


def expire_after_first(event, control):
    if isinstance(event, CandidateWritten):
        control.deadline = 0.0


def test_time_keeps_what_is_finished():
    events = write(["select a , b , c from t", "select 1"], control=Control(1000), on_event=expire_after_first)
    assert [c.sql for c in final(events)] == ["select 1"]
    assert [e.message for e in events if isinstance(e, Warned)] == ["time ran out with 1 of 2 candidates unfinished"]
    assert isinstance(events[-1], StageFinished)


def test_time_without_any_candidate_is_an_error():
    control = Control(1000)
    control.deadline = 0.0
    with pytest.raises(TimeLimit):
        write(["select 1"], control=control)


@pytest.mark.model
@pytest.mark.parametrize(("constrained", "invents"), [(0, True), (6, False)])
def test_constrained_samples_use_only_words_that_exist(shop, writing_engine, constrained, invents):
    with Database.open(shop) as database:
        schema = database.schema
    question = Question("Average shoe size of employees by planet", schema, "shop")
    sampling = Sampling(temperature=2.0, top_p=1.0)
    settings = GeneratorSettings(candidates=6, max_tokens=32, sampling=sampling, constrained=constrained)
    events = Generator(writing_engine, "compact-values").write(question, settings, seed=1, control=Control())
    known = schema_grammar(schema)
    assert known is not None
    whole = [found for found in final(events) if found.complete]  # the others may end within a name
    words = [token.text for found in whole for token in code(found.sql) if token.kind == "word"]
    assert words
    unknown = [word for word in words if not any(f'{mark}{word}"' in known for mark in '".')]
    assert bool(unknown) == invents


def test_where_a_grammar_is_not_possible_a_warning_says_so():
    engine = ScriptedEngine()
    engine.takes_grammar = False
    engine.enqueue(["select 1"])
    settings = GeneratorSettings(candidates=1, constrained=1)
    events = list(Generator(engine, "compact-values").write(QUESTION, settings, seed=1, control=Control()))
    assert any(isinstance(event, Warned) and "held to the names" in event.message for event in events)
