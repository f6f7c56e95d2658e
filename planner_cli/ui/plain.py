"""A run shown line by line, for a standard error that is not a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from planner_cli.events import (
    CandidateExecuted,
    CandidateRepeated,
    CandidateWritten,
    Clustered,
    Event,
    Prefilled,
    Prefilling,
    RunningLonger,
    StageStarted,
    ThoughtClosed,
    ThoughtToken,
    Warned,
)
from planner_cli.types import Cluster, PromptProgress, Verdict
from planner_cli.ui.board import UNTRAINED, result_text
from planner_cli.ui.console import look_of
from planner_cli.ui.frame import Think, reading_text
from planner_cli.ui.look import FAIR, MUTED
from planner_cli.ui.sqltext import fit_sql

_SECONDS_BETWEEN_LINES = 5.0
_LINE = 2_000
"""Cells of the longest line: a longer error or query is cut."""


class PlainReport:
    """Writes one line for each event that deserves one.

    With ``think="show"`` thoughts stream as text, one after another: all branches think at once, so the
    first open one streams and the others wait until it closes.
    """

    def __init__(self, console: Console, think: Think, *, untrained: bool = False) -> None:
        self._console = console
        self._look = look_of(console)
        self._think = think
        self._untrained = untrained
        self._clusters: dict[int, Cluster] = {}
        self._streaming: int | None = None
        self._waiting: dict[int, str] = {}
        self._closed: dict[int, Verdict] = {}
        self._read_at = 0.0

    def apply(self, event: Event) -> None:
        """Take in one event."""
        match event:
            case ThoughtToken():
                self._stream(event.cluster, event.text)
            case ThoughtClosed():
                self._close(event.cluster, event.verdict)
            case StageStarted():
                what = "writing candidates" if event.stage == "generate" else "judging results"
                self._line(f"{what}: {event.branches}")
                self._read_at = 0.0
            case Prefilling():
                self._read(event.progress)
            case Prefilled():
                self._line(f"  prompt of {event.tokens} tokens, {event.cached} cached, {event.seconds:.2f} s", MUTED)
            case CandidateWritten():
                self._query(f"candidate {event.candidate.index + 1}: ", event.candidate.sql)
            case CandidateRepeated():
                candidate = event.candidate
                self._line(f"candidate {candidate.index + 1}: written again ({candidate.samples} samples)", MUTED)
            case CandidateExecuted():
                result = result_text(event.execution, self._look, _LINE)
                self._console.print(Text.assemble(f"candidate {event.index + 1}: ", result), soft_wrap=True)
            case RunningLonger():
                self._line(f"candidate {event.index + 1}: needs more time, at most {event.seconds:.0f} s", MUTED)
            case Clustered():
                self._clusters = {cluster.index: cluster for cluster in event.clusters}
                self._line(f"different results: {len(event.clusters)}")
            case Warned():
                self._line(f"warning: {event.message}", FAIR)
            case _:
                pass

    def finish(self) -> None:
        """End a thought's line that an error left open."""
        if self._streaming is not None:
            self._console.print()
            self._streaming = None

    def _line(self, text: str, style: str = "") -> None:
        self._console.print(self._look.text(self._look.fit(text, _LINE), style), soft_wrap=True)

    def _read(self, progress: PromptProgress) -> None:
        """A line now and then."""
        if 0 < progress.done < progress.total and progress.seconds - self._read_at >= _SECONDS_BETWEEN_LINES:
            self._read_at = progress.seconds
            self._line(f"  {reading_text(progress)}", MUTED)

    def _query(self, head: str, sql: str) -> None:
        shown = fit_sql(sql, self._look, _LINE - len(head), keep_lines=True)
        self._console.print(self._look.text(head + shown, newlines=True), soft_wrap=True)

    def _number(self, cluster: int) -> int:
        """The judged candidate's number for people, from 1."""
        known = self._clusters.get(cluster)
        return cluster + 1 if known is None else known.representative + 1

    def _write(self, text: str) -> None:
        if text:
            self._console.print(self._look.text(text, MUTED, newlines=True), end="", soft_wrap=True)

    def _stream(self, cluster: int, text: str) -> None:
        if self._think != "show":
            return
        if self._streaming is None:
            self._open(cluster)
        if cluster == self._streaming:
            self._write(text)
        else:
            self._waiting[cluster] = self._waiting.get(cluster, "") + text

    def _open(self, cluster: int) -> None:
        self._streaming = cluster
        self._line(f"thought about {self._number(cluster)}:")
        self._write(self._waiting.pop(cluster, ""))

    def _close(self, cluster: int, verdict: Verdict) -> None:
        self._closed[cluster] = verdict
        if cluster != self._streaming and cluster in self._waiting:
            return
        if cluster == self._streaming:
            self._console.print()
            self._streaming = None
        self._verdict(cluster)
        while self._streaming is None and self._waiting:
            following = next(iter(self._waiting))
            self._open(following)
            if following in self._closed:
                self._console.print()
                self._streaming = None
                self._verdict(following)

    def _verdict(self, cluster: int) -> None:
        verdict = self._closed[cluster]
        thought = verdict.thought
        score = f"score {verdict.score:.2f} ({UNTRAINED})" if self._untrained else f"P(correct) {verdict.score:.2f}"
        self._line(
            f"candidate {self._number(cluster)}: {score}, "
            f"thought {thought.tokens} tokens (closed by {thought.closed_by})"
        )
