"""``python -m models.distill STAGE``: one command a stage of the recipe."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import click

from models.distill import stages
from models.distill.generated import everyday_items
from models.distill.items import Item, read_items, read_schemas, write_items, write_schemas
from planner_cli.types import Schema

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_EXISTING = click.Path(path_type=Path, exists=True)
_base = click.option("--base", type=_EXISTING, help="The model's GGUF file.  [default: the built-in model]")


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
@click.argument("pack", type=_EXISTING)
@click.option("--out", type=_FOLDER, required=True, help="Folder of the new pack.")
@click.option("--fold", "folds", type=click.IntRange(0, stages.FOLDS - 1), multiple=True, required=True)
def part(pack: Path, out: Path, folds: tuple[int, ...]) -> None:
    """Write a pack of the databases of PACK that are in those folds, to be measured or sampled on.

    Fold 0 is never trained on; the others are, but for those that ``train --without`` leaves out.
    """
    from models.distill.spider import write_part

    if out.exists():
        raise click.UsageError(f"{out} exists: name another --out")
    counts = write_part(pack, out, lambda name: stages.fold(name) in folds)
    _write_facts(out / "part.json", {"pack": pack.name, "folds": folds, **counts})


@main.command()
@click.argument("data", type=_EXISTING)
@click.option("--out", type=_FOLDER, required=True, help="Folder for state.pt, log.jsonl and train.json.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Of training, over all sittings.")
@click.option("--steps", type=click.IntRange(min=1), help="Of training, in place of --minutes or as another bound.")
@click.option("--cases", type=_FILE, help="What `label` wrote, for a discriminator; its share is judge=N.")
@click.option("--no-thoughts", is_flag=True, help="Train verdicts without any thought: the control of thinking.")
@_base
@click.option("--behind", is_flag=True, help="Let the adapter act only behind the prompt that both roles share.")
@click.option("--init", type=_FILE, help="A GGUF adapter to begin with.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in --out.")
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
@click.option("--warm-up", type=click.IntRange(min=1), default=20, show_default=True, help="Steps, at each sitting.")
@click.option("--packs", type=click.IntRange(min=1), default=3, show_default=True, help="A step of the optimiser.")
@click.option("--rank", type=click.IntRange(min=1), default=16, show_default=True)
@click.option(
    "--renamed", type=click.FloatRange(0, 1), default=0.75, show_default=True, help="Packs under other names."
)
@click.option(
    "--without",
    "folds",
    type=click.IntRange(0, stages.FOLDS - 1),
    multiple=True,
    help="A fold of the databases to leave out besides the held-out one (0); may be repeated.",
)
@click.option("--looks", type=click.IntRange(min=1), default=10, show_default=True, help="Held-out packs looked at.")
@click.option("--dtype", type=click.Choice(["bfloat16", "float32"]), default="bfloat16", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads.")
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
@click.option("--seed", type=int, default=0, show_default=True)
def train(
    data: Path, out: Path, minutes: float | None, steps: int | None, cases: Path | None, no_thoughts: bool,
    base: Path | None, behind: bool, init: Path | None, resume: bool, shares: tuple[str, ...], rate: float,
    warm_up: int, packs: int, rank: int, renamed: float, folds: tuple[int, ...], looks: int, dtype: str,
    threads: int | None, device: str, seed: int,
) -> None:  # fmt: skip
    """Train an adapter on DATA, the folder that ``prepare`` wrote: a generator, a discriminator, or both in one."""
    import torch

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
    path = base or stages.base_path()
    weights = read_base(path)
    number = {"bfloat16": torch.bfloat16, "float32": torch.float32}[dtype]
    network = Network(weights, rank=rank, alpha=2.0 * rank, dtype=number, device=device, seed=seed, behind=behind)
    settings = TrainSettings(minutes, steps, rate=rate, warm_up=warm_up, packs=packs, seed=seed)
    trainer = Trainer(network, settings, out)
    if resume:
        trainer.resume()
    elif trainer.checkpoint.exists():
        raise click.UsageError(f"{trainer.checkpoint} exists: go on with --resume, or name another --out")
    elif init is not None:
        network.load(read_adapter(init, weights.shape)[0])
    items, schemas = read_items(data / "questions.jsonl"), read_schemas(data / "schemas.json")
    encode, mix = stages.encoder(path), Mix(renamed=renamed)
    plain = replace(mix, renamed=0.0, bare=0.0, missing=0.0)
    eos = weights.shape.eos
    held_out = {"loss": stages.held_out_packs(items, schemas, plain, encode, eos, most=looks)}
    judged = read_cases(cases) if cases else []
    if judged:
        held_out["verdict"] = stages.held_out_verdicts(judged, schemas, "none", encode, eos, most=looks)
        if not no_thoughts:
            held_out["verdict_after_plan"] = stages.held_out_verdicts(judged, schemas, "plan", encode, eos, most=looks)
    wanted = {name: float(share) for name, _, share in (text.partition("=") for text in shares)}
    thinking = JudgeMix(cuts=NO_THOUGHTS if no_thoughts else CUTS)
    left_out = {stages.HELD_OUT, *folds}
    stream = stages.mixture(items, schemas, wanted, mix, encode, eos, judged, thinking, left_out)
    for line in trainer.run(stream, {name: packs for name, packs in held_out.items() if packs}):
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
@_base
@click.option("--out", type=_FILE, required=True, help="The .gguf file to write.")
@click.option("--name", required=True, help="general.name of the file.")
@click.option(
    "--prompt",
    type=click.Choice(["compact-values", "compact-verdict"]),
    default="compact-values",
    show_default=True,
    help="What it was trained on: a generator's, or a discriminator's.",
)
@click.option("--licence", default="CC-BY-SA-4.0", show_default=True, help="general.license: of the training data.")
def export(trained: Path, base: Path | None, out: Path, name: str, prompt: str, licence: str) -> None:
    """Write the adapter in TRAINED, the folder that ``train`` wrote, as GGUF."""
    import torch

    from models.distill.weights import read_shape, write_adapter

    saved = torch.load(trained / "state.pt", weights_only=True)
    shape = read_shape(base or stages.base_path())
    facts = {"name": name, "license": licence}
    write_adapter(out, saved["pairs"], saved["alpha"], shape, facts, behind=saved["behind"], prompt=prompt)
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
