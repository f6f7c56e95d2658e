"""Pictures of results: which one a result's shape makes, and how it is drawn."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len

from planner_cli.errors import PlannerError
from planner_cli.ui.charts import MOST_BARS, Chart, bins_of, chart_of, number_text
from planner_cli.ui.look import ASCII, UNICODE
from planner_cli.ui.picture import write_picture
from planner_cli.ui.plotting import plotted
from tests.written import write_result

SHAPES = [
    # name, columns, rows, kind, labels or xs, ys
    ("texts with numbers", "city n", [("Paris", 2), ("Rome", 1.5)], "bar", ("Paris", "Rome"), (2, 1.5)),
    ("numbers before texts", "n city", [(2, "Paris"), (1, "Rome")], "bar", ("Paris", "Rome"), (2, 1)),
    ("an identifier first", "id city n", [(7, "Paris", 2), (8, "Rome", 1)], "bar", ("Paris", "Rome"), (2, 1)),
    ("one row of numbers", "a b", [(3, 4)], "bar", ("a", "b"), (3, 4)),
    ("one number", "n", [(3,)], "histogram", (), (3,)),
    ("months", "m n", [("2024-01", 1), ("2024-02", 3), ("2024-03", 2)], "line", ("2024-01", "2024-02", "2024-03"), (1, 3, 2)),
    ("days that go back", "d n", [("2024-01-03", 1), ("2024-01-02", 3), ("2024-01-01", 2)], "bar", None, (1, 3, 2)),
    ("years", "y n", [(2022, 1), (2023, 3), (2024, 2)], "line", (2022, 2023, 2024), (1, 3, 2)),
    ("pairs of numbers", "a b", [(3, 1), (1, 2), (3, 4)], "scatter", (3, 1, 3), (1, 2, 4)),
    ("numbers alone", "x", [(1,), (2,), (2,)], "histogram", (), (1, 2, 2)),
    ("NULL is left out", "city n", [("Paris", 2), ("Rome", None), (None, 1)], "bar", ("Paris",), (2,)),
    ("true and false are numbers in SQLite", "city n", [("Paris", 1), ("Rome", 0)], "bar", ("Paris", "Rome"), (1, 0)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "rows", "kind", "over", "ys"), [case[1:] for case in SHAPES], ids=[case[0] for case in SHAPES]
)
def test_the_shape_of_a_result_says_which_picture_it_makes(columns, rows, kind, over, ys):
    chart = chart_of(columns.split(), rows)
    assert (chart.kind, chart.ys) == (kind, ys)
    assert over is None or over == (chart.labels or chart.xs)


NONE = [
    ("no rows", "a", []),
    ("no numbers", "a b", [("x", "y")]),
    ("only NULL", "a", [(None,)]),
    ("a number that is none", "a", [(float("inf"),)]),
    ("numbers and texts", "a", [(1,), ("x",)]),
]


@pytest.mark.parametrize(("columns", "rows"), [case[1:] for case in NONE], ids=[case[0] for case in NONE])
def test_without_numbers_there_is_no_picture_but_the_rows(columns, rows):
    assert chart_of(columns.split(), rows) is None
    stream = io.StringIO()
    notes = write_result(columns.split(), rows, stream=stream, format="plot")
    assert columns.split()[0] in stream.getvalue()
    assert ("there are no numbers to draw: the rows instead" in notes) is bool(rows)


def test_what_is_not_drawn_is_said():
    chart = chart_of(["city", "n", "also"], [(f"c{at}", at, "x") for at in range(60)] + [("last", None, "x")])
    assert len(chart.ys) == len(chart.labels) == MOST_BARS
    assert chart.notes == ("not drawn: also", "1 rows with NULL are not drawn", "the first 40 of 60 bars")


BINS = [
    ("one value", [3, 3], (3, 3), (2,)),
    ("round edges", [0, 1, 2, 3, 4, 10], (0, 2.5, 5, 7.5, 10), (3, 2, 0, 1)),
    ("below zero", [-1, 1], (-1, -0.5, 0, 0.5, 1), (1, 0, 0, 1)),
    ("small ones", [0.001, 0.002, 0.003, 0.004], (0.001, 0.002, 0.003, 0.004), (1, 1, 2)),
]


@pytest.mark.parametrize(("values", "edges", "counts"), [case[1:] for case in BINS], ids=[case[0] for case in BINS])
def test_bins_have_round_edges_and_lose_nothing(values, edges, counts):
    found, numbers = bins_of(values)
    assert found == pytest.approx(edges)
    assert numbers == counts
    assert sum(numbers) == len(values)


NUMBERS = [
    (0, "0"),
    (1234567, "1,234,567"),
    (0.5, "0.5"),
    (-0.04289, "-0.04289"),
    (12.3456, "12.35"),
    (1e20, "1e+20"),
    (1e-9, "1e-09"),
]


@pytest.mark.parametrize(("value", "text"), NUMBERS)
def test_numbers_are_as_short_as_they_may_be(value, text):
    assert number_text(value) == text


CHARTS = {
    "bars": Chart("bar", "city", "n", ("東京" * 20, "Paris", "\x1b[2J"), (), (3.0, 0.0, 1234.5)),
    "below zero": Chart("bar", "city", "n", ("a", "b"), (), (-3.0, 2.0)),
    "all zero": Chart("bar", "city", "n", ("a", "b"), (), (0.0, 0.0)),
    "a line": Chart("line", "月" * 80, "n", ("2024-01", "2024-02"), (0.0, 1.0), (5.0, 7.0)),
    "a level line": Chart("line", "x", "n", (), (1.0, 2.0), (5.0, 5.0)),
    "a point": Chart("scatter", "x", "y", (), (1.0,), (1.0,)),
    "a histogram": Chart("histogram", "x", "rows", (), (), (1.0, 2.0, 2.0, 9.0)),
}


@pytest.mark.parametrize("look", [UNICODE, ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize("name", CHARTS)
def test_a_picture_fits_its_width_and_drives_no_terminal(name, look):
    for width in (20, 60, 80, 120):
        lines = plotted(CHARTS[name], look, width)
        assert max(map(cell_len, lines)) <= width
        assert "\x1b" not in "".join(lines)
        assert look is UNICODE or "".join(lines).isascii()


def test_bars_are_as_long_as_their_numbers_say():
    first, second = plotted(Chart("bar", "c", "n", ("a", "東京"), (), (10.0, 5.0)), UNICODE, 60)[1:]
    assert (first.count("█"), second.count("█")) == (52, 26)
    assert cell_len(first.partition("█")[0]) == cell_len(second.partition("█")[0])


def test_a_line_goes_through_its_points():
    lines = plotted(Chart("line", "x", "y", (), (0.0, 1.0), (0.0, 10.0)), ASCII, 40)
    drawn = [line.partition("|")[2] for line in lines if "|" in line]
    assert drawn[-1].startswith("*")
    assert drawn[0].endswith("*")
    assert [line.find("*") for line in drawn] == sorted((line.find("*") for line in drawn), reverse=True)


@pytest.mark.parametrize("name", CHARTS)
def test_a_file_has_the_same_picture_each_time(name):
    for kind, magic in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        files = [io.BytesIO(), io.BytesIO()]
        notes = [write_picture(CHARTS[name], file, kind) for file in files]
        assert files[0].getvalue().startswith(magic)
        assert files[0].getvalue() == files[1].getvalue()
        assert bool(notes[0]) == any(
            letter > "\u3000" for letter in "".join((*CHARTS[name].labels, CHARTS[name].x_name))
        )


def test_a_file_without_numbers_is_refused():
    with pytest.raises(PlannerError, match="no numbers to draw"):
        write_result(["a"], [("x",)], stream=io.StringIO(), format="png")
