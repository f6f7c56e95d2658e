"""A query that somebody gives: what the answer says about it, and whether another is better."""

from __future__ import annotations

from dataclasses import replace

from planner_cli.confidence import Evidence, Weights
from planner_cli.planning.evidence import evidence
from planner_cli.planning.pool import GIVEN
from planner_cli.planning.ranking import UNSURE, reason
from planner_cli.settings import Select
from planner_cli.types import Answer, Ranked


def about_given(answer: Answer, place: Ranked | None, weights: Weights) -> Answer:
    """The answer with the given query in the winner's place; ``place`` is ``None`` where it does not run."""
    if place is None:
        return replace(
            answer, best=None, confidence=None, evidence=None, vote_share=0.0,
            reason=f"the given query cannot be executed: {answer.executions[GIVEN].error}",
        )  # fmt: skip
    samples = sum(candidate.samples for candidate in answer.candidates)
    count = len(answer.ranking)
    at = next((at for at, ranked in enumerate(answer.ranking, 1) if ranked.cluster == place.cluster), None)
    rank = "" if at is None else "; the only result" if count == 1 else f"; number {at} of {count} results"
    known = replace(_evidence(answer, place), mended=0.0)  # nobody wrote it, but it is no mended one
    return replace(
        answer,
        best=GIVEN,
        confidence=weights.p_right(known),
        evidence=known,
        vote_share=place.votes / samples if samples else 0.0,
        reason=f"{place.votes} of {samples} samples give its result{rank}",
    )


def better(answer: Answer, select: Select, weights: Weights, *, trusted: bool) -> Answer | None:
    """What the question's own answer would be, where that is much likelier than the given query.

    Much likelier: the given query does not run; or the judge holds it for rather wrong than right, and the first of the
    ranking for rather right; or no sample gives its result, more than half of them give the other, and the judge does
    not contradict them. Where nothing was judged or the judge is not ``trusted``, more than half of the samples are
    enough.
    """
    if not answer.ranking or _is_first(answer):
        return None
    first = answer.ranking[0]
    samples = sum(candidate.samples for candidate in answer.candidates)
    if answer.best is not None:
        likelier = first.votes * 2 > samples
        if trusted and first.score is not None and answer.score is not None:
            agreed = likelier and not answer.vote_share and first.score >= answer.score
            likelier = agreed or first.score >= UNSURE > answer.score
        if not likelier:
            return None
    known = _evidence(answer, first)
    return replace(
        answer,
        best=first.candidate,
        confidence=weights.p_right(known),
        evidence=known,
        vote_share=first.votes / samples if samples else 0.0,
        reason=reason(select, answer.ranking, answer.candidates, answer.executions, answer.clusters),
    )


def _evidence(answer: Answer, place: Ranked) -> Evidence:
    return evidence(place, answer.candidates, answer.executions, answer.clusters, answer.verdicts, answer.known)


def _is_first(answer: Answer) -> bool:
    return bool(answer.ranking) and GIVEN in answer.clusters[answer.ranking[0].cluster].candidates
