"""Text that tries to drive a terminal, break markup, or hide: the 22 payload kinds. More is in ``tests/corpus/texts.py``."""

from __future__ import annotations

import unicodedata

PAYLOADS = {
    "clear-screen": "a\x1b[2Jb",
    "title": "\x1b]0;owned\x07",
    "link": "\x1b]8;;http://evil/\x1b\\click\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;ZWNobyBvd25lZA==\x1b\\",
    "dcs": "\x1bP+q544e\x1b\\",
    "c1-csi": "\x9b2J",
    "c1-osc": "\x9d0;owned\x9c",
    "del": "a\x7f\x7fb",
    "nul": "a\x00b",
    "bell": "\x07\x07",
    "backspace": "password\b\b\b\b\b\b\b\bharmless",
    "carriage-return": "real\rfake",
    "vertical-tab": "a\x0b\x0cb",
    "bidi-override": "admin\u202etxt.exe",
    "bidi-isolate": "\u2066abc\u2069",
    "zero-width": "pay\u200bpal\u2060\ufeff",
    "tags": "hi\U000e0041\U000e0042",
    "line-separator": "a\u2028b\u2029c",
    "surrogate": "a\ud800b",
    "markup-close": "[/nothing]",
    "markup-link": "[link=http://evil]x[/link] [bold red]y",
    "emoji-code": ":smile: :boom:",
}

SHOWN = {
    *"\u200c\u200d\u180e",  # where letters or emoji need them: tests/ui/test_clean.py
    *"\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd",  # signs that show
}
"""Characters whose category is that of hidden ones."""


FLAGS = tuple(
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in place) + "\U000e007f"
    for place in ("gbeng", "gbsct", "gbwls")
)
"""England, Scotland, Wales: the only flags made of tags that Unicode recommends, and so the only tags that show."""


def forbidden(text: str, allowed: str = "\n") -> set[str]:
    """The characters of ``text`` that must never reach a terminal, other than ``allowed`` ones."""
    bad = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    for flag in FLAGS:
        text = text.replace(flag, "")
    return {c for c in set(text) - set(allowed) - SHOWN if unicodedata.category(c) in bad}
