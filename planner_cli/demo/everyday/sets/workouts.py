"""A sports watch's export: metres, seconds, start times as Julian days, heart rates, gear that wears out."""

from __future__ import annotations

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import Rows, back, seconds
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE gear (id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, limit_km REAL, retired INTEGER NOT NULL DEFAULT 0);
CREATE TABLE workout (
    id INTEGER PRIMARY KEY, sport TEXT NOT NULL, start_jd REAL NOT NULL, -- Julian day, UTC
    dur_s INTEGER NOT NULL, dist_m REAL, climb_m REAL, hr_avg INTEGER, hr_max INTEGER, kcal INTEGER, gear_id INTEGER REFERENCES gear(id), note TEXT
);
CREATE TABLE lap (workout_id INTEGER NOT NULL REFERENCES workout(id), n INTEGER NOT NULL, dist_m REAL NOT NULL, dur_s INTEGER NOT NULL, PRIMARY KEY (workout_id, n));
CREATE TABLE weight (day TEXT PRIMARY KEY, grams INTEGER NOT NULL);
"""

_UNIX_AS_JULIAN = 2440587.5
_GEAR: tuple[tuple[str, str, float | None], ...] = (
    ("Blue trainers", "shoes", 800.0), ("Trail shoes", "shoes", 600.0), ("Racing flats", "shoes", 300.0), ("Gravel bike", "bike", None), ("Old city bike", "bike", None),
)  # fmt: skip


def rows(dice: Dice) -> Rows:
    workouts: list[Row] = []
    laps: list[Row] = []
    days = sorted({(dice.between(0, 520), dice.between(5, 19)) for _ in range(420)}, reverse=True)
    for number, (age, hour) in enumerate(days, 1):
        sport = dice.weighted(("run", "ride", "swim", "gym"), (9, 5, 3, 3))
        moment = seconds(back(age), hour * 3600 + dice.between(0, 3500)) / 86_400 + _UNIX_AS_JULIAN
        pace, low, high = {
            "run": (0.36, 3000, 24_000),
            "ride": (0.15, 8000, 95_000),
            "swim": (1.3, 500, 3500),
            "gym": (0.0, 0, 0),
        }[sport]
        metres = float(dice.skewed(low, high, 1.8)) if high else None
        lasted = int(metres * pace * dice.between(8500, 12_500) / 10_000) if metres else dice.between(20, 90) * 60
        beat = None if dice.chance(0.08) else dice.between(105, 168)
        gear = {"run": dice.weighted((1, 2, 3, None), (6, 3, 1, 1)), "ride": dice.pick((4, 4, 5))}.get(sport)
        note = dice.pick(("rain", "with Tess", "felt great", "race")) if dice.chance(0.12) else None
        workouts.append((
            number, sport, round(moment, 6), lasted, metres, float(dice.skewed(0, 900, 2.0)) if sport in {"run", "ride"} else None, beat,
            None if beat is None else beat + dice.between(8, 25), lasted // 60 * dice.between(7, 13), gear, note,
        ))  # fmt: skip
        if sport == "run" and metres:
            laps += [
                (number, lap, 1000.0, max(200, int(lasted / metres * 1000 * dice.between(880, 1120) / 1000)))
                for lap in range(1, int(metres // 1000) + 1)
            ]
    weights: list[Row] = []
    grams = dice.between(68_000, 88_000)
    for age in range(520, 0, -1):
        grams += dice.between(-260, 250)
        if dice.chance(0.3):
            weights.append((back(age).isoformat(), grams))
    gear_rows: list[Row] = [(n, *gear, int(dice.chance(0.2))) for n, gear in enumerate(_GEAR, 1)]
    return {"gear": gear_rows, "workout": workouts, "lap": laps, "weight": weights}
