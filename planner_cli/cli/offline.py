"""No network, for every command but ``planner models``: set before any library that might use it is imported."""

from __future__ import annotations

import os

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "DO_NOT_TRACK": "1",
}
"""The model hub's own switches; it reads them once, when it is imported. Our code has no telemetry to switch off."""


def go_offline() -> None:
    """Set the switches, whatever the user's environment says."""
    os.environ.update(OFFLINE)
