"""The planning loop: generate, execute, cluster, judge, rank. One generator function, many consumers."""

from planner_cli.planning.plan import plan
from planner_cli.planning.pool import Executor

__all__ = ["Executor", "plan"]
