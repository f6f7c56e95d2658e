"""Suggestions behind SQLite's own messages: real schemas, real errors, the whole line."""

from __future__ import annotations

import time
from collections.abc import Iterator

import apsw
import pytest
from database_files import build

from planner_cli.database import Database, names, suggest
from planner_cli.types import Column, Schema, Table

SCHEMAS = {
    "shop": """
        CREATE TABLE products (id INTEGER PRIMARY KEY, title, price, country);
        CREATE TABLE customers (id INTEGER PRIMARY KEY, name, email, country, created_at);
        CREATE TABLE invoices (id INTEGER PRIMARY KEY, customer_id REFERENCES customers, amount, status);
        CREATE TABLE payments (id INTEGER PRIMARY KEY, invoice_id REFERENCES invoices, paid_on);
        CREATE TABLE employees (id INTEGER PRIMARY KEY, first_name, department, "e-mail")
    """,
    "quotes": """
        CREATE TABLE "order" (id INTEGER PRIMARY KEY, "group", "unit price", "2fa", "from", "to", note, größe);
        CREATE TABLE "Order Lines" (order_id REFERENCES "order", "net-total", "sum(x)", left);
        CREATE TABLE mails (id, "from", sender)
    """,
    "twins": """
        CREATE TABLE Ärzte (id INTEGER PRIMARY KEY, É, "Größe", "a  b", "City\nName");
        CREATE TABLE STRASSE (id INTEGER PRIMARY KEY, ort);
        CREATE TABLE "Cafe\u0301s" (id INTEGER PRIMARY KEY, "re\u0301gion")
    """,
}

COLUMNS = [
    # name, sql, what SQLite says, what is suggested
    ("same name, table not read", "SELECT country FROM invoices", "no such column: country", "customers has a column country, but the query does not read customers"),
    ("same name in another case", "SELECT Email FROM invoices", "no such column: Email", "customers has a column email, but the query does not read customers"),
    ("same name, wrong owner, table not read", "SELECT i.email FROM invoices AS i", "no such column: i.email", "customers has a column email, but the query does not read customers"),
    ("its table is named but not read", "SELECT products.country FROM invoices", "no such column: products.country", "products has a column country, but the query does not read products"),
    ("same name before a close one", "SELECT email FROM employees", "no such column: email", "customers has a column email, but the query does not read customers"),
    ("linked table first", "SELECT country FROM payments, invoices", "no such column: country", "customers has a column country, but the query does not read customers"),
    ("same name, in the other table", "SELECT i.name FROM invoices i JOIN customers c", "no such column: i.name", "did you mean c.name?"),
    ("alias hides the table's name", "SELECT customers.name FROM customers c", "no such column: customers.name", "did you mean c.name?"),
    ("out of scope", "SELECT name FROM (SELECT id FROM customers)", "no such column: name", "customers has a column name, but it is out of scope there"),
    ("no table at all", "SELECT amount", "no such column: amount", "invoices has a column amount, but the query does not read invoices"),
    ("typo", "SELECT nmae FROM customers", "no such column: nmae", "did you mean customers.name?"),
    ("typo of an alias's column", "SELECT c.emial FROM customers AS c", "no such column: c.emial", "did you mean c.email?"),
    ("alias without AS", "SELECT i.amont FROM customers c JOIN invoices i ON 1", "no such column: i.amont", "did you mean i.amount?"),
    ("both names wrong", "SELECT cutomers.nmae FROM customers", "no such column: cutomers.nmae", "did you mean customers.name?"),
    ("close, table read", "SELECT statuses FROM invoices", "no such column: statuses", "did you mean invoices.status?"),
    ("close, table not read", "SELECT contry FROM invoices", "no such column: contry", "did you mean products.country?"),
    ("close, letters in another order", "SELECT titel FROM invoices", "no such column: titel", "did you mean products.title?"),
    ("close in both, table read", "SELECT customerid FROM payments, customers", "no such column: customerid", "did you mean customers.id?"),
    ("no underscore", "SELECT customerid FROM invoices", "no such column: customerid", "did you mean invoices.customer_id?"),
    ("camel case", "SELECT createdAt FROM customers", "no such column: createdAt", "did you mean customers.created_at?"),
    ("table's name in front", "SELECT customer_name FROM customers", "no such column: customer_name", "did you mean customers.name?"),
    ("quotes needed", "SELECT e_mail FROM employees e", "no such column: e_mail", 'did you mean e."e-mail"?'),
    ("table only in the select list", "SELECT customers.id, contry FROM invoices", "no such column: customers.id", "did you mean invoices.id?"),
    ("text in double quotes", 'SELECT id FROM invoices WHERE status = "paid"', "no such column: paid", "did you mean the text 'paid'?"),
    ("text in double quotes, with a quote", 'SELECT id FROM invoices WHERE status = "it\'s"', "no such column: it's", "did you mean the text 'it''s'?"),
    ("close name in double quotes", 'SELECT "nmae" FROM customers', "no such column: nmae", "did you mean customers.name?"),
    ("few letters in common", "SELECT accountant FROM invoices", "no such column: accountant", None),
    ("nothing close", "SELECT xyzzy FROM customers", "no such column: xyzzy", None),
]  # fmt: skip
TABLES = [
    ("typo", "SELECT * FROM custmer", "no such table: custmer", "did you mean customers?"),
    ("singular", "SELECT * FROM payment", "no such table: payment", "did you mean payments?"),
    ("of a schema", "SELECT * FROM main.customer", "no such table: main.customer", "did you mean customers?"),
    ("plural of a column", "SELECT * FROM departments", "no such table: departments", "employees has a column department"),
    ("plural in -ies", "SELECT * FROM countries", "no such table: countries", "products has a column country"),
    ("column of a table that is read", "SELECT * FROM customers JOIN country", "no such table: country", "customers has a column country"),
    ("nothing close", "SELECT * FROM xyzzy", "no such table: xyzzy", None),
]  # fmt: skip
OTHERS = [
    ("function", "SELECT year(created_at) FROM customers", "no such function: year", "in SQLite: strftime('%Y', x)"),
    ("unknown function", "SELECT xyzzy(1)", "no such function: xyzzy", None),
    ("ambiguous", "SELECT id FROM customers, invoices", "ambiguous column name: id", None),
    ("syntax", "SELECT * customers", 'near "customers": syntax error', None),
    ("unfinished", "SELECT * FROM", "incomplete input", None),
]
FORM = " it is written in another Unicode normal form"
TWINS = [
    # letters that SQLite does not fold, and white space in names
    ("an accent in another case", "SELECT é FROM Ärzte", "no such column: é", "did you mean Ärzte.É?"),
    ("another case, with its table", "SELECT Ärzte.é FROM Ärzte", "no such column: Ärzte.é", "did you mean Ärzte.É?"),
    ("a table in another case", "SELECT * FROM ärzte", "no such table: ärzte", "did you mean Ärzte?"),
    ("sharp s is not ss", "SELECT * FROM straße", "no such table: straße", "did you mean STRASSE?"),
    ("ASCII in another case is the name", 'SELECT "GRößE", xyzzy FROM ÄRZTE', "no such column: xyzzy", None),
    ("out of scope it is only by its own name", "SELECT É FROM (SELECT id FROM Ärzte)", "no such column: É", "Ärzte has a column É, but it is out of scope there"),
    ("a table in another normal form", "SELECT id FROM Cafés", "no such table: Cafés", "did you mean Cafe\u0301s?" + FORM),
    ("a column in another normal form", 'SELECT région FROM "Cafe\u0301s"', "no such column: région", "did you mean Cafe\u0301s.re\u0301gion?" + FORM),
    ("decomposed for composed", 'SELECT "Gro\u0308ße" FROM Ärzte', "no such column: Gro\u0308ße", "did you mean Ärzte.Größe?" + FORM),
    ("in another case too", 'SELECT RÉGION FROM "Cafe\u0301s"', "no such column: RÉGION", "did you mean Cafe\u0301s.re\u0301gion?"),
    ("one blank for two", 'SELECT "a b" FROM Ärzte', "no such column: a b", 'did you mean Ärzte."a  b"?'),
    ("three blanks for two", 'SELECT "a   b" FROM Ärzte', "no such column: a   b", 'did you mean Ärzte."a  b"?'),
    ("a blank for a line break", 'SELECT "city name" FROM Ärzte', "no such column: city name", 'did you mean Ärzte."City\nName"?'),
    ("a line break in what is asked for", 'SELECT "a\n\nb" FROM Ärzte', "no such column: a\n\nb", 'did you mean Ärzte."a  b"?'),
]  # fmt: skip
NEEDS_QUOTES = "did you mean {}? it needs double quotes"
UNQUOTED = [
    # name, sql, what SQLite says, name in its quotes or None
    ("reserved table", "SELECT * FROM order", 'near "order": syntax error', '"order"'),
    ("reserved table, alias", "SELECT o.id FROM ORDER o", 'near "ORDER": syntax error', '"order"'),
    ("reserved table, joined", "SELECT 1 FROM mails JOIN order ON 1", 'near "order": syntax error', '"order"'),
    ("reserved table as owner", 'SELECT order.id FROM "order"', 'near "order": syntax error', '"order"'),
    ("reserved table, keyword before it", "SELECT note FROM order ORDER BY note", 'near "order": syntax error', '"order"'),
    ("reserved column", 'SELECT group FROM "order"', 'near "group": syntax error', '"group"'),
    ("reserved column with owner", 'SELECT o.group FROM "order" o GROUP BY 1', 'near "group": syntax error', '"group"'),
    ("reserved column, keyword before it", 'SELECT 1 FROM "order" GROUP BY group', 'near "group": syntax error', '"group"'),
    ("reserved column, then AS", "SELECT from AS x FROM mails", 'near "from": syntax error', '"from"'),
    ("reserved column, then LIKE", "SELECT 1 FROM mails WHERE from LIKE 'x'", 'near "from": syntax error', '"from"'),
    ("behind other letters", "SELECT 'größe €𝄞', group FROM \"order\"", 'near "group": syntax error', '"group"'),
    ("space", 'SELECT sum(unit price) FROM "order"', 'near "price": syntax error', '"unit price"'),
    ("space, alias behind it", 'SELECT unit price p FROM "order"', 'near "p": syntax error', '"unit price"'),
    ("space, seen as an alias", 'SELECT Unit Price FROM "order"', "no such column: Unit", '"unit price"'),
    ("space, in a table's name", "SELECT * FROM order lines", 'near "order": syntax error', '"Order Lines"'),
    ("hyphen", 'SELECT net-total FROM "Order Lines"', "no such column: net", '"net-total"'),
    ("digit in front", 'SELECT 2fa FROM "order"', 'unrecognized token: "2fa"', '"2fa"'),
    ("looks like a call", 'SELECT sum(x) FROM "Order Lines"', "no such column: x", '"sum(x)"'),
    ("nothing between WHERE and ORDER BY", "SELECT sender FROM mails WHERE ORDER BY 1", 'near "ORDER": syntax error', None),
    ("nothing between SELECT and FROM", "SELECT FROM mails", 'near "FROM": syntax error', None),
    ("comma before FROM", "SELECT sender, FROM mails", 'near "FROM": syntax error', None),
    ("nothing behind FROM", "SELECT * FROM GROUP BY 1", 'near "GROUP": syntax error', None),
    ("reserved, but no name here", "SELECT table FROM mails", 'near "table": syntax error', None),
    ("elsewhere in the query", 'SELECT "unit price", x y z FROM "order"', 'near "z": syntax error', None),
]  # fmt: skip

CASES = [
    *(("shop", f"{kind}: {name}", *rest) for kind, cases in (("column", COLUMNS), ("table", TABLES), ("other", OTHERS)) for name, *rest in cases),
    *(("twins", f"twins: {name}", *rest) for name, *rest in TWINS),
    *(("quotes", f"unquoted: {name}", sql, said, NEEDS_QUOTES.format(quoted) if quoted else None) for name, sql, said, quoted in UNQUOTED),
]  # fmt: skip


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Database]]:
    folder = tmp_path_factory.mktemp("schemas")
    opened = {name: Database.open(build(folder / f"{name}.db", sql)) for name, sql in SCHEMAS.items()}
    yield opened
    for database in opened.values():
        database.close()


@pytest.mark.parametrize(("schema", "sql", "said", "hint"), [(c[0], *c[2:]) for c in CASES], ids=[c[1] for c in CASES])
def test_suggestions(databases: dict[str, Database], schema: str, sql: str, said: str, hint: str | None) -> None:
    assert databases[schema].execute(sql).error == (f"{said}; {hint}" if hint else said)


def test_what_is_suggested_can_be_run(databases: dict[str, Database]) -> None:
    for sql in (
        'SELECT sum("unit price"), "2fa", o."group" FROM "order" o',
        'SELECT e."e-mail" FROM employees e',
        'SELECT l."net-total", l."sum(x)", l.left, größe FROM "Order Lines" l JOIN "order" o ON o.id = l.order_id',
    ):
        assert databases["shop" if "employees" in sql else "quotes"].execute(sql).ok, sql


def test_reserved_words_are_those_of_sqlite() -> None:
    connection = apsw.Connection(":memory:")

    def is_a_name(word: str) -> bool:
        try:
            connection.execute(f'SELECT {word}, {word}.{word} FROM (SELECT 7 AS "{word}") AS {word}').fetchall()
        except apsw.SQLError:
            return False
        return True

    assert {word.lower() for word in apsw.keywords if not is_a_name(word)} == names.RESERVED
    connection.close()


SIMILAR = [
    # asked, of a table, there, close
    ("nmae", "t", "name", True),
    ("unit_price", "t", "Unit Price", True),
    ("cities", "t", "city", True),
    ("addresses", "t", "address", True),
    ("boxes", "t", "box", True),
    ("statuses", "t", "status", True),
    ("order_total", "orders", "total", True),
    ("id", "customers", "customer_id", True),
    ("gas", "t", "glass", False),
    ("country", "invoices", "amount", False),
    ("departments", "t", "payments", False),
    ("account", "t", "amount", False),
    ("date", "t", "rate", False),
    ("x", "t", "y", False),
    ("", "t", "s", False),
]


@pytest.mark.parametrize(("asked", "table", "there", "close"), SIMILAR)
def test_similarity(asked: str, table: str, there: str, close: bool) -> None:
    left, right = names.fold(asked, table), names.fold(there, table)
    assert bool(names.similarity(left, right)) is close
    assert bool(names.similarity(right, left)) is close


def test_an_offset_outside_of_the_query_does_no_harm() -> None:
    schema = Schema((Table("order", (Column("group"),)),))
    for offset in (None, -1, 0, 3, 10**9):
        assert suggest.improve('near "order": syntax error', "SELECT ä", schema, offset) == 'near "order": syntax error'


def test_suggestions_of_a_huge_schema_are_quick() -> None:
    schema = Schema(tuple(Table(f"t{n}", tuple(Column(f"column_{n}_{m}") for m in range(10))) for n in range(10_000)))
    started = time.process_time()
    for message, sql, expected in (
        ("no such column: colum_77_3", "SELECT colum_77_3 FROM t77", "; did you mean t77.column_77_3?"),
        ("no such column: xyzzy", "SELECT xyzzy FROM nowhere", ""),
        ("no such table: tt77", "SELECT * FROM tt77", "; did you mean t77?"),
        ('near "x": syntax error', "SELECT x x x", ""),
    ):
        assert suggest.improve(message, sql, schema, offset=7) == message + expected
    assert time.process_time() - started < 3
