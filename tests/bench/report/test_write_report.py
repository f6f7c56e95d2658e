"""The files of a report: right figures, nothing that acts, nothing fetched."""

import base64
import csv
import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from report_runs import HOSTILE, INFO, end_to_end_rows, intrinsic_rows, stored, two_questions

from planner_cli.bench.report import write_report
from planner_cli.bench.report.csv_files import write_candidates
from planner_cli.errors import PlannerError

SMALL = replace(INFO, settings={"budget": 16, "mode": "base"}, dataset={"name": "two", "fingerprint": "2", "items": 3})


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    return write_report([stored(folder / "tiny run", two_questions(), SMALL)], folder / "report")


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """An intrinsic and an end-to-end run, with hostile text wherever text can be."""
    folder = tmp_path_factory.mktemp("large")
    rows = [
        replace(
            row, question=HOSTILE, gold=HOSTILE, item=f"{row.item}{HOSTILE}", database=f"{row.database}{HOSTILE}",
            candidates=tuple(replace(c, sql=HOSTILE, error=HOSTILE, thought=HOSTILE * 80) for c in row.candidates),
        )
        for row in intrinsic_rows(40)
    ]  # fmt: skip
    model = {**INFO.models[0], "name": HOSTILE, "file": HOSTILE}
    info = replace(INFO, models=(model,), command=HOSTILE, machine={HOSTILE: HOSTILE}, versions={HOSTILE: HOSTILE})
    judge = stored(folder / "judge $x$ <b>", rows, info)
    answers = [replace(row, method=f"{row.method}{HOSTILE[:30]}") for row in end_to_end_rows(24)]
    return write_report([judge, stored(folder / "e2e", answers, replace(info, kind="e2e"))], folder / "report")


def lines(files, start):
    return [line for line in files.markdown.read_text().splitlines() if line.startswith(start)]


def test_the_budget_table_by_hand(small):
    wide = r"50.0 \[0.0, 100.0\]"
    assert lines(small, "| 0 | forced close") == [
        f"| 0 | forced close | {wide} | {wide} | {wide} | 75.0 | 0.0 | 0.750 | 0.50 |"
    ]
    sure = r"100.0 \[100.0, 100.0\]"
    assert lines(small, "| 16 | forced") == [
        f"| 16 | forced close | {sure} | {sure} | {sure} | 100.0 | 0.0 | 1.000 | 1.50 |"
    ]
    assert lines(small, "| 16 | plain") == [
        rf"| 16 | plain cut | 0.0 \[0.0, 0.0\] | 33.3 \[33.3, 33.3\] | {wide} | 75.0 | 100.0 | 0.500 | 1.50 |"
    ]


def test_published_figures_stand_apart(small):
    assert lines(small, "| *512* | *published") == [
        "| *512* | *published, plain cut* | *51.3* | *58.7* | *56.5* | *62.8* | *23.6* | *-* | *-* |"
    ]
    assert len(lines(small, "| *published: ")) == 5
    table = read_csv(small, "tiny-run-budgets.csv")
    assert [row["published"] for row in table] == ["no"] * 4 + ["yes"] * 7


def test_the_notes_are_honest_about_the_sample(small):
    text = small.markdown.read_text()
    assert "2 questions on 2 databases, 4 candidates, 2 of them labelled right and 2 wrong" in text
    assert "2 of the data set's 3 questions were run" in text
    assert "the sample is small" in text
    assert "knee of pairwise accuracy is at 16 tokens: no plateau" in text
    assert INFO.models[0]["sha256"] in text


def read_csv(files, name):
    path = next(path for path in files.tables if path.name == name)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_csv_has_full_precision_and_intervals(small):
    at_16 = [row for row in read_csv(small, "tiny-run-budgets.csv") if row["budget (tokens)"] == "16"][1]
    assert at_16["thought ended by"] == "plain cut"
    assert float(at_16["macro F1"]) == pytest.approx(1 / 3)
    assert (at_16["Hit@1, low"], at_16["Hit@1, high"]) == ("0.0", "1.0")


def test_csv_of_candidates_is_enough_to_compute_again(small):
    table = read_csv(small, "tiny-run-candidates.csv")
    assert [(row["item"], row["label"], row["score"]) for row in table] == [
        ("q1", "True", "0.9"), ("q1", "False", "0.2"), ("q2", "False", "0.1"), ("q2", "True", "0.8"),
    ]  # fmt: skip


def test_every_plot_is_a_png_and_an_svg(large):
    names = {path.stem.split("-", 1)[1] for path in large.plots if "-" in path.stem}
    assert {"x-b-budget", "x-b-latency", "x-b-reliability", "x-b-hardness", "accuracy"} <= names
    for path in large.plots:
        data = path.read_bytes()
        assert data.startswith(b"\x89PNG" if path.suffix == ".png" else b"<?xml")


def test_plots_are_the_same_for_the_same_rows(small, tmp_path):
    again = write_report([stored(tmp_path / "tiny run", two_questions(), SMALL)], tmp_path / "report")
    for one, other in zip(small.plots, again.plots, strict=True):
        assert one.read_bytes() == other.read_bytes()


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.policy = [], "", None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.policy = dict(attrs)["content"]

    def handle_data(self, data):
        self.text += data


ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "ul", "li", "figure", "img", "figcaption",
    "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "span", "details", "summary", "pre",
}  # fmt: skip


def test_the_html_page_acts_on_nothing_and_fetches_nothing(large):
    page = Page(large.html.read_text(encoding="utf-8"))
    assert {tag for tag, _ in page.tags} == ALLOWED
    allowed = {"class", "scope", "alt", "src", "lang", "charset", "name", "content", "http-equiv"}
    assert {name for _, attributes in page.tags for name in attributes} == allowed
    sources = [attributes["src"] for tag, attributes in page.tags if tag == "img"]
    assert len(sources) == len(large.plots) / 2
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert HOSTILE.split("|")[0] in page.text  # shown as text, not gone
    assert "\x1b" not in page.text
    assert "\u202e" not in page.text


def test_the_policy_allows_this_style_sheet_and_pictures_only(large):
    text = large.html.read_text(encoding="utf-8")
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert Page(text).policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_pictures_in_the_page_fetch_nothing_either(large):
    for path in large.plots:
        if path.suffix == ".svg":
            text = path.read_text(encoding="utf-8")
            assert "<script" not in text
            links = re.findall(r'href="([^"]*)"', text)
            assert all(link.startswith(("#", "data:")) for link in links)


def test_markdown_holds_no_markup_from_the_data(large):
    text = large.markdown.read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert "\u202e" not in text
    outside = re.sub(r"^(`{3,})\w*\n.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert not re.findall(r"(?<!\\)<", outside)
    assert not re.findall(r"(?<!\\)\[a\\?\]\(", outside)


def test_csv_cells_cannot_run(large):
    for path in large.tables:
        with path.open(newline="", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r", "\n"))]


def test_published_answers_are_no_yardstick_of_other_candidates(large):
    table = read_csv(large, "e2e-accuracy.csv")
    assert sum(row["published"] == "yes" for row in table) == 9
    assert all(row["published"] == "no" for row in read_csv(large, "e2e-budgets.csv"))


@pytest.fixture
def undrawn(monkeypatch):
    """Plots are files without a picture: where only their names count."""
    from matplotlib.figure import Figure

    monkeypatch.setattr(Figure, "savefig", lambda _figure, path, **_options: path.write_bytes(b""))


@pytest.mark.usefixtures("undrawn")
def test_names_of_files_are_plain_and_unique(tmp_path):
    runs = [stored(tmp_path / place / "same", two_questions(), SMALL) for place in "ab"]
    files = write_report(runs, tmp_path / "report")
    names = [path.name for path in (*files.tables, *files.plots)]
    assert len(names) == len(set(names))
    assert {"same-budgets.csv", "same-2-budgets.csv", "comparison.png"} <= set(names)
    assert all(re.fullmatch(r"[a-z0-9-]+\.(csv|png|svg)", name) for name in names)


@pytest.mark.usefixtures("undrawn")
def test_a_run_without_verdicts_is_reported_too(tmp_path):
    rows = [
        replace(
            row, candidates=tuple(replace(c, judged=False, score=None, probes=(), tokens=0) for c in row.candidates)
        )
        for row in end_to_end_rows(12, methods=("greedy", "vote"))
    ]
    files = write_report([stored(tmp_path / "r", rows, replace(INFO, kind="e2e"))], tmp_path / "report")
    assert [path.name for path in files.plots] == ["r-accuracy.png", "r-accuracy.svg"]


def test_what_cannot_be_reported(tmp_path):
    with pytest.raises(PlannerError, match="no run"):
        write_report([], tmp_path / "report")
    with pytest.raises(PlannerError, match="no rows yet"):
        write_report([stored(tmp_path / "r", [])], tmp_path / "report")
    (tmp_path / "file").write_text("")
    with pytest.raises(PlannerError, match="cannot write the report"):
        write_report([stored(tmp_path / "s", two_questions(), SMALL)], tmp_path / "file")


def test_matplotlib_is_loaded_for_plots_only(tmp_path):
    run = stored(tmp_path / "r", two_questions(), SMALL)
    code = (
        "import sys, json; from pathlib import Path; from planner_cli.bench.store import load_run;"
        "from planner_cli.bench.report import summary_text, write_report; run = load_run(Path(sys.argv[1]));"
        "summary_text([run], 80); print(json.dumps('matplotlib' in sys.modules));"
        "sys.modules['matplotlib'] = None\n"
        "try: write_report([run], Path(sys.argv[1]) / 'report')\n"
        "except Exception as error: print(json.dumps([type(error).__name__, error.hint]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(run.path)], capture_output=True, text=True, check=True)
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        False, ["PlannerError", f"{sys.executable} -m pip install matplotlib"],
    ]  # fmt: skip


CELLS = [
    # name, question, what a reader of CSV has of it
    ("carriage return", "a\rb", "a\rb"),
    ("line feed", "a\nb", "a\nb"),
    ("both", "a\r\nb", "a\r\nb"),
    ("a line separator", "a\u2028b", "a\u2028b"),
    ("a quote", '"', '"'),
    ("blanks around", " a ", " a "),
    ("a formula", "=1+1", "'=1+1"),
    ("half of a surrogate pair", "a\ud800", "a\\ud800"),
]


@pytest.mark.parametrize(("text", "read"), [case[1:] for case in CELLS], ids=[case[0] for case in CELLS])
def test_every_question_is_one_cell_of_a_report(tmp_path, text, read):
    rows = [replace(row, question=text) for row in end_to_end_rows()]
    write_candidates(tmp_path / "c.csv", rows)
    with (tmp_path / "c.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["question"] for line in lines] == [read] * sum(len(row.candidates) for row in rows)
