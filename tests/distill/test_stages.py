"""Every stage of the recipe by its command: seconds on a random Qwen2, some minutes on the real one in DISTILL_BASE."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("gguf", reason="needs the extra train")

from models.distill import stages  # noqa: E402 - only where torch is there
from models.distill.__main__ import main as recipe  # noqa: E402
from models.distill.cases import read_cases  # noqa: E402
from models.distill.forms import ChatForm, CompactForm, Tokens  # noqa: E402
from models.distill.items import read_items, read_schemas  # noqa: E402
from models.distill.judging import JudgeMix, judge_pack  # noqa: E402
from models.distill.packs import Mix, make_pack  # noqa: E402
from planner_cli.cli import cli as planner  # noqa: E402
from planner_cli.engine import CUT, STABLE, LlamaEngine, split_at  # noqa: E402
from planner_cli.engine.weights import load_weights  # noqa: E402
from planner_cli.prompts.discriminator import discriminator_prompt  # noqa: E402
from planner_cli.prompts.generator import generator_prompt  # noqa: E402
from planner_cli.prompts.judging import View  # noqa: E402
from planner_cli.prompts.normal_form import write  # noqa: E402
from planner_cli.prompts.shown import Subject  # noqa: E402
from planner_cli.settings import EngineOptions  # noqa: E402
from planner_cli.types import Candidate, Execution, Question  # noqa: E402

pytestmark = [pytest.mark.model, pytest.mark.slow]


def run(command, *arguments):
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="module")
def data(tmp_path_factory, pack):
    folder = tmp_path_factory.mktemp("data")
    run(recipe, "prepare", pack, "--out", folder / "data", "--everyday", 2)
    run(recipe, "label", pack, "--out", folder / "cases.jsonl")
    return folder


THOUGHT = "It counts the customers whose city is Paris, as asked."


def own_look(mix):
    """Nothing of the schema under another name, and every hint shown."""
    return {**mix, "renamed": 0.0, "bare": 0.0, "missing": 0.0}


@pytest.mark.parametrize(("form", "family"), [(CompactForm, "compact-values"), (ChatForm, "chat")])
def test_packs_have_the_tokens_of_the_engine(qwen2, data, form, family):
    """Where one text ends and the next begins decides tokens: "?" and a newline may be one."""
    engine = LlamaEngine(qwen2, options=EngineOptions(threads=1))
    eos = engine.vocabulary.endings[0]
    schemas = read_schemas(data / "data" / "schemas.json")
    item = next(
        item for item in read_items(data / "data" / "questions.jsonl") if item.source == "spider" and item.hints
    )
    schema = schemas[item.schema]
    look = Mix(**own_look({"schema_tokens": 9999}))
    pack = make_pack([item], schema, look, random.Random(1), form(Tokens(qwen2)), eos)
    prompt = generator_prompt(family).build(Question(item.question, schema, "shop", item.hints), engine)
    assert pack.prefix.tolist() == engine._encode(prompt)[0][: len(pack.prefix)]
    asked = engine.vocabulary.encode_prompt(split_at(STABLE, prompt)[1])
    written = f" {write(item.parts)}" if family == "compact-values" else f"{write(item.parts, folded=False)}\n```"
    ends = [eos] if family == "compact-values" else []
    assert pack.targets.tolist() == [*engine.vocabulary.encode(written), *ends]
    assert pack.blocks[0].tolist() == [*asked, *pack.targets.tolist()[:-1]]
    assert pack.leads.tolist() == [len(asked) - 1]


JUDGES = [
    # name, family, what is thought, where it ends
    ("at once", "compact-verdict", "", "none"),
    ("own words, at once", "compact-check", THOUGHT, "none"),
    ("own words", "compact-check", THOUGHT, "whole"),
    ("own words, none known", "compact-check", "", "whole"),
    ("chat, at once", "chat-check", "", "none"),
    ("chat, own words", "chat-check", THOUGHT, "whole"),
]


@pytest.mark.parametrize(("name", "thought", "cut"), [j[1:] for j in JUDGES], ids=[j[0] for j in JUDGES])
def test_judged_packs_have_the_tokens_of_the_engine(qwen2, data, name, thought, cut):
    engine = LlamaEngine(qwen2, options=EngineOptions(threads=1))
    encode, family = engine.vocabulary.encode, discriminator_prompt(name)
    form = (ChatForm if name == "chat-check" else CompactForm)(Tokens(qwen2))
    case = next(case for case in read_cases(data / "cases.jsonl") if case.hints)
    right = replace(case.candidates[0], thoughts=(thought,) if thought else ())
    schema = read_schemas(data / "data" / "schemas.json")[case.schema]
    look = own_look({"results": 0.0, "candidates": 1, "cuts": {cut: 1.0}, "plans": name == "compact-verdict"})
    pack = judge_pack([replace(case, candidates=(right,))], schema, JudgeMix(**look), random.Random(1), form, 0)  # fmt: skip
    question = Question(case.question, schema, "shop", case.hints)
    subject = Subject(Candidate(0, write(right.parts)), Execution(("x",), ()))
    before, after = split_at(CUT, family.build(question, [subject], engine, View(rows=0)))
    shared = engine.vocabulary.encode_prompt(split_at(STABLE, before)[1])
    said = encode(f" {thought}") + encode("\n") if thought and cut == "whole" else []
    verdict = engine.vocabulary.encode_prompt(family.verdict(engine, closed_itself=bool(said)))
    expected = [*shared, *engine.vocabulary.encode_prompt(after), *said, *verdict]
    assert pack.blocks[0].tolist()[: len(expected)] == expected
    assert pack.leads.tolist() == [len(shared) - 1]
    assert pack.targets.tolist() == [*said, *encode(" true")]


def test_from_questions_to_a_judged_answer(tmp_path, pack, qwen2, data):
    train = ["--base", qwen2, "--behind", "--rank", 4, "--looks", 1, "--packs", 1, "--dtype", "float32"]
    run(recipe, "train", data / "data", "--out", tmp_path / "generator", "--steps", 3, "--share", "everyday=1", *train)
    adapter = tmp_path / "generator.gguf"
    run(recipe, "export", tmp_path / "generator", "--base", qwen2, "--out", adapter, "--name", "test")
    assert load_weights(qwen2).adapter(adapter).acts_behind

    run(recipe, "part", pack, "--out", tmp_path / "part", "--fold", stages.fold("shop"))
    written = ["--generator", qwen2, "--generator-adapter", adapter, "--max-tokens", 40]
    run(
        planner, "bench", "e2e", tmp_path / "part", "--no-judge", "-n", 2, "-q", "--out", tmp_path / "samples", *written
    )
    assert json.loads((tmp_path / "samples" / "run.json").read_text())["models"][0]["prompt"] == "compact-values"
    rows = [json.loads(line) for line in (tmp_path / "samples" / "rows.jsonl").read_text().splitlines()]
    assert len(rows) == 3
    cases = tmp_path / "cases.jsonl"
    run(recipe, "label", tmp_path / "part", "--run", tmp_path / "samples", "--out", cases)

    thought = tmp_path / "thoughts.jsonl"
    thinking = ["--base", qwen2, "--adapter", adapter, "--prompt", "compact-check", "--samples", 2, "--budget", 20]
    run(recipe, "think", tmp_path / "part", cases, "--out", thought, *thinking)
    judging = ["--cases", thought, "--own-words", "--share", "judge=1"]
    run(recipe, "train", data / "data", "--out", tmp_path / "judge", "--steps", 2, *judging, "--init", adapter, *train)
    run(recipe, "train", data / "data", "--out", tmp_path / "judge", "--steps", 3, *judging, "--resume", *train)
    lines = [json.loads(line) for line in (tmp_path / "judge" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3]
    judge = tmp_path / "judge.gguf"
    run(recipe, "export", tmp_path / "judge", "--base", qwen2, "--out", judge, "--name", "test", "--prompt", "compact-check")  # fmt: skip
    pair = [*written, "--discriminator", qwen2, "--discriminator-adapter", judge, "--budget", 8]
    run(planner, "bench", "e2e", tmp_path / "part", "-n", 2, "-q", "--out", tmp_path / "judged", *pair)
    models = json.loads((tmp_path / "judged" / "run.json").read_text())["models"]
    assert [model["prompt"] for model in models] == ["compact-values", "compact-check"]
