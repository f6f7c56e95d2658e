"""From a data set to the rows of runs on disk: check what can be measured, measure it, set the rest aside."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from planner_cli.bench.checked import Checked
from planner_cli.bench.datasets import Dataset, Item
from planner_cli.bench.instances import Redactions
from planner_cli.bench.rows import ItemRow
from planner_cli.bench.running import check
from planner_cli.bench.setaside import TITLES, SetAside, counts, nothing_measured, questions
from planner_cli.bench.store import Run, RunInfo, RunWriter, load_run
from planner_cli.cli.bench.request import Request
from planner_cli.cli.output import say
from planner_cli.cli.signals import interruptible
from planner_cli.control import Control
from planner_cli.settings import Limits
from planner_cli.ui.progress import track

if TYPE_CHECKING:  # the benchmark's parts cost start-up time
    Rows: TypeAlias = Iterable[Sequence[ItemRow | SetAside | None]]
    """For each item the new rows of each run."""
    Measure: TypeAlias = Callable[[Sequence[Item], Sequence[Collection[str]], Control], Rows]
    """(items, keys of what is done in each run, control) -> rows."""

_SHOWN = 3
"""How many names of each kind are printed when the data are checked; reports have them all."""


@dataclass(frozen=True, slots=True)
class Runs:
    """One or several runs over the same items."""

    asked: Request
    dataset: Dataset
    redacted: Redactions
    limits: Limits
    """Of one candidate's query."""
    evaluation: Limits
    """Of a gold query."""
    infos: Mapping[Path, RunInfo]
    """By folder."""

    def run(self, measure: Measure, *, candidates: bool = False) -> list[Run]:
        """Write what is missing, with progress, and read the complete runs back, in the order of their folders.

        ``candidates``: only items that bring some can be measured.

        Raises:
            PlannerError: the folders cannot be used, nothing can be measured, or under --strict something cannot.

        """
        control = Control()
        with ExitStack() as stack:
            writers = [stack.enter_context(RunWriter(out, info)) for out, info in self.infos.items()]
            stack.enter_context(interruptible(control))
            items = self._measurable(writers, control, candidates=candidates)
            rows = measure(items, [frozenset(writer.keys()) for writer in writers], control)
            label = str(next(iter(self.infos))) if len(writers) == 1 else "questions"
            self._through(self._kept(rows, writers), len(items), label)
        return [load_run(out) for out in self.infos]

    def _through(self, steps: Iterable[object], total: int, label: str, *, end: bool = True) -> None:
        screen = self.asked.screen
        for _ in track(steps, total=total, console=screen.console(), label=label, quiet=screen.quiet, end=end):
            pass

    def _kept(self, rows: Rows, writers: Sequence[RunWriter]) -> Iterator[None]:
        """Write each row and what is set aside; one step per question."""
        for found in rows:
            for writer, each in zip(writers, found, strict=True):
                if isinstance(each, SetAside):
                    self._keep([writer], each)
                elif each is not None:
                    writer.write(each)
            if not any(isinstance(each, SetAside) and each.kind == "instance" for each in found):
                yield

    def _keep(self, writers: Sequence[RunWriter], fault: SetAside) -> None:

        for writer in writers:
            writer.checked.add(Checked(fault.name, None, fault))
        if self.asked.strict:
            raise fault.error()

    def _measurable(self, writers: Sequence[RunWriter], control: Control, *, candidates: bool) -> list[Item]:
        """The items that can be measured; what cannot is recorded in each run's folder, and reported."""
        known = {key: fault for writer in writers for key, fault in writer.checked.known().items()}
        checking = check(
            self.dataset.items,
            self.limits,
            candidates=candidates,
            known=known,
            redacted=self.redacted,
            control=control,
            evaluation=self.evaluation,
        )
        items: list[Item] = []
        faults = list(self.dataset.set_aside)
        for fault in faults:
            self._keep(writers, fault)

        def steps() -> Iterator[None]:
            for each in checking:
                for found in each.found:
                    for writer in writers:
                        writer.checked.add(found)
                    if found.fault is not None:
                        faults.append(found.fault)
                        if self.asked.strict:
                            raise found.fault.error()
                if each.item is not None:
                    items.append(each.item)
                yield

        self._through(steps(), len(self.dataset.items), "checking the data", end=False)
        if not items and self.dataset.items:  # a shard may be empty
            raise nothing_measured(faults)
        if faults and not self.asked.screen.quiet:
            _say(faults, len(items))
        return items


def _say(faults: Sequence[SetAside], left: int) -> None:
    """What is set aside, by kind, on standard error."""
    say(
        f"set aside: {questions(faults):,} of {questions(faults) + left:,} questions (--strict stops instead)", err=True
    )
    for kind, count in counts(faults).items():
        names = [fault.name for fault in faults if fault.kind == kind]
        more = ", ..." if count > _SHOWN else ""
        say(f"  {count:,}: {TITLES[kind]} ({', '.join(names[:_SHOWN])}{more})", err=True)
