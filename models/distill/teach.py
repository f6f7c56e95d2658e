"""The two commands that need torch: ``train`` and ``export``."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import click

from models.distill import stages
from models.distill.items import read_items, read_schemas
from models.distill.options import BASE, EXISTING, FILE, FOLDER


@click.command()
@click.argument("data", type=EXISTING)
@click.option("--out", type=FOLDER, required=True, help="Folder for state.pt, log.jsonl and train.json.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Training time, over all sittings.")
@click.option("--steps", type=click.IntRange(min=1), help="Training steps, instead of --minutes, or as well.")
@click.option("--cases", type=FILE, help="What `label` wrote, for a discriminator; its share is judge=N.")
@click.option("--no-thoughts", is_flag=True, help="Train verdicts without any thought: the control for thinking.")
@click.option(
    "--plans/--own-words", default=True, show_default=True, help="Thoughts by program, or those that `think` found."
)
@click.option(
    "--results", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Share of candidates with results."
)
@BASE
@click.option(
    "--form",
    type=click.Choice(["compact", "chat"]),
    default="compact",
    show_default=True,
    help="The prompt: the built-in pair's own, or CREATE TABLE statements through the base's chat template.",
)
@click.option("--behind", is_flag=True, help="Let the adapter act only behind the prompt that both roles share.")
@click.option("--init", type=FILE, help="A GGUF adapter to begin with.")
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
    plans: bool, results: float, base: Path | None, form: str, behind: bool, init: Path | None, resume: bool,
    shares: tuple[str, ...], rate: float, warm_up: int, packs: int, rank: int, renamed: float, folds: tuple[int, ...],
    looks: int, dtype: str, threads: int | None, device: str, seed: int,
) -> None:  # fmt: skip
    """Train an adapter on DATA, the folder that ``prepare`` wrote: a generator, a discriminator, or both in one."""
    import torch

    from models.distill.cases import read_cases
    from models.distill.forms import ChatForm, CompactForm, Tokens
    from models.distill.judging import CUTS, NO_THOUGHTS, OWN_WORDS, JudgeMix
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
        raise click.UsageError(f"{trainer.checkpoint} exists: continue with --resume, or name another --out")
    elif init is not None:
        network.load(read_adapter(init, weights.shape)[0])
    items, schemas = read_items(data / "questions.jsonl"), read_schemas(data / "schemas.json")
    shown = (CompactForm if form == "compact" else ChatForm)(Tokens(path))
    mix = Mix(renamed=renamed) if form == "compact" else Mix(renamed=renamed, schema_tokens=560, longest=200)
    plain = replace(mix, renamed=0.0, bare=0.0, missing=0.0)
    eos = weights.shape.eos
    held_out = {"loss": stages.held_out_packs(items, schemas, plain, shown, eos, most=looks)}
    judged = read_cases(cases) if cases else []
    whole = CUTS if plans else OWN_WORDS
    thinking = JudgeMix(
        renamed=renamed, cuts=NO_THOUGHTS if no_thoughts else whole, plans=plans, results=results,
        schema_tokens=mix.schema_tokens,
    )  # fmt: skip
    if judged:
        seen = {"verdict": "none"} if no_thoughts or not plans else {"verdict": "none", "verdict_after_plan": "plan"}
        for name, cut in seen.items():
            looked_at = replace(thinking, cuts={cut: 1.0})
            held_out[name] = stages.held_out_verdicts(judged, schemas, looked_at, shown, eos, most=looks)
    wanted = {name: float(share) for name, _, share in (text.partition("=") for text in shares)}
    left_out = {stages.HELD_OUT, *folds}
    stream = stages.mixture(items, schemas, wanted, mix, shown, eos, judged, thinking, left_out)
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


@click.command()
@click.argument("trained", type=EXISTING)
@BASE
@click.option("--out", type=FILE, required=True, help="The .gguf file to write.")
@click.option("--name", required=True, help="general.name of the file.")
@click.option(
    "--prompt",
    type=click.Choice(["compact-values", "compact-verdict", "compact-check", "chat", "chat-check"]),
    default="compact-values",
    show_default=True,
    help="What it was trained on: a generator's, a discriminator's with --plans, or with --own-words; or both by chat.",
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
