"""Energy of the processor packages, where the machine reports it: RAPL counters of Linux's powercap.

The counters cover whole packages, so whatever else runs is included; readable by root, or with root's permission.
Not covered: graphics cards, macOS, most virtual machines (which show no counters).
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
_MICRO = 1e-6


class EnergyMeter:
    """Joules between two readings of the counters."""

    def __init__(self, folder: Path = POWERCAP) -> None:
        # intel-rapl:0 is a package (AMD's too), intel-rapl:0:0 a part of one, intel-rapl-mmio the same ones again
        zones = (zone for zone in sorted(folder.glob("intel-rapl:*")) if zone.name.count(":") == 1)
        self._zones = [zone for zone in zones if _text(zone / "name") != "psys"]  # the platform, packages included
        self._last = self._read()

    def lap(self) -> float | None:
        """Joules since the last lap (or the start), over all packages; ``None`` where a counter cannot be read."""
        last, self._last = self._last, self._read()
        if not last or last.keys() != self._last.keys():
            return None
        return sum(self._since(zone, last[zone]) for zone in self._last) * _MICRO

    def _since(self, zone: Path, before: int) -> int:
        now = self._last[zone]
        if now >= before:
            return now - before
        return now + int(_text(zone / "max_energy_range_uj") or before) - before  # it wrapped around once

    def _read(self) -> dict[Path, int]:
        """Microjoules by package; empty when one of them cannot be read."""
        counters = {zone: _text(zone / "energy_uj") for zone in self._zones}
        return {zone: int(text) for zone, text in counters.items() if text} if all(counters.values()) else {}


def _text(path: Path) -> str | None:
    with suppress(OSError):
        return path.read_text(encoding="ascii").strip()
    return None
