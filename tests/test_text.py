"""Names compared as SQLite compares them, and questions on one line."""

from __future__ import annotations

from contextlib import closing, nullcontext

import apsw
import pytest

from planner_cli.text import nocase, on_one_line, plain, without_breaks

PAIRS = [
    ("ASCII", "City", "cITY", True),
    ("an accent", "É", "é", False),
    ("an accent beside ASCII", "ÉTAT", "État", True),
    ("umlaut", "Ärzte", "ärzte", False),
    ("sharp s", "Straße", "STRASSE", False),
    ("Cyrillic", "Клиенты", "клиенты", False),
    ("Greek final sigma", "ΟΔΟΣ", "οδος", False),
    ("the Kelvin sign", "\u212a", "k", False),
    ("the long s", "\u017felect", "select", False),
    ("Turkish dotted I", "\u0130d", "id", False),
    ("full-width letters", "\uff21", "\uff41", False),
    ("a ligature", "\ufb01", "fi", False),
    ("two normal forms", "caf\u00e9", "cafe\u0301", False),
    ("what stands beside the letters in ASCII", "[@", "{`", False),
    ("a blank at the end", "a", "a ", False),
]


@pytest.mark.parametrize(("one", "other", "same"), [p[1:] for p in PAIRS], ids=[p[0] for p in PAIRS])
def test_names_are_the_same_where_they_are_to_sqlite(one: str, other: str, same: bool) -> None:
    assert (nocase(one) == nocase(other)) is same
    with closing(apsw.Connection(":memory:")) as connection:
        asked = connection.execute("SELECT ?1 = ?2 COLLATE NOCASE", (one, other)).fetchall()
        assert asked == [(int(same),)]
        connection.execute(f'CREATE TABLE t ("{one.replace("`", "")}")')
        with pytest.raises(apsw.SQLError, match="duplicate column") if same else nullcontext():
            connection.execute(f'ALTER TABLE t ADD COLUMN "{other.replace("`", "")}"')


QUESTIONS = [
    ("blanks outside of quotes", "How  many\t are\n there? ", "How many are there?"),
    ("blanks in double quotes", 'how many "New  York"  orders', 'how many "New  York" orders'),
    ("blanks at the end of a value", "in 'Berlin      '?", "in 'Berlin      '?"),
    (
        "typographic quotes",
        "in \u201cNew  York\u201d  or \u2018a  b\u2019",
        "in \u201cNew  York\u201d or \u2018a  b\u2019",
    ),
    ("a line break in quotes", "the 'a \n b'  one", "the 'a b' one"),
    ("no-break spaces outside", "how\u00a0many\u3000are there", "how many are there"),
    ("a no-break space within", "'10\u00a0km'  away", "'10\u00a0km' away"),
    ("an apostrophe", "what's  the customer's  name", "what's the customer's name"),
    ("a line separator", "one\u2028two", "one two"),
    ("nothing", " \n ", ""),
]


@pytest.mark.parametrize(("question", "expected"), [q[1:] for q in QUESTIONS], ids=[q[0] for q in QUESTIONS])
def test_a_question_keeps_the_blanks_within_its_quotes(question: str, expected: str) -> None:
    assert on_one_line(question) == expected


def test_only_line_breaks_give_way() -> None:
    assert without_breaks("a  b\r\n\n c\u2029d") == "a  b c d"


PLAIN = [
    ("ASCII", "Total_1", "Total_1"),
    ("an accent of one character", "\u00c9tat", "Etat"),
    ("an accent of its own", "E\u0301tat", "Etat"),
    ("umlauts", "Größe", "Große"),
    ("full-width letters", "\uff21\uff22\uff11", "AB1"),
    ("half-width katakana", "\uff76\uff9e", "\u30ac"),
    ("a voiced sound is another one", "か\u3099", "が"),
    ("a syllable", "\u1109\u1165", "서"),
    ("Greek", "Όνομα", "Ονομα"),
    ("a vowel sign", "\u0926\u093f", "\u0926\u093f"),
]


@pytest.mark.parametrize(("text", "without"), [p[1:] for p in PLAIN], ids=[p[0] for p in PLAIN])
def test_plain_text_has_no_accents(text: str, without: str) -> None:
    assert plain(text) == without
