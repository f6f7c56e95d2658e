"""``planner bench``: measure judges, planning methods and thinking."""

from __future__ import annotations

import click

from planner_cli.cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    package=__name__,
    lazy={
        "intrinsic": "Measure the discriminator alone, on candidates that come with the data.",
        "sweep": "Accuracy against thinking length, from one pass: every score is read at each budget along the way.",
        "e2e": "Answer every question with the whole planner and compare the answers with the gold queries.",
        "compare": "Run planning methods over the same questions: accuracy, calls, tokens and seconds of each.",
        "report": "Write Markdown, CSV, plots and one self-contained HTML page about RUNS.",
        "diff": "Compare two runs question by question: what changed, and whether it is more than chance.",
        "merge": "Merge the shards RUNS of one run.",
        "distribute": "Run the shards of one bench command on the workers of a Dask scheduler, and merge them.",
    },
)
def bench() -> None:
    """Measure: judges, planning methods, thinking length against accuracy and latency.

    DATA is `demo` (60 questions that come with planner), `everyday` (262 questions over 21 invented databases, in the
    parts train, tune and test), a Spider or BIRD folder, a spider_intrin_eval.json, your own CSV or JSONL file with the
    columns question, sql and database, or `history` (what you marked there). A run is a folder; run the same command
    again after an interruption and it continues where it was.
    """
