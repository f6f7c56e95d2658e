"""A small clinic's appointments: status letters, fees in cents, some of them in the future."""

from __future__ import annotations

import datetime as dt

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import Rows, back, clock, people
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE doctors (id INTEGER PRIMARY KEY, name TEXT NOT NULL, specialty TEXT NOT NULL, room TEXT);
CREATE TABLE patients (
    id INTEGER PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT NOT NULL, dob DATE NOT NULL, phone TEXT,
    insurance TEXT -- NULL: pays privately
);
CREATE TABLE appts (
    id INTEGER PRIMARY KEY, patient_id INTEGER NOT NULL REFERENCES patients(id),
    doctor_id INTEGER NOT NULL REFERENCES doctors(id), starts_at TEXT NOT NULL, duration_min INTEGER NOT NULL,
    status TEXT NOT NULL, -- B booked, D done, X cancelled, N no-show
    reason TEXT, fee_cents INTEGER
);
"""

_SPECIALTIES = ("general practice", "dermatology", "cardiology", "orthopaedics", "general practice", "paediatrics")
_REASONS = ("check-up", "follow-up", "rash", "back pain", "vaccination", "chest pain", "sprained ankle", "blood test")


def rows(dice: Dice) -> Rows:
    names = people(dice, dice.between(170, 200))
    doctors: list[Row] = [(n + 1, f"Dr. {names[n].split()[1]}", _SPECIALTIES[n], f"R{n + 1}") for n in range(6)]
    patients: list[Row] = []
    for number, name in enumerate(names[6:], 1):
        first, last = name.split()
        phone = None if dice.chance(0.12) else f"0{dice.between(20, 79)} 555 {dice.between(1000, 9999)}"
        insurance = dice.weighted(("Aurora", "MediPlus", "Nordkasse", None), (5, 4, 3, 2))
        patients.append((number, first, last, back(dice.between(900, 32_000)).isoformat(), phone, insurance))
    appts: list[Row] = []
    for number in range(1, 1501):
        day = back(dice.between(-30, 600))
        while day.weekday() > 4:
            day -= dt.timedelta(days=1)
        status = "BX" if day >= back(0) else "DDDDDDDDDXXN"
        letter = dice.pick(status) if status != "BX" or dice.chance(0.2) else "B"
        fee = dice.between(8, 60) * 500 if letter == "D" else 2500 if letter == "N" else None
        start = f"{day.isoformat()} {clock(dice.between(16, 33) * 1800)}"
        patient, doctor = dice.skewed(1, len(patients) - 10, 1.4), dice.weighted((1, 2, 3, 4, 5, 6), (6, 3, 2, 3, 5, 4))
        appts.append(
            (number, patient, doctor, start, dice.pick((10, 15, 20, 30, 45)), letter, dice.pick(_REASONS), fee)
        )
    return {"doctors": doctors, "patients": patients, "appts": appts}
