"""What a plan has found so far: candidates of all rounds, their results, clusters and verdicts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Generator as Generated
from contextlib import nullcontext
from dataclasses import replace
from typing import Protocol

from planner_cli.confidence import GENERAL, Weights
from planner_cli.control import Control
from planner_cli.database import cluster
from planner_cli.database.clock import counts_from_clock
from planner_cli.database.clock import on as on_day
from planner_cli.database.mend import mend, respell
from planner_cli.database.misdated import redate
from planner_cli.discriminator import Case
from planner_cli.errors import ContextOverflow, TimeLimit
from planner_cli.events import (
    CandidateExecuted,
    CandidateRepeated,
    CandidateWritten,
    Clustered,
    Event,
    RunningLonger,
    StageFinished,
    ThoughtClosed,
    Warned,
)
from planner_cli.planning.evidence import evidence
from planner_cli.planning.longer import SHARE, ran_out, undecided
from planner_cli.planning.ranking import rank, reason
from planner_cli.settings import Select
from planner_cli.sql import normalise
from planner_cli.types import (
    Answer,
    Candidate,
    Cluster,
    Doubt,
    Earlier,
    Execution,
    Ranked,
    Schema,
    StageTimings,
    Timings,
    Verdict,
)

GIVEN = 0
"""Index of the candidate that was given."""
_MOST_MENDS = 3
"""Missing names of one candidate that are replaced, one after another."""

_READINGS = {True: "read as a follow-up of the question before", False: "read on its own, not as a follow-up"}

Weigh = Callable[[Sequence[str]], tuple[Sequence["float | None"], StageTimings]]
"""ln P of queries under the generator, and what reading them cost."""

Judge = Callable[[Sequence[Case]], Iterator[Event]]

Look = Callable[[str, Execution], tuple[Doubt, ...]]
"""What the question has against a query that ran."""


class Executor(Protocol):
    """Where candidates run; :class:`planner_cli.database.Database` is one."""

    def execute(self, sql: str, control: Control | None = None, *, seconds: float | None = None) -> Execution:
        """Run one query, within ``seconds`` or the usual limit; whatever goes wrong with it is in the value."""


class Pool:
    """Grows with each round of generating and judging; clusters keep their numbers while it does.

    With ``failed`` the candidates that cannot run have clusters too, one each. ``mends`` is the schema whose nearest
    names replace those that do not exist; ``None`` mends nothing. ``patience`` is the time in seconds for candidates
    that need more than the usual limit (:mod:`.longer`). ``earlier`` is what the question may continue. ``weights``
    make an answer's confidence; ``look`` finds doubts about a result that the database does not know of, and ``known``
    is the share of the question's words that the database does. ``now`` is the day on which the question is asked, if
    that is not the clock's.
    """

    def __init__(
        self,
        database: Executor,
        control: Control,
        spent: Timings | None = None,
        *,
        failed: bool = False,
        mends: Schema | None = None,
        patience: float = 0.0,
        weights: Weights = GENERAL,
        earlier: Earlier | None = None,
        now: str | None = None,
        look: Look = lambda _sql, _execution: (),
        known: float = 1.0,
    ) -> None:
        self.control = control
        self.candidates: list[Candidate] = []
        self.executions: list[Execution] = []
        self.clusters: tuple[Cluster, ...] = ()
        self.timings = spent or Timings()
        self.warnings: list[str] = []
        self.given = False
        """Whether the first candidate was given (:meth:`give`), not written."""
        self.shown: tuple[str, ...] | None = None
        """The tables that the models were shown, where they were chosen for the question."""
        self._database = database
        self._failed = failed
        self.mends = mends
        self._weights = weights
        self._earlier = earlier
        self._now = now
        self._look = look
        self._known = known
        self._looked_at = 0
        """Candidates that have been mended where that was possible."""
        self._patience = patience
        self._waited = 0.0
        """Seconds that longer runs took so far."""
        self._longer: set[int] = set()
        """Candidates that had theirs."""
        self._verdicts: dict[int, Verdict] = {}
        self._continuing: dict[int, bool] = {}
        """Whether a candidate was written for the question as a follow-up, and not for it alone."""
        self._started = time.perf_counter()

    def fork(self, elapsed: float) -> Pool:
        """A second pool that continues from here, ``elapsed`` seconds after both began; this one stays as it is."""
        other = Pool(
            self._database, self.control, self.timings, failed=self._failed, mends=self.mends, earlier=self._earlier,
            weights=self._weights, now=self._now, look=self._look, known=self._known,
        )  # fmt: skip
        other.candidates, other.executions = list(self.candidates), list(self.executions)
        other.clusters, other.warnings, other.shown = self.clusters, list(self.warnings), self.shown
        other._looked_at, other._verdicts, other.given = self._looked_at, dict(self._verdicts), self.given
        other._continuing = dict(self._continuing)
        other._started -= elapsed
        return other

    @property
    def elapsed(self) -> float:
        """Seconds since it was made."""
        return time.perf_counter() - self._started

    @property
    def verdicts(self) -> list[Verdict | None]:
        """One for each cluster, same order."""
        return [self._verdicts.get(c.index) for c in self.clusters]

    @property
    def samples(self) -> int:
        return sum(c.samples for c in self.candidates)

    def give(self, sql: str) -> Iterator[Event]:
        """Begin with a query that somebody gives: the first candidate, which no sample has written."""
        self.given = True
        seconds = yield from self._add(Candidate(GIVEN, sql, samples=0))
        self.timings = replace(self.timings, execute=self.timings.execute + seconds)
        self.clusters = cluster(self.candidates, self.executions, failed=self._failed)

    def _add(self, candidate: Candidate) -> Generated[Event, None, float]:
        """A new candidate, and its result; returns the seconds that running it took."""
        yield CandidateWritten(candidate)
        started = time.perf_counter()
        self.candidates.append(candidate)
        # Past the time limit a candidate that is there is still run: its own limit is short.
        control = None if self.control.expired() else self.control
        self.executions.append(self._execute(candidate.sql, control))
        seconds = time.perf_counter() - started
        self.control.check()
        yield CandidateExecuted(candidate.index, self.executions[-1])
        return seconds

    def _execute(self, sql: str, control: Control | None, *, seconds: float | None = None) -> Execution:
        execution = self._database.execute(sql, control, seconds=seconds)
        return replace(execution, odd=(*execution.odd, *self._dated(sql, execution), *self._look(sql, execution)))

    def _dated(self, sql: str, execution: Execution) -> tuple[Doubt, ...]:
        """A doubt where the query counts from the clock, but the question is asked on another day."""
        if self._now is None or not execution.ok or not counts_from_clock(sql):
            return ()
        return (Doubt("misdated", f"the query counts from the clock's day, but the question is asked on {self._now}"),)

    def continues(self, candidate: int) -> bool:
        """Whether a candidate reads the question as continuing the one before."""
        return self._continuing.get(candidate, False)

    def take(self, events: Iterator[Event], weigh: Weigh | None = None, *, continues: bool = False) -> Iterator[Event]:
        """Pass a generator's events on; run each candidate as soon as it is written; at the end mend and cluster.

        ``weigh`` says how likely the generator was to write the mended ones; ``continues``: the question was shown as
        a follow-up.
        """
        executing = 0.0
        first = len(self.candidates)
        for event in events:
            if isinstance(event, CandidateWritten):
                executing += yield from self._add(event.candidate)
                continue
            yield event
            match event:
                case Warned(message):
                    self.warnings.append(message)
                case CandidateRepeated(candidate):
                    self.candidates[candidate.index] = candidate
                case StageFinished(_, timings):
                    generate = replace(timings, seconds=timings.seconds - executing)
                    self.timings = replace(
                        self.timings,
                        generate=_sum(self.timings.generate, generate),
                        execute=self.timings.execute + executing,
                    )
        if self.mends is not None:
            yield from self._mend(self.mends)
            self._weigh(weigh)
        yield from self._run_longer()
        self._continuing |= dict.fromkeys(range(first, len(self.candidates)), continues)
        self.clusters = cluster(self.candidates, self.executions, failed=self._failed)
        yield Clustered(self.clusters)

    def _run_longer(self) -> Iterator[Event]:
        """Give candidates that ran out of time more of it, while they could still win."""
        while not self.control.should_abort():
            found = cluster(self.candidates, self.executions)
            given = self._patience / (SHARE if found else 1)
            ends = self.control.seconds_left()
            left = given - self._waited if ends is None else min(given - self._waited, ends)
            late = [GIVEN] if self.given and ran_out(self.executions[GIVEN]) else []  # it is what was asked about
            late += undecided(self.candidates, self.executions, found)
            index = next((i for i in late if i not in self._longer), None)
            if index is None or left <= self.executions[index].seconds:
                return
            yield RunningLonger(index, left, alone=not found)
            started = time.perf_counter()
            # without another result, ending this one ends the question
            with self.control.part() if found else nullcontext(self.control) as control:
                execution = self._execute(self.candidates[index].sql, control, seconds=left)
            spent = time.perf_counter() - started
            self._waited += spent
            self._longer.add(index)
            self.executions[index] = execution
            self.timings = replace(self.timings, execute=self.timings.execute + spent)
            self.control.check()
            yield CandidateExecuted(index, execution)
            if found and control.cancelled:
                yield self.warn(f"candidate {index + 1} was stopped after {spent:.0f} s: it might have been better")
                self._patience = 0.0

    def late(self) -> tuple[int, ...]:
        """The candidates that ran out of time and might have won, the likeliest first."""
        return undecided(self.candidates, self.executions, self.clusters)

    def _mend(self, schema: Schema) -> Iterator[Event]:
        """Run what failed for a missing name with the nearest name, and what asks for a text as the rows spell it.

        So with a time that is read as what it is not.

        What then runs is one more candidate. It has no votes, since no sample wrote it, and counts as greedy if what it
        was made from does.
        """
        known = {normalise(candidate.sql): candidate.index for candidate in self.candidates}
        failed = self.candidates[self._looked_at :]
        for candidate in failed:
            started = time.perf_counter()
            found = self._mended(candidate, schema)
            self.timings = replace(self.timings, execute=self.timings.execute + time.perf_counter() - started)
            if found is None or self.control.expired():
                continue
            sql, execution = found
            # the same text in other bytes is as probable; a query with another name is yet to be weighed
            logprob = candidate.logprob if self.executions[candidate.index].ok else None
            at = known.setdefault(normalise(sql), len(self.candidates))
            if at == len(self.candidates):
                self.candidates.append(Candidate(at, sql, samples=0, logprob=logprob, greedy=candidate.greedy))
                self.executions.append(execution)
                yield CandidateWritten(self.candidates[at])
                yield CandidateExecuted(at, execution)
            elif candidate.greedy:
                self.candidates[at] = replace(self.candidates[at], greedy=True)
        self._looked_at = len(self.candidates)

    def _weigh(self, weigh: Weigh | None) -> None:
        """Give the candidates that no sample wrote their probability; those that cannot be read keep none."""
        unwritten = [c for c in self.candidates if c.samples == 0 and c.logprob is None]
        runs = [execution.ok or ran_out(execution) for execution in self.executions]
        unknown = [candidate for candidate in unwritten if runs[candidate.index]]
        if weigh is None or not unknown or self.control.expired():
            return
        try:
            found, timings = weigh([candidate.sql for candidate in unknown])
        except (TimeLimit, ContextOverflow):
            return
        for candidate, logprob in zip(unknown, found, strict=True):
            self.candidates[candidate.index] = replace(candidate, logprob=logprob)
        self.timings = replace(self.timings, generate=_sum(self.timings.generate, timings))

    def _mended(self, candidate: Candidate, schema: Schema) -> tuple[str, Execution] | None:
        """The candidate with names and texts that exist, and its result; ``None`` if nothing is mended or it fails."""
        sql, execution = candidate.sql, self.executions[candidate.index]
        if execution.ok:
            meant = self._meant(sql, execution, schema)
            execution = self._execute(meant, self.control) if meant != sql else execution
            return None if meant == sql or not execution.ok else (meant, execution)
        for _ in range(_MOST_MENDS):
            better = mend(sql, execution.error or "", schema)
            if better is None:
                return None
            sql, execution = better, self._execute(better, self.control)
            if execution.ok or ran_out(execution):
                return sql, execution
        return None

    def _meant(self, sql: str, execution: Execution, schema: Schema) -> str:
        """A query that runs, with texts as the rows spell them, and times as what they are."""
        meant = respell(sql, execution.unmatched) or sql
        if any(doubt.kind == "misdated" for doubt in execution.odd):
            meant = redate(meant, schema) or meant
            meant = meant if self._now is None else on_day(meant, self._now) or meant
        return meant

    def case(self, found: Cluster) -> Case:
        """The cluster's representative, as a case for the discriminator."""
        return Case(found.index, self.candidates[found.representative], self.executions[found.representative])

    def unjudged(self) -> list[Cluster]:
        return [c for c in self.clusters if c.index not in self._verdicts]

    def place_of_given(self) -> Ranked | None:
        """The given query in its cluster, whatever its place in the ranking; ``None`` where it does not run."""
        if not self.executions[GIVEN].ok:
            return None
        found = next(c for c in self.clusters if GIVEN in c.candidates)
        verdict = self._verdicts.get(found.index)
        return Ranked(found.index, GIVEN, found.votes, verdict.score if verdict else None)

    def judge(self, clusters: Sequence[Cluster], judge: Judge) -> Iterator[Event]:
        """Have clusters judged; an answer without a score is better than none, so running out is a warning."""
        if not clusters:
            return
        try:
            for event in judge([self.case(c) for c in clusters]):
                yield event
                match event:
                    case Warned(message):
                        self.warnings.append(message)
                    case ThoughtClosed(index, verdict):
                        self._verdicts[index] = verdict
                    case StageFinished(_, timings):
                        self.timings = replace(self.timings, judge=_sum(self.timings.judge, timings))
        except TimeLimit:
            yield self.warn("time ran out before the results were judged; the votes decide")
        except ContextOverflow as error:
            yield self.warn(f"the discriminator judged nothing, the votes decide: {error.message}; {error.hint}")

    def warn(self, message: str) -> Warned:
        """Keep a warning for the answer, and make its event."""
        self.warnings.append(message)
        return Warned(message)

    def ranking(self, select: Select) -> tuple[Ranked, ...]:
        """The clusters at this point, best first."""
        return rank(select, self.candidates, self.executions, self.clusters, self.verdicts)

    def answer(self, select: Select) -> Answer:
        """The answer at this point."""
        total = self.timings.schema + self.timings.load + self.elapsed
        ranking = self.ranking(select)
        best = ranking[0] if ranking else None
        found = (
            evidence(best, self.candidates, self.executions, self.clusters, self.verdicts, self._known)
            if best is not None
            else None
        )
        continues = None if self._earlier is None or best is None else self.continues(best.candidate)
        why = reason(select, ranking, self.candidates, self.executions, self.clusters)
        return Answer(
            candidates=tuple(self.candidates),
            executions=tuple(self.executions),
            clusters=self.clusters,
            verdicts=tuple(self.verdicts),
            ranking=ranking,
            best=best.candidate if best else None,
            confidence=None if found is None else self._weights.p_right(found),
            evidence=found,
            vote_share=best.votes / self.samples if best and self.samples else 0.0,
            reason=why if continues is None else f"{why}; {_READINGS[continues]}",
            continues=continues,
            timings=replace(self.timings, total=total),
            warnings=tuple(self.warnings),
            shown=self.shown,
            known=self._known,
        )


def _sum(one: StageTimings, two: StageTimings) -> StageTimings:
    return StageTimings(
        seconds=one.seconds + two.seconds,
        prefill_seconds=one.prefill_seconds + two.prefill_seconds,
        prompt_tokens=one.prompt_tokens + two.prompt_tokens,
        cached_tokens=one.cached_tokens + two.cached_tokens,
        new_tokens=one.new_tokens + two.new_tokens,
        decodes=one.decodes + two.decodes,
        rows=one.rows + two.rows,
    )
