"""What every family of discriminator prompts has, and the words of its verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from planner_cli.engine.protocol import Engine, Prompt
from planner_cli.prompts.shown import Subject
from planner_cli.types import Question


@dataclass(frozen=True, slots=True)
class View:
    """What the discriminator sees of the database."""

    rows: int = 5
    """First rows of each result; 0 shows no result."""
    schema: bool = True


@dataclass(frozen=True, slots=True)
class Blend:
    """A logistic regression over the verdict's logit and the query's likelihood, fitted on training databases."""

    verdict: float
    likelihood: float
    """Of ln P(query | question) under the same model, in nats."""
    bias: float

    def score(self, p_true: float, logprob: float) -> float:
        """P(correct) in [0, 1]."""
        logit = self.bias + self.verdict * log_odds(p_true) + self.likelihood * logprob
        return 1 / (1 + math.exp(-min(max(logit, -500.0), 500.0)))


def log_odds(p: float) -> float:
    """ln(p / (1 - p)), with p kept one in a million away from 0 and 1."""
    bounded = min(max(p, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


class Likelihood(Protocol):
    """How likely the model as a generator finds a query, for families whose score uses it."""

    @property
    def blend(self) -> Blend | None:
        """How it is combined with the verdict; ``None``: it alone is the score, and no verdict is read."""

    @property
    def after(self) -> Prompt:
        """What comes between :data:`CUT` and a query that the model writes as a generator."""

    def written(self, question: Question, subject: Subject) -> Prompt:
        """The candidate as a generator would have written it."""


class DiscriminatorPrompt(Protocol):
    """One family of prompts; stateless."""

    @property
    def thinks(self) -> bool:
        """Whether there is room for a thought; otherwise the verdict is read at once."""

    @property
    def outlines(self) -> bool:
        """Whether the thought begins before the candidate is shown: once per question, the same for all candidates.

        What :meth:`build` has after :data:`CUT` then begins with a span that opens that part, and one that ends it.
        """

    @property
    def likelihood(self) -> Likelihood | None:
        """The query's own likelihood, where the score uses it."""

    @property
    def takes_values(self) -> bool:
        """Whether a question's hints are shown: stored values that it mentions."""

    @property
    def choices(self) -> Mapping[str, Sequence[str]]:
        """The words of the verdict and their spellings."""

    @property
    def positive(self) -> str:
        """The choice whose probability is the score."""

    def build(self, question: Question, subjects: Sequence[Subject], engine: Engine, view: View) -> Prompt:
        """The whole prompt; a thought is open where the family thinks.

        :data:`STABLE` ends what is the same for every question, :data:`CUT` what is the same for every candidate.
        """

    def close(self, engine: Engine) -> str:
        """What ends a thought in the model's own text; empty where only its end of turn does."""

    def verdict(self, engine: Engine, *, closed_itself: bool) -> Prompt:
        """The forced text after which the verdict is read, whether or not the model has closed its thought."""


def spellings(word: str) -> tuple[str, ...]:
    forms = (word, word.capitalize(), word.upper())
    return tuple(blank + form for form in forms for blank in (" ", ""))


TRUE_FALSE = {word: spellings(word) for word in ("true", "false")}
