from __future__ import annotations

import json
import math
import types
import typing
from dataclasses import replace

import event_scripts as scripts
import pytest
from hostile_texts import PAYLOADS, forbidden

from planner_cli.errors import ExitCode, ModelError, PlannerError
from planner_cli.settings import PlanSettings
from planner_cli.types import Execution, Timings, ValueHint
from planner_cli.ui.document import document, error_document
from planner_cli.ui.document_types import Document, ErrorDocument
from planner_cli.ui.jsontext import to_json


def check(value, shape, path="document"):
    """Hold a decoded JSON value against a TypedDict, recursively and exactly."""
    if typing.is_typeddict(shape):
        hints = typing.get_type_hints(shape, include_extras=True)
        assert isinstance(value, dict), path
        missing = set(shape.__required_keys__) - set(value)
        unknown = set(value) - set(hints)
        assert not missing, (path, missing)
        assert not unknown, (path, unknown)
        for key, item in value.items():
            check(item, hints[key], f"{path}.{key}")
        return
    origin, arguments = typing.get_origin(shape), typing.get_args(shape)
    if shape is typing.Any:
        return
    if origin is typing.Literal:
        assert value in arguments, (path, value)
    elif origin in {typing.Union, types.UnionType}:
        assert any(fits(value, one, path) for one in arguments), (path, value, shape)
    elif origin is list:
        assert isinstance(value, list), path
        for at, item in enumerate(value):
            check(item, arguments[0], f"{path}[{at}]")
    elif origin is dict:
        assert isinstance(value, dict), path
        for key, item in value.items():
            check(item, arguments[1], f"{path}.{key}")
    elif shape is float:
        assert type(value) in {int, float}, (path, value)
    elif shape is type(None) or shape is None:
        assert value is None, (path, value)
    else:
        assert type(value) is shape, (path, value, shape)


def fits(value, shape, path):
    try:
        check(value, shape, path)
    except AssertionError:
        return False
    return True


VERSIONS = {"planner": "1", "llama-cpp-python": "2", "sqlite": "3"}


def decoded(run, **options):
    made = document(
        question=scripts.QUESTION, database=scripts.DATABASE, answer=run.answer,
        settings=PlanSettings(), models=scripts.MODELS, versions=VERSIONS, **options,
    )  # fmt: skip
    return json.loads(to_json(made, indent=2), parse_constant=pytest.fail)


RUNS = {
    "judged": scripts.judged(),
    "no-budget": scripts.judged(budget=0),
    "unjudged": scripts.unjudged(),
    "nothing-runs": scripts.nothing_runs(),
    "many": scripts.many(),
    "hostile": scripts.hostile(PAYLOADS["clipboard"]),
}


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS.keys())
def test_documents_have_the_documented_shape(run):
    check(decoded(run), Document)


def test_mentioned_values():
    made = decoded(RUNS["judged"], mentioned=[ValueHint("customers", "city", "Łódź")])
    check(made, Document)
    assert made["mentioned"] == [{"table": "customers", "column": "city", "value": "Łódź"}]
    assert decoded(RUNS["judged"])["mentioned"] is None


def test_the_tables_that_were_shown():
    run = RUNS["judged"]
    shown = types.SimpleNamespace(answer=replace(run.answer, shown=("customers", "a\u202eb")))
    assert decoded(shown)["shown"] == ["customers", "a\u202eb"]
    assert decoded(RUNS["judged"])["shown"] is None


SPOILED = {
    "missing": lambda made: made.pop("answer"),
    "retyped": lambda made: made["answer"].update(confidence="high"),
    "unknown": lambda made: made["candidates"][0].update(extra=1),
    "not-a-word-of-the-list": lambda made: made["candidates"][0]["verdict"].update(closed_by="magic"),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
def test_the_shape_check_finds_what_is_wrong(spoil):
    made = decoded(RUNS["judged"])
    spoil(made)
    with pytest.raises(AssertionError):
        check(made, Document)


def test_a_judged_document():
    made = decoded(RUNS["judged"])
    assert made["schema_version"] == 1
    assert made["error"] is None
    assert made["answer"]["sql"] == scripts.SQL[0]
    assert made["answer"]["confidence"] == 0.86
    assert made["answer"]["vote_share"] == 0.5
    first, same, third, failing = made["candidates"][:4]
    assert first["judged_as"] == same["judged_as"] == 0
    assert "verdict" in first
    assert "verdict" not in same
    assert third["verdict"]["probes"][-1]["p_true"] == third["verdict"]["score"] == 0.12
    assert failing["execution"]["error_kind"] == "missing"
    assert failing["cluster"] is None
    assert "judged_as" not in failing
    assert [cluster["rank"] for cluster in made["clusters"]] == [0, 2, 1]


def test_no_answer():
    made = decoded(RUNS["nothing-runs"], exit_code=ExitCode.REFUSED)
    assert made["answer"] is None
    assert made["error"] == {"message": "none of the 2 candidates could be executed", "hint": None, "exit_code": 5}


def test_runs_differ_in_timings_only():
    answer = RUNS["judged"].answer
    slower = replace(
        answer,
        timings=Timings(total=99.0),
        executions=tuple(replace(execution, seconds=9.0) for execution in answer.executions),
    )
    first, second = (
        document(question="q", database="d", answer=one, settings=PlanSettings(), models=(), versions=VERSIONS)
        for one in (answer, slower)
    )
    assert to_json(first) != to_json(second)
    del first["timings"], second["timings"]
    assert to_json(first) == to_json(second)


def test_rows_are_limited_and_told():
    made = decoded(RUNS["judged"], rows=2, answer_rows=5)
    execution = made["candidates"][0]["execution"]
    assert (len(execution["rows"]), execution["row_count"], execution["truncated"]) == (2, 12, False)
    assert (len(made["answer"]["rows"]), made["answer"]["row_count"], made["answer"]["truncated"]) == (5, 12, True)


def test_values_and_limits_that_json_cannot_hold():
    run = scripts.unjudged()
    odd = Execution(("a",) * 5, ((math.inf, -math.inf, b"\x01", 2**63 - 1, None),))
    run.answer = replace(
        run.answer,
        candidates=(replace(run.answer.candidates[0], logprob=-math.inf), *run.answer.candidates[1:]),
        executions=(odd, *run.answer.executions[1:]),
    )
    made = document(
        question="q", database="d", answer=run.answer, settings={"max_seconds": math.inf}, models=(), versions=VERSIONS
    )
    loaded = json.loads(to_json(made), parse_constant=pytest.fail)
    assert loaded["answer"]["rows"] == [["Infinity", "-Infinity", {"$blob_hex": "01"}, 2**63 - 1, None]]
    assert loaded["candidates"][0]["logprob"] is None
    assert loaded["settings"]["max_seconds"] == "Infinity"


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_payloads_are_escaped_and_kept(payload):
    run = scripts.hostile(payload)
    made = document(
        question=payload, database=payload, answer=run.answer, settings=PlanSettings(), models=(), versions=VERSIONS
    )
    text = to_json(made, indent=1)
    assert not forbidden(text)
    assert json.loads(text)["candidates"][0]["sql"] == payload


def test_naughty_strings(naughty):
    """One in six; all of them: ``test_renders.py``, slow."""
    for payload in naughty[::6]:
        run = scripts.hostile(payload)
        made = document(
            question=payload, database=payload, answer=run.answer, settings=PlanSettings(), models=(), versions=VERSIONS
        )
        assert not forbidden(to_json(made))


def test_an_error_before_any_answer():
    made = error_document(
        ModelError("no model", hint="planner models pull x"), question="q", database="d", versions=VERSIONS
    )
    check(json.loads(to_json(made)), ErrorDocument)
    assert made["error"] == {"message": "no model", "hint": "planner models pull x", "exit_code": 3}
    assert (
        error_document(made_error(), question="q", database="d", versions={}, exit_code=143)["error"]["exit_code"]
        == 143
    )


def made_error():
    return ModelError("no model")


def test_abstaining_moves_the_answer():
    error = PlannerError("not sure enough")
    error.exit_code = ExitCode.ABSTAINED
    made = decoded(RUNS["judged"], abstained=error)
    check(made, Document)
    assert made["answer"] is None
    assert made["abstained"] == decoded(RUNS["judged"])["answer"]
    assert made["error"] == {"message": "not sure enough", "hint": None, "exit_code": 4}


def test_warnings_versions_and_options():
    run = scripts.judged()
    run.answer = replace(run.answer, warnings=("time ran out",))
    chosen = {"budget": {"value": 64, "origin": "environment"}}
    options = {"min_confidence": 0.5, "tables": ["a"], "no_values": True, "redacted": [], "chosen": chosen}
    made = decoded(run, options=options)
    check(made, Document)
    assert (made["warnings"], made["versions"], made["options"]) == (["time ran out"], VERSIONS, options)
    assert [model["untrained"] for model in made["models"]] == [False, False]


def test_what_was_not_kept_is_null_and_counted():
    run = RUNS["judged"]
    made = decoded(run, kept=False)
    check(made, Document)
    counts = [len(execution.rows) for execution in run.answer.executions]
    assert [each["execution"]["row_count"] for each in made["candidates"]] == counts
    assert (counts[0], counts[3]) == (12, 0)
    assert all(each["execution"]["rows"] is each["execution"]["columns"] is None for each in made["candidates"])
    assert made["candidates"][0]["verdict"]["thought"] is None
    assert (made["answer"]["rows"], made["answer"]["columns"], made["answer"]["row_count"]) == (None, None, 12)
