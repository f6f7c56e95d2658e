"""How a thought reads: repetition, vocabulary, entropy. Lexical measures only; no model is asked.

Words are runs of letters, digits and underscores, without case. Sentences end at ``.``, ``!``, ``?`` (before a
blank) or a line's end.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields

from planner_cli.bench.rows import ItemRow
from planner_cli.bench.statistics import RESAMPLES, Estimate, estimate, ratio, resample

_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
NGRAM = 3


@dataclass(frozen=True, slots=True)
class Quality:
    """Measures of one thought. Shares in [0, 1]; ``None`` where the text is too short."""

    sentence_repetition: float | None
    """Share of sentences that had already occurred, word for word."""
    word_repetition: float | None
    """1 - type-token ratio: share of words that had already occurred. Grows with length."""
    ngram_repetition: float | None
    """Share of three-word runs that had already occurred."""
    entropy: float | None
    """Of the words' frequencies, in bits: log2 of how many equally frequent words it would take."""
    diversity: float | None
    """1 - mean cosine similarity of two sentences, by the words they have; needs two sentences."""


MEASURES: tuple[str, ...] = tuple(field.name for field in fields(Quality))


def thought_quality(text: str) -> Quality:
    words = _WORD.findall(text.lower())
    sentences = [found for part in _SENTENCE_END.split(text) if (found := tuple(_WORD.findall(part.lower())))]
    runs = list(zip(*(words[start:] for start in range(NGRAM)), strict=False))
    return Quality(
        sentence_repetition=_repeated(sentences),
        word_repetition=_repeated(words),
        ngram_repetition=_repeated(runs),
        entropy=_entropy(words),
        diversity=_diversity(sentences),
    )


def quality(rows: Sequence[ItemRow], *, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Estimate]:
    """Means over all thoughts that were kept, by the names of :data:`MEASURES`; none were: values are ``None``."""
    if not rows:
        return {name: Estimate(None) for name in MEASURES}
    sums = resample([row.database for row in rows], resamples=resamples, seed=seed).sums([_counts(row) for row in rows])
    return {name: estimate(ratio(sums[name], sums[f"{name} n"]), float(sums[f"{name} n"][0])) for name in MEASURES}


def _counts(row: ItemRow) -> dict[str, float]:
    counts = {key: 0.0 for name in MEASURES for key in (name, f"{name} n")}
    for candidate in row.candidates:
        if candidate.thought is None:
            continue
        found = thought_quality(candidate.thought)
        for name in MEASURES:
            value = getattr(found, name)
            if value is not None:
                counts[name] += value
                counts[f"{name} n"] += 1
    return counts


def _repeated(parts: Sequence[object]) -> float | None:
    return 1 - len(set(parts)) / len(parts) if parts else None


def _entropy(words: Sequence[str]) -> float | None:
    if not words:
        return None
    shares = [count / len(words) for count in Counter(words).values()]
    return -sum(share * math.log2(share) for share in shares) + 0.0  # not -0.0


def _diversity(sentences: Sequence[tuple[str, ...]]) -> float | None:
    """In one pass: the similarities of all pairs together are the square of the sum of unit vectors."""
    if len(sentences) < 2:
        return None
    total: Counter[str] = Counter()
    for sentence in sentences:
        counts = Counter(sentence)
        length = math.sqrt(sum(count * count for count in counts.values()))
        for word, count in counts.items():
            total[word] += count / length  # type: ignore[assignment]
    pairs = len(sentences) * (len(sentences) - 1)
    similar = (sum(value * value for value in total.values()) - len(sentences)) / pairs
    return min(1.0, max(0.0, 1 - similar))
