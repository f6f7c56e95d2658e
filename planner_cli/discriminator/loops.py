"""Thoughts that go round in circles, found so that they can be closed."""

from __future__ import annotations

import re

COPIES = 3
"""A passage written this many times in a row is a loop; twice is emphasis."""

SHORTEST, LONGEST = 12, 400
"""Characters of the passage."""

_WORDS = 3
"""A rule of dashes or a row of empty cells repeats too, but is not a loop."""

_WORD = re.compile(r"\w+")


def loops(text: str) -> bool:
    """Whether the text ends in one passage of some words, :data:`COPIES` times over.

    Greedy decoding of a small model often ends this way, and what was repeated for so long is repeated for ever (the
    DeepSeek-R1 model card warns of it).
    """
    end = len(text)
    for length in range(SHORTEST, min(LONGEST, end // COPIES) + 1):
        if text[end - 1 - length] != text[-1]:  # most lengths end here, at no cost
            continue
        passage = text[end - length :]
        if text.endswith(passage * COPIES) and len(_WORD.findall(passage)) >= _WORDS:
            return True
    return False
