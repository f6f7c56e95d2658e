"""N candidates as branches of one prefilled prompt, against N sequential llama_cpp.Llama completions.

    python benchmarks/shared_prefix.py [--rounds 3] [--branches 8] [--prompt 600] [--new 64]

Both sides decode the same numbers of tokens after the same prompt with the same model, threads and sampling
settings, interleaved round by round in one process. Two ways of using Llama are measured:

    naive    the cache is reset before each completion, so each pays the whole prefill
    prefix   one Llama object whose own prefix match saves the later prefills

The human table goes to stderr; stdout gets one JSON document with machine, versions and model hash.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path

from planner_cli.control import Control
from planner_cli.engine import LlamaEngine, Span
from planner_cli.hub import resolve
from planner_cli.settings import EngineOptions, Sampling

SENTENCE = "The order has a customer, a date, a status and several lines with a product and a price each. "


def prompt_of(engine: LlamaEngine, tokens: int) -> str:
    """A text of just about so many tokens."""
    text = SENTENCE
    while engine.count((Span(text),)) < tokens:
        text += SENTENCE
    words = text.split(" ")
    while engine.count((Span(" ".join(words)),)) > tokens:
        words.pop()
    return " ".join(words)


def ours(engine: LlamaEngine, text: str, branches: int, new: int) -> tuple[float, list[int]]:
    """Seconds, and tokens each branch wrote."""
    engine.close()  # a new context: no prefix of an earlier round
    written = [0] * branches
    started = time.perf_counter()
    session = engine.open((Span(text),), branches=branches, room=new, control=Control())
    for seed in range(branches):
        session.branch((), Sampling(temperature=0.8, seed=seed), max_tokens=new)
    while steps := session.step():
        for step in steps:
            written[step.branch] = step.tokens
    session.close()
    return time.perf_counter() - started, written


def plain(llama, tokens: list[int], counts: list[int], *, reset: bool) -> float:
    """Seconds for the same tokens through llama_cpp.Llama, one completion after the other."""
    llama.reset()
    started = time.perf_counter()
    for seed, count in enumerate(counts):
        if reset:
            llama.reset()
        llama.set_seed(seed)
        stream = llama.generate(tokens, top_k=40, top_p=0.95, min_p=0.0, temp=0.8, reset=True)
        for _ in range(count):
            next(stream)
        stream.close()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--branches", type=int, default=8)
    parser.add_argument("--prompt", type=int, default=600, help="tokens")
    parser.add_argument("--new", type=int, default=64, help="tokens of each branch")
    parser.add_argument("--threads", type=int, help="default: physical cores")
    parser.add_argument("--model", default="smollm2-135m-instruct", help="catalogue name or .gguf file")
    options = parser.parse_args()

    path = resolve(options.model, "generator").path
    engine = LlamaEngine(path, options=EngineOptions(threads=options.threads))
    import llama_cpp  # after the engine has set the environment it reads

    llama = llama_cpp.Llama(
        str(path), n_ctx=2048, n_threads=engine.threads, n_threads_batch=engine.threads, verbose=False
    )
    text = prompt_of(engine, options.prompt)
    tokens = engine.vocabulary.encode(text)
    ours(engine, text, options.branches, 4)  # warm the page cache and the threads
    seconds: dict[str, list[float]] = {"ours": [], "naive": [], "prefix": []}
    counts: list[int] = []
    for round_ in range(options.rounds):
        spent, counts = ours(engine, text, options.branches, options.new)
        seconds["ours"].append(spent)
        seconds["naive"].append(plain(llama, tokens, counts, reset=True))
        seconds["prefix"].append(plain(llama, tokens, counts, reset=False))
        last = {name: f"{values[-1]:.2f} s" for name, values in seconds.items()}
        print(f"round {round_ + 1}: {last}", file=sys.stderr)
    ratios = {
        name: [other / own for other, own in zip(seconds[name], seconds["ours"], strict=True)]
        for name in ("naive", "prefix")
    }
    for name, values in ratios.items():
        spread = f"{min(values):.2f} to {max(values):.2f}"
        print(f"{name:7} takes {statistics.median(values):.2f} times as long ({spread})", file=sys.stderr)
    print(
        json.dumps(
            {
                "command": " ".join(["python", "benchmarks/shared_prefix.py", *sys.argv[1:]]),
                "model": path.name,
                "sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest(),
                "llama_cpp_python": version("llama-cpp-python"),
                "python": platform.python_version(),
                "machine": platform.machine(),
                "threads": engine.threads,
                "prompt_tokens": len(tokens),
                "new_tokens": counts,
                "seconds": {name: [round(v, 3) for v in values] for name, values in seconds.items()},
                "ratio_median": {name: round(statistics.median(values), 2) for name, values in ratios.items()},
            }
        )
    )


if __name__ == "__main__":
    main()
