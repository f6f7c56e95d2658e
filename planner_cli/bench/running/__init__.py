"""Runs: every question of a data set through the judge alone (intrinsic) or the whole planner (end to end).

Both are generators of finished rows; what is done already (by key) is skipped, so a run that was killed goes
on where it was. Bad SQL is a value in a row. An environment error (a database that cannot be opened, gold that
does not run, a model that fails) is raised: it must stop the run, never score zero.
"""

from __future__ import annotations

from planner_cli.bench.running.end_to_end import oracle_of, run_end_to_end
from planner_cli.bench.running.intrinsic import IntrinsicSettings, run_intrinsic
from planner_cli.bench.running.shared import key_of, redactions

__all__ = ["IntrinsicSettings", "key_of", "oracle_of", "redactions", "run_end_to_end", "run_intrinsic"]
