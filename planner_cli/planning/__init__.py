"""The planning loop: generate, execute, cluster, judge, rank. One generator function, many consumers."""

from planner_cli.planning.given import better
from planner_cli.planning.lacking import Lacking
from planner_cli.planning.methods import GENERATING
from planner_cli.planning.outright import outright
from planner_cli.planning.plan import plan
from planner_cli.planning.pool import Executor
from planner_cli.planning.pooled import Pooled, judged_as

__all__ = ["GENERATING", "Executor", "Lacking", "Pooled", "better", "judged_as", "outright", "plan"]
