"""The planning loop: generate, execute, cluster, judge, rank. One generator function, many consumers."""

from planner_cli.planning.plan import Executor, plan

__all__ = ["Executor", "plan"]
