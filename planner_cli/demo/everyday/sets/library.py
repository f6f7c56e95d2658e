"""A town library: books in copies, loans that are back when they have a date, reservations, fines in cents."""

from __future__ import annotations

import datetime as dt

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import TODAY, Rows, back, people
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born INTEGER);
CREATE TABLE book (isbn TEXT PRIMARY KEY, title TEXT NOT NULL, author_id INTEGER REFERENCES author(id), year INTEGER, lang TEXT NOT NULL, pages INTEGER);
CREATE TABLE copy (barcode INTEGER PRIMARY KEY, isbn TEXT NOT NULL REFERENCES book(isbn), shelf TEXT,
    state TEXT NOT NULL DEFAULT 'ok' -- ok, lost, repair
);
CREATE TABLE member (id INTEGER PRIMARY KEY, name TEXT NOT NULL, joined DATE NOT NULL,
    kind TEXT NOT NULL, -- A adult, C child, S student
    expires DATE NOT NULL
);
CREATE TABLE loan (
    id INTEGER PRIMARY KEY, barcode INTEGER NOT NULL REFERENCES copy(barcode), member_id INTEGER NOT NULL REFERENCES member(id),
    out_on DATE NOT NULL, due_on DATE NOT NULL, back_on DATE, fine_cents INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE reservation (id INTEGER PRIMARY KEY, isbn TEXT NOT NULL REFERENCES book(isbn), member_id INTEGER NOT NULL REFERENCES member(id), made_on DATE NOT NULL);
"""

_LEFT = ("The Silent", "A Brief", "The Last", "Notes on the", "Winter", "The Glass", "Under the", "Letters from the")
_RIGHT = ("Harbour", "Orchard", "Clockmaker", "Tide", "Archive", "Mountain", "Lantern", "Garden", "Bridge")


def rows(dice: Dice) -> Rows:
    names = people(dice, 190)
    authors: list[Row] = [
        (n, name, None if dice.chance(0.1) else dice.between(1850, 1990)) for n, name in enumerate(names[:24], 1)
    ]
    titles = [f"{left} {right}" for left in _LEFT for right in _RIGHT]
    books: list[tuple[str, str, int | None, int | None, str, int | None]] = []
    for number, title in enumerate(titles):
        writer = None if dice.chance(0.03) else dice.skewed(1, 24, 1.5)
        books.append(
            (
                f"978-0-00-{number + 100:06d}-{number % 10}",
                title,
                writer,
                dice.between(1920, 2024),
                dice.weighted(("en", "de", "fr", "ja"), (8, 3, 1, 1)),
                dice.between(90, 900) if dice.chance(0.95) else None,
            )
        )
    copies: list[Row] = []
    for isbn, *_ in books:
        for _ in range(dice.skewed(1, 5, 1.6)):
            copies.append(
                (
                    10_001 + len(copies),
                    isbn,
                    f"{dice.pick('ABCD')}{dice.between(1, 9)}",
                    dice.weighted(("ok", "lost", "repair"), (30, 1, 1)),
                )
            )
    members: list[Row] = []
    for number, name in enumerate(names[24:], 1):
        members.append(
            (
                number,
                name,
                back(dice.between(10, 3000)).isoformat(),
                dice.weighted("ACS", (6, 3, 2)),
                back(dice.between(-340, 60)).isoformat(),
            )
        )
    loans: list[Row] = []
    free = dict.fromkeys(range(len(copies)), dt.date(2000, 1, 1))
    for age in sorted((dice.between(0, 720) for _ in range(1700)), reverse=True):
        day = back(age)
        place = dice.skewed(0, len(copies) - 1, 1.3)
        if free[place] > day:
            continue
        due = day + dt.timedelta(days=28)
        kept = dice.skewed(2, 60, 1.3) if dice.chance(0.97) else 900
        returned = day + dt.timedelta(days=kept)
        open_ = returned > TODAY
        late = 0 if open_ else max(0, (returned - due).days)
        loans.append(
            (
                len(loans) + 1,
                10_001 + place,
                dice.skewed(1, len(members) - 6, 1.4),
                day.isoformat(),
                due.isoformat(),
                None if open_ else returned.isoformat(),
                20 * late,
            )
        )
        free[place] = returned
    reservations: list[Row] = [
        (n, dice.pick(books)[0], dice.between(1, len(members)), back(dice.between(0, 60)).isoformat())
        for n in range(1, 41)
    ]
    return {
        "author": authors,
        "book": books,
        "copy": copies,
        "member": members,
        "loan": loans,
        "reservation": reservations,
    }
