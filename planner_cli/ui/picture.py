"""Pictures as PNG and SVG, by matplotlib (extra ``bench``), which takes 0.5 s to import."""

from __future__ import annotations

import shlex
import sys
import warnings
from importlib.util import find_spec
from typing import IO, Any

from planner_cli.clean import clean
from planner_cli.errors import PlannerError
from planner_cli.ui.charts import Chart, bins_of
from planner_cli.ui.look import UNICODE

_INCHES = (8.0, 4.5)
_BAR_INCHES = 0.28
"""Height of a bar."""
_DPI = 150
_TICKS = 8
_LABEL = 40
"""Cells of a label."""
_COLOUR = "#0072B2"


def check_matplotlib() -> None:
    """Refuse to begin what could not be drawn.

    Raises:
        PlannerError: matplotlib is not installed.

    """
    if find_spec("matplotlib") is None:
        python = shlex.quote(sys.executable)
        raise PlannerError("plots need matplotlib, which is not installed", hint=f"{python} -m pip install matplotlib")


def write_picture(chart: Chart, stream: IO[bytes], kind: str) -> list[str]:
    """Write the chart as ``png`` or ``svg``, the same bytes for the same chart; returns what a reader should know.

    Raises:
        PlannerError: matplotlib is not installed.

    """
    check_matplotlib()
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height = max(_INCHES[1], 1 + _BAR_INCHES * len(chart.labels)) if chart.kind == "bar" else _INCHES[1]
    style: Any = {
        "text.parse_math": False,
        "text.usetex": False,
        "svg.hashsalt": "planner",
    }  # a $ in a name is a dollar
    with rc_context(style):
        figure = Figure(figsize=(_INCHES[0], height), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        match chart.kind:
            case "bar":
                places = list(range(len(chart.labels), 0, -1))
                axes.barh(places, chart.ys, color=_COLOUR)
                axes.set_yticks(places, [UNICODE.fit(label, _LABEL) for label in chart.labels])
            case "histogram":
                edges, _ = bins_of(chart.ys)
                axes.hist(
                    chart.ys, bins=sorted(set(edges)) if len(set(edges)) > 1 else 1, color=_COLOUR, edgecolor="white"
                )
            case "line":
                axes.plot(chart.xs, chart.ys, color=_COLOUR, marker="o" if len(chart.xs) < 2 * _TICKS else None)
                if chart.labels:
                    every = max(1, len(chart.labels) // _TICKS)
                    axes.set_xticks(chart.xs[::every], [UNICODE.fit(label, _LABEL) for label in chart.labels[::every]])
            case _:
                axes.scatter(chart.xs, chart.ys, color=_COLOUR, s=16)
        across, up = (chart.y_name, chart.x_name) if chart.kind == "bar" else (chart.x_name, chart.y_name)
        axes.set_xlabel(clean(across))
        axes.set_ylabel(clean(up))
        axes.spines[["top", "right"]].set_visible(False)
        metadata = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            figure.savefig(stream, format=kind, dpi=_DPI, metadata=metadata)
    lacking = any("Glyph" in str(each.message) for each in told)
    return ["letters that the picture's font does not have are drawn as boxes"] if lacking else []
