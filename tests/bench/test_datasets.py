from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from bench_values import PACK, needs_pack

from planner_cli.bench.datasets import load
from planner_cli.demo import questions
from planner_cli.errors import PlannerError


def database(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a)")
    return path


def write(path: Path, data: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".json":
        path.write_text(json.dumps(data, indent=1))
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(entry) + "\n" for entry in data))
    else:
        with path.open("w", newline="") as stream:
            csv.writer(stream).writerows(data)
    return path


SPIDER = {"db_id": "shop", "question": "How many?", "query": "SELECT count(*) FROM t", "sql": {"ignored": 1}}
BIRD = {
    "question_id": 7,
    "db_id": "shop",
    "question": "How many?",
    "SQL": "SELECT 1 FROM t",
    "evidence": "all",
    "difficulty": "moderate",
}
INTRINSIC = {
    "db_id": "shop", "question": "How many?", "sql": "SELECT 1 FROM t",
    "top_n": ["SELECT 1 FROM t", "SELECT 2"], "top_n_label": [1, 0], "exec_res": [[1]], "top_n_exec_res": [[[1]], "ERROR"],
}  # fmt: skip
PACK_LINE = {"qid": "x-1", "db_id": "shop", "question": "How many?", "query": "SELECT 1 FROM t", "hardness": "extra"}
PACK_CANDIDATES = {
    "qid": "x-1",
    "candidates": [{"sql": "SELECT 1 FROM t", "label": 1, "systems": ["a"]}, {"sql": "x", "label": 0}],
}


@pytest.fixture
def layouts(tmp_path):
    """One folder a layout, each with the database where that layout has it."""
    write(tmp_path / "spider/dev.json", [SPIDER])
    write(tmp_path / "spider/train_spider.json", [SPIDER, SPIDER])
    database(tmp_path / "spider/database/shop/shop.sqlite")
    write(tmp_path / "bird/dev.json", [BIRD])
    database(tmp_path / "bird/dev_databases/shop/shop.sqlite")
    write(tmp_path / "paper/spider_intrin_eval.json", [INTRINSIC])
    database(tmp_path / "paper/databases/shop/shop.sqlite")
    write(tmp_path / "packs/one/questions.jsonl", [PACK_LINE])
    write(tmp_path / "packs/one/candidates.jsonl", [PACK_CANDIDATES])
    database(tmp_path / "packs/one/databases/shop/shop.sqlite")
    for name in ("10", "2", "0"):
        database(tmp_path / f"packs/one/databases/shop/suite/{name}.sqlite")
    return tmp_path


LAYOUTS = [
    # (folder or file, more, kind, ids)
    ("spider", {}, "spider", ["dev-0000"]),
    ("spider", {"part": "train"}, "spider", ["train_spider-0000", "train_spider-0001"]),
    ("spider/dev.json", {}, "spider", ["dev-0000"]),
    ("bird", {}, "bird", ["7"]),
    ("paper", {}, "intrinsic", ["spider_intrin_eval-0000"]),
    ("paper/spider_intrin_eval.json", {"format": "intrinsic"}, "intrinsic", ["spider_intrin_eval-0000"]),
    ("packs/one", {}, "pack", ["x-1"]),
    ("packs", {"part": "one"}, "pack", ["x-1"]),
]


@pytest.mark.parametrize(("source", "more", "kind", "ids"), LAYOUTS, ids=[f"{x[0]}-{x[1]}" for x in LAYOUTS])
def test_layouts_are_found_out(layouts, source, more, kind, ids):
    found = load(layouts / source, **more)
    assert found.format == kind
    assert [item.id for item in found.items] == ids
    assert found.total == len(ids)
    assert {item.database_path.is_file() for item in found.items} == {True}
    assert {item.database_id for item in found.items} == {"shop"}


def test_what_each_layout_tells(layouts):
    spider, bird, paper, pack = (load(layouts / name).items[0] for name in ("spider", "bird", "paper", "packs/one"))
    assert (spider.gold, spider.hardness, spider.candidates) == ("SELECT count(*) FROM t", "easy", ())
    assert (bird.question, bird.hardness) == ("How many?\nall", "medium")
    assert [(c.sql, c.label) for c in paper.candidates] == [("SELECT 1 FROM t", True), ("SELECT 2", False)]
    assert (pack.hardness, [c.label for c in pack.candidates]) == ("extra", [True, False])
    assert [path.stem for path in pack.suite] == ["0", "2", "10"]
    assert spider.suite == ()


def test_instances_beside_the_main_file_are_its_suite(layouts):
    database(layouts / "spider/database/shop/shop_v1.sqlite")
    assert [path.name for path in load(layouts / "spider").items[0].suite] == ["shop_v1.sqlite"]


def test_databases_may_lie_elsewhere(layouts):
    (layouts / "spider/database").rename(layouts / "elsewhere")
    with pytest.raises(PlannerError, match="no database 'shop'"):
        load(layouts / "spider")
    assert load(layouts / "spider", databases=layouts / "elsewhere").items[0].database_path.is_file()


# --------------------------------------------------------------------------------------- own tables


def test_a_csv_of_ones_own(tmp_path):
    shop = database(tmp_path / "shop.db")
    rows = [
        ["Question", "SQL", "Database", "hardness"],
        ["Two\nlines, one cell?", "SELECT a FROM t", "shop.db", ""],
        ["b", "SELECT 1", "shop", "Hard"],
    ]
    found = load(write(tmp_path / "mine.csv", rows)).items
    assert [(i.id, i.question, i.gold, i.database_path, i.hardness) for i in found] == [
        ("1", "Two\nlines, one cell?", "SELECT a FROM t", shop, "easy"),
        ("2", "b", "SELECT 1", shop, "hard"),
    ]


def test_jsonl_and_tsv_of_ones_own(tmp_path):
    shop = database(tmp_path / "data/shop.sqlite")
    lines = write(
        tmp_path / "mine.jsonl", [{"id": "a", "question": "?", "gold": "SELECT 1", "database": "data/shop.sqlite"}]
    )
    table = tmp_path / "mine.tsv"
    table.write_text("\ufeffquestion\tsql\n?\tSELECT 1\n", encoding="utf-8")
    assert load(lines).items[0].database_path == shop
    assert load(table, databases=shop).items[0].id == "1"
    with pytest.raises(PlannerError, match=r"line 2: there is no 'database'"):
        load(table)


def test_the_demo_builds_its_database_once(tmp_path):
    place = tmp_path / "demo.sqlite"
    found = load("demo", databases=place)
    built = place.stat().st_mtime_ns
    assert [item.id for item in found.items] == [question.id for question in questions()]
    assert load("demo", databases=place).fingerprint == found.fingerprint
    assert place.stat().st_mtime_ns == built
    with pytest.raises(PlannerError, match="no place"):
        load("demo")


# --------------------------------------------------------------------------------- limit and shard


@pytest.fixture
def hundred(tmp_path):
    database(tmp_path / "shop.sqlite")
    rows = [["id", "question", "sql", "database"]] + [[f"q{n}", f"{n}?", "SELECT 1", "shop"] for n in range(100)]
    return write(tmp_path / "mine.csv", rows)


def test_a_limit_is_spread_stable_and_grows(hundred):
    ids = [[item.id for item in load(hundred, limit=limit).items] for limit in (10, 20, 100, 1000)]
    assert [len(found) for found in ids] == [10, 20, 100, 100]
    assert set(ids[0]) < set(ids[1])
    numbers = [int(name[1:]) for name in ids[1]]
    assert numbers == sorted(numbers)
    assert min(numbers) < 25
    assert max(numbers) > 75


def test_shards_part_the_whole_and_share_its_fingerprint(hundred):
    whole = load(hundred, limit=50)
    shards = [load(hundred, limit=50, shard=(number, 3)) for number in (1, 2, 3)]
    assert sorted(i.id for s in shards for i in s.items) == sorted(i.id for i in whole.items)
    assert {s.fingerprint for s in shards} == {whole.fingerprint} == {load(hundred).fingerprint}


def test_the_fingerprint_is_of_the_content(hundred):
    before = load(hundred)
    hundred.write_text(hundred.read_text().replace("99?", "100?"))
    after = load(hundred)
    assert before.fingerprint != after.fingerprint
    assert [a.digest == b.digest for a, b in zip(before.items, after.items, strict=True)] == [True] * 99 + [False]


@pytest.mark.parametrize("more", [{"limit": 0}, {"shard": (0, 3)}, {"shard": (4, 3)}, {"format": "xml"}])
def test_impossible_requests(hundred, more):
    with pytest.raises(PlannerError):
        load(hundred, **more)


# ------------------------------------------------------------------------------------------ bad data

BAD = [
    # (name, file, text, what the message names)
    ("not JSON", "a.jsonl", '{"question": "?"\n', "line 1: not JSON"),
    ("broken further down", "a.json", '[\n{"db_id": "shop", "question": "?", "query": "SELECT 1"},\n{"db_id": ]\n', "line 3: not JSON"),
    ("cut off", "a.json", '[{"db_id": "shop", "question": "?", "query": "SELECT 1"}', "line 1: not JSON"),
    ("no array", "a.json", '{"db_id": "shop"}', "expected a JSON array"),
    ("no objects", "a.json", "[1, 2]", "line 1: expected an object"),
    ("another kind of file", "a.json", '[{"x": 1}]', "no known layout"),
    ("empty", "a.json", "[]", "no questions"),
    ("empty table", "a.csv", "question,sql\n", "no questions"),
    ("no question", "a.json", '[\n{"db_id": "shop", "query": "SELECT 1"}]', "line 2: there is no 'question'"),
    ("a blank query", "a.jsonl", '{"question": "?", "sql": " ", "database": "shop"}', "line 1: there is no 'sql'"),
    ("a number for a question", "a.jsonl", '{"question": 3, "sql": "SELECT 1", "database": "shop"}', "'question' is int"),
    ("unknown database", "a.jsonl", '\n{"question": "?", "sql": "SELECT 1", "database": "nope"}', "line 2: there is no database 'nope'"),
    ("a database outside", "a.json", '[{"db_id": "../shop", "question": "?", "query": "SELECT 1"}]', "is no database name"),
    ("unknown hardness", "a.csv", "question,sql,database,hardness\n?,SELECT 1,shop,tough", "line 2: hardness is 'tough'"),
    ("cells missing", "a.csv", "question,sql,database\n?,SELECT 1", "line 2: 2 cells under 3"),
    ("a column twice", "a.csv", "sql,SQL\na,b", "same name"),
    ("an open quote", "a.csv", 'question,sql,database\n"?,SELECT 1,shop', "line 2"),
    ("an id twice", "a.jsonl", '{"id": 1, "question": "?", "sql": "SELECT 1", "database": "shop"}\n' * 2, "the id '1'"),
    ("uneven candidates", "a.json", '[{"db_id": "shop", "question": "?", "sql": "SELECT 1", "top_n": ["x"], "top_n_label": []}]', "one length"),
    ("a label of 2", "a.json", '[{"db_id": "shop", "question": "?", "sql": "SELECT 1", "top_n": ["x"], "top_n_label": [2]}]', "label is 2"),
    ("a label of text", "a.json", '[{"db_id": "shop", "question": "?", "sql": "SELECT 1", "top_n": ["x"], "top_n_label": ["1"]}]', "label is '1'"),
    ("a candidate of null", "a.json", '[{"db_id": "shop", "question": "?", "sql": "SELECT 1", "top_n": [null], "top_n_label": [1]}]', "must be text"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "message"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_data_is_named_with_its_place(tmp_path, name, text, message):
    database(tmp_path / "shop.sqlite")
    (tmp_path / name).write_text(text)
    with pytest.raises(PlannerError, match=message) as caught:
        load(tmp_path / name)
    assert name in caught.value.message


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"question,sql\n\xff,b")
    for source, message in [("a.csv", "not UTF-8"), ("none.csv", "no file or folder"), (".", "holds no data set")]:
        with pytest.raises(PlannerError, match=message):
            load(tmp_path / source)


def test_a_pack_whose_candidates_do_not_fit(layouts):
    write(layouts / "packs/one/candidates.jsonl", [{**PACK_CANDIDATES, "qid": "y"}])
    with pytest.raises(PlannerError, match="no line for 'x-1'"):
        load(layouts / "packs/one")
    with pytest.raises(PlannerError, match="has the parts one"):
        load(layouts / "packs")


def test_two_databases_of_one_name(tmp_path):
    for folder in ("a", "b"):
        database(tmp_path / folder / "shop.sqlite")
    rows = [["question", "sql", "database"], ["?", "SELECT 1", "a/shop.sqlite"], ["?", "SELECT 1", "b/shop.sqlite"]]
    with pytest.raises(PlannerError, match="two databases have the name 'shop'"):
        load(write(tmp_path / "mine.csv", rows))


# ---------------------------------------------------------------------------------------- the pack


@needs_pack
def test_the_pack_as_it_stands():
    public, paper = load(PACK, part="public"), load(PACK / "public", format="intrinsic")
    assert (public.total, sum(len(i.candidates) for i in public.items)) == (621, 7758)
    assert (paper.total, sum(len(i.candidates) for i in paper.items)) == (621, 3362)
    assert {len(i.suite) for i in public.items} == {12}
    assert [i.hardness for i in public.items] == [i.hardness for i in paper.items]  # given there, computed here
    train = load(PACK, part="train", limit=20)
    assert (train.total, len(train.items)) == (7000, 20)
    assert {i.candidates for i in train.items} == {()}
