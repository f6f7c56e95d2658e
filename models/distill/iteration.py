"""Expert iteration: a model's own thoughts about candidates, kept where they end in the verdict that execution proves.

A round lets the model of the round before think several times about each candidate, keeps the thoughts that it ended
itself and that came to the right verdict, the shortest first, and hands them to the next training. In the first round
the base thinks through its chat template; its words are what the adapter learns, in the format of its own prompt.

Not covered: whether a thought's reasons are good. A right verdict for a wrong reason is kept too; rounds make it rarer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from models.distill.cases import Case, Labelled
from planner_cli import discriminator
from planner_cli.bench.equality import execute_given
from planner_cli.control import Control
from planner_cli.database import Database
from planner_cli.discriminator.thinking import LOW_MASS
from planner_cli.events import ThoughtClosed
from planner_cli.generator import SEED_STEP
from planner_cli.prompts.normal_form import write
from planner_cli.settings import DiscriminatorSettings, Sampling
from planner_cli.types import Candidate, Question, Verdict

_ANSWER = re.compile(r"```|\{\s*\"")
"""Where a model that was asked for JSON begins to give it: the thought ends there."""
_FEWEST_WORDS = 4
"""Of a thought that says something."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """How a round is drawn."""

    samples: int = 4
    """Thoughts about each candidate."""
    kept: int = 2
    """Of them at most."""
    candidates: int = 4
    """Of a question: a right one, and wrong ones, the generator's own first."""
    budget: int = 160
    temperature: float = 0.8
    seed: int = 0


def with_thoughts(
    cases: Sequence[Case], pack: Path, judge: discriminator.Discriminator, rounds: Rounds, *, start: int = 0
) -> Iterator[Case]:
    """The cases from ``start`` on with what the judge thought rightly about them, in place of older thoughts."""
    numbered = list(enumerate(cases))[start:]
    for schema, of_schema in groupby(numbered, lambda pair: pair[1].schema):  # they come database by database
        with Database.open(pack / "databases" / schema / f"{schema}.sqlite") as database:
            for number, case in of_schema:
                yield _thought_about(case, number, database, judge, rounds)


def _thought_about(
    case: Case, number: int, database: Database, judge: discriminator.Discriminator, rounds: Rounds
) -> Case:
    chosen = _chosen(case, rounds.candidates)
    shown = executed(case, chosen, database)
    question = Question(case.question, database.schema, case.schema, case.hints)
    found: dict[int, list[str]] = {place: [] for place in chosen}
    for sample in range(rounds.samples):
        seed = rounds.seed * SEED_STEP + number * rounds.samples + sample
        settings = DiscriminatorSettings(
            budget=rounds.budget, sampling=Sampling(temperature=rounds.temperature, seed=seed), probe_at=()
        )
        for event in judge.judge(question, shown, settings, control=Control()):
            if isinstance(event, ThoughtClosed) and _holds(event.verdict, case.candidates[event.cluster]):
                found[event.cluster].append(cleaned(event.verdict.thought.text))
    return replace(case, candidates=tuple(_kept(c, found.get(i, []), rounds) for i, c in enumerate(case.candidates)))


def executed(case: Case, places: Sequence[int], database: Database) -> list[discriminator.Case]:
    """Candidates of a case, by their places in it, with their real results."""
    found = []
    for place in places:
        sql = write(case.candidates[place].parts)
        found.append(discriminator.Case(place, Candidate(place, sql), execute_given(database, sql)))
    return found


def _chosen(case: Case, most: int) -> list[int]:
    """Places of the candidates that are thought about: right and wrong in turn, real mistakes before slips."""
    right = [i for i, c in enumerate(case.candidates) if c.correct]
    wrong = [i for i, c in enumerate(case.candidates) if not c.correct]
    wrong.sort(key=lambda i: case.candidates[i].origin == "edit")
    right.sort(key=lambda i: case.candidates[i].origin == "gold")
    return sorted([*right[: max(1, most // 2)], *wrong[: most - min(len(right), max(1, most // 2))]])


def _holds(verdict: Verdict, candidate: Labelled) -> bool:
    """Whether a thought came to its own end, and to what execution says."""
    ended = verdict.thought.closed_by == "model"
    return ended and verdict.mass >= LOW_MASS and verdict.hard == candidate.correct


def cleaned(thought: str) -> str:
    """On one line and without the answer behind it."""
    return " ".join(_ANSWER.split(thought, maxsplit=1)[0].split())


def _kept(candidate: Labelled, thoughts: Sequence[str], rounds: Rounds) -> Labelled:
    said = dict.fromkeys(thought for thought in thoughts if len(thought.split()) >= _FEWEST_WORDS)
    return replace(candidate, thoughts=tuple(sorted(said, key=len)[: rounds.kept]))
