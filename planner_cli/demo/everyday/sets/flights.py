"""Flights of a small airline: scheduled and actual times, delays to be computed, airports by their codes."""

from __future__ import annotations

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import Rows, back, clock
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE airports (iata TEXT PRIMARY KEY, city TEXT NOT NULL, country TEXT NOT NULL, elev_ft INTEGER);
CREATE TABLE aircraft (tail TEXT PRIMARY KEY, type TEXT NOT NULL, seats INTEGER NOT NULL, first_flight INTEGER);
CREATE TABLE flights (
    id INTEGER PRIMARY KEY, flno TEXT NOT NULL, dep TEXT NOT NULL REFERENCES airports(iata), arr TEXT NOT NULL REFERENCES airports(iata),
    tail TEXT REFERENCES aircraft(tail), date TEXT NOT NULL, std TEXT NOT NULL, atd TEXT, -- scheduled and actual departure, HH:MM
    dist_nm INTEGER NOT NULL,
    block_min INTEGER, pax INTEGER, cancelled INTEGER NOT NULL DEFAULT 0,
    cause TEXT -- of a cancellation: W weather, T technical, C crew, S strike
);
"""

_AIRPORTS: list[Row] = [
    ("HAM", "Hamburg", "Germany", 53), ("LIS", "Lisbon", "Portugal", 374), ("OSL", "Oslo", "Norway", 681), ("VIE", "Vienna", "Austria", 600),
    ("NAP", "Naples", "Italy", 294), ("EDI", "Edinburgh", "United Kingdom", 135), ("MAD", "Madrid", "Spain", 1998),
    ("ZRH", "Zurich", "Switzerland", 1417), ("MUC", "Munich", "Germany", 1487), ("RIX", "Riga", "Latvia", 36),
]  # fmt: skip
_TYPES = (("A320", 180), ("E190", 100), ("A220", 135), ("AT72", 70))


def rows(dice: Dice) -> Rows:
    fleet: list[tuple[str, str, int, int]] = []
    for number in range(12):
        kind, seats = dice.pick(_TYPES)
        fleet.append(
            (f"D-A{chr(65 + number)}{chr(70 + number)}{chr(80 - number)}", kind, seats, dice.between(1998, 2023))
        )
    routes: list[tuple[str, str, str, int]] = []
    for number in range(22):
        dep, arr = _AIRPORTS[number % 10], dice.pick(_AIRPORTS)
        if dep != arr:
            routes.append((f"KX{100 + number}", str(dep[0]), str(arr[0]), dice.between(180, 1350)))
    spare = dice.between(0, 11)
    flown = fleet[:spare] + fleet[spare + 1 :]
    bad = dice.pick(routes)[0]
    flights: list[Row] = []
    for age in range(330, -1, -1):
        for flno, start, goal, miles in routes:
            if not dice.chance(0.38):
                continue
            tail, _, seats, _ = flown[dice.skewed(0, 10, 1.2)]
            planned = dice.between(72, 252) * 300
            late = dice.skewed(-2, 60, 3.0) if dice.chance(0.85) else dice.between(15, 240)
            gone = dice.chance(0.1 if flno == bad else 0.02)
            flights.append((
                len(flights) + 1, flno, start, goal, tail, back(age).isoformat(), clock(planned),
                None if gone else clock(min(planned + late * 60, 86_340)), miles, None if gone else miles * 60 // 380 + dice.between(15, 35),
                None if gone else int(seats * dice.between(45, 100) / 100), int(gone), dice.pick("WWTTCS") if gone else None,
            ))  # fmt: skip
    return {"airports": _AIRPORTS, "aircraft": fleet, "flights": flights}
