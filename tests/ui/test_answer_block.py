from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from types import SimpleNamespace

import event_scripts as scripts
import pytest
from hostile_texts import PAYLOADS, forbidden
from rich.cells import cell_len

from planner_cli.types import Execution
from planner_cli.ui.answer import show_answer, show_result
from planner_cli.ui.console import make_console
from planner_cli.ui.formats import FORMATS
from tests.written import write_result


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(run, *, tty=False, width=80, color="never", **options):
    """What ``show_answer`` writes to (standard output, standard error)."""
    out, err = (Terminal(), Terminal()) if tty else (io.StringIO(), io.StringIO())
    show_answer(
        run.answer,
        stdout=make_console(out, color=color, width=width),
        stderr=make_console(err, color=color, width=width),
        **options,
    )
    return out.getvalue(), err.getvalue()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("details", ["full", "brief", "none"])
def test_a_pipe_gets_the_result_alone(name, details):
    run = scripts.judged()
    plain = io.StringIO()
    execution = run.answer.best_execution
    write_result(execution.columns, execution.rows, format=name, stream=plain)
    out, err = shown(run, format=name, details=details)
    assert out == plain.getvalue()
    if name == "plot" and details == "none":  # texts only: there is no picture
        assert err == "planner: note: there are no numbers to draw: the rows instead\n"
        return
    assert bool(err) is (details != "none")


def test_details_go_to_standard_error():
    _, err = shown(scripts.judged())
    assert "FROM customers c" in err
    assert "0.86" in err
    assert "votes 4 of 8" in err
    assert "highest score: 0.86 against 0.46" in err
    assert "8 samples, 6 distinct · prefill 1,416 tokens, 560 cached, 0.63 s · wrote 212 tokens at 139/s" in err
    assert "low" not in err


def test_a_terminal_gets_sql_and_result_on_standard_output():
    out, err = shown(scripts.judged(), tty=True)
    assert out.index("FROM customers c") < out.index("│ Customer 00 │")
    assert "FROM customers" not in err
    csv, err = shown(scripts.judged(), tty=True, format="csv")
    assert csv.startswith("name\nCustomer 00\n")
    assert "FROM customers c" in err


SHOWN = [
    # name, query, printed on one line (brief details), whether it is said that some of it shows as escapes
    ("two blanks in a string", "select  'a  b'\nfrom t", "select 'a  b' from t", False),
    ("a comment", "select 1 -- one\nfrom t", "select 1 /* one */ from t", False),
    ("a line break in a name", 'select "a\nb"  from t', 'select "a\nb" from t', False),
    ("a tab in a string", "select\t'a\tb'", "select 'a\\tb'", True),
    ("a tab between tokens", "select\t1", "select 1", False),
    ("an escape character", "select '\x1b[2J'", "select '\\x1b[2J'", True),
    ("a carriage return in a string", "select 'a\r\nb'", "select 'a\nb'", True),
]


@pytest.mark.parametrize(("sql", "line", "escaped"), [s[1:] for s in SHOWN], ids=[s[0] for s in SHOWN])
@pytest.mark.parametrize("tty", [False, True])
def test_the_query_shown_is_the_query_run(sql, line, escaped, tty):
    answer = scripts.judged().answer
    candidates = tuple(replace(candidate, sql=sql) for candidate in answer.candidates)
    _, err = shown(
        SimpleNamespace(answer=replace(answer, candidates=candidates)),
        details="brief",
        tty=tty,
        format="csv",
        width=200,
    )
    assert f"{line}\n" in err
    assert ("show as escapes" in err) is escaped
    nothing = replace(answer, best=None, candidates=candidates)
    assert f"  1  {line}\n" in shown(SimpleNamespace(answer=nothing), tty=tty, width=200)[1]


def test_a_query_is_broken_between_its_tokens_only():
    answer = scripts.judged().answer
    sql = "select name from customers where city = 'New  York City' and \"zip  code\" > 10000"
    nothing = replace(answer, best=None, candidates=tuple(replace(c, sql=sql) for c in answer.candidates))
    _, err = shown(SimpleNamespace(answer=nothing), tty=True, width=30)
    lines = err.splitlines()
    start = lines.index("  1  select name from")
    assert lines[start + 1 : start + 5] == [
        "     customers where city =",
        "     'New  York City' and",
        '     "zip  code" > 10000',
        lines[start + 4],
    ]


def test_sql_only():
    out, _ = shown(scripts.judged(), sql_only=True)
    assert out == scripts.SQL[0] + "\n"


CUTS = [
    ("by the option", 3, Execution(("n",), ((1,),) * 12), "first 3 of 12 rows; raise --limit to see more"),
    (
        "by both",
        3,
        Execution(("n",), ((1,),) * 12, truncated=True, cut_by="rows"),
        "first 3 of more than 12 rows; raise --limit to see more",
    ),
    (
        "by the fetch",
        12,
        Execution(("n",), ((1,),) * 12, truncated=True, cut_by="rows"),
        "first 12 rows of more; raise --limit to see more",
    ),
    (
        "by size",
        500,
        Execution(("n",), ((1,),), truncated=True, cut_by="bytes"),
        "first 1 row: the result is larger than one query may fetch; ask for fewer columns",
    ),
]


def answered(execution, **changes):
    run = scripts.judged()
    run.answer = replace(run.answer, executions=(execution, *run.answer.executions[1:]), **changes)
    return run


@pytest.mark.parametrize(("limit", "execution", "note"), [cut[1:] for cut in CUTS], ids=[cut[0] for cut in CUTS])
def test_what_is_cut_is_told_with_the_limit_that_cut_it(limit, execution, note):
    out, err = shown(answered(execution), format="json", limit=limit, details="none")
    assert len(json.loads(out)) == min(limit, len(execution.rows))
    assert err == f"planner: note: {note}\n"
    assert "--limit" not in shown(answered(execution), limit=limit, limit_option=None, details="none")[1]


def test_a_whole_result_has_no_note():
    assert shown(scripts.judged(), limit=12, details="none")[1] == ""


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_result_is_told(name):
    empty = answered(Execution(("n",), ()))
    assert "planner: note: 0 rows\n" in shown(empty, format=name, details="brief")[1]
    assert shown(empty, format=name, details="none")[1] == ""


def test_two_plain_lines_where_there_is_no_screen():
    run = scripts.judged()
    lines = [scripts.SQL[0], f"votes 4 of 8 · confidence 0.86 · {run.answer.reason}"]
    assert shown(run, details="brief", format="csv")[1].splitlines() == lines
    assert shown(run, details="brief", sql_only=True)[1].splitlines() == lines[1:]
    assert "score" not in shown(scripts.unjudged(), details="brief")[1]


def test_an_untrained_judge_is_called_noise():
    noise = "\nscore 0.86 (untrained judge: noise)\n"
    assert noise in shown(scripts.judged(), untrained=True)[1]
    assert "untrained" not in shown(scripts.judged())[1]


def test_an_answer_that_was_not_judged_has_no_score():
    _, err = shown(scripts.unjudged())
    assert "confidence none · votes 4 of 8\nnot judged\n" in err
    assert "0.00" not in err


def test_a_judge_that_was_left_out_is_named_with_how_to_ask_it():
    why = "not judged, as mine.gguf was not trained to judge (--judge asks it)"
    assert f"\n{why}\n" in shown(scripts.unjudged(), unasked="mine.gguf")[1]
    assert (
        f"votes 4 of 8 · no confidence · {why} · " in shown(scripts.unjudged(), details="brief", unasked="mine.gguf")[1]
    )


def test_low_confidence_says_so():
    run = scripts.Run(scripts.candidates(), scripts.EXECUTIONS, scripts.CLUSTERS, {0: "a"}, curves={0: (0.2,)})
    assert "low: more likely wrong than right" in shown(run, width=200)[1]


def test_nothing_runs():
    out, err = shown(scripts.nothing_runs())
    assert out == ""
    assert err.startswith("no answer: none of the 2 candidates could be executed\n")
    assert "SELECT customer_name FROM customers WHERE year != 2024\n     ✗ no such column" in err
    assert "✗ refused: DELETE is not reading" in err


def test_failures_are_broken_at_words_on_a_terminal():
    _, err = shown(scripts.nothing_runs(), tty=True, width=40)
    lines = err.splitlines()
    start = lines.index("  1  SELECT customer_name FROM customers")
    assert lines[start + 1 : start + 4] == [
        "     WHERE year != 2024",
        "     ✗ no such column: customer_name",
        "     (did you mean name?)",
    ]


def test_colours_change_nothing_but_colours():
    ansi = re.compile(r"\x1b\[[0-9;]*m")
    plain = shown(scripts.judged(), tty=True)
    colored = shown(scripts.judged(), tty=True, color="always")
    assert "\x1b[" in colored[0]
    assert tuple(ansi.sub("", text) for text in colored) == plain


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("run", [scripts.judged, scripts.unjudged, scripts.nothing_runs], ids=lambda run: run.__name__)
def test_widths(run, width):
    for text in shown(run(), tty=True, width=width):
        tables = [line for line in text.splitlines() if line[:1] in "╭│├╰"]
        assert all(cell_len(line) <= width for line in tables)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "pipe"])
def test_payloads(payload, tty):
    for name in FORMATS:
        stdout, stderr = shown(scripts.hostile(payload), tty=tty, format=name)
        assert not forbidden(stderr, allowed="\n\t")
        if tty or name not in {"csv", "tsv"}:  # these are exact in a pipe
            assert not forbidden(stdout, allowed="\n\t")


def test_payloads_when_nothing_runs():
    for payload in PAYLOADS.values():
        run = scripts.hostile(payload)
        failing = scripts.Run(run.written[1:2], run.executions[1:2], (), {}, reason=payload)
        failing.answer = scripts.replace(
            failing.answer, candidates=(scripts.replace(run.written[0], index=0),), executions=run.executions[1:2]
        )
        for text in shown(failing):
            assert not forbidden(text)


PAGES = [
    # name, rows, whether standard output is a terminal, whether there is a pager, what the pager gets of the lines
    ("a short result", 3, True, True, False),
    ("as long as the screen", 6, True, True, True),
    ("a long one", 60, True, True, True),
    ("a long one without a pager", 60, True, False, False),
    ("a long one in a pipe", 60, False, True, False),
]


@pytest.mark.parametrize(("rows", "live", "pages", "paged"), [c[1:] for c in PAGES], ids=[c[0] for c in PAGES])
def test_only_what_is_longer_than_the_screen_is_paged(rows, live, pages, paged):
    out, err, seen = Terminal() if live else io.StringIO(), io.StringIO(), []
    show_result(
        Execution(("n",), tuple((at,) for at in range(rows))),
        stdout=make_console(out, color="never", width=60, height=10), stderr=make_console(err), format="table",
        pager=seen.append if pages else None,
    )  # fmt: skip
    assert bool(seen) is paged
    text = seen[0] if paged else out.getvalue()
    assert (text.count("\n"), text[0]) == (rows + 4, "╭")
    assert not (paged and out.getvalue())
