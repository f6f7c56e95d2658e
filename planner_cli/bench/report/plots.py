"""Plots, as PNG and SVG. matplotlib (extra ``bench``) is imported when the first one is drawn: it takes 0.5 s.

Every line and bar differs by marker or hatch as well as by colour. The colours are those of Okabe and Ito, which
stay apart under the common kinds of colour blindness.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner_cli.bench.calibration import Calibration
from planner_cli.bench.report.curve import Point
from planner_cli.bench.report.escape import label
from planner_cli.bench.statistics import Estimate
from planner_cli.ui.picture import check_matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 150
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---", "++")
_GREY = "#555555"
_STYLE: Any = {  # the literal keys in its type change with each matplotlib
    "figure.facecolor": "white",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelsize": 11,
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.8,
    "hatch.linewidth": 0.7,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 6,
    "svg.hashsalt": "planner",  # the same rows give the same file
    "text.parse_math": False,  # labels come from file names: a $ is a dollar
    "text.usetex": False,
}


@dataclass(frozen=True, slots=True)
class Curve:
    label: str
    points: Sequence[Point]
    published: bool = False
    """Other people's figures are drawn grey and dotted."""


@dataclass(frozen=True, slots=True)
class Bars:
    """One colour of a group of bars."""

    label: str
    figures: Sequence[Estimate]
    """One for each group, same order."""


@contextmanager
def _drawing(path: Path, width: float, height: float) -> Iterator[Figure]:
    """A figure in inches, written as ``path``.png and ``path``.svg at the end."""
    check_matplotlib()
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        figure.savefig(path.with_name(path.name + ".png"), dpi=DPI, metadata={"Software": None})
        figure.savefig(path.with_name(path.name + ".svg"), metadata={"Date": None, "Creator": None})


def _percent(axes: Axes, title: str, *, room: float = 0) -> None:
    """An axis of 0 to 100 %, with room for what is written above the data."""
    axes.set_ylabel(f"{title} (%)")
    axes.set_ylim(0, 100 + room)
    axes.set_yticks(range(0, 101, 20))


def _legend(figure: Figure, axes: Axes) -> None:
    """A legend below the data, in as many columns as fit."""
    handles, labels = axes.get_legend_handles_labels()
    longest = max(map(len, labels), default=0)
    figure.legend(handles, labels, loc="outside lower center", ncols=max(1, min(len(labels), 96 // (longest + 8))))


def _known(points: Sequence[Point]) -> list[tuple[Point, float]]:
    return [(point, point.figure.value) for point in points if point.figure.value is not None]


def budget_plot(path: Path, title: str, metric: str, curves: Sequence[Curve], knee: int | None) -> None:
    """Accuracy against budget with 95 % intervals; ``knee`` is marked by a vertical line."""
    with _drawing(path, 8, 4.8) as figure:
        axes = figure.add_subplot()
        budgets = sorted({point.budget for curve in curves for point in curve.points})
        place = {budget: at for at, budget in enumerate(budgets)}  # even steps: ladders double
        if knee is not None:
            axes.axvline(place[knee], color=_GREY, linestyle="--", linewidth=1.2, label=f"knee: {knee} tokens")
        for number, curve in enumerate(curves):
            _draw_curve(axes, curve, number, [place[point.budget] for point, _ in _known(curve.points)])
        axes.set_xticks(range(len(budgets)), [str(budget) for budget in budgets])
        axes.set_xlabel("thinking budget (tokens)")
        axes.set_xlim(-0.4, len(budgets) - 0.6)
        _percent(axes, metric)
        axes.set_title(label(title))
        _legend(figure, axes)


def _draw_curve(axes: Axes, curve: Curve, number: int, at: Sequence[float]) -> None:
    known = _known(curve.points)
    colour = _GREY if curve.published else COLOURS[number % len(COLOURS)]
    axes.plot(
        at,
        [100 * value for _, value in known],
        color=colour,
        linestyle=":" if curve.published else "-",
        marker="x" if curve.published else _MARKERS[number % len(_MARKERS)],
        label=label(curve.label),
        clip_on=False,  # markers on the edge stay whole
        zorder=3,
    )
    bands = [
        (x, 100 * point.figure.low, 100 * point.figure.high)
        for x, (point, _) in zip(at, known, strict=True)
        if point.figure.low is not None and point.figure.high is not None
    ]
    if bands:
        places, low, high = zip(*bands, strict=True)
        axes.fill_between(places, low, high, color=colour, alpha=0.16, linewidth=0)


def latency_plot(path: Path, title: str, metric: str, curves: Sequence[Curve]) -> None:
    """Accuracy against judge time, several metrics of one run; the upper points say their budget."""
    with _drawing(path, 8, 4.8) as figure:
        axes = figure.add_subplot()
        timed = [Curve(curve.label, [p for p, _ in _known(curve.points) if p.seconds is not None]) for curve in curves]
        for number, curve in enumerate(timed):
            _draw_curve(axes, curve, number, [point.seconds or 0.0 for point in curve.points])
        for point, _ in _known(timed[0].points):  # the others have the same budgets at the same times
            top = max(value for curve in timed for other, value in _known(curve.points) if other.budget == point.budget)
            _note(axes, str(point.budget), point.seconds or 0.0, top, above=8)
        axes.set_xlabel("judge time per question (s, median; estimated below the run's own budget)")
        axes.set_xlim(left=0)
        axes.margins(x=0.06)
        _percent(axes, metric, room=8)
        axes.set_title(label(title))
        _legend(figure, axes)


def bar_plot(path: Path, title: str, metric: str, groups: Sequence[str], bars: Sequence[Bars]) -> None:
    """Groups of bars with 95 % intervals; each group's name may have a second line."""
    with _drawing(path, 8, 4.6) as figure:
        axes = figure.add_subplot()
        width = 0.8 / len(bars)
        for number, bar in enumerate(bars):
            at = [group + (number - (len(bars) - 1) / 2) * width for group in range(len(groups))]
            _draw_bars(axes, bar, number, at, width)
        axes.set_xticks(range(len(groups)), ["\n".join(map(label, group.split("\n"))) for group in groups])
        axes.grid(visible=False, axis="x")
        _percent(axes, metric, room=8)
        axes.set_title(label(title))
        if len(bars) > 1:
            _legend(figure, axes)


def _draw_bars(axes: Axes, bar: Bars, number: int, at: Sequence[float], width: float) -> None:
    shown = [(x, figure, figure.value) for x, figure in zip(at, bar.figures, strict=True) if figure.value is not None]
    axes.bar(
        [x for x, _, _ in shown],
        [100 * value for _, _, value in shown],
        width=width * 0.92,
        color=COLOURS[number % len(COLOURS)],
        hatch=_HATCHES[number % len(_HATCHES)],
        edgecolor="white",
        label=label(bar.label),
    )
    for x, figure, value in shown:
        top = value
        if figure.low is not None and figure.high is not None:
            below, above = max(0.0, value - figure.low), max(0.0, figure.high - value)
            axes.errorbar(x, 100 * value, [[100 * below], [100 * above]], color="#222222", capsize=3, linewidth=1.2)
            top = max(value, figure.high)
        _note(axes, f"{100 * value:.0f}", x, top, above=3)


def _note(axes: Axes, text: str, x: float, share: float, *, above: float) -> None:
    """A small text, this many points above a position."""
    axes.annotate(text, (x, 100 * share), xytext=(0, above), textcoords="offset points", ha="center", fontsize=9)


def reliability_plot(path: Path, title: str, found: Calibration) -> None:
    """How often candidates of each score were right, above how many there were."""
    bins = [group for group in found.bins if group.count]
    with _drawing(path, 6.4, 6.2) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        upper.plot([0, 100], [0, 100], color=_GREY, linestyle="--", linewidth=1.2, label="as sure as right")
        for group in bins:
            if group.score is not None and group.right.value is not None:
                _draw_group(upper, group.score, group.right, group.right.value)
        upper.plot([], [], color=COLOURS[0], marker="o", label="share that is right, 95 % interval")
        _percent(upper, "candidates that are right")
        error = "" if found.ece.value is None else f"\nexpected calibration error {100 * found.ece.value:.1f} %"
        upper.set_title(label(title) + error)
        lower.bar(
            [100 * group.low for group in bins],
            [group.count for group in bins],
            width=[100 * (group.high - group.low) for group in bins],
            align="edge",
            color=COLOURS[4],
            edgecolor="white",
        )
        lower.set_ylabel("candidates")
        lower.set_xlabel("score P(correct) (%), mean of each group")
        lower.set_xlim(0, 100)
        _legend(figure, upper)


def _draw_group(axes: Axes, score: float, right: Estimate, share: float) -> None:
    if right.low is not None and right.high is not None:
        axes.plot([100 * score] * 2, [100 * right.low, 100 * right.high], color=COLOURS[0], linewidth=1.4)
    axes.plot([100 * score], [100 * share], color=COLOURS[0], marker="o", linestyle="", clip_on=False, zorder=3)
