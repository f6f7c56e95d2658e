from __future__ import annotations

from pathlib import Path

import pytest

from planner_cli.bench.energy import EnergyMeter


def zone(folder: Path, name: str, kind: str, energy: int, most: int = 1_000_000) -> Path:
    """A counter as Linux shows it: one folder a zone, one file a value."""
    made = folder / name
    made.mkdir()
    (made / "name").write_text(f"{kind}\n")
    (made / "energy_uj").write_text(f"{energy}\n")
    (made / "max_energy_range_uj").write_text(f"{most}\n")
    return made


def test_packages_are_added_up_and_nothing_twice(tmp_path):
    packages = [zone(tmp_path, f"intel-rapl:{n}", f"package-{n}", 100) for n in (0, 1)]
    others = [
        zone(tmp_path, "intel-rapl:0:0", "core", 100),
        zone(tmp_path, "intel-rapl:2", "psys", 100),
        zone(tmp_path, "intel-rapl-mmio:0", "package-0", 100),
    ]
    meter = EnergyMeter(tmp_path)
    for each in packages:
        (each / "energy_uj").write_text("500100\n")
    for each in others:
        (each / "energy_uj").write_text("999999\n")
    assert meter.lap() == pytest.approx(1.0)
    assert meter.lap() == 0.0


def test_a_counter_that_went_round(tmp_path):
    package = zone(tmp_path, "intel-rapl:0", "package-0", 900_000)
    meter = EnergyMeter(tmp_path)
    (package / "energy_uj").write_text("100000\n")
    assert meter.lap() == pytest.approx(0.2)


def test_no_counter_is_no_figure(tmp_path):
    assert EnergyMeter(tmp_path).lap() is None
    assert EnergyMeter(tmp_path / "none").lap() is None


def test_a_counter_that_cannot_be_read_any_more_is_no_figure(tmp_path):
    package = zone(tmp_path, "intel-rapl:0", "package-0", 5)
    meter = EnergyMeter(tmp_path)
    (package / "energy_uj").unlink()
    assert meter.lap() is None
