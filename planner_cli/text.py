"""Text as SQLite compares it, and text on one line.

The lowest layer: the sandbox worker imports it at each start.
"""

from __future__ import annotations

import re
import unicodedata

_FOLDED = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}

_BREAKS = re.compile("[ \t]*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+[ \t\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*")
"""Whatever some program treats as the end of a line, with the blanks around it."""

_QUOTED = re.compile(r"\"[^\"]+\"|'[^']+'(?!\w)|\u201c[^\u201d]+\u201d|\u2018[^\u2019]+\u2019|`[^`]+`")


_ACCENTS = re.compile("[\u0300-\u036f]")


def plain(text: str) -> str:
    """Without accents and full-width forms, in one Unicode normal form; its case is kept.

    Only the accents of Latin, Greek and Cyrillic letters: what is alike of other scripts is another letter.
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))


def nocase(name: str) -> str:
    """``name`` as SQLite compares names: the 26 letters of ASCII folded, all others as they are.

    ``É`` and ``é`` are two columns, and ``Straße`` is not ``STRASSE``. Whether two names are the same is always
    decided here; Python's ``lower`` and ``casefold`` fold more.
    """
    return name.lower() if name.isascii() else name.translate(_FOLDED)


def without_breaks(text: str) -> str:
    """On one line: a blank for each line break, other white space as it is."""
    return _BREAKS.sub(" ", text)


def on_one_line(question: str) -> str:
    """A question on one line: its white space folded, except for blanks within quotes, which belong to a value."""
    parts: list[str] = []
    end = 0
    text = without_breaks(question).strip()
    for match in _QUOTED.finditer(text):
        parts += [_folded(text[end : match.start()]), match.group()]
        end = match.end()
    return "".join([*parts, _folded(text[end:])])


def _folded(text: str) -> str:
    return re.sub(r"\s+", " ", text)
