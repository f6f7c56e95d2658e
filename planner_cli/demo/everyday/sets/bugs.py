"""A bug tracker: priorities as numbers, states as words, labels by a table between."""

from __future__ import annotations

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import Rows, back, clock, people
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE user (id INTEGER PRIMARY KEY, login TEXT NOT NULL UNIQUE, realname TEXT, active INTEGER NOT NULL DEFAULT 1);
CREATE TABLE milestone (name TEXT PRIMARY KEY, due TEXT, completed TEXT);
CREATE TABLE bug (
    id INTEGER PRIMARY KEY, title TEXT NOT NULL, component TEXT NOT NULL,
    prio INTEGER NOT NULL, -- 1 is the most urgent, 5 the least
    state TEXT NOT NULL, -- new, assigned, fixed, wontfix, duplicate
    reporter INTEGER NOT NULL REFERENCES user(id), owner INTEGER REFERENCES user(id),
    milestone TEXT REFERENCES milestone(name), opened TEXT NOT NULL, closed TEXT, dup_of INTEGER REFERENCES bug(id)
);
CREATE TABLE comment (
    id INTEGER PRIMARY KEY, bug_id INTEGER NOT NULL REFERENCES bug(id), author INTEGER NOT NULL REFERENCES user(id),
    at TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE label (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE bug_label (
    bug_id INTEGER NOT NULL REFERENCES bug(id), label_id INTEGER NOT NULL REFERENCES label(id),
    PRIMARY KEY (bug_id, label_id)
);
"""

_COMPONENTS = ("parser", "ui", "network", "docs", "installer", "storage")
_WHAT = ("crash", "wrong result", "slow", "typo", "memory leak", "cannot open file", "freezes", "lost settings")
_WHERE = ("on start", "after an update", "with large files", "in dark mode", "over a proxy", "on ARM", "when offline")
_LABELS = ("regression", "security", "good first bug", "needs info", "upstream")
_DUE = (
    ("3.0", "2024-06-30"),
    ("3.1", "2024-12-15"),
    ("3.2", "2025-03-31"),
    ("3.3", "2025-05-31"),
    ("4.0", "2025-12-01"),
)


def rows(dice: Dice) -> Rows:
    names = people(dice, 30)
    users: list[Row] = [
        (n, f"{name[0].lower()}{name.split()[1].lower()}{n}", name, int(n % 7 != 0)) for n, name in enumerate(names, 1)
    ]
    done = dice.between(0, 3)
    milestones: list[Row] = [(name, due, due if at < done else None) for at, (name, due) in enumerate(_DUE)]
    bugs: list[Row] = []
    comments: list[Row] = []
    labels: list[Row] = []
    for number in range(1, 901):
        age = round((900 - number) * 0.9) + dice.between(0, 5)
        state = dice.weighted(
            ("new", "assigned", "fixed", "wontfix", "duplicate"), (14, 12, 55, 9, 8 if number > 9 else 0)
        )
        closed_after = min(dice.skewed(0, 160, 2.5), age)
        closed = (
            None
            if state in {"new", "assigned"}
            else f"{back(age - closed_after)} {clock(dice.between(79_000, 86_000))}"
        )
        owner = None if state == "new" else dice.skewed(1, 12, 1.6)
        title = f"{dice.pick(_WHAT)} {dice.pick(_WHERE)}"
        milestone = None if dice.chance(0.3) else dice.weighted(("3.0", "3.1", "3.2", "4.0"), (4, 5, 4, 2))
        opened = f"{back(age)} {clock(dice.between(0, 78_000))}"
        bugs.append((
            number, title.capitalize(), dice.weighted(_COMPONENTS, (6, 9, 4, 2, 3, 5)), dice.weighted((1, 2, 3, 4, 5), (1, 3, 6, 4, 2)),
            state, dice.skewed(1, 30, 1.3), owner, milestone, opened, closed,
            dice.between(1, number - 1) if state == "duplicate" else None,
        ))  # fmt: skip
        for _ in range(dice.skewed(0, 7, 1.8)):
            at = f"{back(dice.between(max(0, age - 40), age))} {clock(dice.between(0, 86_000))}"
            comments.append(
                (
                    len(comments) + 1,
                    number,
                    dice.skewed(1, 28, 1.5),
                    at,
                    dice.pick(("me too", "works here", "see log", "fixed in main", "any news?")),
                )
            )
        labels += [(number, label) for label in range(1, 6) if dice.chance(0.1)]
    return {
        "user": users, "milestone": milestones, "bug": bugs, "comment": comments,
        "label": list(enumerate(_LABELS, 1)), "bug_label": labels,
    }  # fmt: skip
