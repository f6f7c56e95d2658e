"""The network against llama.cpp, adapters on disk, packs, and a short training run that lowers the loss."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest
from llama_cpp import Llama

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("gguf", reason="needs the extra train")

from models.distill import stages  # noqa: E402 - only where torch is there
from models.distill.cases import Case, Labelled  # noqa: E402
from models.distill.forms import CompactForm, Tokens  # noqa: E402
from models.distill.generated import everyday_items  # noqa: E402
from models.distill.judging import JudgeMix, judge_groups, judge_pack  # noqa: E402
from models.distill.network import Network  # noqa: E402
from models.distill.packs import Mix, grouped, make_pack, tensors  # noqa: E402
from models.distill.train import Trainer, TrainSettings, mean_loss  # noqa: E402
from models.distill.weights import read_adapter, read_base, write_adapter  # noqa: E402
from planner_cli.control import Control  # noqa: E402
from planner_cli.engine import CUT, STABLE, split_at  # noqa: E402
from planner_cli.prompts.discriminator import discriminator_prompt  # noqa: E402
from planner_cli.prompts.judging import View  # noqa: E402
from planner_cli.prompts.normal_form import Name  # noqa: E402
from planner_cli.prompts.shown import Subject  # noqa: E402
from planner_cli.settings import Sampling  # noqa: E402
from planner_cli.types import (  # noqa: E402
    Candidate,
    Column,
    Execution,
    ForeignKey,
    Question,
    Schema,
    Table,
    ValueHint,
)
from tests.scripted import ScriptedEngine  # noqa: E402

pytestmark = [pytest.mark.model, pytest.mark.slow]

SCHEMA = Schema(
    (
        Table("customers", (Column("id", "INTEGER", primary_key=True), Column("name", "TEXT"), Column("city", "TEXT"))),
        Table(
            "orders",
            (Column("id", "INTEGER", primary_key=True), Column("customer_id", "INTEGER"), Column("total", "REAL")),
            foreign_keys=(ForeignKey(("customer_id",), "customers", ("id",)),),
        ),
    )
)


@pytest.fixture(scope="module")
def base():
    return read_base(stages.base_path())


@pytest.fixture(scope="module")
def form():
    return CompactForm(Tokens(stages.base_path()))


@pytest.fixture(scope="module")
def everyday():
    schemas = {}
    return list(everyday_items(6, 1, schemas)), schemas


def test_an_adapter_survives_the_way_to_disk(tmp_path, base):
    network = Network(base, rank=4, alpha=8.0, seed=3)
    with torch.no_grad():
        for tensor in network.parameters:
            tensor.add_(torch.randn(tensor.shape, generator=torch.Generator().manual_seed(1)) * 0.01)
    write_adapter(tmp_path / "a.gguf", network.pairs(), network.alpha, base.shape, {"name": "test"})
    pairs, alpha = read_adapter(tmp_path / "a.gguf", base.shape)
    assert alpha == 8.0
    assert pairs.keys() == network.pairs().keys()
    for name, (a, b) in network.pairs().items():
        assert torch.allclose(pairs[name][0], a, atol=1e-4)
        assert torch.allclose(pairs[name][1], b, atol=1e-4)


def test_torch_and_llama_cpp_agree(base, form, builtin_generator, writing_engine):
    """The greedy query of llama.cpp is what the network would write, token by token, but for near ties."""
    from planner_cli.prompts.generator import CompactGenerator

    network = Network(base, dtype=torch.float32)
    network.load(read_adapter(builtin_generator.adapter, base.shape)[0])
    hints = (ValueHint("customers", "city", "Paris"),)
    question = Question("How many customers are in Paris?", SCHEMA, "shop", hints)
    session = writing_engine.open(CompactGenerator().build(question, None), branches=1, room=64, control=Control())
    branch = session.branch((), Sampling(temperature=0.0), max_tokens=64)
    text = ""
    while steps := session.step():
        text += "".join(step.text for step in steps)
        if any(step.finished for step in steps):
            break
    branch.close()
    session.close()
    assert "from customers" in text
    row = [(form.asked(question), 0.0), ([*form.tokens.encode(text), base.shape.eos], 1.0)]
    pack = tensors(form.shared(question), [row], base.shape.eos)
    assert mean_loss(network, [pack]) < 0.5


def test_padding_and_neighbours_change_nothing(base, form):
    network = Network(base, dtype=torch.float32)
    shared = form.shared(Question("", SCHEMA, ""))
    rows = []
    for question, answer in (("How many?", " select count(*) from orders"), ("Names, please, of all of them", " x")):
        asked, written = form.asked(Question(question, SCHEMA, "")), [*form.tokens.encode(answer), base.shape.eos]
        rows.append([(asked, 0.0), (written[:1], 1.0), (written[1:], 2.5)])
    together = tensors(shared, rows, base.shape.eos)
    alone = [tensors(shared, [row], base.shape.eos) for row in rows]
    with torch.no_grad():
        assert network.loss(together).item() == pytest.approx(sum(network.loss(p).item() for p in alone), rel=1e-4)


def test_packs_show_other_names_consistently(form, everyday):
    items, schemas = everyday
    rng = random.Random(2)
    groups = grouped(items, Mix(), rng)
    assert sorted(map(id, itertools.chain(*groups))) == sorted(map(id, items))
    for group in groups[:40]:
        pack = make_pack(group, schemas[group[0].schema], Mix(renamed=1.0), rng, form, 2)
        assert pack is not None
        assert len(pack.places) == len(pack.targets)
        assert pack.places.max() < pack.blocks.numel()


PARTS = {"all": ("select", Name("orders", "total"), "from", Name("orders")), "sum": ("select", "sum", "(", Name("orders", "total"), ")", "from", Name("orders"))}  # fmt: skip
CASE = Case(
    "shop",
    "What is sold in all?",
    (ValueHint("orders", "customer_id", "all"),),
    PARTS["sum"],
    (PARTS["all"],),
    (
        Labelled(PARTS["sum"], "1 row, 1 column; [13.0]", correct=True, origin="gold"),
        Labelled(PARTS["all"], "3 rows, 1 column; [5.0]; [7.0]", correct=False, origin="sample"),
    ),
)
THOUGHTS = [
    # where it ends, whose plan, what stands behind Plan: and Check: of the right candidate
    ("none", 0.0, "", ""),
    ("plan", 0.0, " show sum(total); from orders", ""),
    ("whole", 0.0, " show sum(total); from orders", " show sum(total): same; from orders: same"),
    ("whole", 1.0, " show total; from orders", " show sum(total): other; from orders: same"),
]


@pytest.mark.parametrize(("cut", "own", "plan", "check"), THOUGHTS, ids=[f"{t[0]}-{t[1]:.0f}" for t in THOUGHTS])
def test_a_judge_is_trained_on_the_prompt_that_it_is_asked(base, form, cut, own, plan, check):
    mix = JudgeMix(renamed=0.0, bare=0.0, missing=0.0, results=1.0, own_plan=own, cuts={cut: 1.0})
    pack = judge_pack([CASE], SCHEMA, mix, random.Random(1), form, base.shape.eos)
    llama = Llama(str(stages.base_path()), vocab_only=True, verbose=False)
    text = llama.detokenize(pack.blocks[0].tolist()).decode()
    family, engine = discriminator_prompt("compact-values"), ScriptedEngine()
    question = Question(CASE.question, SCHEMA, "shop", CASE.hints)
    subject = Subject(Candidate(0, "SELECT SUM(total) FROM Orders"), Execution(("x",), ((13.0,),)))
    before, after = split_at(CUT, family.build(question, [subject], engine, View()))
    asked = "".join(span.text for span in split_at(STABLE, before)[1])
    opening, shown = after[0].text, "".join(span.text for span in after[1:])
    verdict = "".join(span.text for span in family.verdict(engine, closed_itself=False))
    assert text.partition("<|im_end|>")[0] == asked + opening + plan + shown + check + verdict
    end = int((pack.weights == mix.verdict).nonzero()[0])
    learned = llama.detokenize(pack.targets[: end + 1].tolist()).decode()
    close = {"none": "", "plan": "\n", "whole": "\n"}[cut]
    assert learned == ("" if own else plan + close) + (check + close if cut == "whole" else "") + " true"


def test_findings_and_verdict_weigh_most(base, form):
    mix = JudgeMix(renamed=0.0, bare=0.0, missing=0.0, own_plan=0.0, cuts={"whole": 1.0})
    pack = judge_pack([CASE], SCHEMA, mix, random.Random(1), form, base.shape.eos)
    weighed = dict.fromkeys(sorted(set(pack.weights.tolist())), "")
    llama = Llama(str(stages.base_path()), vocab_only=True, verbose=False)
    for token, weight in zip(pack.targets.tolist(), pack.weights.tolist(), strict=True):
        weighed[weight] += llama.detokenize([token]).decode()
    assert weighed.pop(mix.finding) == " same same other same"
    assert weighed.pop(mix.verdict) == " true false"
    assert weighed.pop(mix.restated).startswith(" show sum(total):; from orders:")
    assert weighed[1.0].startswith(" show sum(total); from orders\n")


def test_real_mistakes_come_more_often():
    edits = replace(CASE, candidates=(CASE.candidates[0], replace(CASE.candidates[1], origin="edit")))
    drawn = list(itertools.chain(*judge_groups([CASE, edits], JudgeMix(real=3), random.Random(0))))
    assert (drawn.count(CASE), drawn.count(edits)) == (3, 1)


def test_a_short_run_lowers_the_loss_and_goes_on(tmp_path, base, form, everyday):
    items, schemas = everyday
    mix = Mix(questions=6, renamed=0.0)
    stream = stages.mixture(items, schemas, {"everyday": 1.0}, mix, form, base.shape.eos)
    looks = [pack for pack, _ in itertools.islice(stream.packs("look"), 4)]
    settings = TrainSettings(minutes=30, rate=2e-3, warm_up=4, packs=1)
    trainer = Trainer(Network(base, rank=8, alpha=16.0), settings, tmp_path)
    before = mean_loss(trainer.network, looks)
    lines = list(trainer.run(stream, steps=14))
    after = trainer.state
    trained = mean_loss(trainer.network, looks)
    assert trained < 0.6 * before
    assert [line["step"] for line in lines] == list(range(1, 15))

    network = Network(base, rank=8, alpha=16.0, seed=9)
    again = Trainer(network, settings, tmp_path)
    again.resume()
    assert again.state == after
    assert mean_loss(again.network, looks) == pytest.approx(trained, rel=1e-3)
    list(again.run(stream, steps=1))
    assert (again.state.step, again.state.sittings) == (15, 2)
    bounded = Trainer(network, replace(settings, minutes=None, steps=17), tmp_path)
    bounded.resume()
    assert [line["step"] for line in bounded.run(stream)] == [16, 17]
