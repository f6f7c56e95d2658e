"""How fast a model is on this machine: what was measured, and what it means for a question."""

from __future__ import annotations

from dataclasses import dataclass

BRANCHES = 8
"""As many as a question has candidates by default."""
SQL_TOKENS = 60
"""Of a usual query."""
CLUSTERS = 4
"""Different results of eight candidates, typically."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second, measured."""

    prefill: float
    """Of a prompt."""
    decode: float
    """Writing one text."""
    batched: float
    """Writing :data:`BRANCHES` texts in one batch, all of them together."""
    seconds: float
    """How long the measurement took."""

    def thinking_seconds(self, budget: int, clusters: int = 1) -> float:
        """Writing thoughts of ``budget`` tokens about so many results in one batch."""
        rate = self.decode if clusters == 1 else max(self.decode, self.batched * min(1.0, clusters / BRANCHES))
        return budget * clusters / rate


def question_seconds(
    writer: Speed, judge: Speed | None, *, prompt: int, candidates: int, sql_tokens: int, clusters: int, budget: int
) -> float:
    """Expected seconds of a question: both prompts, ``candidates`` queries, ``clusters`` thoughts to the budget's end.

    An upper bound for the thinking: thoughts also end on their own, and a prompt seen before is not read again.
    """
    writing = prompt / writer.prefill + candidates * sql_tokens / max(writer.decode, writer.batched)
    if judge is None:
        return writing
    return writing + prompt / judge.prefill + judge.thinking_seconds(budget, clusters)
