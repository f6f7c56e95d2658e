"""What is known about a query that somebody gives for a question."""

from __future__ import annotations

from dataclasses import dataclass

from planner_cli.types import Answer, Execution


@dataclass(frozen=True, slots=True)
class Check:
    """The judgement of a given query, made among candidates that the generator wrote for the same question."""

    sql: str
    """As it was given."""
    answer: Answer
    """As of the question, with the given query in the winner's place: its result, score and doubts. ``best`` is
    ``None`` where it does not run; ``ranking`` is that of all results."""
    better: Answer | None
    """The question's own answer, where it is much likelier (:func:`planner_cli.planning.given.better`)."""

    @property
    def execution(self) -> Execution:
        """What running the given query gave."""
        return self.answer.executions[0]

    @property
    def confidence(self) -> float | None:
        """P(right) in [0, 1], as an answer shows it; ``None`` where it does not run."""
        return self.answer.confidence

    @property
    def warnings(self) -> tuple[str, ...]:
        """Doubts about the query, and whatever else should be known."""
        return self.answer.warnings
