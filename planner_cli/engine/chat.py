"""Chat templates from a GGUF's metadata, rendered so that contents stay apart from the template's own text.

A template is code that came with the model file: it runs in jinja2's sandbox. Contents are never given to
it; a placeholder stands for each and is replaced by the content's spans afterwards, so that special tokens
are parsed in the template's text and nowhere else.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, NoReturn

from planner_cli.engine.protocol import Message, Prompt, Reasoning, Span
from planner_cli.errors import ModelError

REASONING_FORMATS: tuple[Reasoning, ...] = (
    Reasoning("think", "<think>", "</think>"),
    Reasoning("seed", "<seed:think>", "</seed:think>"),
    Reasoning("bracket", "[THINK]", "[/THINK]"),
    Reasoning("thinking", "<thinking>", "</thinking>"),
    Reasoning("harmony", "<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    Reasoning("command", "<|START_THINKING|>", "<|END_THINKING|>"),
    Reasoning("none"),
)
"""What is known; ``none`` is a model that thinks in plain text."""

_PLACEHOLDER = re.compile("\ue000(\\d+)\ue001")
_PLAIN_TEMPLATE = """{% for m in messages %}{{ m.role }}: {{ m.content }}

{% endfor %}assistant: """


def reasoning_format(name: str) -> Reasoning:
    """The format of that name.

    Raises:
        ModelError: there is none.

    """
    for known in REASONING_FORMATS:
        if known.name == name:
            return known
    names = ", ".join(f.name for f in REASONING_FORMATS)
    raise ModelError(f"unknown reasoning format {name!r}", hint=f"known: {names}")


class ChatTemplate:
    """One model's chat template; a plain one where the file has none."""

    def __init__(self, source: str | None, *, bos: str = "", eos: str = "") -> None:
        self.source = source or _PLAIN_TEMPLATE
        self._names = {"bos_token": bos, "eos_token": eos}

    @functools.cached_property
    def _template(self) -> Any:
        # 60 ms to import: only models with a chat prompt need it
        from jinja2 import TemplateError
        from jinja2.ext import loopcontrols
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        def raise_exception(message: str) -> NoReturn:
            raise TemplateError(message)

        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _generation_tag()]
        )
        environment.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
        environment.globals["raise_exception"] = raise_exception
        # Llama 3, gpt-oss and others tell the model the date. A seed fixes a run within a day.
        environment.globals["strftime_now"] = lambda form: datetime.now(tz=timezone.utc).strftime(form)
        try:
            return environment.from_string(self.source)
        except TemplateError as error:
            raise ModelError(f"the model's chat template cannot be read: {error}") from error

    def _render(self, messages: Sequence[dict[str, str]]) -> str:
        return str(
            self._template.render(messages=messages, add_generation_prompt=True, enable_thinking=True, **self._names)
        )

    def render(self, messages: Sequence[Message]) -> Prompt:
        """The conversation as spans, the assistant's turn opened.

        Raises:
            ModelError: the template fails, also without a system message.

        """
        contents = [m.content for m in messages]
        turns = [{"role": m.role, "content": f"\ue000{i}\ue001"} for i, m in enumerate(messages)]
        try:
            text = self._render(turns)
        except ModelError:
            raise
        except Exception as error:
            if turns[0]["role"] != "system" or len(turns) < 2:
                raise ModelError(f"the model's chat template fails: {error}") from error
            # Some templates (Gemma's) refuse a system turn: it goes into the first user turn.
            return self.render(_without_system(messages))
        if {int(i) for i in _PLACEHOLDER.findall(text)} != set(range(len(contents))):
            if messages[0].role == "system" and len(messages) > 1:
                return self.render(_without_system(messages))
            raise ModelError("the model's chat template drops a message")
        spans: list[Span] = []
        for at, part in enumerate(_PLACEHOLDER.split(text)):
            if at % 2:
                spans += contents[int(part)]
            elif part:
                spans.append(Span(part, "control"))
        return tuple(spans)

    def reasoning(self, name: str | None = None) -> Reasoning:
        """The reasoning format the template speaks of (or the named one), and whether it opens the thought itself.

        Raises:
            ModelError: there is no format of that name.

        """
        if name is not None:
            return self._opened(reasoning_format(name))
        for known in REASONING_FORMATS:
            if known.close and (known.close in self.source or known.open in self.source):
                return self._opened(known)
        return reasoning_format("none")

    def _opened(self, marks: Reasoning) -> Reasoning:
        if not marks.open:
            return marks
        try:
            end = self.render((Message("user", (Span("x"),)),))[-1].text
        except ModelError:
            return marks  # who needs the template will be told; other prompts do without it
        return replace(marks, opened=end.rstrip().endswith(marks.open))


def _generation_tag() -> Any:
    """A jinja2 extension for ``{% generation %}``, which marks training data: its body is passed through."""
    from jinja2 import nodes
    from jinja2.ext import Extension
    from jinja2.parser import Parser

    class GenerationTag(Extension):
        tags = {"generation"}  # noqa: RUF012 - as jinja2 declares it

        def parse(self, parser: Parser) -> list[nodes.Node]:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    return GenerationTag


def _without_system(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The system message's content put before the first user content."""
    system, first, *rest = messages
    return (Message(first.role, (*system.content, Span("\n\n"), *first.content)), *rest)
