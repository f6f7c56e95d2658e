"""Schema linking: which tables and columns of a wide schema a question is about, by names, values and keys alone."""

from planner_cli.linking.linker import Linker
from planner_cli.linking.said import shown_text

__all__ = ["Linker", "shown_text"]
