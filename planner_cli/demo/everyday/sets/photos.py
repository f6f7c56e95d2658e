"""A catalogue of photographs: sizes in bytes, exposure as a fraction, ratings, keywords, places; times as ISO text."""

from __future__ import annotations

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import Rows, back, clock
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE camera (id INTEGER PRIMARY KEY, make TEXT NOT NULL, model TEXT NOT NULL);
CREATE TABLE folder (id INTEGER PRIMARY KEY, path TEXT NOT NULL);
CREATE TABLE image (
    id INTEGER PRIMARY KEY, folder_id INTEGER NOT NULL REFERENCES folder(id), file_name TEXT NOT NULL, format TEXT NOT NULL,
    size INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, taken_at TEXT, camera_id INTEGER REFERENCES camera(id),
    iso INTEGER, exposure_s REAL, focal_mm REAL, rating INTEGER,
    flag INTEGER NOT NULL DEFAULT 0, -- 1 picked, -1 rejected
    lat REAL, lon REAL
);
CREATE TABLE keyword (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
CREATE TABLE image_keyword (image_id INTEGER NOT NULL REFERENCES image(id), keyword_id INTEGER NOT NULL REFERENCES keyword(id), PRIMARY KEY (image_id, keyword_id));
"""

_CAMERAS: list[Row] = [
    (1, "Lumora", "L1"),
    (2, "Lumora", "L5 II"),
    (3, "Kestrel", "K-70"),
    (4, "Fonia", "Pocket 9"),
    (5, "Kestrel", "K-3"),
]
_FOLDERS = (
    "2023/Norway",
    "2023/Garden",
    "2024/Wedding",
    "2024/Lisbon",
    "2024/Birds",
    "2025/Snow",
    "2025/Family",
    "Unsorted",
)
_WORDS = ("sunset", "portrait", "bird", "night", "sea", "mountain", "family", "macro", "street", "dog")


def rows(dice: Dice) -> Rows:
    images: list[Row] = []
    tagged: list[Row] = []
    often = [dice.between(2, 6) for _ in range(4)]
    side = dice.between(250, 380) * 20
    known = dice.between(4, 5)
    for number in range(1, dice.between(1150, 1300)):
        camera = None if dice.chance(0.05) else dice.weighted((1, 2, 3, 4), often)
        raw = camera is not None and camera < 4 and dice.chance(0.4)
        folder = dice.between(1, 8)
        year = _FOLDERS[folder - 1][:4]
        age = {"2023": dice.between(540, 890), "2024": dice.between(175, 530), "2025": dice.between(0, 160)}.get(
            year, dice.between(0, 890)
        )
        taken = (
            None
            if dice.chance(0.04)
            else f"{back(age)}T{clock(dice.between(20_000, 84_000))}:{dice.between(0, 59):02d}"
        )
        wide, high = dice.pick(((side, side * 2 // 3), (side * 2 // 3, side), (4032, 3024), (3024, 4032)))
        size = dice.between(20_000_000, 46_000_000) if raw else dice.between(1_800_000, 12_000_000)
        settings = (
            dice.pick((100, 200, 400, 800, 1600, 3200, 6400)),
            round(1 / dice.pick((4, 15, 60, 125, 250, 500, 1000)), 5),
            float(dice.pick((18, 24, 35, 50, 85, 200, 400))),
        )
        placed = dice.chance(0.35)
        images.append((
            number, folder, f"IMG_{number + 1200:04d}.{'RAW' if raw else 'JPG'}", "raw" if raw else "jpeg", size, wide, high, taken, camera,
            *(settings if camera else (None, None, None)), dice.weighted((None, 1, 2, 3, 4, 5), (10, 1, 2, 5, 4, 1)),
            dice.weighted((0, 1, -1), (7, 2, 1)), round(35 + dice.between(0, 300_000) / 10_000, 4) if placed else None,
            round(-10 + dice.between(0, 300_000) / 10_000, 4) if placed else None,
        ))  # fmt: skip
        tagged += [(number, word) for word in range(1, 11) if dice.chance(0.12)]
    return {
        "camera": _CAMERAS[:known], "folder": list(enumerate(_FOLDERS, 1)), "image": images,
        "keyword": list(enumerate(_WORDS, 1)), "image_keyword": tagged,
    }  # fmt: skip
