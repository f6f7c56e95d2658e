"""What models write around a query: a table of it."""

from __future__ import annotations

import json

import pytest

from planner_cli.prompts.reply import extract_sql, is_closed

LONG = """WITH busy AS (
  SELECT singer_id, count(*) AS shows

  FROM singing
  GROUP BY singer_id
)

SELECT s.name, b.shows
FROM singer s

JOIN busy b ON b.singer_id = s.id
-- the busiest ones come first here
ORDER BY b.shows DESC;"""

EXTRACTED = [
    ("a query", "SELECT 1", "SELECT 1"),
    ("a long query, with empty lines", LONG, LONG),
    ("its fence repeated", "```sql\nSELECT 1\n```", "SELECT 1"),
    ("its fence repeated twice", "```sql\n```sql\nSELECT 1\n```\n```", "SELECT 1"),
    ("its language repeated", "sql\nSELECT 1\n```", "SELECT 1"),
    ("language of another spelling", "```SQLite3\nSELECT 1\n```", "SELECT 1"),
    ("language and query on one line", "```sql SELECT 1```", "SELECT 1"),
    ("no language, one line", "```SELECT 1```", "SELECT 1"),
    ("tildes", "~~~sql\nSELECT 1\n~~~", "SELECT 1"),
    ("four backticks", "````sql\nSELECT 1\n````", "SELECT 1"),
    ("nested blocks", "```markdown\n```sql\nSELECT 1\n```\n```", "SELECT 1"),
    ("never closed", "```sql\nSELECT a\nFROM t", "SELECT a\nFROM t"),
    ("closed within a line", "SELECT 1; ```\nIt counts.", "SELECT 1;"),
    ("another block first", "```text\nsinger: id, name\n```\n```sql\nSELECT 1\n```", "SELECT 1"),
    ("an alternative after it", "```sql\nSELECT 1\n```\nOr:\n```sql\nSELECT 2\n```", "SELECT 1"),
    ("a fence in a literal", "SELECT '```' FROM t", "SELECT '```' FROM t"),
    ("an apostrophe before the block", "I'll write it: ```sql\nSELECT 1\n```", "SELECT 1"),
    ("SQL:", "SQL: SELECT 1", "SELECT 1"),
    ("SQL: and a new line", "SQL:\nSELECT 1", "SELECT 1"),
    ("SQLQuery:", "SQLQuery: SELECT 1", "SELECT 1"),
    ("bold label", "**Final answer:**\n```sql\nSELECT 1\n```", "SELECT 1"),
    ("bold label, colon outside", "**SQL query**: SELECT 1", "SELECT 1"),
    ("heading", "### Answer:\nSELECT 1", "SELECT 1"),
    ("a sentence as label", "Sure, here is the query you asked for: SELECT 1", "SELECT 1"),
    ("a word of SQL as label", "Update: SELECT 1", "SELECT 1"),
    ("the shell's prompt", "sqlite> SELECT 1;", "SELECT 1;"),
    ("a list's number", "1. SELECT 1", "SELECT 1"),
    ("tags", "<sql>SELECT 1</sql>", "SELECT 1"),
    ("brackets", "[SQL]\nSELECT 1\n[/SQL]", "SELECT 1"),
    ("JSON", '{"sql": "SELECT \\"a\\" FROM t"}', 'SELECT "a" FROM t'),
    ("JSON in a block", '```json\n{"query": "SELECT 1"}\n```', "SELECT 1"),
    ("quoted", '"SELECT 1"', "SELECT 1"),
    ("quoted as people do", "\u201cSELECT 1\u201d", "SELECT 1"),
    ("an assignment", "sql = SELECT 1", "SELECT 1"),
    ("a quoted assignment", 'query = "SELECT a FROM t"', "SELECT a FROM t"),
    ("a program", '```python\nquery = """\nSELECT a FROM t\n"""\nrun(query)\n```', "SELECT a FROM t"),
    ("three quotes in a query", 'SELECT """a""" FROM t WHERE b = """c"""', 'SELECT """a""" FROM t WHERE b = """c"""'),
    ("another shell's prompt", "SQL> SELECT 1;", "SELECT 1;"),
    ("PostgreSQL's prompt", "shop=# SELECT 1;", "SELECT 1;"),
    ("a full-width colon", "\u7b54\u3048\uff1aSELECT 1", "SELECT 1"),
    ("HTML", '<pre><code class="sql">SELECT a FROM t</code></pre>', "SELECT a FROM t"),
    ("a line break of HTML", "SELECT a FROM t<br>", "SELECT a FROM t"),
    ("a tag of its own", "<final_sql>\nSELECT a FROM t\n</final_sql>", "SELECT a FROM t"),
    ("a comparison is no tag", "SELECT a FROM t WHERE a<b AND c>1", "SELECT a FROM t WHERE a<b AND c>1"),
    ("bold letters", "**SELECT a FROM t**", "SELECT a FROM t"),
    ("a quotation", "> ```sql\n> SELECT a FROM t\n> ```", "SELECT a FROM t"),
    ("a sentence's end", "SELECT a FROM t WHERE b = 'x'.", "SELECT a FROM t WHERE b = 'x'"),
    ("a number's end", "SELECT 1.", "SELECT 1."),
    ("the result after it", "SELECT a FROM t\n\n| a |\n|---|\n| 3 |", "SELECT a FROM t"),
    ("a chain of texts", "SELECT a\n\n|| b FROM t", "SELECT a\n\n|| b FROM t"),
    ("a mark at the beginning", "\ufeff\u200bSELECT 1", "SELECT 1"),
    ("JSON with another key", '{"reasoning": "select", "sql_query": "SELECT 1"}', "SELECT 1"),
    ("JSON with a key of its own", '{"thought": "two steps", "result": "SELECT 1"}', "SELECT 1"),
    ("a list", '["SELECT 1"]', "SELECT 1"),
    ("a list of objects", '[{"SQL": "SELECT 1"}]', "SELECT 1"),
    ("at a sentence's end", "The SQL query is SELECT a FROM t", "SELECT a FROM t"),
    ("after a sentence", "Sure! SELECT a FROM t.", "SELECT a FROM t"),
    ("a misspelt query", "SELEC a FROM t UNION SELECT b FROM u", "SELEC a FROM t UNION SELECT b FROM u"),
    ("quoted behind a label", 'query: "SELECT 1"', "SELECT 1"),
    ("in a sentence", "The query is `SELECT a FROM t`.", "SELECT a FROM t"),
    ("question and answer", "Q: how many?\nSQL: SELECT 1", "SELECT 1"),
    ("as code in a line", "`SELECT 1`", "SELECT 1"),
    ("a thought", "<think>\nMaybe ```sql\nSELECT 0\n```\n</think>\n\nSELECT 1", "SELECT 1"),
    ("a thought opened by the prompt", "With the schema given, SELECT 0.\n</think>\nSELECT 1", "SELECT 1"),
    ("a thought that never ended", "<think>\nSELECT 0 would not do", ""),
    ("a thought in brackets", "[THINK]select 0[/THINK]```sql\nSELECT 1\n```", "SELECT 1"),
    ("a thought's mark in a literal", "SELECT '</think>' FROM t", "SELECT '</think>' FROM t"),
    ("prose first", "I would select all:\nSELECT 1", "SELECT 1"),
    ("prose that begins with a word of SQL", "With the schema given, this does it.\nSELECT 1", "SELECT 1"),
    ("prose after an empty line", "SELECT count(*) FROM t\n\nThis query counts the rows.", "SELECT count(*) FROM t"),
    ("prose on the next line", "SELECT a FROM t\nThis lists every a.", "SELECT a FROM t"),
    ("prose after the semicolon", "SELECT 1; It's the answer.", "SELECT 1;"),
    ("a label after it", "SELECT a FROM t\nExplanation: it lists a.", "SELECT a FROM t"),
    ("a label on the same line", "SELECT a FROM t WHERE b = :b Explanation: it does", "SELECT a FROM t WHERE b = :b"),
    ("a heading after it", "SELECT a FROM t\n### What it does", "SELECT a FROM t"),
    ("a bold word after it", "SELECT a FROM t\n**Note** that it lists a", "SELECT a FROM t"),
    ("a list after it", "SELECT a FROM t\n\n- `a` is the name\n- `t` the table", "SELECT a FROM t"),
    ("prose in another script", "SELECT 1\n\nこのクエリは行を数えます。", "SELECT 1"),
    ("beginning of the turn", "<|assistant|>\nSELECT 1", "SELECT 1"),
    ("lines of another system", "```sql\r\nSELECT 1\r\n```\r\n", "SELECT 1"),
    ("end of the turn", "SELECT 1<|im_end|>", "SELECT 1"),
    ("end of the text", "SELECT 1</s>\n", "SELECT 1"),
    ("a comment first", "-- customers seen last year\nSELECT 1", "-- customers seen last year\nSELECT 1"),
    ("a block comment first", "/* all of\n\nthem */ SELECT 1", "/* all of\n\nthem */ SELECT 1"),
    ("a comment last", "SELECT 1; -- done", "SELECT 1; -- done"),
    ("brackets around it", "(SELECT 1) UNION SELECT 2", "(SELECT 1) UNION SELECT 2"),
    ("two statements stay two", "SELECT 1; DROP TABLE t", "SELECT 1; DROP TABLE t"),
    ("a write stays a write", "```sql\nDELETE FROM t\n```", "DELETE FROM t"),
    ("a wrong query stays wrong", "SELECT a b c d FROM t", "SELECT a b c d FROM t"),
    ("many columns", "SELECT name, age, city, height FROM t", "SELECT name, age, city, height FROM t"),
    ("a name in backticks", "SELECT `a b` FROM `t u`", "SELECT `a b` FROM `t u`"),
    ("no query", "I cannot.", "I cannot."),
    ("nothing", " \n", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sql"), [case[1:] for case in EXTRACTED], ids=[case[0] for case in EXTRACTED])
def test_extract_sql(text, sql):
    assert extract_sql(text) == sql
    assert extract_sql(sql) == sql  # what was extracted is a query, with nothing around it


CLOSED = [
    ("at once", "SELECT 1\n```", True),
    ("the repeated fence does not close it", "```sql\n", False),
    ("nor one that repeats it", "```sql\nSELECT 1\n", False),
    ("the fence behind it does", "```sql\nSELECT 1\n```", True),
    ("prose is no query", "Here it is:\n```", False),
    ("a literal's fence", "SELECT '```'", False),
    ("a thought's block", "<think>```sql\nSELECT 0\n```", False),
]


@pytest.mark.parametrize(("text", "closed"), [case[1:] for case in CLOSED], ids=[case[0] for case in CLOSED])
def test_is_closed(text, closed):
    assert is_closed(text) is closed


def test_predictions_of_a_data_set_are_read_the_same_way(tmp_path, shop):
    from planner_cli.bench.datasets import load

    line = {"question": "?", "sql": "SELECT 1", "database": str(shop)}
    given = [{"sql": text, "label": 1} for _, text, _ in EXTRACTED]
    (tmp_path / "own.jsonl").write_text(json.dumps({**line, "candidates": given}), encoding="utf-8")
    (item,) = load(tmp_path / "own.jsonl").items
    assert [candidate.sql for candidate in item.candidates] == [sql for _, _, sql in EXTRACTED]
