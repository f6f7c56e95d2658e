"""Everyday questions: people's own databases, asked as people ask, with the queries that answer them.

The databases are made by seeded generators (:mod:`planner_cli.demo.everyday.sets`), so none is shipped. Every one has
a third, fixed by its place in :data:`DATABASES`: recipes may be trained on ``train``, settings are chosen on ``tune``,
and ``test`` is for reporting only.
"""

from __future__ import annotations

from planner_cli.demo.everyday.databases import DATABASES, SEEDS, THIRDS, Third, digest, made, third, write
from planner_cli.demo.everyday.making import TODAY
from planner_cli.demo.everyday.questions import EverydayQuestion, questions

__all__ = [
    "DATABASES",
    "SEEDS",
    "THIRDS",
    "TODAY",
    "EverydayQuestion",
    "Third",
    "digest",
    "made",
    "questions",
    "third",
    "write",
]
