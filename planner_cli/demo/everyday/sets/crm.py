"""Customers, deals and calls of a small sales team: rows are marked as deleted, never removed; states are numbers."""

from __future__ import annotations

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import Rows, back, clock, people
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE status (entity TEXT NOT NULL, code INTEGER NOT NULL, label TEXT NOT NULL, PRIMARY KEY (entity, code));
CREATE TABLE company (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, industry TEXT, city TEXT, status INTEGER NOT NULL, created_at TEXT NOT NULL,
    deleted_at TEXT
);
CREATE TABLE contact (
    id INTEGER PRIMARY KEY, company_id INTEGER REFERENCES company(id), name TEXT NOT NULL, email TEXT, is_main INTEGER NOT NULL,
    deleted_at TEXT
);
CREATE TABLE rep (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE deal (
    id INTEGER PRIMARY KEY, company_id INTEGER NOT NULL REFERENCES company(id), rep_id INTEGER NOT NULL REFERENCES rep(id),
    title TEXT NOT NULL, value_k REAL NOT NULL, -- thousands of euros
    stage INTEGER NOT NULL, created_at TEXT NOT NULL, closed_at TEXT, deleted_at TEXT
);
CREATE TABLE activity (
    id INTEGER PRIMARY KEY, contact_id INTEGER NOT NULL REFERENCES contact(id), rep_id INTEGER NOT NULL REFERENCES rep(id),
    kind TEXT NOT NULL, at TEXT NOT NULL, minutes INTEGER
);
"""

_STATUS: list[Row] = [
    ("company", 1, "lead"), ("company", 2, "prospect"), ("company", 3, "customer"), ("company", 9, "lost"),
    ("deal", 10, "qualified"), ("deal", 20, "offer sent"), ("deal", 30, "negotiation"), ("deal", 90, "won"), ("deal", 99, "lost"),
]  # fmt: skip
_FIRST = (
    "Alpen",
    "Blue",
    "Delta",
    "Ever",
    "Fox",
    "Grand",
    "Hansa",
    "Iron",
    "Luna",
    "Nova",
    "Opal",
    "Quick",
    "Rhein",
    "Terra",
)
_SECOND = ("Foods", "Logistics", "Media", "Pharma", "Optics", "Systems", "Textil", "Energy", "Bau")
_CITIES = ("Hamburg", "Vienna", "Zurich", "Lyon", "Ghent", "Porto", "Leeds")


def rows(dice: Dice) -> Rows:
    names: dict[str, None] = {}
    while len(names) < 100:
        names[f"{dice.pick(_FIRST)} {dice.pick(_SECOND)}"] = None

    def gone(age: int, chance: float) -> str | None:
        return f"{back(dice.between(0, age))} 12:00" if dice.chance(chance) else None

    companies: list[Row] = []
    ages: list[int] = []
    for number, name in enumerate(names, 1):
        ages.append(dice.between(5, 1200))
        city = None if dice.chance(0.06) else dice.pick(_CITIES)
        companies.append(
            (
                number,
                name,
                name.split()[1].lower(),
                city,
                dice.weighted((1, 2, 3, 9), (4, 3, 6, 2)),
                f"{back(ages[-1])} 09:00",
                gone(ages[-1], 0.12),
            )
        )
    contacts: list[Row] = []
    for number, name in enumerate(people(dice, 220), 1):
        company = dice.between(1, 100)
        mail = None if dice.chance(0.1) else f"{name.split()[0].lower()}@firm{company}.example"
        contacts.append((number, company, name, mail, int(dice.chance(0.4)), gone(300, 0.1)))
    busy = [dice.between(2, 6) for _ in range(5)]
    deals: list[Row] = []
    for number in range(1, 401):
        company = dice.skewed(1, 100, 1.3)
        age = dice.between(0, ages[company - 1])
        stage = dice.weighted((10, 20, 30, 90, 99), (3, 2, 2, 6, 4))
        closed = f"{back(dice.between(0, age))} 17:00" if stage >= 90 else None
        value = dice.skewed(10, 2540, 2.2) / 10
        deals.append(
            (
                number,
                company,
                dice.weighted((1, 2, 3, 4, 5), busy),
                f"Deal {number}",
                value,
                stage,
                f"{back(age)} 10:00",
                closed,
                gone(age, 0.08),
            )
        )
    activities: list[Row] = [
        (
            n,
            dice.between(1, 220),
            dice.between(1, 5),
            kind := dice.pick(("call", "mail", "meeting")),
            f"{back(dice.between(0, 500))} {clock(dice.between(30_000, 64_000))}",
            None if kind == "mail" else dice.between(3, 90),
        )
        for n in range(1, 1201)
    ]
    reps: list[Row] = [(n, name) for n, name in enumerate(("Anika", "Bruno", "Chloe", "Dmitri", "Esra"), 1)]
    return {
        "status": _STATUS,
        "company": companies,
        "contact": contacts,
        "rep": reps,
        "deal": deals,
        "activity": activities,
    }
