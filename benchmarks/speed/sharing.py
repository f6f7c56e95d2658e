"""Branches that have been the same so far are decoded once: what that saves on real questions.

    python -m benchmarks.speed.sharing [--questions 20] [--budget 0] [--threads N]

Questions about the demo database, asked with the built-in pair as `planner ask` does (8 candidates), each once with a
row of a decode for every branch and once with a row for every distinct beginning, in one process, in turns, the
schema's state kept for both. It prints the tokens written, the rows decoded for them, and the seconds of writing
(without its prompt's), of judging and of the whole.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.speed import records
from benchmarks.speed.report import spread


class Switch:
    """Turns sharing off in the sessions that are opened from now on."""

    def __init__(self, *engines) -> None:
        self.on = True
        for engine in engines:
            engine.open = self._switched(engine.open)

    def _switched(self, original):
        def opened(*args, **kwargs):
            session = original(*args, **kwargs)
            session.shares_rows = session.shares_rows and self.on
            return session

        return opened


def measure(questions: int, budget: int, threads: int | None) -> list[dict]:
    """Costs of each question, with a row for every branch (``alone``) and with shared ones (``shared``)."""
    from planner_cli import Planner
    from planner_cli.demo import build
    from planner_cli.demo import questions as all_questions

    def say(text: str) -> None:
        sys.stderr.write(f"{text}\n")

    every = all_questions()
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "demo.sqlite"
        build(path)
        with Planner.open(path, pair="builtin", budget=budget, threads=threads, cache_mib=0, note=say) as planner:
            switch = Switch(*planner.engines)
            answer(planner, every[-1].question)  # what is kept of the schema is kept now
            for number, asked in enumerate(every[:: max(1, len(every) // questions)][:questions]):
                pair: dict = {"id": asked.id}
                for shared in (False, True) if number % 2 else (True, False):
                    switch.on = shared
                    pair["shared" if shared else "alone"] = answer(planner, asked.question)
                pairs.append(pair)
                whole = pair["shared"]["total"] / pair["alone"]["total"]
                say(f"{asked.id}: {whole:.2f}")
    return pairs


def answer(planner, text: str) -> dict:
    """What an answer cost, and its query."""
    found = planner.ask(text)
    writing, judging = found.timings.generate, found.timings.judge
    return {
        "sql": found.sql,
        "total": found.timings.total,
        "writing": writing.seconds - writing.prefill_seconds,
        "tokens": writing.new_tokens,
        "rows": writing.rows,
        "judging": judging.seconds,
    }


def summary(pairs: list[dict]) -> dict:
    """Sums over all questions, and the spread of each question's ratio."""
    sides = ("alone", "shared")
    made = {what: {side: sum(pair[side][what] for pair in pairs) for side in sides} for what in ("tokens", "rows")}
    for what in ("writing", "judging", "total"):
        seconds = {side: statistics.median(pair[side][what] for pair in pairs) for side in sides}
        both = [(pair["shared"][what], pair["alone"][what]) for pair in pairs]  # results that agree are not judged
        made[what] = {**seconds, "ratio": spread([shared / alone for shared, alone in both if shared and alone])}
    made["same_answers"] = sum(pair["shared"]["sql"] == pair["alone"]["sql"] for pair in pairs)
    return made


def lines(result: dict) -> list[str]:
    """The README's table."""
    tokens, rows = result["tokens"], result["rows"]
    made = [
        "| seconds of a question, median | a row for each sample | rows shared | ratio, median (lowest to highest) |",
        "|---|---|---|---|",
    ]
    for what, name in (("writing", "writing 8 candidates"), ("judging", "judging them"), ("total", "whole")):
        cost, ratio = result[what], result[what]["ratio"]
        cells = f"{cost['alone']:.2f} | {cost['shared']:.2f} | {ratio['median']:.2f}"
        made.append(f"| {name} | {cells} ({ratio['low']:.2f} to {ratio['high']:.2f}) |")
    share = f"{rows['shared'] / rows['alone']:.2f}"
    facts = f"{len(result['pairs'])} questions about the demo database, budget {result['budget']}"
    told = f"{result['machine']['cpu']}, {result['threads']} threads, {result['date']}"
    made += ["", f"{facts}: {tokens['shared']} tokens in {rows['shared']} rows ({share} of what they were); {told}."]
    return made


def readme_lines() -> list[str]:
    """Nothing before the first result."""
    result = records.newest("sharing")
    return lines(result) if result else []


def main() -> None:
    from planner_cli.engine import library

    parser = records.parser("sharing", __doc__, result="sharing")
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--budget", type=int, default=0, help="tokens of thought; default: the verdict at once")
    options = parser.parse_args()
    threads = options.threads or library.physical_cores()
    result = records.begun(threads=threads, budget=options.budget)
    pairs = measure(options.questions, options.budget, threads)
    result |= {**summary(pairs), "pairs": pairs}
    sys.stderr.write(f"same answer {result['same_answers']} of {len(pairs)} times\n")
    records.store(result, "sharing", options.output, lines(result))


if __name__ == "__main__":
    main()
