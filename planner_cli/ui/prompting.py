"""The line a user types in a session. prompt_toolkit lives here only; nothing else imports this module.

It is drawn on standard error, as the screen of a running question is, so that standard output has answers only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition, has_completions
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import DynamicLexer, Lexer, PygmentsLexer, SimpleLexer
from prompt_toolkit.output import ColorDepth, Output, create_output

from planner_cli.ui.completing import Words, is_open, is_sql

if TYPE_CHECKING:
    from prompt_toolkit.input import Input

_MENU_LINES = 6


class Prompting:
    """Reads lines, with completion, history, several lines, and a line of facts below."""

    def __init__(
        self,
        *,
        prompt: str,
        words: Callable[[], Words],
        facts: Callable[[], str],
        history: Path | None,
        vi: bool = False,
        color: bool = True,
        stream: TextIO | None = None,
        source: Input | None = None,
        output: Output | None = None,
    ) -> None:
        """``facts`` is the text below; ``history`` an existing file, ``None`` to keep nothing; ``stream`` draws it."""
        kept: History = InMemoryHistory() if history is None else FileHistory(str(history))
        self._facts = facts
        self._session: PromptSession[str] = PromptSession(
            prompt,
            multiline=True,
            prompt_continuation=lambda width, _line, _wrapped: " " * max(0, width - 4) + "... ",
            key_bindings=_keys(),
            history=kept,
            completer=_Completer(words),
            complete_while_typing=Condition(_completes_while_typing),
            complete_in_thread=False,
            lexer=DynamicLexer(_lexer) if color else None,
            bottom_toolbar=self._toolbar,
            editing_mode=EditingMode.VI if vi else EditingMode.EMACS,
            enable_open_in_editor=True,
            enable_suspend=True,
            reserve_space_for_menu=_MENU_LINES,
            color_depth=None if color else ColorDepth.DEPTH_1_BIT,
            input=source,
            output=output or create_output(stdout=stream),
        )

    def read(self) -> str | None:
        """The next line, or several; empty after Ctrl-C, ``None`` after Ctrl-D."""
        try:
            return self._session.prompt()
        except KeyboardInterrupt:
            return ""
        except EOFError:
            return None

    @property
    def mode(self) -> str:
        """Whose keys it understands."""
        return "vi" if self._session.editing_mode == EditingMode.VI else "emacs"

    def _toolbar(self) -> str:
        return f" {self._facts()}   {self.mode} keys (F4)   \\help"


class _Completer(Completer):
    def __init__(self, words: Callable[[], Words]) -> None:
        self._words = words

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002
        for found in self._words().suggestions(document.text_before_cursor):
            yield Completion(found.text, start_position=found.start, display_meta=found.about)


def _completes_while_typing() -> bool:
    """Not in a question, where every word would open a menu."""
    text = get_app().current_buffer.document.text_before_cursor
    return text.startswith("\\") or is_sql(text)


def _lexer() -> Lexer:
    if not is_sql(get_app().current_buffer.text):
        return SimpleLexer()
    from pygments.lexers.sql import SqlLexer  # type: ignore[import-untyped]

    return PygmentsLexer(SqlLexer)


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter", filter=has_completions & Condition(_is_chosen))
    def _(event: KeyPressEvent) -> None:
        """Take the completion that is chosen."""
        event.current_buffer.complete_state = None

    @keys.add("enter", filter=~(has_completions & Condition(_is_chosen)))
    def _(event: KeyPressEvent) -> None:
        """Hand the line in, unless it is a query that goes on."""
        text = event.current_buffer.text
        if is_sql(text) and is_open(text):
            event.current_buffer.newline()
        else:
            event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        """Begin another line."""
        event.current_buffer.newline()

    @keys.add("f4")
    def _(event: KeyPressEvent) -> None:
        """Switch between the keys of vi and emacs."""
        vi = event.app.editing_mode == EditingMode.VI
        event.app.editing_mode = EditingMode.EMACS if vi else EditingMode.VI

    return keys


def _is_chosen() -> bool:
    state = get_app().current_buffer.complete_state
    return state is not None and state.current_completion is not None
