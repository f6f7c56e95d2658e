"""The product's prompts as token ids, for training: what a pack shares, what each question adds, what is learnt.

The text is made by :mod:`planner_cli.prompts` and becomes tokens in the engine's own way, with the model's chat
template where the form has one, so that training and use cannot drift apart. No weights are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from planner_cli.engine.chat import ChatTemplate
from planner_cli.engine.protocol import STABLE, Message, Prompt, Reasoning, split_at
from planner_cli.engine.vocabulary import Vocabulary, special_tokens
from planner_cli.prompts.compact_discriminator import ChatCheck, CompactDiscriminator
from planner_cli.prompts.generator import ChatGenerator, CompactGenerator
from planner_cli.prompts.normal_form import Name, Part, write
from planner_cli.types import Question

Spelled = Callable[[Name], str] | None
"""Gives names another spelling; ``None`` leaves them."""


class Tokens:
    """The tokenizer and chat template of a GGUF file."""

    def __init__(self, path: Path) -> None:
        """Read the vocabulary alone."""
        from llama_cpp import Llama

        self._model = Llama(str(path), vocab_only=True, n_ctx=8, verbose=False)
        handle = self._model._model.model  # noqa: SLF001 - the public class hides llama.cpp's own pointer
        self._vocabulary = Vocabulary(handle, special_tokens(handle))
        self._template = ChatTemplate(
            self._model.metadata.get("tokenizer.chat_template"),
            bos=self._vocabulary.special_text("bos"),
            eos=self._vocabulary.special_text("eos"),
        )
        self.reasoning: Reasoning = self._template.reasoning()

    def chat(self, messages: Sequence[Message]) -> Prompt:
        """As :meth:`planner_cli.engine.Engine.chat`."""
        return self._template.render(messages)

    def encode(self, text: str) -> list[int]:
        """Of text that stands alone: no special tokens, no BOS."""
        return self._vocabulary.encode(text)

    def encode_prompt(self, prompt: Prompt, *, first: bool = False) -> list[int]:
        """As the engine has it; ``first``: nothing comes before it."""
        return self._vocabulary.encode_prompt(prompt, first=first)


class Form(Protocol):
    """One family of prompts for both roles: their common beginning, and where they part."""

    tokens: Tokens

    def shared(self, question: Question) -> list[int]:
        """The schema, and what comes before it; the question is not looked at."""

    def asked(self, question: Question) -> list[int]:
        """From the schema's end to the place where the generator writes."""

    def answer(self, parts: Sequence[Part], names: Spelled, eos: int) -> list[int]:
        """A query as the generator should write it, with what ends it."""

    def judged(self, question: Question) -> list[int]:
        """From the schema's end to the place where the discriminator is shown a candidate."""

    def query(self, parts: Sequence[Part], names: Spelled) -> str:
        """A query as both roles see it."""


@dataclass(frozen=True, slots=True)
class CompactForm:
    """``compact-values`` and its discriminators: no chat template, names in lower case."""

    tokens: Tokens
    _generator: CompactGenerator = field(default_factory=CompactGenerator)

    def shared(self, question: Question) -> list[int]:
        # without BOS, as ever: neither base of this form has one
        return self.tokens.encode_prompt(split_at(STABLE, self._generator.build(question, None))[0])

    def asked(self, question: Question) -> list[int]:
        return self.tokens.encode_prompt(split_at(STABLE, self._generator.build(question, None))[1])

    def answer(self, parts: Sequence[Part], names: Spelled, eos: int) -> list[int]:
        return [*self.tokens.encode(" " + write(parts, names)), eos]

    def judged(self, question: Question) -> list[int]:
        return self.tokens.encode_prompt(split_at(STABLE, CompactDiscriminator.shared(question))[1])

    def query(self, parts: Sequence[Part], names: Spelled) -> str:
        return write(parts, names)


@dataclass(frozen=True, slots=True)
class ChatForm:
    """``chat`` and ``chat-check``: ``CREATE TABLE`` statements through the model's template, names as they are."""

    tokens: Tokens
    _generator: ChatGenerator = field(default_factory=ChatGenerator)
    _judge: ChatCheck = field(default_factory=ChatCheck)

    def shared(self, question: Question) -> list[int]:
        stable, _ = split_at(STABLE, self._generator.build(question, self.tokens))
        return self.tokens.encode_prompt(stable, first=True)

    def asked(self, question: Question) -> list[int]:
        return self.tokens.encode_prompt(split_at(STABLE, self._generator.build(question, self.tokens))[1])

    def answer(self, parts: Sequence[Part], names: Spelled, eos: int) -> list[int]:
        del eos  # the closed block ends the reply
        return self.tokens.encode(f"{self.query(parts, names)}\n```")

    def judged(self, question: Question) -> list[int]:
        return self.tokens.encode_prompt(split_at(STABLE, self._judge.shared(question, self.tokens))[1])

    def query(self, parts: Sequence[Part], names: Spelled) -> str:
        return write(parts, names, folded=False)
