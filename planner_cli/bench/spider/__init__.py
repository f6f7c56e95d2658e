"""Spider's own view of a query: how hard it is, and whether two queries have the same parts.

Our own implementation over sqlglot of what Spider's evaluation script defines. That script reads a small part
of SQL and refuses the rest (LEFT JOIN, ``<>``, IN with a list, IS NULL, parentheses in conditions); here those
are read too, and everything else becomes an opaque expression.
"""

from __future__ import annotations

from planner_cli.bench.spider.hardness import hardness
from planner_cli.bench.spider.match import COMPONENTS, component_match, exact_match

__all__ = ["COMPONENTS", "component_match", "exact_match", "hardness"]
