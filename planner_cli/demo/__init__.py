"""A small invented business to ask questions about: from order to invoice, and the shop floor behind it."""

from __future__ import annotations

from planner_cli.demo.build import APPLICATION_ID, build
from planner_cli.demo.questions import TOUR, DemoQuestion, questions, tour

__all__ = ["APPLICATION_ID", "TOUR", "DemoQuestion", "build", "questions", "tour"]
