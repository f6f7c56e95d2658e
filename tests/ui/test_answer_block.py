from __future__ import annotations

import io
import json
import re

import event_scripts as scripts
import pytest
from hostile_texts import PAYLOADS, forbidden
from rich.cells import cell_len

from planner_cli.ui.answer import show_answer
from planner_cli.ui.console import make_console
from planner_cli.ui.formats import FORMATS, write_result


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
@pytest.mark.parametrize("details", [True, False], ids=["details", "quiet"])
def test_a_pipe_gets_the_result_alone(name, details):
    run = scripts.judged()
    plain = io.StringIO()
    execution = run.answer.best_execution
    write_result(execution.columns, execution.rows, format=name, stream=plain)
    out, err = shown(run, format=name, details=details)
    assert out == plain.getvalue()
    assert bool(err) is details


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


def test_sql_only():
    out, _ = shown(scripts.judged(), sql_only=True)
    assert out == scripts.SQL[0] + "\n"


def test_the_limit_is_told():
    out, err = shown(scripts.judged(), format="json", limit=3, details=False)
    assert len(json.loads(out)) == 3
    assert err == "note: the query has more rows than the 3 shown\n"


def test_an_answer_that_was_not_judged_has_no_score():
    _, err = shown(scripts.unjudged())
    assert "confidence not judged · votes 4 of 8" in err
    assert "0.00" not in err


def test_low_confidence_says_so():
    run = scripts.Run(scripts.candidates(), scripts.EXECUTIONS, scripts.CLUSTERS, {0: "a"}, curves={0: (0.2,)})
    assert "low: the judge holds this for more likely wrong than right" in shown(run, width=200)[1]


def test_nothing_runs():
    out, err = shown(scripts.nothing_runs())
    assert out == ""
    assert err.startswith("no answer: none of the 2 candidates could be executed\n")
    assert "SELECT customer_name FROM customers WHERE year != 2024\n     ✗ no such column" in err
    assert "✗ refused: DELETE is not reading" in err


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
        for text in shown(scripts.hostile(payload), tty=tty, format=name):
            assert not forbidden(text, allowed="\n\t")


def test_payloads_when_nothing_runs():
    for payload in PAYLOADS.values():
        run = scripts.hostile(payload)
        failing = scripts.Run(run.written[1:2], run.executions[1:2], (), {}, reason=payload)
        failing.answer = scripts.replace(
            failing.answer, candidates=(scripts.replace(run.written[0], index=0),), executions=run.executions[1:2]
        )
        for text in shown(failing):
            assert not forbidden(text)
