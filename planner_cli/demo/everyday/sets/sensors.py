"""Sensors of a house and its garden: epoch seconds, each sensor with its own unit, gaps and faults."""

from __future__ import annotations

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import Rows, back, seconds
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE sensor (id INTEGER PRIMARY KEY, name TEXT NOT NULL, place TEXT NOT NULL, quantity TEXT NOT NULL, unit TEXT NOT NULL, battery_mv INTEGER);
CREATE TABLE reading (sensor_id INTEGER NOT NULL REFERENCES sensor(id), ts INTEGER NOT NULL, value REAL,
    quality INTEGER NOT NULL DEFAULT 0, -- 0 good, 1 doubtful, 2 bad
    PRIMARY KEY (sensor_id, ts));
CREATE TABLE alarm (id INTEGER PRIMARY KEY, sensor_id INTEGER NOT NULL REFERENCES sensor(id), raised INTEGER NOT NULL, cleared INTEGER,
    severity INTEGER NOT NULL -- 1 info, 2 warning, 3 critical
);
"""

_SENSORS = (
    ("t_kitchen", "kitchen", "temperature", "0.1 °C"), ("t_bedroom", "bedroom", "temperature", "0.1 °C"), ("t_garden", "garden", "temperature", "0.1 °C"),
    ("h_bath", "bathroom", "humidity", "%"), ("h_cellar", "cellar", "humidity", "%"), ("p_main", "cellar", "power", "W"),
    ("w_garden", "garden", "water flow", "l/min"), ("co2_office", "office", "CO2", "ppm"), ("t_attic", "attic", "temperature", "0.1 °C"),
)  # fmt: skip


def rows(dice: Dice) -> Rows:
    wired = dice.between(5, 7)
    dead = dice.pick((2, 4, 9))
    sensors: list[Row] = [
        (n, *sensor, None if n in {wired, 8} else dice.between(2100, 3200)) for n, sensor in enumerate(_SENSORS, 1)
    ]
    readings: list[Row] = []
    for number, (_, place, quantity, _) in enumerate(_SENSORS, 1):
        if number == dead:
            continue
        for age in range(75, -1, -1):
            for hour in range(0, 24, 3):
                if dice.chance(0.04):
                    continue
                swing = abs(hour - 3) if hour < 15 else 24 - hour
                if quantity == "temperature":
                    value: float = (
                        (90 if place == "garden" else 180)
                        + swing * (9 if place == "garden" else 2)
                        + dice.between(-25, 35)
                        - age // 2
                    )
                elif quantity == "humidity":
                    value = dice.between(380, 790) / 10
                elif quantity == "power":
                    value = float(dice.skewed(120, 4800, 2.5))
                elif quantity == "CO2":
                    value = float(dice.between(410, 1500))
                else:
                    value = dice.between(0, 180) / 10 if dice.chance(0.25) else 0.0
                quality = dice.weighted((0, 1, 2), (40, 2, 1))
                readings.append(
                    (
                        number,
                        seconds(back(age), hour * 3600 + dice.between(0, 900)),
                        None if quality == 2 and dice.chance(0.5) else float(value),
                        quality,
                    )
                )
    alarms: list[Row] = []
    for number in range(1, 71):
        raised = seconds(back(dice.between(1, 75)), dice.between(0, 86_000))
        cleared = None if dice.chance(0.12) else raised + dice.between(120, 40_000)
        alarms.append((number, dice.between(1, 9), raised, cleared, dice.weighted((1, 2, 3), (5, 3, 1))))
    return {"sensor": sensors, "reading": readings, "alarm": alarms}
