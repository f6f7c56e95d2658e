"""The end of a run: the SQL, its result, how sure the judge is, and what it cost.

The result (and on a terminal the SQL) goes to standard output, everything else to standard error, so a pipe
gets the result alone and ``2>/dev/null`` loses nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from rich.console import Console
from rich.text import Text

from planner_cli.clean import Clean, clean
from planner_cli.database.block import Block, block
from planner_cli.types import Answer, Execution, StageTimings
from planner_cli.ui.board import UNTRAINED, result_text
from planner_cli.ui.cells import counted
from planner_cli.ui.console import look_of, print_line, print_note
from planner_cli.ui.formats import Format, write_blocks, write_text
from planner_cli.ui.look import BAD, MUTED, TITLE, Look, score_style, wrap
from planner_cli.ui.paging import Held, Pager, turn
from planner_cli.ui.sqltext import laid_out, print_sql, tabs_shown

Details: TypeAlias = Literal["full", "brief", "none"]
"""What standard error gets besides notes about cuts: everything, the query and one line, or nothing."""

LOW_CONFIDENCE = 0.5
"""A score under this says that the judge considers the query wrong rather than right."""

_BAR = 20


def show_answer(
    answer: Answer,
    *,
    stdout: Console,
    stderr: Console,
    format: Format = "table",  # noqa: A002 - named as the option is
    raw: bool = False,
    bom: bool = False,
    limit: int | None = None,
    limit_option: str | None = "--limit",
    sql_only: bool = False,
    details: Details = "full",
    untrained: bool = False,
    unasked: str | None = None,
    whole: Iterable[Block] | None = None,
    pager: Pager | None = None,
) -> None:
    """Print the end of a run.

    Standard output gets the result in ``format``, at most ``limit`` rows; before it the SQL when it is a
    terminal and the format is made for people; nothing but the SQL with ``sql_only``. Standard error gets
    as much of the rest as ``details`` says. Without an answer everything goes to standard error. ``untrained``: the
    judge's scores are noise; ``unasked``: the judge that was not asked for that reason; ``limit_option`` is how the
    user can raise ``limit``. ``whole`` are all rows of the result, where they are wanted instead of those that were
    fetched. ``pager`` shows a result that is longer than the terminal.
    """
    candidate, execution = answer.best_candidate, answer.best_execution
    if candidate is None or execution is None:
        show_failures(answer, stderr)
        return
    pretty = stdout.is_terminal and format in {"table", "vertical", "markdown", "plot"}
    if clean(candidate.sql if sql_only else tabs_shown(candidate.sql), newlines=True) != candidate.sql:
        print_note(stderr, "the query has characters that show as escapes, and runs only as --json gives it")
    if sql_only:
        write_text(stdout.file, clean(candidate.sql, newlines=True) + "\n")
    else:
        if pretty or details == "full":
            show_sql(candidate.sql, stdout if pretty else stderr)
        show_result(
            execution,
            stdout=stdout,
            stderr=stderr,
            format=format,
            raw=raw,
            bom=bom,
            limit=limit,
            limit_option=limit_option,
            whole=whole,
            pager=pager,
        )
        if details != "none" and not execution.rows:
            print_note(stderr, "0 rows")
    if details == "full":
        if stdout.is_terminal and stderr.is_terminal:
            stderr.print()
        show_summary(answer, stderr, untrained=untrained, unasked=unasked)
    elif details == "brief":
        if not (sql_only or pretty):
            print_sql(stderr, "", candidate.sql)
        print_line(stderr, look_of(stderr).dot.join(_brief(answer, untrained=untrained, unasked=unasked)))
    elif is_doubtful(answer):
        print_note(stderr, f"doubtful: the confidence is {answer.confidence:.2f}")


def show_sql(sql: str, console: Console) -> None:
    """Print a query, in colour where the console has colours, without padding so that it can be copied."""
    look = look_of(console)
    text = look.plain(tabs_shown(laid_out(sql, console.width)), newlines=True)
    if console.color_system is None:
        console.print(look.text(text, newlines=True), soft_wrap=True)
        return
    from rich.syntax import Syntax  # pygments: 30 ms that piped runs need not pay

    highlighted = Syntax(text, "sql", theme="ansi_dark", background_color="default").highlight(text)
    highlighted.rstrip()
    console.print(highlighted, soft_wrap=True)


def show_result(
    execution: Execution,
    *,
    stdout: Console,
    stderr: Console,
    format: Format,  # noqa: A002 - named as the option is
    raw: bool = False,
    bom: bool = False,
    limit: int | None = None,
    limit_option: str | None = None,
    whole: Iterable[Block] | None = None,
    pager: Pager | None = None,
) -> None:
    """Print a result to ``stdout``, and to ``stderr`` what was cut from it; the rest as for :func:`show_answer`."""
    held = Held(stdout.encoding) if pager is not None and stdout.is_terminal else None
    rows = execution.rows[:limit]
    shown = _Counted(([block(rows)] if rows else []) if whole is None else whole, limit)
    notes = write_blocks(
        execution.columns,
        shown,
        format=format,
        stream=stdout.file if held is None else held,
        raw=raw,
        bom=bom,
        width=stdout.width if stdout.is_terminal else None,
        color=stdout.color_system is not None,
    )
    if held is not None and pager is not None:
        turn(held.getvalue(), stdout, pager)
    stdout.file.flush()
    if limit_option is not None and limit_option.startswith("\\"):  # in a session an option is a command
        notes = tuple(Clean(note.replace("--format ", "\\format ")) for note in notes)
    if whole is None:
        said = (*_missing_rows(execution, len(rows), limit_option), *execution.notes)
    else:
        cut = (f"first {counted(shown.rows, 'row')} of more; raise {limit_option} to see more",) if shown.more else ()
        said = (*cut, *(note for note in execution.notes if not execution.cut_values or "cut to" not in note))
    for note in (*map(clean, said), *notes):
        print_note(stderr, note)


class _Counted:
    """The first ``limit`` rows of blocks, and whether there were more."""

    def __init__(self, blocks: Iterable[Block], limit: int | None) -> None:
        self._blocks, self._limit = blocks, limit
        self.rows = 0
        self.more = False

    def __iter__(self) -> Iterator[Block]:
        for each in self._blocks:
            kept = each if self._limit is None else each.first(self._limit - self.rows)
            self.rows += len(kept)
            if kept:
                yield kept
            if len(kept) < len(each):
                self.more = True
                return


def _missing_rows(execution: Execution, shown: int, limit_option: str | None) -> list[str]:
    """The line that says which rows are not shown, because of which limit, and how to see more."""
    fetched = len(execution.rows)
    if shown == fetched and execution.cut_by == "bytes":
        return [f"first {counted(shown, 'row')}: the result is larger than one query may fetch; ask for fewer columns"]
    raise_it = f"; raise {limit_option} to see more" if limit_option else ""
    if shown < fetched:
        known = f"more than {fetched:,}" if execution.truncated else f"{fetched:,}"
        return [f"first {shown:,} of {known} rows{raise_it}"]
    return [f"first {counted(shown, 'row')} of more{raise_it}"] if execution.truncated else []


def show_summary(answer: Answer, console: Console, *, untrained: bool = False, unasked: str | None = None) -> None:
    """Print confidence, vote share, the reason and the cost."""
    look = look_of(console)
    if not _samples(answer):
        print_line(console, answer.reason)
        return
    console.print(_confidence(answer, look))
    for line in (_unjudged(answer, untrained=untrained, unasked=unasked), answer.reason):
        if line:
            print_line(console, line)
    print_line(console, look.dot.join(statistics(answer)), MUTED)


def show_failures(answer: Answer, console: Console) -> None:
    """Print each candidate with the reason why it has no result."""
    look = look_of(console)
    print_line(console, "no answer: " + (answer.reason or "no candidate could be executed"), BAD)
    for candidate, execution in zip(answer.candidates, answer.executions, strict=True):
        print_sql(console, f"{candidate.index + 1:>3}  ", candidate.sql or "(empty)")
        _print_indented(console, "     ", result_text(execution, look, 2_000))
    print_line(console, look.dot.join(statistics(answer)), MUTED)


def _print_indented(console: Console, head: str, text: Text) -> None:
    """Print a text after ``head``, on a terminal broken at words with its lines aligned."""
    look = look_of(console)
    plain = look.plain(text.plain)
    lines = wrap(plain, console.width - len(head)) if console.is_terminal else (plain,)
    for at, line in enumerate(lines):
        start = look.text(head if at == 0 else " " * len(head), TITLE)
        console.print(Text.assemble(start, look.text(line, str(text.style))), soft_wrap=True)


def statistics(answer: Answer) -> list[str]:
    """What the run cost: tokens and speed of both stages, then the wall time."""
    timings = answer.timings
    write, judge = timings.generate, timings.judge
    samples = _samples(answer)
    facts = [f"{counted(samples, 'sample')}, {len(answer.candidates)} distinct"]
    cached = write.cached_tokens + judge.cached_tokens
    facts.append(
        f"prefill {write.prompt_tokens + judge.prompt_tokens:,} tokens"
        + (f", {cached:,} cached" if cached else "")
        + f", {write.prefill_seconds + judge.prefill_seconds:.2f} s"
    )
    facts += [_speed("wrote", write), _speed("thought", judge)] if judge.new_tokens else [_speed("wrote", write)]
    spent = (("load", timings.load), ("write", write.seconds), ("run", timings.execute), ("judge", judge.seconds))
    stages = ", ".join(f"{name} {_short(seconds)}" for name, seconds in spent if seconds)
    return [*facts, f"{timings.total:.1f} s" + (f" ({stages})" if stages else "")]


def _short(seconds: float) -> str:
    return f"{seconds:.2f}" if seconds < 10 else f"{seconds:.1f}"


def _speed(what: str, stage: StageTimings) -> str:
    speed = stage.tokens_per_second
    return f"{what} {stage.new_tokens:,} tokens" + ("" if speed is None else f" at {speed:.0f}/s")


def _samples(answer: Answer) -> int:
    """How many queries the generator wrote; 0 where no model was asked."""
    return sum(candidate.samples for candidate in answer.candidates)


def _votes(answer: Answer) -> str:
    samples = _samples(answer)
    return f"votes {round(answer.vote_share * samples)} of {samples}"


def _unjudged(answer: Answer, *, untrained: bool, unasked: str | None) -> str | None:
    """That no judge, or none worth the name, had a say; ``None`` where one had."""
    if answer.score is None:
        return f"not judged, as {unasked} was not trained to judge (--judge asks it)" if unasked else "not judged"
    return f"score {answer.score:.2f} ({UNTRAINED})" if untrained else None


def _brief(answer: Answer, *, untrained: bool, unasked: str | None) -> list[str]:
    """Votes, confidence and reason."""
    if not _samples(answer):
        return [answer.reason]
    confidence = "no confidence" if answer.confidence is None else f"confidence {answer.confidence:.2f}"
    confidence += " (low: more likely wrong than right)" if is_doubtful(answer) else ""
    about = _unjudged(answer, untrained=untrained, unasked=unasked)
    return [_votes(answer), confidence, *(each for each in (about, answer.reason) if each)]


def is_doubtful(answer: Answer) -> bool:
    """Whether it is more likely wrong than right."""
    return answer.confidence is not None and answer.confidence < LOW_CONFIDENCE


def _confidence(answer: Answer, look: Look) -> Text:
    p = answer.confidence
    shown = ("none",) if p is None else (look.bar(p, _BAR, score_style(p)), (f" {p:.2f}", score_style(p)))
    text = Text.assemble(("confidence ", TITLE), *shown, look.dot, _votes(answer))
    if is_doubtful(answer):
        text.append(f"{look.dot}low: more likely wrong than right", style=BAD)
    return text
