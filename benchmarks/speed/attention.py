"""Flash attention against plain attention on the CPU, at each width: why planner does not use the former there.

    python -m benchmarks.speed.attention [--model NAME_OR_FILE] [--prompt 700] [--threads N] [--rounds 3]

The same prompt and the same steps in two contexts of one process, in turns. It prints how many times as long as plain
attention the flash kernel takes, in CPU time, so that other work disturbs little.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from pathlib import Path

from benchmarks.speed import records
from benchmarks.speed.machine import machine, versions

WIDTHS = (1, 2, 4, 5, 8, 16)
STEPS = 4
"""Steps at each width, each one token further."""


def decode(context) -> float:
    """CPU seconds of a decode."""
    started = time.process_time()
    context.decode(None)
    return time.process_time() - started


def prefill(context, tokens: list[int]) -> float:
    from planner_cli.engine.context import BATCH

    context.clear()
    spent = 0.0
    for at in range(0, len(tokens), BATCH):
        context.clear_batch()
        context.add(tokens[at : at + BATCH], at, 0)
        spent += decode(context)
    return spent


def steps(context, width: int, start: int) -> list[float]:
    spent = []
    for sequence in range(1, width + 1):
        context.fork(0, sequence)
    for offset in range(STEPS):
        context.clear_batch()
        for sequence in range(1, width + 1):
            context.add([1000 + sequence], start + offset, sequence, output=True)
        spent.append(decode(context))
    for sequence in range(1, width + 1):
        context.cut(sequence)
    return spent


def measure(path: Path, prompt: int, threads: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Median CPU seconds of plain and of flash attention, for the prompt and a step at each width."""
    from planner_cli.engine.context import Context
    from planner_cli.engine.weights import load_weights

    weights = load_weights(path, 0)
    draw = random.Random(0)
    tokens = [draw.randint(100, 30_000) for _ in range(prompt)]
    cells, most = prompt + (STEPS + 1) * max(WIDTHS), 1 + max(WIDTHS)
    contexts = [
        Context(weights, cells=cells, sequences=most, threads=threads, flash_attention=flash) for flash in (False, True)
    ]
    spent: dict[str, tuple[list[float], list[float]]] = {}
    for _ in range(rounds):
        for which, context in enumerate(contexts):
            spent.setdefault("prompt", ([], []))[which].append(prefill(context, tokens))
            for width in WIDTHS:
                spent.setdefault(f"{width} wide", ([], []))[which].extend(steps(context, width, prompt))
    return {what: (statistics.median(plain), statistics.median(flash)) for what, (plain, flash) in spent.items()}


def main() -> None:
    from planner_cli.app.models import ready
    from planner_cli.engine import library

    parser = records.parser("attention", __doc__)
    parser.add_argument("--model", default="smollm2-135m-instruct", help="catalogue name or .gguf file")
    parser.add_argument("--prompt", type=int, default=700, help="tokens")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    model = ready(options.model, "generator", note=lambda text: sys.stderr.write(f"{text}\n"))
    threads = options.threads or library.physical_cores()
    found = measure(model.loaded, options.prompt, threads, options.rounds)
    sys.stdout.write("| | plain, ms | flash, ms | flash / plain |\n|---|---|---|---|\n")
    for what, (plain, flash) in found.items():
        sys.stdout.write(f"| {what} | {plain * 1000:.1f} | {flash * 1000:.1f} | {flash / plain:.2f} |\n")
    facts = f"{model.loaded.name}, prompt of {options.prompt} tokens, {threads} threads, CPU time"
    sys.stderr.write(f"{facts}; {machine()['cpu']}, llama-cpp-python {versions()['llama-cpp-python']}\n")


if __name__ == "__main__":
    main()
