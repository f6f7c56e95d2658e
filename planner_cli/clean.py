r"""Making text from models, databases, files and errors safe to print.

``rich`` 15 passes ESC, OSC 52 (clipboard), C1, NUL, DEL and bidi controls through ``Text``, and plain
``print`` passes all of them, so everything goes through :func:`clean`: what could drive a terminal or hide
becomes a visible escape such as ``\x1b`` or ``\u202e``.

Covered: C0, DEL, C1 and the Unicode categories Cf, Cs, Co, Cn, Zl, Zp, and letters and marks that show as
nothing (Hangul fillers, variation selectors). Not covered: look-alike letters, and long stacks of visible
combining marks. A backslash in the text stays as it is, so the escapes are for reading, not for decoding.
"""

from __future__ import annotations

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

_JOINERS = "\u200d\ufe0e\ufe0f"
_PICTURE = "[\u2190-\u2bff\u3030\u303d\u3297\u3299\u00a9\u00ae\U0001f000-\U0001faff]"
_EMOJI = re.compile(
    f"{_PICTURE}[\U0001f3fb-\U0001f3ff\ufe0e\ufe0f]*(?:\u200d{_PICTURE}[\U0001f3fb-\U0001f3ff\ufe0e\ufe0f]*)*"
    "|[0-9#*]\ufe0f(?=\u20e3)"
)
"""Where joiners and variation selectors have a visible meaning."""

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
        unsafe = code in _INVISIBLE or unicodedata.category(chr(code)) in _UNSAFE_CATEGORIES
        self[code] = self._escape(code) if unsafe else code
        return self[code]


_ONE_LINE = _Escapes(_visible)
_LINES = _Escapes(_visible, keep="\n\t")
_IN_EMOJI = _Escapes(_visible, keep=_JOINERS)
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
    table = _LINES if newlines else _ONE_LINE
    if not any(joiner in text for joiner in _JOINERS):
        return Clean(text.translate(table))
    parts: list[str] = []
    end = 0
    for match in _EMOJI.finditer(text):
        parts += [text[end : match.start()].translate(table), match.group().translate(_IN_EMOJI)]
        end = match.end()
    parts.append(text[end:].translate(table))
    return Clean("".join(parts))


def clean_json(text: str) -> Clean:
    r"""Serialised JSON with the same characters as ``\uXXXX`` escapes: safe to print, nothing lost.

    The line ends that ``json.dumps(indent=...)`` writes stay; those inside strings are escapes already.
    """
    if text.isascii() and text.isprintable():
        return Clean(text)
    return Clean(text.translate(_JSON))
