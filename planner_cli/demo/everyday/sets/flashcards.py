"""Flash cards learned by spaced repetition, laid out like a well-known program: ids are milliseconds since 1970."""

from __future__ import annotations

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import Rows, back, seconds
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE decks (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE notes (id INTEGER PRIMARY KEY, mod INTEGER NOT NULL, tags TEXT NOT NULL, front TEXT NOT NULL, back TEXT NOT NULL);
CREATE TABLE cards (
    id INTEGER PRIMARY KEY,  /* epoch ms of creation */
    nid INTEGER NOT NULL REFERENCES notes(id), did INTEGER NOT NULL REFERENCES decks(id),
    queue INTEGER NOT NULL,  /* -1 suspended, 0 new, 1 learning, 2 review */
    ivl INTEGER NOT NULL,    /* days until it comes again */
    factor INTEGER NOT NULL, /* ease in permille */
    reps INTEGER NOT NULL, lapses INTEGER NOT NULL
);
CREATE TABLE revlog (
    id INTEGER PRIMARY KEY,  /* epoch ms of the review */
    cid INTEGER NOT NULL REFERENCES cards(id),
    ease INTEGER NOT NULL,   /* button: 1 again, 2 hard, 3 good, 4 easy */
    time INTEGER NOT NULL    /* ms taken */
);
"""

_WORDS: tuple[tuple[str, str, str], ...] = tuple(
    (front, answer, deck)
    for deck, text in (
        ("Japanese::N5", "犬 dog,猫 cat,水 water,山 mountain,川 river,本 book,車 car,火 fire,空 sky,雨 rain,魚 fish,鳥 bird,花 flower,木 tree,人 person"),
        ("German", "Hund dog,Katze cat,Wasser water,Berg mountain,Fluss river,Buch book,Wagen car,Feuer fire,Himmel sky,Regen rain,Fisch fish,Vogel bird,Blume flower,Baum tree,Mensch person"),
        ("Capitals", "Norway Oslo,Peru Lima,Ghana Accra,Nepal Kathmandu,Chile Santiago,Kenya Nairobi,Latvia Riga,Oman Muscat,Fiji Suva,Cuba Havana,Japan Tokyo,Malta Valletta"),
        ("Chemistry", "Fe iron,Au gold,Ag silver,Pb lead,Cu copper,Sn tin,Na sodium,K potassium,W tungsten,Hg mercury"),
    )
    for front, answer in (pair.split(" ") for pair in text.split(","))
)  # fmt: skip
_DECKS = ("Japanese::N5", "German", "Capitals", "Chemistry")


def rows(dice: Dice) -> Rows:
    decks: list[Row] = [(n, name) for n, name in enumerate((*_DECKS, "Old stuff")[: dice.between(4, 5)], 1)]
    notes: list[Row] = []
    cards: list[tuple[int, int, int, int, int, int, int, int]] = []
    log: dict[int, Row] = {}
    for front, answer, deck in _WORDS:
        if front != "猫" and dice.chance(0.12):
            continue
        age = dice.between(30, 700)
        note = seconds(back(age), dice.between(0, 80_000)) * 1000 + dice.between(0, 999)
        tags = dice.pick(("", " verb ", " hard ", " exam ", " exam hard "))
        notes.append((note, note // 1000, tags, front, answer))
        for side in range(1 if deck == "Chemistry" else 2):
            card = note + side + 1
            queue = dice.weighted((-1, 0, 1, 2), (1, 2, 1, 9))
            reps = lapses = 0
            if queue:
                for _ in range(dice.skewed(1, 34, 1.5)):
                    moment = seconds(
                        back(dice.skewed(0, age - 1, 1.5)), dice.between(25_000, 80_000)
                    ) * 1000 + dice.between(0, 999)
                    ease = dice.weighted((1, 2, 3, 4), (2, 2, 7, 1))
                    log[moment] = (moment, card, ease, dice.skewed(900, 60_000, 3.0))
                    reps, lapses = reps + 1, lapses + (ease == 1)
            ivl = 0 if queue == 0 else dice.skewed(1, 300, 2.5)
            cards.append(
                (card, note, _DECKS.index(deck) + 1, queue, ivl, 2500 - 40 * lapses if queue else 0, reps, lapses)
            )
    return {"decks": decks, "notes": notes, "cards": cards, "revlog": [log[key] for key in sorted(log)]}
