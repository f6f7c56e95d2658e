"""Whether a question is in English, the only language that the built-in models know.

Judged by letters of other scripts, and by the commonest words of six languages that use the Latin one. Names and values
that a question mentions may be of any language: one word of another language is none of its grammar.
"""

from __future__ import annotations

import re
import unicodedata

_LEAST = 2
"""Common words of another language that are a sign of it."""
_SHARE = 0.3
"""Of a question's letters that are of another script."""

_ENGLISH = frozenset(
    """
    a about all and any are as at by did do does each for from had has have how i in is it its last list many me most
    much name of on or our over per show than that the their there this to under was we were what when where which who
    whose with year
    """.split()  # noqa: SIM905 - words
)
_OTHERS = frozenset(
    """
    aber alle als am anzahl auch auf aus bei das dem den der des die dieser durch ein eine einem einen einer es für
    bitte gab gibt haben hat ich ihr im ist je jeder kein letzte letzten letzter letztes mehr
    mit nach nicht noch nur oder ohne pro sind und unter von vom vor war waren
    was welche welchem welchen welcher welches wem wen wer wie wieviel wieviele viele zeige zu zum zur über
    au aux avec ce cette combien dans de des du elle est et etait était il le les leur nombre nous ont ou où par pas
    plus pour quel quelle quelles quels qui sont sur toutes tous un une
    al con cual cuál cuáles cuales cuantas cuantos cuánto cuántos cuántas del donde el ella en entre esta fue hay la
    las los más muestra para por que qué quien quién según son su sus todos todas una y
    che chi ci della delle dei degli di gli ha hanno nel nella non per più quali quale quanti quante quanto sono tra
    com da das dos em foram foi mais mostre não o os quantas quantos qual quais são tem uma
    aan bij dat deze dit een elke er heeft het hoe hoeveel meer met naar niet ook te tot uit van voor waar wat welk wie
    zijn
    """.split()  # noqa: SIM905 - words
) - {"a", "per", "was", "are", "do", "me", "as", "in", "o", "is", "of", "on", "or"}
"""Without what is English too."""
_WORD = re.compile(r"[^\W\d_]+")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'(?!\w)|\u201c[^\u201d]*\u201d|\u201e[^\u201c]*\u201c|\u300c[^\u300d]*\u300d")


def is_english(text: str) -> bool:
    """Whether nothing speaks against it; what is in quotes does not count."""
    text = unicodedata.normalize("NFKC", _QUOTED.sub(" ", text))
    letters = [character for character in text if character.isalpha()]
    foreign = sum(not unicodedata.name(letter, "LATIN").startswith("LATIN") for letter in letters)
    if letters and foreign / len(letters) > _SHARE:
        return False
    found = _WORD.findall(text)
    words = [word.casefold() for at, word in enumerate(found) if not at or word[0].islower()]  # others are names
    others = sum(word in _OTHERS for word in words)
    return others < _LEAST or others <= sum(word in _ENGLISH for word in words)
