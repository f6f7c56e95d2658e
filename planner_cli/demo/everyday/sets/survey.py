"""The export of a household survey: one table of 300 columns, answers as codes, -1 for no answer."""

from __future__ import annotations

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import Rows
from planner_cli.types import Row, Value

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SPENDING = (
    "food", "clothes", "electricity", "heating", "water", "phone", "internet", "transport", "fuel", "insurance", "doctor",
    "school", "leisure", "holidays", "pets", "gifts", "savings",
)  # fmt: skip
_DEVICES = ("tv", "phone", "tablet", "computer", "console", "radio", "reader")
_SERVICES = (
    "bus", "train", "roads", "schools", "hospital", "doctor", "police", "library", "parks", "pool", "town_hall", "waste", "shops",
    "internet", "childcare",
)  # fmt: skip
_OWNS = (
    "car", "second_car", "bicycle", "e_bike", "motorbike", "dishwasher", "dryer", "freezer", "solar_panels", "heat_pump", "piano",
    "boat", "caravan", "dog", "cat", "horse", "garden", "balcony",
)  # fmt: skip
_TOPICS = ("health", "family", "work", "money", "friends", "home", "nature", "travel", "faith", "news", "safety")

_HEAD = ("resp_id", "region", "hh_size", "children", "age", "sex", "net_income", "rent", "floor_area_m2", "built", "owner", "weight_kg", "height_cm", "interview_date", "lang", "comment")  # fmt: skip
_SPENT = tuple(f"exp_{what}_{month}" for what in _SPENDING for month in _MONTHS)
_HOURS = tuple(f"hrs_{device}_{day}" for device in _DEVICES for day in ("weekday", "weekend"))
_SATISFIED = tuple(f"sat_{service}" for service in _SERVICES)
_HAS = tuple(f"has_{thing}" for thing in _OWNS)
_IMPORTANT = tuple(f"imp_{topic}_{when}" for topic in _TOPICS for when in ("5y_ago", "now", "in_5y"))
COLUMNS = (*_HEAD, *_SPENT, *_HOURS, *_SATISFIED, *_HAS, *_IMPORTANT)

_TEXT = {"region", "interview_date", "lang", "comment"}

SCHEMA = (
    "CREATE TABLE answers (\n"
    "    -- sat_*: 1 very satisfied to 5 not at all, -1 no answer; has_*: 1 yes, 2 no; sex: 1 male, 2 female, 3 other;\n"
    "    -- hrs_*: hours a day; imp_*: 1 not important to 5 very\n    "
    + ",\n    ".join(
        f"{name} {'TEXT' if name in _TEXT else 'INTEGER PRIMARY KEY' if name == 'resp_id' else 'REAL' if name.startswith(('hrs', 'exp', 'floor')) else 'INTEGER'}"
        for name in COLUMNS
    )
    + "\n);\n"
)


def rows(dice: Dice) -> Rows:
    return {"answers": [_answer(dice, number) for number in range(1, dice.between(330, 380))]}


def _answer(dice: Dice, number: int) -> Row:
    size = dice.skewed(1, 6, 1.6)
    income = dice.skewed(900, 7800, 1.6)
    owner = 1 if dice.chance(0.45) else 2
    head: tuple[Value, ...] = (
        number, dice.weighted(("North", "South", "East", "West"), (4, 3, 2, 3)), size, dice.between(0, size - 1), dice.between(18, 91),
        dice.weighted((1, 2, 3), (48, 50, 2)), None if dice.chance(0.07) else income, None if owner == 1 else dice.between(280, 1600),
        dice.skewed(250, 4300, 2.0) / 10, dice.between(1900, 2023), owner, dice.between(48, 118), dice.between(150, 199),
        f"2025-0{dice.between(2, 4)}-{dice.between(1, 28):02d}", dice.weighted(("en", "de", "ja"), (8, 2, 1)), None,
    )  # fmt: skip
    spent = tuple(float(dice.skewed(0, 90 + 10 * (at // 12), 1.8)) for at in range(len(_SPENT)))
    hours = tuple(dice.skewed(0, 16, 2.0) / 2 for _ in _HOURS)
    satisfied = tuple(-1 if dice.chance(0.06) else dice.weighted((1, 2, 3, 4, 5), (2, 4, 3, 2, 1)) for _ in _SATISFIED)
    has = tuple(1 if dice.chance(0.9 / (1 + at % 7)) else 2 for at in range(len(_HAS)))
    return (*head, *spent, *hours, *satisfied, *has, *(dice.between(1, 5) for _ in _IMPORTANT))
