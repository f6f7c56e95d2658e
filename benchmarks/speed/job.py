"""The work: a question's candidates and thoughts, as token counts, and texts with exactly that many tokens.

Every round has other texts, so that no side finds a prompt of an earlier round in one of its caches; within a round
all sides get the same token ids, and write the same number of tokens.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass

WORDS = [
    "customer", "order", "product", "price", "total", "status", "date", "city", "country", "region", "line",
    "quantity", "discount", "supplier", "warehouse", "stock", "shipment", "invoice", "payment", "employee",
    "department", "salary", "hired", "returns", "average", "number", "of", "the", "each",
]  # fmt: skip
WIDTHS = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Job:
    """Counts of tokens, but for the first, third and last line of each block."""

    candidates: int = 8
    """As many as a question has by default."""
    prompt: int = 700
    """Schema and question of some ten tables, as in the demo."""
    sql: int = 64

    thoughts: int = 5
    """About so many different results."""
    suffix: int = 80
    """What a thought's prompt has of its own: the query and its first rows."""
    budget: int = 256

    width_prompt: int = 128
    width_new: int = 32
    widths: tuple[int, ...] = WIDTHS
    """Texts written in one batch, for the comparison with llama-batched-bench."""

    @property
    def cells(self) -> int:
        """Tokens a KV cache must hold when nothing is shared."""
        thoughts = self.thoughts * (self.prompt + self.suffix + self.budget)
        widest = self.width_prompt + max(self.widths) * self.width_new
        return max(self.candidates * (self.prompt + self.sql), thoughts, widest) + 256

    def record(self) -> dict:
        return asdict(self)


SHORT = Job(prompt=300, sql=24, thoughts=5, suffix=40, budget=48, width_new=12, widths=(1, 4, 8))
"""For the regression guard, and to see that all sides work."""


def text_of(tokens: int, seed: int, count: Callable[[str], int]) -> str:
    """A text of exactly ``tokens`` tokens, by a vocabulary's ``count``; a different one for each seed.

    Raises:
        ValueError: no such text was found (the vocabulary knows hardly a word).

    """
    chosen = random.Random(seed)
    for _ in range(20):
        words = chosen.choices(WORDS, k=tokens)
        low, high = 1, tokens  # a text's tokens grow with its words
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if count(" ".join(words[:middle])) <= tokens else (low, middle - 1)
        text = " ".join(words[:low])
        if count(text) == tokens:
            return text
        for word in ("a", "is", "one", "it"):
            if count(f"{text} {word}") == tokens:
                return f"{text} {word}"
    raise ValueError(f"no text of {tokens} tokens was found")
