from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from bench_values import PACK, needs_pack

from planner_cli.bench.datasets import Item, load
from planner_cli.bench.datasets.places import suite
from planner_cli.demo import everyday, questions
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
    with pytest.raises(PlannerError, match="no file was named"):
        load("demo")


def test_the_everyday_questions_make_the_databases_of_their_part(tmp_path):
    found = load("everyday", part="test", databases=tmp_path)
    assert found.name == "everyday-test"
    assert {item.part for item in found.items} == {"test"}
    assert sorted({path.parent for item in found.items for path in (item.database_path, *item.suite)}) == sorted(
        tmp_path.iterdir()
    )
    asked = {question.id: question for question in everyday.questions()}
    for item in found.items:
        question = asked[item.id]
        assert (item.question, item.kinds, len(item.suite)) == (question.text, question.kinds, len(everyday.SEEDS) - 1)
        assert (() if item.unanswerable else item.right_queries()) == question.golds
    assert load("everyday", part="test", databases=tmp_path, limit=5).fingerprint == found.fingerprint


EVERYDAY_REFUSED = [
    ("no folder", {}, "no folder was named"),
    ("no such part", {"part": "dev", "databases": Path("x")}, "the everyday questions have no part 'dev'"),
]


@pytest.mark.parametrize(("options", "said"), [r[1:] for r in EVERYDAY_REFUSED], ids=[r[0] for r in EVERYDAY_REFUSED])
def test_everyday_is_refused(options, said):
    with pytest.raises(PlannerError, match=said):
        load("everyday", **options)


@pytest.mark.parametrize(
    ("changes", "same"), [({}, True), ({"others": ("SELECT 2",)}, False), ({"unanswerable": True}, False)]
)
def test_the_digest_knows_what_is_right(changes, same):
    plain = Item("q", "d", Path("d.sqlite"), (), "?", "SELECT 1")
    assert (replace(plain, **changes).digest == plain.digest) is same


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
    ("a database outside", "a.json", '[{"db_id": "../shop", "question": "?", "query": "SELECT 1"}]', "is not a database name"),
    ("unknown hardness", "a.csv", "question,sql,database,hardness\n?,SELECT 1,shop,tough", "line 2: hardness is 'tough'"),
    ("cells missing", "a.csv", "question,sql,database\n?,SELECT 1", "line 2: 2 cells under 3"),
    ("all cells but one missing", "a.csv", "question,sql,database\n?", "line 2: 1 cell under 3"),
    ("a column twice", "a.csv", "question,sql,SQL\na,b,c", "same name"),
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
        load(tmp_path / name, strict=True)
    assert name in caught.value.message


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"question,sql\n\xff,b")
    for source, message in [("a.csv", "not UTF-8"), ("none.csv", "no file or folder"), (".", "holds no data set")]:
        with pytest.raises(PlannerError, match=message):
            load(tmp_path / source)


def test_a_pack_without_candidates(layouts):
    (layouts / "packs/one/candidates.jsonl").unlink()
    (found,) = load(layouts / "packs/one").items
    assert (found.id, found.candidates, len(found.suite)) == ("x-1", (), 3)


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
        load(write(tmp_path / "mine.csv", rows), strict=True)


# ----------------------------------------------------------------------- faults among good records

GOOD = {"question": "Good?", "sql": "SELECT 1", "database": "shop"}
SET_ASIDE = [
    # (name, file, the record beside a good one, kind, the name it is set aside by, what its reason says)
    ("no question", "a.jsonl", {"sql": "SELECT 1", "database": "shop"}, "record", "a.jsonl, line 2", "no 'question'"),
    ("a blank gold", "a.jsonl", {**GOOD, "sql": "  ", "id": "q7"}, "record", "q7 (a.jsonl, line 2)", "no 'sql'"),
    ("gold of null", "a.jsonl", {**GOOD, "sql": None}, "record", "a.jsonl, line 2", "no 'sql'"),
    ("gold of a number", "a.jsonl", {**GOOD, "sql": 7}, "record", "a.jsonl, line 2", "'sql' is int"),
    ("an unknown database", "a.jsonl", {**GOOD, "database": "nope"}, "record", "a.jsonl, line 2", "no database 'nope'"),
    ("a database outside", "a.jsonl", {**GOOD, "database": "../../shop"}, "record", "a.jsonl, line 2", "not a database name"),
    ("a hidden sibling for a database", "a.jsonl", {**GOOD, "database": "._shop"}, "record", "a.jsonl, line 2", "no database '._shop'"),
    ("no object", "a.jsonl", [1], "record", "a.jsonl, line 2", "expected an object"),
    ("an odd hardness", "a.jsonl", {**GOOD, "hardness": "tough"}, "record", "a.jsonl, line 2", "'tough'"),
    ("a label of 2", "a.jsonl", {**GOOD, "candidates": [{"sql": "SELECT 1", "label": 2}]}, "record", "a.jsonl, line 2", "label is 2"),
    ("candidates of text", "a.jsonl", {**GOOD, "candidates": ["SELECT 1"]}, "record", "a.jsonl, line 2", "list of objects"),
    ("an id twice", "a.jsonl", {**GOOD, "id": "1"}, "id", "1 (number 2 of this id)", "two questions have the id '1'"),
    ("an id twice, as a number", "a.jsonl", {**GOOD, "id": 1}, "id", "1 (number 2 of this id)", "two questions have the id '1'"),
    ("another database of one name", "a.jsonl", {**GOOD, "database": "other/shop.sqlite"}, "id", "2", "two databases have the name 'shop'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "record", "kind", "named", "reason"), [s[1:] for s in SET_ASIDE], ids=[s[0] for s in SET_ASIDE]
)
def test_a_record_that_makes_no_question_is_set_aside(tmp_path, name, record, kind, named, reason):
    database(tmp_path / "shop.sqlite")
    database(tmp_path / "other/shop.sqlite")
    path = write(tmp_path / name, [GOOD, record])
    found = load(path)
    assert [(item.id, item.question) for item in found.items] == [("1", "Good?")]
    (fault,) = found.set_aside
    assert (fault.kind, fault.name) == (kind, named)
    assert reason in fault.reason
    with pytest.raises(PlannerError, match=re.escape(reason)):
        load(path, strict=True)


LAYOUT_FAULTS = [
    # (name, file, good record, bad record)
    ("spider without a query", "dev.json", SPIDER, {**SPIDER, "query": ""}),
    ("spider without a database", "dev.json", SPIDER, {k: v for k, v in SPIDER.items() if k != "db_id"}),
    ("bird's database is not there", "dev.json", BIRD, {**BIRD, "question_id": 8, "db_id": "gone"}),
    ("bird's id twice", "dev.json", BIRD, {**BIRD, "question": "Another?"}),
    ("the paper's candidates are of unequal length", "spider_intrin_eval.json", INTRINSIC, {**INTRINSIC, "top_n_label": [1]}),
    ("the paper's candidates are not there", "spider_intrin_eval.json", INTRINSIC, {k: v for k, v in INTRINSIC.items() if k != "top_n"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "good", "bad"), [f[1:] for f in LAYOUT_FAULTS], ids=[f[0] for f in LAYOUT_FAULTS])
@pytest.mark.parametrize("first", [False, True], ids=["behind a good one", "before a good one"])
def test_every_layout_sets_aside(tmp_path, name, good, bad, first):
    database(tmp_path / "databases/shop/shop.sqlite")
    twice = "question_id" in good and bad.get("question_id") == good["question_id"]
    found = load(write(tmp_path / name, [bad, good] if first else [good, bad]))
    assert len(found.items) == len(found.set_aside) == 1
    assert found.items[0].question.startswith("Another?" if twice and first else "How many?")
    # neither the place nor the id of a good question depends on bad ones
    if "question_id" not in good:
        assert found.items[0].id == f"{Path(name).stem}-{int(first):04d}"


def test_lines_of_candidates_that_are_wrong_cost_their_question_alone(layouts):
    lines = [{**PACK_LINE, "qid": name} for name in ("a", "b", "c", "d")]
    write(layouts / "packs/one/questions.jsonl", lines)
    given = [
        {**PACK_CANDIDATES, "qid": "a"},
        {"qid": "b", "candidates": [{"sql": 7}]},
        *[{**PACK_CANDIDATES, "qid": "d"}] * 2,
    ]
    path = write(layouts / "packs/one/candidates.jsonl", given)
    path.write_text(path.read_text() + "{not JSON\n")
    found = load(layouts / "packs/one")
    assert [item.id for item in found.items] == ["a"]
    reasons = [fault.reason for fault in found.set_aside]
    assert ["must be text" in reasons[0], "no line for 'c'" in reasons[1], "another line" in reasons[2]] == [True] * 3


def test_nothing_but_faults_is_an_error_that_names_the_first(tmp_path):
    path = write(tmp_path / "a.jsonl", [{"question": "?", "sql": "SELECT 1", "database": "gone"}] * 3)
    with pytest.raises(
        PlannerError, match=r"3 are set aside, the first: a\.jsonl, line 1: there is no database 'gone'"
    ):
        load(path)


# ------------------------------------------------------------------------------- dialects of tables

WORDS = ["question", "sql", "database"]
ASKED = ["How many, or none; all?", "SELECT count(*), 1 FROM t; -- a|b", "shop"]


def made(separator, quote='"', end="\r\n", header=WORDS, quoting=csv.QUOTE_MINIMAL):
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator, quotechar=quote, lineterminator=end, quoting=quoting).writerows(
        [header, ASKED]
    )
    return stream.getvalue()


DIALECTS = [
    # (name, file, bytes)
    ("commas", "a.csv", made(",").encode()),
    ("semicolons, as spreadsheets write where the comma is decimal", "a.csv", made(";").encode()),
    ("tabs in a .csv", "a.csv", made("\t").encode()),
    ("pipes", "a.csv", made("|").encode()),
    ("commas in a .tsv", "a.tsv", made(",").encode()),
    ("a byte order mark", "a.csv", made(";").encode("utf-8-sig")),
    ("a byte order mark before a quoted name", "a.csv", made(";", quoting=csv.QUOTE_ALL).encode("utf-8-sig")),
    ("UTF-16, as Excel saves Unicode text", "a.csv", made("\t").encode("utf-16")),
    ("UTF-16, the other byte order", "a.csv", b"\xfe\xff" + made(",").encode("utf-16-be")),
    ("UTF-16 without a mark", "a.tsv", made("\t").encode("utf-16-le")),
    ("UTF-32", "a.csv", made(",").encode("utf-32")),
    ("everything quoted", "a.csv", made(";", quoting=csv.QUOTE_ALL).encode()),
    ("single quotes", "a.csv", made(",", quote="'", quoting=csv.QUOTE_ALL).encode()),
    ("line ends of old Macs", "a.csv", made(",", end="\r").encode()),
    ("sep= in the first line", "a.csv", b"sep=;\r\n" + made(";").encode()),
    ("blanks and capitals in the header", "a.csv", made(";", header=[" Question", "SQL ", "DataBase"]).encode()),
    ("empty columns at the end", "a.csv", "".join(f"{line};;\n" for line in made(";", end="\n").splitlines()).encode()),
    ("empty rows at the end", "a.csv", made(";").encode() + b";;\r\n\r\n;;\r\n"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data"), [d[1:] for d in DIALECTS], ids=[d[0] for d in DIALECTS])
def test_a_table_is_read_in_its_own_dialect(tmp_path, name, data):
    database(tmp_path / "shop.sqlite")
    (tmp_path / name).write_bytes(data)
    found = load(tmp_path / name, strict=True)
    assert [[item.question, item.gold, item.database_id] for item in found.items] == [ASKED]
    assert found.format == "table"


REFUSED_TABLES = [
    # (name, text, what is said)
    ("a separator that is none", "question^sql^database\n?^SELECT 1^shop\n", "no separator (comma, semicolon, tab, pipe)"),
    ("colons", "question:sql\n?:SELECT 1\n", "no column 'question' and 'sql' or 'gold' or 'query'"),
    ("no header", "How many?;SELECT 1;shop\n", "no column 'question' and 'sql'"),
    ("no query", "question;answer\n?;1\n", "no column 'sql' or 'gold' or 'query' (separator: semicolon; columns: 'question', 'answer')"),
    ("no question", "frage|sql\n?|SELECT 1\n", "no column 'question' (separator: pipe; columns: 'frage', 'sql')"),
    ("another separator than sep= says", "sep=;\nquestion,sql\n?,SELECT 1\n", "no separator (semicolon)"),
    ("quotes that do not close", 'question;sql\n"?;SELECT 1\n', "(separator: semicolon)"),
    ("a separator in a cell without quotes", "question;sql;database\n?;SELECT 1;;shop\n", "4 cells under 3 column names (separator: semicolon"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), [r[1:] for r in REFUSED_TABLES], ids=[r[0] for r in REFUSED_TABLES])
def test_a_table_that_cannot_be_read_names_what_is_missing(tmp_path, text, said):
    database(tmp_path / "shop.sqlite")
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(PlannerError, match=re.escape(said)):
        load(tmp_path / "a.csv", strict=True)


NO_TEXT = [
    # (name, first bytes, what is said, the hint)
    ("a spreadsheet", "a.xlsx", b"PK\x03\x04\x14\0", "is a zip archive or a spreadsheet", "save it as CSV"),
    ("a spreadsheet called CSV", "a.csv", b"PK\x03\x04\x14\0", "is a zip archive or a spreadsheet", "save it as CSV"),
    ("an old spreadsheet", "a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1", "is an old spreadsheet", "save it as CSV"),
    ("gzip", "a.csv.gz", b"\x1f\x8b\x08\0", "is packed by gzip", "unpack it first"),
    ("zstd", "a.jsonl.zst", b"\x28\xb5\x2f\xfd", "is packed by zstd", "unpack it first"),
    ("Parquet", "dev.parquet", b"PAR1\x15\0", "is a Parquet file", "save it as CSV"),
    ("a database", "a.json", b"SQLite format 3\0\x10\0", "is an SQLite database", "--database"),
    ("text of another ending", "a.txt", b"question\tsql\n?\tSELECT 1\n", "ends in none of .json, .jsonl, .csv", "ending"),
    ("a table of Markdown", "a.md", b"| question | sql |\n|---|---|\n", "ends in none of .json, .jsonl, .csv", "ending"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "said", "hint"), [n[1:] for n in NO_TEXT], ids=[n[0] for n in NO_TEXT])
def test_what_is_no_text_is_called_by_its_name(tmp_path, name, data, said, hint):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(PlannerError, match=re.escape(said)) as caught:
        load(tmp_path / name)
    assert hint in caught.value.hint


GOLDS = [
    # (name, gold of the data, gold that runs)
    ("a query", "SELECT count(*) FROM t", "SELECT count(*) FROM t"),
    ("a fence", "```sql\nSELECT count(*) FROM t\n```", "SELECT count(*) FROM t"),
    ("a label", "SQL: SELECT count(*) FROM t", "SELECT count(*) FROM t"),
    ("a query with what looks like a fence", "SELECT '```' FROM t", "SELECT '```' FROM t"),
    ("a comment first", "-- how many\nSELECT 1", "-- how many\nSELECT 1"),
    ("blanks around", " SELECT 1 ", "SELECT 1"),
    ("no query", "three", "three"),
]


@pytest.mark.parametrize(("given", "runs"), [g[1:] for g in GOLDS], ids=[g[0] for g in GOLDS])
def test_a_gold_query_that_a_model_wrote_is_read_as_its_replies_are(tmp_path, given, runs):
    database(tmp_path / "shop.sqlite")
    (tmp_path / "a.jsonl").write_text(json.dumps({"question": "?", "sql": given, "database": "shop.sqlite"}))
    (item,) = load(tmp_path / "a.jsonl", strict=True).items
    assert item.gold == runs


# ---------------------------------------------------------------------- what lies beside a database

BESIDE = [
    # (name, whether it is an instance of shop.sqlite)
    ("shop_v1.sqlite", True),
    ("shopv12.sqlite", True),
    ("random0.db", True),
    ("shop-3.sqlite3", True),
    ("shop_temperature.sqlite", True),
    ("._shop.sqlite", False),
    (".shop.sqlite", False),
    (".hidden.db", False),
    ("shop.sqlite-wal", False),
    ("shop.sqlite-shm", False),
    ("shop.sqlite-journal", False),
    ("shop.sqlite.bak", False),
    ("shop (copy).sqlite", False),
    ("shop (1).sqlite", False),
    ("shop copy.sqlite", False),
    ("shop - Copy.sqlite", False),
    ("Copy of shop.sqlite", False),
    ("shop 2.sqlite", False),
    ("shop_copy.sqlite", False),
    ("shop.bak.sqlite", False),
    ("shop_backup.db", False),
    ("shop_old.sqlite", False),
    ("shop.orig.sqlite", False),
    ("shop~.sqlite", False),
    ("shop.tmp.sqlite", False),
    ("Thumbs.db", False),
    ("schema.sql", False),
]


@pytest.mark.parametrize("folder", ["", "suite"], ids=["beside it", "in suite"])
@pytest.mark.parametrize(("name", "instance"), BESIDE, ids=[b[0] for b in BESIDE])
def test_what_is_an_instance_of_a_database(tmp_path, folder, name, instance):
    main = database(tmp_path / "shop/shop.sqlite")
    other = database(main.parent / folder / name)
    assert suite(main) == ((other,) if instance else ())


@pytest.mark.parametrize(
    "made", [Path.mkdir, lambda path: path.symlink_to("nowhere")], ids=["a folder", "a broken link"]
)
def test_what_is_no_file_is_no_instance(tmp_path, made):
    main = database(tmp_path / "shop/shop.sqlite")
    made(main.parent / "shop_v1.sqlite")
    assert suite(main) == ()


def test_a_database_whose_own_name_has_such_a_word_keeps_its_instances(tmp_path):
    main = database(tmp_path / "old_copy/old_copy.sqlite")
    other = database(main.parent / "old_copy_v1.sqlite")
    assert suite(main) == (other,)


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
