"""Make the picture of the screen in the README from a real run: ``python docs/screen.py``.

The frame is what the terminal shows when the judge's thought has reached :data:`MOMENT` tokens.
"""

from __future__ import annotations

import io
import re
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from planner_cli import Planner
from planner_cli.cli import main
from planner_cli.events import ThoughtToken
from planner_cli.ui.frame import frame_lines
from planner_cli.ui.look import look_for
from planner_cli.ui.state import RunState

QUESTION = "Total paid amount per customer country"
BUDGET, MOMENT = 64, 40
WIDTH, HEIGHT = 120, 22
PICTURE = Path(__file__).with_name("screen.svg")


def frame(database: Path) -> Text:
    """The screen in the middle of a thought."""
    with Planner.open(database, budget=BUDGET) as planner:
        state = RunState(question=QUESTION, database=database.name, budget=BUDGET, models=planner.models)
        state.reads_keys = True  # as on a terminal
        started = time.monotonic()
        for event in planner.events(QUESTION):
            state.apply(event)
            if isinstance(event, ThoughtToken) and event.tokens >= MOMENT:
                break
        seconds = time.monotonic() - started
        lines = frame_lines(state, look_for("utf-8"), width=WIDTH, height=HEIGHT, think="fold", seconds=seconds)
    return Text("\n").join(lines)


def picture(shown: Text) -> str:
    """The frame as SVG, below the command that shows it."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(f'$ planner ask "{QUESTION}" demo.sqlite --budget {BUDGET}', markup=False, highlight=False)
    console.print(shown)
    svg = console.export_svg(title="planner")
    return re.sub(
        r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL
    )  # rich names fonts of a server: the reader's own do


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder) / "demo.sqlite"
        main(["demo", str(demo), "--no-ask"])
        PICTURE.write_text(picture(frame(demo)), encoding="utf-8")
