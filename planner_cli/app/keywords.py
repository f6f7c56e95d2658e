"""The settings as keyword arguments, for type checkers and editors: written by cog from their declaration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypedDict


class Keywords(TypedDict, total=False):
    """The settings of :meth:`planner_cli.Planner.open`."""

    # [[[cog
    # from planner_cli.app.settings import KNOBS
    # for knob in KNOBS:
    #     many = len(knob.choices) > 7  # too many for one line
    #     choices = ("\n    {},\n" if many else "{}").format((",\n    " if many else ", ").join(
    #         f'"{choice}"' for choice in knob.choices))
    #     kind = f"Literal[{choices}]" if knob.choices else knob.kind.__name__
    #     kind = "str | Path" if kind == "Path" else f"Sequence[{kind}]" if knob.many else kind
    #     cog.outl(f"{knob.keyword}: {kind}{' | None' if knob.optional else ''}")
    # ]]]
    tables: Sequence[str]
    schema_tokens: int
    no_values: bool
    redact: Sequence[str]
    private_copy: bool
    generator: str
    generator_adapter: str | None
    discriminator: str
    discriminator_adapter: str | None
    reasoning: Literal["think", "seed", "bracket", "thinking", "harmony", "command", "none"] | None
    no_judge: bool
    candidates: int
    max_tokens: int
    temperature: float
    top_k: int
    top_p: float
    min_p: float
    repeat_penalty: float
    mend: bool
    constrain: int
    today: str | None
    budget: int
    race_slice: int
    race_margin: float
    race_keep: float
    race_stable: float
    query_seconds: float
    query_patience: float
    select: Literal[
        "rerank",
        "vote",
        "weighted-vote",
        "posterior",
        "greedy",
        "first",
        "vote-judge",
        "pairwise",
        "race",
        "correct",
        "tree",
    ]
    seed: int
    correct_rounds: int
    correct_good: float
    correct_patience: int
    tree_expansions: int
    tree_width: int
    tree_good: float
    max_seconds: float | None
    min_confidence: float | None
    threads: int | None
    gpu_layers: int | None
    context: int | None
    kv: Literal["f16", "q8_0", "q4_0"]
    flash_attention: bool | None
    engine: Literal["llama", "server"]
    url: str | None
    discriminator_url: str | None
    server_model: str | None
    allow_network: bool
    server_timeout: float
    concurrency: int
    chat_template: str | Path | None
    cache_mib: int
    # [[[end]]]
