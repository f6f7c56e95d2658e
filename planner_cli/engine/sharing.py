"""What texts have in common at their beginning, so that it is decoded once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def shared_parts(
    texts: Sequence[Sequence[int]], members: Sequence[int] | None = None, start: int = 0
) -> Iterator[tuple[list[int], int, int]]:
    """The texts as a tree: which of them share a part, and from where to where, parents before children."""
    groups: dict[int, list[int]] = {}
    for member in range(len(texts)) if members is None else members:
        if len(texts[member]) > start:
            groups.setdefault(texts[member][start], []).append(member)
    for group in groups.values():
        first, end = texts[group[0]], start + 1
        shortest = min(len(texts[member]) for member in group)
        while end < shortest and all(texts[member][end] == first[end] for member in group):
            end += 1
        yield group, start, end
        yield from shared_parts(texts, group, end)
