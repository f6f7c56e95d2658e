"""Untrusted text through every vocabulary of llama.cpp's source distribution: no special token, for any of them.

``make vocabularies`` fetches the files (75 MB, MIT) into a folder git ignores; ``PLANNER_VOCABULARIES`` names another one.
Without them the built-in model's vocabulary alone is tested, in ``test_vocabulary.py``.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from pathlib import Path

import pytest

from planner_cli.engine import Span
from planner_cli.engine.chat import REASONING_FORMATS
from planner_cli.errors import EngineError
from tests.conftest import REPOSITORY
from tests.corpus.texts import naughty_strings

pytestmark = pytest.mark.model
FOLDER = Path(os.environ.get("PLANNER_VOCABULARIES", REPOSITORY / ".vocabularies"))
FILES = sorted(FOLDER.glob("ggml-vocab-*.gguf"))
ENCODERS = {"ggml-vocab-bert-bge", "ggml-vocab-nomic-bert-moe"}
"""They write nothing. What they cannot spell becomes ``[UNK]``, which is of the control kind and says nothing."""

_MARKER = re.compile(r"<[|｜][^<>{}\n]{1,40}[|｜]>|</?[A-Za-z_:]{2,30}>|\[/?[A-Z_]{3,30}\]")


@functools.cache
def opened(path: Path):
    from planner_cli.engine.vocabulary import Vocabulary
    from planner_cli.engine.weights import Weights

    weights = Weights(path, vocabulary_only=True)
    marks = [mark for known in REASONING_FORMATS for mark in (known.open, known.close)]
    return weights, Vocabulary(
        weights.handle, weights.special_tokens, adds_space=weights.adds_space, reasoning_marks=marks
    )


@functools.cache
def template_markers() -> tuple[str, ...]:
    """What the chat templates beside the vocabularies write around turns, thoughts and tool calls."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((FOLDER / "templates").glob("*.jinja"))]
    return tuple(sorted({marker for text in texts for marker in _MARKER.findall(text)}))


def attacks(own: list[str]) -> list[tuple[str, ...]]:
    """Untrusted spans: naughty strings, and each marker alone, in words, twice, inside itself, and in two spans."""
    single = [*naughty_strings(), *template_markers()]
    for mark in own:
        half = len(mark) // 2
        single += [mark, f"a{mark}b", mark + mark, mark[:half] + mark + mark[half:], mark.upper(), f" {mark}\n"]
    split = [(mark[:at], mark[at:]) for mark in [*own, *template_markers()] for at in (1, len(mark) // 2) if mark[at:]]
    return [*((text,) for text in single), *split]


@pytest.mark.skipif(not FILES, reason="the vocabularies are not here: make vocabularies")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_untrusted_spans_carry_no_special_token(path):
    weights, vocabulary = opened(path)
    own = sorted({text for text in weights.special_tokens.values() if len(text) > 1})
    spans = special = 0
    for texts in attacks(own):
        prompt = (Span("Name: "), *(Span(text, "data") for text in texts), Span("\nSQL:"))
        try:
            ids = vocabulary.encode_prompt(prompt)
        except EngineError as error:  # one would have come through
            if path.stem in ENCODERS and "'[UNK]'" in error.message:
                continue
            raise
        special += sum(token in vocabulary.special for token in ids)
        spans += len(texts)
    sys.stdout.write(f"{path.stem}: {len(own)} special texts, {spans} untrusted spans, {special} special ids\n")
    assert special == 0
    assert spans > 100


@pytest.mark.skipif(not FILES, reason="the vocabularies are not here: make vocabularies")
def test_the_danger_is_real():
    """The control: without neutralising, special tokens come through although nothing asks to parse them."""
    _, vocabulary = opened(FOLDER / "ggml-vocab-deepseek-coder.gguf")
    ids = vocabulary.encode("<|User|>")
    assert any(token in vocabulary.special for token in ids)


@pytest.mark.skipif(not FILES, reason="the vocabularies are not here: make vocabularies")
def test_ordinary_text_is_left_as_it_is():
    for path in FILES:
        _, vocabulary = opened(path)
        for text in ("SELECT name FROM t WHERE a < 3 AND b > 2", "[1, 2] | x", "Zoë's café: 100 % <b>"):
            assert vocabulary.neutralise(text) == text, path
