"""Synthetic runs: seeded, cheap, with the texts that a report must survive."""

import math
import random

from planner_cli.bench.rows import ItemRow, ScoredCandidate
from planner_cli.bench.store import RunInfo, RunWriter, load_run
from planner_cli.types import Probe

LADDER = (0, 16, 32, 64, 128, 256)
HARDNESS = ("easy", "medium", "hard", "extra")
HOSTILE = "</script><img src=x onerror=alert(1)>|`*[a](http://evil.example)\x1b[31m\u202e=1+1"
INFO = RunInfo(
    kind="intrinsic",
    settings={"mode": "base", "plan": {"discriminator": {"budget": 256, "probe_at": list(LADDER)}}, "seed": 0},
    models=(
        {
            "role": "discriminator",
            "name": "builtin",
            "file": "SmolLM2-135M-Instruct.Q4_1.gguf",
            "sha256": "c0ffee" * 10 + "abcd",
            "adapter": None,
            "adapter_sha256": None,
            "architecture": "llama 135M Q4_1",
            "parameters": 134515008,
            "device": "CPU, 2 threads",
            "prompt": "own",
        },
    ),
    versions={"planner_cli": "0.2.0", "llama-cpp-python": "0.3.36", "python": "3.10.4"},
    dataset={"name": "public", "fingerprint": "5" * 64, "items": 240},
    machine={"cpu": "x86_64", "cores": 2, "memory": 4 * 2**30},
    command="planner bench intrinsic ../shared/data/public --budget 256",
)


def squash(value):
    return 1 / (1 + math.exp(-value))


def judged(rng, sql, label, executable, budget=256):
    """A judge that gets better with thought, and sometimes stops on its own."""
    bias = rng.gauss(0, 1)
    ends = rng.choice([24, 70, 150, 400, 400])
    tokens = min(ends, budget)
    at = [t for t in LADDER if t < tokens] + [tokens]
    sign = 1 if label else -1
    probes = tuple(Probe(t, squash(bias + sign * 1.6 * (1 - math.exp(-t / 60))), 0.9) for t in at)
    score = probes[-1].p_true
    return ScoredCandidate(
        sql=sql, label=label, executable=executable, error=None if executable else "no such column: x", judged=True,
        score=score, hard=score > 0.5, mass=0.9, closed_by="model" if ends <= budget else "budget", tokens=tokens,
        probes=probes, thought="Let me look at the query. " * 4 + "It counts. It counts.",
    )  # fmt: skip


def intrinsic_rows(count=60, seed=1, budget=256):
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        level = HARDNESS[number % 4]
        candidates = []
        for index in range(rng.choice([2, 3, 4])):
            executable = rng.random() > 0.15
            label = executable and rng.random() < (0.75, 0.6, 0.45, 0.3)[number % 4]
            candidates.append(judged(rng, f"SELECT {index} FROM t{number}", label, executable, budget))
        rows.append(
            ItemRow(
                key=f"i{seed}-{number}", item=f"dev-{number:04}", database=f"db_{number % 7}", question=f"Question {number}?",
                gold=f"SELECT 1 FROM t{number}", hardness=level, candidates=tuple(candidates),
                seconds={"prefill": 0.5, "judge": 0.5 + 0.01 * sum(c.tokens for c in candidates)},
                tokens={"judge": sum(c.tokens for c in candidates), "prompt": 600 + number},
                calls=260, peak_memory=400 * 2**20 + number,
            )
        )  # fmt: skip
    return rows


def end_to_end_rows(count=60, seed=2, methods=("greedy", "vote", "rerank")):
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        first = end_to_end_candidates(rng, number)
        for method in methods:
            chosen = choose(method, first)
            correct = chosen is not None and first[chosen].label
            rows.append(
                ItemRow(
                    key=f"e{seed}-{number}-{method}", item=f"demo-{number:02}", database=f"db_{number % 3}",
                    question=f"Question {number}?", gold=f"SELECT 1 FROM t{number}", hardness=HARDNESS[number % 4],
                    method=method, candidates=tuple(first), chosen=chosen, correct=bool(correct), exact=bool(correct),
                    seconds={"generate": 1.0, "execute": 0.01, "judge": 0.0 if method == "greedy" else 2.0, "total": 3.2},
                    tokens={"generate": 200, "judge": 0 if method == "greedy" else 300, "prompt": 900}, calls=90,
                    peak_memory=500 * 2**20,
                )
            )  # fmt: skip
    return rows


def end_to_end_candidates(rng, number):
    candidates = []
    for cluster in range(3):
        label = rng.random() < (0.6, 0.5, 0.3, 0.15)[number % 4]
        base = judged(rng, f"SELECT {cluster} FROM t{number}", label, True)
        values = {name: getattr(base, name) for name in ScoredCandidate.__dataclass_fields__}
        samples = rng.choice([1, 2, 3])
        candidates.append(
            ScoredCandidate(
                **{**values, "samples": samples, "cluster": cluster, "greedy": cluster == 0, "logprob": -5.0}
            )
        )
    return candidates


def choose(method, candidates):
    key = {"greedy": lambda c: c.greedy, "vote": lambda c: c.samples, "rerank": lambda c: c.score}[method]
    return max(range(len(candidates)), key=lambda index: key(candidates[index]))


def stored(path, rows, info=INFO):
    with RunWriter(path, info) as run:
        for row in rows:
            run.write(row)
    return load_run(path)


def two_questions():
    """Two databases, one question each. Without thinking one pair of two is won, at 16 tokens both are."""

    def candidate(label, before, after):
        return ScoredCandidate(
            sql="SELECT 1", label=label, executable=True, judged=True, score=after, hard=after > 0.5, mass=0.9,
            closed_by="budget", tokens=16, probes=(Probe(0, before, 0.9), Probe(16, after, 0.9)),
        )  # fmt: skip

    right_first = (candidate(True, 0.4, 0.9), candidate(False, 0.6, 0.2))
    wrong_first = (candidate(False, 0.3, 0.1), candidate(True, 0.7, 0.8))
    return [
        ItemRow(
            key=name, item=name, database=f"db_{name}", question="How many?", gold="SELECT 1", hardness="easy",
            candidates=candidates, seconds={"prefill": 0.5, "judge": 1.5}, tokens={"judge": 32, "prompt": 100},
        )
        for name, candidates in (("q1", right_first), ("q2", wrong_first))
    ]  # fmt: skip
