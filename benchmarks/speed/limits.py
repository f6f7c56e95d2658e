"""Where a question's time goes, and how close that is to what the machine can do.

    python -m benchmarks.speed.limits [--threads N] [--rounds 3]

Measures the memory's read bandwidth and the arithmetic rate of llama.cpp's kernels on a full batch, then asks a
question about the demo database with the built-in pair (8 candidates, 64 tokens of thought, nothing cached), and holds
each stage's seconds against two floors: reading every weight once per decode, and multiplying it once per row.
Then the same question next to a process that uses one core, against one thread alone; and `planner --help`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.speed import records
from benchmarks.speed.report import spread

QUESTION = "Which customers from Berlin have open orders?"
ARRAY_BYTES = 512 * 2**20
"""Far more than any cache holds."""
PROMPT = 512
"""Tokens of a full batch."""


def read_bandwidth(threads: int) -> float:
    """Bytes a second that so many threads read together, the best of several tries."""
    array = np.ones(ARRAY_BYTES // 4, dtype=np.float32)
    parts = np.array_split(array, threads)
    best = 0.0
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(8):
            started = time.perf_counter()
            list(pool.map(lambda part: float(np.dot(part, part)), parts))  # one vector: read once, without the lock
            best = max(best, ARRAY_BYTES / (time.perf_counter() - started))
    return best


def token_rate(path: Path, threads: int) -> float:
    """Tokens a second of a prompt that fills the batch: what the kernels reach when nothing waits for memory."""
    from planner_cli.app.speeds import bare_engine
    from planner_cli.control import Control
    from planner_cli.engine import Span

    engine = bare_engine(path, threads=threads)
    best = 0.0
    for turn in range(4):
        session = engine.open((Span(f"{turn} " + "order " * PROMPT),), branches=1, room=8, control=Control())
        best = max(best, session.stats.prompt_tokens / session.stats.prefill_seconds)
        session.close()
    engine.free()
    return best


def ask(database: Path, threads: int | None) -> dict:
    """The JSON document of an answer that found nothing in any cache."""
    chosen = [] if threads is None else ["--threads", str(threads)]
    command = [sys.executable, "-m", "planner_cli", "ask", QUESTION, str(database), "-n", "8", "--budget", "64"]
    command += ["--history", "off", "--cache-mib", "0", "--json", "--select", "rerank", *chosen]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout.startswith("{"):
        sys.exit(f"planner ask failed with code {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


@contextmanager
def busy_core() -> Iterator[None]:
    """Another process that never sleeps, on one of our cores."""
    core = max(os.sched_getaffinity(0))
    code = f"import os\nos.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
    other = subprocess.Popen([sys.executable, "-c", code])
    try:
        yield
    finally:
        other.kill()
        other.wait()


def floors(stage: dict, model_bytes: int, bandwidth: float, rate: float) -> dict:
    """The least seconds of a stage: each decode reads the weights, each row of it goes through the kernels."""
    prompt = stage["prompt_tokens"] - stage["cached_tokens"]
    reads = -(-prompt // PROMPT) + stage["decodes"]
    return {"memory": reads * model_bytes / bandwidth, "compute": (prompt + stage["rows"]) / rate}


def startup() -> float:
    """Seconds of ``planner --help``, the best of seven."""

    def once() -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "planner_cli", "--help"], capture_output=True, check=True)
        return time.perf_counter() - started

    return min(once() for _ in range(7))


def measure(threads: int, rounds: int) -> dict:
    from planner_cli.app.models import ready
    from planner_cli.demo import build
    from planner_cli.hub import read_header
    from planner_cli.hub.memory import tensor_bytes

    model = ready("builtin", "discriminator", note=lambda text: sys.stderr.write(f"{text}\n"))
    size = tensor_bytes(read_header(model.loaded))
    bandwidth, rate = read_bandwidth(threads), token_rate(model.loaded, threads)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "demo.sqlite"
        build(database)
        ask(database, threads)  # the files come from the disk
        alone, single, beside = [], [], []
        for _ in range(rounds):
            alone.append(ask(database, threads)["timings"])
            single.append(ask(database, 1)["timings"]["total"])
            with busy_core():
                beside.append(ask(database, None)["timings"]["total"])  # a named count of threads would be kept
    middle = sorted(alone, key=lambda timings: timings["total"])[len(alone) // 2]
    return {
        "model_bytes": size,
        "bandwidth": bandwidth,
        "token_rate": rate,
        "timings": middle,
        "totals": [timings["total"] for timings in alone],
        "floors": {stage: floors(middle[stage], size, bandwidth, rate) for stage in ("generate", "judge")},
        "one_thread_alone": single,
        "beside_a_busy_core": beside,
        "beside_over_one_thread": spread([b / s for b, s in zip(beside, single, strict=True)]),
        "help_seconds": startup(),
    }


def lines(result: dict) -> list[str]:
    """The README's table."""
    timings, found = result["timings"], result["floors"]
    beside = result["beside_over_one_thread"]["median"]
    gigabytes = f"{result['bandwidth'] / 1e9:.1f} GB/s read, {result['token_rate']:.0f} tokens/s in a full batch"
    made = [
        "| stage | seconds | of them prompt | floor: reading the weights | floor: multiplying them | explained |",
        "|---|---|---|---|---|---|",
        f"| schema, load | {timings['schema'] + timings['load']:.2f} | | | | |",
    ]
    for stage in ("generate", "judge"):
        memory, compute, cost = found[stage]["memory"], found[stage]["compute"], timings[stage]
        written = f"{cost['new_tokens']} tokens in {cost['rows']} rows of {cost['decodes']} decodes"
        facts = f"prompt of {cost['prompt_tokens']}, {written}"
        share = f"{max(memory, compute) / cost['seconds']:.0%}"
        cells = f"{cost['seconds']:.2f} | {cost['prefill_seconds']:.2f} | {memory:.2f} | {compute:.2f} | {share}"
        made.append(f"| {stage}: {facts} | {cells} |")
    made += [
        f"| execute | {timings['execute']:.2f} | | | | |",
        f"| whole | {statistics.median(result['totals']):.2f} | | | | |",
        "",
        f"The machine ({result['machine']['cpu']}, {result['threads']} threads, {result['date']}): {gigabytes}.",
        f"Next to a process that uses one core the question takes {beside:.2f} times as long as with one thread alone.",
        f"`planner --help` takes {result['help_seconds']:.2f} s.",
    ]
    return made


def readme_lines() -> list[str]:
    """Nothing before the first result."""
    result = records.newest("limits")
    return lines(result) if result else []


def main() -> None:
    from planner_cli.engine import library

    parser = records.parser("limits", __doc__, result="limits")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    threads = options.threads or library.physical_cores()
    result = records.begun(threads=threads)
    result |= measure(threads, options.rounds)
    records.store(result, "limits", options.output, lines(result))


if __name__ == "__main__":
    main()
