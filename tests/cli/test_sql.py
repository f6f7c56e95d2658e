"""``planner sql`` and ``planner schema``: one's own queries under the protection of those that models write."""

import io
import json
import subprocess
import sys

import pytest

from planner_cli.app import planner as planner_module
from planner_cli.app.models import Models
from planner_cli.cli import main
from tests.running import planner

ENDLESS = "with recursive a(x) as (select 1 union all select x + 1 from a) select max(x) from a"
RUN = [
    ("a table", "select id, name from customers limit 1", [], "id,name\n1,Anna\n"),
    ("json", "select name from customers where id = 2", ["--format", "json"], '[{"name": "Ben"}]\n'),
    ("a limit", "select id from customers", ["--limit", "2"], "id\n1\n2\n"),
    ("a parameter", "select name from customers where city = :c and id > @n", ["-p", "c=Paris", "-p", "n=1"], "name\nEva\n"),
    ("redacted", "select name from customers limit 1", ["--redact", "customers.name", "--format", "jsonl"], '{"name": null}\n'),
    ("values", "values (1), (2);", [], "column1\n1\n2\n"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def no_models(monkeypatch):
    """Loading any is an error."""

    def load(*_arguments, **_more):
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(Models, "load", load)
    monkeypatch.setattr(planner_module.Planner, "chosen", load)


@pytest.mark.parametrize(("sql", "options", "expected"), [r[1:] for r in RUN], ids=[r[0] for r in RUN])
def test_a_query_is_run_without_any_model(shop, sql, options, expected):
    done = planner("sql", sql, shop, "--format", "csv", *options)
    assert (done.returncode, done.stdout) == (0, expected)


FAILS = [
    ("a mistyped table", "select * from custmers", [], 1, "no such table: custmers; did you mean customers?"),
    ("writing", "delete from customers", [], 5, "refused: DELETE is not allowed"),
    ("another file", "attach '/etc/passwd' as p", [], 5, "refused: ATTACH is not allowed"),
    ("a pragma", "pragma table_info(customers)", [], 5, "refused: PRAGMA"),
    ("two statements", "select 1; select 2", [], 1, "it is more than one statement"),
    ("too long", ENDLESS, ["--query-seconds", "0.1"], 124, "--query-seconds gives it more"),
    ("nothing", " ; ", [], 2, "the query is empty"),
    ("no such file", "nothing.sql", [], 2, "there is no file nothing.sql"),
    ("no value", "select :year", [], 2, "needs a value for year (add year=...)"),
    ("no such column to redact", "select 1", ["--redact", "customers.nmae"], 2, "customers.name"),
    ("bom", "select 1", ["--bom"], 2, "--bom is only for csv and tsv"),
]


@pytest.mark.parametrize(("sql", "options", "code", "said"), [f[1:] for f in FAILS], ids=[f[0] for f in FAILS])
def test_what_fails_says_why_in_one_line_and_with_its_code(shop, sql, options, code, said):
    before = shop.read_bytes()
    done = planner("sql", sql, shop, *options)
    assert (done.returncode, done.stdout) == (code, "")
    (line,) = done.stderr.splitlines()
    assert said in line
    assert shop.read_bytes() == before


def test_the_order_of_the_arguments_is_named(shop, tmp_path):
    done = planner("sql", shop, tmp_path / "select 1")
    assert done.returncode == 2
    assert "the query comes first" in done.stderr


def test_a_query_from_a_file_and_from_standard_input(shop, tmp_path, monkeypatch, capsys):
    file = tmp_path / "names.sql"
    file.write_text("-- all of them\nselect name from customers order by 1;\n")
    assert planner("sql", file, shop, "--format", "csv").stdout == "name\nAnna\nBen\nEva\n"
    monkeypatch.setattr("sys.stdin", io.StringIO("select count(*) as n\nfrom orders"))
    assert main(["sql", "-", str(shop), "--format", "tsv"]) == 0
    assert capsys.readouterr().out == "n\n4\n"


def test_what_a_query_compares_is_looked_up_as_in_ask(shop):
    done = planner("sql", "select * from customers where city = 'Pairs'", shop)
    assert "planner: note: 0 rows" in done.stderr
    assert "the query asks for values that no row has: customers.city = 'Pairs'" in done.stderr
    assert planner("sql", "select * from customers where city = 'Pairs'", shop, "-q").stderr == ""


def test_an_output_file_is_whole_or_not_there(shop, tmp_path):
    target = tmp_path / "names.csv"
    assert planner("sql", "select name from customers", shop, "--format", "csv", "-o", target).returncode == 0
    assert target.read_text() == "name\nAnna\nBen\nEva\n"
    assert planner("sql", "select name from nothing", shop, "-o", target).returncode == 1
    assert target.read_text() == "name\nAnna\nBen\nEva\n"
    assert planner("sql", "select 1", shop, "-o", shop).returncode == 2


def test_control_characters_never_reach_the_screen(shop):
    done = planner("sql", "select char(27) || '[2J' as \"a\x1b[2J\"", shop)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr


# ------------------------------------------------------------------------------------------------- schema


def rows(*arguments) -> list[dict]:
    done = planner("schema", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_tables_of_a_database(shop):
    assert rows(shop) == [
        {"table": "customers", "kind": "table", "columns": "id, name, city", "refers to": ""},
        {"table": "orders", "kind": "table", "columns": "id, customer_id, total, status", "refers to": "customers"},
    ]


def test_the_columns_of_a_table(shop):
    found = rows(shop, "ORDERS")
    assert [row["column"] for row in found] == ["id", "customer_id", "total", "status"]
    assert found[0]["key"] == "primary key"
    assert found[1] == {"table": "orders", "column": "customer_id", "type": "INTEGER", "key": "references customers.id",
                        "examples": "1, 2, 3"}  # fmt: skip
    assert "examples" not in rows(shop, "orders", "--no-values")[0]
    hidden = rows(shop, "customers", "--redact", "customers.city")
    assert [row["examples"] for row in hidden] == ["1, 2, 3", "'Anna', 'Ben', 'Eva'", ""]


def test_the_statements_that_made_a_table(shop):
    done = planner("schema", shop, "customers", "--sql")
    assert done.stdout == "CREATE TABLE customers (id integer primary key, name text, city text);\n"
    assert planner("schema", shop, "--sql").stdout.count("CREATE TABLE") == 2


def test_a_mistyped_table_is_answered_with_the_nearest(shop):
    done = planner("schema", shop, "order")
    assert done.returncode == 2
    assert done.stderr == f"planner: {shop}: no table 'order' (did you mean orders?)\n"


@pytest.mark.parametrize("command", [["sql", "select 1"], ["schema"]], ids=["sql", "schema"])
def test_no_engine_is_imported(shop, command):
    code = (
        "import sys; from planner_cli.cli import main; main(sys.argv[1:]);"
        "print('HEAVY', [m for m in ('llama_cpp', 'numpy', 'jinja2', 'huggingface_hub') if m in sys.modules])"
    )
    line = [sys.executable, "-c", code, *command, str(shop)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"
