"""Figures published by others, for comparison with ours, always labelled as theirs.

M. F. Anjum, "When Reasoning Beats Scale", arXiv 2505.03786 (2025), as its own published notebooks print them.
Shares are in [0, 1]. The judge is DeepSeek-R1-Distill-Qwen-1.5B unless a row names another one.
"""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "arXiv 2505.03786"
MODEL = "DeepSeek-R1-Distill-Qwen-1.5B"
SHORT_MODEL = "R1-Distill-1.5B"
SETTING = f"{MODEL}, 400 questions of Spider dev, 1,221 candidates, 409 right-wrong pairs"
MODE_BUDGET = 512
"""Tokens of thought behind :data:`MODES`."""


@dataclass(frozen=True, slots=True)
class PublishedBudget:
    """Base mode, soft scores, generation just stopped at the budget."""

    budget: int
    pairwise: float
    macro_f1: float
    hit: float
    mrr: float
    failures: float


@dataclass(frozen=True, slots=True)
class PublishedMode:
    name: str
    pairwise: float
    macro_f1: float
    hit: float
    mrr: float


@dataclass(frozen=True, slots=True)
class PublishedAccuracy:
    """End to end: execution accuracy over all 400 questions, generator stable-code-3b."""

    name: str
    execution: float


BUDGETS = (
    PublishedBudget(256, 0.0196, 0.4287, 0.5375, 0.6098, 0.9430),
    PublishedBudget(400, 0.3203, 0.6189, 0.5500, 0.6207, 0.5077),
    PublishedBudget(512, 0.5134, 0.5870, 0.5650, 0.6283, 0.2357),
    PublishedBudget(700, 0.5526, 0.5575, 0.5575, 0.6249, 0.0886),
    PublishedBudget(1024, 0.5623, 0.5520, 0.5575, 0.6245, 0.0610),
    PublishedBudget(1536, 0.5599, 0.5528, 0.5550, 0.6232, 0.0592),
    PublishedBudget(2048, 0.5599, 0.5528, 0.5550, 0.6232, 0.0592),
)

MODES = (
    PublishedMode("soft, base", 0.5134, 0.5870, 0.5650, 0.6283),
    PublishedMode("hard, base", 0.3447, 0.5896, 0.5750, 0.6310),
    PublishedMode("soft, check", 0.7848, 0.6929, 0.6325, 0.6709),
    PublishedMode("hard, check", 0.6944, 0.6948, 0.6375, 0.6716),
    PublishedMode("CodeLlama-13B, check (P(Yes), no thought)", 0.7995, 0.3709, 0.6475, 0.6777),
)

END_TO_END = (
    PublishedAccuracy("greedy (no judge)", 0.578),
    PublishedAccuracy("rerank, R1-1.5B, check", 0.583),
    PublishedAccuracy("rerank, CodeLlama-13B, check", 0.583),
    PublishedAccuracy("rerank, CodeLlama-7B, check", 0.583),
    PublishedAccuracy("rerank, TinyLlama-1.1B, check", 0.565),
    PublishedAccuracy("rerank, R1-1.5B, base", 0.560),
    PublishedAccuracy("rerank, CodeLlama-13B, base", 0.540),
    PublishedAccuracy("rerank, CodeLlama-7B, base", 0.517),
    PublishedAccuracy("greedy, R1-1.5B as the generator", 0.072),
)
