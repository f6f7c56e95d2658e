"""Stock of a workshop: what is there follows from movements in and out; old text dates, quantities in several units."""

from __future__ import annotations

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import Rows, back
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE location (code TEXT PRIMARY KEY, descr TEXT NOT NULL);
CREATE TABLE part (
    sku TEXT PRIMARY KEY, descr TEXT NOT NULL, uom TEXT NOT NULL, -- pcs, m or kg
    min_qty REAL, unit_cost REAL, discontinued TEXT NOT NULL DEFAULT 'N' -- Y or N
);
CREATE TABLE movement (
    id INTEGER PRIMARY KEY, sku TEXT NOT NULL REFERENCES part(sku), loc TEXT NOT NULL REFERENCES location(code),
    qty REAL NOT NULL, -- positive: received, negative: taken out
    moved_on TEXT NOT NULL, -- YYYYMMDD
    ref TEXT
);
CREATE VIEW on_hand AS SELECT sku, loc, sum(qty) AS qty FROM movement GROUP BY sku, loc;
"""

_PARTS = (
    ("Hex bolt M6", "pcs", 0.12), ("Hex bolt M8", "pcs", 0.18), ("Copper wire 1.5", "m", 0.65), ("Steel sheet 2 mm", "kg", 1.9),
    ("Bearing 608", "pcs", 1.1), ("V-belt A42", "pcs", 7.4), ("Paint, grey", "kg", 9.8), ("Hose 10 mm", "m", 2.2),
    ("Fuse 10 A", "pcs", 0.4), ("Relay 24 V", "pcs", 4.75), ("Cable gland", "pcs", 0.9), ("Solder", "kg", 32.0),
    ("Terminal block", "pcs", 1.35), ("Aluminium rod", "m", 6.1), ("Safety gloves", "pcs", 2.8), ("LED strip", "m", 5.5),
)  # fmt: skip
_PLACES: list[Row] = [("A1", "Main shelf"), ("A2", "Back room"), ("B1", "Van"), ("X9", "Quarantine")]


def rows(dice: Dice) -> Rows:
    parts: list[Row] = []
    movements: list[tuple[str, str, float, str, str | None]] = []
    for number, (descr, unit, cost) in enumerate(_PARTS):
        sku = f"{descr[0].upper()}-{1000 + number * 7}"
        least = None if dice.chance(0.15) else float(dice.between(2, 60) * 10)
        parts.append(
            (
                sku,
                descr,
                unit,
                least,
                None if dice.chance(0.08) else round(cost * dice.between(60, 160) / 100, 2),
                "Y" if dice.chance(0.07) else "N",
            )
        )
        here: dict[str, float] = {}
        quiet = dice.pick((0, 0, 0, 200))
        for age in sorted((dice.between(quiet, 700) for _ in range(dice.between(25, 90))), reverse=True):
            place = dice.weighted(("A1", "A2", "B1", "X9"), (9, 4, 4, 0.4))
            there = here.get(place, 0.0)
            amount = float(dice.between(5, 60) * 5)
            out = there > 0 and dice.chance(0.65)
            qty = -min(there, amount) if out else amount
            here[place] = there + qty
            ref = None if dice.chance(0.2) else f"{'WO' if out else 'PO'}{dice.between(1000, 9999)}"
            movements.append((sku, place, qty, f"{back(age):%Y%m%d}", ref))
    parts.append(("Z-9999", "Torque wrench", "pcs", 1.0, 29.0, "N"))
    ordered = sorted(movements, key=lambda m: m[3])
    return {"location": _PLACES, "part": parts, "movement": [(n, *m) for n, m in enumerate(ordered, 1)]}
