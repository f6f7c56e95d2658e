r"""Making text from models, databases, files and errors safe to print.

``rich`` 15 passes ESC, OSC 52 (clipboard), C1, NUL, DEL and bidi controls through ``Text``, and plain
``print`` passes all of them, so everything goes through :func:`clean`: what could drive a terminal or hide
becomes a visible escape such as ``\x1b`` or ``\u202e``.

Covered: C0, DEL, C1 and the Unicode categories Cf, Cs, Co, Cn, Zl, Zp, and letters and marks that show as
nothing (Hangul fillers, variation selectors). Joiners and selectors stay where they have a visible meaning: between
letters of scripts that need them, behind a base that takes them, in emoji and the three flags made of tags, one at a
time. Not covered: look-alike letters, and long stacks of visible combining marks. A backslash in the text stays as it
is, so the escapes are for reading, not for decoding.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Callable
from typing import NewType

Clean = NewType("Clean", str)
"""Text without anything that drives a terminal. Only this module and pieces of its results make one."""

_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

# Default-ignorable letters and marks: their category says "letter" or "mark", but they show as nothing.
_INVISIBLE = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x3164, 0xFFA0}
    | set(range(0xFE00, 0xFE10))
    | set(range(0xE0100, 0xE01F0))
)

_SIGNS_OF_FORMAT = frozenset(
    {*range(0x0600, 0x0606), 0x06DD, 0x070F, 0x0890, 0x0891, 0x08E2, 0x110BD, 0x110CD},
)
"""Format characters that do show: number signs, the end of an ayah."""

_MEANT_SOMEWHERE = re.compile("[\u180b-\u180f\u200c\u200d\ufe00-\ufe0f\U000e0020-\U000e007f\U000e0100-\U000e01ef]")
"""What is hidden in most places, and has a meaning in some."""

_PICTURE = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u23cf\u23e9-\u23f3\u23f8-\u23fa\u24c2"
    "\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297"
    "\u3299"
)
"""Pictures of the first plane that have a form in colour; the others are asked of this Python's tables."""

_CURSIVE = (range(0x0600, 0x0860), range(0x0860, 0x0900), range(0x1800, 0x18B0), range(0xA840, 0xA880),
            range(0xFB50, 0xFE00), range(0xFE70, 0xFEFF), range(0x10D00, 0x10D40), range(0x1E900, 0x1E960))  # fmt: skip
"""Arabic, Syriac, Mandaic, N'Ko, Mongolian, Phags-pa, Hanifi Rohingya, Adlam: letters that join."""
_INDIC = (range(0x0900, 0x0E00), range(0x0F00, 0x10A0), range(0x1780, 0x1800), range(0x1A20, 0x1AB0),
          range(0x1B00, 0x1C50), range(0xA800, 0xA840), range(0xA880, 0xAA00), range(0xAA00, 0xAAE0),
          range(0xAAE0, 0xAB00), range(0xABC0, 0xAC00), range(0x11000, 0x11FFF))  # fmt: skip
"""The scripts of India and its neighbours, where joiners choose between conjuncts and half forms."""
_VIRAMA = (
    "[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca\u0f84\u1039\u103a\u17d2\u1a60\u1b44\u1baa"
    "\u1bab\ua806\ua8c4\ua953\ua9c0\uaaf6\uabed\U00011046\U0001107f\U000110b9\U00011133\U000111c0\U00011235\U0001134d"
    "\U00011442\U000114c2\U000115bf\U0001163f\U000116b6\U0001193e]"
)
_HAN = "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003347f]"
_TAKES_ONE = (
    "[0\u2205\u2229\u222a\u2268\u2269\u2272\u2273\u228a\u228b\u2293-\u2295\u2297\u229c\u22da\u22db\u2a3c\u2a3d\u2a9d\u2a9e"
    "\u2aac\u2aad\u2acb\u2acc\u1000-\u1049\u1075\u1078\u107a\u1080\ua856\ua85c\ua85e-\ua860\ua868\uaa60-\uaa7a]"
)
"""Zero, operators, and letters of Myanmar and Phags-pa that have a variant."""


def _known(kinds: str, *blocks: range) -> str:
    """A character class of what these blocks have of the categories ``kinds`` that can be seen."""
    codes = [
        code
        for block in blocks
        for code in block
        if code not in _INVISIBLE and unicodedata.category(chr(code))[0] in kinds
    ]
    # Runs, since a class of single characters takes long to compile.
    starts = [code for before, code in itertools.pairwise([-1, *codes]) if code != before + 1]
    ends = [code for code, after in itertools.pairwise([*codes, -1]) if after != code + 1]
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends, strict=True))


@functools.cache
def _meant() -> re.Pattern[str]:
    """Hidden characters, each alone or a flag's together, whose neighbours give them a visible meaning.

    Each alternative begins with the hidden character and looks back from behind it: only their places are tried.
    """
    joining, indic = _known("LM", *_CURSIVE), _known("LM", *_INDIC)
    picture = f"[{_PICTURE}{_known('S', range(0x1F000, 0x1FB00))}]"
    # England, Scotland, Wales, in tags: any others hide text.
    places = "\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073"
    alone = "(?![\u200c\u200d])"
    mongolian = "[\u1820-\u1842\u1844-\u1878\u1880-\u18aa]"
    return re.compile(
        "|".join(
            (
                f"[\ufe0e\ufe0f](?<={picture}.)",
                f"\u200d(?:(?<={picture}.)|(?<={picture}[\ufe0e\ufe0f].))(?={picture})",
                f"\U000e0067(?<=\U0001f3f4.)\U000e0062(?:{places})\U000e007f",
                "\ufe0f(?<=[0-9#*].)(?=\u20e3)",
                f"\u200c(?<=[{joining}{indic}].)(?=[{joining}{indic}])",
                f"\u200d(?<=[{joining}].){alone}",
                f"[\u200c\u200d](?<={_VIRAMA}.){alone}",
                f"\u200d(?<=[{indic}].)(?=[{indic}])",
                f"[\ufe00-\ufe02\U000e0100-\U000e01ef](?<={_HAN}.)",
                f"\ufe00(?<={_TAKES_ONE}.)",
                f"[\u180b-\u180d\u180f](?<={mongolian}.)",
                f"\u180e(?<={mongolian}.)(?={mongolian})",
            )
        )
    )


_LATIN_1_END = 0xFF
_FIRST_PLANE_END = 0xFFFF
_SHORT_ESCAPES = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}


def _visible(code: int) -> str:
    if code in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[code]
    if code <= _LATIN_1_END:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= _FIRST_PLANE_END else f"\\U{code:08x}"


def _json_escape(code: int) -> str:
    if code <= _FIRST_PLANE_END:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


class _Escapes(dict[int, "int | str"]):
    """A ``str.translate`` table that decides about each character once, when it is first met."""

    def __init__(self, escape: Callable[[int], str], keep: str = "") -> None:
        super().__init__({ord(character): ord(character) for character in keep})
        self._escape = escape

    def __missing__(self, code: int) -> int | str:
        unsafe = code in _INVISIBLE or (
            code not in _SIGNS_OF_FORMAT and unicodedata.category(chr(code)) in _UNSAFE_CATEGORIES
        )
        self[code] = self._escape(code) if unsafe else code
        return self[code]


_ONE_LINE = _Escapes(_visible)
_LINES = _Escapes(_visible, keep="\n\t")
_JSON = _Escapes(_json_escape, keep="\n")


def clean(text: str, *, newlines: bool = False) -> Clean:
    r"""The text with everything that could drive a terminal, or hide in it, as visible escapes.

    Line ends and tabs become ``\n`` and ``\t`` too, unless ``newlines`` is set (thoughts, SQL), which keeps
    both and takes ``\r\n`` as one line end. Cleaning twice changes nothing.
    """
    if text.isascii() and text.isprintable():
        return Clean(text)
    if newlines:
        text = text.replace("\r\n", "\n")
    return Clean(_escaped(text, _LINES if newlines else _ONE_LINE))


def clean_json(text: str) -> Clean:
    r"""Serialised JSON with the same characters as ``\uXXXX`` escapes: safe to print, nothing lost.

    The line ends that ``json.dumps(indent=...)`` writes stay; those inside strings are escapes already.
    """
    if text.isascii() and text.isprintable():
        return Clean(text)
    return Clean(_escaped(text, _JSON))


def _escaped(text: str, table: _Escapes) -> str:
    if _MEANT_SOMEWHERE.search(text) is None:
        return text.translate(table)
    parts: list[str] = []
    end = 0
    for hidden in _MEANT_SOMEWHERE.finditer(text):
        match = _meant().match(text, hidden.start()) if hidden.start() >= end else None
        if match is not None and unicodedata.category(text[match.start() - 1]) != "Cn":
            parts += [text[end : match.start()].translate(table), match.group()]
            end = match.end()
    parts.append(text[end:].translate(table))
    return "".join(parts)


_FORMULA = re.compile(
    "[\\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff'\"]*[-=+@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]"
)
"""A sign that starts a formula, the full-width ones too, behind whatever a spreadsheet may skip; and the three by
which a cell is split (OWASP, CSV injection)."""


def is_formula(value: object) -> bool:
    """Whether a spreadsheet would run this value as a formula. Only text: -5.2 as a number is a number.

    A text with a ``'`` before such a text counts as one as well, so that the ``'`` put before a cell can be taken away
    again without a doubt.
    """
    return isinstance(value, str) and _FORMULA.match(value) is not None
