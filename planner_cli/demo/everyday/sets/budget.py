"""A household's book of income and spending: amounts in cents, spending negative, categories as a tree."""

from __future__ import annotations

import datetime as dt

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import TODAY, Rows, back, months
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, opening_balance INTEGER NOT NULL);
CREATE TABLE category (id INTEGER PRIMARY KEY, name TEXT NOT NULL, parent_id INTEGER REFERENCES category(id));
CREATE TABLE payee (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE txn (
    id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES account(id), date TEXT NOT NULL,
    amount INTEGER NOT NULL, -- cents; money spent is negative
    payee_id INTEGER REFERENCES payee(id), category_id INTEGER REFERENCES category(id), memo TEXT
);
CREATE TABLE budget (category_id INTEGER NOT NULL REFERENCES category(id), month TEXT NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY (category_id, month));
"""

_CATEGORIES: tuple[tuple[int, str, int | None], ...] = (
    (1, "Food", None), (2, "Groceries", 1), (3, "Restaurants", 1), (4, "Home", None), (5, "Rent", 4), (6, "Electricity", 4),
    (7, "Transport", None), (8, "Fuel", 7), (9, "Train", 7), (10, "Leisure", None), (11, "Books", 10), (12, "Cinema", 10),
    (13, "Income", None), (14, "Salary", 13), (15, "Gifts", None),
)  # fmt: skip
_PAYEES = (
    ("Green Basket", 2, 20, 110), ("Corner Bakery", 2, 3, 18), ("Trattoria Lino", 3, 18, 90), ("Noodle House", 3, 9, 35),
    ("City Power", 6, 60, 110), ("Fuel Stop", 8, 35, 80), ("National Rail", 9, 12, 95), ("Paper Tiger Books", 11, 8, 50),
    ("Lux Cinema", 12, 9, 32), ("Flower Corner", 15, 12, 60),
)  # fmt: skip


def rows(dice: Dice) -> Rows:
    found: list[tuple[str, int, int, int | None, int | None, str | None]] = []
    for month in months(dt.date(2023, 7, 1)):
        found.append((month.isoformat(), 1, -118_000, 11, 5, "rent"))
        pay = month.replace(day=27)
        if pay <= TODAY:
            found.append((pay.isoformat(), 1, 312_000 + dice.between(0, 9) * 1500, 12, 14, None))
            found.append((pay.isoformat(), 1, -20_000, None, None, "to savings"))
            found.append((pay.isoformat(), 3, 20_000, None, None, "to savings"))
    for _ in range(850):
        place = dice.weighted(range(1, 11), (14, 12, 4, 6, 2, 4, 3, 2, 1, 1))
        _, category, low, high = _PAYEES[place - 1]
        memo = dice.pick(("birthday", "with friends", "refund pending", "cash")) if dice.chance(0.08) else None
        known = None if dice.chance(0.03) else category
        found.append(
            (
                back(dice.between(0, 715)).isoformat(),
                dice.weighted((1, 2), (3, 2)),
                -dice.between(low * 100, high * 100),
                place,
                known,
                memo,
            )
        )
    budgets: list[Row] = [
        (category, f"{month:%Y-%m}", cents * 100)
        for month in months(dt.date(2025, 1, 1))
        for category, cents in (
            (2, dice.between(5, 9) * 100),
            (3, dice.between(2, 6) * 100),
            (8, dice.between(1, 3) * 100),
        )
    ]
    return {
        "account": [(1, "Everyday account", "checking", 154_020), (2, "Credit card", "credit", 0), (3, "Rainy day", "savings", dice.between(2, 12) * 100_000)],
        "category": _CATEGORIES,
        "payee": [*((n, payee[0]) for n, payee in enumerate(_PAYEES, 1)), (11, "Landlord"), (12, "Employer")],
        "txn": [(number, txn[1], txn[0], *txn[2:]) for number, txn in enumerate(sorted(found, key=lambda t: t[:3]), 1)],
        "budget": budgets,
    }  # fmt: skip
