"""Run the comparison, or continue an interrupted one.

    python -m benchmarks.speed                          the built-in base
    python -m benchmarks.speed --model synth-1.5b       random weights in the shape of DeepSeek-R1-Distill-Qwen-1.5B
    python -m benchmarks.speed --short --peer server-beside
    python -m benchmarks.speed --check                  a minute or two; exit code 1 when a stored bound does not hold

Each side runs in a process of its own, one at a time, on the same token ids; a round measures every side once, in
another order than the round before, and a ratio is taken within a round. Every measurement is appended to a journal
at once: the same command continues after an interruption. Nothing else should run meanwhile; what did is recorded.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.speed import report
from benchmarks.speed.job import SHORT, Job, text_of
from benchmarks.speed.journal import Journal
from benchmarks.speed.machine import machine, own_seconds, versions
from benchmarks.speed.sides import PARTS, SIDES, Setting, Texts
from benchmarks.speed.worker import arguments
from planner_cli.engine.library import QUIET, busy_seconds
from planner_cli.engine.speed import Speed

BUILD = Path("build")
LIKE = "deepseek-r1-distill-qwen-1.5b"
MODELS = {"embedded": "smollm2-135m-instruct", "synth-1.5b": LIKE}


def main() -> int:
    options = parse()
    if options.check:
        options.short, options.model = True, "embedded"
    from planner_cli.engine import library  # sets the environment that all sides inherit
    from planner_cli.hub.checksum import file_sha256

    path, fast, short_name = model_file(options.model)
    job = SHORT if options.short else Job()
    threads = options.threads or library.physical_cores()
    programs = {
        name: getattr(options, name) or shutil.which(program) or built(program)
        for name, program in (("server", "llama-server"), ("batched_bench", "llama-batched-bench"))
    }
    setting = Setting(path, threads, job, fast=fast, **programs)
    model = {"short": short_name, "file": path.name, "size": path.stat().st_size, "sha256": file_sha256(path)}
    facts = {"model": model, "job": job.record(), "threads": threads, "versions": versions(), "machine": machine()}
    journal = Journal(options.journal or BUILD / f"speed-{short_name}{'-short' if job is SHORT else ''}.jsonl", facts)
    names = ["planner", *(name for name in SIDES if name != "planner" and (not options.peer or name in options.peer))]
    say(f"{path.name}, {threads} threads; journal {journal.path} ({len(journal.lines)} measurements there)")
    say(estimate(setting, names, options.rounds))
    bench = Bench(setting, journal, names)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no side is left behind
    try:
        for round_ in range(1, options.rounds + 1):
            bench.round(round_)
    except KeyboardInterrupt:
        say(f"stopped; the same command continues from {journal.path}")
        return 130
    finally:
        bench.close()
    seconds = journal.seconds(options.rounds)
    made = report.ratios(seconds)
    print("\n".join(report.summary(seconds, job.record())))
    shares = ", ".join(f"{share:.1%} at {width}" for width, share in journal.own_shares().items())
    print(f"\nof planner's steps outside llama.cpp's decode (sampling, text, Python): {shares}")
    for side, parts in journal.rows().items():
        print(f"{side} decoded " + ", ".join(f"{rows:.0f} rows for the {part}" for part, rows in parts.items()))
    for name, why in bench.unavailable.items():
        say(f"{name} is left out: {why}")
    foreign = [line["foreign"] for line in journal.lines if line["foreign"] is not None]
    if foreign and statistics.median(foreign) > QUIET:
        say(f"the machine was busy: {statistics.median(foreign):.2f} cores' worth of other work (median)")
    if not options.short or options.output:
        now = datetime.now(tz=timezone.utc)
        target = options.output or report.RESULTS / f"speed-{short_name}-{now:%Y-%m-%d-%H%M}.json"
        document = {
            "date": f"{now:%Y-%m-%d}", "command": command(sys.argv[1:]), **facts,
            "rounds": options.rounds, "seconds": seconds, "ratios": made,
            "own_shares": journal.own_shares(), "rows": journal.rows(), "memory": bench.memory(),
            "foreign_cores_median": statistics.median(foreign) if foreign else None, "left_out": bench.unavailable,
        }  # fmt: skip
        target.write_text(json.dumps(document, indent=1) + "\n")
        say(f"written to {target}")
    if options.check:
        broken = report.broken_bounds(made)
        print("\n".join(["", *(broken or ["all stored bounds hold"])]))
        return 1 if broken else 0
    return 0


class Bench:
    """The sides' processes, and the texts they get."""

    def __init__(self, setting: Setting, journal: Journal, names: list[str]) -> None:
        from planner_cli.engine.vocabulary import Vocabulary
        from planner_cli.engine.weights import Weights

        self.setting, self.journal, self.names = setting, journal, names
        self.unavailable: dict[str, str] = {}
        self._workers: dict[str, subprocess.Popen] = {}
        self._processes: list[int] = []
        weights = Weights(setting.model, vocabulary_only=True)
        self._weights = weights  # a vocabulary is part of it
        self._vocabulary = Vocabulary(weights.handle, weights.special_tokens, adds_space=weights.adds_space)

    def round(self, number: int) -> None:
        """Measure what the journal does not have of one round.

        An interrupted part is measured again as a whole: what is compared must be measured in succession.
        """
        for part in ("candidates", "thoughts", *map(str, self.setting.job.widths)):
            kind = "widths" if part.isdigit() else part
            sides = [name for name in self.names if kind in PARTS[name] and name not in self.unavailable]
            missing = [name for name in sides if not self.journal.has(number, part, name)]
            if not any(self._worker(name) for name in missing):
                continue
            start = number % len(sides)
            for name in sides[start:] + sides[:start]:
                if self._worker(name) is not None:
                    self.measure(number, part, name)

    def measure(self, number: int, part: str, name: str) -> None:
        texts = self._texts(part, number)
        busy, own, started = busy_seconds(), own_seconds(self._processes), time.perf_counter()
        answer = self._ask(self._workers[name], asdict(texts))
        wall = time.perf_counter() - started
        after = busy_seconds()
        if "failed" in answer:
            self.unavailable[name] = answer["failed"]
            return
        foreign = None
        if busy is not None and after is not None:
            foreign = round(max(0.0, (after - busy - (own_seconds(self._processes) - own)) / wall), 2)
        self.journal.add(round=number, part=part, side=name, foreign=foreign, **answer)
        say(f"round {number}  {part:12}{name:16}{answer['seconds']:8.2f} s   other work {foreign}")

    def memory(self) -> dict[str, int]:
        """Bytes of the largest resident set of each side."""
        found: dict[str, int] = {}
        for line in self.journal.lines:
            if line["memory"]:
                found[line["side"]] = max(found.get(line["side"], 0), line["memory"])
        return found

    def _worker(self, name: str) -> subprocess.Popen | None:
        """The process of a side, started at its first use; ``None`` when it cannot take part."""
        if name in self.unavailable:
            return None
        if name not in self._workers:
            worker = subprocess.Popen(
                arguments(name, self.setting), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open_log(name),
                text=True, start_new_session=True,
            )  # fmt: skip
            answer = self._read(worker)
            if "processes" not in answer:
                self.unavailable[name] = answer.get("unavailable") or answer["failed"]
                worker.wait()
                return None
            self._workers[name] = worker
            self._processes += answer["processes"]
            if "batched-bench" not in name:  # what is loaded at the first use is no part of a round
                answer = self._ask(worker, asdict(self._texts("warm", 0)))
                if "failed" in answer:
                    self.unavailable[name] = answer["failed"]
                    return None
        return self._workers[name]

    def _texts(self, part: str, number: int) -> Texts:
        job = self.setting.job
        seed = 1000 * number + {"candidates": 1, "thoughts": 2}.get(part, 3)
        if part == "candidates":
            count, prompt, suffix, new = job.candidates, job.prompt, 0, job.sql
        elif part == "thoughts":
            count, prompt, suffix, new = job.thoughts, job.prompt, job.suffix, job.budget
        else:
            count, prompt, suffix, new = int(part) if part.isdigit() else 1, job.width_prompt, 0, job.width_new
        prefix = text_of(prompt, seed, lambda text: len(self._ids(text)))
        suffixes = [self._suffix(suffix, seed + 10 + at) for at in range(count)]
        ids = [self._vocabulary.encode(text) for text in suffixes]
        return Texts(part, prefix, self._ids(prefix), suffixes, ids, new, seed)

    def _suffix(self, tokens: int, seed: int) -> str:
        """Begins with a blank, as it continues after a word."""
        return " " + text_of(tokens, seed, lambda text: len(self._vocabulary.encode(f" {text}"))) if tokens else ""

    def _ids(self, text: str) -> list[int]:
        from planner_cli.engine import Span

        return self._vocabulary.encode_prompt((Span(text),), first=True)

    def _ask(self, worker: subprocess.Popen, question: dict) -> dict:
        try:
            worker.stdin.write(json.dumps(question) + "\n")
            worker.stdin.flush()
        except BrokenPipeError:
            return {"failed": "the process ended"}
        return self._read(worker)

    @staticmethod
    def _read(worker: subprocess.Popen) -> dict:
        line = worker.stdout.readline()
        return json.loads(line) if line else {"failed": f"the process ended with code {worker.wait()}"}

    def close(self) -> None:
        for worker in self._workers.values():
            worker.stdin.close()  # ends it, and a server that it started, when it is at rest
            try:
                worker.wait(2)
            except subprocess.TimeoutExpired:
                os.killpg(worker.pid, signal.SIGKILL)  # in the middle of something; its server is of its group
                worker.wait()


def estimate(setting: Setting, names: list[str], rounds: int) -> str:
    """How long it will take, from a speed measured for some seconds."""
    from planner_cli.app.speeds import bare_engine
    from planner_cli.engine.learning import learn
    from planner_cli.errors import EngineError

    engine = bare_engine(setting.model, threads=setting.threads)
    try:
        seconds = round_seconds(learn(engine, 6.0).speed(), setting.job, names)
    except EngineError as error:
        return f"no estimate of the time: {error.message}"
    finally:
        engine.free()
    return f"about {seconds * rounds / 60:.0f} minutes for {rounds} rounds"


def round_seconds(speed: Speed, job: Job, names: list[str]) -> float:
    """Seconds of one round of all sides."""
    work = {  # texts, tokens shared, tokens of each, tokens written by each
        "candidates": (job.candidates, job.prompt, 0, job.sql),
        "thoughts": (job.thoughts, job.prompt, job.suffix, job.budget),
    }
    total = 0.0
    for name in names:
        for part in PARTS[name]:
            if part == "widths":
                tokens = sum(job.widths) * job.width_new
                total += len(job.widths) * job.width_prompt / speed.prefill + tokens / speed.batched
                continue
            count, shared, own, new = work[part]
            again = (
                count if name in ("llama-cold", "transformers") or (name, part) == ("server-beside", "thoughts") else 1
            )
            rate = speed.decode if name.startswith("llama") or name == "server-in-turn" else speed.batched
            total += (again * shared + count * own) / speed.prefill + count * new / rate
    return total


def model_file(name: str) -> tuple[Path, Path | None, str]:
    """The file, the form of it that planner runs where that is another, and under which name its results are kept."""
    from benchmarks.synth import known_shape, synthesise
    from planner_cli.app.models import ready
    from planner_cli.hub import resolve

    if name not in MODELS:
        path = resolve(name, "generator").path
        return path, None, path.stem
    if name == "embedded":
        model = ready(MODELS[name], "generator", note=say)
        return model.path, model.weights, name
    path = BUILD / f"{LIKE}-random.gguf"
    if not path.exists():
        say(f"writing {path}: 1.1 GB of random weights")
        path.parent.mkdir(exist_ok=True)
        synthesise(known_shape(LIKE), path, vocabulary=resolve(MODELS["embedded"], "generator").path)
    return path, None, name


def command(arguments: list[str]) -> str:
    """As it was given, programs and files by their names alone."""
    names = [Path(argument).name if os.sep in argument else argument for argument in arguments]
    return " ".join(["python -m benchmarks.speed", *names])


def built(program: str) -> str | None:
    """What benchmarks/speed/peers/build.py has built."""
    path = BUILD / "peers" / "bin" / program
    return str(path) if path.exists() else None


def open_log(name: str):
    BUILD.mkdir(exist_ok=True)
    return (BUILD / f"speed-{name}.log").open("a")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="embedded", help="embedded, synth-1.5b, or a name or file of your own")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, help="default: physical cores")
    parser.add_argument("--short", action="store_true", help="a job of a few seconds")
    parser.add_argument(
        "--check", action="store_true", help="the short job on the built-in base, against stored bounds"
    )
    parser.add_argument("--peer", action="append", choices=[name for name in SIDES if name != "planner"],
                        help="only this one besides planner; may be repeated")  # fmt: skip
    parser.add_argument(
        "--server", metavar="PROGRAM", help="llama-server; default: on the PATH, or built in build/peers"
    )
    parser.add_argument("--batched-bench", metavar="PROGRAM", help="llama-batched-bench; likewise")
    parser.add_argument("--journal", type=Path, help="default: build/speed-MODEL.jsonl")
    parser.add_argument("--output", type=Path, help="default: benchmarks/results/speed-MODEL-DATE.json, not if --short")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
