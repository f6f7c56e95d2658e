"""llama.cpp in this process: the engine most users have."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from planner_cli.control import Control
from planner_cli.engine import library
from planner_cli.engine.chat import ChatTemplate
from planner_cli.engine.context import BATCH, Context
from planner_cli.engine.protocol import Message, Prompt
from planner_cli.engine.session import LlamaSession, Places
from planner_cli.engine.vocabulary import Vocabulary
from planner_cli.engine.weights import device_text, load_weights
from planner_cli.errors import ContextOverflow, EngineError, Stopped
from planner_cli.settings import EngineOptions

KV_MEMORY_SHARE = 4
"""The KV cache may take one part in this many of the machine's memory, where no bound is set."""


class LlamaEngine:
    """One model (a GGUF, perhaps with a LoRA adapter) ready to write and to be probed.

    The prompt of the last session stays in the KV cache: a next prompt that begins with the same tokens
    (the same schema) is prefilled from where they part.
    """

    def __init__(
        self,
        path: Path,
        *,
        adapter: Path | None = None,
        reasoning: str | None = None,
        options: EngineOptions | None = None,
    ) -> None:
        """Load the model.

        ``reasoning`` names a format of :data:`~planner_cli.engine.chat.REASONING_FORMATS` and overrides the
        detected one.

        Raises:
            ModelError: the model or adapter cannot be loaded.

        """
        options = options or EngineOptions()
        self.options = options
        self.name = path.name
        self.weights = load_weights(path, options.gpu_layers)
        self._adapter = self.weights.adapter(adapter) if adapter is not None else None
        vocabulary = Vocabulary(self.weights.handle, self.weights.special_tokens, adds_space=self.weights.adds_space)
        self.template = ChatTemplate(
            self.weights.metadata("tokenizer.chat_template"),
            bos=vocabulary.special_text("bos"),
            eos=vocabulary.special_text("eos"),
        )
        self.reasoning = self.template.reasoning(reasoning)
        marks = (self.reasoning.open, self.reasoning.close)
        self.vocabulary = Vocabulary(
            self.weights.handle,
            self.weights.special_tokens,
            adds_space=self.weights.adds_space,
            reasoning_marks=marks,
        )
        self.threads = options.threads or library.physical_cores()
        self._context: Context | None = None
        self._resident: list[int] = []
        self._session: LlamaSession | None = None

    @property
    def device(self) -> str:
        return device_text(self.weights.gpu_layers, self.threads)

    @property
    def description(self) -> str:
        """Architecture, size and quantisation."""
        return self.weights.description

    @property
    def parameters(self) -> int:
        return self.weights.parameters

    def chat(self, messages: Sequence[Message]) -> Prompt:
        return self.template.render(messages)

    def count(self, prompt: Prompt) -> int:
        return len(self.vocabulary.encode_prompt(prompt))

    # ------------------------------------------------------------------------------------------ sessions

    def open(self, prefix: Prompt, *, branches: int, room: int, control: Control) -> LlamaSession:
        """See :meth:`Engine.open`."""
        if self._session is not None and not self._session.closed:
            raise EngineError("the engine's last session is still open")
        tokens = self.vocabulary.encode_prompt(prefix, first=True)
        places = self._places(len(tokens), branches, room)
        context = self._context_for(places)
        started = time.perf_counter()
        cached = self._prefill(context, tokens, control)
        self._session = LlamaSession(context, self.vocabulary, tokens, places, control)
        self._session.stats.prompt_tokens = len(tokens)
        self._session.stats.cached_tokens = cached
        self._session.stats.prefill_seconds = time.perf_counter() - started
        return self._session

    def _places(self, prefix: int, branches: int, room: int) -> Places:
        """How many branches fit beside each other.

        Raises:
            ContextOverflow: not one does.

        """
        longest = self.weights.trained_context
        if prefix + room > longest:
            raise _overflow(
                prefix, room, f"the {longest} tokens {self.name} was trained for", "bring a model with a longer context"
            )
        bound = self._cell_bound()
        count = min(branches, self.options.max_branches, (bound - prefix) // room)
        if count < 1:
            raise _overflow(prefix, room, f"a context of {bound} tokens", "give more with --context")
        return Places(prefix=prefix, count=count, room=room)

    def _cell_bound(self) -> int:
        """Tokens the KV cache may hold at most."""
        if self.options.context is not None:
            return self.options.context
        memory = library.total_memory()
        if memory is None:
            return 65_536
        return max(2048, memory // KV_MEMORY_SHARE // max(1, self.weights.kv_bytes_per_token))

    def _context_for(self, places: Places) -> Context:
        """The present context where it is large enough, else a new one."""
        sequences = 1 + 2 * places.count  # the prefix, the branches, and a fork of each for its probe
        old = self._context
        if old is not None and old.cells >= places.cells and old.sequences >= sequences:
            return old
        if old is not None:
            old.close()
        self._context, self._resident = None, []
        self._context = Context(
            self.weights,
            cells=places.cells,
            sequences=sequences,
            threads=self.threads,
            adapter=self._adapter,
        )
        return self._context

    def _prefill(self, context: Context, tokens: list[int], control: Control) -> int:
        """Bring all but the last token into sequence 0; returns how many were already there.

        The last one is decoded with each branch: its logits are then the branch's own, in every wave.
        """
        wanted = tokens[:-1]
        shared = 0
        while shared < min(len(wanted), len(self._resident)) and wanted[shared] == self._resident[shared]:
            shared += 1
        if shared < len(self._resident) and (self.weights.recurrent or not context.cut(0, shared)):
            context.cut(0)
            shared = 0
        self._resident = wanted[:shared]
        while len(self._resident) < len(wanted):
            start = len(self._resident)
            chunk = wanted[start : start + BATCH]
            context.clear_batch()
            context.add(chunk, start, 0, output=False)
            try:
                context.decode(control)
            except Stopped:
                if not context.cut(0, start):
                    context.cut(0)
                    self._resident = []
                raise
            self._resident += chunk
        return shared

    def forget(self) -> None:
        """See :meth:`Engine.forget`."""
        if self._session is not None:
            self._session.close()
        if self._context is not None:
            self._context.clear()
        self._resident = []

    def close(self) -> None:
        """Free the KV cache, and a session that is still open; the weights stay for other engines."""
        if self._session is not None:
            self._session.close()
        if self._context is not None:
            self._context.close()
        self._context, self._resident = None, []


def _overflow(prefix: int, room: int, bound: str, remedy: str) -> ContextOverflow:
    """What does not fit, and what to do about the larger part of it."""
    if prefix >= room:
        what = f"the prompt of {prefix} tokens (schema and question) and {room} more do not fit {bound}"
        return ContextOverflow(what, hint=f"name the tables that matter with --tables, or {remedy}")
    what = f"{room} tokens to write after a prompt of {prefix} do not fit {bound}"
    return ContextOverflow(what, hint=f"use a smaller --budget or --max-tokens, or {remedy}")
