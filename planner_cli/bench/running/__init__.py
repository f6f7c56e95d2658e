"""Runs: every question of a data set through the judge alone (intrinsic) or the whole planner (end to end).

Both are generators of finished rows; what is already done (by key) is skipped, so a killed run continues
where it was. Bad SQL is a value in a row. What cannot be measured because of the data is set aside
by name: it neither stops a run nor scores zero. An error of the environment (a model that fails, a sandbox that does
not start) is raised: it must stop the run, never score zero, and set nothing aside.
"""

from __future__ import annotations

from planner_cli.bench.running.checking import Checking, check
from planner_cli.bench.running.end_to_end import oracle_of, run_end_to_end, run_methods
from planner_cli.bench.running.intrinsic import IntrinsicSettings, run_intrinsic
from planner_cli.bench.running.shared import key_of, redactions
from planner_cli.bench.running.writing import with_written

__all__ = [
    "Checking",
    "IntrinsicSettings",
    "check",
    "key_of",
    "oracle_of",
    "redactions",
    "run_end_to_end",
    "run_intrinsic",
    "run_methods",
    "with_written",
]
