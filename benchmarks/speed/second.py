"""The second question about a database, in a new process: how soon does its answer begin?

    python -m benchmarks.speed.second [--model NAME_OR_FILE] [--rounds 5] [--threads N]

A database whose schema makes a prompt of about a thousand tokens, the models' files in the system's memory. In pairs:
``planner ask`` with an empty prefix cache, then another question with what the first one kept. One candidate of one
token is written, so a run ends with the first generated token. It prints both times and their ratio: for the engine
alone (prompt and first token, the state's writing included), and of the whole process from its start to its end.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.speed import records
from benchmarks.speed.report import RESULTS, spread

QUESTIONS = ("How many orders are open?", "Which supplier delivers most often?")
PROMPT = 1000
"""Tokens of the schema, about."""
TABLES = ("supplier", "warehouse", "delivery", "contract", "invoice", "employee", "vehicle", "complaint")
COLUMNS = ("name", "city", "status", "created_at", "amount", "priority", "comment", "reference", "quantity", "due_date")


def build(path: Path, tables: int) -> None:
    """A database of so many tables, a row each."""
    with sqlite3.connect(path) as connection:
        for number in range(tables):
            name = f"{TABLES[number % len(TABLES)]}_{number}"
            columns = ", ".join(f"{column}_{number} TEXT" for column in COLUMNS)
            connection.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {columns})")
            connection.execute(f"INSERT INTO {name} (id) VALUES (1)")
    connection.close()


def ask(question: str, database: Path, cache: Path, more: list[str]) -> dict:
    """Seconds of the process, and its own figures."""
    command = [sys.executable, "-m", "planner_cli", "ask", question, str(database), "-n", "1", "--max-tokens", "1"]
    command += ["--no-judge", "--no-mend", "--history", "off", "--json", *more]
    # a cache of its own; the runs that find the size write the base's fast form there, before anything is timed
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    seconds = time.perf_counter() - started
    if not done.stdout.startswith("{"):
        sys.exit(f"planner ask failed with code {done.returncode}: {done.stderr}")
    stage = json.loads(done.stdout)["timings"]["generate"]
    return {"process": seconds, "engine": stage["seconds"], **stage}


def tables_for(prompt: int, cache: Path, more: list[str], folder: Path) -> Path:
    """A database whose prompt is about so long."""
    sizes = {}
    for tables in (4, 8):
        path = folder / f"{tables}.sqlite"
        build(path, tables)
        sizes[tables] = ask(QUESTIONS[0], path, cache, more)["prompt_tokens"]
    each = (sizes[8] - sizes[4]) / 4
    path = folder / "large.sqlite"
    build(path, round(8 + (prompt - sizes[8]) / each))
    return path


def measure(rounds: int, more: list[str]) -> dict:
    pairs = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cache = folder / "cache"
        database = tables_for(PROMPT, cache, more, folder)
        for _ in range(rounds):
            for state in (cache / "planner_cli" / "prefixes").glob("*"):
                state.unlink()
            pairs.append([ask(question, database, cache, more) for question in QUESTIONS])
    first, second = pairs[0]
    if first["cached_tokens"] or not second["cached_tokens"]:
        sys.exit(f"the cache was not used as expected: {first['cached_tokens']}, {second['cached_tokens']} tokens")
    result = {"prompt_tokens": first["prompt_tokens"], "cached_tokens": second["cached_tokens"], "pairs": pairs}
    for what in ("engine", "process"):
        result[what] = spread([warm[what] / cold[what] for cold, warm in pairs])
        result[f"{what}_seconds"] = [statistics.median(turn[at][what] for turn in pairs) for at in (0, 1)]
    return result


def line(result: dict) -> str:
    """As the README has it."""
    (cold, warm), (cold_process, warm_process) = result["engine_seconds"], result["process_seconds"]
    return (
        f"| {result['model']} | {result['prompt_tokens']} ({result['cached_tokens']} kept) "
        f"| {cold:.2f} s, {warm:.2f} s: **{result['engine']['median']:.2f}** "
        f"| {cold_process:.2f} s, {warm_process:.2f} s: {result['process']['median']:.2f} |"
    )


def readme_lines() -> list[str]:
    """A line for each model, from its newest result; nothing before the first."""
    newest = {}
    for path in sorted(RESULTS.glob("second-*.json")):
        result = json.loads(path.read_text())
        newest[result["model"]] = result
    head = [
        "| model | tokens of the prompt | first token: first, second question | whole process |",
        "|---|---|---|---|",
    ]
    return [*head, *map(line, newest.values())] if newest else []


def main() -> None:
    parser = records.parser("second", __doc__, result="second-MODEL", threads="cores that are free")
    parser.add_argument("--model", default="builtin", help="generator: catalogue name or .gguf file")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    more = ["--generator", options.model, *([] if options.threads is None else ["--threads", str(options.threads)])]
    model = Path(options.model).stem
    result = records.begun(model=model)
    result |= measure(options.rounds, more)
    records.store(result, f"second-{model}", options.output, [line(result)])


if __name__ == "__main__":
    main()
