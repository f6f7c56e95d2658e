"""A football league of two seasons: results to be counted twice, home and away, and goals with their minutes."""

from __future__ import annotations

import datetime as dt

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import Rows, people
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE club (id INTEGER PRIMARY KEY, name TEXT NOT NULL, town TEXT NOT NULL, founded INTEGER, stadium TEXT, capacity INTEGER);
CREATE TABLE player (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, club_id INTEGER NOT NULL REFERENCES club(id), pos TEXT NOT NULL, -- GK, DF, MF, FW
    born DATE NOT NULL, height_cm INTEGER
);
CREATE TABLE match (
    id INTEGER PRIMARY KEY, season TEXT NOT NULL, round INTEGER NOT NULL, date DATE NOT NULL,
    home INTEGER NOT NULL REFERENCES club(id), away INTEGER NOT NULL REFERENCES club(id), hg INTEGER, ag INTEGER, attendance INTEGER
);
CREATE TABLE goal (
    id INTEGER PRIMARY KEY, match_id INTEGER NOT NULL REFERENCES match(id), player_id INTEGER NOT NULL REFERENCES player(id),
    minute INTEGER NOT NULL, kind TEXT -- P penalty, O own goal, NULL from play
);
CREATE TABLE card (
    match_id INTEGER NOT NULL REFERENCES match(id), player_id INTEGER NOT NULL REFERENCES player(id), minute INTEGER NOT NULL,
    colour TEXT NOT NULL -- Y or R
);
"""

_CLUBS = (
    ("Harbour United", "Westport"), ("FC Oakfield", "Oakfield"), ("Millers", "Millbrook"), ("Rovers 1899", "Eastham"),
    ("Athletic Norvale", "Norvale"), ("City of Lakes", "Tarnby"), ("Forge FC", "Ironbridge"), ("Sporting Dunes", "Sandhaven"),
)  # fmt: skip
_SEASONS = (("2023/24", dt.date(2023, 8, 12)), ("2024/25", dt.date(2024, 8, 10)))


def rows(dice: Dice) -> Rows:
    clubs: list[Row] = [
        (n, name, town, dice.between(1880, 1975), f"{town} Park", dice.between(8, 60) * 500)
        for n, (name, town) in enumerate(_CLUBS, 1)
    ]
    squads: dict[int, list[int]] = {club: [] for club in range(1, 9)}
    players: list[Row] = []
    for number, name in enumerate(people(dice, 128), 1):
        club = (number - 1) % 8 + 1
        squads[club].append(number)
        pos = ("GK", "DF", "MF", "FW")[min(3, len(squads[club]) // 4)]
        born = dt.date(1987, 1, 1) + dt.timedelta(days=dice.between(0, 6900))
        players.append(
            (number, name, club, pos, born.isoformat(), None if dice.chance(0.08) else dice.between(168, 203))
        )
    strength = [dice.between(6, 22) / 10 for _ in range(9)]
    matches: list[Row] = []
    goals: list[Row] = []
    cards: list[Row] = []
    for season, start in _SEASONS:
        for number, (home, away) in enumerate((h, a) for h in range(1, 9) for a in range(1, 9) if h != a):
            round_ = number % 14 + 1
            key = len(matches) + 1
            score = (_scored(dice, strength[home] + 0.3), _scored(dice, strength[away]))
            crowd = dice.between(1000, int(str(clubs[home - 1][5])))
            matches.append(
                (
                    key,
                    season,
                    round_,
                    (start + dt.timedelta(days=7 * (2 * round_ + number // 28))).isoformat(),
                    home,
                    away,
                    *score,
                    crowd,
                )
            )
            for club, other, count in ((home, away, score[0]), (away, home, score[1])):
                for _ in range(count):
                    kind = dice.weighted((None, "P", "O"), (85, 11, 4))
                    squad = squads[other] if kind == "O" else squads[club]
                    goals.append((len(goals) + 1, key, squad[-1 - dice.skewed(0, 12, 2.0)], dice.between(1, 93), kind))
            for club in (home, away):
                cards += [
                    (key, dice.pick(squads[club]), dice.between(5, 92), dice.weighted("YR", (9, 1)))
                    for _ in range(dice.skewed(0, 4, 1.5))
                ]
    return {"club": clubs, "player": players, "match": matches, "goal": goals, "card": cards}


def _scored(dice: Dice, strength: float) -> int:
    return sum(dice.chance(strength / 8) for _ in range(8))
