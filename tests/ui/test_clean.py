from __future__ import annotations

import json
import re

import pytest
from hostile_texts import FLAGS, PAYLOADS, forbidden
from hypothesis import given
from hypothesis import strategies as st

from planner_cli.clean import clean, clean_json
from planner_cli.ui.jsontext import to_json

TEXAS = "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in "ustx") + "\U000e007f"
"""Well formed, and no flag that Unicode recommends: it shows as a black flag."""

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
    # joiners and selectors where they have a meaning
    ("persian", "می\u200cخواهم", "می\u200cخواهم"),
    ("persian-behind-reh", "کار\u200cهای", "کار\u200cهای"),
    ("persian-abbreviation", "ه\u200d.ق", "ه\u200d.ق"),
    ("syriac", "ܒ\u200cܒ", "ܒ\u200cܒ"),
    ("hindi-half-form", "क्\u200dष", "क्\u200dष"),
    ("hindi-explicit-halant", "क्\u200cष", "क्\u200cष"),
    ("sinhala", "ක්\u200dෂ", "ක්\u200dෂ"),
    ("malayalam-chillu-at-the-end", "അവന്\u200d", "അവന്\u200d"),
    ("bengali-ra-ya", "র\u200d্য", "র\u200d্য"),
    ("kannada-non-joiner", "ರಾಜ್\u200cಕುಮಾರ್", "ರಾಜ್\u200cಕುಮಾರ್"),
    ("khmer", "ក\u200cខ", "ក\u200cខ"),
    ("ayah", "\u06dd١", "\u06dd١"),
    ("ideographic-variant", "葛\U000e0100城", "葛\U000e0100城"),
    ("compatibility-variant", "神\ufe00", "神\ufe00"),
    ("slashed-zero", "0\ufe00", "0\ufe00"),
    ("mongolian-selector", "ᠠ\u180b", "ᠠ\u180b"),
    ("mongolian-vowel-separator", "ᠨ\u180eᠠ", "ᠨ\u180eᠠ"),
    ("flag", "\U0001f1f3\U0001f1f1", "\U0001f1f3\U0001f1f1"),
    (
        "flag-of-england",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ),
    ("rainbow-flag", "\U0001f3f3\ufe0f\u200d\U0001f308", "\U0001f3f3\ufe0f\u200d\U0001f308"),
    ("detective", "\U0001f575\U0001f3fd\u200d\u2642\ufe0f", "\U0001f575\U0001f3fd\u200d\u2642\ufe0f"),
    # and where they have none
    ("non-joiner-in-latin", "pay\u200cpal", r"pay\u200cpal"),
    ("non-joiner-in-cyrillic", "бан\u200cк", r"бан\u200cк"),
    ("non-joiner-at-the-end", "می\u200c", "می\\u200c"),
    ("non-joiner-at-the-start", "\u200cمی", "\\u200cمی"),
    ("two-joiners", "می\u200c\u200cخواهم", "می\\u200c\\u200cخواهم"),
    ("a-joiner-behind-a-joiner", "क्\u200d\u200cष", "क्\\u200d\\u200cष"),
    ("joiner-between-digits", "١\u200c٢", "١\\u200c٢"),
    ("joiner-between-arabic-and-latin", "ی\u200cx", "ی\\u200cx"),
    ("joiner-between-hindi-letters-and-a-blank", "क\u200d ख", "क\\u200d ख"),
    ("zero-width-space-in-persian", "می\u200bخواهم", "می\\u200bخواهم"),
    ("bidi-mark-in-arabic", "می\u200fخ", "می\\u200fخ"),
    ("selector-behind-what-is-unassigned", "\U0003347f\U000e0100", r"\U0003347f\U000e0100"),
    ("joiner-to-an-unassigned-picture", "👨\u200d\U0001faff", "👨" + r"\u200d\U0001faff"),
    ("joiner-behind-an-unassigned-picture", "\U0001faff\u200d👨", r"\U0001faff\u200d" + "👨"),
    ("three-elements", "👩🏽\u200d❤\ufe0f\u200d👨🏿", "👩🏽\u200d❤\ufe0f\u200d👨🏿"),
    *((f"flag-{number}", flag, flag) for number, flag in enumerate(FLAGS)),
    ("flag-twice", FLAGS[0] * 2, FLAGS[0] * 2),
    ("flag-of-texas", TEXAS, TEXAS[0] + "".join(f"\\U{ord(tag):08x}" for tag in TEXAS[1:])),
    ("flag-without-its-end", FLAGS[1][:-1], FLAGS[1][0] + "".join(f"\\U{ord(tag):08x}" for tag in FLAGS[1][1:-1])),
    ("flag-with-a-tag-more", FLAGS[2] + "\U000e0061", FLAGS[2] + r"\U000e0061"),
    ("flag-with-two-ends", FLAGS[2] + "\U000e007f", FLAGS[2] + r"\U000e007f"),
    ("flag-s-tags-alone", FLAGS[0][1:], "".join(f"\\U{ord(tag):08x}" for tag in FLAGS[0][1:])),
    (
        "tags-behind-another-flag",
        "\U0001f3f3\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "\U0001f3f3" + r"\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ),
    ("two-selectors", "葛\U000e0100\U000e0101", "葛\U000e0100\\U000e0101"),
    ("emoji-with-two-selectors", "\u2764\ufe0f\ufe0e", "\u2764\ufe0f\\ufe0e"),
    ("selector-behind-latin", "a\ufe0f", r"a\ufe0f"),
    (
        "flag-with-a-message",
        "\U0001f3f4\U000e0068\U000e0069\U000e007f",
        "\U0001f3f4" + r"\U000e0068\U000e0069\U000e007f",
    ),
    ("mongolian-selector-behind-latin", "a\u180b", r"a\u180b"),
    ("joiner-between-arrows", "→\u200d→", r"→\u200d→"),
    ("soft-hyphen", "a\u00adb", r"a\xadb"),
    ("khmer-inherent-vowel", "ក\u17b4", "ក\\u17b4"),
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
    # A high and a low lone surrogate side by side are one character in JSON, and only there.
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    assert json.loads(written)["a"][0] == joined


@given(
    st.text(
        st.sampled_from(
            '\u200c\u200d\ufe0f\ufe00\u180b\u180e\U000e0100\U000e0067\U000e0062\U000e007fمیक्ष葛ᠠ👨🏽❤🏴1a \U0003347f\U0001faff\n"'
        )
    )
)
def test_what_is_hidden_between_its_neighbours(text):
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert not re.search(
        "[\u200c\u200d]{2}|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{2}|^[\u200c\u200d\ufe0f]|[a ][\u200c\u200d\ufe0f]",
        cleaned,
    )
    assert json.loads(to_json([text])) == [text]


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_payloads(payload):
    assert not forbidden(clean(payload), allowed="")


def test_naughty_strings(naughty):
    assert len(naughty) > 1000
    for text in naughty:
        assert not forbidden(clean(text), allowed="")
        assert not forbidden(clean_json(json.dumps(text, ensure_ascii=False)), allowed="")
