"""Ein Handelsbetrieb: the stock and order system of a German dealer, names abbreviated, statuses as letters, net and VAT."""

from __future__ import annotations

import datetime as dt

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import TODAY, Rows, back, people
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE kunden (kdnr INTEGER PRIMARY KEY, name TEXT NOT NULL, plz TEXT NOT NULL, ort TEXT NOT NULL,
    kdgrp TEXT NOT NULL, -- E Einzelhandel, G Großhandel, P privat
    gesperrt TEXT NOT NULL DEFAULT 'N');
CREATE TABLE artikel (artnr TEXT PRIMARY KEY, bez TEXT NOT NULL, wgr INTEGER NOT NULL REFERENCES warengruppen(wgr), vk_netto REAL NOT NULL, ek_netto REAL NOT NULL, mwst INTEGER NOT NULL, bestand INTEGER NOT NULL, meldebestand INTEGER NOT NULL);
CREATE TABLE warengruppen (wgr INTEGER PRIMARY KEY, bez TEXT NOT NULL);
CREATE TABLE auftraege (aufnr INTEGER PRIMARY KEY, kdnr INTEGER NOT NULL REFERENCES kunden(kdnr), datum TEXT NOT NULL,
    status TEXT NOT NULL, -- O offen, L geliefert, F fakturiert, S storniert
    vertreter TEXT);
CREATE TABLE aufpos (aufnr INTEGER NOT NULL REFERENCES auftraege(aufnr), pos INTEGER NOT NULL, artnr TEXT NOT NULL REFERENCES artikel(artnr), menge INTEGER NOT NULL, preis REAL NOT NULL,
    rabatt REAL NOT NULL DEFAULT 0, -- Prozent
    PRIMARY KEY (aufnr, pos));
CREATE TABLE rechnungen (renr INTEGER PRIMARY KEY, aufnr INTEGER NOT NULL REFERENCES auftraege(aufnr), redatum TEXT NOT NULL, faellig TEXT NOT NULL, brutto REAL NOT NULL, bezahlt_am TEXT);
"""

_GROUPS: list[Row] = [
    (10, "Werkzeug"),
    (20, "Gartengeräte"),
    (30, "Farben & Lacke"),
    (40, "Bücher"),
    (50, "Lebensmittel"),
]
_ARTICLES = (
    ("Schlagbohrmaschine", 10, 89.0, 19), ("Akkuschrauber", 10, 129.0, 19), ("Wasserwaage 60 cm", 10, 17.5, 19), ("Hammer", 10, 12.9, 19),
    ("Rasenmäher", 20, 249.0, 19), ("Heckenschere", 20, 74.0, 19), ("Gießkanne 10 l", 20, 9.9, 19), ("Schubkarre", 20, 58.0, 19),
    ("Wandfarbe weiß 10 l", 30, 34.0, 19), ("Holzlasur", 30, 21.5, 19), ("Pinselset", 30, 8.4, 19),
    ("Gartenkalender", 40, 12.0, 7), ("Heimwerkerbuch", 40, 24.9, 7), ("Honig 500 g", 50, 6.2, 7), ("Apfelsaft 1 l", 50, 2.1, 7), ("Müsli", 50, 4.3, 7),
)  # fmt: skip
_TOWNS = (
    ("20095", "Hamburg"),
    ("80331", "München"),
    ("50667", "Köln"),
    ("01067", "Dresden"),
    ("99084", "Erfurt"),
    ("24103", "Kiel"),
)


def rows(dice: Dice) -> Rows:
    customers: list[Row] = []
    for number, name in enumerate(people(dice, 110), 10_001):
        group = dice.pick("EGPP")
        town = dice.pick(_TOWNS)
        firm = name if group == "P" else f"{name.split()[1]} {dice.pick(('GmbH', 'OHG', 'e. K.', 'AG'))}"
        customers.append((number, firm, *town, group, "J" if dice.chance(0.07) else "N"))
    articles: list[tuple[str, str, int, float, float, int, int, int]] = []
    for number, (bez, wgr, listed, tax) in enumerate(_ARTICLES):
        price = round(listed * dice.between(85, 120) / 100, 2)
        stock = 0 if dice.chance(0.3) else dice.between(1, 200)
        articles.append(
            (
                f"{wgr}-{number + 101}",
                bez,
                wgr,
                price,
                round(price * dice.between(50, 75) / 100, 2),
                tax,
                stock,
                dice.between(1, 6) * 10,
            )
        )
    orders: list[Row] = []
    lines: list[Row] = []
    bills: list[Row] = []
    first = dice.between(0, 15)
    for number, age in enumerate(sorted((dice.skewed(0, 640, 1.1) for _ in range(900)), reverse=True), 2_000_001):
        day = back(age)
        state = dice.weighted("OLFS", (1, 1, 14, 1)) if age > 25 else dice.weighted("OLFS", (6, 3, 1, 1))
        rep = None if dice.chance(0.3) else dice.pick(("KRA", "MEI", "SCH"))
        orders.append((number, dice.skewed(10_001, 10_100, 1.4), day.isoformat(), state, rep))
        gross = 0.0
        wanted = dict.fromkeys(dice.skewed(0, 14, 1.1) for _ in range(dice.skewed(1, 5, 1.5)))
        for pos, place in enumerate(wanted, 1):
            article = articles[(place + first) % len(articles)]
            amount, discount = dice.skewed(1, 12, 2.0), dice.pick((0, 0, 0, 3, 5, 10))
            lines.append((number, pos * 10, article[0], amount, article[3], float(discount)))
            gross += amount * article[3] * (1 - discount / 100) * (1 + article[5] / 100)
        if state == "F":
            sent = min(day + dt.timedelta(days=dice.between(1, 9)), TODAY)
            due = sent + dt.timedelta(days=dice.pick((14, 30)))
            paid = due + dt.timedelta(days=dice.between(-12, 20))
            settled = dice.chance(0.96) and paid <= TODAY
            bills.append(
                (
                    700_001 + len(bills),
                    number,
                    sent.isoformat(),
                    due.isoformat(),
                    round(gross, 2),
                    paid.isoformat() if settled else None,
                )
            )
    return {
        "kunden": customers,
        "warengruppen": _GROUPS,
        "artikel": articles,
        "auftraege": orders,
        "aufpos": lines,
        "rechnungen": bills,
    }
