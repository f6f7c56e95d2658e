"""What the tests of the recipe share: a small pack, and models of Qwen2's kind."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.synth import known_shape, synthesise

REAL = os.environ.get("DISTILL_BASE")
"""A real GGUF file of Qwen2's kind, with which the marked tests run for some minutes instead of some seconds."""


@pytest.fixture(autouse=True)
def one_thread():
    """Several threads of torch wait for each other busily, for minutes where other work has their cores."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pack")
    (folder / "databases" / "shop").mkdir(parents=True)
    with closing(sqlite3.connect(folder / "databases" / "shop" / "shop.sqlite")) as connection:
        connection.executescript(
            """
            CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT, age INT);
            CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INT REFERENCES customers(id), total REAL);
            INSERT INTO customers VALUES (1, 'Ann', 'Paris', 30), (2, 'Bo', 'Rome', 41), (3, 'Cy', 'Paris', 50);
            INSERT INTO orders VALUES (1, 1, 5), (2, 1, 7), (3, 3, 1)
            """
        )
    asked = [
        ("How many customers are in paris ?", "SELECT count(*) FROM customers WHERE city = 'Paris'"),
        ("Who is the oldest customer?", "SELECT name FROM customers ORDER BY age DESC LIMIT 1"),
        ("Total per customer", "SELECT T2.name, sum(T1.total) FROM orders AS T1 JOIN customers AS T2 ON T1.customer_id = T2.id GROUP BY T2.id"),
    ]  # fmt: skip
    lines = [{"qid": f"q{i}", "db_id": "shop", "question": q, "query": s} for i, (q, s) in enumerate(asked)]
    (folder / "questions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def tiny_qwen2(tmp_path_factory):
    """Three layers of random weights."""
    from models.distill import stages

    path = tmp_path_factory.mktemp("qwen2") / "tiny.gguf"
    shape = replace(
        known_shape("deepseek-r1-distill-qwen-1.5b"),
        name="tiny", layers=3, width=256, heads=4, kv_heads=2, inner=512, vocabulary=49152, tied=True,
    )  # fmt: skip
    synthesise(shape, path, vocabulary=stages.base_path(), file_type="F16")
    return path


@pytest.fixture(scope="session")
def qwen2(tiny_qwen2):
    """The real file where one is named, else the random one."""
    return Path(REAL) if REAL else tiny_qwen2
