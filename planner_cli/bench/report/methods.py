"""Planning methods side by side: one line per run, with its cost."""

from __future__ import annotations

from collections.abc import Sequence

from planner_cli.bench.metrics import end_to_end
from planner_cli.bench.report.left_out import left_out_line
from planner_cli.bench.statistics import Estimate
from planner_cli.bench.store import Run
from planner_cli.clean import clean

HEADER = f"{'method':16} {'right %':>8}  {'95 % interval':15} {'calls':>7} {'tokens':>7} {'seconds':>8}"


def methods_text(runs: Sequence[Run]) -> str:
    """A table of end-to-end runs over the same questions; calls, tokens and seconds are means per question.

    Vote and oracle, among the candidates of the run with most samples, come last: what needs no judge, and what
    no judge can beat.
    """
    lines = [HEADER, "-" * len(HEADER)]
    reports = [(run, end_to_end(run.rows)) for run in runs]
    for run, report in reports:
        count = max(1, len(run.rows))
        calls = sum(row.calls for row in run.rows) / count
        tokens = sum(row.tokens["generate"] + row.tokens["judge"] for row in run.rows) / count
        seconds = sum(row.seconds["total"] for row in run.rows) / count
        lines.append(f"{_accuracy(run.name, report['execution'])} {calls:7.1f} {tokens:7.0f} {seconds:8.2f}")
    widest = max(reports, key=lambda each: sum(c.samples for row in each[0].rows for c in row.candidates))
    lines.append(_accuracy("most votes", widest[1]["vote"]))
    lines.append(_accuracy("oracle (pass@N)", widest[1]["pass"]))
    told = [(run.name, left_out_line(run)) for run in runs]
    if len({line for _, line in told}) == 1:  # the same data
        told = [("all methods", told[0][1])]
    lines += [f"{clean(name)}: {line}" for name, line in told if line is not None]
    return "\n".join(lines) + "\n"


def _accuracy(name: str, found: Estimate) -> str:
    if found.value is None or found.low is None or found.high is None:
        return f"{clean(name):16} {'-':>8}  {'':15}"
    interval = f"{found.low:.1%} to {found.high:.1%}".replace("%", "")
    return f"{clean(name):16} {found.value * 100:8.1f}  {interval:15}"
