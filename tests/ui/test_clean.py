from __future__ import annotations

import json

import pytest
from hostile_texts import PAYLOADS, forbidden
from hypothesis import given
from hypothesis import strategies as st

from planner_cli.clean import clean, clean_json
from planner_cli.ui.jsontext import to_json

CASES = [
    ("plain", "SELECT 1", "SELECT 1"),
    ("esc", "\x1b[2J", r"\x1b[2J"),
    ("nul", "a\0b", r"a\x00b"),
    ("del", "\x7f", r"\x7f"),
    ("c1", "\x9b", r"\x9b"),
    ("newline", "a\nb", r"a\nb"),
    ("tab-and-return", "a\tb\r", r"a\tb\r"),
    ("bidi", "\u202e", r"\u202e"),
    ("line-separator", "\u2028", r"\u2028"),
    ("tag", "\U000e0041", r"\U000e0041"),
    ("lone-surrogate", "\ud800", r"\ud800"),
    ("private-use", "\ue000", r"\ue000"),
    ("unassigned", "\U000e0fff", r"\U000e0fff"),
    ("hangul-filler", "a\u3164b", r"a\u3164b"),
    ("hidden-variation-selectors", "a\U000e0101\ufe00", r"a\U000e0101\ufe00"),
    ("umlauts-stay", "Müller & Söhne", "Müller & Söhne"),
    ("wide-stays", "日本語", "日本語"),
    ("no-break-space-stays", "a\u00a0b", "a\u00a0b"),
    ("family-emoji-stays", "👨\u200d👩\u200d👧!", "👨\u200d👩\u200d👧!"),
    ("heart-with-selector-stays", "\u2764\ufe0f", "\u2764\ufe0f"),
    ("keycap-stays", "1\ufe0f\u20e3", "1\ufe0f\u20e3"),
    ("joiner-outside-emoji", "a\u200db", r"a\u200db"),
    ("joiner-after-emoji", "👨\u200d evil", r"👨\u200d evil"),
    ("markup-untouched", "[/nothing]:smile:", "[/nothing]:smile:"),
    ("backslash-untouched", r"\x1b", r"\x1b"),
]


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_clean(text, expected):
    assert clean(text) == expected


def test_newlines_keeps_line_ends_and_tabs_only():
    assert clean("a\r\nb\tc\rd\x1b", newlines=True) == "a\nb\tc\\rd\\x1b"


@given(st.text(st.characters(codec=None)))
def test_nothing_forbidden_is_left_and_cleaning_twice_changes_nothing(text):
    cleaned = clean(text)
    assert not forbidden(cleaned, allowed="")
    assert clean(cleaned) == cleaned


@given(st.text(st.characters(codec=None)))
def test_json_text_is_safe_and_loses_nothing(text):
    written = to_json({"a": [text]}, indent=1)
    assert not forbidden(written)
    assert "\u200d" not in written
    # A high and a low lone surrogate side by side are one character in JSON, and only there.
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    assert json.loads(written)["a"][0] == joined


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_payloads(payload):
    assert not forbidden(clean(payload), allowed="")


def test_naughty_strings(naughty):
    assert len(naughty) > 1000
    for text in naughty:
        assert not forbidden(clean(text), allowed="")
        assert not forbidden(clean_json(json.dumps(text, ensure_ascii=False)), allowed="")
