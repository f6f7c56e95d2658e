"""Which questions depend on the day on which they are asked.

Words of English, German, French and Japanese for a time that counts from now. A question that names its dates needs
none; one whose text says which day it is has one.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

from planner_cli.types import Question

_SPAN = (
    r"(second|minute|hour|day|night|week|weekend|month|quarter|year|decade|season|summer|winter|spring|autumn"
    r"|(mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|october"
    r"|november|december)s?"
)
_SPANNE = r"(tag|woche|wochenende|monat|quartal|jahr|sommer|winter)(e|en|es|s|n)?"
_FROM_NOW = re.compile(
    rf"""
      \b(today|yesterday|tomorrow|tonight|now|nowadays|currently|overdue|upcoming|recent|recently|lately|ytd|mtd)\b
    | \b(ago|so\ far|to\ date|how\ old|years?\ old|(old|young)er\ than\ \d+)\b
    | \b(this|last|past|previous|next|current|coming|within\ the|in\ the)\ (\w+\ )?{_SPAN}\b
    | \b(heute|gestern|morgen|jetzt|aktuell|derzeit|zurzeit|bisher|überfällig|neulich|vor\ \w+\ {_SPANNE})\b
    | \b(dies|letzt|vorig|nächst|vergangen|kommend|laufend)(e|er|es|en|em)\ (\w+\ )?{_SPANNE}\b
    | \b(aujourd.hui|hier|demain|maintenant|actuellement|il\ y\ a\ \d+)\b
    | \b(jours?|semaines?|mois|années?|ans?)\ (derni|proch|pass|cour)\w+ | \b(ce|cette)\ (semaine|mois|année)\b
    | 今日|昨日|一昨日|明日|今週|先週|来週|今月|先月|来月|今年|去年|昨年|来年|現在|最近|直近
    | \d+(日|週間|[かヶケ]月|年)前
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SAID = re.compile(r"\btoday is (\d{4}-\d\d-\d\d)\b", re.IGNORECASE)


def is_about_now(text: str) -> bool:
    """Whether the answer depends on the day, and the text does not say which it is."""
    return _FROM_NOW.search(text) is not None and _SAID.search(text) is None


def on_day(question: Question, today: str | None, *, clock: bool = True) -> Question:
    """The question with the day where it depends on it: what the text says, or ``today``, or with ``clock`` today's.

    If that is not the clock's day, the queries count from it as well.
    """
    text = question.with_earlier
    said = _SAID.search(text)
    if said is not None:
        return replace(question, now=said[1])
    if not is_about_now(text):
        return question
    shown = today or (dt.datetime.now().astimezone().date().isoformat() if clock else None)
    return replace(question, today=shown, now=today)
