"""The wide schemas that are measured: generated ones, and databases merged into one."""

import json
import sqlite3
from contextlib import closing

from benchmarks.wide.generated import write
from benchmarks.wide.merged import merge, questions


def dump(path):
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_a_generated_schema_comes_from_its_seed(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write(tmp_path / name, 20, seed=seed)
    assert dump(tmp_path / "a") == dump(tmp_path / "b") != dump(tmp_path / "c")
    assert sum(line.startswith("CREATE TABLE") for line in dump(tmp_path / "a")) == 20


def test_merged_databases_keep_keys_rows_and_right_queries(tmp_path):
    pack = tmp_path / "pack"
    for name, city in (("north", "Oslo"), ("south", "Quito")):
        (pack / "databases" / name).mkdir(parents=True)
        with closing(sqlite3.connect(pack / "databases" / name / f"{name}.sqlite")) as connection, connection:
            connection.execute("create table person (id integer primary key, city text)")
            connection.execute(
                f"create table {name}_pet (id integer primary key, owner integer references person (id))"
            )
            connection.execute("insert into person values (1, ?)", (city,))
            connection.execute(f"insert into {name}_pet values (7, 1)")
    query = 'SELECT T1.city FROM person AS T1 JOIN south_pet ON south_pet.owner = T1.id WHERE T1.city = "Quito"'
    lines = [{"qid": "q1", "db_id": "south", "question": "Where?", "query": query}]
    (pack / "questions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    target = tmp_path / "merged.sqlite"
    renamed = merge([pack], [(0, "north"), (0, "south")], target)
    assert renamed["south"] == {"person": "south_person", "south_pet": "south_pet"}
    (asked,) = questions(pack, renamed)
    assert asked.tables == {"south_person", "south_pet"}
    assert asked.columns == {("south_person", "city"), ("south_person", "id"), ("south_pet", "owner")}
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute(asked.gold).fetchall() == [("Quito",)]
        assert connection.execute("pragma foreign_key_list(south_pet)").fetchone()[2] == "south_person"
