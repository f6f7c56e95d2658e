"""Why a question was answered as it was: every candidate, or one of them whole."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from planner_cli.prompts.schema import hint_text
from planner_cli.types import ValueHint
from planner_cli.ui.answer import show_failures, show_result, show_sql, show_summary
from planner_cli.ui.board import CLOSED_WORDS
from planner_cli.ui.cells import counted
from planner_cli.ui.console import print_line
from planner_cli.ui.look import BAD, MUTED, TITLE
from planner_cli.ui.screen import leave_behind
from planner_cli.ui.state import BoardRow, RunState

_ROWS = 5


def show_why(state: RunState, mentioned: Sequence[ValueHint], console: Console) -> None:
    """Print the candidates, the winner's thought, and what decided."""
    leave_behind(state, console, "show")
    if mentioned:
        print_line(console, f"the question mentions stored values: {hint_text(mentioned)}", MUTED)
    answer = state.answer
    if answer is None:
        print_line(console, "it was stopped before there was an answer", BAD)
    elif answer.best is None:
        show_failures(answer, console)
    else:
        show_summary(answer, console, untrained=state.untrained)


def show_candidate(row: BoardRow, console: Console) -> None:
    """Print one candidate whole: its query, first rows or error, and what the judge thought."""
    candidate, execution = row.candidate, row.execution
    facts = [f"candidate {row.number}", counted(candidate.samples, "sample")]
    if candidate.logprob is not None:
        facts.append(f"ln P {candidate.logprob:.2f}")
    if not candidate.complete:
        facts.append("cut off at the longest query")
    print_line(console, ", ".join(facts), TITLE)
    show_sql(candidate.sql, console)
    if execution is not None and execution.ok:
        show_result(execution, stdout=console, stderr=console, format="table", limit=_ROWS)
    elif execution is not None:
        print_line(console, execution.error or "", BAD)
    thought = row.thought.verdict if row.thought is not None else None
    if thought is not None:
        closed = CLOSED_WORDS[thought.thought.closed_by]
        print_line(console, f"score {thought.score:.2f}, thought {thought.thought.tokens} tokens ({closed})", MUTED)
        if thought.thought.text.strip():
            print_line(console, thought.thought.text.strip(), MUTED, newlines=True)
    elif not row.leads and row.cluster is not None:
        print_line(console, f"the same result as candidate {row.cluster.representative + 1}, judged with it", MUTED)
