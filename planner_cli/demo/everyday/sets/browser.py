"""A browser's history, laid out as a well-known browser lays out its own: times are microseconds since 1970."""

from __future__ import annotations

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import Rows, back, seconds
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE moz_places (
    id INTEGER PRIMARY KEY, url LONGVARCHAR, title LONGVARCHAR, rev_host LONGVARCHAR, visit_count INTEGER DEFAULT 0,
    hidden INTEGER DEFAULT 0 NOT NULL, typed INTEGER DEFAULT 0 NOT NULL, frecency INTEGER DEFAULT -1 NOT NULL,
    last_visit_date INTEGER
);
CREATE TABLE moz_historyvisits (
    id INTEGER PRIMARY KEY, from_visit INTEGER, place_id INTEGER REFERENCES moz_places(id), visit_date INTEGER,
    visit_type INTEGER, session INTEGER
);
CREATE TABLE moz_bookmarks (
    id INTEGER PRIMARY KEY, type INTEGER, -- 1 bookmark, 2 folder
    fk INTEGER DEFAULT NULL REFERENCES moz_places(id), parent INTEGER, title LONGVARCHAR, dateAdded INTEGER
);
CREATE INDEX moz_historyvisits_placedateindex ON moz_historyvisits (place_id, visit_date);
"""

_SITES = (
    ("news.example.org", "Daily Courier", 9), ("search.example.com", "Search", 14), ("mail.example.net", "Inbox", 10),
    ("wiki.example.org", "Free Encyclopedia", 6), ("video.example.com", "Clips", 5), ("shop.example.de", "Marktplatz", 3),
    ("code.example.dev", "Code Forge", 7), ("bank.example.com", "Online Banking", 2), ("recipes.example.org", "Tasty Plates", 2),
)  # fmt: skip
_PAGES = ("weather", "sourdough", "sqlite", "bicycle", "holiday", "python", "garden", "football", "tax return")


def rows(dice: Dice) -> Rows:
    interest = {word: dice.pick((0.0, 0.0, 0.3, 1.2)) for word in _PAGES}
    pages: list[tuple[str, str, str, float]] = []
    for host, name, weight in _SITES:
        pages.append((f"https://{host}/", name, host, weight * dice.between(20, 60) / 10))
        pages += [
            (
                f"https://{host}/{word.replace(' ', '-')}/{number}",
                f"{word.capitalize()} - {name}",
                host,
                weight * interest[word],
            )
            for number, word in enumerate(_PAGES, 1)
            if dice.chance(0.8)
        ]
    weights = [page[3] for page in pages]
    moments = sorted(
        (seconds(back(dice.skewed(0, 400, 1.7)), dice.skewed(21_600, 86_000, 0.8)), dice.between(0, 999_999))
        for _ in range(4000)
    )
    visits: list[Row] = []
    seen: dict[int, list[int]] = {}
    for number, (second, fraction) in enumerate(moments, 1):
        place = dice.weighted(range(1, len(pages) + 1), weights)
        date = second * 1_000_000 + fraction
        visits.append((number, dice.between(0, number - 1), place, date, dice.weighted((1, 2, 3, 6), (12, 5, 2, 1)), 0))
        seen.setdefault(place, []).append(date)
    places: list[Row] = [
        (
            number, url, title if dice.chance(0.95) else None, f"{host[::-1]}.", len(seen.get(number, ())),
            int(dice.chance(0.04)), int(dice.chance(0.2)), dice.between(10, 20_000), max(seen.get(number, [0])) or None,
        )
        for number, (url, title, host, _) in enumerate(pages, 1)
    ]  # fmt: skip
    marks: list[Row] = [
        (1, 2, None, 0, "toolbar", seconds(back(900)) * 1_000_000),
        (2, 2, None, 0, "reading list", seconds(back(800)) * 1_000_000),
    ]
    marks += [
        (
            number,
            1,
            dice.between(1, len(pages)),
            dice.pick((1, 2)),
            pages[number][1],
            seconds(back(dice.between(0, 700)), 40_000) * 1_000_000,
        )
        for number in range(3, 38)
    ]
    return {"moz_places": places, "moz_historyvisits": visits, "moz_bookmarks": marks}
