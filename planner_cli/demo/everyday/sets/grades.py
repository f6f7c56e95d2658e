"""A school's marks: 1 is the best mark and 6 the worst, as German schools have it; tests weigh differently."""

from __future__ import annotations

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import Rows, back, people
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE teachers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, short TEXT NOT NULL UNIQUE);
CREATE TABLE classes (id INTEGER PRIMARY KEY, name TEXT NOT NULL, head_id INTEGER REFERENCES teachers(id));
CREATE TABLE pupils (id INTEGER PRIMARY KEY, name TEXT NOT NULL, class_id INTEGER NOT NULL REFERENCES classes(id), born DATE NOT NULL, left_on DATE);
CREATE TABLE subjects (code TEXT PRIMARY KEY, title TEXT NOT NULL);
CREATE TABLE marks (
    id INTEGER PRIMARY KEY, pupil_id INTEGER NOT NULL REFERENCES pupils(id), subject TEXT NOT NULL REFERENCES subjects(code),
    teacher_id INTEGER NOT NULL REFERENCES teachers(id), day DATE NOT NULL,
    mark INTEGER, -- 1 very good to 6 failed; NULL: excused
    weight REAL NOT NULL -- 2 for a class test, 1 for the rest
);
CREATE TABLE absences (pupil_id INTEGER NOT NULL REFERENCES pupils(id), day DATE NOT NULL, lessons INTEGER NOT NULL, excused INTEGER NOT NULL);
"""

_SUBJECTS = (
    ("MA", "Maths"),
    ("DE", "German"),
    ("EN", "English"),
    ("BI", "Biology"),
    ("GE", "History"),
    ("SP", "Sports"),
)
_CLASSES = ("5a", "5b", "6a", "6b", "7a", "8a")


def rows(dice: Dice) -> Rows:
    names = people(dice, 12 + dice.between(120, 140))
    teachers: list[Row] = [(n, name, name.split()[1][:3].upper() + str(n)) for n, name in enumerate(names[:12], 1)]
    pupils: list[Row] = []
    talent: list[float] = []
    for number, name in enumerate(names[12:], 1):
        class_ = dice.between(1, 6)
        age = 10 + int(_CLASSES[class_ - 1][0]) - 5 + dice.between(0, 364) / 365
        left = back(dice.between(1, 250)).isoformat() if dice.chance(0.05) else None
        pupils.append((number, name, class_, back(int(age * 365.25)).isoformat(), left))
        talent.append(dice.between(15, 45) / 10)
    marks: list[Row] = []
    for pupil in range(1, len(pupils) + 1):
        for at, (code, _) in enumerate(_SUBJECTS):
            for _ in range(dice.between(2, 6)):
                mark = min(6, max(1, round(talent[pupil - 1] + dice.between(-18, 18) / 10 - (at == 5))))
                weight = 2.0 if dice.chance(0.4) else 1.0
                marks.append(
                    (
                        len(marks) + 1,
                        pupil,
                        code,
                        at * 2 + 1 + pupil % 2,
                        back(dice.between(2, 280)).isoformat(),
                        None if dice.chance(0.03) else mark,
                        weight,
                    )
                )
    absences: list[Row] = [
        (
            dice.skewed(1, len(pupils), 1.6),
            back(dice.between(1, 280)).isoformat(),
            dice.between(1, 7),
            int(dice.chance(0.8)),
        )
        for _ in range(420)
    ]
    return {
        "teachers": teachers, "classes": [(n, name, n) for n, name in enumerate(_CLASSES, 1)], "pupils": pupils,
        "subjects": list(_SUBJECTS), "marks": marks, "absences": absences,
    }  # fmt: skip
