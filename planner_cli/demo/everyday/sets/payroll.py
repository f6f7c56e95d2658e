"""A Japanese company's payroll: names, tables and columns in Japanese, amounts in yen, months as text."""

from __future__ import annotations

import datetime as dt

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import TODAY, Rows, back, months
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE 部署 (部署コード TEXT PRIMARY KEY, 部署名 TEXT NOT NULL, 拠点 TEXT NOT NULL);
CREATE TABLE 社員 (
    社員番号 INTEGER PRIMARY KEY, 氏名 TEXT NOT NULL, フリガナ TEXT NOT NULL, 部署コード TEXT NOT NULL REFERENCES 部署(部署コード),
    入社日 TEXT NOT NULL, 退職日 TEXT, 区分 TEXT NOT NULL -- 正社員, 契約, パート
);
CREATE TABLE 給与 (
    社員番号 INTEGER NOT NULL REFERENCES 社員(社員番号), 年月 TEXT NOT NULL, -- YYYYMM
    基本給 INTEGER NOT NULL, 残業時間 REAL NOT NULL, 残業代 INTEGER NOT NULL, 控除 INTEGER NOT NULL,
    PRIMARY KEY (社員番号, 年月)
);
CREATE TABLE 有給 (id INTEGER PRIMARY KEY, 社員番号 INTEGER NOT NULL REFERENCES 社員(社員番号), 取得日 TEXT NOT NULL, 日数 REAL NOT NULL);
"""

_FAMILY = (
    ("佐藤", "サトウ"),
    ("鈴木", "スズキ"),
    ("高橋", "タカハシ"),
    ("田中", "タナカ"),
    ("渡辺", "ワタナベ"),
    ("伊藤", "イトウ"),
    ("山本", "ヤマモト"),
    ("中村", "ナカムラ"),
    ("小林", "コバヤシ"),
    ("加藤", "カトウ"),
    ("吉田", "ヨシダ"),
    ("山田", "ヤマダ"),
)
_GIVEN = (
    ("陽菜", "ヒナ"),
    ("蓮", "レン"),
    ("結衣", "ユイ"),
    ("大翔", "ヒロト"),
    ("葵", "アオイ"),
    ("悠真", "ユウマ"),
    ("美咲", "ミサキ"),
    ("健太", "ケンタ"),
    ("さくら", "サクラ"),
    ("翔", "ショウ"),
)
_DEPARTMENTS: list[Row] = [
    ("E01", "営業部", "東京"), ("K02", "経理部", "東京"), ("S03", "製造部", "名古屋"), ("H04", "品質保証部", "名古屋"), ("J05", "情報システム部", "大阪"),
]  # fmt: skip


def rows(dice: Dice) -> Rows:
    named: dict[tuple[str, str], None] = {}
    while len(named) < 64:
        family, given = dice.pick(_FAMILY), dice.pick(_GIVEN)
        named[f"{family[0]} {given[0]}", f"{family[1]} {given[1]}"] = None
    staff: list[Row] = []
    pay: list[Row] = []
    leave: list[Row] = []
    for number, (name, reading) in enumerate(named, 1001):
        joined = back(dice.skewed(40, 9000, 1.3))
        left = back(dice.between(1, 300)) if dice.chance(0.1) and joined < back(400) else None
        kind = dice.weighted(("正社員", "契約", "パート"), (7, 2, 2))
        department = str(dice.weighted(_DEPARTMENTS, (4, 2, 6, 2, 3))[0])
        staff.append((number, name, reading, department, joined.isoformat(), left.isoformat() if left else None, kind))
        base = dice.between(11, 21) * 10_000 if kind == "パート" else dice.between(210, 520) * 1000
        for month in months(dt.date(2024, 1, 1)):
            if month < joined.replace(day=1) or (left and month > left) or month >= TODAY.replace(day=1):
                continue
            hours = dice.skewed(0, 190, 2.4) / 4
            extra = int(base / 160 * 1.25 * hours)
            pay.append((number, f"{month:%Y%m}", base, hours, extra, int((base + extra) * dice.between(18, 24) / 100)))
        for _ in range(dice.skewed(0, 22, 1.5)):
            day = back(dice.between(0, 530))
            if joined < day and (left is None or day < left):
                leave.append((len(leave) + 1, number, day.isoformat(), dice.pick((0.5, 1.0, 1.0))))
    return {"部署": _DEPARTMENTS, "社員": staff, "給与": pay, "有給": leave}
