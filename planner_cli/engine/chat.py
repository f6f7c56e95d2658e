"""Chat templates from a GGUF's metadata, rendered so that contents stay apart from the template's own text.

A template is code that came with the model file: it runs in jinja2's sandbox. Contents are never given to
it; a placeholder stands for each and is replaced by the content's spans afterwards, so that special tokens
are parsed in the template's text and nowhere else.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
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
    """The format with that name.

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
        return self._compiled(_environment(lenient=False))

    @functools.cached_property
    def _lenient_template(self) -> Any:
        return self._compiled(_environment(lenient=True))

    def _compiled(self, environment: Any) -> Any:
        from jinja2 import TemplateError

        try:
            return environment.from_string(self.source)
        except TemplateError as error:
            raise ModelError(f"the model's chat template cannot be read: {error}") from error

    def _worlds(self) -> Iterator[Callable[..., str]]:
        """Ways to render: what a template can rely on besides the messages differs between programs.

        transformers gives every template empty ``tools`` and ``documents``; others leave them undefined; and some
        templates use such names unguarded.
        """
        names = {**self._names, "add_generation_prompt": True, "enable_thinking": True}
        yield functools.partial(self._template.render, **names, tools=None, documents=None)
        yield functools.partial(self._template.render, **names)
        unguarded = {"tools": [], "documents": [], "functions": "[]", "datetime": _now("%d %B %Y")}
        yield functools.partial(self._lenient_template.render, **names, **unguarded)

    def render(self, messages: Sequence[Message]) -> Prompt:
        """The conversation as spans, with the assistant's turn opened.

        Contents are given as text, else as a list of parts; a system message that is refused or dropped goes into the
        first user message.

        Raises:
            ModelError: the template fails in every way, or drops a message.

        """
        from jinja2.exceptions import SecurityError

        failure: Exception | None = None
        for said in _conversations(messages):
            for in_parts in (False, True):
                turns = [_turn(message.role, number, in_parts=in_parts) for number, message in enumerate(said)]
                for render in self._worlds():
                    try:
                        text = str(render(messages=turns))
                    except ModelError:
                        raise
                    except SecurityError as error:
                        raise ModelError(f"the model's chat template fails: {error}") from error
                    except Exception as error:  # noqa: BLE001 - a template is code, of any quality
                        failure = failure or error
                        continue
                    if {int(i) for i in _PLACEHOLDER.findall(text)} == set(range(len(said))):
                        return _spans(text, [message.content for message in said])
        if failure is None:
            raise ModelError("the model's chat template drops a message")
        raise ModelError(f"the model's chat template fails: {' '.join(str(failure).split())}") from failure

    def reasoning(self, name: str | None = None) -> Reasoning:
        """The reasoning format the template uses (or the named one), and whether it opens the thought itself.

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
        asked = Message("user", (Span("x"),))
        for messages in ((asked,), (Message("system", (Span("x"),)), asked)):  # some demand a system message
            with suppress(ModelError):  # whoever needs the template learns why it fails; other prompts do without it
                end = self.render(messages)[-1].text
                return replace(marks, opened=end.rstrip().endswith(marks.open))
        return marks


def _conversations(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """The messages, and the same without a system message, for templates (Gemma's) that refuse one."""
    yield messages
    if messages[0].role == "system" and len(messages) > 1:
        system, first, *rest = messages
        yield (Message(first.role, (*system.content, Span("\n\n"), *first.content)), *rest)


def _turn(role: str, number: int, *, in_parts: bool) -> dict[str, Any]:
    """A message as templates take it, with a placeholder for its content."""
    content = f"\ue000{number}\ue001"
    return {"role": role, "content": [{"type": "text", "text": content}] if in_parts else content}


def _spans(text: str, contents: Sequence[Prompt]) -> Prompt:
    """Rendered text with the contents in their places."""
    spans: list[Span] = []
    for at, part in enumerate(_PLACEHOLDER.split(text)):
        if at % 2:
            spans += contents[int(part)]
        elif part:
            spans.append(Span(part, "control"))
    return tuple(spans)


def _environment(*, lenient: bool) -> Any:
    """Where templates run: jinja2's sandbox, with what transformers adds to it.

    ``lenient``: an undefined name is empty text instead of an error.
    """
    # 60 ms to import: only models with a chat prompt need it
    from jinja2 import ChainableUndefined, TemplateError, Undefined
    from jinja2.ext import do, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def raise_exception(message: str) -> NoReturn:
        raise TemplateError(message)

    class Empty(ChainableUndefined):
        def __add__(self, other: Any) -> Any:
            return other

        __radd__ = __add__

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[do, loopcontrols, _generation_tag()],
        undefined=Empty if lenient else Undefined,
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = raise_exception
    # Llama 3, gpt-oss and others give the model the date: a seed reproduces a run within a day.
    environment.globals["strftime_now"] = _now
    return environment


def _now(form: str) -> str:
    return datetime.now(tz=timezone.utc).strftime(form)


def _to_json(
    value: Any,
    indent: int | None = None,
    *,
    ensure_ascii: bool = False,
    separators: Sequence[str] | None = None,
    sort_keys: bool = False,
) -> str:
    """The filter as transformers has it: nothing is escaped for HTML."""
    parted = None if separators is None else (separators[0], separators[1])
    text = json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=parted, sort_keys=sort_keys)
    return text.replace("\\ue000", "\ue000").replace("\\ue001", "\ue001")  # placeholders outlive it


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
