"""A help desk: tickets with local text times, satisfaction, agents in teams, tags in one column, time spent in minutes."""

from __future__ import annotations

import datetime as dt

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import TODAY, Rows, back, clock, people
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE agent (id INTEGER PRIMARY KEY, name TEXT NOT NULL, team_id INTEGER NOT NULL REFERENCES team(id), lead INTEGER NOT NULL);
CREATE TABLE requester (id INTEGER PRIMARY KEY, name TEXT NOT NULL, org TEXT, vip INTEGER NOT NULL DEFAULT 0);
CREATE TABLE ticket (
    id INTEGER PRIMARY KEY, subject TEXT NOT NULL, requester_id INTEGER NOT NULL REFERENCES requester(id),
    agent_id INTEGER REFERENCES agent(id), channel TEXT NOT NULL, -- mail, phone, chat, web
    st INTEGER NOT NULL, -- 2 open, 3 pending, 4 solved, 5 closed
    prio TEXT NOT NULL, tags TEXT NOT NULL, created TEXT NOT NULL, first_reply TEXT, solved TEXT, csat INTEGER -- 1 to 5
);
CREATE TABLE worklog (id INTEGER PRIMARY KEY, ticket_id INTEGER NOT NULL REFERENCES ticket(id), agent_id INTEGER NOT NULL REFERENCES agent(id), day TEXT NOT NULL, minutes INTEGER NOT NULL);
"""

_SUBJECTS = (
    "Cannot log in",
    "Invoice is wrong",
    "Printer offline",
    "Reset my password",
    "App is slow",
    "Where is my parcel",
    "VPN drops",
    "Cancel my contract",
)
_TAGS = ("login", "billing", "hardware", "bug", "angry", "refund")
_ORGS = ("Alder Ltd", "Beech & Co", "Cypress Inc", "Dogwood plc", None)


def rows(dice: Dice) -> Rows:
    names = people(dice, 130)
    agents: list[Row] = [
        (n, name, dice.between(1, 3) if n > 3 else n, int(n <= 3)) for n, name in enumerate(names[:11], 1)
    ]
    people_: list[Row] = [(n, name, dice.pick(_ORGS), int(dice.chance(0.08))) for n, name in enumerate(names[11:], 1)]
    tickets: list[Row] = []
    work: list[Row] = []
    often = [dice.between(3, 9) for _ in _SUBJECTS]
    for number in range(1, dice.between(1000, 1100)):
        start = dt.datetime.combine(back(dice.skewed(1, 420, 1.3)), dt.time()) + dt.timedelta(
            seconds=dice.between(25_000, 70_000)
        )
        agent = None if dice.chance(0.07) else dice.skewed(1, 10, 1.3)
        state = 2 if agent is None else dice.weighted((2, 3, 4, 5), (2, 1, 4, 7))
        reply = (
            start + dt.timedelta(minutes=dice.skewed(2, 2000, 3.0)) if agent is not None and dice.chance(0.97) else None
        )
        solved = start + dt.timedelta(minutes=dice.skewed(30, 12_000, 2.5)) if state > 3 else None
        if solved and solved.date() > TODAY:
            solved, state = None, 3
        rated = dice.weighted((1, 2, 3, 4, 5), (2, 1, 2, 5, 7)) if solved and dice.chance(0.4) else None
        tags = ",".join(tag for tag in _TAGS if dice.chance(0.2))
        tickets.append((
            number, dice.weighted(_SUBJECTS, often), dice.skewed(1, 119, 1.4), agent, dice.weighted(("mail", "phone", "chat", "web"), (5, 3, 3, 2)), state,
            dice.weighted(("low", "normal", "high", "urgent"), (3, 8, 3, 1)), tags, _text(start), _text(reply), _text(solved), rated,
        ))  # fmt: skip
        if agent is not None:
            for _ in range(dice.skewed(0, 4, 1.5)):
                work.append(
                    (
                        len(work) + 1,
                        number,
                        agent if dice.chance(0.8) else dice.between(1, 10),
                        start.date().isoformat(),
                        dice.between(1, 18) * 5,
                    )
                )
    return {
        "team": [(1, "First level"), (2, "Billing"), (3, "Infrastructure")], "agent": agents, "requester": people_,
        "ticket": tickets, "worklog": work,
    }  # fmt: skip


def _text(moment: dt.datetime | None) -> str | None:
    return None if moment is None else f"{moment.date()} {clock(moment.hour * 3600 + moment.minute * 60)}"
