"""``python -m models.distill STAGE``: one command per stage of the recipe."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from models.distill import stages
from models.distill.generated import everyday_items
from models.distill.items import Item, read_schemas, write_items, write_schemas
from models.distill.options import BASE, EXISTING, FILE, FOLDER
from models.distill.teach import export, train
from planner_cli.types import Schema


@click.group()
def main() -> None:
    """Distil a pair of adapters; see models/distill/README.md."""


main.add_command(train)
main.add_command(export)


@main.command()
@click.argument("packs", type=EXISTING, nargs=-1)
@click.option("--out", type=FOLDER, required=True, help="Folder for questions.jsonl, schemas.json and prepare.json.")
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
@click.argument("pack", type=EXISTING)
@click.option("--out", type=FOLDER, required=True, help="Folder of the new pack.")
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
@click.argument("pack", type=EXISTING)
@click.option("--out", type=FILE, required=True, help="The .jsonl file to write.")
@click.option(
    "--run",
    "runs",
    type=EXISTING,
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
@click.argument("pack", type=EXISTING)
@click.argument("cases", type=EXISTING)
@click.option("--out", type=FILE, required=True, help="The .jsonl file to write; existing lines are kept.")
@BASE
@click.option("--adapter", type=FILE, help="Of the round before; without one the base thinks.")
@click.option(
    "--prompt",
    default="chat",
    show_default=True,
    help="Of the discriminator: chat of a base, compact-check of an adapter.",
)
@click.option("--samples", type=click.IntRange(min=1), default=4, show_default=True, help="Thoughts about a candidate.")
@click.option("--kept", type=click.IntRange(min=1), default=2, show_default=True, help="Of them at most.")
@click.option("--candidates", type=click.IntRange(min=2), default=4, show_default=True, help="Of a question.")
@click.option("--budget", type=click.IntRange(min=1), default=160, show_default=True, help="Tokens of a thought.")
@click.option("--temperature", type=float, default=0.8, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads.")
@click.option("--seed", type=int, default=0, show_default=True)
def think(
    pack: Path, cases: Path, out: Path, base: Path | None, adapter: Path | None, prompt: str, samples: int, kept: int,
    candidates: int, budget: int, temperature: float, threads: int | None, seed: int,
) -> None:  # fmt: skip
    """Let a model think about CASES of PACK, and keep the thoughts that end in the verdict that execution proves.

    One round of expert iteration; continue with `train --cases OUT --own-words`. Can be stopped and started again.
    """
    from models.distill.cases import count_written, read_cases, write_cases
    from models.distill.iteration import Rounds, with_thoughts
    from planner_cli.app.speeds import bare_engine
    from planner_cli.discriminator import Discriminator

    engine = bare_engine(base or stages.base_path(), adapter=adapter, threads=threads)
    rounds = Rounds(samples, kept, candidates, budget, temperature, seed)
    done = count_written(out)
    thought = with_thoughts(read_cases(cases), pack, Discriminator(engine, prompt), rounds, start=done)
    counts = write_cases(out, thought, append=True)
    facts = {"pack": pack.name, "cases": cases.name, "adapter": adapter.name if adapter else None, "prompt": prompt}
    _write_facts(out.with_suffix(".json"), {**facts, **asdict(rounds), "from": done, "written": counts})


@main.command()
@click.argument("data", type=EXISTING)
@click.argument("cases", type=EXISTING)
@click.option("--adapter", type=FILE, required=True, help="The trained adapter, as GGUF.")
@click.option("--out", type=FILE, required=True, help="The .json file to write.")
@click.option("--budget", type=click.IntRange(min=0), default=96, show_default=True, help="Of a thought.")
@click.option("--most", type=click.IntRange(min=1), default=150, show_default=True, help="Questions.")
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads.")
def calibrate(data: Path, cases: Path, adapter: Path, out: Path, budget: int, most: int, threads: int | None) -> None:
    """Fit the weights of verdict and likelihood in the discriminator's score, on schemas that were held out."""
    import random

    from models.distill.calibrate import fit, observe, quality
    from models.distill.cases import read_cases
    from planner_cli.app.speeds import bare_engine
    from planner_cli.discriminator import Discriminator

    held_out = [case for case in read_cases(cases) if stages.is_held_out(case.schema)]
    random.Random(0).shuffle(held_out)
    held_out.sort(key=lambda case: not any(c.origin == "sample" for c in case.candidates))  # real mistakes first
    held_out = sorted(held_out[:most], key=lambda case: case.schema)
    engine = bare_engine(stages.base_path(), adapter=adapter, threads=threads)
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


@main.command()
@click.argument("pack", type=EXISTING)
@click.argument("cases", type=EXISTING)
@click.option("--out", type=FILE, required=True, help="The .json file to write.")
@BASE
@click.option("--adapter", type=FILE, help="The trained adapter, as GGUF; without one the base judges.")
@click.option("--prompt", default="chat-check", show_default=True, help="Of the discriminator.")
@click.option("--budget", type=click.IntRange(min=0), default=0, show_default=True, help="Of a thought.")
@click.option(
    "--most", type=click.IntRange(min=1), default=150, show_default=True, help="Questions, real mistakes first."
)
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads.")
def measure(
    pack: Path, cases: Path, out: Path, base: Path | None, adapter: Path | None, prompt: str, budget: int, most: int,
    threads: int | None,
) -> None:  # fmt: skip
    """Measure a discriminator alone on CASES of PACK that it was not trained on, the generator's own samples only."""
    import random
    from dataclasses import replace

    from models.distill.calibrate import across, observe_results, quality
    from models.distill.cases import read_cases
    from planner_cli.app.speeds import bare_engine
    from planner_cli.discriminator import Discriminator

    chosen = [replace(c, candidates=tuple(x for x in c.candidates if c.was_sampled(x))) for c in read_cases(cases)]
    random.Random(0).shuffle(chosen)
    chosen.sort(key=lambda case: len({candidate.correct for candidate in case.candidates}) < 2)
    chosen = [case for case in chosen[:most] if case.candidates]
    judge = Discriminator(bare_engine(base or stages.base_path(), adapter=adapter, threads=threads), prompt)
    found = []
    for number, one in enumerate(observe_results(chosen, pack, judge, budget), start=1):
        found += one
        if number % 10 == 0:
            click.echo(f"{number} of {len(chosen)} questions", err=True)
    verdicts = [observation.verdict for observation in found]
    facts = {"adapter": adapter.name if adapter else None, "prompt": prompt, "budget": budget, "candidates": len(found)}
    _write_facts(out, {**facts, **quality(found, verdicts), "auroc": across(found, verdicts)})


def _write_facts(path: Path, facts: object) -> None:
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    click.echo(path.read_text(encoding="utf-8").rstrip(), err=True)


if __name__ == "__main__":
    sys.exit(main())
