"""Whether PLANNER_DEBUG asks for tracebacks and llama.cpp's log."""

from __future__ import annotations

import os


def debugging() -> bool:
    """Set, and neither empty nor 0."""
    return os.environ.get("PLANNER_DEBUG", "0") not in {"", "0"}
