"""A small invented business to ask questions about: from order to invoice, and the shop floor behind it."""

from __future__ import annotations

from planner_cli.demo.build import APPLICATION_ID, build
from planner_cli.demo.questions import TOUR, DemoQuestion, questions, tour

EVERYDAY = "everyday"
"""The data set of :mod:`planner_cli.demo.everyday`, and the folder of the cache in which its databases are made."""

__all__ = ["APPLICATION_ID", "EVERYDAY", "TOUR", "DemoQuestion", "build", "questions", "tour"]
