"""Tables about cost: time by stage, tokens, calls and memory; and the quality of the thoughts paid for."""

from __future__ import annotations

from collections.abc import Iterable

from planner_cli.bench.cost import cost
from planner_cli.bench.quality import MEASURES, quality
from planner_cli.bench.report.document import Column, Line, Table
from planner_cli.bench.report.naming import Named
from planner_cli.bench.report.reading import by_method, reference_rows

_STAGES = ("generate", "execute", "prefill", "judge", "total")
_KINDS = ("generate", "judge", "prompt")


def _ordered(names: Iterable[str], first: tuple[str, ...]) -> list[str]:
    """The names, known ones in their order, then the others."""
    found = set(names)
    return [*(name for name in first if name in found), *sorted(found.difference(first))]


def _methods(item: Named) -> bool:
    return item.run.kind == "e2e"


def time_table(item: Named) -> Table:
    """Wall time of a question by stage, one line per stage of a method."""
    lines = []
    for method, rows in by_method(item.run.rows).items():
        found = cost(rows)
        for stage in _ordered(found.seconds, _STAGES):
            spread = found.seconds[stage]
            name = (method, stage) if _methods(item) else (stage,)
            lines.append(Line((*name, spread.p50, spread.p95, spread.total, found.tokens_per_second.get(stage))))
    first = (Column("method"), Column("stage")) if _methods(item) else (Column("stage"),)
    return Table(
        name=f"{item.stem}-time",
        title=f"Wall time of a question: {item.label}",
        columns=(
            *first,
            Column("median", "seconds"),
            Column("95th percentile", "seconds"),
            Column("all questions", "seconds"),
            Column("tokens per second", "number"),
        ),
        lines=tuple(lines),
        note="Tokens per second: sampled tokens of all branches over the stage's whole time. Prefill is part of judge.",
    )


def token_table(item: Named) -> Table:
    """Tokens, decode calls, memory and (where the machine reports it) energy, one line per method."""
    costs = {method: cost(rows) for method, rows in by_method(item.run.rows).items()}
    measured = any(found.joules is not None for found in costs.values())
    kinds = _ordered((kind for found in costs.values() for kind in found.tokens), _KINDS)
    lines = []
    for method, found in costs.items():
        tokens = [found.tokens[kind].p50 if kind in found.tokens else None for kind in kinds]
        calls, joules = (None if each is None else each.p50 for each in (found.calls, found.joules))
        energy = [joules] if measured else []
        lines.append(Line((method if _methods(item) else "judge", *tokens, calls, found.peak_memory, *energy)))
    return Table(
        name=f"{item.stem}-tokens",
        title=f"Tokens, calls and memory: {item.label}",
        columns=(
            Column("method"),
            *(Column(f"{kind} tokens", "count") for kind in kinds),
            Column("decode calls", "count"),
            Column("peak memory of the process", "bytes"),
            *([Column("joules", "number")] if measured else []),
        ),
        lines=tuple(lines),
        note="Medians over questions; prompt tokens are read, the others sampled. Memory: the most so far. "
        + ("Energy: of the processor packages, whatever used it." if measured else "The machine reports no energy."),
    )


def quality_table(item: Named) -> Table | None:
    """How the thoughts read; ``None`` when none were kept."""
    found = quality(reference_rows(item.run))
    if all(found[name].value is None for name in MEASURES):
        return None
    return Table(
        name=f"{item.stem}-thoughts",
        title=f"Thoughts: {item.label}",
        columns=tuple(
            Column(name.replace("_", " "), "number" if name == "entropy" else "percent") for name in MEASURES
        ),
        lines=(Line(tuple(found[name] for name in MEASURES)),),
        note="Means over thoughts. Repetition: share of sentences, words, three-word runs that occurred before; "
        "entropy of the words in bits; diversity: 1 - mean similarity of two sentences.",
    )
