"""``python -m models.distill STAGE``: one command per stage of the recipe."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import click

from models.distill.generated import everyday_items
from models.distill.items import Item, read_items, read_schemas, write_items, write_schemas
from planner_cli.types import Schema

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_EXISTING = click.Path(path_type=Path, exists=True)


@click.group()
def main() -> None:
    """Distil a pair of adapters; see models/distill/README.md."""


@main.command()
@click.argument("packs", type=_EXISTING, nargs=-1)
@click.option("--out", type=_FOLDER, required=True, help="Folder for questions.jsonl, schemas.json and prepare.json.")
@click.option(
    "--everyday",
    type=click.IntRange(min=0),
    default=28,
    show_default=True,
    help="Questions of each everyday schema; 0 is none.",
)
@click.option("--seed", type=int, default=7, show_default=True)
def prepare(packs: tuple[Path, ...], out: Path, everyday: int, seed: int) -> None:
    """Read PACKS (folders with questions.jsonl and databases/) and write training questions.

    Queries are put into their normal form, checked by execution; questions get the values they mention.
    """
    from models.distill.spider import read_pack

    schemas: dict[str, Schema] = {}
    counts: Counter[str] = Counter()
    items: list[Item] = []
    for pack in packs:
        click.echo(f"{pack}: reading", err=True)
        items += read_pack(pack, schemas, counts)
    if everyday:
        items += everyday_items(everyday, seed, schemas)
    if not items:
        raise click.UsageError("no questions: name a pack, or ask for everyday questions")
    out.mkdir(parents=True, exist_ok=True)
    write_items(out / "questions.jsonl", items)
    write_schemas(out / "schemas.json", schemas)
    facts = {
        "packs": [pack.name for pack in packs],
        "everyday": everyday,
        "seed": seed,
        "questions": Counter(item.source for item in items),
        "left_out": {why: count for why, count in counts.items() if why not in {item.source for item in items}},
        "schemas": len(schemas),
    }
    _write_facts(out / "prepare.json", facts)


@main.command()
@click.argument("data", type=_EXISTING)
@click.option("--out", type=_FOLDER, required=True, help="Folder for state.pt, log.jsonl and train.json.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Training time, over all sittings.")
@click.option("--steps", type=click.IntRange(min=1), help="Training steps, instead of --minutes, or as well.")
@click.option("--cases", type=_FILE, help="What `label` wrote, for a discriminator; its share is judge=N.")
@click.option("--no-thoughts", is_flag=True, help="Train verdicts without any thought: the control for thinking.")
@click.option("--init", type=_FILE, help="A GGUF adapter to begin with.")
@click.option("--resume", is_flag=True, help="Continue from the checkpoint in --out.")
@click.option(
    "--share",
    "shares",
    multiple=True,
    metavar="SOURCE=N",
    default=("spider=0.55", "syn=0.12", "everyday=0.33"),
    show_default=True,
    help="Of the steps.",
)
@click.option("--rate", type=float, default=1.2e-3, show_default=True, help="Learning rate, falling to 0 at the end.")
@click.option("--packs", type=click.IntRange(min=1), default=3, show_default=True, help="A step of the optimiser.")
@click.option("--rank", type=click.IntRange(min=1), default=16, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads.")
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
@click.option("--seed", type=int, default=0, show_default=True)
def train(
    data: Path, out: Path, minutes: float | None, steps: int | None, cases: Path | None, no_thoughts: bool,
    init: Path | None, resume: bool, shares: tuple[str, ...], rate: float, packs: int, rank: int, threads: int | None,
    device: str, seed: int,
) -> None:  # fmt: skip
    """Train an adapter on DATA, the folder that ``prepare`` wrote: a generator, a discriminator, or both in one."""
    import torch

    from models.distill import stages
    from models.distill.cases import read_cases
    from models.distill.judging import CUTS, NO_THOUGHTS, JudgeMix
    from models.distill.network import Network
    from models.distill.packs import Mix
    from models.distill.train import Trainer, TrainSettings
    from models.distill.weights import read_adapter, read_base

    if minutes is None and steps is None:
        raise click.UsageError("say how long with --minutes or --steps")
    if threads:
        torch.set_num_threads(threads)
    base = read_base(stages.base_path())
    network = Network(base, rank=rank, alpha=2.0 * rank, device=device, seed=seed)
    trainer = Trainer(network, TrainSettings(minutes, steps, rate=rate, packs=packs, seed=seed), out)
    if resume:
        trainer.resume()
    elif trainer.checkpoint.exists():
        raise click.UsageError(f"{trainer.checkpoint} exists: continue with --resume, or name another --out")
    elif init is not None:
        network.load(read_adapter(init, base.shape)[0])
    items, schemas = read_items(data / "questions.jsonl"), read_schemas(data / "schemas.json")
    encode, mix = stages.encoder(stages.base_path()), Mix()
    plain = replace(mix, renamed=0.0, bare=0.0, missing=0.0)
    eos = base.shape.eos
    held_out = {"loss": stages.held_out_packs(items, schemas, plain, encode, eos, most=10)}
    judged = read_cases(cases) if cases else []
    if judged:
        held_out["verdict"] = stages.held_out_verdicts(judged, schemas, "none", encode, eos, most=12)
        if not no_thoughts:
            held_out["verdict_after_plan"] = stages.held_out_verdicts(judged, schemas, "plan", encode, eos, most=12)
    wanted = {name: float(share) for name, _, share in (text.partition("=") for text in shares)}
    thinking = JudgeMix(cuts=NO_THOUGHTS if no_thoughts else CUTS)
    stream = stages.mixture(items, schemas, wanted, mix, encode, eos, judged, thinking)
    for line in trainer.run(stream, held_out):
        if line["step"] % 20 == 1:
            click.echo(_progress(line), err=True)
    click.echo(json.dumps(asdict(trainer.state)["curve"]), err=True)


def _progress(line: dict[str, float]) -> str:
    seconds = max(line["t"], 1.0)
    return (
        f"step {line['step']}  {seconds:.0f} s  loss {line['loss']:.3f} ({line['source']})  "
        f"{line['examples']} examples  {line['tokens'] / seconds:.0f} tokens/s  rate {line['rate']:.1e}"
    )


@main.command()
@click.argument("trained", type=_EXISTING)
@click.option("--out", type=_FILE, required=True, help="The .gguf file to write.")
@click.option("--name", required=True, help="general.name of the file.")
@click.option("--licence", default="CC-BY-SA-4.0", show_default=True, help="general.license: of the training data.")
def export(trained: Path, out: Path, name: str, licence: str) -> None:
    """Write the adapter in TRAINED, the folder that ``train`` wrote, as GGUF."""
    import torch

    from models.distill import stages
    from models.distill.weights import read_base, write_adapter

    saved = torch.load(trained / "state.pt", weights_only=True)
    shape = read_base(stages.base_path()).shape
    write_adapter(out, saved["pairs"], saved["alpha"], shape, {"name": name, "license": licence})
    click.echo(f"{out}: {out.stat().st_size:,} bytes", err=True)


@main.command()
@click.argument("pack", type=_EXISTING)
@click.option("--out", type=_FILE, required=True, help="The .jsonl file to write.")
@click.option(
    "--run",
    "runs",
    type=_EXISTING,
    multiple=True,
    help="Run of `planner bench e2e` over PACK: the generator's samples.",
)
@click.option(
    "--edits", type=click.IntRange(min=0), default=3, show_default=True, help="Slips kept of each right query."
)
@click.option("--seed", type=int, default=0, show_default=True)
def label(pack: Path, out: Path, runs: tuple[Path, ...], edits: int, seed: int) -> None:
    """Label queries of PACK by execution, for the discriminator's training.

    Have the samples written by a generator that was not trained on PACK, or the wrong ones are too few and too easy.
    """
    from models.distill.cases import find_cases, write_cases

    counts = write_cases(out, find_cases(pack, runs, edits=edits, seed=seed))
    facts = {"pack": pack.name, "runs": [run.name for run in runs], "edits": edits, "seed": seed, "cases": counts}
    _write_facts(out.with_suffix(".json"), facts)


@main.command()
@click.argument("data", type=_EXISTING)
@click.argument("cases", type=_EXISTING)
@click.option("--adapter", type=_FILE, required=True, help="The trained adapter, as GGUF.")
@click.option("--out", type=_FILE, required=True, help="The .json file to write.")
@click.option("--budget", type=click.IntRange(min=0), default=96, show_default=True, help="Of a thought.")
@click.option("--most", type=click.IntRange(min=1), default=150, show_default=True, help="Questions.")
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads.")
def calibrate(data: Path, cases: Path, adapter: Path, out: Path, budget: int, most: int, threads: int | None) -> None:
    """Fit the weights of verdict and likelihood in the discriminator's score, on schemas that were held out."""
    import random

    from models.distill import stages
    from models.distill.calibrate import fit, observe, quality
    from models.distill.cases import read_cases
    from planner_cli.discriminator import Discriminator
    from planner_cli.engine import LlamaEngine
    from planner_cli.settings import EngineOptions

    held_out = [case for case in read_cases(cases) if stages.is_held_out(case.schema)]
    random.Random(0).shuffle(held_out)
    held_out.sort(key=lambda case: not any(c.origin == "sample" for c in case.candidates))  # real mistakes first
    held_out = sorted(held_out[:most], key=lambda case: case.schema)
    engine = LlamaEngine(stages.base_path(), adapter=adapter, options=EngineOptions(threads=threads))
    judge, control = Discriminator(engine, "compact-verdict"), Discriminator(engine, "likelihood")
    found = []
    for one in observe(held_out, read_schemas(data / "schemas.json"), judge, control, budget):
        found += one
        if one[0].question % 10 == 0:
            click.echo(f"{one[0].question} of {len(held_out)} questions", err=True)
    blend = fit(found)
    facts = {
        "adapter": adapter.name,
        "budget": budget,
        "blend": asdict(blend),
        "verdict": quality(found, [o.verdict for o in found]),
        "likelihood": quality(found, [o.logprob for o in found]),
        "blended": quality(found, [blend.score(o.verdict, o.logprob) for o in found]),
    }
    _write_facts(out, facts)


def _write_facts(path: Path, facts: object) -> None:
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    click.echo(path.read_text(encoding="utf-8").rstrip(), err=True)


if __name__ == "__main__":
    sys.exit(main())
