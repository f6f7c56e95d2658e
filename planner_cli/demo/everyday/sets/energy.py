"""Smart meters of a few buildings: cumulative readings in Wh, every month a tariff."""

from __future__ import annotations

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import TODAY, Rows, back, months
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE building (id INTEGER PRIMARY KEY, address TEXT NOT NULL, area_m2 REAL NOT NULL, built INTEGER NOT NULL);
CREATE TABLE meter (
    serial TEXT PRIMARY KEY, building_id INTEGER NOT NULL REFERENCES building(id),
    kind TEXT NOT NULL, -- E electricity, G gas, W water
    unit TEXT NOT NULL, -- of its readings: Wh or l
    installed DATE NOT NULL, removed DATE
);
CREATE TABLE daily (serial TEXT NOT NULL REFERENCES meter(serial), day DATE NOT NULL, used INTEGER, PRIMARY KEY (serial, day));
CREATE TABLE tariff (kind TEXT NOT NULL, month TEXT NOT NULL, cent_per_unit REAL NOT NULL, PRIMARY KEY (kind, month));
"""

_STREETS = ("Mill Lane 3", "Harbour Road 12", "Station Street 7", "Oak Avenue 21", "Church Hill 1")


def rows(dice: Dice) -> Rows:
    buildings: list[Row] = [
        (n, street, float(dice.between(90, 900)), dice.between(1900, 2019)) for n, street in enumerate(_STREETS, 1)
    ]
    without, left = dice.between(1, 5), dice.between(0, 5)
    meters: list[Row] = []
    daily: list[Row] = []
    for building in range(1, 6):
        for kind in "EGW" if building != without else "EW":
            serial = f"{kind}{building}{dice.between(1000, 9999)}"
            removed = back(dice.between(30, 200)) if building == left and kind == "G" else None
            meters.append((
                serial, building, kind, "l" if kind == "W" else "Wh", back(dice.between(900, 3000)).isoformat(),
                removed.isoformat() if removed else None,
            ))  # fmt: skip
            base = {"E": 9000, "G": 30_000, "W": 350}[kind] * dice.between(60, 180) // 100
            for age in range(530, 0, -1):
                day = back(age)
                if removed and day >= removed:
                    continue
                cold = 1 + abs((day.timetuple().tm_yday - 197) / 183) * (1.5 if kind == "G" else 0.2)
                used = None if dice.chance(0.01) else int(base * cold * dice.between(70, 130) / 100)
                daily.append((serial, day.isoformat(), used))
    tariffs: list[Row] = [
        (kind, f"{month:%Y-%m}", round(price * dice.between(90, 115) / 100, 2))
        for kind, price in (("E", 31.0), ("G", 11.0), ("W", 0.4))
        for month in months(TODAY.replace(year=2024, month=1, day=1))
    ]
    return {"building": buildings, "meter": meters, "daily": daily, "tariff": tariffs}
